//! Signature Version 4, verified.
//!
//! Source: AWS documentation, "Signature Version 4 for API requests".

use super::fault::Refusal;
use super::http::Ask;
use super::state::{Key, Keys};
use chrono::NaiveDateTime;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// How far a signature's time may lie from the simulator's, either way (seconds).
const LEEWAY: i64 = 15 * 60;

/// Who signed a request.
pub(super) struct Signer {
    pub(super) identity: String,
    /// Whether with temporary credentials.
    pub(super) temporary: bool,
    /// The serial number of the MFA device that was used for those.
    pub(super) mfa: Option<String>,
}

/// What the `Authorization` header holds.
struct Authorization<'a> {
    key_id: &'a str,
    date: &'a str,
    region: &'a str,
    service: &'a str,
    signed: Vec<&'a str>,
    signature: &'a str,
}

/// Verifies the signature of a request to `service` at the moment `now`.
pub(super) fn verify(ask: &Ask, service: &str, keys: &Keys, now: i64) -> Result<Signer, Refusal> {
    let authorization = read(ask)?;
    let Authorization { key_id, date, region, ref signed, .. } = authorization;
    let mismatch = |why: String| {
        let told = "The request signature we calculated does not match the signature you provided. Check your AWS Secret \
                    Access Key and signing method. Consult the service documentation for details.";
        Refusal::new(403, "", "SignatureDoesNotMatch", told, why)
    };

    let Some(key) = keys.find(key_id) else {
        return Err(invalid_token(format!("the access key id {key_id} is unknown")));
    };
    token(ask, key)?;

    let moment = ask.one("x-amz-date").ok_or_else(|| mismatch("there is no one x-amz-date".to_owned()))?;
    let time = NaiveDateTime::parse_from_str(moment, "%Y%m%dT%H%M%SZ").ok().filter(|_| moment.len() == 16);
    let time = time.ok_or_else(|| mismatch(format!("x-amz-date is {moment}")))?.and_utc().timestamp();
    if date != &moment[..8] {
        return Err(mismatch(format!("the scope is of {date}, x-amz-date of {moment}")));
    }
    if authorization.service != service {
        return Err(mismatch(format!("the scope is of service {}, not {service}", authorization.service)));
    }
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if region.is_empty() || !region.bytes().all(plain) {
        return Err(mismatch(format!("the scope is of region {region}")));
    }
    must_be_signed(ask, signed).map_err(mismatch)?;

    let expected = signature(&key.secret, ask, &authorization, moment).map_err(mismatch)?;
    if expected != authorization.signature {
        return Err(mismatch(format!("the signature of {key_id} should be {expected}")));
    }
    if (now - time).abs() > LEEWAY {
        let told = if time < now { "Signature expired" } else { "Signature not yet current" };
        let why = format!("the request was signed at {moment}, {} s from now", time - now);
        return Err(Refusal::new(403, "", "SignatureDoesNotMatch", told, why));
    }
    if key.session.as_ref().is_some_and(|&(_, expires)| now >= expires) {
        let told = "The security token included in the request is expired";
        return Err(Refusal::new(
            403,
            "",
            "ExpiredToken",
            told,
            format!("the credentials {key_id} have expired"),
        ));
    }
    Ok(Signer { identity: key.identity.clone(), temporary: key.session.is_some(), mfa: key.mfa.clone() })
}

/// The `Authorization` header for a request as it is, all of whose headers are signed; they are in order.
pub(super) fn sign(
    ask: &Ask,
    key_id: &str,
    secret: &str,
    region: &str,
    service: &str,
    moment: &str,
) -> Result<String, String> {
    let date = moment.get(..8).ok_or("the moment has no date")?;
    let signed: Vec<&str> = ask.headers().map(|(name, _)| name).collect();
    let wish = Authorization { key_id, date, region, service, signed, signature: "" };
    let made = signature(secret, ask, &wish, moment)?;
    Ok(format!(
        "{ALGORITHM} Credential={key_id}/{date}/{region}/{service}/aws4_request, SignedHeaders={}, Signature={made}",
        wish.signed.join(";")
    ))
}

/// Reads the `Authorization` header.
fn read(ask: &Ask) -> Result<Authorization<'_>, Refusal> {
    let incomplete = |why: &str| {
        Refusal::new(400, "", "IncompleteSignature", "Authorization header requires other parameters.", why)
    };
    if ask.all("authorization").is_empty() {
        let told = "Request is missing Authentication Token";
        return Err(Refusal::new(403, "", "MissingAuthenticationToken", told, "the request is not signed"));
    }
    let value =
        ask.one("authorization").ok_or_else(|| incomplete("there are several Authorization headers"))?;
    let rest = value.strip_prefix(ALGORITHM).and_then(|rest| rest.strip_prefix(' '));
    let rest = rest.ok_or_else(|| incomplete("the algorithm is not AWS4-HMAC-SHA256"))?;
    let parts: Vec<_> = rest.split(',').map(str::trim).collect();
    let [credential, signed, signature] = ["Credential=", "SignedHeaders=", "Signature="]
        .map(|name| parts.iter().find_map(|part| part.strip_prefix(name)).unwrap_or_default());
    if parts.len() != 3 || signed.is_empty() || signature.is_empty() {
        return Err(incomplete("Authorization is not Credential, SignedHeaders, Signature"));
    }
    let [key_id, date, region, service, "aws4_request"] = credential.split('/').collect::<Vec<_>>()[..]
    else {
        return Err(incomplete("Credential is not ID/DATE/REGION/SERVICE/aws4_request"));
    };
    Ok(Authorization { key_id, date, region, service, signed: signed.split(';').collect(), signature })
}

/// Compares the session token with the one issued.
fn token(ask: &Ask, key: &Key) -> Result<(), Refusal> {
    let shown = ask.all("x-amz-security-token");
    match (&key.session, &shown[..]) {
        (None, []) => Ok(()),
        (Some((token, _)), [one]) if token == one => Ok(()),
        (None, _) => Err(invalid_token("a session token came with long-term credentials".to_owned())),
        (Some(_), []) => Err(invalid_token("the session token is missing".to_owned())),
        (Some(_), _) => Err(invalid_token("the session token is another than was issued".to_owned())),
    }
}

fn invalid_token(why: String) -> Refusal {
    let told = "The security token included in the request is invalid.";
    Refusal::new(403, "", "InvalidClientTokenId", told, why)
}

/// Holds the list of signed headers to order, and to hold `host` and every `x-amz-…` of the request.
fn must_be_signed(ask: &Ask, signed: &[&str]) -> Result<(), String> {
    if !signed.is_sorted_by(|one, next| one < next) || signed.iter().any(|name| name.to_lowercase() != *name)
    {
        return Err("the signed headers are not in order, once each, in lower case".to_owned());
    }
    let required = ask.headers().map(|(name, _)| name).filter(|name| name.starts_with("x-amz-"));
    match ["host", "x-amz-date"].into_iter().chain(required).find(|name| !signed.contains(name)) {
        Some(name) => Err(format!("the header {name} is not signed")),
        None => Ok(()),
    }
}

/// The signature that this request should bear.
fn signature(
    secret: &str,
    ask: &Ask,
    authorization: &Authorization<'_>,
    moment: &str,
) -> Result<String, String> {
    let payload = hex(&Sha256::digest(&ask.body));
    if ask.all("x-amz-content-sha256").iter().any(|hash| *hash != payload) {
        return Err("x-amz-content-sha256 is not the hash of the body".to_owned());
    }
    let mut canonical = format!("{}\n{}\n{}\n", ask.method, ask.path, canonical_query(&ask.query));
    for name in &authorization.signed {
        let values = ask.all(name);
        if values.is_empty() {
            return Err(format!("the signed header {name} is missing"));
        }
        let values: Vec<_> = values.iter().map(|value| one_blank(value)).collect();
        writeln!(canonical, "{name}:{}", values.join(",")).expect("a String takes all that is written");
    }
    write!(canonical, "\n{}\n{payload}", authorization.signed.join(";"))
        .expect("a String takes all that is written");

    let Authorization { date, region, service, .. } = authorization;
    let scope = format!("{date}/{region}/{service}/aws4_request");
    let text = format!("{ALGORITHM}\n{moment}\n{scope}\n{}", hex(&Sha256::digest(canonical)));
    let first = format!("AWS4{secret}").into_bytes();
    let key = [date, region, service, "aws4_request"].iter().fold(first, |key, part| hmac(&key, part));
    Ok(hex(&hmac(&key, &text)))
}

/// The parameters of a query in order, as they are encoded.
fn canonical_query(query: &str) -> String {
    let mut pairs: Vec<_> = query.split('&').filter(|pair| !pair.is_empty()).map(str::to_owned).collect();
    for pair in &mut pairs {
        if !pair.contains('=') {
            pair.push('=');
        }
    }
    pairs.sort();
    pairs.join("&")
}

/// A header's value without blanks around it, and with one where there are several.
fn one_blank(value: &str) -> String {
    value.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

fn hmac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of HMAC may have any length");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a String takes all that is written");
        text
    })
}
