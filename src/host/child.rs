//! A program that is asked something: run to its end within limits, and never left behind.

use super::{process, signals};
use std::ffi::{OsStr, OsString};
use std::io::Read;
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use zeroize::Zeroizing;

/// How long what a program left running may still hold its streams.
const AFTER: Duration = Duration::from_secs(1);

/// How long one that is to end may take for it.
const GRACE: Duration = Duration::from_millis(300);

/// The longest pause between two looks at a program that runs.
const PAUSE: Duration = Duration::from_millis(20);

/// What a program may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) time: Duration,
    /// Of bytes on stdout: one that writes more is ended.
    pub(crate) stdout: usize,
    /// Of bytes on stderr: what is more is not kept.
    pub(crate) stderr: usize,
}

/// What became of it. stdout may hold secrets: there is no `Debug`.
pub(crate) struct Done {
    pub(crate) end: End,
    pub(crate) stdout: Zeroizing<Vec<u8>>,
    pub(crate) stderr: Vec<u8>,
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Code(i32),
    Signal(i32),
    /// It ran for longer than it may, and was ended.
    TooLate,
    /// It wrote more than it may, and was ended.
    TooMuch,
    /// It wanted to ask at the terminal, which is not its own, and was ended.
    AtTerminal,
}

/// Whether what we run stays in our process group.
static TOGETHER: AtomicBool = AtomicBool::new(false);

/// From here on what we run stays in our process group: whoever ends that ends all of it. For a run that another
/// awsenv may end at any moment, without time for a last act.
pub(crate) fn stay_together() {
    TOGETHER.store(true, Ordering::Relaxed);
}

/// Runs a program with exactly this environment, without stdin.
///
/// It gets a process group of its own, which is ended with it when it takes too long, and when a signal ends us.
pub(crate) fn ask(
    path: &Path,
    argv: &[String],
    env: impl IntoIterator<Item = (OsString, OsString)>,
    limits: Limits,
) -> std::io::Result<Done> {
    let mut command = process::command(path);
    command.args(argv.iter().skip(1).map(OsStr::new)).env_clear().envs(env);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    #[cfg(unix)]
    {
        use std::os::unix::process::CommandExt as _;
        command.arg0(argv.first().map_or("", String::as_str));
        if !TOGETHER.load(Ordering::Relaxed) {
            command.process_group(0);
        }
    }
    let mut child = Running::of(command.spawn()?);
    let stdout = Stream::of(child.process.stdout.take(), limits.stdout);
    let stderr = Stream::of(child.process.stderr.take(), limits.stderr);
    let deadline = super::clock::boot() + limits.time;
    let mut pause = Duration::from_millis(1);
    let end = loop {
        if stdout.overflows() {
            break End::TooMuch;
        }
        if let Some(end) = child.look()? {
            break end;
        }
        if super::clock::boot() >= deadline {
            break End::TooLate;
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(PAUSE);
    };
    if matches!(end, End::TooLate | End::TooMuch | End::AtTerminal) {
        child.end();
    }
    let end = if stdout.finish() && matches!(end, End::Code(_)) { End::TooMuch } else { end };
    stderr.finish();
    Ok(Done { end, stdout: stdout.take(), stderr: stderr.take().to_vec() })
}

/// What comes out of a stream, up to a limit, read by a thread of its own.
struct Stream {
    kept: Arc<Mutex<Zeroizing<Vec<u8>>>>,
    most: usize,
    ended: Receiver<()>,
}

impl Stream {
    fn of(from: Option<impl Read + Send + 'static>, most: usize) -> Stream {
        // room for all of it at once: a vector that grows leaves copies behind
        let kept = Arc::new(Mutex::new(Zeroizing::new(Vec::with_capacity(most + 1))));
        let (end, ended) = channel();
        if let Some(mut from) = from {
            let kept = Arc::clone(&kept);
            std::thread::spawn(move || {
                let _end = end; // dropped with the thread
                let mut piece = Zeroizing::new([0; 4096]);
                while let Ok(length @ 1..) = from.read(&mut *piece) {
                    let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                    let room = (most + 1).saturating_sub(kept.len());
                    kept.extend_from_slice(&piece[..length.min(room)]);
                }
            });
        }
        Stream { kept, most, ended }
    }

    fn overflows(&self) -> bool {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).len() > self.most
    }

    /// Waits for its end, which something that the program left running may put off; whether it overflows.
    fn finish(&self) -> bool {
        let ended = self.ended.recv_timeout(AFTER);
        debug_assert!(matches!(ended, Err(RecvTimeoutError::Disconnected | RecvTimeoutError::Timeout)));
        self.overflows()
    }

    fn take(&self) -> Zeroizing<Vec<u8>> {
        let mut kept = std::mem::take(&mut *self.kept.lock().unwrap_or_else(PoisonError::into_inner));
        kept.truncate(self.most);
        kept
    }
}

/// A program that runs, known to the end of this process.
struct Running {
    process: Child,
    /// Emptied when it has ended: its number may be another's then.
    group: Arc<Mutex<Option<u32>>>,
}

impl Running {
    fn of(process: Child) -> Running {
        let group = Arc::new(Mutex::new(Some(process.id())));
        let known = Arc::clone(&group);
        signals::watch();
        signals::before_parting(move || end_group(&known));
        Running { process, group }
    }

    /// Its end, if it has come.
    #[cfg(unix)]
    fn look(&mut self) -> std::io::Result<Option<End>> {
        use rustix::process::{Pid, Signal, WaitOptions, waitpid};
        let pid = Pid::from_child(&self.process);
        // the lock keeps whoever ends us from a number that is free again
        let mut group = self.group.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((_, status)) = waitpid(Some(pid), WaitOptions::NOHANG | WaitOptions::UNTRACED)? else {
            return Ok(None);
        };
        if let Some(stop) = status.stopping_signal() {
            let asks = [Signal::TTIN, Signal::TTOU].iter().any(|signal| signal.as_raw() == stop);
            return Ok(asks.then_some(End::AtTerminal));
        }
        *group = None;
        let signal = status.terminating_signal().map(End::Signal);
        Ok(Some(signal.unwrap_or(End::Code(status.exit_status().unwrap_or(-1)))))
    }

    #[cfg(not(unix))]
    fn look(&mut self) -> std::io::Result<Option<End>> {
        Ok(self.process.try_wait()?.map(|status| End::Code(status.code().unwrap_or(-1))))
    }

    /// Ends it with all that it started, and waits for it.
    fn end(&mut self) {
        #[cfg(unix)]
        self.ask_to_end();
        end_group(&self.group);
        #[cfg(not(unix))]
        let _ = self.process.kill();
        let _ = self.process.wait();
    }

    /// Lets it first end what it started in other groups, as one of ours does.
    #[cfg(unix)]
    fn ask_to_end(&self) {
        use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
        let pid = Pid::from_child(&self.process);
        let _ = kill_process_group(pid, Signal::TERM);
        // unreaped, so that its number stays its own
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
        let deadline = super::clock::boot() + GRACE;
        while super::clock::boot() < deadline && matches!(waitid(WaitId::Pid(pid), options), Ok(None)) {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Running {
    /// Nothing runs on after an error.
    fn drop(&mut self) {
        if self.group.lock().unwrap_or_else(PoisonError::into_inner).is_some() {
            self.end();
        }
    }
}

fn end_group(group: &Mutex<Option<u32>>) {
    let id = group.lock().unwrap_or_else(PoisonError::into_inner).take();
    #[cfg(unix)]
    if let Some(pid) = id.and_then(|id| rustix::process::Pid::from_raw(id.cast_signed())) {
        use rustix::process::{Signal, kill_process, kill_process_group};
        let _ = if TOGETHER.load(Ordering::Relaxed) {
            kill_process(pid, Signal::KILL)
        } else {
            kill_process_group(pid, Signal::KILL)
        };
    }
    #[cfg(not(unix))]
    let _ = id;
}
