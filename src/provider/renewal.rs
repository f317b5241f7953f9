//! What every credential that can be renewed has in common.

use super::step::{Held, Need};
use crate::error::{Error, Result};
use crate::host::Host;
use crate::model::freshness::{self, Freshness};
use crate::model::time;
use chrono::{DateTime, TimeDelta, Utc};
use std::time::Duration;

/// What was received so recently is not renewed for lasting too short: a renewal would last no longer.
const JUST_RECEIVED: TimeDelta = TimeDelta::seconds(30);

/// No credentials that are renewed here live longer: an end further away is a clock that was set back.
const LONGEST: TimeDelta = TimeDelta::hours(12);

/// When a token that was refused is looked at once more.
const SOON: [Duration; 3] =
    [Duration::from_millis(20), Duration::from_millis(80), Duration::from_millis(200)];

/// Judges credentials that were received at `received`.
pub(super) fn judge(host: &Host, held: &Held, received: DateTime<Utc>, need: &Need) -> Freshness {
    let now = host.clock.now();
    let (Some(end), Some(refresh_at)) = (held.credentials.expiration, held.refresh_at) else {
        return Freshness::Spent;
    };
    let recent = (TimeDelta::zero()..JUST_RECEIVED).contains(&(now - received));
    if end - now > LONGEST {
        return Freshness::Stale;
    }
    freshness::judge(end, refresh_at, need.least.filter(|_| !recent), now)
}

/// What still lasts is used although it could not be renewed.
pub(super) fn make_do(host: &Host, held: Option<Held>, error: Error) -> Result<Held> {
    let Some(held) = held else { return Err(error) };
    let now = host.clock.now();
    match held.credentials.expiration {
        Some(end) if end > now && end - now <= LONGEST => {
            host.warn(format!("not renewed, {} left: {}", time::words(end - now), error.in_one_line()));
            Ok(held)
        }
        _ => Err(error),
    }
}

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
