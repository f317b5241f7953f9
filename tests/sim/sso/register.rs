//! `RegisterClient`: a program makes itself known.

use super::super::fault::{Format, Refusal};
use super::super::http::{Act, Answer, Ask};
use super::super::query;
use super::super::route::Turn;
use super::super::state::{State, url_text};
use super::{Client, fields, invalid, no, text};
use serde_json::{Map, Value, json};

const GRANTS: [&str; 2] = ["authorization_code", "refresh_token"];

pub(in super::super) fn register(state: &mut State, ask: &Ask, turn: &Turn) -> Result<Act, Refusal> {
    let optional = ["scopes", "grantTypes", "redirectUris", "issuerUrl"];
    let fields = fields(ask, &["clientName", "clientType"], &optional)?;
    let name = text(&fields, "clientName")?.to_owned();
    if text(&fields, "clientType")? != "public" {
        let told = "Invalid client metadata";
        return Err(no("invalid_client_metadata", told, "the clientType is not public"));
    }
    let scopes = list(&fields, "scopes")?;
    if scopes.len() > 25 || !scopes.iter().all(|scope| is_scope(scope)) {
        return Err(no("invalid_scope", "Invalid scope", format!("the scopes are {scopes:?}")));
    }
    let browser = fields.contains_key("grantTypes");
    if browser {
        of_browser(state, &fields, &scopes)?;
    } else if let Some(name) = ["redirectUris", "issuerUrl"].iter().find(|&&name| fields.contains_key(name)) {
        return Err(invalid(format!("there is a {name} without grantTypes")));
    }
    if let Some(act) = turn.instead(Format::Oidc) {
        return Ok(act);
    }

    let (id, secret) = (url_text(22), url_text(200));
    state.secrets.push(secret.clone());
    let expires = turn.now + state.sso.rules.registration;
    let answer = json!({
        "clientId": id, "clientSecret": secret, "clientIdIssuedAt": turn.now, "clientSecretExpiresAt": expires,
        "authorizationEndpoint": null, "tokenEndpoint": null,
    });
    state.sso.clients.insert(id.clone(), Client { id, secret, name, scopes, browser, expires });
    let Value::Object(mut answer) = answer else { unreachable!("it is written as an object") };
    turn.alter(&mut answer);
    Ok(Answer::json(answer).into())
}

/// Holds a client to what it needs to send a person's browser.
fn of_browser(state: &State, fields: &Map<String, Value>, scopes: &[String]) -> Result<(), Refusal> {
    let grants = list(fields, "grantTypes")?;
    if grants != GRANTS {
        let told = "Unsupported grant type";
        return Err(no("unsupported_grant_type", told, format!("the grantTypes are {grants:?}")));
    }
    let uris = list(fields, "redirectUris")?;
    let is_callback = |uri: &String| uri == "http://127.0.0.1/oauth/callback" || query::is_callback(uri);
    if uris.is_empty() || !uris.iter().all(is_callback) {
        let told = "Invalid redirect URI";
        return Err(no("invalid_redirect_uri", told, format!("the redirectUris are {uris:?}")));
    }
    if scopes.is_empty() {
        return Err(no("invalid_scope", "Invalid scope", "there are no scopes"));
    }
    let issuer = text(fields, "issuerUrl")?;
    if !state.sso.knows(issuer) {
        return Err(invalid(format!("the issuerUrl {issuer} is unknown")));
    }
    Ok(())
}

/// A field that is a list of texts, if it is there at all.
fn list(fields: &Map<String, Value>, name: &str) -> Result<Vec<String>, Refusal> {
    let Some(value) = fields.get(name) else { return Ok(Vec::new()) };
    serde_json::from_value::<Vec<String>>(value.clone())
        .ok()
        .filter(|list| !list.is_empty())
        .ok_or_else(|| invalid(format!("{name} is no list of texts")))
}

/// Whether this is written as `SERVICE:THING:RIGHT`.
fn is_scope(scope: &str) -> bool {
    let parts: Vec<_> = scope.split(':').collect();
    let plain = |part: &&str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
    };
    (2..=3).contains(&parts.len()) && parts.iter().all(plain)
}
