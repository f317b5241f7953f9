//! What all that is kept and renewed has in common: when it is due, and what to do when it fails.

use super::step::{Held, Need};
use crate::error::{Error, Result};
use crate::host::Host;
use crate::model::freshness::{self, Freshness};
use crate::model::{Credentials, time};
use chrono::{DateTime, TimeDelta, Utc};
use std::time::Duration;

/// What was received so recently is not renewed for lasting too short: a renewal would last no longer.
const JUST_RECEIVED: TimeDelta = TimeDelta::seconds(30);

/// A server's clock may be ahead, by less than it is noticed.
const TOLERANCE: TimeDelta = TimeDelta::minutes(1);

/// Credentials with less left do not sign another call.
const ONE_CALL: TimeDelta = TimeDelta::minutes(1);

/// When a token that was refused is looked at once more.
const SOON: [Duration; 3] =
    [Duration::from_millis(20), Duration::from_millis(80), Duration::from_millis(200)];

/// A token as it is now that it was refused: whoever renewed it may be about to write.
pub(super) fn replaced<T>(read: impl Fn() -> Result<T>, is_refused: impl Fn(&T) -> bool) -> Result<T> {
    let mut token = read()?;
    for pause in SOON {
        if is_refused(&token) {
            std::thread::sleep(pause);
            token = read()?;
        }
    }
    Ok(token)
}

/// How long a kind of credentials lives.
pub(super) struct Life {
    /// Where the time of receipt makes no sense.
    pub(super) usual: TimeDelta,
    /// An end further away than any lifetime is a clock that was set back.
    pub(super) longest: TimeDelta,
}

impl Life {
    /// Credentials in hand, with the moment from which they are renewed.
    pub(super) fn held(&self, credentials: Credentials, received: DateTime<Utc>, identity: &str) -> Held {
        let refresh_at = credentials.expiration.map(|end| freshness::refresh_at(end, received, self.usual));
        Held { credentials, refresh_at, identity: Some(identity.to_owned()) }
    }

    /// Judges what was received then.
    pub(super) fn judge(&self, host: &Host, held: &Held, received: DateTime<Utc>, need: &Need) -> Freshness {
        let now = host.clock.now();
        let (Some(end), Some(refresh_at)) = (held.credentials.expiration, held.refresh_at) else {
            return Freshness::Spent;
        };
        if end - now > self.longest + TOLERANCE {
            return Freshness::Stale;
        }
        let recent = (TimeDelta::zero()..JUST_RECEIVED).contains(&(now - received));
        freshness::judge(end, refresh_at, need.least.filter(|_| !recent), now)
    }

    /// Whether it has not ended, nor bears an end that none of its kind can have.
    pub(super) fn lasts(&self, host: &Host, held: &Held) -> bool {
        let left = held.credentials.expiration.map(|end| end - host.clock.now());
        left.is_some_and(|left| left > TimeDelta::zero() && left <= self.longest + TOLERANCE)
    }

    /// Whether it lasts for one more call.
    pub(super) fn signs_one_call(&self, host: &Host, held: &Held) -> bool {
        let left = held.credentials.expiration.map(|end| end - host.clock.now());
        left.is_some_and(|left| left > ONE_CALL && left <= self.longest + TOLERANCE)
    }

    /// What still lasts is used although it could not be renewed.
    pub(super) fn make_do(&self, host: &Host, need: &Need, held: Option<Held>, error: Error) -> Result<Held> {
        let held = held.filter(|_| !need.or_fail);
        let end = held.as_ref().and_then(|held| held.credentials.expiration);
        match (held, end.map(|end| end - host.clock.now())) {
            (Some(held), Some(left)) if left > TimeDelta::zero() && left <= self.longest + TOLERANCE => {
                host.warn(format!("not renewed, {} left: {}", time::words(left), error.in_one_line()));
                Ok(held)
            }
            _ => Err(error),
        }
    }
}
