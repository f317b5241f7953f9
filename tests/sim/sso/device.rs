//! A device without a browser: `StartDeviceAuthorization`, and the page where a person allows it.

use super::super::fault::{Format, Refusal};
use super::super::http::{Act, Answer, Ask};
use super::super::page;
use super::super::query::base;
use super::super::route::Turn;
use super::super::state::{State, random_text, url_text};
use super::{Device, client, fields, invalid, no, text};
use serde_json::{Value, json};
use url::form_urlencoded;

pub(in super::super) fn start_device(state: &mut State, ask: &Ask, turn: &Turn) -> Result<Act, Refusal> {
    let fields = fields(ask, &["clientId", "clientSecret", "startUrl"], &[])?;
    let client = client(state, &fields, turn.now)?;
    if client.browser {
        let told = "The client is not authorized to use this grant";
        return Err(no("unauthorized_client", told, "the client registered for a browser"));
    }
    let url = text(&fields, "startUrl")?;
    if !state.sso.knows(url) {
        return Err(invalid(format!("the startUrl {url} is unknown")));
    }
    if let Some(act) = turn.instead(Format::Oidc) {
        return Ok(act);
    }
    let code = url_text(88);
    let letters = random_text(b"BCDFGHJKLMNPQRST", 8);
    let user_code = [&letters[..4], &letters[4..]].join("-");
    state.secrets.push(code.clone());
    let rules = &state.sso.rules;
    let page = format!("{}/device", base(ask));
    let answer = json!({
        "deviceCode": code, "userCode": user_code, "verificationUri": page,
        "verificationUriComplete": format!("{page}?user_code={user_code}"),
        "expiresIn": rules.device, "interval": rules.interval,
    });
    let device = Device {
        code,
        client: client.id,
        expires: turn.now + rules.device,
        interval: rules.interval,
        polled: None,
        approved: None,
        spent: false,
    };
    state.sso.devices.insert(user_code, device);
    let Value::Object(mut answer) = answer else { unreachable!("it is written as an object") };
    turn.alter(&mut answer);
    Ok(Answer::json(answer).into())
}

/// Asks for the code of a device, or whether that one may act for the person.
pub(in super::super) fn show_device(state: &mut State, ask: &Ask, turn: &Turn) -> Result<Act, Refusal> {
    let Some(user_code) = find(ask.query.as_bytes(), "user_code") else {
        return Ok(Answer::html(200, page::ask_code()).into());
    };
    let refuse = |why: &str| Refusal::new(400, "", "", "", why);
    let device = state.sso.devices.get(&user_code).ok_or_else(|| refuse("no device shows this code"))?;
    if device.approved.is_some() || turn.now >= device.expires {
        return Err(refuse("the code was answered before, or has expired"));
    }
    let client = &state.sso.clients[&device.client];
    let page =
        page::consent(["/device/decision", &user_code], &client.name, &client.scopes, Some(&user_code));
    Ok(Answer::html(200, page).into())
}

/// Takes the answer of the person at the page.
pub(in super::super) fn decide_device(state: &mut State, ask: &Ask, turn: &Turn) -> Result<Act, Refusal> {
    let [user_code, choice] = ["ticket", "choice"].map(|name| find(&ask.body, name).unwrap_or_default());
    let allow = choice == "0";
    state.sso.decide(&user_code, allow, turn.now).map_err(|why| Refusal::new(400, "", "", "", why))?;
    let word = if allow { "allowed" } else { "denied" };
    Ok(Answer::redirect(&format!("{}/device/done?{word}", base(ask))).into())
}

/// The page that ends it.
pub(in super::super) fn done(ask: &Ask) -> Act {
    Answer::html(200, page::device_done(ask.query == "allowed")).into()
}

/// A parameter of a query or of a form.
pub(super) fn find(form: &[u8], wanted: &str) -> Option<String> {
    form_urlencoded::parse(form).find(|(name, _)| name == wanted).map(|(_, value)| value.into_owned())
}
