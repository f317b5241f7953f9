//! The flags that `login`, `export` and `exec` share: a role on top, how long, and the MFA code.

use crate::error::{Error, Kind, Result};
use crate::model::{Region, RoleArn, Secret, role, text, time};
use crate::provider::{Ask, MfaCode};
use chrono::TimeDelta;

/// What is asked of a role, beside what the profile says.
#[derive(clap::Args, Default)]
#[cfg_attr(test, derive(Debug, PartialEq))]
pub(crate) struct Flags {
    /// Assume this role with the profile's credentials
    #[arg(long, value_name = "ARN", help_heading = "Roles and MFA")]
    role: Option<RoleArn>,
    /// How long: a role 15m to 12h (1h), an MFA session 15m to 36h (12h)
    #[arg(long, value_name = "TIME", value_parser = time::length, help_heading = "Roles and MFA")]
    duration: Option<TimeDelta>,
    /// A policy in JSON that narrows what the role may do
    #[arg(long, value_name = "JSON", help_heading = "Roles and MFA")]
    policy: Option<String>,
    /// A tag of the role's session; may be repeated
    #[arg(long = "tag", value_name = "KEY=VALUE", value_parser = tag, help_heading = "Roles and MFA")]
    tags: Vec<(String, String)>,
    /// Who is behind the role's session, as `CloudTrail` will show it
    #[arg(long, value_name = "NAME", value_parser = identity, help_heading = "Roles and MFA")]
    source_identity: Option<String>,
    /// The code of the MFA device; `-` reads it from stdin (also `AWSENV_MFA_CODE`, and `mfa_process` in a profile)
    #[arg(long, value_name = "CODE", help_heading = "Roles and MFA")]
    mfa_code: Option<String>,
}

impl Flags {
    /// What the steps are asked, by nobody at a terminal.
    pub(crate) fn ask(&self, region: Option<&Region>) -> Result<Ask> {
        if let Some(policy) = &self.policy
            && let Err(e) = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(policy)
        {
            return Err(Error::new(Kind::Usage, "--policy is not a JSON object").because(e));
        }
        Ok(Ask {
            role: self.role.clone(),
            duration: self.duration,
            policy: self.policy.clone(),
            tags: self.tags.clone(),
            source_identity: self.source_identity.clone(),
            region: region.cloned(),
            mfa_code: self.mfa_code.as_deref().map(|code| match code {
                "-" => MfaCode::Stdin,
                code => MfaCode::Typed(Secret::new(code)),
            }),
            ..Ask::default()
        })
    }

    /// A flag that needs a profile, if one was given.
    pub(crate) fn any(&self) -> bool {
        self.role.is_some()
            || self.duration.is_some()
            || self.policy.is_some()
            || !self.tags.is_empty()
            || self.source_identity.is_some()
    }
}

/// The error for such a flag where nothing names a profile.
pub(crate) fn no_profile(command: &str) -> Error {
    Error::new(Kind::Usage, "no profile is named, and --role and its kind need one")
        .hint(format!("name a profile: awsenv {command} dev --role …"))
}

fn tag(raw: &str) -> Result<(String, String), String> {
    match raw.split_once('=') {
        Some((key, value))
            if !key.is_empty() && key.chars().count() <= 128 && value.chars().count() <= 256 =>
        {
            Ok((key.to_owned(), value.to_owned()))
        }
        _ => Err(format!("`{}` is not KEY=VALUE", text::field(raw))),
    }
}

fn identity(raw: &str) -> Result<String, String> {
    role::check_name(raw).map(|()| raw.to_owned())
}
