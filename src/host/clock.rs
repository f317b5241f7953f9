//! Time: the wall clock, how far it is from the servers' clocks, and a clock that counts sleep.

use chrono::{DateTime, TimeDelta, Utc};
use std::cell::Cell;
use std::time::Duration;

/// Differences larger than this are nonsense, not skew.
const MOST_SKEW: TimeDelta = TimeDelta::hours(24 * 366 * 30);

/// Smaller differences are the network's delay and the header's whole seconds.
const LEAST_SKEW: TimeDelta = TimeDelta::seconds(30);

pub(crate) struct Clock {
    fake: Option<DateTime<Utc>>,
    skew: Cell<TimeDelta>,
}

impl Clock {
    pub(super) fn real() -> Clock {
        Clock { fake: None, skew: Cell::new(TimeDelta::zero()) }
    }

    pub(super) fn fake(now: Option<i64>) -> Clock {
        Clock { fake: now.and_then(|now| DateTime::from_timestamp(now, 0)), ..Clock::real() }
    }

    /// This machine's time. All that is stored, compared and shown is in this clock.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.fake.unwrap_or_else(now)
    }

    /// AWS's time, as far as known: for signatures and proofs.
    pub(crate) fn server_now(&self) -> DateTime<Utc> {
        self.now() + self.skew.get()
    }

    /// How far AWS's clock is ahead of this machine's; zero while nothing else is known.
    pub(crate) fn skew(&self) -> TimeDelta {
        self.skew.get()
    }

    /// Takes the `Date` of an answer. Small differences count as none.
    pub(crate) fn learn(&self, server: DateTime<Utc>) {
        let skew = server - self.now();
        if skew.abs() < LEAST_SKEW {
            self.skew.set(TimeDelta::zero());
        } else if skew.abs() < MOST_SKEW {
            self.skew.set(skew);
        }
    }

    /// [`boot`], by way of the host.
    #[expect(clippy::unused_self, reason = "time is told through the host")]
    pub(crate) fn boot(&self) -> Duration {
        boot()
    }
}

/// This machine's time, for what has no host: a thread of its own.
pub(crate) fn now() -> DateTime<Utc> {
    #[expect(clippy::disallowed_methods, reason = "the door")]
    Utc::now()
}

/// Time since boot, sleep included: for limits that must end, and marks that must not outlive a boot.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) fn boot() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// Time since boot; elsewhere the wall clock stands in for it.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) fn boot() -> Duration {
    #[expect(clippy::disallowed_methods, reason = "the door")]
    let now = Utc::now();
    now.signed_duration_since(DateTime::UNIX_EPOCH).to_std().unwrap_or_default()
}
