//! Access keys in one of the two files.

use super::step::{Held, Need, Provider, Step, Subject};
use crate::config::{self, Which};
use crate::error::{Error, Kind, Result};
use crate::host::Host;
use crate::model::{Credentials, Secret};
use std::path::PathBuf;

/// Keys in the credentials file, which win over a sign-in.
pub(super) const CREDENTIALS_FILE: StaticKeys = StaticKeys { file: Which::Credentials };

/// Keys in the config file, which lose to one.
pub(super) const CONFIG_FILE: StaticKeys = StaticKeys { file: Which::Config };

/// The access key id decides whether a file has keys; the other two must stand in the same file.
///
/// Source: botocore's `SharedCredentialProvider` and `ConfigProvider`.
pub(super) struct StaticKeys {
    file: Which,
}

struct Keys {
    credentials: Credentials,
    file: Which,
    place: String,
}

impl Provider for StaticKeys {
    fn kind(&self) -> &'static str {
        "access keys"
    }

    fn claim(&self, subject: &Subject) -> Option<Result<Box<dyn Step>>> {
        let of = |key| subject.profile.settings_in(self.file).find(|setting| setting.key == key);
        let id = of("aws_access_key_id")?;
        let place = id.place();
        let wrong =
            |why: String| Some(Err(Error::new(Kind::Config, format!("{place}, `{}`: {why}", subject.name))));
        let Some(secret) = of("aws_secret_access_key") else {
            return wrong("`aws_access_key_id` has no `aws_secret_access_key` beside it".into());
        };
        let token = of("aws_security_token").or_else(|| of("aws_session_token"));
        let token = token.filter(|token| !token.value.is_empty()).map(|token| Secret::new(&*token.value));
        let account = subject.profile.parse("aws_account_id").unwrap_or_default();
        match Credentials::new(&id.value, Secret::new(&*secret.value), token, None, account) {
            Ok(credentials) => Some(Ok(Box::new(Keys { credentials, file: self.file, place }))),
            Err(why) => wrong(why),
        }
    }
}

impl Step for Keys {
    fn describe(&self) -> String {
        let kind =
            if self.credentials.session_token.is_some() { "temporary access key" } else { "access key" };
        format!("{kind} {}, {}", self.credentials.access_key_id, self.place)
    }

    fn long_term(&self) -> Option<&str> {
        self.credentials.session_token.is_none().then_some(self.place.as_str())
    }

    fn key(&self, _: &Host) -> Option<String> {
        Some(format!("access key {}", self.credentials.access_key_id))
    }

    fn sign_in_file(&self, host: &Host) -> Option<PathBuf> {
        config::path(host, self.file)
    }

    fn held(&self, _: &Host) -> Option<Held> {
        Some(Held { credentials: self.credentials.clone(), refresh_at: None, identity: None })
    }

    fn fetch(&self, _: &Host, _: &Need, _: Option<&Held>) -> Result<Held> {
        Ok(Held { credentials: self.credentials.clone(), refresh_at: None, identity: None })
    }
}
