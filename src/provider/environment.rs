//! Credentials that the environment holds already. Never the answer for a named profile.

use super::step::{Held, Need, Step};
use crate::error::{Error, Kind, Result};
use crate::host::Host;
use crate::model::{Credentials, Secret, time};

/// The environment's own credentials. `AWS_SECURITY_TOKEN` wins over `AWS_SESSION_TOKEN`, as in botocore.
pub(crate) struct Environment;

impl Step for Environment {
    fn describe(&self) -> String {
        "access key of the environment, AWS_ACCESS_KEY_ID".into()
    }

    fn key(&self, host: &Host) -> Option<String> {
        Some(format!("access key {}", self.held(host)?.credentials.access_key_id))
    }

    fn is_of_this_shell(&self) -> bool {
        true
    }

    fn held(&self, host: &Host) -> Option<Held> {
        self.fetch(host, &Need::default(), None).ok()
    }

    fn fetch(&self, host: &Host, _: &Need, _: Option<&Held>) -> Result<Held> {
        let missing = |name: &str| Error::new(Kind::Config, format!("the environment has no `{name}`"));
        let need = |name: &str| host.env.text(name).ok_or_else(|| missing(name));
        let token = host.env.text("AWS_SECURITY_TOKEN").or_else(|| host.env.text("AWS_SESSION_TOKEN"));
        let expiration = host.env.text("AWS_CREDENTIAL_EXPIRATION").map(time::parse).transpose();
        let wrong = |why: String| Error::new(Kind::Config, format!("the environment's credentials: {why}"));
        let expiration = expiration.map_err(wrong)?;
        if expiration.is_some_and(|end| end <= host.clock.now()) {
            return Err(Error::new(Kind::LoginRequired, "the credentials in the environment have ended")
                .hint("load a profile: awsenv login"));
        }
        let credentials = Credentials::new(
            need("AWS_ACCESS_KEY_ID")?.trim(),
            Secret::new(need("AWS_SECRET_ACCESS_KEY")?.trim()),
            token.map(|token| Secret::new(token.trim())),
            expiration,
            host.env.text("AWS_ACCOUNT_ID").and_then(|account| account.parse().ok()),
        )
        .map_err(wrong)?;
        Ok(Held { credentials, refresh_at: None, identity: None })
    }
}
