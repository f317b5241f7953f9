//! A client with a browser: the page where a person allows it (`GET /authorize`), and the way back.

use super::super::fault::{Format, Refusal};
use super::super::http::{Act, Answer, Ask};
use super::super::page;
use super::super::query;
use super::super::route::Turn;
use super::super::state::{State, url_text};
use super::device::find;
use super::{Asked, Code};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use url::form_urlencoded;

/// The parameters of the authorize URL, in their order.
const PARAMETERS: [&str; 7] = [
    "response_type",
    "client_id",
    "redirect_uri",
    "state",
    "code_challenge_method",
    "scopes",
    "code_challenge",
];

pub(in super::super) fn authorize(state: &mut State, ask: &Ask, turn: &Turn) -> Result<Act, Refusal> {
    let asked = parameters(state, &ask.query, turn.now).map_err(|why| Refusal::new(400, "", "", "", why))?;
    if let Some(act) = turn.instead(Format::Page) {
        return Ok(act);
    }
    let ticket = url_text(32);
    let client = &state.sso.clients[&asked.client];
    let page = page::consent(["/authorize/decision", &ticket], &client.name, &client.scopes, None);
    state.sso.tickets.insert(ticket, asked);
    Ok(Answer::html(200, page).into())
}

/// Takes the answer of the person at the page, and sends the browser back to the client with it.
pub(in super::super) fn decide(state: &mut State, ask: &Ask, turn: &Turn) -> Result<Act, Refusal> {
    let [ticket, choice] = ["ticket", "choice"].map(|name| find(&ask.body, name).unwrap_or_default());
    let asked = state.sso.tickets.remove(&ticket);
    let asked =
        asked.ok_or_else(|| Refusal::new(400, "", "", "", "the page was not shown, or answered before"))?;
    let mut answer = form_urlencoded::Serializer::new(String::new());
    if choice == "0" {
        let code = url_text(96);
        answer.append_pair("code", &code);
        state.secrets.push(code.clone());
        let expires = turn.now + state.rules.code_lifetime;
        state.sso.codes.insert(code, Code { asked: asked.clone(), expires, spent: false });
    } else {
        answer.append_pair("error", "access_denied");
    }
    answer.append_pair("state", &asked.state);
    Ok(Answer::redirect(&format!("{}?{}", asked.redirect_uri, answer.finish())).into())
}

/// Reads the query of the authorize URL, strictly.
fn parameters(state: &State, text: &str, now: i64) -> Result<Asked, String> {
    let [response_type, client, redirect_uri, own_state, method, scopes, challenge] =
        query::ordered(text, &PARAMETERS)?;
    let known = state.sso.clients.get(&client).filter(|known| known.browser && now < known.expires);
    let known = known.ok_or_else(|| format!("the client_id is {client}, of no client with a browser"))?;
    let within = scopes.split(' ').all(|scope| known.scopes.iter().any(|known| known == scope));
    let held = [
        (response_type == "code", "response_type", &response_type),
        (query::is_callback(&redirect_uri), "redirect_uri", &redirect_uri),
        (query::is_uuid4(&own_state), "state", &own_state),
        (method == "S256", "code_challenge_method", &method),
        (within, "scopes", &scopes),
        (challenge.len() == 43 && URL_SAFE_NO_PAD.decode(&challenge).is_ok(), "code_challenge", &challenge),
    ];
    if let Some((_, name, value)) = held.iter().find(|(holds, ..)| !holds) {
        return Err(format!("the {name} is {value}"));
    }
    Ok(Asked { client, redirect_uri, state: own_state, challenge })
}
