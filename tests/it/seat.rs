//! A seat at a terminal: a real shell, what is typed on it, and what a person sees.
//!
//! The shell's prompt bears a mark with a number, which nobody sees: so it is known when the prompt is back, and a
//! prompt that is only drawn again is not taken for a new one. `seat_shells` starts the shells.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::num::NonZeroU16;
use std::path::PathBuf;
use std::process::{Child, Command};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Keys that have no letter.
pub(crate) const CTRL_C: &str = "\x03";
pub(crate) const CTRL_D: &str = "\x04";
pub(crate) const CTRL_Z: &str = "\x1a";
pub(crate) const TAB: &str = "\t";
pub(crate) const UP: &str = "\x1b[A";

/// What begins a mark, and what ends it. Between them are the shell's process and the number of its prompt.
const MARK: &[u8] = b"\x1b]7777;";
const MARK_END: u8 = b'\x07';

/// A shell says so when it has read a line, unless the terminal is too dumb for bash. fish says it after what the hook
/// says: its rc file has a mark of our own.
const READ: &[u8] = b"\x1b[?2004l";
const READ_BY_FISH: &[u8] = b"\x1b]7778;\x07";
const READS: &[u8] = b"\x1b[?2004h";

/// How long anything may take on a machine with much to do.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long a shell may take to leave a terminal that is gone.
const GOODBYE: Duration = Duration::from_secs(5);

/// A shell on a terminal. Dropped, the terminal is gone, and everything that was started on it ends.
pub(crate) struct Seat {
    pub(crate) name: String,
    /// Its end for persons; none once it is closed.
    keyboard: Option<File>,
    shell: Child,
    /// Its processes bear this in their environment.
    tag: String,
    /// All that was ever shown.
    shown: Vec<u8>,
    screen: vt100::Parser<Answers>,
    /// Where the last line was typed.
    typed: usize,
    /// The last prompt that was waited for, and where it began if nothing was typed since.
    mark: Vec<u8>,
    prompt: Option<usize>,
    /// What begins the names of its files.
    pub(crate) paper: PathBuf,
    /// How often the shell was asked for its variables.
    asked: usize,
}

/// What the terminal itself says to a program that asks what it is, or where the cursor is.
#[derive(Default)]
struct Answers(Vec<u8>);

impl vt100::Callbacks for Answers {
    fn unhandled_csi(
        &mut self,
        screen: &mut vt100::Screen,
        first: Option<u8>,
        _: Option<u8>,
        params: &[&[u16]],
        letter: char,
    ) {
        match (first, letter) {
            (None, 'c') => self.0.extend(b"\x1b[?62;c"),
            (None, 'n') if params == [[6]] => {
                let (row, column) = screen.cursor_position();
                self.0.extend(format!("\x1b[{};{}R", row + 1, column + 1).bytes());
            }
            _ => {}
        }
    }
}

fn size(number: u16) -> NonZeroU16 {
    NonZeroU16::new(number).expect("a terminal has a size")
}

impl Seat {
    /// Starts `setsid --ctty` with the shell, on a terminal of this size. `paper` begins the names of its files.
    pub(crate) fn new(setsid: &mut Command, name: &str, (rows, columns): (u16, u16), paper: PathBuf) -> Seat {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let tag = format!("SEAT={}-{number}", std::process::id());
        // a child of another test that inherited it would keep the terminal open
        let keyboard =
            openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).expect("a terminal");
        grantpt(&keyboard).and_then(|()| unlockpt(&keyboard)).expect("a terminal of our own");
        let line = ptsname(&keyboard, Vec::new()).expect("a terminal with a name");
        let line = crate::terminal::on(&line.to_string_lossy()).expect("a terminal that opens");
        tcsetwinsize(&line, Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 })
            .expect("a size that is taken");
        let again = || line.try_clone().expect("one more descriptor");
        setsid.env("SEAT", &tag["SEAT=".len()..]).stdin(again()).stdout(again()).stderr(again());
        let shell = setsid.spawn().unwrap_or_else(|e| panic!("{name}: {e}"));
        Seat {
            name: name.to_owned(),
            keyboard: Some(File::from(keyboard)),
            shell,
            tag,
            shown: Vec::new(),
            screen: vt100::Parser::new_with_callbacks(size(rows), size(columns), 1000, Answers::default()),
            typed: 0,
            mark: Vec::new(),
            prompt: None,
            paper,
            asked: 0,
        }
    }

    /// Types a line and Enter, waits for the next prompt, and takes what was said until then.
    pub(crate) fn types(&mut self, line: &str) -> String {
        self.starts(line);
        self.prompt()
    }

    /// Types a line and Enter, and waits for nothing.
    pub(crate) fn starts(&mut self, line: &str) {
        self.prompt = Some(0);
        self.keys(&format!("{line}\r"));
    }

    /// Types an answer to a program, and Enter. A program may be asked too early for what a shell's Enter is.
    pub(crate) fn answers(&mut self, answer: &str) {
        self.keys(&format!("{answer}\n"));
    }

    /// Presses keys.
    pub(crate) fn keys(&mut self, keys: &str) {
        if self.prompt.take().is_some() {
            while self.look(Duration::ZERO) == Some(true) {}
            if let Some((mark, _)) = self.last_mark() {
                self.mark = mark;
            }
            self.typed = self.shown.len();
        }
        let keyboard = self.keyboard.as_mut().expect("the terminal is open");
        keyboard.write_all(keys.as_bytes()).unwrap_or_else(|e| panic!("typing {keys:?}: {e}"));
    }

    /// Waits for a prompt that is new, and takes what was said until then.
    pub(crate) fn prompt(&mut self) -> String {
        let (mark, at) =
            self.until("a prompt", |seat| seat.last_mark().filter(|(mark, _)| *mark != seat.mark));
        self.mark = mark;
        self.prompt = Some(at);
        self.said()
    }

    /// What was said since the last line was typed, as text: without its echo and without the line of the prompt.
    pub(crate) fn said(&self) -> String {
        let mut said = &self.shown[self.typed..self.prompt.unwrap_or(self.shown.len())];
        let read = if self.name == "fish" { READ_BY_FISH } else { READ };
        let begins = match find(said, read) {
            // zsh first says that it has read the line, and then ends the line
            Some(at) if self.name == "zsh" => find(&said[at..], b"\n").map(|end| at + end + 1),
            Some(at) => Some(at + read.len()),
            None if self.prompt.is_none() && find(&self.shown, READS).is_some() => None,
            None => find(said, b"\n").map(|end| end + 1),
        };
        said = &said[begins.unwrap_or(said.len())..];
        if self.prompt.is_some() {
            said = &said[..said.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1)];
        }
        plain(said)
    }

    /// The same with every byte of it, and what surrounds it.
    pub(crate) fn raw(&self) -> String {
        String::from_utf8_lossy(&self.shown[self.typed..]).into_owned()
    }

    /// All that was ever shown, with every byte of it.
    pub(crate) fn all(&self) -> String {
        String::from_utf8_lossy(&self.shown).into_owned()
    }

    /// Waits until this is said in answer to the last line. If its prompt is back, it must have been.
    pub(crate) fn sees(&mut self, text: &str) {
        self.until(&format!("{text:?} to be said"), |seat| {
            let said = seat.said();
            assert!(
                said.contains(text) || seat.prompt.is_none(),
                "{}: {text:?} is not in\n{said}\n{}",
                seat.name,
                seat.told()
            );
            said.contains(text).then_some(())
        });
    }

    /// Waits until this is on the screen, wherever it is.
    pub(crate) fn shows(&mut self, text: &str) {
        self.until(&format!("{text:?} on the screen"), |seat| {
            seat.screen.screen().contents().contains(text).then_some(())
        });
    }

    /// The screen as it is now.
    pub(crate) fn screen(&mut self) -> String {
        while self.look(Duration::ZERO) == Some(true) {}
        self.screen.screen().contents()
    }

    /// Gives the terminal another size.
    pub(crate) fn resize(&mut self, rows: u16, columns: u16) {
        let keyboard = self.keyboard.as_ref().expect("the terminal is open");
        tcsetwinsize(keyboard, Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 })
            .expect("a size that is taken");
        self.screen.set_size(size(rows), size(columns));
    }

    /// `$?`, asked by a line of its own.
    pub(crate) fn status(&mut self) -> i32 {
        let said = self.types(if self.name == "fish" { "echo $status" } else { "echo $?" });
        said.trim()
            .parse()
            .unwrap_or_else(|_| panic!("{}: {said:?} is no status\n{}", self.name, self.told()))
    }

    /// The variables that a program gets from the shell, asked by a line of its own.
    pub(crate) fn env(&mut self) -> BTreeMap<String, String> {
        self.asked += 1;
        // a name that is new, for who does not overwrite; and no word that could be an alias
        let file = self.paper.with_extension(format!("env{}", self.asked));
        self.types(&format!("'/usr/bin/env' -0 >'{}'", file.display()));
        let text = std::fs::read(&file).unwrap_or_else(|e| panic!("{e}\n{}", self.told()));
        let text = String::from_utf8_lossy(&text);
        let pairs = text.split('\0').filter_map(|pair| pair.split_once('='));
        pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    /// The shell's process.
    pub(crate) fn pid(&self) -> u32 {
        self.shell.id()
    }

    /// Waits for the shell's end. Its exit code, or 128 and the signal.
    pub(crate) fn ends(&mut self) -> i32 {
        let start = Instant::now();
        loop {
            self.look(Duration::from_millis(5));
            if let Ok(Some(status)) = self.shell.try_wait() {
                let signal = std::os::unix::process::ExitStatusExt::signal(&status);
                return status.code().or(signal.map(|signal| 128 + signal)).unwrap_or(-1);
            }
            assert!(start.elapsed() < PATIENCE, "{}: it does not end\n{}", self.name, self.told());
        }
    }

    /// The terminal is gone, as when its window is closed. Returns when the shell has ended, with how long it took.
    pub(crate) fn hangs_up(&mut self) -> Duration {
        let start = Instant::now();
        self.keyboard = None;
        self.ends();
        start.elapsed()
    }

    /// What runs of all that was started here, without the shell: the process and its command line.
    pub(crate) fn left(&self) -> Vec<(i32, String)> {
        let shell = self.shell.id().cast_signed();
        let mut left = Vec::new();
        for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
            let Ok(pid) = entry.file_name().to_string_lossy().parse::<i32>() else { continue };
            let read = |name| std::fs::read(entry.path().join(name)).unwrap_or_default();
            // "pid (name) state parent group session …"; a name may hold anything
            let stat = String::from_utf8_lossy(&read("stat")).into_owned();
            let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
            let session = fields.get(3).and_then(|field| field.parse().ok()) == Some(shell);
            let tagged = read("environ").split(|byte| *byte == 0).any(|pair| pair == self.tag.as_bytes());
            if pid != shell && (session || tagged) && fields.first() != Some(&"Z") {
                left.push((pid, String::from_utf8_lossy(&read("cmdline")).replace('\0', " ")));
            }
        }
        left
    }

    /// Whether no program has the terminal open any more, within a moment.
    pub(crate) fn is_left(&mut self) -> bool {
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(2) {
            if self.look(Duration::from_millis(20)).is_none() {
                return true;
            }
        }
        false
    }

    /// Waits until something holds, and meanwhile reads what is shown.
    pub(crate) fn until<T>(&mut self, what: &str, mut holds: impl FnMut(&Seat) -> Option<T>) -> T {
        let start = Instant::now();
        loop {
            if let Some(found) = holds(self) {
                return found;
            }
            let open = self.look(Duration::from_millis(20)).is_some();
            assert!(
                open && start.elapsed() < PATIENCE,
                "{}: waited for {what}, {}\n{}",
                self.name,
                if open { "in vain" } else { "and the terminal was left" },
                self.told()
            );
        }
    }

    /// Reads what is shown, or waits so long for it. Whether something was; none if all programs have left.
    fn look(&mut self, patience: Duration) -> Option<bool> {
        let keyboard = self.keyboard.as_mut()?;
        let patience = Timespec::try_from(patience).expect("a short time");
        let ready = poll(&mut [PollFd::new(keyboard, PollFlags::IN)], Some(&patience));
        if !matches!(ready, Ok(1..)) {
            return Some(false);
        }
        let mut part = [0; 8192];
        let length = keyboard.read(&mut part).ok().filter(|length| *length > 0)?;
        self.shown.extend(&part[..length]);
        self.screen.process(&part[..length]);
        let answers = std::mem::take(&mut self.screen.callbacks_mut().0);
        keyboard.write_all(&answers).ok()?;
        Some(true)
    }

    /// The last mark since something was typed, and where it begins.
    fn last_mark(&self) -> Option<(Vec<u8>, usize)> {
        let shown = &self.shown[self.typed..];
        let marks = shown.windows(MARK.len()).enumerate().filter(|(_, window)| *window == MARK);
        let mut complete = marks.filter_map(|(at, _)| {
            let mark = &shown[at + MARK.len()..];
            Some((mark[..mark.iter().position(|byte| *byte == MARK_END)?].to_vec(), self.typed + at))
        });
        complete.next_back()
    }

    /// All that helps to understand a failure.
    fn told(&self) -> String {
        let tail = &self.shown[self.shown.len().saturating_sub(600)..];
        format!(
            "--- the screen\n{}\n--- the last of what was shown\n{:?}\n--- processes\n{:?}",
            self.screen.screen().contents(),
            String::from_utf8_lossy(tail),
            self.left()
        )
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.keyboard = None;
        let start = Instant::now();
        while start.elapsed() < GOODBYE && matches!(self.shell.try_wait(), Ok(None)) {
            std::thread::sleep(Duration::from_millis(2));
        }
        let _ = self.shell.kill();
        let _ = self.shell.wait();
        while let left = self.left()
            && !left.is_empty()
            && start.elapsed() < 2 * GOODBYE
        {
            for pid in left.into_iter().filter_map(|(pid, _)| Pid::from_raw(pid)) {
                let _ = kill_process(pid, Signal::KILL);
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}

/// What a terminal makes of it, if it is as long as needed.
fn plain(shown: &[u8]) -> String {
    const WIDTH: u16 = 200;
    let rows = shown.split(|byte| *byte == b'\n').count() + shown.len() / usize::from(WIDTH) + 1;
    let mut paper = vt100::Parser::new(size(u16::try_from(rows).unwrap_or(u16::MAX)), size(WIDTH), 0);
    paper.process(shown);
    paper.screen().contents().trim_end().to_owned()
}
