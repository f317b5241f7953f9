//! Editing a file of the user's: under a lock, proven before it is written, replaced whole or not at all.

use super::document::Document;
use super::header::SectionId;
use super::location::location;
use super::rewrite::{self, Change};
use super::{Which, flaws::lower};
use crate::error::{Error, Kind, Result};
use crate::host::fs::{self, Lock, Replace, TryLock};
use crate::host::{Host, random};
use std::path::Path;
use std::time::Duration;
use zeroize::Zeroizing;

/// How long another process's edit is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// How often an edit starts over because someone else wrote the file meanwhile.
const MOST_TRIES: usize = 5;

/// Settings to put into one file or to take out of it.
///
/// ```text
/// Edit::of(Which::Config).set(&SectionId::profile("dev"), "region", "eu-west-1").apply(host)?;
/// ```
#[must_use]
pub(crate) struct Edit {
    which: Which,
    changes: Vec<Change>,
}

impl Edit {
    pub(crate) fn of(which: Which) -> Edit {
        Edit { which, changes: Vec::new() }
    }

    /// Puts a setting, in its place if it is there, else below the others of its section, else in a new section at
    /// the end of the file.
    pub(crate) fn set(self, section: &SectionId<'_>, key: &str, value: &str) -> Edit {
        self.with(section, key, Some(Zeroizing::new(value.to_owned())))
    }

    /// Takes a setting away, all its lines; one that is not there is as good.
    pub(crate) fn remove(self, section: &SectionId<'_>, key: &str) -> Edit {
        self.with(section, key, None)
    }

    fn with(mut self, section: &SectionId<'_>, key: &str, value: Option<Zeroizing<String>>) -> Edit {
        let key = lower(key).into_owned();
        self.changes.push(Change { section: section.clone().into_owned(), key, value });
        self
    }

    /// Makes the changes; says whether the file had to be written.
    ///
    /// All other bytes stay: comments, order, line ends, byte order mark. So do mode, owner and links. Of the config
    /// file the text before is kept as `config.awsenv-bak`; not of the credentials file, whose secrets may have been
    /// taken away on purpose.
    ///
    /// # Errors
    /// [`Kind::Config`] if the file has a flaw that makes an edit unsafe, if a change cannot be written down, or if
    /// the new text, read back, would say anything else than was asked for; [`Kind::Failed`] if the file cannot be
    /// locked or written. In all cases the file is as it was.
    pub(crate) fn apply(&self, host: &Host) -> Result<bool> {
        let place = location(host, self.which);
        let Some(path) = &place.path else {
            return Err(Error::new(
                Kind::Config,
                format!("there is no place for the {} file", self.which.file_name()),
            )
            .hint(format!("set HOME, or name the file: {}=…", self.which.variable())));
        };
        let _lock = lock(host, self.which, path, &place.shown)?;
        let failed = |e| Error::new(Kind::Failed, format!("{} cannot be written", place.shown)).because(e);
        let target = fs::target(path).map_err(failed)?;
        for _ in 0..MOST_TRIES {
            let stamp = fs::stamp(&target);
            let bytes = fs::read_config(&target)?.map(|contents| Zeroizing::new(contents.bytes));
            let before = bytes.as_deref().cloned().unwrap_or_default();
            let Some(text) = self.rewrite(&place.shown, before)? else { return Ok(false) };
            if let (Which::Config, Some(bytes)) = (self.which, &bytes) {
                fs::replace_private(&backup(&target), bytes, Replace::Quick).map_err(failed)?;
            }
            if fs::stamp(&target) == stamp {
                fs::replace_keeping(&target, text.as_bytes()).map_err(failed)?;
                return Ok(true);
            }
        }
        Err(Error::new(
            Kind::Failed,
            format!("{} is being changed by another program, again and again", place.shown),
        ))
    }

    fn rewrite(&self, shown: &str, before: Vec<u8>) -> Result<Option<Zeroizing<String>>> {
        let document = Document::parse(self.which, before);
        if let Some(flaw) = &document.flaws().obstacle {
            let message = format!("{shown}:{}: {}", flaw.line, flaw.message);
            return Err(
                Error::new(Kind::Config, message).hint("mend that line first: a damaged file is not edited")
            );
        }
        rewrite::rewrite(&document, &self.changes)
            .map_err(|why| Error::new(Kind::Config, format!("{shown} was not edited: {why}")))
    }
}

/// `config.awsenv-bak`, beside the file.
fn backup(target: &Path) -> std::path::PathBuf {
    let mut name = target.file_name().unwrap_or_default().to_owned();
    name.push(".awsenv-bak");
    target.with_file_name(name)
}

/// Takes the lock beside the file as it is named, waiting for another process's edit to end.
fn lock(host: &Host, which: Which, path: &Path, shown: &str) -> Result<Lock> {
    let lock = path.with_file_name(format!(".{}.lock", which.file_name()));
    let end = host.clock.boot() + PATIENCE;
    let mut pause = 15;
    loop {
        let pid = match fs::try_lock(&lock) {
            TryLock::Got(lock) => return Ok(lock),
            TryLock::Busy(pid) => pid,
        };
        if host.clock.boot() > end {
            let by = pid.map_or("another process".to_owned(), |pid| format!("process {pid}"));
            return Err(Error::new(
                Kind::Failed,
                format!("{shown} has been locked by {by} for {} s", PATIENCE.as_secs()),
            ));
        }
        let [jitter] = random::bytes::<1>()?;
        std::thread::sleep(Duration::from_millis(pause + u64::from(jitter) * pause / 512));
        pause = (pause * 3 / 2).min(100);
    }
}
