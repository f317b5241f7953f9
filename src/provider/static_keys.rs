//! Access keys in one of the two files.

use super::step::{Held, Need, Provider, Step};
use crate::config::{Profile, Which};
use crate::error::{Error, Kind, Result};
use crate::host::Host;
use crate::model::{Credentials, Secret};

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
    place: String,
}

impl Provider for StaticKeys {
    fn kind(&self) -> &'static str {
        "access keys"
    }

    fn claim(&self, profile: &Profile) -> Option<Result<Box<dyn Step>>> {
        let of = |key| profile.in_file(self.file, key);
        let id = of("aws_access_key_id")?;
        let place = id.place();
        let secret = of("aws_secret_access_key").map(|secret| Secret::new(secret.value()));
        let token = of("aws_security_token").or_else(|| of("aws_session_token"));
        let token = token.filter(|token| !token.value().is_empty()).map(|token| Secret::new(token.value()));
        let account = profile.get("aws_account_id").and_then(|account| account.value().parse().ok());
        let Some(secret) = secret else {
            let message = format!("{place}, [{}]: `aws_access_key_id` has no `aws_secret_access_key`", profile.name);
            return Some(Err(Error::new(Kind::Config, message)));
        };
        let made = Credentials::new(id.value(), secret, token, None, account);
        Some(match made {
            Ok(credentials) => Ok(Box::new(Keys { credentials, place })),
            Err(why) => Err(Error::new(Kind::Config, format!("{place}, [{}]: {why}", profile.name))),
        })
    }
}

impl Step for Keys {
    fn long_term(&self) -> Option<&str> {
        self.credentials.session_token.is_none().then_some(self.place.as_str())
    }

    fn held(&self, _: &Host) -> Option<Held> {
        Some(Held { credentials: self.credentials.clone(), refresh_at: None, identity: None })
    }

    fn fetch(&self, _: &Host, _: &Need) -> Result<Held> {
        Ok(Held { credentials: self.credentials.clone(), refresh_at: None, identity: None })
    }
}
