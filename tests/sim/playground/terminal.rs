//! A program on a terminal of its own, typed on by nobody but us.

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, OptionalActions, OutputModes, tcgetattr, tcsetattr};
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// How long a program may take over anything.
const PATIENCE: Duration = Duration::from_secs(30);

/// Stands around the exit code that the shell prints after each line.
const MARK: char = '\u{1e}';

/// A terminal with a program on it. Dropped, the program is ended.
pub(crate) struct Terminal {
    typed: File,
    shown: Receiver<Vec<u8>>,
    screen: String,
    child: Child,
    /// Open as long as the terminal is used: without anybody on it, it would be closed.
    _line: File,
}

/// What a line left.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) shown: String,
}

impl Terminal {
    /// Starts a program with its arguments. `enter` is [`enter`] as a program, with the environment that is wished.
    pub(crate) fn start(mut enter: Command, program: &[&str]) -> io::Result<Terminal> {
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
        Ok(Terminal { typed, shown, screen: String::new(), child, _line: line })
    }

    /// Types a line for a POSIX shell, without waiting for what comes of it.
    pub(crate) fn begin(&mut self, line: &str) -> Result<(), String> {
        self.enter(&format!("{line}; printf '\\036%s\\036' \"$?\""))
    }

    /// Types a line as it is.
    pub(crate) fn enter(&mut self, answer: &str) -> Result<(), String> {
        self.typed.write_all(format!("{answer}\n").as_bytes()).map_err(|e| format!("typing: {e}"))
    }

    /// Waits until the line that was begun is done.
    pub(crate) fn end(&mut self) -> Result<Ran, String> {
        let shown = self.until(&MARK.to_string())?;
        let code = self.until(&MARK.to_string())?;
        let code = code.parse().map_err(|_| format!("the shell says `{code}` for an exit code"))?;
        Ok(Ran { code, shown })
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
            let left = PATIENCE.saturating_sub(start.elapsed());
            match self.shown.recv_timeout(left) {
                Ok(part) => self.screen += &String::from_utf8_lossy(&part).replace('\r', ""),
                Err(_) => return Err(format!("nothing came of it in time, but {:?}", self.screen)),
            }
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The terminal's end for programs.
fn on(name: &str) -> io::Result<File> {
    let mut both = OpenOptions::new();
    std::os::unix::fs::OpenOptionsExt::custom_flags(
        both.read(true).write(true),
        rustix::fs::OFlags::NOCTTY.bits().cast_signed(),
    )
    .open(name)
}

/// Becomes a program that the terminal `line` belongs to. Returns only if that fails.
pub(crate) fn enter(line: &str, program: &str, args: &[&str]) -> Result<String, String> {
    let become_it = || -> io::Result<io::Error> {
        rustix::process::setsid()?;
        let line = on(line)?;
        rustix::process::ioctl_tiocsctty(&line)?;
        let mut program = Command::new(program);
        program.args(args).stdin(line.try_clone()?).stdout(line.try_clone()?).stderr(line);
        Ok(program.exec())
    };
    Err(format!("{program} on {line}: {}", become_it().unwrap_or_else(|e| e)))
}
