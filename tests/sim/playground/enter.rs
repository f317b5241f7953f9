//! `in-terminal LINE PROGRAM ARGS…`: becomes a program that the terminal LINE belongs to.

use crate::terminal;
use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

/// Becomes the program. Returns only if that fails.
pub(crate) fn enter(line: &str, program: &str, args: &[&str]) -> Result<String, String> {
    let become_it = || -> io::Result<io::Error> {
        rustix::process::setsid()?;
        let line = terminal::on(line)?;
        rustix::process::ioctl_tiocsctty(&line)?;
        let mut program = Command::new(program);
        program.args(args).stdin(line.try_clone()?).stdout(line.try_clone()?).stderr(line);
        Ok(program.exec())
    };
    Err(format!("{program} on {line}: {}", become_it().unwrap_or_else(|e| e)))
}
