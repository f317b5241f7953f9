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
        self.apply_while(host, || {})
    }

    /// Whether the changes could be made now, as far as the file's text decides; nothing is written.
    ///
    /// # Errors
    /// [`Kind::Config`], as [`Edit::apply`].
    pub(crate) fn prove(&self, host: &Host) -> Result<()> {
        self.text(host).map(drop)
    }

    /// The text of the file with the changes made, which is not written; `None` if they change nothing.
    pub(crate) fn text(&self, host: &Host) -> Result<Option<Zeroizing<String>>> {
        let place = location(host, self.which);
        let Some(path) = &place.path else { return Ok(None) };
        let bytes = fs::read_config(path)?.map(|contents| contents.bytes).unwrap_or_default();
        self.rewrite(&place.shown, bytes)
    }

    /// `meanwhile` happens after the file was read, before it is written.
    fn apply_while(&self, host: &Host, mut meanwhile: impl FnMut()) -> Result<bool> {
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
            meanwhile();
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::Fake;
    use std::fs as disk;
    use std::path::PathBuf;

    /// A home directory of its own, removed when dropped.
    struct Home(PathBuf);

    impl Home {
        fn new(name: &str) -> Home {
            let path = std::env::temp_dir().join(format!("awsenv-edit-{name}-{}", std::process::id()));
            let _ = disk::remove_dir_all(&path);
            disk::create_dir_all(&path).unwrap();
            Home(path)
        }

        fn host(&self) -> Host {
            Host::fake(Fake { env: vec![("HOME".into(), self.0.display().to_string())], ..Fake::default() })
        }

        fn aws(&self, name: &str) -> PathBuf {
            self.0.join(".aws").join(name)
        }

        fn write(&self, name: &str, text: &str) {
            disk::create_dir_all(self.0.join(".aws")).unwrap();
            disk::write(self.aws(name), text).unwrap();
        }

        fn read(&self, name: &str) -> String {
            disk::read_to_string(self.aws(name)).unwrap()
        }

        fn names(&self) -> Vec<String> {
            let entries = disk::read_dir(self.0.join(".aws")).unwrap();
            let mut names: Vec<_> =
                entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
            names.sort();
            names
        }
    }

    impl Drop for Home {
        fn drop(&mut self) {
            let _ = disk::remove_dir_all(&self.0);
        }
    }

    fn region(name: &str) -> Edit {
        Edit::of(Which::Config).set(&SectionId::profile(name), "region", "eu-west-1")
    }

    #[test]
    fn a_new_file_is_private_and_the_same_edit_twice_writes_once() {
        let home = Home::new("new");
        assert!(region("dev").apply(&home.host()).unwrap());
        assert!(!region("dev").apply(&home.host()).unwrap());
        assert_eq!(home.read("config"), "[profile dev]\nregion = eu-west-1\n");
        assert_eq!(home.names(), [".config.lock", "config"]);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = |path: &Path| disk::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!((mode(&home.aws("config")), mode(&home.0.join(".aws"))), (0o600, 0o700));
        }
    }

    #[test]
    fn the_text_before_is_kept_of_the_config_file_alone() {
        let home = Home::new("backup");
        home.write("config", "# mine\n");
        home.write("credentials", "[dev]\naws_secret_access_key = s\n");
        region("dev").apply(&home.host()).unwrap();
        let dev = SectionId::profile("dev");
        Edit::of(Which::Credentials).remove(&dev, "AWS_SECRET_ACCESS_KEY").apply(&home.host()).unwrap();
        assert_eq!(home.read("config.awsenv-bak"), "# mine\n");
        assert_eq!(home.read("credentials"), "[dev]\n");
        assert_eq!(
            home.names(),
            [".config.lock", ".credentials.lock", "config", "config.awsenv-bak", "credentials"]
        );
    }

    #[test]
    fn a_damaged_file_is_not_touched() {
        let home = Home::new("damaged");
        for (text, message) in [
            ("[profile a]\nx=1\nx=2\n", "~/.aws/config:3: `x` is set in line 2 too: this one counts"),
            ("stray\n[profile a]\n", "~/.aws/config:1: text before the first `[section]`"),
            ("[profile a]\nx=\0\n", "~/.aws/config:2: a NUL byte: what it stands in is skipped"),
        ] {
            home.write("config", text);
            let error = region("b").apply(&home.host()).unwrap_err();
            assert_eq!((error.kind, error.message()), (Kind::Config, message));
            assert_eq!(home.read("config"), text);
        }
        assert_eq!(home.names(), [".config.lock", "config"]);
    }

    #[cfg(unix)]
    #[test]
    fn links_and_modes_are_kept() {
        use std::os::unix::fs::{PermissionsExt as _, symlink};
        let home = Home::new("links");
        disk::create_dir_all(home.0.join(".aws")).unwrap();
        disk::create_dir_all(home.0.join("dotfiles")).unwrap();
        let target = home.0.join("dotfiles/aws");
        symlink("../dotfiles/aws", home.aws("config")).unwrap();

        region("a").apply(&home.host()).unwrap();
        disk::set_permissions(&target, disk::Permissions::from_mode(0o640)).unwrap();
        region("b").apply(&home.host()).unwrap();

        assert!(disk::symlink_metadata(home.aws("config")).unwrap().is_symlink());
        assert_eq!(disk::metadata(&target).unwrap().permissions().mode() & 0o777, 0o640);
        let text = "[profile a]\nregion = eu-west-1\n\n[profile b]\nregion = eu-west-1\n";
        assert_eq!(disk::read_to_string(&target).unwrap(), text);
        assert_eq!(home.names(), [".config.lock", "config"]);

        disk::remove_file(home.aws("config")).unwrap();
        symlink("config", home.aws("config")).unwrap();
        assert_eq!(region("c").apply(&home.host()).unwrap_err().kind, Kind::Failed);
    }

    #[test]
    fn a_failed_write_leaves_the_file_and_nothing_else() {
        let home = Home::new("failed");
        home.write("config", "[profile a]\n");
        disk::create_dir(home.aws("config.awsenv-bak")).unwrap(); // in the way of the backup
        let error = region("a").apply(&home.host()).unwrap_err();
        assert_eq!((error.kind, error.message()), (Kind::Failed, "~/.aws/config cannot be written"));
        assert_eq!(home.read("config"), "[profile a]\n");
        assert_eq!(home.names(), [".config.lock", "config", "config.awsenv-bak"]);
    }

    #[test]
    fn twenty_edits_at_once_are_all_there() {
        let home = Home::new("parallel");
        home.write("config", "# shared\n");
        std::thread::scope(|scope| {
            for i in 0..20 {
                let home = &home;
                scope.spawn(move || region(&format!("p{i}")).apply(&home.host()).unwrap());
            }
        });
        let config = crate::config::load(&home.host()).unwrap();
        assert_eq!(config.names().len(), 20);
        assert_eq!(config.problems(), []);
    }

    #[test]
    fn what_another_program_writes_meanwhile_is_not_lost() {
        let home = Home::new("meanwhile");
        home.write("config", "# mine\n");
        let mut times = 0;
        let theirs = |name: &str| format!("# mine\n[profile {name}]\n");
        let edited = region("ours").apply_while(&home.host(), || {
            times += 1;
            if times == 1 {
                home.write("config", &theirs("theirs"));
            }
        });
        assert!(edited.unwrap());
        assert_eq!(home.read("config"), theirs("theirs") + "\n[profile ours]\nregion = eu-west-1\n");

        let error = region("more")
            .apply_while(&home.host(), || {
                times += 1;
                home.write("config", &theirs(&times.to_string()));
            })
            .unwrap_err();
        assert_eq!((error.kind, times), (Kind::Failed, 2 + MOST_TRIES));
        assert_eq!(home.read("config"), theirs(&times.to_string()));
    }

    #[test]
    fn a_lock_is_waited_for() {
        let home = Home::new("locked");
        let held = fs::try_lock(&home.aws(".config.lock"));
        assert!(matches!(held, TryLock::Got(_)));
        std::thread::scope(|scope| {
            let edit = scope.spawn(|| region("a").apply(&home.host()).unwrap());
            std::thread::sleep(Duration::from_millis(40));
            assert!(!home.aws("config").exists());
            drop(held);
            assert!(edit.join().unwrap());
        });
    }

    #[test]
    fn without_a_home_there_is_nothing_to_edit() {
        let error = region("a").apply(&Host::fake(Fake::default())).unwrap_err();
        assert_eq!((error.kind, error.message()), (Kind::Config, "there is no place for the config file"));
    }
}
