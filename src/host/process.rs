//! Other programs: finding them, starting one beside us, becoming one. And what protects this process itself.

use crate::error::{Error, Kind, Result};
use crate::host::Host;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Finds a program by the `PATH` of the host's environment; a name with a slash is a path.
pub(crate) fn find(host: &Host, name: &OsStr) -> Option<PathBuf> {
    let is_path = Path::new(name).components().count() > 1;
    let here = if is_path { "." } else { "" };
    which::which_in(name, host.env.path("PATH"), here).ok()
}

/// Starts a program that outlives us: no streams, a process group of its own (Ctrl-C here does not reach it).
pub(crate) fn start_detached(path: &Path, args: &[String]) -> std::io::Result<()> {
    let mut command = command(path);
    command.args(args).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command.spawn().map(drop)
}

/// Starts another awsenv that outlives us, without streams. It is of our process group until it calls [`detach`],
/// which a group's leader could not.
pub(crate) fn start_ourselves(args: &[&str]) -> std::io::Result<()> {
    let mut command = command(&ourselves()?);
    #[cfg(unix)]
    std::os::unix::process::CommandExt::arg0(&mut command, "awsenv");
    command.args(args).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().map(drop)
}

/// This program. On Linux by a name that is right even when its file was replaced.
pub(crate) fn ourselves() -> std::io::Result<PathBuf> {
    if cfg!(target_os = "linux") { Ok("/proc/self/exe".into()) } else { std::env::current_exe() }
}

/// The path by which this program is found, for text that outlives this run: not what links lead to, which the next
/// upgrade takes away.
pub(crate) fn lasting_path(host: &Host) -> std::io::Result<PathBuf> {
    let program = std::env::current_exe()?;
    let is_us = |path: &PathBuf| path.canonicalize().ok() == program.canonicalize().ok();
    let called = std::env::args_os().next().and_then(|name| find(host, &name));
    let found = called.filter(is_us).or_else(|| find(host, OsStr::new("awsenv")).filter(is_us));
    std::path::absolute(found.unwrap_or_else(|| program.clone()))
}

/// Leaves the terminal and the job control of the shell that started us. Not its directory: files may be named from there.
pub(crate) fn detach() {
    #[cfg(unix)]
    let _ = rustix::process::setsid();
}

pub(super) fn command(path: &Path) -> Command {
    #[expect(clippy::disallowed_methods, reason = "the door")]
    Command::new(path)
}

/// Becomes another program. Returns only if that fails.
///
/// Its environment is exactly `env`. Its signals, exit code, terminal, working directory and open descriptors are
/// the caller's, since no process stands between. SIGPIPE and the signal mask are as a new program expects them.
#[cfg(unix)]
pub(crate) fn become_program(path: &Path, argv: &[OsString], env: &[(OsString, OsString)]) -> Error {
    use std::os::unix::process::CommandExt as _;
    unharden();
    let mut command = command(path);
    if let Some((name, args)) = argv.split_first() {
        command.arg0(name).args(args);
    }
    command.env_clear().envs(env.iter().map(|(name, value)| (name, value)));
    not_started(path, &command.exec())
}

/// Runs another program in our place, and ends as it ends: Windows cannot become one.
#[cfg(not(unix))]
pub(crate) fn become_program(path: &Path, argv: &[OsString], env: &[(OsString, OsString)]) -> Error {
    let mut command = command(path);
    command.args(argv.iter().skip(1));
    command.env_clear().envs(env.iter().map(|(name, value)| (name, value)));
    match command.status() {
        #[expect(clippy::disallowed_methods, clippy::exit, reason = "the child's full 32-bit code is ours")]
        Ok(status) => std::process::exit(status.code().unwrap_or(1)),
        Err(e) => not_started(path, &e),
    }
}

fn not_started(path: &Path, e: &std::io::Error) -> Error {
    let kind = match e.kind() {
        std::io::ErrorKind::NotFound => Kind::NotFound,
        _ => Kind::NotExecutable,
    };
    Error::new(kind, format!("`{}` cannot be run", path.display())).because(e)
}

/// Finds the command of `exec`, telling "not there" from "there, but not a program".
pub(crate) fn find_command(host: &Host, name: &OsStr) -> Result<PathBuf> {
    let shown = crate::model::text::field(&name.to_string_lossy());
    if let Some(path) = find(host, name) {
        return Ok(path);
    }
    let is_path = name.to_string_lossy().contains(std::path::is_separator);
    let somewhere = if is_path {
        Path::new(name).exists()
    } else {
        host.env
            .path("PATH")
            .is_some_and(|path| std::env::split_paths(&path).any(|dir| dir.join(name).is_file()))
    };
    Err(match (name.is_empty(), somewhere) {
        (true, _) => Error::new(Kind::NotFound, "the command is an empty string"),
        (_, true) => Error::new(Kind::NotExecutable, format!("`{shown}` is not a program that can be run")),
        (_, false) if is_path => Error::new(Kind::NotFound, format!("there is no `{shown}`")),
        (_, false) => Error::new(Kind::NotFound, format!("there is no command `{shown}` on PATH")),
    })
}

/// The names of the processes above this one, nearest first, at most ten processes: of each the path of its
/// program, then the name it runs under. They differ: a script runs under its own name, its program is its shell;
/// xonsh runs under its own name, its program is Python.
pub(crate) fn ancestors() -> Vec<String> {
    let mut names = Vec::new();
    let mut pid = parent_of("self");
    for _ in 0..10 {
        let Some(at) = pid.filter(|at| at != "0") else { break };
        // another user's program cannot be seen, its name can
        if let Ok(program) = std::fs::read_link(format!("/proc/{at}/exe")) {
            names.push(program.to_string_lossy().into_owned());
        }
        match std::fs::read_to_string(format!("/proc/{at}/comm")) {
            Ok(name) => names.push(name.trim().to_owned()),
            Err(_) => break,
        }
        pid = parent_of(&at);
    }
    if names.is_empty() { ancestors_by_ps() } else { names }
}

/// The parent, by Linux's `/proc`.
fn parent_of(pid: &str) -> Option<String> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // the name is in parentheses and may hold blanks and parentheses itself
    stat.rsplit_once(')')?.1.split_whitespace().nth(1).map(str::to_owned)
}

/// The same where there is no `/proc`: macOS, the BSDs.
fn ancestors_by_ps() -> Vec<String> {
    let mut names = Vec::new();
    let mut pid = std::process::id().to_string();
    while names.len() < 10 && pid != "0" && pid != "1" {
        let mut ps = command(Path::new("/bin/ps"));
        let Ok(output) = ps.args(["-o", "ppid=,comm=", "-p", &pid]).stderr(Stdio::null()).output() else {
            break;
        };
        let line = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        let Some((parent, name)) = line.split_once(char::is_whitespace) else { break };
        names.push(name.trim().to_owned());
        parent.clone_into(&mut pid);
    }
    names.drain(..names.len().min(1)); // the first is ourselves
    names
}

/// Keeps this process out of core dumps and its memory away from other programs of the same user.
pub(crate) fn harden() {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
}

/// Undoes for a child what [`harden`] did to us. (A new program is dumpable again by itself.)
#[cfg(unix)]
fn unharden() {}
