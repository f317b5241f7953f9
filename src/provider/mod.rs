//! What turns a profile into credentials. One file for each kind; the order of the table is the precedence.

mod ask;
pub(crate) mod assume_role;
mod before;
mod container;
mod environment;
mod instance;
mod login_session;
mod mfa;
mod process;
mod renewal;
pub(crate) mod session_token;
pub(crate) mod sso;
mod sso_token;
mod static_keys;
mod step;
mod sts;
mod web_identity;

use crate::config::Config;
use crate::error::Result;
use crate::host::Host;
pub(crate) use ask::{Ask, MfaCode};
pub(crate) use environment::Environment;
pub(crate) use mfa::Mfa;
pub(crate) use step::{Held, Need, Provider, Step, Subject};

/// The providers of a named profile, in the AWS CLI's order of precedence. Before them all comes the role of a profile
/// ([`assume_role::is_wanted`]), which stands on the steps of another.
///
/// Source: `botocore.credentials.create_credential_resolver`; the environment is left out, as for `--profile`.
static PROVIDERS: [&dyn Provider; 7] = [
    &web_identity::WebIdentity,
    &sso::ROLE,
    &static_keys::CREDENTIALS_FILE,
    &login_session::LoginSession,
    &process::Process,
    &static_keys::CONFIG_FILE,
    &sso::TOKEN_ONLY,
];

/// What a machine gives to a profile that says nothing of credentials. Not to a source profile: that must have its own.
static MACHINES: [&dyn Provider; 2] = [&container::Container, &instance::OnInstance];

/// The first step of a profile: that of the first provider which takes it. `None`: it says nothing of credentials.
/// `source`: another profile names it as its source.
///
/// # Errors
/// A provider that takes a profile which is not as it must be fails: nothing falls through to the next.
pub(crate) fn claim(subject: &Subject, source: bool) -> Option<Result<Box<dyn Step>>> {
    let machines = MACHINES.iter().filter(|_| !source);
    PROVIDERS.iter().chain(machines).find_map(|provider| provider.claim(subject))
}

/// The step that a `credential_source` stands for; `None` for a word that is none.
///
/// # Errors
/// [`Kind::Config`](crate::error::Kind::Config) where this machine has no such credentials by its own word.
///
/// Source: botocore compares these words with their case.
pub(crate) fn credential_source(subject: &Subject, name: &str) -> Option<Result<Box<dyn Step>>> {
    match name {
        "Environment" => Some(Ok(Box::new(Environment))),
        "EcsContainer" => Some(container::asked(subject.host)),
        "Ec2InstanceMetadata" => Some(instance::asked(subject.host, Some(subject.profile))),
        _ => None,
    }
}

/// The step that stands for the shell itself, where nothing names a profile: access keys in the environment; a web
/// identity in it, unless the profile `default` assumes a role; and, if there is no such profile, the container's or the
/// instance's credentials. `None`: the profile `default` is meant.
///
/// Source: botocore `create_credential_resolver`, without a profile.
pub(crate) fn ambient(host: &Host, config: &Config) -> Option<Result<Box<dyn Step>>> {
    if host.env.text("AWS_ACCESS_KEY_ID").is_some() {
        return Some(Ok(Box::new(Environment)));
    }
    let default = config.profile(&"default".parse().ok()?);
    let has = |key: &str| default.as_ref().is_some_and(|profile| profile.get(key).is_some());
    let assumes_role = has("role_arn") && !has("web_identity_token_file");
    let web_identity = || web_identity::of_environment(host, config, default.as_ref());
    if let Some(step) = (!assumes_role).then(web_identity).flatten() {
        return Some(step);
    }
    if default.is_some() {
        return None;
    }
    container::at_hand(host).or_else(|| instance::at_hand(host, None))
}

/// How a profile gets its credentials, in two words, offline and whether or not they can be got.
pub(crate) fn kind(subject: &Subject) -> Option<&'static str> {
    if assume_role::is_wanted(subject.profile) {
        return Some("assumed role");
    }
    let all = PROVIDERS.iter().chain(&MACHINES);
    all.into_iter().find(|provider| provider.claim(subject).is_some()).map(|provider| provider.kind())
}
