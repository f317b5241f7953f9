//! The same where a program cannot be become and there are no signals: Windows. Read, never compiled.

use super::{Host, process};
use crate::error::{Error, Result};
use std::ffi::OsString;
use std::path::Path;

/// The exit code of a program: all 32 bits of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct End(i32);

/// Runs a program to its end, with exactly this environment and our three streams.
///
/// Ctrl-C and Ctrl-Break come to both, and are left to it: while somebody listens, they do not end us.
pub(crate) fn run(path: &Path, argv: &[OsString], env: &[(OsString, OsString)]) -> Result<End> {
    let _listens = (tokio::signal::windows::ctrl_c(), tokio::signal::windows::ctrl_break());
    let mut command = process::command(path);
    command.args(argv.iter().skip(1));
    command.env_clear().envs(env.iter().map(|(name, value)| (name, value)));
    let status = command.status().map_err(|e| process::not_started(path, &e))?;
    Ok(End(status.code().unwrap_or(1)))
}

/// No other awsenv stands between.
pub(crate) fn become_command(_: &Host, _: &[OsString]) -> Option<Error> {
    None
}

impl End {
    /// Ends us with the same code.
    pub(crate) fn ours(self) -> u8 {
        #[expect(clippy::disallowed_methods, clippy::exit, reason = "an exit code of main has 8 bits")]
        std::process::exit(self.0)
    }
}
