//! Where a person signs in: what a plan's first step tells the login methods.

use super::{ProfileName, SsoRole, SsoSession};

/// The session that a sign-in makes or renews.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LoginTarget {
    /// The AWS console (`aws login`): the profile at the root of the plan, and the ARN that it is tied to.
    Console { profile: ProfileName, session: String },
    /// IAM Identity Center: the profile at the root of the plan, and the role that it takes, if it names one.
    IdentityCenter { profile: ProfileName, session: SsoSession, role: Option<SsoRole> },
}

impl LoginTarget {
    /// Whether one sign-in serves both.
    pub(crate) fn is_shared_with(&self, other: &LoginTarget) -> bool {
        match (self, other) {
            (LoginTarget::Console { session, .. }, LoginTarget::Console { session: theirs, .. }) => {
                session == theirs
            }
            (
                LoginTarget::IdentityCenter { session, .. },
                LoginTarget::IdentityCenter { session: theirs, .. },
            ) => session.key() == theirs.key(),
            _ => false,
        }
    }
}
