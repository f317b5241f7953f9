//! Sign-in: the page a person sees (`GET /v1/authorize`), and the trade of codes and refresh tokens for
//! credentials (`POST /v1/token`).

use super::dpop::{self, Flaw};
use super::fault::{Fault, Format, Op, Refusal};
use super::http::{Act, Answer, Ask};
use super::page;
use super::query::{self, base, is_unreserved, is_uuid4};
use super::route::Turn;
use super::state::{Authorization, Code, RefreshToken, State, url_text};
use base64::{Engine, engine::general_purpose::STANDARD, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use url::form_urlencoded;

const SAME_DEVICE: &str = "arn:aws:signin:::devtools/same-device";
const CROSS_DEVICE: &str = "arn:aws:signin:::devtools/cross-device";

/// The parameters of the authorize URL, in their order.
const PARAMETERS: [&str; 7] = [
    "response_type",
    "client_id",
    "state",
    "code_challenge_method",
    "scope",
    "redirect_uri",
    "code_challenge",
];

/// Shows who can sign in; each button leads to [`decide`].
pub(super) fn authorize(state: &mut State, ask: &Ask, turn: &Turn) -> Result<Act, Refusal> {
    let asked = parameters(&ask.query, &base(ask)).map_err(|why| Refusal::new(400, "", "", "", why))?;
    if let Some(act) = turn.instead(Format::Page) {
        return Ok(act);
    }
    let ticket = url_text(32);
    let page =
        page::authorize(&ticket, &state.identities, asked.client_id == CROSS_DEVICE, &asked.redirect_uri);
    state.tickets.insert(ticket, asked);
    Ok(Answer::html(200, page).into())
}

/// Takes the answer of the person at the page, and sends the browser back to the client with it.
pub(super) fn decide(state: &mut State, ask: &Ask, turn: &Turn) -> Result<Act, Refusal> {
    let refuse = |why: &str| Refusal::new(400, "", "", "", why);
    let (mut ticket, mut choice) = (String::new(), String::new());
    for (name, value) in form_urlencoded::parse(&ask.body) {
        match &*name {
            "ticket" => ticket = value.into_owned(),
            "choice" => choice = value.into_owned(),
            _ => {}
        }
    }
    let asked = state.tickets.get(&ticket).cloned().ok_or_else(|| refuse("the page was never shown"))?;
    let mut answer = form_urlencoded::Serializer::new(String::new());
    if choice == "cancel" {
        answer.append_pair("error", "access_denied");
    } else {
        let identity = choice.parse::<usize>().ok().and_then(|at| state.identities.get(at)).cloned();
        let identity = identity.ok_or_else(|| refuse("nobody of that number can sign in"))?;
        let code = url_text(96);
        answer.append_pair("code", &code);
        state.secrets.push(code.clone());
        let expires = turn.now + state.rules.code_lifetime;
        state.codes.insert(code, Code { asked: asked.clone(), identity, expires, spent: false });
    }
    answer.append_pair("state", &asked.state);
    Ok(Answer::redirect(&format!("{}?{}", asked.redirect_uri, answer.finish())).into())
}

/// Shows the code that is to be carried to another device by hand.
pub(super) fn confirm(_: &mut State, ask: &Ask, _: &Turn) -> Result<Act, Refusal> {
    let find = |wanted: &str| {
        form_urlencoded::parse(ask.query.as_bytes())
            .find(|(name, _)| name == wanted)
            .map(|(_, value)| value.into_owned())
    };
    let page = match (find("code"), find("state"), find("error")) {
        (Some(code), Some(state), None) => {
            page::confirmation(&STANDARD.encode(format!("state={state}&code={code}")))
        }
        (None, Some(_), Some(_)) => page::cancelled(),
        _ => return Err(Refusal::new(400, "", "", "", "there is neither a code nor an error with a state")),
    };
    Ok(Answer::html(200, page).into())
}

/// What a call of the token endpoint is recorded as, and the faults it can meet.
pub(super) fn name(ask: &Ask) -> (String, Option<Op>) {
    let grant = serde_json::from_slice::<Value>(&ask.body)
        .ok()
        .and_then(|body| body["grantType"].as_str().map(str::to_owned));
    let op = match grant.as_deref() {
        Some("authorization_code") => Some(Op::Token),
        Some("refresh_token") => Some(Op::Refresh),
        _ => None,
    };
    (format!("signin CreateOAuth2Token {}", grant.unwrap_or_default()).trim_end().to_owned(), op)
}

/// Trades a code or a refresh token for credentials.
pub(super) fn token(state: &mut State, ask: &Ask, turn: &Turn) -> Result<Act, Refusal> {
    let fields = fields(ask).map_err(invalid)?;
    let thumbprint = proof(state, ask, turn)?;
    if let Some(act) = turn.instead(Format::Json) {
        return Ok(act);
    }
    let mut answer = if fields["grantType"] == "authorization_code" {
        redeem(state, &fields, thumbprint, turn)?
    } else {
        refresh(state, &fields, &thumbprint, turn)?
    };
    turn.alter(&mut answer);
    Ok(Answer::json(answer).into())
}

/// Redeems a code.
fn redeem(
    state: &mut State,
    fields: &Map<String, Value>,
    thumbprint: String,
    turn: &Turn,
) -> Result<Map<String, Value>, Refusal> {
    let text = |name: &str| fields[name].as_str().unwrap_or_default();
    let code = state.codes.get_mut(text("code")).ok_or_else(|| invalid("the code was never issued"))?;
    if code.spent {
        return Err(invalid("the code is spent"));
    }
    if code.asked.client_id != text("clientId") {
        return Err(invalid("the code was issued to another clientId"));
    }
    if code.asked.redirect_uri != text("redirectUri") {
        return Err(invalid("the code was issued for another redirectUri"));
    }
    if code.asked.challenge != URL_SAFE_NO_PAD.encode(Sha256::digest(text("codeVerifier"))) {
        return Err(invalid("the codeVerifier does not fit the challenge"));
    }
    if turn.now >= code.expires {
        return Err(denied(
            "AUTHCODE_EXPIRED",
            "The authorization code has expired.",
            "the code has expired".to_owned(),
        ));
    }
    code.spent = true;
    let login = RefreshToken {
        client_id: code.asked.client_id.clone(),
        identity: code.identity.clone(),
        thumbprint,
        ends: turn.now + state.rules.login_lifetime,
        spent: false,
    };
    let sub = match &turn.fault {
        Some(Fault::Identity(other)) => other.clone(),
        _ => login.identity.clone(),
    };
    let id_token = id_token(state, &sub, &login.client_id, turn.now);
    let mut answer = grant(state, login, turn.now);
    answer.insert("idToken".to_owned(), id_token.into());
    Ok(answer)
}

/// Refreshes a login.
fn refresh(
    state: &mut State,
    fields: &Map<String, Value>,
    thumbprint: &str,
    turn: &Turn,
) -> Result<Map<String, Value>, Refusal> {
    let text = |name: &str| fields[name].as_str().unwrap_or_default();
    let once = state.rules.single_use_refresh;
    let login = state.refresh_tokens.get_mut(text("refreshToken"));
    let login = login.ok_or_else(|| invalid("the refresh token was never issued"))?;
    if login.client_id != text("clientId") {
        return Err(invalid("the refresh token was issued to another clientId"));
    }
    if login.thumbprint != thumbprint {
        return Err(invalid("the refresh token is bound to another key"));
    }
    if login.spent && once {
        return Err(invalid("the refresh token is spent"));
    }
    if turn.now >= login.ends {
        let why = format!("the login ended {} s ago", turn.now - login.ends);
        return Err(denied("TOKEN_EXPIRED", "The refresh token has expired.", why));
    }
    login.spent = true;
    let next = RefreshToken { spent: false, ..login.clone() };
    Ok(grant(state, next, turn.now))
}

/// Issues credentials, and the refresh token for the next.
fn grant(state: &mut State, login: RefreshToken, now: i64) -> Map<String, Value> {
    let seconds = state.rules.expires_in;
    let (id, secret, session_token) = state.issue(&login.identity, now + seconds);
    let refresh_token = url_text(160);
    state.secrets.push(refresh_token.clone());
    state.refresh_tokens.insert(refresh_token.clone(), login);
    let answer = json!({
        "accessToken": { "accessKeyId": id, "secretAccessKey": secret, "sessionToken": session_token },
        "tokenType": "aws_sigv4",
        "expiresIn": seconds,
        "refreshToken": refresh_token,
    });
    let Value::Object(answer) = answer else { unreachable!("it is written as an object") };
    answer
}

/// A JWT that says who signed in; its signature is noise, for no client can verify it.
fn id_token(state: &mut State, sub: &str, client: &str, now: i64) -> String {
    let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let head = part(json!({ "kid": url_text(32), "typ": "JWT", "alg": "ES384" }));
    let claims = part(json!({
        "sub": sub, "aud": client, "iss": state.url, "session_arn": sub,
        "exp": now + state.rules.expires_in, "iat": now,
    }));
    let token = format!("{head}.{claims}.{}", url_text(128));
    state.secrets.push(token.clone());
    token
}

/// Verifies the one proof of a request, and returns the thumbprint of its key.
fn proof(state: &mut State, ask: &Ask, turn: &Turn) -> Result<String, Refusal> {
    let proof = match ask.all("dpop")[..] {
        [proof] => proof,
        [] => return Err(invalid("the proof is missing")),
        _ => return Err(invalid("there are several proofs")),
    };
    let url = format!("{}{}", base(ask), ask.path);
    dpop::verify(proof, &url, turn.now, &mut state.proofs).map_err(|flaw| match flaw {
        Flaw::Form(why) => invalid(why),
        Flaw::Time(why) => denied("TOKEN_EXPIRED", "The token has expired.", why),
    })
}

/// The fields of a token request, which are exactly those of its grant, each within its limits.
fn fields(ask: &Ask) -> Result<Map<String, Value>, String> {
    if !ask.all("authorization").is_empty() {
        return Err("there is an Authorization header".to_owned());
    }
    if ask.one("content-type") != Some("application/json") {
        return Err(format!("the body is of type {:?}", ask.all("content-type")));
    }
    if !ask.query.is_empty() {
        return Err("there is a query".to_owned());
    }
    let fields: Map<String, Value> =
        serde_json::from_slice(&ask.body).map_err(|why| format!("the body is not an object: {why}"))?;
    let allowed: &[(&str, usize, usize)] = match fields.get("grantType").and_then(Value::as_str) {
        Some("authorization_code") => {
            &[("code", 1, 512), ("codeVerifier", 43, 128), ("redirectUri", 1, 2048)]
        }
        Some("refresh_token") => &[("refreshToken", 1, 2048)],
        other => return Err(format!("the grantType is {other:?}")),
    };
    let allowed = || [("clientId", 1, 2048), ("grantType", 1, 64)].into_iter().chain(allowed.iter().copied());
    for (name, least, most) in allowed() {
        let text =
            fields.get(name).and_then(Value::as_str).ok_or_else(|| format!("there is no text {name}"))?;
        if !(least..=most).contains(&text.len()) {
            return Err(format!("{name} is {} bytes long, not {least} to {most}", text.len()));
        }
        if name == "codeVerifier" && !text.bytes().all(is_unreserved) {
            return Err("the codeVerifier holds characters it must not".to_owned());
        }
    }
    match fields.keys().find(|name| !allowed().any(|(known, ..)| known == *name)) {
        Some(name) => Err(format!("there is a field {name}")),
        None => Ok(fields),
    }
}

/// Reads the query of the authorize URL, strictly.
fn parameters(text: &str, base: &str) -> Result<Authorization, String> {
    let values = query::ordered(text, &PARAMETERS)?;
    let [response_type, client_id, state, method, scope, redirect_uri, challenge] = values;

    let returns = match client_id.as_str() {
        SAME_DEVICE => query::is_callback(&redirect_uri),
        CROSS_DEVICE => redirect_uri == format!("{base}/v1/sessions/confirmation"),
        _ => return Err(format!("the client_id is {client_id}")),
    };
    let held = [
        (returns, "redirect_uri", &redirect_uri),
        (response_type == "code", "response_type", &response_type),
        (is_uuid4(&state), "state", &state),
        (method == "SHA-256", "code_challenge_method", &method),
        (scope == "openid", "scope", &scope),
        (challenge.len() == 43 && URL_SAFE_NO_PAD.decode(&challenge).is_ok(), "code_challenge", &challenge),
    ];
    if let Some((_, name, value)) = held.iter().find(|(holds, ..)| !holds) {
        return Err(format!("the {name} is {value}"));
    }
    Ok(Authorization { client_id, redirect_uri, state, challenge })
}

fn invalid(why: impl Into<String>) -> Refusal {
    let told = "The provided authorization grant is invalid, expired, revoked, or malformed";
    Refusal::new(400, "ValidationException", "INVALID_REQUEST", told, why)
}

fn denied(error: &str, told: &str, why: String) -> Refusal {
    Refusal::new(401, "AccessDeniedException", error, told, why)
}
