//! Which service a request is for; what is recorded of it, and the fault it meets.

use super::fault::{Fault, Format, Op, Refusal};
use super::http::{Act, Answer, Ask};
use super::state::State;
use super::{page, signin, sts};
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
