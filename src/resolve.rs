//! A plan becomes credentials: the one act that may ask AWS.

use crate::config::{Config, Settings};
use crate::error::{Error, Kind, Result};
use crate::host::Host;
use crate::model::{LoginTarget, time};
use crate::plan::Plan;
use crate::provider::{self, Environment, Held, Need, Step};
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
    let need = Need { least: min_ttl.length, ..Need::default() };
    for (step, at) in plan.steps.iter().zip(1..) {
        host.debug(|| format!("step {at} of `{}`: {}", plan.profile, step.describe()));
    }
    let held = fetch(host, &plan.steps, &need)?;
    lasts(host, plan, &held, min_ttl)?;
    Ok(held)
}

/// What there is of them without asking anybody: no network, no lock.
pub(crate) fn at_hand(host: &Host, plan: &Plan) -> Option<Held> {
    let (last, before) = plan.steps.split_last()?;
    // of a role, only what is known to be of this source
    if before.is_empty() { last.held(host) } else { last.fresh(host, &Need::default()) }
}

/// The credentials of a plan, renewed if that is due, or why not: what still lasts is no answer.
pub(crate) fn renewed(host: &Host, plan: &Plan) -> Result<Held> {
    fetch(host, &plan.steps, &Need { or_fail: true, ..Need::default() })
}

/// The same, renewed also if less than this is left.
pub(crate) fn renewed_for(host: &Host, plan: &Plan, least: Option<TimeDelta>) -> Result<Held> {
    fetch(host, &plan.steps, &Need { least, or_fail: true, ..Need::default() })
}

/// The credentials of the shell itself, where nothing names a profile.
pub(crate) fn ambient(host: &Host, config: &Config) -> Result<Held> {
    let need = Need::default();
    match provider::ambient(host, config) {
        Some(step) => step?.fetch(host, &need, None),
        None => Environment.fetch(host, &need, None),
    }
}

/// The same, with the credentials of the first step in hand.
pub(crate) fn upon(host: &Host, plan: &Plan, first: Held, min_ttl: MinTtl) -> Result<Held> {
    let need = Need { least: min_ttl.length, ..Need::default() };
    let held =
        plan.steps.iter().skip(1).try_fold(first, |held, step| step.fetch(host, &need, Some(&held)))?;
    lasts(host, plan, &held, min_ttl)?;
    Ok(held)
}

/// What the last of these steps yields. Those before it are asked only if it has nothing that is fresh.
fn fetch(host: &Host, steps: &[Box<dyn Step>], need: &Need) -> Result<Held> {
    let Some((last, before)) = steps.split_last() else {
        return Err(Error::new(Kind::Failed, "the plan is empty"));
    };
    if before.is_empty() {
        return last.fetch(host, need, None);
    }
    if let Some(held) = last.fresh(host, need) {
        return Ok(held);
    }
    match fetch(host, before, &Need { for_one_call: true, ..Need::default() }) {
        Ok(from) => last.fetch(host, need, Some(&from)),
        Err(error) => last.make_do(host, need, error),
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
        _ if plan.steps.len() > 1 => {
            "--duration or `duration_seconds` asks for more, as far as the role allows"
        }
        Some(LoginTarget::Console { .. }) => "those of a console sign-in last 15 minutes at most",
        Some(LoginTarget::IdentityCenter { .. }) => {
            "those of Identity Center last as long as an administrator set for the permission set"
        }
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
