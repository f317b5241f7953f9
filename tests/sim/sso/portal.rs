//! The portal: credentials of roles, and the lists of accounts and roles, for the bearer of an access token.

use super::super::fault::{Fault, Format, Refusal};
use super::super::http::{Act, Answer, Ask};
use super::super::route::Turn;
use super::super::state::State;
use super::device::find;
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use url::form_urlencoded;

/// Who signs in at the portal.
const PERSON: &str = "alice";

pub(in super::super) fn role_credentials(state: &mut State, ask: &Ask, turn: &Turn) -> Result<Act, Refusal> {
    bearer(state, ask, turn)?;
    let [account, role] = parameters(ask, ["account_id", "role_name"], &[])?;
    if let Some(act) = turn.instead(Format::Portal) {
        return Ok(act);
    }
    if !state.sso.assignments.iter().any(|one| one.account == account && one.role == role) {
        return Err(no_access(format!("{role} of {account} is not assigned")));
    }
    let digest = Sha256::digest(format!("{account}/{role}"));
    let suffix: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let own = format!("arn:aws:sts::{account}:assumed-role/AWSReservedSSO_{role}_{suffix}/{PERSON}");
    let identity = match &turn.fault {
        Some(Fault::Identity(other)) => other,
        _ => &own,
    };
    let expires = turn.now + state.sso.rules.role;
    let (id, secret, token) = state.issue(identity, expires);
    let credentials = json!({
        "accessKeyId": id, "secretAccessKey": secret, "sessionToken": token, "expiration": expires * 1000,
    });
    Ok(answer(turn, json!({"roleCredentials": credentials})))
}

pub(in super::super) fn accounts(state: &mut State, ask: &Ask, turn: &Turn) -> Result<Act, Refusal> {
    bearer(state, ask, turn)?;
    let [] = parameters(ask, [], &["next_token", "max_result"])?;
    let mut entries: Vec<Value> = Vec::new();
    for one in &state.sso.assignments {
        if entries.iter().any(|entry| entry["accountId"] == one.account.as_str()) {
            continue;
        }
        let mut entry = json!({"accountId": one.account});
        if !one.name.is_empty() {
            entry["accountName"] = one.name.as_str().into();
            entry["emailAddress"] = format!("{}@example.com", one.account).into();
        }
        entries.push(entry);
    }
    page(state, ask, turn, "accountList", entries)
}

pub(in super::super) fn roles(state: &mut State, ask: &Ask, turn: &Turn) -> Result<Act, Refusal> {
    bearer(state, ask, turn)?;
    let [account] = parameters(ask, ["account_id"], &["next_token", "max_result"])?;
    let mut entries = Vec::new();
    for one in state.sso.assignments.iter().filter(|one| one.account == account) {
        entries.push(json!({"roleName": one.role, "accountId": one.account}));
    }
    if entries.is_empty() {
        return Err(no_access(format!("nothing of {account} is assigned")));
    }
    page(state, ask, turn, "roleList", entries)
}

/// Ends the session of the bearer, with all its tokens.
pub(in super::super) fn logout(state: &mut State, ask: &Ask, turn: &Turn) -> Result<Act, Refusal> {
    let session = bearer(state, ask, turn)?;
    if !ask.body.is_empty() || !ask.query.is_empty() {
        return Err(invalid("there is a body or a query"));
    }
    if let Some(act) = turn.instead(Format::Portal) {
        return Ok(act);
    }
    state.sso.sessions[session].over = true;
    Ok(Answer::new(200, "application/json", Vec::new()).into())
}

/// The session of who bears the access token of a request.
fn bearer(state: &mut State, ask: &Ask, turn: &Turn) -> Result<usize, Refusal> {
    let sso = &mut state.sso;
    let calls = if sso.rate.0 == turn.now { sso.rate.1 } else { 0 };
    sso.rate = (turn.now, calls + 1);
    if calls >= sso.rules.rate {
        let why = format!("{calls} calls came in this second already");
        return Err(Refusal::new(429, "", "TooManyRequestsException", "HTTP 429 Unknown Code", why));
    }
    if !ask.all("authorization").is_empty() {
        return Err(invalid("there is an Authorization header"));
    }
    let refuse = |why: &str| {
        Err(Refusal::new(401, "", "UnauthorizedException", "Session token not found or invalid", why))
    };
    let Some(shown) = ask.one("x-amz-sso_bearer_token") else {
        return refuse("there is no one bearer token");
    };
    let Some(token) = sso.access_tokens.get(shown) else { return refuse("the access token is unknown") };
    if turn.now >= token.expires {
        return refuse("the access token has expired");
    }
    if sso.sessions[token.session].over {
        return refuse("the session is over");
    }
    Ok(token.session)
}

/// The parameters of a query that must be there; of others there are none but the optional ones.
fn parameters<const N: usize>(
    ask: &Ask,
    needed: [&str; N],
    optional: &[&str],
) -> Result<[String; N], Refusal> {
    let names: Vec<_> =
        form_urlencoded::parse(ask.query.as_bytes()).map(|(name, _)| name.into_owned()).collect();
    for (at, name) in names.iter().enumerate() {
        if names[..at].contains(name) || !needed.iter().chain(optional).any(|known| known == name) {
            return Err(invalid(format!("the parameter {name} is unknown, or there twice")));
        }
    }
    let values: Vec<_> = needed.iter().filter_map(|name| find(ask.query.as_bytes(), name)).collect();
    let account = find(ask.query.as_bytes(), "account_id");
    if account
        .is_some_and(|account| account.len() != 12 || !account.bytes().all(|byte| byte.is_ascii_digit()))
    {
        return Err(invalid("the account_id is not of twelve digits"));
    }
    values.try_into().map_err(|_| invalid(format!("the parameters are not {}", needed.join(", "))))
}

/// One page of a list.
fn page(state: &State, ask: &Ask, turn: &Turn, name: &str, entries: Vec<Value>) -> Result<Act, Refusal> {
    if let Some(act) = turn.instead(Format::Portal) {
        return Ok(act);
    }
    let size = match find(ask.query.as_bytes(), "max_result") {
        None => state.sso.rules.page,
        Some(text) => text
            .parse()
            .ok()
            .filter(|size| (1..=100).contains(size))
            .ok_or_else(|| invalid("max_result is not 1 to 100"))?,
    };
    let from = match find(ask.query.as_bytes(), "next_token") {
        None => 0,
        Some(token) => offset(&token, name).ok_or_else(|| invalid("the next_token was never issued"))?,
    };
    let next = from + size;
    let token = (next < entries.len()).then(|| STANDARD.encode(format!("{name}?{next}")));
    let part: Vec<_> = entries.into_iter().skip(from).take(size).collect();
    Ok(answer(turn, json!({name: part, "nextToken": token})))
}

/// Where the page of a token begins.
fn offset(token: &str, name: &str) -> Option<usize> {
    let text = String::from_utf8(STANDARD.decode(token).ok()?).ok()?;
    text.strip_prefix(name)?.strip_prefix('?')?.parse().ok()
}

fn answer(turn: &Turn, answer: Value) -> Act {
    let mut answer = answer.as_object().cloned().unwrap_or_default();
    turn.alter(&mut answer);
    Answer::json(answer).into()
}

fn invalid(why: impl Into<String>) -> Refusal {
    Refusal::new(400, "", "InvalidRequestException", "Invalid request", why)
}

fn no_access(why: String) -> Refusal {
    Refusal::new(403, "", "ForbiddenException", "No access", why)
}
