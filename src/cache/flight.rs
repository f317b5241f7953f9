//! One flight: of all processes that need the same thing at once, one fetches it and the others use what it got.

use super::Slot;
use crate::error::{Error, Kind, Result};
use crate::host::fs::{self, Lock, TryLock};
use crate::host::{Host, clock, random};
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::time::Duration;

/// The first and the longest pause between two looks at a held lock.
const FIRST_PAUSE: Duration = Duration::from_millis(15);
const LONGEST_PAUSE: Duration = Duration::from_millis(150);

/// A waiter is told what it waits for after this long.
const SAY_AFTER: Duration = Duration::from_secs(2);

/// What a flight is about.
pub(crate) struct Flight<'a> {
    pub(crate) slot: &'a Slot,
    /// How long the holder may take.
    pub(crate) limit: Duration,
    /// What a waiter says it waits for: "the sign-in to `dev`".
    pub(crate) what: &'a str,
}

impl Flight<'_> {
    /// What to do when the holder is interrupted: who waits is told that it was cancelled, and does not ask in turn.
    pub(crate) fn cancellation(&self) -> impl FnOnce() + Send + use<> {
        let path = self.slot.beside("fail");
        let error = Error::new(Kind::Interrupted, format!("{} was cancelled in another awsenv", self.what));
        move || {
            if let Some(path) = path {
                share_failure(clock::boot(), &path, &error);
            }
        }
    }
}

/// Returns what `ready` finds, or does `work` while every other process waits for it.
///
/// `ready` is asked without the lock, after every pause, and again with the lock: so the work is done once, however
/// many start at the same moment. A failure is shared as well: who was waiting when it happened fails with the same
/// words at once, for asking again would only make each wait in turn.
///
/// # Errors
/// Those of `work`; [`Kind::Failed`] naming the holder when it holds the lock for longer than its limit.
pub(crate) fn fly<T>(
    host: &Host,
    flight: &Flight,
    mut ready: impl FnMut() -> Result<Option<T>>,
    work: impl FnOnce() -> Result<T>,
) -> Result<T> {
    let (Some(lock_path), Some(fail_path)) = (flight.slot.beside("lock"), flight.slot.beside("fail")) else {
        return work(); // nothing can be kept, so nothing can be shared
    };
    let started = host.clock.boot();
    let mut look = || match ready()? {
        Some(found) => Ok(Some(found)),
        None => shared_failure(&fail_path, started).map_or(Ok(None), Err),
    };
    let lock = match turn(host, flight, &lock_path, &mut look)? {
        Turn::Spared(found) => return Ok(found),
        Turn::Ours(lock) => lock,
    };
    if let Some(found) = look()? {
        return Ok(found);
    }
    let outcome = work();
    match &outcome {
        Ok(_) => drop(fs::remove(&fail_path)),
        // what the holder typed or has no terminal for is no answer for the others
        Err(error) if matches!(error.kind, Kind::Usage | Kind::Config) => {}
        Err(error) => share_failure(host.clock.boot(), &fail_path, error),
    }
    drop(lock);
    outcome
}

/// Does `work` after any flight that is under way, however that ends.
pub(crate) fn after<T>(host: &Host, flight: &Flight, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let Some(lock_path) = flight.slot.beside("lock") else { return work() };
    match turn(host, flight, &lock_path, || Ok(None))? {
        Turn::Spared(found) => Ok(found),
        Turn::Ours(_lock) => work(),
    }
}

/// What waiting for the lock came to.
enum Turn<T> {
    /// What was wanted is there.
    Spared(T),
    Ours(Lock),
}

/// Waits for the lock, and looks before every try whether it is still needed.
fn turn<T>(
    host: &Host,
    flight: &Flight,
    lock_path: &Path,
    mut look: impl FnMut() -> Result<Option<T>>,
) -> Result<Turn<T>> {
    let started = host.clock.boot();
    let mut pause = FIRST_PAUSE;
    let mut said = false;
    let lock = loop {
        if let Some(found) = look()? {
            return Ok(Turn::Spared(found));
        }
        let holder = match fs::try_lock(lock_path) {
            TryLock::Got(lock) => break lock,
            TryLock::Busy(holder) => holder,
        };
        let waited = host.clock.boot().saturating_sub(started);
        let name = holder.map_or_else(String::new, |pid| format!(" (process {pid})"));
        if waited > flight.limit + Duration::from_secs(5) {
            let message = format!("{} has been going on in another awsenv{name} for too long", flight.what);
            return Err(Error::new(Kind::Failed, message).hint("end that process, then try again"));
        }
        if waited > SAY_AFTER && !said {
            said = true;
            host.say(format!("waiting for {} in another awsenv{name}", flight.what));
        }
        let jitter = random::bytes::<1>().map_or(0, |[dice]| u64::from(dice) / 16);
        std::thread::sleep(pause + Duration::from_millis(jitter));
        pause = (pause * 2).min(LONGEST_PAUSE);
    };
    if !lock.holds() {
        // without locks, chance keeps most of those who start together apart
        let dice = random::bytes::<1>().map_or(0, |[dice]| u64::from(dice));
        std::thread::sleep(Duration::from_millis(dice * 300 / 255));
    }
    Ok(Turn::Ours(lock))
}

#[derive(Serialize, Deserialize)]
struct Failure {
    boot: String,
    when_millis: u64,
    kind: String,
    message: String,
    causes: Vec<String>,
    hints: Vec<String>,
}

/// Not JSON as a whole: `aws sso logout` parses every file of its directory.
const FAILURE_HEAD: &str = "# awsenv\n";

fn share_failure(when: Duration, path: &Path, error: &Error) {
    let (message, causes, hints) = error.parts();
    let failure = Failure {
        boot: boot_id(),
        when_millis: millis(when),
        kind: format!("{:?}", error.kind),
        message: message.to_owned(),
        causes: causes.to_vec(),
        hints: hints.to_vec(),
    };
    let text = format!("{FAILURE_HEAD}{}\n", serde_json::to_string(&failure).unwrap_or_default());
    let _ = fs::replace_private(path, text.as_bytes(), fs::Replace::Quick);
}

/// The failure of a flight that ended after we had started to wait.
fn shared_failure(path: &Path, started: Duration) -> Option<Error> {
    let contents = fs::read_private(path).ok()??;
    let text = std::str::from_utf8(&contents.bytes).ok()?.strip_prefix(FAILURE_HEAD)?;
    let failure: Failure = serde_json::from_str(text).ok()?;
    if failure.boot != boot_id() || failure.when_millis <= millis(started) {
        return None;
    }
    let kind = Kind::ALL.into_iter().find(|kind| format!("{kind:?}") == failure.kind)?;
    let error = failure.causes.iter().fold(Error::new(kind, failure.message), Error::because);
    Some(failure.hints.into_iter().fold(error, Error::hint))
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// Tells one boot from another, since time since boot starts over.
fn boot_id() -> String {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::Fake;

    fn slot() -> (Host, Slot, std::path::PathBuf) {
        let dir = std::env::temp_dir()
            .join(format!("awsenv-flight-{}", random::hex(&random::bytes::<8>().unwrap())));
        let env = vec![("AWS_LOGIN_CACHE_DIRECTORY".to_owned(), dir.to_string_lossy().into_owned())];
        let host = Host::fake(Fake { env, ..Fake::default() });
        let slot = Slot::login(&host, "s");
        (host, slot, dir)
    }

    fn flight(slot: &Slot) -> Flight<'_> {
        Flight { slot, limit: Duration::from_millis(0), what: "the test" }
    }

    #[test]
    fn the_work_is_done_only_if_nobody_did_it() {
        let (host, slot, dir) = slot();
        let done = fly(&host, &flight(&slot), || Ok(None), || Ok(1)).unwrap();
        let found = fly(&host, &flight(&slot), || Ok(Some(2)), || panic!("not needed")).unwrap();
        assert_eq!((done, found), (1, 2));
        std::fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn who_was_waiting_fails_with_the_holders_words_and_who_comes_later_tries() {
        let (host, slot, dir) = slot();
        let error = || Error::new(Kind::Unreachable, "no way").because("c").hint("h");
        let first: Result<()> = fly(&host, &flight(&slot), || Ok(None), || Err(error()));
        assert!(first.is_err());
        let path = slot.beside("fail").unwrap();
        let shared = shared_failure(&path, Duration::ZERO).unwrap();
        assert_eq!(shared.render(), error().render());
        assert!(shared_failure(&path, host.clock.boot() + Duration::from_millis(1)).is_none());
        assert_eq!(fly(&host, &flight(&slot), || Ok(None), || Ok(3)).unwrap(), 3);
        assert!(!path.exists(), "a success ends the failure");
        std::fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn a_holder_that_takes_too_long_is_named() {
        let (host, slot, dir) = slot();
        let TryLock::Got(held) = fs::try_lock(&slot.beside("lock").unwrap()) else { panic!("not locked") };
        let patient = Flight { limit: Duration::ZERO, ..flight(&slot) };
        let started = host.clock.boot();
        let late: Result<()> = fly(&host, &patient, || Ok(None), || panic!("the lock is held"));
        assert!(late.unwrap_err().message().contains(&std::process::id().to_string()));
        assert!(host.clock.boot().saturating_sub(started) < Duration::from_secs(8));
        drop(held);
        std::fs::remove_dir_all(dir).unwrap();
    }
}
