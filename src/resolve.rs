//! A plan becomes credentials: the one act that may ask AWS.

use crate::config::{Config, Settings};
use crate::error::{Error, Kind, Result};
use crate::host::Host;
use crate::model::{LoginTarget, time};
use crate::plan::Plan;
use crate::provider::{self, Environment, Held, Need, Step as _};
use chrono::TimeDelta;

/// How long credentials must last.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct MinTtl {
    pub(crate) length: Option<TimeDelta>,
    /// A person typed it: what cannot be reached fails, where a default only warns.
    pub(crate) typed: bool,
}

impl MinTtl {
    /// What was typed, else `AWSENV_MIN_TTL`, else the settings', else the command's own.
    pub(crate) fn of(
        host: &Host,
        typed: Option<TimeDelta>,
        settings: &Settings,
        own: Option<TimeDelta>,
    ) -> Result<MinTtl> {
        let wrong = |why| Error::new(Kind::Usage, format!("AWSENV_MIN_TTL: {why}"));
        let variable = host.env.text("AWSENV_MIN_TTL").map(time::length).transpose().map_err(wrong)?;
        let length = typed.or(variable).or(settings.min_ttl).or(own);
        Ok(MinTtl { length, typed: typed.is_some() })
    }
}

/// The credentials of a plan, renewed where they must be.
pub(crate) fn credentials(host: &Host, plan: &Plan, min_ttl: MinTtl) -> Result<Held> {
    let need = Need { least: min_ttl.length };
    let mut held: Option<Held> = None;
    for step in &plan.steps {
        held = Some(step.fetch(host, &need, held.as_ref())?);
    }
    let held =
        held.ok_or_else(|| Error::new(Kind::Failed, format!("the plan of `{}` is empty", plan.profile)))?;
    lasts(host, plan, &held, min_ttl)?;
    Ok(held)
}

/// The credentials of the shell itself, where nothing names a profile.
pub(crate) fn ambient(host: &Host, config: &Config) -> Result<Held> {
    let need = Need::default();
    match provider::ambient(host, config) {
        Some(step) => step?.fetch(host, &need, None),
        None => Environment.fetch(host, &need, None),
    }
}

/// Whether they last as long as asked.
fn lasts(host: &Host, plan: &Plan, held: &Held, min_ttl: MinTtl) -> Result<()> {
    let (Some(least), Some(end)) = (min_ttl.length, held.credentials.expiration) else { return Ok(()) };
    let left = end - host.clock.now();
    if left >= least {
        return Ok(());
    }
    let limit = match plan.login() {
        Some(LoginTarget::Console { .. }) => "those of a console sign-in last 15 minutes at most",
        None => "their source gives none that last longer",
    };
    let (left, least, name) = (time::words(left), time::words(least), &plan.profile);
    let message = format!("the credentials of `{name}` last {left}, less than {least}: {limit}");
    if min_ttl.typed {
        return Err(Error::new(Kind::Failed, message));
    }
    host.warn(message);
    Ok(())
}
