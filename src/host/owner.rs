//! Whose a file is, beside ours: one that names programs to run is believed only if nobody else can write it.

use std::fs::{File, Metadata};

/// Why others can write an open file.
#[cfg(unix)]
pub(super) fn others(file: &File, meta: &Metadata) -> Option<String> {
    use std::os::unix::fs::MetadataExt as _;
    let (uid, mode) = (meta.uid(), meta.mode() & 0o777);
    if uid != 0 && uid != rustix::process::geteuid().as_raw() {
        return Some(format!("it belongs to another user (uid {uid})"));
    }
    let open = mode & 0o022 != 0 && !(mode == 0o777 && is_windows_drive(file));
    open.then(|| format!("it has mode {mode:04o}"))
}

/// Whether the file is on a drive of Windows that WSL shows: every mode reads 0777 there, and says nothing.
#[cfg(target_os = "linux")]
fn is_windows_drive(file: &File) -> bool {
    const PLAN_9: u64 = 0x0102_1997;
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let wsl = release.to_ascii_lowercase().contains("microsoft");
    wsl && rustix::fs::fstatfs(file).is_ok_and(|system| u64::try_from(system.f_type) == Ok(PLAN_9))
}

#[cfg(all(unix, not(target_os = "linux")))]
fn is_windows_drive(_: &File) -> bool {
    false
}

#[cfg(not(unix))]
pub(super) fn others(_: &File, _: &Metadata) -> Option<String> {
    None
}
