//! What turns a profile into credentials. One file for each kind; the order of the table is the precedence.

mod environment;
mod later;
mod login_session;
mod process;
mod static_keys;
mod step;

use crate::error::Result;
pub(crate) use environment::Environment;
pub(crate) use step::{Held, Need, Provider, Step, Subject};

/// The providers of a named profile, in the AWS CLI's order of precedence.
///
/// Source: `botocore.credentials.create_credential_resolver`; the environment is left out, as for `--profile`.
static PROVIDERS: [&dyn Provider; 8] = [
    &later::ASSUME_ROLE,
    &later::WEB_IDENTITY,
    &later::IDENTITY_CENTER,
    &static_keys::CREDENTIALS_FILE,
    &login_session::LoginSession,
    &process::Process,
    &static_keys::CONFIG_FILE,
    &later::SOURCE,
];

/// The first step of a profile: that of the first provider which takes it. `None`: it says nothing of credentials.
///
/// # Errors
/// A provider that takes a profile which is not as it must be fails: nothing falls through to the next.
pub(crate) fn claim(subject: &Subject) -> Option<Result<Box<dyn Step>>> {
    PROVIDERS.iter().find_map(|provider| provider.claim(subject))
}

/// How a profile gets its credentials, in two words, offline and whether or not they can be got.
pub(crate) fn kind(subject: &Subject) -> Option<&'static str> {
    PROVIDERS.iter().find(|provider| provider.claim(subject).is_some()).map(|provider| provider.kind())
}
