//! The credentials of a container (ECS, EKS): the environment says where they are asked for.

use super::step::{Held, Need, Provider, Step, Subject};
use crate::aws::{Fault, metadata};
use crate::error::{Error, Kind, Result};
use crate::host::{Host, fs};
use crate::model::{Secret, freshness, text, time};
use chrono::TimeDelta;
use std::path::{Path, PathBuf};
use url::Url;

const RELATIVE: &str = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";
const FULL: &str = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
const TOKEN: &str = "AWS_CONTAINER_AUTHORIZATION_TOKEN";
const TOKEN_FILE: &str = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE";

/// The usual lifetime of these credentials.
const USUAL: TimeDelta = TimeDelta::hours(6);

/// For a profile that says nothing of credentials, where the environment has the variables.
pub(super) struct Container;

struct Endpoint {
    variable: &'static str,
    url: Url,
}

impl Provider for Container {
    fn kind(&self) -> &'static str {
        "container"
    }

    fn claim(&self, subject: &Subject) -> Option<Result<Box<dyn Step>>> {
        at_hand(subject.host)
    }
}

/// The container's credentials, where the environment says that there are some. The relative URI goes before the full
/// one.
pub(super) fn at_hand(host: &Host) -> Option<Result<Box<dyn Step>>> {
    let step = |variable, url: Result<Url, String>| -> Result<Box<dyn Step>> {
        let url = url.map_err(|why| Error::new(Kind::Config, format!("{variable} {why}")))?;
        Ok(Box::new(Endpoint { variable, url }))
    };
    if let Some(path) = host.env.text(RELATIVE) {
        return Some(step(RELATIVE, metadata::relative(path)));
    }
    Some(step(FULL, metadata::full(host.env.text(FULL)?)))
}

/// The container's credentials, which somebody asks for by name.
pub(super) fn asked(host: &Host) -> Result<Box<dyn Step>> {
    at_hand(host).unwrap_or_else(|| {
        let message =
            format!("there are no credentials of a container: neither {RELATIVE} nor {FULL} is set");
        Err(Error::new(Kind::Config, message))
    })
}

impl Step for Endpoint {
    fn describe(&self) -> String {
        let place = &self.url[url::Position::BeforeHost..url::Position::AfterPath];
        format!("container's role, asked for at {}, {}", text::field(place), self.variable)
    }

    fn key(&self, _: &Host) -> Option<String> {
        Some(format!("container {}", self.url))
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

    fn fetch(&self, host: &Host, _: &Need, _: Option<&Held>) -> Result<Held> {
        let token = token(host)?;
        let asked = host.network().block_on(metadata::container(host, &self.url, token.as_ref()))?;
        let (credentials, role) = asked.map_err(|fault| self.explain(fault))?;
        let now = host.clock.now();
        if let Some(end) = credentials.expiration.filter(|end| *end <= now) {
            let ago = time::words(now - end);
            let message = format!("the endpoint of {} gives credentials that ended {ago} ago", self.variable);
            return Err(Error::new(Kind::Failed, message));
        }
        let refresh_at = credentials.expiration.map(|end| freshness::refresh_at(end, now, USUAL));
        Ok(Held { credentials, refresh_at, identity: role.map(|role| role.identity().to_owned()) })
    }
}

impl Endpoint {
    fn explain(&self, fault: Fault) -> Error {
        let denied = fault.refusal().is_some_and(|refusal| matches!(refusal.status, 401 | 403));
        let error = fault.into_error(&format!("the endpoint of {}", self.variable));
        if denied { error.hint(format!("look at its token: {TOKEN_FILE} or {TOKEN}")) } else { error }
    }
}

/// What the endpoint is shown, as it stands there: the file's content, which may be replaced any time, goes before the
/// variable.
fn token(host: &Host) -> Result<Option<Secret>> {
    let wrong = |why: String| Error::new(Kind::Config, why);
    let (place, token) = if let Some(path) = host.env.text(TOKEN_FILE) {
        let path = PathBuf::from(path);
        let place = format!("{TOKEN_FILE} names {}, which", text::field(&path.display().to_string()));
        if !Path::is_absolute(&path) {
            return Err(wrong(format!("{place} is not an absolute path")));
        }
        let contents = fs::read_config(&path)?.ok_or_else(|| wrong(format!("{place} is not there")))?;
        let token =
            String::from_utf8(contents.bytes).map_err(|_| wrong(format!("{place} holds no token")))?;
        (place, token)
    } else {
        match host.env.var(TOKEN) {
            Some(token) if !token.is_empty() => (TOKEN.to_owned(), token.to_owned()),
            _ => return Ok(None),
        }
    };
    if token.contains(['\r', '\n']) {
        let error = wrong(format!("{place} holds the end of a line, and no header may"));
        return Err(error.hint("write the token without it: printf %s \"$TOKEN\""));
    }
    if token.chars().any(|c| !matches!(c, ' '..='~')) {
        return Err(wrong(format!("{place} holds characters that no header may")));
    }
    Ok(Some(Secret::new(token)))
}
