//! A program in the foreground and we behind it, for who has to live as long as it does.
//!
//! Nobody should notice us: it has our terminal, process group, descriptors, directory and limits. What the terminal
//! sends comes to both, so it is not passed on; what somebody sends to us is. We stop after it has stopped,
//! continue it, and end as it ended. If we are killed, Linux sends it TERM; elsewhere, and for a program that
//! changes its user (sudo), it runs on. What we were started to ignore, as by `nohup`, it ignores too; that also is
//! known on Linux alone.
//!
//! Seen from outside: after Ctrl-Z a shell says 147 (STOP), not 148, since the default of TSTP cannot
//! be had back; a signal sent to the whole group, such as by `kill %1`, may reach the program twice, and INT sent to
//! us alone while we are in front on a terminal does not reach it; and descriptors from 3 on stay open here until it
//! ends.

use super::{Host, process, signals};
use crate::error::{Error, Kind, Result};
use rustix::process::{Pid, Resource, Rlimit, Signal, WaitId, WaitIdOptions};
use signal_hook::consts::{
    SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGSTOP, SIGTERM, SIGTSTP, SIGTTIN, SIGTTOU, SIGUSR1, SIGUSR2,
};
use signal_hook::iterator::Signals;
use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Child;

/// Sent to us, and meant for the program.
const PASSED_ON: [i32; 4] = [SIGTERM, SIGHUP, SIGUSR1, SIGUSR2];

/// Keys: the terminal sends them to both, somebody else to us alone.
const KEYS: [i32; 2] = [SIGINT, SIGQUIT];

/// The terminal sends them to both, and it decides whether we stop. (Once stopped, a shell has the terminal: it would
/// be too late to ask whether it was a key.)
const LEFT_TO_IT: [i32; 3] = [SIGTSTP, SIGTTIN, SIGTTOU];

/// The word by which another awsenv knows that it is to become the program.
const BECOME: &str = "become-command";

/// How a program ended.
#[derive(Clone, Copy, Debug)]
pub(crate) enum End {
    Code(i32),
    Signal(i32),
}

/// Runs a program to its end, with exactly this environment. To be called by the main thread: the program is told of
/// the death of the thread that started it.
pub(crate) fn run(path: &Path, argv: &[OsString], env: &[(OsString, OsString)]) -> Result<End> {
    let failed = |e: std::io::Error| Error::new(Kind::Failed, "the command cannot be waited for").because(e);
    signals::leave_to_another();
    let ignored = signals::ignored(); // by nohup: it is to ignore them too
    let heeded =
        PASSED_ON.into_iter().chain(KEYS).chain(LEFT_TO_IT).filter(|signal| ignored >> (signal - 1) & 1 == 0);
    // who ignores CHLD is not told how a child ended
    let heeded = heeded.chain([SIGCHLD]);
    let mut heeded = Signals::new(heeded).map_err(failed)?;
    let child = start(path, argv, env).map_err(|e| process::not_started(path, &e))?;
    let child = Pid::from_child(&child);
    std::thread::spawn(move || {
        for signal in heeded.forever() {
            let meant = PASSED_ON.contains(&signal) || KEYS.contains(&signal) && !has_keys();
            if let Some(signal) = Signal::from_named_raw(signal).filter(|_| meant) {
                let _ = rustix::process::kill_process(child, signal);
            }
        }
    });
    let_go_of_streams();
    wait(child).map_err(|e| failed(e.into()))
}

/// Whether the terminal sends its keys to our group.
fn has_keys() -> bool {
    let tty = std::fs::File::open("/dev/tty").ok();
    tty.and_then(|tty| rustix::termios::tcgetpgrp(tty).ok()) == Some(rustix::process::getpgrp())
}

/// Linux: by way of another awsenv, which can ask for a signal when we die.
fn start(path: &Path, argv: &[OsString], env: &[(OsString, OsString)]) -> std::io::Result<Child> {
    let ourselves = process::ourselves()?;
    let mut command = if cfg!(target_os = "linux") && ourselves.exists() {
        let mut command = process::command(&ourselves);
        command.arg0("awsenv").arg(BECOME).arg(std::process::id().to_string()).arg(path).args(argv);
        command
    } else {
        let mut command = process::command(path);
        command.arg0(&argv[0]).args(&argv[1..]);
        command
    };
    command.env_clear().envs(env.iter().map(|(name, value)| (name, value))).spawn()
}

/// If we are that other awsenv: becomes the program. Returns only if that fails.
pub(crate) fn become_command(host: &Host, argv: &[OsString]) -> Option<Error> {
    let [_, word, parent, path, command @ ..] = argv else { return None };
    if word != BECOME || command.is_empty() {
        return None;
    }
    #[cfg(target_os = "linux")]
    {
        let _ = rustix::process::set_parent_process_death_signal(Some(Signal::TERM));
        // it may have died before that
        if rustix::process::getppid().map(|pid| pid.to_string()) != parent.to_str().map(str::to_owned) {
            return Some(Error::new(Kind::Failed, "the awsenv that started this one is gone"));
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = parent;
    let env: Vec<_> = host.env.all().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    Some(process::become_program(Path::new(path), command, &env))
}

/// Closes our copies of stdin and stdout, so that who is at their other ends sees when the program closes its own.
fn let_go_of_streams() {
    let null = std::fs::OpenOptions::new().read(true).write(true).open("/dev/null");
    if let Ok(null) = null {
        let _ = rustix::stdio::dup2_stdin(&null);
        let _ = rustix::stdio::dup2_stdout(&null);
    }
}

/// Waits for its end, and stops whenever it stops. It is never reaped: until we end, its number is not another's.
fn wait(child: Pid) -> rustix::io::Result<End> {
    let look = |options| rustix::io::retry_on_intr(|| rustix::process::waitid(WaitId::Pid(child), options));
    loop {
        let seen = look(WaitIdOptions::EXITED | WaitIdOptions::STOPPED | WaitIdOptions::NOWAIT)?;
        let Some(seen) = seen else { continue };
        if let Some(code) = seen.exit_status() {
            return Ok(End::Code(code));
        }
        if let Some(signal) = seen.terminating_signal() {
            return Ok(End::Signal(signal));
        }
        // takes that it stopped; it may run again already, or have ended, which is an error here
        if !matches!(look(WaitIdOptions::STOPPED | WaitIdOptions::NOHANG), Ok(Some(_))) {
            continue;
        }
        let _ = signal_hook::low_level::raise(SIGSTOP);
        // somebody has continued us: others us alone, a shell the whole group, and it may have stopped again since
        let since = WaitIdOptions::CONTINUED | WaitIdOptions::STOPPED;
        if matches!(look(since | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT), Ok(None)) {
            let _ = rustix::process::kill_process(child, Signal::CONT);
        }
    }
}

impl End {
    /// Ends us in the same way: by the same signal, or with the exit code that is returned.
    pub(crate) fn ours(self) -> u8 {
        let signal = match self {
            End::Code(code) => return code.to_le_bytes()[0],
            End::Signal(signal) => signal,
        };
        // the dump of its memory is its own affair, that of ours is nobody's
        let _ = rustix::process::setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
        let _ = signal_hook::low_level::emulate_default_handler(signal);
        let _ = signal_hook::low_level::raise(signal); // one that it does not know has its default still
        128 | signal.to_le_bytes()[0]
    }
}
