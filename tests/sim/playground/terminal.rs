//! A program on a terminal of its own, typed on by nobody but us.

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, OptionalActions, OutputModes, tcgetattr, tcsetattr};
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// How long a program may take over anything.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long an interruption may go unnoticed.
const MOMENT: Duration = Duration::from_millis(50);

/// How long what still runs on a terminal may take to leave it.
const GOODBYE: Duration = Duration::from_secs(3);

/// A terminal with a program on it. Dropped, the program is ended.
pub(crate) struct Terminal {
    typed: File,
    shown: Receiver<Vec<u8>>,
    screen: String,
    child: Child,
    /// Open as long as the terminal is used: without anybody on it, it would be closed.
    line: Option<File>,
    interrupted: Arc<AtomicBool>,
}

impl Terminal {
    /// Starts a program with its arguments. `enter` is the playground as `in-terminal`, with the
    /// environment that is wished. Once `interrupted`, nothing is waited for any more.
    pub(crate) fn start(
        mut enter: Command,
        program: &[&str],
        interrupted: Arc<AtomicBool>,
    ) -> io::Result<Terminal> {
        let typed = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY)?;
        grantpt(&typed)?;
        unlockpt(&typed)?;
        let name = ptsname(&typed, Vec::new())?.into_string().map_err(io::Error::other)?;
        let line = on(&name)?;
        let mut modes = tcgetattr(&line)?;
        modes.local_modes.remove(LocalModes::ECHO); // what is typed is in the transcript already
        modes.output_modes.remove(OutputModes::ONLCR);
        tcsetattr(&line, OptionalActions::Now, &modes)?;
        let child = enter.arg(&name).args(program).stdin(Stdio::null()).spawn()?;
        let typed = File::from(typed);
        let mut screen = typed.try_clone()?;
        let (sender, shown) = channel();
        std::thread::spawn(move || {
            let mut part = [0; 4096];
            while let Ok(length @ 1..) = screen.read(&mut part) {
                if sender.send(part[..length].to_vec()).is_err() {
                    break;
                }
            }
        });
        Ok(Terminal { typed, shown, screen: String::new(), child, line: Some(line), interrupted })
    }

    /// Types a line as it is.
    pub(crate) fn enter(&mut self, answer: &str) -> Result<(), String> {
        self.typed.write_all(format!("{answer}\n").as_bytes()).map_err(|e| format!("typing: {e}"))
    }

    /// Waits until `mark` is shown, and takes what is shown before it.
    pub(crate) fn until(&mut self, mark: &str) -> Result<String, String> {
        let start = Instant::now();
        loop {
            if let Some((before, after)) = self.screen.split_once(mark) {
                let (before, after) = (before.to_owned(), after.to_owned());
                self.screen = after;
                return Ok(before);
            }
            if self.interrupted.load(Ordering::Relaxed) {
                return Err("it was interrupted".to_owned());
            }
            match self.shown.recv_timeout(MOMENT) {
                Ok(part) => self.screen += &String::from_utf8_lossy(&part).replace('\r', ""),
                Err(RecvTimeoutError::Timeout) if start.elapsed() < PATIENCE => {}
                Err(_) => return Err(format!("nothing came of it in time, but {:?}", self.screen)),
            }
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        // what the program started is told by the system that its terminal is gone; it may have something to put right
        self.line = None;
        let start = Instant::now();
        while start.elapsed() < GOODBYE && self.shown.recv_timeout(GOODBYE).is_ok() {}
    }
}

/// The terminal's end for programs.
pub(crate) fn on(name: &str) -> io::Result<File> {
    let mut both = OpenOptions::new();
    std::os::unix::fs::OpenOptionsExt::custom_flags(
        both.read(true).write(true),
        rustix::fs::OFlags::NOCTTY.bits().cast_signed(),
    )
    .open(name)
}
