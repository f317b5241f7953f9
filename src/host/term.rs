//! The three streams and the terminal behind them.

use crate::error::{Error, Kind, Result};
use crate::host::Person;
use crate::model::text;
use std::cell::{Cell, RefCell};
use std::io::{BufRead as _, BufReader, IsTerminal as _, Read as _, Write as _};

/// The longest answer that is read.
const LONGEST_ANSWER: u64 = 64 * 1024;

pub(crate) struct Term {
    out: RefCell<Vec<u8>>,
    said: RefCell<String>,
    fake: Option<FakeTerm>,
    quiet: Cell<bool>,
    debug: Cell<bool>,
}

struct FakeTerm {
    person: Option<RefCell<Person>>,
    stdout_is_terminal: bool,
}

impl Term {
    pub(super) fn real() -> Term {
        Term {
            out: RefCell::default(),
            said: RefCell::default(),
            fake: None,
            quiet: Cell::new(false),
            debug: Cell::new(false),
        }
    }

    pub(super) fn fake(person: Option<Person>, stdout_is_terminal: bool) -> Term {
        let fake = FakeTerm { person: person.map(RefCell::new), stdout_is_terminal };
        Term { fake: Some(fake), ..Term::real() }
    }

    pub(super) fn written(&self) -> (Vec<u8>, String) {
        (self.out.borrow().clone(), self.said.borrow().clone())
    }

    pub(super) fn out(&self, data: &[u8]) {
        self.out.borrow_mut().extend_from_slice(data);
    }

    /// Forgets what was to be written to stdout.
    pub(crate) fn take_back(&self) {
        self.out.borrow_mut().clear();
    }

    /// Writes what was gathered for stdout, at once.
    ///
    /// # Errors
    /// [`Kind::Failed`] if stdout is closed or full. A reader that has gone (`awsenv list | head`) is no error.
    pub(crate) fn flush(&self) -> Result<()> {
        let data = self.out.borrow();
        if self.fake.is_some() || data.is_empty() {
            return Ok(());
        }
        super::signals::nothing_more_to_say();
        let mut stdout = std::io::stdout().lock();
        match stdout.write_all(&data).and_then(|()| stdout.flush()) {
            Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => {
                Err(Error::new(Kind::Failed, "stdout cannot be written").because(e))
            }
            _ => Ok(()),
        }
    }

    pub(crate) fn set_quiet(&self, quiet: bool) {
        self.quiet.set(quiet);
    }

    pub(crate) fn set_debug(&self, debug: bool) {
        self.debug.set(debug);
    }

    pub(super) fn say(&self, line: &str) {
        if !self.quiet.get() {
            self.write(line);
        }
    }

    pub(super) fn whisper(&self, line: &str, plain: bool) {
        let line = text::clean(line);
        if plain || self.fake.is_some() || !std::io::stderr().is_terminal() {
            self.say(&line);
        } else {
            self.say(&format!("\u{1b}[2m{line}\u{1b}[0m"));
        }
    }

    pub(super) fn warn(&self, line: &str) {
        self.write(&format!("warning: {}", text::clean(line)));
    }

    pub(super) fn debug(&self, line: impl FnOnce() -> String) {
        if self.debug.get() {
            self.write(&format!("debug: {}", text::clean(&line())));
        }
    }

    /// An error's lines: said even with `--quiet`.
    pub(crate) fn complain(&self, error: &Error) {
        self.write(error.render().trim_end());
    }

    /// A line for a program that reads stderr: as it is, even with `--quiet`.
    pub(crate) fn command(&self, line: &str) {
        self.write(line);
    }

    fn write(&self, line: &str) {
        if self.fake.is_some() {
            let mut said = self.said.borrow_mut();
            said.push_str(line);
            said.push('\n');
            return;
        }
        // one write: lines of several processes do not mix; a closed stderr is nobody's concern
        let _ = std::io::stderr().lock().write_all(format!("{line}\n").as_bytes());
    }

    /// Puts a question on the terminal itself. (Windows: its input cannot be written to; stderr is the next best.)
    #[cfg_attr(unix, expect(clippy::unused_self, reason = "the same shape as elsewhere"))]
    fn prompt(&self, question: &str) -> std::io::Result<()> {
        if cfg!(windows) {
            return std::io::stderr().lock().write_all(question.as_bytes());
        }
        tty()?.write_all(question.as_bytes())
    }

    pub(crate) fn stdout_is_terminal(&self) -> bool {
        self.fake.as_ref().map_or_else(|| std::io::stdout().is_terminal(), |fake| fake.stdout_is_terminal)
    }

    /// Whether there is somebody to ask.
    pub(crate) fn can_ask(&self) -> bool {
        match &self.fake {
            Some(fake) => fake.person.is_some(),
            None => tty().is_ok(),
        }
    }

    /// Asks on the terminal itself, so that it works while stdout is captured, and reads one line.
    ///
    /// # Errors
    /// [`Kind::Usage`] without a terminal, ending in `instead`: which flag or variable answers the question.
    /// [`Kind::Interrupted`] at the end of input.
    pub(crate) fn ask(&self, question: &str, instead: &str) -> Result<String> {
        let ended = || Error::new(Kind::Interrupted, "the question was not answered");
        if let Some(fake) = &self.fake {
            let Some(person) = &fake.person else { return Err(no_terminal(question, instead)) };
            self.said.borrow_mut().push_str(question);
            let read = self.said.borrow().clone();
            let answer = person.borrow_mut()(&read).ok_or_else(ended)?;
            self.said.borrow_mut().push_str(&format!("{answer}\n"));
            return Ok(answer);
        }
        let tty = tty().map_err(|_| no_terminal(question, instead))?;
        super::signals::watch();
        let broken = |e| Error::new(Kind::Failed, "the terminal cannot be used").because(e);
        self.prompt(question).map_err(broken)?;
        let mut answer = Vec::new();
        // one byte of buffer: what was typed ahead belongs to the next question
        let mut line = BufReader::with_capacity(1, tty).take(LONGEST_ANSWER);
        if line.read_until(b'\n', &mut answer).map_err(broken)? == 0 {
            return Err(ended());
        }
        Ok(String::from_utf8_lossy(&answer).trim_end_matches(['\n', '\r']).to_owned())
    }

    /// The first line of stdin, for what a program is to say.
    pub(crate) fn stdin_line(&self) -> Result<String> {
        let mut line = Vec::new();
        if self.fake.is_none() {
            let mut stdin = std::io::stdin().lock().take(LONGEST_ANSWER);
            stdin
                .read_until(b'\n', &mut line)
                .map_err(|e| Error::new(Kind::Failed, "stdin cannot be read").because(e))?;
        }
        Ok(String::from_utf8_lossy(&line).trim_end_matches(['\n', '\r']).to_owned())
    }

    /// Asks for something that is pasted: it may hold line breaks, so what follows the first line at once is of it.
    pub(crate) fn ask_pasted(&self, question: &str, instead: &str) -> Result<String> {
        let first = self.ask(question, instead)?;
        #[cfg(unix)]
        if self.fake.is_none()
            && let Ok(mut tty) = tty()
        {
            let mut pasted = first.into_bytes();
            let nonblocking = rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::RDWR;
            if rustix::fs::fcntl_setfl(&tty, nonblocking).is_ok() {
                let mut more = [0; 4096];
                loop {
                    std::thread::sleep(std::time::Duration::from_millis(80));
                    match tty.read(&mut more) {
                        Ok(length) if length > 0 => pasted.extend_from_slice(&more[..length]),
                        _ => break,
                    }
                }
            }
            return Ok(String::from_utf8_lossy(&pasted).into_owned());
        }
        Ok(first)
    }

    /// Asks for yes or no until it gets one.
    pub(crate) fn confirm(&self, question: &str, instead: &str) -> Result<bool> {
        loop {
            match self.ask(&format!("{question} [y/n] "), instead)?.trim().to_lowercase().as_str() {
                "y" | "yes" => return Ok(true),
                "n" | "no" => return Ok(false),
                _ => self.write("please answer y or n"),
            }
        }
    }

    /// Lets the person pick one of `items` by typing parts of it, where a list can be drawn.
    ///
    /// `Ok(None)`: it cannot be drawn here, or the person left it (Escape).
    pub(crate) fn pick(&self, prompt: &str, items: &[String], first: usize) -> Result<Option<usize>> {
        if let Some(fake) = &self.fake {
            let Some(person) = &fake.person else { return Ok(None) };
            let Some(answer) = person.borrow_mut()(&format!("{prompt}\n{}", items.join("\n"))) else {
                return Ok(None);
            };
            self.said.borrow_mut().push_str(&format!("{prompt}: {answer}\n"));
            return Ok(items.iter().position(|item| item.contains(&answer)));
        }
        if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
            return Ok(None);
        }
        super::signals::watch();
        dialoguer::FuzzySelect::new()
            .with_prompt(prompt)
            .items(items)
            .default(first)
            .max_length(12)
            .interact_opt()
            .map_err(|dialoguer::Error::IO(e)| {
                if e.kind() != std::io::ErrorKind::Interrupted {
                    return Error::new(Kind::Failed, "the terminal cannot be used").because(e);
                }
                // Ctrl-C, and whoever watches for it is about to end us
                std::thread::sleep(std::time::Duration::from_secs(1));
                Error::new(Kind::Interrupted, "nothing was picked")
            })
    }
}

fn no_terminal(question: &str, instead: &str) -> Error {
    let question = question.trim().trim_end_matches(':');
    Error::new(Kind::Usage, format!("there is no terminal to ask on: {}", text::field(question)))
        .hint(instead)
}

/// The terminal of this process, whatever its streams are.
fn tty() -> std::io::Result<std::fs::File> {
    let name = if cfg!(windows) { "CONIN$" } else { "/dev/tty" };
    std::fs::OpenOptions::new().read(true).write(true).open(name)
}
