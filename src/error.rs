//! What went wrong, in words a person can act on, and the exit code that goes with it.

use crate::model::text;
use std::fmt::Write as _;

/// `Ok`, or an [`Error`].
pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;

/// The class of an error. It decides the exit code and nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It was tried and did not work.
    Failed,
    /// The command line makes no sense.
    Usage,
    /// A file says something that cannot be, or does not say what is needed.
    Config,
    /// A person has to sign in first.
    LoginRequired,
    /// AWS answered, and said no.
    Refused,
    /// AWS did not answer.
    Unreachable,
    /// A person pressed Ctrl-C, or said no.
    Interrupted,
    /// `exec`: the command is there but cannot be run.
    NotExecutable,
    /// `exec`: there is no such command.
    NotFound,
}

impl Kind {
    pub(crate) const ALL: [Kind; 9] = [
        Kind::Failed,
        Kind::Usage,
        Kind::Config,
        Kind::LoginRequired,
        Kind::Refused,
        Kind::Unreachable,
        Kind::Interrupted,
        Kind::NotExecutable,
        Kind::NotFound,
    ];

    /// The exit code of a command that ends with this error.
    ///
    /// | code | kind |
    /// |---|---|
    /// | 1 | failed |
    /// | 2 | usage |
    /// | 3 | configuration |
    /// | 4 | sign-in needed |
    /// | 5 | refused by AWS |
    /// | 6 | AWS unreachable |
    /// | 126, 127 | `exec`: not executable, not found (as `env` and `docker`) |
    /// | 130 | interrupted |
    pub(crate) fn code(self) -> u8 {
        match self {
            Kind::Failed => 1,
            Kind::Usage => 2,
            Kind::Config => 3,
            Kind::LoginRequired => 4,
            Kind::Refused => 5,
            Kind::Unreachable => 6,
            Kind::NotExecutable => 126,
            Kind::NotFound => 127,
            Kind::Interrupted => 130,
        }
    }

    /// The exit code of `exec`, whose codes below 125 belong to the child.
    pub(crate) fn exec_code(self) -> u8 {
        match self {
            Kind::NotExecutable | Kind::NotFound | Kind::Interrupted => self.code(),
            _ => 125,
        }
    }
}

/// A kind, a sentence that says what is so, its causes (others' words), and what to type.
///
/// The sentence is lower case, has no period, and puts values in backticks. A hint ends in something that can
/// be typed. Neither ever holds a secret. Control characters are made visible when it is printed.
#[derive(Clone, Debug)]
pub(crate) struct Error {
    pub(crate) kind: Kind,
    message: String,
    causes: Vec<String>,
    hints: Vec<String>,
    told: bool,
}

impl Error {
    pub(crate) fn new(kind: Kind, message: impl Into<String>) -> Error {
        Error { kind, message: message.into(), causes: Vec::new(), hints: Vec::new(), told: false }
    }

    /// Words that are whole already, such as clap's.
    pub(crate) fn told(kind: Kind, words: impl Into<String>) -> Error {
        Error { told: true, ..Error::new(kind, words) }
    }

    /// Adds what another program or library said.
    pub(crate) fn because(mut self, cause: impl std::fmt::Display) -> Error {
        self.causes.push(cause.to_string());
        self
    }

    /// Adds what to do about it.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Error {
        self.hints.push(hint.into());
        self
    }

    /// The sentence alone.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// The sentence, the causes, the hints.
    pub(crate) fn parts(&self) -> (&str, &[String], &[String]) {
        (&self.message, &self.causes, &self.hints)
    }

    /// The lines for stderr.
    pub(crate) fn render(&self) -> String {
        if self.told {
            return self.message.lines().map(text::clean).collect::<Vec<_>>().join("\n") + "\n";
        }
        let mut lines = format!("error: {}\n", text::clean(&self.message));
        for cause in &self.causes {
            let _ = writeln!(lines, "  caused by: {}", text::clean(cause));
        }
        for hint in &self.hints {
            let _ = writeln!(lines, "hint: {}", text::clean(hint));
        }
        lines
    }

    /// One line, for where a warning has room for no more.
    pub(crate) fn in_one_line(&self) -> String {
        let mut line = self.message.clone();
        if let Some(cause) = self.causes.first() {
            let _ = write!(line, " ({cause})");
        }
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_reads_as_error_cause_hint() {
        let error = Error::new(Kind::LoginRequired, "the session of `dev` ended")
            .because("TOKEN_EXPIRED: \u{1b}[2Jgone")
            .hint("sign in again: awsenv login dev");
        assert_eq!(
            error.render(),
            "error: the session of `dev` ended\n  caused by: TOKEN_EXPIRED: \\x1b[2Jgone\nhint: sign in again: awsenv login dev\n"
        );
        assert_eq!((error.kind.code(), error.kind.exec_code()), (4, 125));
    }
}
