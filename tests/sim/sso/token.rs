//! `CreateToken`: a device's code, a browser's code or a refresh token, traded for an access token.

use super::super::fault::{Format, Op, Refusal};
use super::super::http::{Act, Answer, Ask};
use super::super::query::is_unreserved;
use super::super::route::Turn;
use super::super::state::{State, url_text};
use super::{AccessToken, Client, RefreshToken, Session, client, fields, invalid, no, text};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

const DEVICE: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// How much longer a device must wait once it was told to slow down (seconds). Source: RFC 8628, 3.5.
const SLOWER: i64 = 5;

/// What a call is recorded as, and the faults it can meet.
pub(in super::super) fn name(ask: &Ask) -> (String, Option<Op>) {
    let body = serde_json::from_slice::<Value>(&ask.body).unwrap_or_default();
    let grant = body["grantType"].as_str().unwrap_or_default();
    let op = match grant {
        DEVICE | "authorization_code" => Some(Op::OidcToken),
        "refresh_token" => Some(Op::OidcRefresh),
        _ => None,
    };
    let short = grant.rsplit(':').next().unwrap_or_default();
    (format!("oidc CreateToken {short}").trim_end().to_owned(), op)
}

pub(in super::super) fn token(state: &mut State, ask: &Ask, turn: &Turn) -> Result<Act, Refusal> {
    let grant = serde_json::from_slice::<Value>(&ask.body).unwrap_or_default()["grantType"].clone();
    let (names, trade): (&[&str], Trade) = match grant.as_str() {
        Some(DEVICE) => (&["deviceCode"], of_device),
        Some("authorization_code") => (&["redirectUri", "codeVerifier", "code"], of_browser),
        Some("refresh_token") => (&["refreshToken"], refresh),
        Some(_) => {
            let told = "Unsupported grant type";
            return Err(no("unsupported_grant_type", told, format!("the grantType is {grant}")));
        }
        None => return Err(invalid("there is no object with a grantType")),
    };
    let fields = fields(ask, &[&["grantType", "clientId", "clientSecret"], names].concat(), &[])?;
    let client = client(state, &fields, turn.now)?;
    for name in names {
        text(&fields, name)?;
    }
    if let Some(act) = turn.instead(Format::Oidc) {
        return Ok(act);
    }
    let session = trade(state, &fields, &client, turn.now)?;
    let mut answer = grant_of(state, session, client, turn.now);
    turn.alter(&mut answer);
    Ok(Answer::json(answer).into())
}

/// Takes what is traded, and says for which session.
type Trade = fn(&mut State, &Map<String, Value>, &Client, i64) -> Result<usize, Refusal>;

fn of_device(
    state: &mut State,
    fields: &Map<String, Value>,
    client: &Client,
    now: i64,
) -> Result<usize, Refusal> {
    let code = text(fields, "deviceCode")?;
    let device = state.sso.devices.values_mut().find(|device| device.code == code);
    let device = device.ok_or_else(|| no_grant("the device code was never issued"))?;
    if device.client != client.id {
        return Err(no_grant("the device code was issued to another client"));
    }
    if device.spent {
        return Err(no_grant("the device code is spent"));
    }
    if now >= device.expires {
        return Err(no("expired_token", "The device code has expired", "the device code has expired"));
    }
    match device.approved {
        Some(true) => {
            device.spent = true;
            Ok(begin(state, now))
        }
        Some(false) => Err(no("access_denied", "The person denied access", "the person denied the device")),
        None => {
            let waited = device.polled.replace(now).map(|polled| now - polled);
            if waited.is_none_or(|waited| waited >= device.interval) {
                return Err(no("authorization_pending", "", "nobody has answered the device yet"));
            }
            let why = format!("a poll came {waited:?} s after the last, not {}", device.interval);
            device.interval += SLOWER;
            Err(no("slow_down", "Poll less often", why))
        }
    }
}

fn of_browser(
    state: &mut State,
    fields: &Map<String, Value>,
    client: &Client,
    now: i64,
) -> Result<usize, Refusal> {
    let verifier = text(fields, "codeVerifier")?;
    if !(43..=128).contains(&verifier.len()) || !verifier.bytes().all(is_unreserved) {
        return Err(invalid("the codeVerifier is not 43 to 128 characters of those it may hold"));
    }
    let code = state.sso.codes.get_mut(text(fields, "code")?);
    let code = code.ok_or_else(|| no_grant("the code was never issued"))?;
    let fits = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)) == code.asked.challenge;
    for (holds, why) in [
        (!code.spent, "the code is spent"),
        (code.asked.client == client.id, "the code was issued to another client"),
        (
            code.asked.redirect_uri == text(fields, "redirectUri")?,
            "the code was issued for another redirectUri",
        ),
        (fits, "the codeVerifier does not fit the challenge"),
        (now < code.expires, "the code has expired"),
    ] {
        if !holds {
            return Err(no_grant(why));
        }
    }
    code.spent = true;
    Ok(begin(state, now))
}

fn refresh(
    state: &mut State,
    fields: &Map<String, Value>,
    client: &Client,
    now: i64,
) -> Result<usize, Refusal> {
    let once = state.rules.single_use_refresh;
    let token = state.sso.refresh_tokens.get_mut(text(fields, "refreshToken")?);
    let token = token.ok_or_else(|| no_grant("the refresh token was never issued"))?;
    if token.client != client.id {
        return Err(no_grant("the refresh token was issued to another client"));
    }
    if token.spent && once {
        return Err(no_grant("the refresh token is spent"));
    }
    let session = &state.sso.sessions[token.session];
    if session.over || now >= session.ends {
        return Err(no_grant("the session is over"));
    }
    token.spent = true;
    Ok(token.session)
}

/// Begins a session.
fn begin(state: &mut State, now: i64) -> usize {
    state.sso.sessions.push(Session { ends: now + state.sso.rules.session, over: false });
    state.sso.sessions.len() - 1
}

/// Issues an access token of a session, and the refresh token for the next if the client has scopes.
fn grant_of(state: &mut State, session: usize, client: Client, now: i64) -> Map<String, Value> {
    let left = state.sso.sessions[session].ends - now;
    let seconds = state.sso.rules.token.min(left);
    let access = format!("aoa{}", url_text(180));
    state.secrets.push(access.clone());
    state.sso.access_tokens.insert(access.clone(), AccessToken { session, expires: now + seconds });
    let answer = json!({"accessToken": access, "tokenType": "Bearer", "expiresIn": seconds, "idToken": null});
    let Value::Object(mut answer) = answer else { unreachable!("it is written as an object") };
    if !client.scopes.is_empty() {
        let refresh = format!("aor{}", url_text(220));
        state.secrets.push(refresh.clone());
        answer.insert("refreshToken".to_owned(), refresh.clone().into());
        let token = RefreshToken { session, client: client.id, spent: false };
        state.sso.refresh_tokens.insert(refresh, token);
    }
    answer
}

fn no_grant(why: &str) -> Refusal {
    no("invalid_grant", "Invalid grant provided", why)
}
