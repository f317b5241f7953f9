//! The credentials of an EC2 instance: its metadata service knows them.

use super::step::{Held, Need, Provider, Step, Subject};
use crate::aws::Fault;
use crate::aws::metadata::{self, Instance};
use crate::config::Profile;
use crate::error::{Error, Kind, Result};
use crate::host::{Host, machine};
use crate::model::{freshness, text, time};
use chrono::TimeDelta;
use std::time::Duration;

const DISABLED: &str = "AWS_EC2_METADATA_DISABLED";
const ENDPOINT: (&str, &str) = ("AWS_EC2_METADATA_SERVICE_ENDPOINT", "ec2_metadata_service_endpoint");
const MODE: (&str, &str) = ("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "ec2_metadata_service_endpoint_mode");
const IPV6: (&str, &str) = ("AWS_IMDS_USE_IPV6", "imds_use_ipv6");
const V1_DISABLED: (&str, &str) = ("AWS_EC2_METADATA_V1_DISABLED", "ec2_metadata_v1_disabled");
const TIMEOUT: (&str, &str) = ("AWS_METADATA_SERVICE_TIMEOUT", "metadata_service_timeout");
const ATTEMPTS: (&str, &str) = ("AWS_METADATA_SERVICE_NUM_ATTEMPTS", "metadata_service_num_attempts");

/// The usual lifetime of these credentials.
const USUAL: TimeDelta = TimeDelta::hours(6);

/// For a profile that says nothing of credentials, on an instance.
pub(super) struct OnInstance;

/// The service, and where somebody says that it is there.
struct Metadata(Instance, Option<String>);

impl Provider for OnInstance {
    fn kind(&self) -> &'static str {
        "instance metadata"
    }

    fn claim(&self, subject: &Subject) -> Option<Result<Box<dyn Step>>> {
        at_hand(subject.host, Some(subject.profile))
    }
}

/// The instance's credentials, where nothing else is said: if the machine is an instance by its own word, or somebody
/// said where the service is.
///
/// The AWS CLI asks 169.254.169.254 on every machine. On one that is no instance nothing answers there, or something
/// that is not AWS; so it is not asked: nobody waits a second to be told that a profile has no credentials, and a
/// network that is not AWS's gives none.
pub(super) fn at_hand(host: &Host, profile: Option<&Profile>) -> Option<Result<Box<dyn Step>>> {
    let is_said = said(host, profile, ENDPOINT).is_some();
    let is_there = !host.env.switch(DISABLED) && (is_said || is_instance(&machine::makers()));
    is_there.then(|| asked(host, profile))
}

/// Whether these are the words of an EC2 instance: Nitro's, then Xen's.
fn is_instance(makers: &[String]) -> bool {
    makers.iter().any(|word| {
        word == "Amazon EC2" || word.to_ascii_lowercase().ends_with(".amazon") || word.starts_with("ec2")
    })
}

/// The instance's credentials, which somebody asks for by name.
///
/// # Errors
/// [`Kind::Config`] for a setting that cannot be, or where the service is disabled.
pub(super) fn asked(host: &Host, profile: Option<&Profile>) -> Result<Box<dyn Step>> {
    if host.env.switch(DISABLED) {
        let message = format!("the instance metadata service is not to be asked: {DISABLED} is set");
        return Err(Error::new(Kind::Config, message));
    }
    let wrong = |place: String, why: String| Error::new(Kind::Config, format!("{place} {why}"));
    let named = said(host, profile, ENDPOINT);
    let base = match &named {
        Some((url, place)) => metadata::instance_base(url).map_err(|why| wrong(place.clone(), why))?,
        None => metadata::own_base(ipv6(host, profile)?).map_err(|why| wrong(MODE.0.into(), why))?,
    };
    let number = |setting, most: u32| {
        let Some((value, place)) = said(host, profile, setting) else { return Ok(1) };
        let number = value.trim().parse().ok().filter(|number| (1..=most).contains(number));
        let why = || format!("is `{}`, not a number from 1 to {most}", text::field(&value));
        number.ok_or_else(|| wrong(place, why()))
    };
    let instance = Instance {
        base,
        limit: Duration::from_secs(number(TIMEOUT, 20)?.into()),
        attempts: number(ATTEMPTS, 10)?,
        v1: !switch(host, profile, V1_DISABLED)?,
    };
    Ok(Box::new(Metadata(instance, named.map(|(_, place)| place))))
}

/// A setting and its place: the variable's, else the profile's.
fn said(host: &Host, profile: Option<&Profile>, (variable, key): (&str, &str)) -> Option<(String, String)> {
    if let Some(value) = host.env.text(variable) {
        return Some((value.to_owned(), variable.to_owned()));
    }
    let setting = profile?.get(key).filter(|setting| !setting.value.is_empty())?;
    Some((setting.value.to_string(), format!("{}: `{key}`", setting.place())))
}

fn switch(host: &Host, profile: Option<&Profile>, (variable, key): (&str, &str)) -> Result<bool> {
    if host.env.text(variable).is_some() {
        return Ok(host.env.switch(variable));
    }
    Ok(profile.map(|profile| profile.switch(key)).transpose()?.flatten().unwrap_or(false))
}

/// Source: botocore `utils.py`, `resolve_imds_endpoint_mode`.
fn ipv6(host: &Host, profile: Option<&Profile>) -> Result<bool> {
    match said(host, profile, MODE) {
        Some((mode, _)) if mode.eq_ignore_ascii_case("ipv4") => Ok(false),
        Some((mode, _)) if mode.eq_ignore_ascii_case("ipv6") => Ok(true),
        Some((mode, place)) => {
            let message = format!("{place} is `{}`, neither `IPv4` nor `IPv6`", text::field(&mode));
            Err(Error::new(Kind::Config, message))
        }
        None => switch(host, profile, IPV6),
    }
}

impl Step for Metadata {
    fn describe(&self) -> String {
        let at = &self.0.base[url::Position::BeforeHost..url::Position::AfterPort];
        let place = self.1.iter().map(|place| format!(", {place}")).collect::<String>();
        format!("instance's role, asked for at {at}{place}")
    }

    fn key(&self, _: &Host) -> Option<String> {
        Some("instance".into())
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

    /// The service's own expiration is told, however near it is: botocore puts it off when the service has nothing new.
    fn fetch(&self, host: &Host, _: &Need, _: Option<&Held>) -> Result<Held> {
        let asked = host.network().block_on(metadata::instance(host, &self.0))?;
        let (credentials, role) = asked.map_err(explain)?;
        let now = host.clock.now();
        if let Some(end) = credentials.expiration.filter(|end| *end <= now) {
            let ago = time::words(now - end);
            let message = format!("the instance metadata service gives credentials that ended {ago} ago");
            return Err(Error::new(Kind::Failed, message).hint("try again in a few minutes"));
        }
        let refresh_at = credentials.expiration.map(|end| freshness::refresh_at(end, now, USUAL));
        Ok(Held { credentials, refresh_at, identity: Some(role) })
    }
}

fn explain(fault: Fault) -> Error {
    if fault.refusal().is_some_and(|refusal| refusal.status == 404) {
        return Error::new(Kind::Config, "this instance has no role, so it has no credentials")
            .hint("attach one to it (an instance profile), or name another profile");
    }
    fault.into_error("the instance metadata service")
}

#[cfg(test)]
mod tests {
    use super::is_instance;

    #[test]
    fn an_instance_is_told_from_a_laptop() {
        let told = |words: &[&str]| is_instance(&words.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert!(told(&["Amazon EC2", "Amazon EC2", "Amazon EC2", "1.0"]), "Nitro");
        assert!(told(&["Xen", "Xen", "4.11.amazon", "ec2e1916-9099-7caf-fd21-012345abcdef"]), "Xen");
        assert!(!told(&["LENOVO", "LENOVO", "LENOVO", "N2WET37W (1.27 )"]));
        assert!(!told(&["QEMU", "SeaBIOS", "1.16.2"]));
        assert!(!told(&[]));
    }
}
