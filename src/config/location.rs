//! Which two files are read, by which variable.

use super::Which;
use crate::host::Host;
use crate::host::path::shown;
use std::path::PathBuf;

/// Where a file is, if anywhere.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Location {
    pub(super) path: Option<PathBuf>,
    /// For people: the home directory is `~`.
    pub(super) shown: String,
    /// Whether the place depends on the working directory.
    pub(super) is_relative: bool,
}

/// Finds a file: `AWS_CONFIG_FILE` or `AWS_SHARED_CREDENTIALS_FILE`, else `~/.aws/config` or `~/.aws/credentials`.
///
/// In a variable's value `$NAME`, `${NAME}` and a leading `~` are expanded. A variable that is set but empty names
/// no file, and without a home directory there is none.
///
/// Source: botocore `configloader.py`, `raw_config_parse` (`os.path.expandvars`, then `os.path.expanduser`).
pub(super) fn location(host: &Host, which: Which) -> Location {
    let home = host.home();
    let path = match host.env.var(which.variable()) {
        Some(value) => Some(host.env.expand(value)).filter(|path| !path.as_os_str().is_empty()),
        None => match host.env.path(which.variable()) {
            Some(not_text) => Some(not_text),
            None => home.as_ref().map(|home| home.join(".aws").join(which.file_name())),
        },
    };
    let Some(path) = path else { return Location { shown: which.variable().into(), ..Location::default() } };
    Location { shown: shown(&path, home.as_deref()), is_relative: path.is_relative(), path: Some(path) }
}
