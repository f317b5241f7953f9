//! The proof of possession (RFC 9449), as sign-in asks for it: ES256, no `ath`, no `nonce`, no `exp`.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use p256::ecdsa::{Signature, VerifyingKey, signature::Verifier};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use std::collections::HashSet;

/// How far a proof's time may lie from the simulator's, either way (seconds).
const LEEWAY: i64 = 300;

/// What is wrong with a proof.
pub(super) enum Flaw {
    /// Its time; sign-in has a word of its own for it.
    Time(String),
    /// Anything else.
    Form(String),
}

/// Verifies a proof for one `POST` to `url`, remembers its id in `seen`, returns the thumbprint of its key.
///
/// Source: RFC 9449, 4.3 (checks) and RFC 7638 (thumbprint).
pub(super) fn verify(proof: &str, url: &str, now: i64, seen: &mut HashSet<String>) -> Result<String, Flaw> {
    let flaw = |what: &str| Flaw::Form(format!("the proof {what}"));
    let [header, claims, signature] = proof.split('.').collect::<Vec<_>>()[..] else {
        return Err(flaw("is not three parts joined by dots"));
    };
    let head = object(header).ok_or_else(|| flaw("has a header that is not base64url of an object"))?;
    let body = object(claims).ok_or_else(|| flaw("has claims that are not base64url of an object"))?;
    only(&head, &["typ", "alg", "jwk"]).map_err(|what| flaw(&format!("'s header {what}")))?;
    only(&body, &["htm", "htu", "iat", "jti"]).map_err(|what| flaw(&format!("'s claims: {what}")))?;

    if head["typ"] != "dpop+jwt" {
        return Err(flaw("has another typ than dpop+jwt"));
    }
    if head["alg"] != "ES256" {
        return Err(flaw("has another alg than ES256"));
    }
    let (key, thumbprint) = key(&head["jwk"]).map_err(|what| flaw(&format!("'s key {what}")))?;
    let signature =
        URL_SAFE_NO_PAD.decode(signature).map_err(|_| flaw("has a signature that is not base64url"))?;
    if signature.len() != 64 {
        return Err(flaw(&format!("has a signature of {} bytes, not 64", signature.len())));
    }
    let signature =
        Signature::from_slice(&signature).map_err(|_| flaw("has numbers in its signature out of range"))?;
    let signed = &proof[..header.len() + 1 + claims.len()];
    key.verify(signed.as_bytes(), &signature).map_err(|_| flaw("is not signed by its key"))?;

    if body["htm"] != "POST" {
        return Err(flaw(&format!("is for method {}", body["htm"])));
    }
    if body["htu"] != url {
        return Err(flaw(&format!("is for {}, not {url}", body["htu"])));
    }
    let id = body["jti"].as_str().filter(|id| (1..=255).contains(&id.len()));
    let id = id.ok_or_else(|| flaw("has an id that is not 1 to 255 bytes of text"))?;
    if !seen.insert(id.to_owned()) {
        return Err(flaw(&format!("repeats the id {id}")));
    }
    let issued = body["iat"].as_i64().ok_or_else(|| flaw("has a time that is not a whole number"))?;
    if (now - issued).abs() > LEEWAY {
        return Err(Flaw::Time(format!("the proof is of {issued}, {} s from {now}", issued - now)));
    }
    Ok(thumbprint)
}

/// The public key of a JWK and its thumbprint.
fn key(jwk: &Value) -> Result<(VerifyingKey, String), String> {
    let jwk = jwk.as_object().ok_or("is not an object")?;
    only(jwk, &["kty", "crv", "x", "y"])?;
    if jwk["kty"] != "EC" || jwk["crv"] != "P-256" {
        return Err("is not an EC key on P-256".to_owned());
    }
    let mut point = vec![4];
    for name in ["x", "y"] {
        let text = jwk[name].as_str().ok_or("has a coordinate that is not text")?;
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| "has a coordinate that is not base64url")?;
        if bytes.len() != 32 {
            return Err(format!("has {} bytes of {name}, not 32", bytes.len()));
        }
        point.extend(bytes);
    }
    let key = VerifyingKey::from_sec1_bytes(&point).map_err(|_| "is not a point of the curve")?;
    let canonical = format!(r#"{{"crv":"P-256","kty":"EC","x":{},"y":{}}}"#, jwk["x"], jwk["y"]);
    Ok((key, URL_SAFE_NO_PAD.encode(Sha256::digest(canonical))))
}

fn object(part: &str) -> Option<Map<String, Value>> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

/// Holds an object to exactly these members.
fn only(object: &Map<String, Value>, names: &[&str]) -> Result<(), String> {
    if let Some(name) = names.iter().find(|&&name| !object.contains_key(name)) {
        return Err(format!("lacks {name}"));
    }
    match object.keys().find(|name| !names.contains(&name.as_str())) {
        Some(name) => Err(format!("holds {name}, which it should not")),
        None => Ok(()),
    }
}
