//! The world: environment, clock, terminal, files, processes, network, browser. The one door to all of it.
//!
//! Knows nothing of AWS. A run gets one [`Host`] and touches the world only through it; tests pass a fake whose
//! environment, clock, questions and browser are given, while files and sockets stay real.

pub(crate) mod browser;
pub(crate) mod child;
pub(crate) mod clock;
pub(crate) mod env;
#[cfg_attr(windows, path = "foreground_windows.rs")]
pub(crate) mod foreground;
pub(crate) mod fs;
pub(crate) mod http;
pub(crate) mod listen;
pub(crate) mod machine;
mod owner;
pub(crate) mod path;
pub(crate) mod process;
pub(crate) mod random;
pub(crate) mod signals;
pub(crate) mod term;

use std::cell::OnceCell;
use std::path::PathBuf;

/// Everything outside the program.
pub struct Host {
    pub(crate) env: env::Env,
    pub(crate) clock: clock::Clock,
    pub(crate) term: term::Term,
    pub(crate) opener: browser::Opener,
    network: OnceCell<http::Network>,
}

/// Somebody at the terminal: reads what was said, and types an answer or ends the input.
pub type Person = Box<dyn FnMut(&str) -> Option<String>>;

/// What a test gives instead of the world. Files and sockets are not faked.
#[derive(Default)]
pub struct Fake {
    /// The whole environment.
    pub env: Vec<(String, String)>,
    /// Unix seconds; `None` is the real clock.
    pub now: Option<i64>,
    /// What the person at the terminal types, having read all that was said so far; `None` is a process without a
    /// terminal.
    pub person: Option<Person>,
    /// Whether stdout is a terminal.
    pub stdout_is_terminal: bool,
    /// Called with the URL when a browser would open; `None` is a machine without one.
    pub browser: Option<Box<dyn Fn(String)>>,
}

impl Host {
    /// The world as it is.
    #[must_use]
    pub fn real() -> Host {
        Host {
            env: env::Env::real(),
            clock: clock::Clock::real(),
            term: term::Term::real(),
            opener: browser::Opener::Real,
            network: OnceCell::new(),
        }
    }

    /// A world of a test's making.
    #[must_use]
    pub fn fake(fake: Fake) -> Host {
        Host {
            env: env::Env::fake(fake.env),
            clock: clock::Clock::fake(fake.now),
            term: term::Term::fake(fake.person, fake.stdout_is_terminal),
            opener: browser::Opener::Fake(fake.browser),
            network: OnceCell::new(),
        }
    }

    /// What a fake host's run wrote: stdout, stderr.
    #[must_use]
    pub fn written(&self) -> (Vec<u8>, String) {
        self.term.written()
    }

    /// Data for stdout. Kept until the run has gone well, then written at once.
    pub(crate) fn out(&self, data: impl AsRef<[u8]>) {
        self.term.out(data.as_ref());
    }

    /// A line for the person, on stderr, unless `--quiet`.
    pub(crate) fn say(&self, line: impl AsRef<str>) {
        self.term.say(line.as_ref());
    }

    /// A line for the person that should not catch the eye: dim where stderr is a terminal that can.
    pub(crate) fn whisper(&self, line: impl AsRef<str>) {
        let plain =
            self.env.text("NO_COLOR").is_some() || self.env.text("TERM").is_none_or(|term| term == "dumb");
        self.term.whisper(line.as_ref(), plain);
    }

    /// A warning for the person, on stderr.
    pub(crate) fn warn(&self, line: impl AsRef<str>) {
        self.term.warn(line.as_ref());
    }

    /// A line of the trace that `--debug` asks for. Never holds a secret.
    pub(crate) fn debug(&self, line: impl FnOnce() -> String) {
        self.term.debug(line);
    }

    /// Whether this is the world itself, where processes can be started that outlive a run.
    pub(crate) fn is_real(&self) -> bool {
        matches!(self.opener, browser::Opener::Real)
    }

    /// The network, made at its first use: a run that needs none pays for none.
    pub(crate) fn network(&self) -> &http::Network {
        self.network.get_or_init(http::Network::new)
    }

    /// The home directory: `HOME` (Windows: `USERPROFILE`), else what the system's user table says.
    pub(crate) fn home(&self) -> Option<PathBuf> {
        self.env.home()
    }
}
