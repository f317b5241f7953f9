//! A profile's plan: the steps that lead to its credentials, and what stands in their way. Data; nothing is fetched.

mod chain;
#[cfg(test)]
mod tests;

use crate::cache::modified;
use crate::config::{Config, Profile, Setting, Which};
use crate::error::{Error, Kind, Result};
use crate::host::Host;
use crate::model::{Arn, LoginTarget, ProfileName};
use crate::provider::{self, Ask, Step, Subject};
use chrono::{DateTime, Utc};

/// The steps for one profile.
pub(crate) struct Plan {
    pub(crate) profile: ProfileName,
    /// The first stands alone; each next one builds on the one before.
    pub(crate) steps: Vec<Box<dyn Step>>,
}

impl Plan {
    /// Where a person signs in, if the plan begins with a sign-in.
    pub(crate) fn login(&self) -> Option<LoginTarget> {
        self.steps.first()?.login()
    }

    /// Whether its credentials are kept where other processes find them.
    pub(crate) fn is_kept(&self) -> bool {
        self.steps.last().is_some_and(|step| step.is_kept())
    }

    /// When the sign-in that it begins with was made or renewed, as far as its file tells.
    pub(crate) fn signed_in_at(&self, host: &Host) -> Option<DateTime<Utc>> {
        modified(&self.steps.first()?.sign_in_file(host)?)
    }
}

/// Plans a profile.
///
/// # Errors
/// [`Kind::Config`] for a profile that does not exist, says nothing of credentials, or contradicts itself.
pub(crate) fn of(host: &Host, config: &Config, name: &ProfileName) -> Result<Plan> {
    with(host, config, name, &Ask::default())
}

/// Plans a profile with what a command line asks besides.
///
/// # Errors
/// The same, and [`Kind::Usage`] for flags that do not fit the profile.
pub(crate) fn with(host: &Host, config: &Config, name: &ProfileName, ask: &Ask) -> Result<Plan> {
    Ok(Plan { profile: name.clone(), steps: chain::steps(host, config, name, ask)? })
}

/// The error for `--duration` where a person signs in and AWS sets the time.
pub(crate) fn fixed_lifetime() -> Error {
    Error::new(Kind::Usage, "the lifetime of a console sign-in cannot be chosen: AWS sets 15 minutes")
        .hint("leave --duration out; awsenv renews by itself")
}

/// The same for a role of Identity Center.
fn set_by_administrator() -> Error {
    let message = "the lifetime of an Identity Center role cannot be chosen: an administrator sets it";
    Error::new(Kind::Usage, message).hint("leave --duration out; awsenv renews by itself")
}

/// Where a profile signs in, if anywhere: even one whose sign-in other credentials hide.
pub(crate) fn login(host: &Host, config: &Config, name: &ProfileName) -> Option<LoginTarget> {
    let target = of(host, config, name).ok().and_then(|plan| plan.login());
    target.or_else(|| {
        let session = config.profile(name)?.text("login_session")?.to_owned();
        Some(LoginTarget::Console { profile: name.clone(), session })
    })
}

/// The other profiles that the same sign-in opens.
pub(crate) fn sharing(host: &Host, config: &Config, target: &LoginTarget, but: &ProfileName) -> Vec<String> {
    let others = config.names().into_iter().filter(|other| other != but.as_str());
    let opens = |other: &String| {
        let target_of = |other: ProfileName| login(host, config, &other);
        other.parse().ok().and_then(target_of).is_some_and(|theirs| theirs.is_shared_with(target))
    };
    others.filter(opens).collect()
}

/// How a profile gets its credentials, in two words.
pub(crate) fn kind(host: &Host, config: &Config, name: &ProfileName) -> Option<&'static str> {
    let profile = config.profile(name)?;
    let ask = Ask::default();
    provider::kind(&Subject { host, config, name, profile: &profile, ask: &ask, named: name })
}

/// Account and identity of a profile, as far as it says them itself.
pub(crate) fn whose(profile: &Profile) -> (Option<String>, Option<String>) {
    if let Some(arn) = profile.text("login_session").and_then(|session| session.parse::<Arn>().ok()) {
        return (Some(arn.account().to_string()), Some(arn.identity().to_owned()));
    }
    let text = |key: &str| profile.text(key).map(str::to_owned);
    let role = profile.text("role_arn");
    (
        text("sso_account_id").or_else(|| Some(role?.split(':').nth(4)?.to_owned())),
        text("sso_role_name").or_else(|| Some(role?.rsplit('/').next()?.to_owned())),
    )
}

/// The error for a name that no profile has.
pub(crate) fn unknown(config: &Config, name: &ProfileName) -> Error {
    let error = Error::new(Kind::Config, format!("there is no profile `{name}`"));
    match config.nearest(name.as_str()).and_then(|near| near.parse::<ProfileName>().ok()) {
        Some(near) => error.hint(format!("did you mean `{near}`?")),
        None => error.hint(format!("sign in to make it: awsenv login {}", name.typed())),
    }
}

/// A setting that makes a console sign-in useless, or that one would hide.
pub(crate) struct Conflict {
    pub(crate) place: String,
    pub(crate) key: String,
    /// Who would be used: "the AWS CLI and boto3 would use …".
    pub(crate) wins: &'static str,
}

const KEYS_WIN: &str = "the AWS CLI, boto3 and their kind use these keys, the Rust SDK the sign-in";
const LOGIN_WINS: &str = "the AWS CLI and boto3 use the sign-in, other tools may use this";
const THIS_WINS: &str = "the AWS CLI and the SDKs use this, never the sign-in";

/// What else a profile says of credentials, beside (or before) a console sign-in. Empty: nothing is in the way.
///
/// Source: the order of providers of the AWS CLI 2.36 and botocore 1.44, and of aws-config 1.13 (Rust).
pub(crate) fn conflicts(profile: &Profile) -> Vec<Conflict> {
    let mut found = Vec::new();
    let mut add = |setting: &Setting, wins| {
        found.push(Conflict { place: setting.place(), key: setting.key.to_string(), wins });
    };
    for key in ["aws_access_key_id", "aws_secret_access_key", "aws_session_token", "aws_security_token"] {
        for setting in profile.settings_in(Which::Credentials).filter(|setting| setting.key == key) {
            add(setting, KEYS_WIN);
        }
        for setting in profile.settings_in(Which::Config).filter(|setting| setting.key == key) {
            add(setting, LOGIN_WINS);
        }
    }
    let others = [
        ("role_arn", THIS_WINS),
        ("source_profile", THIS_WINS),
        ("credential_source", THIS_WINS),
        ("web_identity_token_file", THIS_WINS),
        ("sso_account_id", THIS_WINS),
        ("sso_role_name", THIS_WINS),
        ("sso_session", LOGIN_WINS),
        ("sso_start_url", LOGIN_WINS),
        ("credential_process", LOGIN_WINS),
    ];
    for (key, wins) in others {
        if let Some(setting) = profile.get(key) {
            add(setting, wins);
        }
    }
    found
}

/// Says, in one line, that a profile's sign-in does not stand alone.
pub(crate) fn warn_of_conflicts(host: &Host, config: &Config, name: &ProfileName) {
    let profile = config.profile(name).filter(|profile| profile.get("login_session").is_some());
    if let Some(conflict) = profile.and_then(|profile| conflicts(&profile).into_iter().next()) {
        let Conflict { place, key, wins } = conflict;
        host.warn(format!("{place}: `{key}` stands beside the sign-in of `{name}`: {wins}"));
    }
}
