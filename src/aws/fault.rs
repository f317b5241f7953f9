//! What a service says went wrong, and why nothing came back.

use crate::error::{Error, Kind};
use crate::host::http::{Trouble, What};
use crate::model::text;

/// A refusal, or the lack of an answer.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// The service answered and said no.
    Refused(Refusal),
    /// There was no answer.
    NoAnswer(Trouble),
    /// Something answered that is not the service, or not as it should.
    Nonsense(String),
}

#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    /// The machine-readable reason, as the service spells it; empty if it gave none.
    pub(crate) code: String,
    pub(crate) message: String,
    pub(crate) request_id: Option<String>,
}

impl Refusal {
    /// Whether the code is `code`, in any case.
    pub(crate) fn is(&self, code: &str) -> bool {
        self.code.eq_ignore_ascii_case(code)
    }

    /// `CODE: message (request id …)`, harmless for a terminal.
    pub(crate) fn words(&self) -> String {
        let mut words = match self.code.as_str() {
            "" => format!("HTTP {}", self.status),
            code => text::field(code),
        };
        if !self.message.is_empty() {
            words += &format!(": {}", text::field(&self.message));
        }
        if let Some(id) = &self.request_id {
            words += &format!(" (request id {})", text::field(id));
        }
        words
    }
}

impl Fault {
    /// The refusal, if the service answered.
    pub(crate) fn refusal(&self) -> Option<&Refusal> {
        match self {
            Fault::Refused(refusal) => Some(refusal),
            _ => None,
        }
    }

    /// The error a person sees when nothing better is known. `doing` completes "… cannot".
    pub(crate) fn into_error(self, service: &str) -> Error {
        match self {
            Fault::Refused(refusal) if refusal.status == 429 => {
                Error::new(Kind::Refused, format!("{service} is asked too often just now"))
                    .because(refusal.words())
                    .hint("wait a minute and try again; the sign-in itself is still good")
            }
            Fault::Refused(refusal) if refusal.status >= 500 => {
                Error::new(Kind::Unreachable, format!("{service} has a fault of its own"))
                    .because(refusal.words())
                    .hint("try again in a minute; https://health.aws.amazon.com tells whether AWS knows")
            }
            Fault::Refused(refusal) => {
                Error::new(Kind::Refused, format!("{service} refused the request")).because(refusal.words())
            }
            Fault::NoAnswer(Trouble { what: What::Settings, why }) => Error::new(Kind::Config, why),
            Fault::NoAnswer(Trouble { what: What::TooLarge, why }) | Fault::Nonsense(why) => {
                Error::new(Kind::Unreachable, format!("{service} did not answer as it should")).because(why)
            }
            Fault::NoAnswer(trouble) => {
                Error::new(Kind::Unreachable, format!("{service} cannot be reached")).because(trouble.why)
            }
        }
    }
}

impl From<Trouble> for Fault {
    fn from(trouble: Trouble) -> Fault {
        Fault::NoAnswer(trouble)
    }
}
