//! After a renewal that failed: how long every shell leaves it alone, and what stands in its way.

use super::Slot;
use crate::host::fs::{self, Lock, Replace, TryLock};
use crate::host::{Host, path};
use crate::model::{Hindrance, ProfileName};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// The first pause after a failure; each further failure doubles it.
const FIRST: TimeDelta = TimeDelta::seconds(30);
const LONGEST: TimeDelta = TimeDelta::minutes(5);

/// A person who is needed is not needed less after a while; a server that said so may have been wrong.
const FOR_A_PERSON: TimeDelta = TimeDelta::minutes(15);

/// What stands in the way of a renewal, for a while.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Cooldown {
    pub(crate) why: Hindrance,
    /// One line for a person.
    pub(crate) message: String,
    since: i64,
    until: i64,
    failures: u32,
}

impl Cooldown {
    /// The one that lasts, if any. A clock that was set back ends it.
    pub(crate) fn read(host: &Host, profile: &ProfileName) -> Option<Cooldown> {
        let now = host.clock.now().timestamp();
        stored(&slot(host, profile)).filter(|kept| (kept.since..kept.until).contains(&now))
    }

    /// When it began.
    pub(crate) fn since(&self) -> DateTime<Utc> {
        DateTime::from_timestamp(self.since, 0).unwrap_or_default()
    }

    /// When a renewal may be tried again.
    pub(crate) fn until(&self) -> DateTime<Utc> {
        DateTime::from_timestamp(self.until, 0).unwrap_or_default()
    }
}

/// Has every shell leave the renewal alone for a while, longer after each failure. Where nothing can be kept, nobody
/// is told.
pub(crate) fn begin(host: &Host, profile: &ProfileName, why: Hindrance, message: String) {
    let slot = slot(host, profile);
    let Some(file) = slot.file() else { return };
    let failures = stored(&slot).map_or(0, |before| before.failures.saturating_add(1));
    let length = match why {
        Hindrance::SignIn => FOR_A_PERSON,
        Hindrance::Failed => (FIRST * (1 << failures.min(4))).min(LONGEST),
    };
    let since = host.clock.now().timestamp();
    let cooldown = Cooldown { why, message, since, until: since + length.num_seconds(), failures };
    if let Ok(text) = serde_json::to_vec(&cooldown) {
        let _ = fs::replace_private(&file, &text, Replace::Quick);
    }
}

/// Ends it: a renewal went well.
pub(crate) fn end(host: &Host, profile: &ProfileName) {
    let _ = super::forget(&slot(host, profile));
}

/// Whoever renews a profile in the background.
pub(crate) enum Turn {
    /// It is us, as long as this is held; without locks everybody is.
    Ours(Option<Lock>),
    /// It is another process.
    Anothers,
}

/// Asks to be the one who renews a profile in the background.
pub(crate) fn turn(host: &Host, profile: &ProfileName) -> Turn {
    let Some(path) = slot(host, profile).beside("lock") else { return Turn::Ours(None) };
    match fs::try_lock(&path) {
        TryLock::Got(lock) => Turn::Ours(Some(lock).filter(Lock::holds)),
        TryLock::Busy(_) => Turn::Anothers,
    }
}

/// Whether what comes of a renewal could be told to other processes: not where nothing can be written.
pub(crate) fn can_tell(host: &Host, profile: &ProfileName) -> bool {
    !matches!(turn(host, profile), Turn::Ours(None))
}

/// A profile of one config file: another file's may bear the same name.
fn slot(host: &Host, profile: &ProfileName) -> Slot {
    let file = host.env.text("AWS_CONFIG_FILE").map(|file| host.env.expand(file)).unwrap_or_default();
    Slot::own(host, "hook", &[&path::shown(&file, None), profile.as_str()])
}

fn stored(slot: &Slot) -> Option<Cooldown> {
    let contents = fs::read_private(&slot.file()?).ok()??;
    serde_json::from_slice(&contents.bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::{Fake, random};

    fn at(state: &str, now: i64) -> Host {
        let env = vec![("AWSENV_STATE_HOME".to_owned(), state.to_owned())];
        Host::fake(Fake { env, now: Some(now), ..Fake::default() })
    }

    #[test]
    fn each_failure_doubles_the_pause_and_a_success_ends_it() {
        let dir = std::env::temp_dir()
            .join(format!("awsenv-cooldown-{}", random::hex(&random::bytes::<8>().unwrap())));
        let state = dir.to_string_lossy().into_owned();
        let dev = "dev".parse().unwrap();
        let mut now = 1_800_000_000;
        for seconds in [30, 60, 120, 240, 300, 300] {
            begin(&at(&state, now), &dev, Hindrance::Failed, "no way".into());
            let last = Cooldown::read(&at(&state, now + seconds - 1), &dev).unwrap();
            assert_eq!((last.why, last.until().timestamp()), (Hindrance::Failed, now + seconds));
            assert_eq!(Cooldown::read(&at(&state, now + seconds), &dev), None, "{seconds}");
            assert_eq!(Cooldown::read(&at(&state, now - 1), &dev), None, "the clock was set back");
            now += seconds;
        }
        end(&at(&state, now), &dev);
        begin(&at(&state, now), &dev, Hindrance::Failed, "again".into());
        assert_eq!(Cooldown::read(&at(&state, now), &dev).unwrap().until().timestamp(), now + 30);
        std::fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn a_profile_has_one_turn_at_a_time() {
        let dir =
            std::env::temp_dir().join(format!("awsenv-turn-{}", random::hex(&random::bytes::<8>().unwrap())));
        let host = at(&dir.to_string_lossy(), 1_800_000_000);
        let first = turn(&host, &"dev".parse().unwrap());
        assert!(matches!(first, Turn::Ours(Some(_))));
        assert!(matches!(turn(&host, &"dev".parse().unwrap()), Turn::Anothers));
        assert!(matches!(turn(&host, &"prod".parse().unwrap()), Turn::Ours(Some(_))));
        std::fs::remove_dir_all(dir).unwrap();
    }
}
