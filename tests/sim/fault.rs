//! What can be made to go wrong, call by call.

use super::http::{Act, Answer};
use serde_json::{Value, json};
use std::collections::{HashMap, VecDeque};
use std::fmt::Write as _;
use std::time::Duration;

/// A call that can meet a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Op {
    /// A page where a person signs in: of sign-in, or of IAM Identity Center.
    Authorize,
    /// A code traded for credentials.
    Token,
    /// A refresh token traded for credentials.
    Refresh,
    /// STS `GetCallerIdentity`.
    CallerIdentity,
    /// STS `AssumeRole`.
    AssumeRole,
    /// STS `GetSessionToken`.
    SessionToken,
    /// STS `AssumeRoleWithWebIdentity`.
    WebIdentity,
    /// OIDC `RegisterClient`.
    Register,
    /// OIDC `StartDeviceAuthorization`.
    Device,
    /// OIDC `CreateToken` for a code of a device or of a browser.
    OidcToken,
    /// OIDC `CreateToken` for a refresh token.
    OidcRefresh,
    /// Portal `GetRoleCredentials`.
    RoleCredentials,
    /// Portal `ListAccounts` and `ListAccountRoles`.
    PortalLists,
    /// Portal `Logout`.
    PortalLogout,
    /// The token of an instance.
    ImdsToken,
    /// The name of an instance's role.
    ImdsRole,
    /// The credentials of an instance's role.
    ImdsCredentials,
    /// The credentials of a container's role.
    Container,
}

/// Something that goes wrong.
///
/// Proof and signature are judged before any fault strikes, so a client that repeats a proof after an error is
/// found out. The faults that replace the answer leave codes and refresh tokens unspent; those that alter or
/// delay it spend them.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// Replaces: the service says no, in its own format; `error` is the `error` of sign-in and of OIDC, the `Code`
    /// of STS, the `__type` of the portal, the `code` of a container.
    Error { status: u16, error: String, message: String },
    /// Replaces: this status, and an empty body.
    Status(u16),
    /// Replaces: the request is taken, and never answered.
    Silent,
    /// Replaces: the connection is closed without an answer.
    Reset,
    /// Replaces: 302 to this URL.
    Redirect(String),
    /// Replaces: 200 with the page of a captive portal.
    Html,
    /// Replaces: 200 with 200 MB.
    Huge,
    /// Replaces: 200 with a small gzip body that swells to 1 GB.
    GzipBomb,
    /// Replaces: 200 with JSON nested this deep.
    DeepJson(usize),
    /// Replaces: 200 with bytes that are not UTF-8.
    Garbage,
    /// Replaces: 200 with this body.
    Json(Value),
    /// Delays the true answer.
    Slow(Duration),
    /// Sends the true answer, one byte a second.
    Drip,
    /// Sends half of the true answer, then closes the connection.
    Truncated,
    /// Adds this many headers to the true answer (at most 20 000).
    Headers(usize),
    /// Replaces one field of a true answer (`expiresIn`, `accessToken.sessionToken`; in XML `Credentials.Expiration`
    /// as text); `Null` removes it.
    Field(String, Value),
    /// Names another identity: in the answer of STS, or as `sub` and `session_arn` of the id token; the portal,
    /// an instance and a container give credentials of it.
    Identity(String),
    /// Judges and answers by a clock this many seconds ahead.
    Date(i64),
}

/// The format in which an operation says no.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Page,
    Json,
    Xml,
    Oidc,
    Portal,
    Container,
}

impl Fault {
    /// What happens instead of the true answer, if this fault replaces it.
    pub(super) fn instead(&self, format: Format) -> Option<Act> {
        let answer = match self {
            Self::Error { status, error, message } => {
                let kind = match status {
                    401 | 403 => "AccessDeniedException",
                    429 => "TooManyRequestsError",
                    500.. => "InternalServerException",
                    _ => "ValidationException",
                };
                Refusal::new(*status, kind, error, message, "a fault was asked for").answer(format)
            }
            Self::Status(status) => Answer::new(*status, "text/plain", Vec::new()),
            Self::Silent => return Some(Act::Silent),
            Self::Reset => return Some(Act::Reset),
            Self::Huge => return Some(Act::Huge),
            Self::GzipBomb => return Some(Act::GzipBomb),
            Self::Redirect(url) => Answer::redirect(url),
            Self::Html => Answer::html(200, super::page::captive_portal()),
            Self::DeepJson(depth) => {
                Answer::new(200, "application/json", ["[".repeat(*depth), "]".repeat(*depth)].concat())
            }
            Self::Garbage => {
                Answer::new(200, "application/json", b"{\"accessToken\":\"\xff\xfe\xc3\x28\x80\"}".as_slice())
            }
            Self::Json(body) => Answer::new(200, "application/json", body.to_string()),
            Self::Slow(_)
            | Self::Drip
            | Self::Truncated
            | Self::Headers(_)
            | Self::Field(..)
            | Self::Identity(_)
            | Self::Date(_) => return None,
        };
        Some(Act::Answer(answer))
    }
}

/// The faults still to come.
#[derive(Default)]
pub(super) struct Faults {
    next: HashMap<Op, VecDeque<Fault>>,
    always: HashMap<Op, Fault>,
}

impl Faults {
    pub(super) fn queue(&mut self, op: Op, fault: Fault) {
        self.next.entry(op).or_default().push_back(fault);
    }

    pub(super) fn always(&mut self, op: Op, fault: Fault) {
        self.always.insert(op, fault);
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// The fault that this call of `op` meets.
    pub(super) fn take(&mut self, op: Op) -> Option<Fault> {
        let queued = self.next.get_mut(&op).and_then(VecDeque::pop_front);
        queued.or_else(|| self.always.get(&op).cloned())
    }
}

/// A request refused: what the caller is told, and why in truth.
pub(super) struct Refusal {
    status: u16,
    /// The exception of the service's model, told in a header by sign-in.
    kind: &'static str,
    /// The word a client acts on: `error` of sign-in, `Code` of STS.
    error: String,
    message: String,
    pub(super) why: String,
}

impl Refusal {
    pub(super) fn new(
        status: u16,
        kind: &'static str,
        error: &str,
        message: &str,
        why: impl Into<String>,
    ) -> Self {
        Self { status, kind, error: error.to_owned(), message: message.to_owned(), why: why.into() }
    }

    /// The answer that says no in this format.
    pub(super) fn answer(&self, format: Format) -> Answer {
        match format {
            Format::Page => Answer::html(self.status, super::page::bare(self.status)),
            Format::Json => {
                let body = json!({ "error": self.error, "message": self.message }).to_string();
                Answer::new(self.status, "application/json", body).with("x-amzn-ErrorType", self.kind)
            }
            Format::Oidc => {
                let body = json!({ "error": self.error, "error_description": self.message }).to_string();
                let kind = super::sso::exception(&self.error);
                Answer::new(self.status, "application/json", body).with("x-amzn-ErrorType", kind)
            }
            Format::Container => {
                let body = json!({ "code": self.error, "message": self.message }).to_string();
                Answer::new(self.status, "application/json", body)
            }
            Format::Portal => {
                let body = json!({ "message": self.message, "__type": self.error }).to_string();
                Answer::new(self.status, "application/json", body).with("x-amzn-ErrorType", &self.error)
            }
            Format::Xml => {
                let side = if self.status >= 500 { "Receiver" } else { "Sender" };
                let mut body = String::new();
                write!(
                    body,
                    "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n  <Error>\n    \
                     <Type>{side}</Type>\n    <Code>{}</Code>\n    <Message>{}</Message>\n  </Error>\n  \
                     <RequestId>{}</RequestId>\n</ErrorResponse>\n",
                    super::page::escape(&self.error),
                    super::page::escape(&self.message),
                    super::sts::request_id(),
                )
                .expect("a String takes all that is written");
                Answer::new(self.status, "text/xml", body)
            }
        }
    }
}
