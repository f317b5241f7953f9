//! Which service a request is for; what is recorded of it, and the fault it meets.

use super::fault::{Fault, Format, Op, Refusal};
use super::http::{Act, Answer, Ask};
use super::state::State;
use super::{metadata, page, signin, sso, sts};
use serde_json::{Map, Value};
use std::time::Duration;
use url::form_urlencoded;

/// Headers of one answer, at most: below what the header map takes.
const MOST_HEADERS: usize = 20_000;

/// What one call is judged by: the time, and the fault it meets.
pub(super) struct Turn {
    pub(super) now: i64,
    pub(super) fault: Option<Fault>,
}

impl Turn {
    /// What happens instead of the true answer, if the fault replaces it.
    pub(super) fn instead(&self, format: Format) -> Option<Act> {
        self.fault.as_ref().and_then(|fault| fault.instead(format))
    }

    /// Replaces the field of a true answer that the fault names.
    pub(super) fn alter(&self, answer: &mut Map<String, Value>) {
        if let Some(Fault::Field(path, value)) = &self.fault {
            put(answer, path, value);
        }
    }
}

/// Puts `value` at the dotted `path`, or removes what is there if it is `Null`.
fn put(answer: &mut Map<String, Value>, path: &str, value: &Value) {
    match path.split_once('.') {
        Some((outer, inner)) => {
            if let Some(Value::Object(answer)) = answer.get_mut(outer) {
                put(answer, inner, value);
            }
        }
        None if value.is_null() => drop(answer.shift_remove(path)),
        None => drop(answer.insert(path.to_owned(), value.clone())),
    }
}

/// What is done with a request, when, and how.
pub(super) struct Reply {
    pub(super) wait: Duration,
    pub(super) now: i64,
    pub(super) act: Act,
    pub(super) wire: Wire,
}

/// How the bytes of an answer are sent.
pub(super) enum Wire {
    Whole,
    Drip,
    Cut,
}

type Judge = fn(&mut State, &Ask, &Turn) -> Result<Act, Refusal>;

/// What a request is recorded as, the faults it can meet, how it is refused, and who judges it.
struct Route(Option<String>, Option<Op>, Format, Judge);

/// Records the call, takes its fault and judges it.
pub(super) fn reply(state: &mut State, ask: &Ask) -> Reply {
    let Route(name, op, format, judge) = route(ask);
    if let Some(name) = name {
        state.requests.push((name, parameters(ask)));
    }

    let fault = op.and_then(|op| state.faults.take(op));
    let ahead = if let Some(Fault::Date(seconds)) = fault { seconds } else { 0 };
    let turn = Turn { now: state.clock.now() + ahead, fault };
    let mut act = judge(state, ask, &turn).unwrap_or_else(|refusal| {
        state.refusals.push(format!("{} {}: {}", ask.method, ask.path, refusal.why));
        Act::Answer(refusal.answer(format))
    });

    let (mut wait, mut wire) = (state.latency, Wire::Whole);
    match (turn.fault, &mut act) {
        (Some(Fault::Slow(time)), _) => wait += time,
        (Some(Fault::Drip), _) => wire = Wire::Drip,
        (Some(Fault::Truncated), _) => wire = Wire::Cut,
        (Some(Fault::Headers(count)), Act::Answer(answer)) => answer.add_headers(count.min(MOST_HEADERS)),
        _ => {}
    }
    Reply { wait, now: turn.now, act, wire }
}

fn route(ask: &Ask) -> Route {
    match (ask.method.as_str(), ask.path.as_str()) {
        ("GET", "/v1/authorize") => {
            Route(Some("signin Authorize".to_owned()), Some(Op::Authorize), Format::Page, signin::authorize)
        }
        ("POST", "/v1/authorize/decision") => Route(None, None, Format::Page, signin::decide),
        ("GET", "/v1/sessions/confirmation") => Route(None, None, Format::Page, signin::confirm),
        ("POST", "/v1/token") => {
            let (name, op) = signin::name(ask);
            Route(Some(name), op, Format::Json, signin::token)
        }
        ("POST", "/") => {
            let (name, op) = sts::name(ask);
            Route(Some(name), op, Format::Xml, sts::call)
        }
        ("GET", "/authorize") => {
            Route(Some("oidc Authorize".to_owned()), Some(Op::Authorize), Format::Page, sso::authorize)
        }
        ("POST", "/authorize/decision") => Route(None, None, Format::Page, sso::decide),
        ("GET", "/device") => Route(None, None, Format::Page, sso::show_device),
        ("POST", "/device/decision") => Route(None, None, Format::Page, sso::decide_device),
        ("GET", "/device/done") => Route(None, None, Format::Page, |_, ask, _| Ok(sso::done(ask))),
        ("POST", "/client/register") => {
            Route(Some("oidc RegisterClient".to_owned()), Some(Op::Register), Format::Oidc, sso::register)
        }
        ("POST", "/device_authorization") => {
            let name = "oidc StartDeviceAuthorization".to_owned();
            Route(Some(name), Some(Op::Device), Format::Oidc, sso::start_device)
        }
        ("POST", "/token") => {
            let (name, op) = sso::token_name(ask);
            Route(Some(name), op, Format::Oidc, sso::token)
        }
        ("GET", "/federation/credentials") => {
            let name = "sso GetRoleCredentials".to_owned();
            Route(Some(name), Some(Op::RoleCredentials), Format::Portal, sso::role_credentials)
        }
        ("GET", "/assignment/accounts") => {
            Route(Some("sso ListAccounts".to_owned()), Some(Op::PortalLists), Format::Portal, sso::accounts)
        }
        ("GET", "/assignment/roles") => {
            Route(Some("sso ListAccountRoles".to_owned()), Some(Op::PortalLists), Format::Portal, sso::roles)
        }
        ("POST", "/logout") => {
            Route(Some("sso Logout".to_owned()), Some(Op::PortalLogout), Format::Portal, sso::logout)
        }
        ("PUT", "/latest/api/token") => {
            Route(Some("imds Token".to_owned()), Some(Op::ImdsToken), Format::Page, metadata::token)
        }
        ("GET", metadata::ROLE) => {
            Route(Some("imds Role".to_owned()), Some(Op::ImdsRole), Format::Page, metadata::role)
        }
        ("GET", path) if path.starts_with(metadata::ROLE) => {
            let name = "imds Credentials".to_owned();
            Route(Some(name), Some(Op::ImdsCredentials), Format::Page, metadata::of_instance)
        }
        ("GET", path) if path.starts_with("/container/") => {
            let name = "container Credentials".to_owned();
            Route(Some(name), Some(Op::Container), Format::Container, metadata::of_container)
        }
        ("GET", "/favicon.ico") => {
            Route(None, None, Format::Page, |_, _, _| Ok(Answer::html(404, page::bare(404)).into()))
        }
        _ => Route(None, None, Format::Page, |_, ask, _| {
            let why = format!("there is no {} {}", ask.method, ask.path);
            Err(Refusal::new(404, "", "", "", why))
        }),
    }
}

/// The parameters of a request in their order: its query, and the form or the fields of its body.
fn parameters(ask: &Ask) -> Vec<(String, String)> {
    let text = |value: Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let mut found: Vec<_> = form_urlencoded::parse(ask.query.as_bytes()).into_owned().collect();
    match serde_json::from_slice::<Map<String, Value>>(&ask.body) {
        Ok(fields) => found.extend(fields.into_iter().map(|(name, value)| (name, text(value)))),
        Err(_) => found.extend(form_urlencoded::parse(&ask.body).into_owned()),
    }
    found
}
