//! What IAM knows: roles and whom they trust, MFA devices, and tokens of web identities.

use super::Sim;
use std::collections::{HashMap, HashSet};

#[derive(Default)]
pub(super) struct Iam {
    /// By their ARNs.
    pub(super) roles: HashMap<String, Role>,
    /// Codes not yet used, by the serial number of the device.
    pub(super) devices: HashMap<String, HashSet<String>>,
    /// By the token.
    pub(super) web: HashMap<String, WebIdentity>,
}

#[derive(Clone)]
pub(super) struct Role {
    trusted: Vec<String>,
    pub(super) external_id: Option<String>,
    pub(super) max_duration: i64,
    /// The serial number of the device that must be used.
    pub(super) mfa: Option<String>,
}

/// Whom a web identity's token lets in where, and whether it has expired.
#[derive(Clone)]
pub(super) struct WebIdentity {
    pub(super) role: String,
    pub(super) expired: bool,
}

impl Default for Role {
    fn default() -> Self {
        Self { trusted: Vec::new(), external_id: None, max_duration: 3600, mfa: None }
    }
}

impl Role {
    /// Whether an identity is one of those trusted: itself, by its role, or by its account.
    pub(super) fn trusts(&self, identity: &str) -> bool {
        let account = identity.split(':').nth(4).unwrap_or_default();
        self.trusted.iter().any(|trusted| {
            trusted == identity
                || trusted == account
                || trusted.ends_with(&format!(":iam::{account}:root"))
                || is_session_of(identity, trusted)
        })
    }
}

/// Whether an identity is a session of the role of this ARN.
fn is_session_of(identity: &str, role: &str) -> bool {
    let session = identity.split_once(":assumed-role/").and_then(|(_, rest)| rest.split_once('/'));
    let name = role.split_once(":role/").and_then(|(_, path)| path.rsplit('/').next());
    session.is_some_and(|(of, _)| Some(of) == name) && identity.split(':').nth(4) == role.split(':').nth(4)
}

/// A role being described.
pub(crate) struct RoleOf<'a> {
    sim: &'a Sim,
    arn: String,
}

impl RoleOf<'_> {
    /// Lets in an identity, every session of a role, or everyone of an account (its twelve digits).
    pub(crate) fn trusts(self, identity: &str) -> Self {
        self.change(|role| role.trusted.push(identity.to_owned()))
    }

    /// Lets in nobody who does not know this.
    pub(crate) fn external_id(self, id: &str) -> Self {
        self.change(|role| role.external_id = Some(id.to_owned()))
    }

    /// The longest session (seconds; 3600 unless told).
    pub(crate) fn max_duration(self, seconds: i64) -> Self {
        self.change(|role| role.max_duration = seconds)
    }

    /// Lets in nobody who has not used this MFA device, with the call or for the credentials that sign it.
    pub(crate) fn requires_mfa(self, serial: &str) -> Self {
        self.change(|role| role.mfa = Some(serial.to_owned()))
    }

    fn change(self, change: impl FnOnce(&mut Role)) -> Self {
        change(self.sim.state().iam.roles.entry(self.arn.clone()).or_default());
        self
    }
}

impl Sim {
    /// Makes a role that trusts nobody yet, or goes on describing one.
    pub(crate) fn role(&self, arn: &str) -> RoleOf<'_> {
        RoleOf { sim: self, arn: arn.to_owned() }.change(|_| ())
    }

    /// Makes an MFA device, or gives one more code to it; each is good once.
    pub(crate) fn mfa(&self, serial: &str, code: &str) {
        self.state().iam.devices.entry(serial.to_owned()).or_default().insert(code.to_owned());
    }

    /// Makes a token of a web identity known, good for this role.
    pub(crate) fn web_identity(&self, token: &str, role_arn: &str) {
        let identity = WebIdentity { role: role_arn.to_owned(), expired: false };
        self.state().iam.web.insert(token.to_owned(), identity);
    }

    /// Ends a token of a web identity.
    ///
    /// # Panics
    /// If it was never made known.
    pub(crate) fn expire_web_identity(&self, token: &str) {
        self.state().iam.web.get_mut(token).expect("the token is known").expired = true;
    }
}
