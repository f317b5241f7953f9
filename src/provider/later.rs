//! Kinds of credentials that the AWS CLI knows and this version does not fetch yet.
//!
//! They are recognised, so that a profile is never read as something that it is not.

use super::step::{Provider, Step, Subject};
use crate::error::{Error, Kind, Result};

pub(super) const ASSUME_ROLE: Later =
    Later { kind: "assumed role", keys: &["role_arn"], unless: Some("web_identity_token_file") };
pub(super) const IDENTITY_CENTER: Later =
    Later { kind: "Identity Center", keys: &["sso_account_id", "sso_role_name"], unless: None };
pub(super) const SOURCE: Later =
    Later { kind: "Identity Center", keys: &["sso_session", "sso_start_url"], unless: None };

pub(super) struct Later {
    kind: &'static str,
    keys: &'static [&'static str],
    unless: Option<&'static str>,
}

impl Provider for Later {
    fn kind(&self) -> &'static str {
        self.kind
    }

    fn claim(&self, subject: &Subject) -> Option<Result<Box<dyn Step>>> {
        let profile = subject.profile;
        let setting = self.keys.iter().find_map(|key| profile.get(key))?;
        if self.unless.is_some_and(|key| profile.get(key).is_some()) {
            return None;
        }
        let (place, kind) = (setting.place(), self.kind);
        let message = format!(
            "{place}: `{}` gets its credentials by {kind}, which awsenv cannot use yet",
            subject.name
        );
        let bridge = "this version signs in to the AWS console (`aws login`) and reads access keys";
        Some(Err(Error::new(Kind::Config, message).hint(bridge)))
    }
}
