//! When credentials are renewed: one rule for the hook, `export`, `login` and `exec` alike.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// The longest time before expiration at which a renewal is due.
const LONGEST_WINDOW: TimeDelta = TimeDelta::minutes(15);

/// No credentials live longer (`GetSessionToken`: 36 h): a longer lifetime means a file with a wrong time.
const LONGEST_LIFE: TimeDelta = TimeDelta::hours(36);

/// How credentials stand at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Freshness {
    /// Nothing to do.
    Fresh,
    /// A renewal is due; if it fails, they still work.
    Stale,
    /// They have ended.
    Spent,
}

/// What stands in the way of a renewal: `AWSENV_RENEWAL` in a loaded shell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Hindrance {
    /// A person must sign in.
    SignIn,
    /// The last try failed.
    Failed,
}

impl Hindrance {
    /// What the variable holds.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Hindrance::SignIn => "sign-in",
            Hindrance::Failed => "failed",
        }
    }

    /// The same read again.
    pub(crate) fn of(raw: &str) -> Option<Hindrance> {
        [Hindrance::SignIn, Hindrance::Failed].into_iter().find(|why| why.as_str() == raw)
    }
}

/// The moment from which a renewal is due: expiration − min(15 min, a third of the lifetime).
///
/// The lifetime is counted from `received`. A file's time may be wrong (copied, restored, clock set back): when it
/// gives a lifetime of nothing, or of more than 36 h, `usual` stands in (15 min for console sign-in, 1 h for the rest).
pub(crate) fn refresh_at(
    expiration: DateTime<Utc>,
    received: DateTime<Utc>,
    usual: TimeDelta,
) -> DateTime<Utc> {
    let counted = expiration - received;
    let life = if counted <= TimeDelta::zero() || counted > LONGEST_LIFE { usual } else { counted };
    expiration - (life / 3).min(LONGEST_WINDOW)
}

/// Judges credentials at `now`. The edge of a window is inside it; `least` is how much must remain (`--min-ttl`).
pub(crate) fn judge(
    expiration: DateTime<Utc>,
    refresh_at: DateTime<Utc>,
    least: Option<TimeDelta>,
    now: DateTime<Utc>,
) -> Freshness {
    if now >= expiration {
        Freshness::Spent
    } else if now >= refresh_at || least.is_some_and(|least| expiration - now < least) {
        Freshness::Stale
    } else {
        Freshness::Fresh
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(minute)
    }

    #[test]
    fn the_window_is_a_third_of_the_lifetime_and_at_most_15_minutes() {
        let usual = TimeDelta::minutes(15);
        assert_eq!(refresh_at(at(15), at(0), usual), at(10), "console sign-in: 5 of 15 minutes");
        assert_eq!(refresh_at(at(60), at(0), usual), at(45), "a role's hour: 15 minutes");
        assert_eq!(refresh_at(at(60), at(70), usual), at(55), "a file from the future: the usual lifetime");
        assert_eq!(refresh_at(at(60 * 40), at(0), usual), at(60 * 40 - 5), "a file from long ago: the same");
    }

    #[test]
    fn the_edges_are_inside() {
        let judge = |now| judge(at(15), at(10), None, now);
        assert_eq!(judge(at(10) - TimeDelta::seconds(1)), Freshness::Fresh);
        assert_eq!(judge(at(10)), Freshness::Stale);
        assert_eq!(judge(at(15) - TimeDelta::seconds(1)), Freshness::Stale);
        assert_eq!(judge(at(15)), Freshness::Spent);
        assert_eq!(super::judge(at(60), at(45), Some(TimeDelta::minutes(50)), at(11)), Freshness::Stale);
    }
}
