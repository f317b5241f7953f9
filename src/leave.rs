//! A person leaves: a sign-in is ended where AWS can end it, and forgotten here with all that came from it.

use crate::aws::portal;
use crate::cache::entry::Entry;
use crate::cache::flight::{self, Flight};
use crate::cache::login::{self, LoginToken};
use crate::cache::sso::role;
use crate::cache::sso::token::{self, SsoToken};
use crate::cache::{self, Slot};
use crate::config::{Config, Endpoints};
use crate::error::{Error, Kind, Result};
use crate::host::Host;
use crate::model::{LoginTarget, ProfileName, Region};
use crate::plan;
use crate::provider::sso;
use chrono::{DateTime, Utc};
use std::time::Duration;

/// What there was to end.
pub(crate) enum Ended {
    Nothing,
    /// A sign-in, and until when its credentials work elsewhere, if that is known.
    SignIn(Option<DateTime<Utc>>),
}

impl Ended {
    pub(crate) fn is_sign_in(&self) -> bool {
        matches!(self, Ended::SignIn(_))
    }
}

/// Ends the sign-in of a profile, and of all that share it.
pub(crate) fn leave(host: &Host, config: &Config, target: &LoginTarget) -> Result<Ended> {
    let ended = match target {
        LoginTarget::Console { profile, session } => {
            end_console(host, &Slot::login(host, session), profile.as_str())?
        }
        LoginTarget::IdentityCenter { profile, session, .. } => {
            let endpoints = Endpoints::of(host, config, config.profile(profile).as_ref())?;
            let slot = Slot::sso_token(host, session);
            end_sso(host, &endpoints, &slot, Some(&session.region), profile.as_str())?
        }
    };
    // what may not be used any more is removed, even if the token was gone already
    let last = forget(host, &derived(host, config, |theirs| theirs.is_shared_with(target)))?;
    Ok(match ended {
        Ended::SignIn(ends) => Ended::SignIn(ends.max(last)),
        Ended::Nothing if last.is_some() => Ended::SignIn(last),
        Ended::Nothing => Ended::Nothing,
    })
}

/// Ends every sign-in of this computer; how many there were.
pub(crate) fn leave_all(host: &Host, config: &Config) -> Result<usize> {
    let mut removed = 0;
    for slot in login::all(host) {
        removed += usize::from(end_console(host, &slot, "all profiles")?.is_sign_in());
    }
    let endpoints = Endpoints::of(host, config, None)?;
    for slot in token::all(host).iter().filter(|slot| token::is_token(slot)) {
        removed += usize::from(end_sso(host, &endpoints, slot, None, "all profiles")?.is_sign_in());
    }
    for slot in role::all(host) {
        cache::forget(&slot).map_err(cannot)?;
    }
    forget(host, &derived(host, config, |_| true))?;
    Ok(removed)
}

/// Removes a console token, after a renewal that is under way.
fn end_console(host: &Host, slot: &Slot, what: &str) -> Result<Ended> {
    let what = format!("the renewal of {what}");
    let flight = Flight { slot, limit: Duration::from_secs(30), what: &what };
    flight::after(host, &flight, || {
        let ends = match LoginToken::read(slot) {
            Entry::Found(token) => token.credentials().ok().and_then(|credentials| credentials.expiration),
            _ => None,
        };
        Ok(if cache::forget(slot).map_err(cannot)? { Ended::SignIn(ends) } else { Ended::Nothing })
    })
}

/// Ends an Identity Center token at AWS and removes it, after a renewal that is under way. What AWS cannot be told is a
/// warning: the token is removed all the same.
fn end_sso(
    host: &Host,
    endpoints: &Endpoints,
    slot: &Slot,
    region: Option<&Region>,
    what: &str,
) -> Result<Ended> {
    let renewal = format!("the renewal of {what}");
    let flight = Flight { slot, limit: Duration::from_secs(30), what: &renewal };
    flight::after(host, &flight, || {
        if let Entry::Found(token) = SsoToken::read(slot)
            && token.expires_at > host.clock.now()
        {
            // a token is known where it was signed in
            match token.region().as_ref().or(region) {
                Some(region) => {
                    let portal = sso::portal_at(endpoints, region);
                    let told = host.network().block_on(portal::logout(host, &portal, &token.access()))?;
                    if let Err(fault) =
                        told.or_else(|fault| if portal::is_signed_out(&fault) { Ok(()) } else { Err(fault) })
                    {
                        let error = fault.into_error(portal::SERVICE);
                        host.warn(format!(
                            "AWS could not be told that you sign out, and the sign-in may last there: {}",
                            error.in_one_line()
                        ));
                    }
                }
                None => host.warn("a token says no region, so AWS was not told that you sign out"),
            }
        }
        Ok(if cache::forget(slot).map_err(cannot)? { Ended::SignIn(None) } else { Ended::Nothing })
    })
}

fn cannot(e: std::io::Error) -> Error {
    Error::new(Kind::Failed, "the sign-in cannot be removed").because(e)
}

/// Where that is kept which was fetched with a sign-in, as far as profiles lead to it.
fn derived(host: &Host, config: &Config, is_such: impl Fn(&LoginTarget) -> bool) -> Vec<Slot> {
    let names = config.names().into_iter().filter_map(|name| name.parse::<ProfileName>().ok());
    let plans = names.filter_map(|name| plan::of(host, config, &name).ok());
    let such = plans.filter(|plan| plan.login().is_some_and(|theirs| is_such(&theirs)));
    let slots = such.flat_map(|plan| plan.steps).flat_map(|step| step.derived(host));
    slots.filter(|slot| slot.file().is_some_and(|file| file.exists())).collect()
}

/// Removes what was fetched, each after a renewal that is under way; when the last of it ends.
fn forget(host: &Host, slots: &[Slot]) -> Result<Option<DateTime<Utc>>> {
    let mut last = None;
    for slot in slots {
        let flight = Flight { slot, limit: Duration::from_secs(90), what: "the renewal of role credentials" };
        let ends = flight::after(host, &flight, || {
            let ends = role::expiration(slot);
            cache::forget(slot).map_err(cannot)?;
            Ok(ends)
        })?;
        last = last.max(ends);
    }
    Ok(last)
}
