//! Kinds of credentials that the AWS CLI knows and this version does not fetch yet.
//!
//! They are recognised, so that a profile is never read as something that it is not.

use super::step::{Provider, Step, Subject};
use crate::error::{Error, Kind, Result};

pub(super) const IDENTITY_CENTER: Later =
    Later { kind: "Identity Center", keys: &["sso_account_id", "sso_role_name"] };
pub(super) const SOURCE: Later = Later { kind: "Identity Center", keys: &["sso_session", "sso_start_url"] };

pub(super) struct Later {
    kind: &'static str,
    keys: &'static [&'static str],
}

impl Provider for Later {
    fn kind(&self) -> &'static str {
        self.kind
    }

    fn claim(&self, subject: &Subject) -> Option<Result<Box<dyn Step>>> {
        let profile = subject.profile;
        let setting = self.keys.iter().find_map(|key| profile.get(key))?;
        let (place, kind) = (setting.place(), self.kind);
        let message = format!(
            "{place}: `{}` gets its credentials by {kind}, which awsenv cannot use yet",
            subject.name
        );
        let bridge = "this version signs in to the AWS console (`aws login`) and reads access keys";
        Some(Err(Error::new(Kind::Config, message).hint(bridge)))
    }
}
