//! The wire: requests to AWS as AWS wants them, answers and refusals as data. One file for each service.

pub(crate) mod call;
pub(crate) mod dpop;
pub(crate) mod fault;
pub(crate) mod metadata;
pub(crate) mod oidc;
pub(crate) mod portal;
pub(crate) mod signin;
pub(crate) mod sigv4;
pub(crate) mod sts;
pub(crate) mod web_identity;

use crate::host::{Host, http};
use crate::model::text;
pub(crate) use fault::Fault;
use std::path::PathBuf;
use url::Url;

/// Where a service is asked.
#[derive(Clone, Debug)]
pub(crate) struct Endpoint {
    /// Ends without a slash if it has a path.
    pub(crate) url: Url,
    pub(crate) ca_bundle: Option<PathBuf>,
    /// Whether somebody said to ask there, and not at AWS's own host.
    pub(crate) custom: bool,
}

impl Endpoint {
    /// The endpoint's own path with `path` behind it.
    pub(crate) fn join(&self, path: &str) -> Url {
        let mut url = self.url.clone();
        url.set_path(&format!("{}{path}", self.url.path().trim_end_matches('/')));
        url
    }

    /// Scheme, host and port alone.
    pub(crate) fn origin(&self) -> String {
        self.url.origin().ascii_serialization()
    }

    /// The host, for words.
    pub(crate) fn name(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    /// Whether somebody set it to this machine.
    pub(crate) fn is_custom_loopback(&self) -> bool {
        self.custom && http::is_loopback(&self.url)
    }

    /// Says that a service is asked somewhere else than at AWS, unless it is on this machine.
    pub(crate) fn announce(&self, host: &Host, service: &str) {
        if self.custom && !self.is_custom_loopback() {
            host.say(format!("{service} is asked at {}, not at AWS's own host", text::field(&self.origin())));
        }
    }
}

/// Percent-encodes all but letters, digits and `-._~`.
fn encode(value: &str) -> String {
    value.bytes().fold(String::new(), |mut encoded, b| {
        if b.is_ascii_alphanumeric() || b"-._~".contains(&b) {
            encoded.push(char::from(b));
        } else {
            encoded += &format!("%{b:02X}");
        }
        encoded
    })
}
