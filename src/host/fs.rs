//! Files: read with suspicion, replaced whole, locked beside.

use crate::error::{Error, Kind, Result};
use crate::host::{owner, random};
use chrono::{DateTime, TimeDelta, Utc};
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};

/// The most of one of our own or the AWS CLI's cache files that is read.
const LARGEST_PRIVATE: u64 = 256 * 1024;

/// The most of a config file that is read.
const LARGEST_CONFIG: u64 = 64 * 1024 * 1024;

/// A temporary file of ours that is older was left by a killed process.
const ORPHAN_AGE: TimeDelta = TimeDelta::hours(1);

/// What was read, when the file was written, and who else could have written it.
pub(crate) struct Contents {
    pub(crate) bytes: Vec<u8>,
    pub(crate) modified: DateTime<Utc>,
    /// Why others than we and root can write it: `it has mode 0666`; `None` if they cannot.
    pub(crate) others: Option<String>,
}

/// Why a file is not read.
pub(crate) struct Unfit {
    pub(crate) why: String,
    /// It is no such file and never will be; else it may be read another time, or is not ours to judge.
    pub(crate) for_ever: bool,
}

impl Unfit {
    fn for_ever(why: impl Into<String>) -> Unfit {
        Unfit { why: why.into(), for_ever: true }
    }

    fn now(why: impl Into<String>) -> Unfit {
        Unfit { why: why.into(), for_ever: false }
    }

    /// A link that is not followed is for ever, a lack of descriptors or of permission is not.
    fn opened(e: &std::io::Error) -> Unfit {
        #[cfg(unix)]
        if e.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error()) {
            return Unfit::for_ever("it is a link");
        }
        Unfit::now(e.to_string())
    }
}

/// Reads a file that the user keeps: links are followed, a missing file is `Ok(None)`.
///
/// # Errors
/// [`Kind::Config`] for a directory, a pipe, a file that cannot be read or is larger than 64 MiB.
pub(crate) fn read_config(path: &Path) -> Result<Option<Contents>> {
    read(path, LARGEST_CONFIG, true).map_err(|unfit| {
        Error::new(Kind::Config, format!("{} cannot be read", path.display())).because(unfit.why)
    })
}

/// Reads a file that holds secrets: only a regular file of ours, never through a link; its mode is tightened.
///
/// # Errors
/// The reason why it is no such file, in words.
pub(crate) fn read_private(path: &Path) -> Result<Option<Contents>, Unfit> {
    read(path, LARGEST_PRIVATE, false)
}

fn read(path: &Path, largest: u64, shared: bool) -> Result<Option<Contents>, Unfit> {
    let file = match open(path, shared) {
        Ok(file) => file,
        Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(None),
        Err(e) if shared => return Err(Unfit::now(e.to_string())),
        Err(e) => return Err(Unfit::opened(&e)),
    };
    let meta = file.metadata().map_err(|e| Unfit::now(e.to_string()))?;
    if meta.is_dir() {
        return Err(Unfit::for_ever("it is a directory"));
    }
    if !meta.is_file() {
        return Err(Unfit::for_ever("it is not a regular file"));
    }
    if meta.len() > largest {
        return Err(Unfit::for_ever(format!("it is larger than {} KiB", largest / 1024)));
    }
    if !shared {
        check_private(&file, &meta)?;
    }
    let others = owner::others(&file, &meta);
    let mut bytes = Vec::with_capacity(usize::try_from(meta.len()).unwrap_or(0) + 1);
    file.take(largest + 1).read_to_end(&mut bytes).map_err(|e| Unfit::now(e.to_string()))?;
    if bytes.len() as u64 > largest {
        return Err(Unfit::for_ever(format!("it is larger than {} KiB", largest / 1024)));
    }
    let modified = meta.modified().map_or(DateTime::UNIX_EPOCH, DateTime::from);
    Ok(Some(Contents { bytes, modified, others }))
}

#[cfg(unix)]
fn open(path: &Path, follow: bool) -> std::io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut flags = rustix::fs::OFlags::NONBLOCK; // a pipe in its place must not hang us
    if !follow {
        flags |= rustix::fs::OFlags::NOFOLLOW;
    }
    OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(path)
}

#[cfg(not(unix))]
fn open(path: &Path, _follow: bool) -> std::io::Result<File> {
    OpenOptions::new().read(true).open(path)
}

#[cfg(unix)]
fn check_private(file: &File, meta: &fs::Metadata) -> Result<(), Unfit> {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    let us = rustix::process::geteuid().as_raw();
    if meta.uid() != us {
        return Err(Unfit::now(format!("it belongs to another user (uid {})", meta.uid())));
    }
    if meta.nlink() > 1 {
        return Err(Unfit::for_ever("it has a second name (a hard link)"));
    }
    if meta.mode() & 0o077 != 0 {
        // made by a tool that left it open to others; a read-only file system keeps it so
        let _ = file.set_permissions(fs::Permissions::from_mode(0o600));
    }
    Ok(())
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "the same shape as on Unix")]
fn check_private(_: &File, _: &fs::Metadata) -> Result<(), Unfit> {
    Ok(())
}

/// Makes a directory that only we can enter, and those above it. One that exists is left as it is.
pub(crate) fn make_private_dir(dir: &Path) -> std::io::Result<()> {
    let mut missing = Vec::new();
    let mut at = Some(dir);
    while let Some(path) = at.filter(|path| !path.as_os_str().is_empty() && !path.exists()) {
        missing.push(path);
        at = path.parent();
    }
    for path in missing.into_iter().rev() {
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        match builder.create(path) {
            Ok(()) => open_to_us(path, 0o700),
            Err(e) if e.kind() == ErrorKind::AlreadyExists => {}
            Err(e) => return Err(e),
        }
    }
    Ok(())
}

/// Gives us what we just made: a umask may have taken the owner's own bits.
#[cfg_attr(not(unix), expect(unused_variables, reason = "modes are of Unix"))]
fn open_to_us(path: &Path, mode: u32) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let _ = fs::set_permissions(path, fs::Permissions::from_mode(mode));
    }
}

/// How a file is replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Replace {
    /// What it holds can be fetched again.
    Quick,
    /// It must survive a power cut.
    Durable,
}

/// Replaces a file that holds secrets: a new 0600 file takes the name at once, whatever had it (a link, a file
/// with other modes) is left behind. On any failure the old content stays and no temporary file remains.
pub(crate) fn replace_private(path: &Path, bytes: &[u8], how: Replace) -> std::io::Result<()> {
    let dir = parent(path);
    make_private_dir(dir)?;
    sweep(dir);
    replace(path, bytes, how, None)
}

/// Replaces a file of the user's, keeping its mode and owner; `path` is what the links lead to. A new file is 0600.
pub(crate) fn replace_keeping(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    make_private_dir(parent(path))?;
    replace(path, bytes, Replace::Durable, fs::metadata(path).ok())
}

fn replace(path: &Path, bytes: &[u8], how: Replace, like: Option<fs::Metadata>) -> std::io::Result<()> {
    let temp = temp_name(path).map_err(|e| std::io::Error::other(e.message().to_owned()))?;
    let written = write_new(&temp, bytes, how, like).and_then(|()| fs::rename(&temp, path));
    if let Err(e) = written {
        let _ = fs::remove_file(&temp);
        return Err(e);
    }
    if how == Replace::Durable
        && let Ok(dir) = File::open(parent(path))
    {
        let _ = dir.sync_all(); // some file systems cannot; the rename is done either way
    }
    Ok(())
}

fn write_new(temp: &Path, bytes: &[u8], how: Replace, like: Option<fs::Metadata>) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(temp)?;
    open_to_us(temp, 0o600);
    file.write_all(bytes)?;
    if let Some(like) = like {
        file.set_permissions(kept(&file, &like))?;
    }
    if how == Replace::Durable {
        file.sync_all()?;
    }
    Ok(())
}

/// Gives a new file the owner of the one that it replaces; the permissions that it may then have. Where it stays with
/// another group, that group gets nothing.
#[cfg(unix)]
fn kept(new: &File, like: &fs::Metadata) -> fs::Permissions {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    let same_group = std::os::unix::fs::fchown(new, Some(like.uid()), Some(like.gid())).is_ok();
    fs::Permissions::from_mode(if same_group { like.mode() } else { like.mode() & !0o070 })
}

#[cfg(not(unix))]
fn kept(_: &File, like: &fs::Metadata) -> fs::Permissions {
    like.permissions()
}

/// `.NAME.<random>.awsenv.tmp`, in the same directory.
fn temp_name(path: &Path) -> Result<PathBuf> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    Ok(parent(path).join(format!(".{name}.{}{TEMP_END}", random::hex(&random::bytes::<8>()?))))
}

const TEMP_END: &str = ".awsenv.tmp";

/// Removes what killed processes of ours left here.
fn sweep(dir: &Path) {
    #[expect(clippy::disallowed_methods, reason = "compared with file times, which are the real clock's")]
    let now = Utc::now();
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let ours = entry.file_name().to_string_lossy().ends_with(TEMP_END);
        let old = || Some(now - DateTime::<Utc>::from(entry.metadata().ok()?.modified().ok()?) > ORPHAN_AGE);
        if ours && old() == Some(true) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

fn parent(path: &Path) -> &Path {
    path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// What the links at `path` lead to, whether that exists or not; `path` itself if it is no link.
///
/// # Errors
/// A loop.
pub(crate) fn target(path: &Path) -> std::io::Result<PathBuf> {
    let mut at = path.to_owned();
    for _ in 0..40 {
        match fs::read_link(&at) {
            Ok(to) => at = parent(&at).join(to),
            Err(_) => return Ok(at),
        }
    }
    Err(std::io::Error::other("its links go round in a circle"))
}

/// Removes a file; one that is not there is as good.
pub(crate) fn remove(path: &Path) -> std::io::Result<bool> {
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(false),
        Err(e) => Err(e),
    }
}

/// Moves a damaged file (or a directory in its place) to `PATH.bad`, keeping one.
pub(crate) fn set_aside(path: &Path) -> std::io::Result<PathBuf> {
    let mut bad = path.as_os_str().to_owned();
    bad.push(".bad");
    let bad = PathBuf::from(bad);
    fs::rename(path, &bad).or_else(|_| {
        fs::remove_dir(&bad).or_else(|_| fs::remove_file(&bad))?;
        fs::rename(path, &bad)
    })?;
    Ok(bad)
}

/// A held lock; the kernel drops it with the process, however that ends.
pub(crate) struct Lock {
    file: Option<File>,
}

impl Lock {
    /// Whether it keeps others out.
    pub(crate) fn holds(&self) -> bool {
        self.file.is_some()
    }
}

/// What came of trying to lock.
pub(crate) enum TryLock {
    Got(Lock),
    /// Another process holds it; its id, if it wrote one.
    Busy(Option<u32>),
}

/// Tries to take the lock file at `path`, making it if need be. The file stays for the next process.
///
/// A file system without locks, or a place that cannot be written, yields a lock that holds nothing off: at worst
/// a request is made twice.
pub(crate) fn try_lock(path: &Path) -> TryLock {
    let unlocked = TryLock::Got(Lock { file: None });
    if make_private_dir(parent(path)).is_err() {
        return unlocked;
    }
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
        options.mode(0o600).custom_flags(flags.bits().cast_signed());
    }
    let missing = !path.exists();
    let Ok(mut file) = options.open(path) else { return unlocked };
    if missing {
        open_to_us(path, 0o600);
    }
    match file.try_lock() {
        Ok(()) => {
            // never valid JSON: `aws sso logout` parses every file of its cache directory
            let _ = file.set_len(0).and_then(|()| writeln!(file, "pid {}", std::process::id()));
            TryLock::Got(Lock { file: Some(file) })
        }
        Err(fs::TryLockError::WouldBlock) => {
            let mut note = String::new();
            let _ = file.take(64).read_to_string(&mut note);
            TryLock::Busy(note.strip_prefix("pid ").and_then(|pid| pid.trim().parse().ok()))
        }
        Err(fs::TryLockError::Error(_)) => unlocked,
    }
}

/// What tells whether a file is still the one that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    modified: DateTime<Utc>,
    length: u64,
    inode: u64,
}

/// The stamp of a file as it is now; `None` if there is none.
pub(crate) fn stamp(path: &Path) -> Option<Stamp> {
    let meta = fs::metadata(path).ok()?;
    #[cfg(unix)]
    let inode = std::os::unix::fs::MetadataExt::ino(&meta);
    #[cfg(not(unix))]
    let inode = 0;
    Some(Stamp { modified: meta.modified().ok()?.into(), length: meta.len(), inode })
}

/// Whether our own files may be kept below `home`: under `sudo` it may be another user's.
pub(crate) fn is_ours(home: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        fs::metadata(home).is_ok_and(|meta| meta.uid() == rustix::process::geteuid().as_raw())
    }
    #[cfg(not(unix))]
    home.is_dir()
}
