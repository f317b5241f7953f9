//! What a profile says of its role, checked; and the AWS CLI's name for it.

use crate::config::{Config, Profile, Setting};
use crate::error::{Error, Kind, Result};
use crate::model::{ProfileName, RoleArn, role};
use crate::provider::Subject;
use chrono::TimeDelta;
use serde_json::{Map, Value};

/// Whether a profile is that of a role. With a token file it is that of a web identity.
pub(crate) fn is_wanted(profile: &Profile) -> bool {
    profile.get("role_arn").is_some() && profile.get("web_identity_token_file").is_none()
}

/// Whose credentials sign for a role.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Source {
    Profile(ProfileName),
    /// `credential_source`
    Named(String),
}

/// What a profile says of its source.
///
/// # Errors
/// [`Kind::Config`] for both, for neither, and for a name that none can have.
pub(crate) fn source(subject: &Subject) -> Result<Source> {
    let profile = subject.profile;
    match (profile.get("source_profile"), profile.get("credential_source")) {
        (Some(one), Some(other)) => Err(Error::new(
            Kind::Config,
            format!(
                "{}: `source_profile` of `{}` stands beside `credential_source` ({})",
                one.place(),
                subject.name,
                other.place()
            ),
        )
        .hint("a role is assumed with the one or with the other: remove one of these lines")),
        (None, None) => Err(Error::new(
            Kind::Config,
            format!(
                "{}: `role_arn` of `{}` has neither `source_profile` nor `credential_source` beside it",
                profile.get("role_arn").map_or_else(|| profile.place(), Setting::place),
                subject.name
            ),
        )
        .hint("name the profile whose credentials may assume the role: source_profile = NAME")),
        (Some(setting), None) if setting.value.is_empty() => Err(subject.empty("source_profile")),
        (None, Some(setting)) if setting.value.is_empty() => Err(subject.empty("credential_source")),
        (Some(setting), None) => {
            setting.value.parse().map(Source::Profile).map_err(|why: String| setting.refuse(&why))
        }
        (None, Some(setting)) => Ok(Source::Named(setting.value.to_string())),
    }
}

pub(super) fn arn(subject: &Subject) -> Result<RoleArn> {
    subject.profile.parse("role_arn")?.ok_or_else(|| subject.empty("role_arn"))
}

/// The settings that become parameters of the call.
#[derive(Default)]
pub(super) struct Settings {
    pub(super) session_name: Option<String>,
    pub(super) external_id: Option<String>,
    pub(super) duration: Option<TimeDelta>,
}

impl Settings {
    pub(super) fn of(subject: &Subject) -> Result<Settings> {
        let profile = subject.profile;
        let checked = |key: &str, check: fn(&str) -> Result<(), String>| {
            let setting = profile.get(key).filter(|setting| !setting.value.is_empty());
            setting
                .map(|setting| match check(&setting.value) {
                    Ok(()) => Ok(setting.value.to_string()),
                    Err(why) => Err(setting.refuse(&why)),
                })
                .transpose()
        };
        let duration = profile.get("duration_seconds").filter(|setting| !setting.value.is_empty());
        let duration = duration.map(|setting| match setting.value.parse::<i64>() {
            Err(_) => Err(setting.refuse("not a number of seconds")),
            Ok(seconds) => TimeDelta::try_seconds(seconds)
                .filter(|length| super::DURATIONS.contains(length))
                .ok_or_else(|| setting.refuse("not from 900 to 43200, 15 minutes to 12 hours")),
        });
        Ok(Settings {
            session_name: checked("role_session_name", role::check_name)?,
            external_id: checked("external_id", role::check_external_id)?,
            duration: duration.transpose()?,
        })
    }
}

/// The parameters by which the AWS CLI names its file, in their order.
///
/// Source: botocore `credentials.py`, `AssumeRoleCredentialFetcher`: what is not configured is left out.
pub(super) fn parameters(profile: &Profile) -> Value {
    let text = |key| profile.text(key).map(Value::from);
    let seconds = profile.text("duration_seconds").and_then(|seconds| seconds.trim().parse::<i64>().ok());
    let all = [
        ("DurationSeconds", seconds.map(Value::from)),
        ("ExternalId", text("external_id")),
        ("RoleArn", text("role_arn")),
        ("RoleSessionName", text("role_session_name")),
        ("SerialNumber", text("mfa_serial")),
    ];
    let present = all.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    present.collect::<Map<_, _>>().into()
}

/// Whether no other profile can have written the AWS CLI's file of these parameters with other credentials.
///
/// The file does not say who assumed the role: a web identity, or another source, may have.
pub(super) fn is_ours_alone(subject: &Subject, parameters: &Value) -> bool {
    let role = subject.profile.text("role_arn");
    let rival = |config: &Config, name: &str| {
        let Some(other) = name.parse().ok().and_then(|name: ProfileName| config.profile(&name)) else {
            return false;
        };
        if other.text("role_arn") != role {
            return false;
        }
        if !is_wanted(&other) {
            let mut theirs = Map::new();
            theirs.insert("RoleArn".into(), other.text("role_arn").into());
            let session = other.text("role_session_name").map(Value::from);
            theirs.extend(session.map(|session| ("RoleSessionName".to_owned(), session)));
            return Value::from(theirs) == *parameters;
        }
        let source = ["source_profile", "credential_source"];
        self::parameters(&other) == *parameters
            && source.iter().any(|key| other.text(key) != subject.profile.text(key))
    };
    !subject.config.names().iter().any(|name| rival(subject.config, name))
}
