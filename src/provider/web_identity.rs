//! A role for who holds another house's token (`web_identity_token_file`): Kubernetes, GitHub Actions and their kind.

use super::step::{Held, Need, Provider, Step, Subject};
use super::sts::Sts;
use crate::aws::web_identity::{self, Trade};
use crate::aws::{Endpoint, Fault};
use crate::config::{Config, Endpoints, Profile};
use crate::error::{Error, Kind, Result};
use crate::host::{Host, fs};
use crate::model::{Region, RoleArn, Secret, endpoints, freshness, role, text};
use chrono::TimeDelta;
use std::path::{Path, PathBuf};

/// The lifetime that AWS gives where nothing else is asked.
const USUAL: TimeDelta = TimeDelta::hours(1);

/// The longest token that STS takes is 20,000 characters.
const LARGEST: usize = 64 * 1024;

pub(super) struct WebIdentity;

/// The environment's way to say it, with what it is called in a profile.
const VARIABLES: [(&str, &str); 3] = [
    ("web_identity_token_file", "AWS_WEB_IDENTITY_TOKEN_FILE"),
    ("role_arn", "AWS_ROLE_ARN"),
    ("role_session_name", "AWS_ROLE_SESSION_NAME"),
];

struct Exchange {
    role: RoleArn,
    session_name: String,
    token: PathBuf,
    /// Where the token's file is named.
    place: String,
    endpoint: Endpoint,
}

impl Provider for WebIdentity {
    fn kind(&self) -> &'static str {
        "web identity"
    }

    fn claim(&self, subject: &Subject) -> Option<Result<Box<dyn Step>>> {
        subject.profile.get("web_identity_token_file")?;
        let endpoint = |role: &RoleArn| Ok(Sts::of(subject, Some(role.partition()))?.endpoint);
        Some(step(subject.host, Some(subject.profile), false, endpoint))
    }
}

/// What the environment says, if it does: then the profile `default` fills what it leaves out.
///
/// Source: botocore `credentials.py`, `AssumeRoleWithWebIdentityProvider`.
pub(super) fn of_environment(
    host: &Host,
    config: &Config,
    default: Option<&Profile>,
) -> Option<Result<Box<dyn Step>>> {
    host.env.text("AWS_WEB_IDENTITY_TOKEN_FILE")?;
    let endpoint = |role: &RoleArn| {
        let endpoints = Endpoints::of(host, config, default)?;
        let url = endpoints.sts(&region(host, default, role)?);
        Ok(Endpoint { url, ca_bundle: endpoints.ca_bundle, custom: false })
    };
    Some(step(host, default, true, endpoint))
}

fn step(
    host: &Host,
    profile: Option<&Profile>,
    with_variables: bool,
    endpoint: impl FnOnce(&RoleArn) -> Result<Endpoint>,
) -> Result<Box<dyn Step>> {
    let said = |wanted: &str| -> Option<(String, String)> {
        let variable = VARIABLES.iter().find(|(key, _)| *key == wanted).map(|(_, variable)| *variable);
        let variable = variable.filter(|_| with_variables);
        if let Some((variable, value)) = variable.and_then(|name| Some((name, host.env.var(name)?))) {
            return Some((value.to_owned(), variable.to_owned()));
        }
        let setting = profile?.get(wanted)?;
        Some((setting.value.to_string(), format!("{}: `{wanted}`", setting.place())))
    };
    let wrong = |place: &str, why: &str| Error::new(Kind::Config, format!("{place} {why}"));
    let (token, place) = said("web_identity_token_file").unwrap_or_default();
    if token.trim().is_empty() {
        return Err(wrong(&place, "is empty"));
    }
    if !Path::new(&token).is_absolute() {
        let why =
            format!("is `{}`, not an absolute path (`~` and `$NAME` stay as they are)", text::field(&token));
        return Err(wrong(&place, &why));
    }
    let Some((role, role_place)) = said("role_arn").filter(|(role, _)| !role.trim().is_empty()) else {
        let named = if with_variables { "AWS_ROLE_ARN" } else { "role_arn" };
        return Err(wrong(&place, &format!("names a token, and no `{named}` names its role")));
    };
    let role: RoleArn =
        role.parse().map_err(|why: String| wrong(&role_place, &format!("cannot be: {why}")))?;
    let session_name = said("role_session_name");
    if let Some((name, place)) = &session_name {
        role::check_name(name).map_err(|why| wrong(place, &format!("is `{}`, {why}", text::field(name))))?;
    }
    let endpoint = endpoint(&role)?;
    let own_name = || role::session_name(host.env.user(), host.env.machine().as_deref());
    let session_name = session_name.map_or_else(own_name, |(name, _)| name);
    Ok(Box::new(Exchange { role, session_name, token: token.into(), place, endpoint }))
}

/// The profile's region, else the environment's, if the role's partition has it; else that partition's first.
fn region(host: &Host, profile: Option<&Profile>, role: &RoleArn) -> Result<Region> {
    let partition = role.partition();
    let own = profile.map(Profile::region).transpose()?.flatten();
    let variables = ["AWS_REGION", "AWS_DEFAULT_REGION"].into_iter();
    let mut said = own.into_iter().chain(variables.filter_map(|name| host.env.text(name)?.parse().ok()));
    let mut all = endpoints::REGIONS.iter().filter_map(|region| region.parse().ok());
    let here = |region: &Region| endpoints::partition(region).name == partition;
    said.find(here).or_else(|| all.find(here)).ok_or_else(|| {
        let why = format!("`{role}` is of the partition {partition}, of which no region is named");
        Error::new(Kind::Config, why).hint("name one: AWS_REGION")
    })
}

impl Step for Exchange {
    fn describe(&self) -> String {
        let token = text::field(&self.token.display().to_string());
        format!("web identity {}, by the token in {token}, {}", self.role, self.place)
    }

    fn key(&self, _: &Host) -> Option<String> {
        Some(format!("web identity {} {} {}", self.role, self.session_name, self.token.display()))
    }

    fn is_role(&self) -> bool {
        true
    }

    fn is_kept(&self) -> bool {
        false
    }

    fn held(&self, _: &Host) -> Option<Held> {
        None
    }

    /// Asked anew each time: what is kept of it belongs into the AWS CLI's role cache, under the name of the same role
    /// assumed in any other way (`RoleArn`, and `RoleSessionName` if one was chosen).
    fn fetch(&self, host: &Host, _: &Need, _: Option<&Held>) -> Result<Held> {
        let token = self.token()?;
        let now = host.clock.now();
        let trade = Trade { role: self.role.as_str(), session_name: &self.session_name, token: &token };
        let asked = host.network().block_on(web_identity::assume(host, &self.endpoint, &trade))?;
        let mut credentials = asked.map_err(|fault| self.explain(fault))?.credentials;
        credentials.account = Some(self.role.account().clone());
        let refresh_at = credentials.expiration.map(|end| freshness::refresh_at(end, now, USUAL));
        Ok(Held { credentials, refresh_at, identity: Some(self.role.name().to_owned()) })
    }
}

impl Exchange {
    /// The token as it is in its file now: whoever writes it replaces it before it ends.
    fn token(&self) -> Result<Secret> {
        let Exchange { place, token, .. } = self;
        let wrong = |why: &str| {
            let file = text::field(&token.display().to_string());
            Error::new(Kind::Config, format!("{place} names {file}, which {why}"))
        };
        let contents =
            fs::read_config(token).map_err(|e| wrong("cannot be read").because(e.in_one_line()))?;
        let bytes = contents.ok_or_else(|| wrong("is not there"))?.bytes;
        match String::from_utf8(bytes) {
            Ok(token) if token.trim().is_empty() => Err(wrong("is empty")),
            Ok(token) if token.len() <= LARGEST => Ok(Secret::new(token)),
            _ => Err(wrong("holds no token")),
        }
    }

    fn explain(&self, fault: Fault) -> Error {
        let Some(refusal) = fault.refusal().cloned() else { return fault.into_error("STS") };
        let file = text::field(&self.token.display().to_string());
        let (kind, message, hint) = match refusal.code.as_str() {
            "ExpiredTokenException" | "ExpiredToken" => (
                Kind::Refused,
                format!("the token in {file} has ended"),
                "whoever writes that file must write a new one",
            ),
            "InvalidIdentityToken" => (
                Kind::Refused,
                format!("AWS does not take the token in {file}"),
                "its issuer must be an identity provider of the role's account, and its audience one of that provider's",
            ),
            "IDPRejectedClaim" => (
                Kind::Refused,
                format!("the issuer of the token in {file} has rejected it"),
                "ask for a new token where this one came from",
            ),
            "IDPCommunicationError" => (
                Kind::Unreachable,
                format!("AWS could not reach the issuer of the token in {file}"),
                "try again in a minute",
            ),
            "AccessDenied" => (
                Kind::Refused,
                format!("`{}` does not let in the holder of the token in {file}", self.role),
                "the role's trust policy says whom it lets in: the issuer, the audience, the subject",
            ),
            _ => return fault.into_error("STS"),
        };
        Error::new(kind, message).because(refusal.words()).hint(hint)
    }
}
