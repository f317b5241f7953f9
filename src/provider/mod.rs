//! What turns a profile into credentials. One file for each kind; the order of the table is the precedence.

mod ask;
pub(crate) mod assume_role;
mod environment;
mod later;
mod login_session;
mod mfa;
mod renewal;
pub(crate) mod session_token;
pub(crate) mod sso;
mod sso_token;
mod static_keys;
mod step;
mod sts;

use crate::error::{Error, Kind, Result};
pub(crate) use ask::{Ask, MfaCode};
pub(crate) use environment::Environment;
pub(crate) use mfa::Mfa;
pub(crate) use step::{Held, Need, Provider, Step, Subject};

/// The providers of a named profile, in the AWS CLI's order of precedence. Before them all comes the role of a profile
/// ([`assume_role::is_wanted`]), which stands on the steps of another.
///
/// Source: `botocore.credentials.create_credential_resolver`; the environment is left out, as for `--profile`.
static PROVIDERS: [&dyn Provider; 7] = [
    &later::WEB_IDENTITY,
    &sso::ROLE,
    &static_keys::CREDENTIALS_FILE,
    &login_session::LoginSession,
    &later::PROCESS,
    &static_keys::CONFIG_FILE,
    &sso::TOKEN_ONLY,
];

/// The first step of a profile: that of the first provider which takes it. `None`: it says nothing of credentials.
///
/// # Errors
/// A provider that takes a profile which is not as it must be fails: nothing falls through to the next.
pub(crate) fn claim(subject: &Subject) -> Option<Result<Box<dyn Step>>> {
    PROVIDERS.iter().find_map(|provider| provider.claim(subject))
}

/// The step that a `credential_source` stands for, or `None` for a word that is none.
///
/// # Errors
/// [`Kind::Config`] for one that is known and cannot be used yet.
///
/// Source: botocore compares these words with their case.
pub(crate) fn credential_source(name: &str) -> Option<Result<Box<dyn Step>>> {
    match name {
        "Environment" => Some(Ok(Box::new(Environment))),
        "Ec2InstanceMetadata" | "EcsContainer" => {
            let message = format!("credentials of `{name}` are nothing that awsenv can use yet");
            Some(Err(Error::new(Kind::Config, message)))
        }
        _ => None,
    }
}

/// How a profile gets its credentials, in two words, offline and whether or not they can be got.
pub(crate) fn kind(subject: &Subject) -> Option<&'static str> {
    if assume_role::is_wanted(subject.profile) {
        return Some("assumed role");
    }
    PROVIDERS.iter().find(|provider| provider.claim(subject).is_some()).map(|provider| provider.kind())
}
