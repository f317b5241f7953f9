//! `awsenv logout [PROFILE]`: end the sign-in, and clear this shell of it.

use crate::cache::login::{self, LoginToken};
use crate::cache::{
    Slot,
    entry::Entry,
    flight::{self, Flight},
};
use crate::config::{self, Config};
use crate::error::{Error, Kind, Result};
use crate::host::Host;
use crate::model::delta::Restore;
use crate::model::{EnvDelta, ProfileName, time};
use crate::{plan, select, shell};
use chrono::{DateTime, TimeDelta, Utc};
use std::time::Duration;

/// Sign out of a profile, and clear this shell of it
///
/// The token on this computer is removed. AWS offers no way to end console credentials early: those in other shells
/// work until they end by themselves, 15 minutes at most.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The profile; without it `AWS_PROFILE`, then the one this shell was loaded with
    #[arg(conflicts_with = "all")]
    profile: Option<String>,
    /// Every console sign-in on this computer
    #[arg(long)]
    all: bool,
    /// The shell: bash, zsh, fish, powershell, sh (default: the shell that asks)
    #[arg(long, visible_alias = "format", value_name = "NAME")]
    shell: Option<String>,
}

pub(crate) fn run(args: Args, host: &Host) -> Result<u8> {
    let dialect = shell::choose(host, args.shell.as_deref())?;
    let config = config::load(host)?;
    let settings = config::settings(host)?;
    let loaded = host.env.text("AWSENV_PROFILE").and_then(|name| name.parse::<ProfileName>().ok());
    let loaded_session = loaded.as_ref().and_then(|name| session(&config, name));
    let clears = if args.all {
        let slots = login::all(host);
        let mut removed = 0;
        for slot in &slots {
            removed += usize::from(end(host, slot, "all profiles")? != Ended::Nothing);
        }
        match removed {
            0 => host.say("nobody is signed in to the AWS console from this computer"),
            1 => host.say("1 sign-in was removed; its credentials work in other shells until they end"),
            _ => host.say(format!(
                "{removed} sign-ins were removed; their credentials work in other shells until they end"
            )),
        }
        loaded_session.is_some()
    } else {
        let name = select::profile(host, &config, &settings, args.profile.as_deref())?;
        let name = name.map_or_else(select::default, Ok)?;
        let session = session(&config, &name);
        let known = config.profile(&name).is_some() || loaded.as_ref() == Some(&name);
        match &session {
            Some(arn) => one(host, &config, &name, arn)?,
            None if !known => return Err(plan::unknown(&config, &name)),
            None => host.say(format!("`{name}` has no console sign-in to end")),
        }
        loaded.as_ref() == Some(&name) || (session.is_some() && session == loaded_session)
    };
    if clears && dialect.is_shell() {
        let restore = host.env.text("AWSENV_RESTORE").and_then(Restore::decode).unwrap_or_default();
        if host.term.stdout_is_terminal() {
            let line = shell::line_to_type(dialect, &["unset"], None);
            host.say(format!("this shell still holds its credentials; type:\n  {line}"));
        } else {
            host.out(shell::render(dialect, &EnvDelta::unload(&restore), None)?);
        }
    }
    Ok(0)
}

fn session(config: &Config, name: &ProfileName) -> Option<String> {
    config.profile(name)?.text("login_session").map(str::to_owned)
}

fn one(host: &Host, config: &Config, name: &ProfileName, session: &str) -> Result<()> {
    let Ended::SignIn(ends) = end(host, &Slot::login(host, session), name.as_str())? else {
        host.say(format!("`{name}` was not signed in"));
        return Ok(());
    };
    host.say(format!("`{name}` is signed out: the token on this computer was removed"));
    let others: Vec<String> = config
        .names()
        .into_iter()
        .filter(|other| other != name.as_str())
        .filter(|other| {
            other.parse().is_ok_and(|other| self::session(config, &other).as_deref() == Some(session))
        })
        .collect();
    if !others.is_empty() {
        host.say(format!("the same sign-in served: {}", others.join(", ")));
    }
    let left = ends.map(|end| end - host.clock.now()).filter(|left| *left > TimeDelta::zero());
    if let Some(left) = left {
        host.say(format!(
            "credentials that other shells hold work for {} more; AWS cannot end them earlier",
            time::words(left)
        ));
    }
    Ok(())
}

/// What there was to end.
#[derive(PartialEq, Eq)]
enum Ended {
    Nothing,
    /// A sign-in, and until when its credentials work elsewhere, if that is known.
    SignIn(Option<DateTime<Utc>>),
}

/// Removes a token, after a renewal that is under way.
fn end(host: &Host, slot: &Slot, what: &str) -> Result<Ended> {
    let what = format!("the renewal of {what}");
    let flight = Flight { slot, limit: Duration::from_secs(30), what: &what };
    flight::after(host, &flight, || {
        let ends = match LoginToken::read(slot) {
            Entry::Found(token) => token.credentials().ok().and_then(|credentials| credentials.expiration),
            _ => None,
        };
        let removed = login::forget(slot);
        let removed =
            removed.map_err(|e| Error::new(Kind::Failed, "the sign-in cannot be removed").because(e))?;
        Ok(if removed { Ended::SignIn(ends) } else { Ended::Nothing })
    })
}
