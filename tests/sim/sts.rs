//! STS: `POST /` with a form, answered in XML. One file an action: its function, and its line in [`ACTIONS`].

mod assume_role;
mod caller_identity;
mod check;
mod session;
mod session_token;
mod web_identity;

use super::fault::{Fault, Format, Op, Refusal};
use super::http::{Act, Answer, Ask};
use super::page::escape;
use super::route::Turn;
use super::sigv4::{self, Signer};
use super::state::{State, random_text};
use serde_json::Value;
use std::collections::HashMap;
use url::form_urlencoded;

/// The actions known: their names, the faults they can meet, and what makes their results.
const ACTIONS: &[Action] = &[
    Action {
        name: "GetCallerIdentity",
        op: Op::CallerIdentity,
        signed: true,
        result: caller_identity::result,
    },
    Action { name: "AssumeRole", op: Op::AssumeRole, signed: true, result: assume_role::result },
    Action { name: "GetSessionToken", op: Op::SessionToken, signed: true, result: session_token::result },
    Action {
        name: "AssumeRoleWithWebIdentity",
        op: Op::WebIdentity,
        signed: false,
        result: web_identity::result,
    },
];

struct Action {
    name: &'static str,
    op: Op,
    /// Whether it must be signed; an unsigned action is given no signer.
    signed: bool,
    result: fn(&mut State, &Asked<'_>) -> Result<String, Refusal>,
}

/// What an action is given: its parameters, who signed, and the turn.
struct Asked<'a> {
    form: HashMap<String, String>,
    signer: Option<Signer>,
    turn: &'a Turn,
}

/// What a call is recorded as, and the faults it can meet.
pub(super) fn name(ask: &Ask) -> (String, Option<Op>) {
    let form = form(ask);
    let action = form.get("Action").map_or("", String::as_str);
    (format!("sts {action}").trim_end().to_owned(), find(action).map(|action| action.op))
}

/// Judges a call.
pub(super) fn call(state: &mut State, ask: &Ask, turn: &Turn) -> Result<Act, Refusal> {
    let form = form(ask);
    let kind = ask.one("content-type").unwrap_or_default();
    if kind.split(';').next() != Some("application/x-www-form-urlencoded") {
        return Err(Refusal::new(
            400,
            "",
            "MissingAction",
            "Missing Action",
            format!("the body is of type `{kind}`"),
        ));
    }
    let Some(name) = form.get("Action").cloned() else {
        return Err(Refusal::new(400, "", "MissingAction", "Missing Action", "there is no Action"));
    };
    let version = form.get("Version").map(String::as_str);
    let Some(action) = find(&name).filter(|_| version == Some("2011-06-15")) else {
        if !ask.all("authorization").is_empty() {
            sigv4::verify(ask, "sts", &state.keys, turn.now)?;
        }
        let told = format!(
            "Could not find operation {name} for version {}",
            version.unwrap_or("NO_VERSION_SPECIFIED")
        );
        return Err(Refusal::new(400, "", "InvalidAction", &told, told.as_str()));
    };
    let signed = action.signed || !ask.all("authorization").is_empty();
    let signer = if signed { Some(sigv4::verify(ask, "sts", &state.keys, turn.now)?) } else { None };
    let count = form_urlencoded::parse(&ask.body).count();
    if count != form.len() {
        let why = format!("{count} parameters have {} names", form.len());
        return Err(Refusal::new(400, "", "MalformedQueryString", "A parameter was given twice", why));
    }
    if let Some(act) = turn.instead(Format::Xml) {
        return Ok(act);
    }
    let mut result = (action.result)(state, &Asked { form, signer, turn })?;
    if let Some(Fault::Field(path, value)) = &turn.fault {
        alter(&mut result, path, value);
    }
    let id = request_id();
    let body = format!(
        "<{name}Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n  <{name}Result>\n{result}  </{name}Result>\n  \
         <ResponseMetadata>\n    <RequestId>{id}</RequestId>\n  </ResponseMetadata>\n</{name}Response>\n"
    );
    Ok(Answer::new(200, "text/xml", body).with("x-amzn-RequestId", &id).into())
}

/// Puts `value` into the element that the dotted `path` ends with, or removes that if it is `Null`.
fn alter(result: &mut String, path: &str, value: &Value) {
    let name = path.rsplit('.').next().unwrap_or_default();
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let Some(((before, rest), text)) = result.split_once(&open).zip(value.as_str().or(Some(""))) else {
        return;
    };
    let Some((_, after)) = rest.split_once(&close) else { return };
    let element = if value.is_null() { String::new() } else { [&open, &*escape(text), &close].concat() };
    *result = [before, &element, after].concat();
}

/// A new request id, in the shape of a UUID.
pub(super) fn request_id() -> String {
    let digits = random_text(b"0123456789abcdef", 32);
    [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]].join("-")
}

fn find(name: &str) -> Option<&'static Action> {
    ACTIONS.iter().find(|action| action.name == name)
}

fn form(ask: &Ask) -> HashMap<String, String> {
    form_urlencoded::parse(&ask.body).into_owned().collect()
}
