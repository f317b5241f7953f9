//! AWS Sign-In: the authorize page and the token endpoint of `aws login` (OAuth 2.0 with PKCE and DPoP).
//!
//! Source: service model `signin` of botocore 1.44, and requests of the AWS CLI 2.36.

use super::call::{self, Resend};
use super::dpop::DpopKey;
use super::{Endpoint, Fault, encode};
use crate::error::{Error, Kind};
use crate::host::Host;
use crate::host::http::{Answer, Request};
use crate::model::{AccountId, Credentials, Secret};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use url::Url;

/// The client of a browser on this machine, which comes back to the loopback listener.
pub(crate) const SAME_DEVICE: &str = "arn:aws:signin:::devtools/same-device";

/// The client of a browser elsewhere, which shows a code to paste.
pub(crate) const CROSS_DEVICE: &str = "arn:aws:signin:::devtools/cross-device";

/// The page that a person signs in on. AWS wants the parameters in this order, and its own spelling of the method.
pub(crate) fn authorize_url(
    endpoint: &Endpoint,
    client_id: &str,
    state: &str,
    redirect_uri: &str,
    challenge: &str,
) -> String {
    format!(
        "{}/v1/authorize?response_type=code&client_id={}&state={}&code_challenge_method=SHA-256&scope=openid&redirect_uri={}&code_challenge={challenge}",
        endpoint.origin(),
        encode(client_id),
        encode(state),
        encode(redirect_uri),
    )
}

/// Where the browser goes at the end of a cross-device sign-in.
pub(crate) fn confirmation_uri(endpoint: &Endpoint) -> String {
    format!("{}/v1/sessions/confirmation", endpoint.origin())
}

/// What is traded for tokens.
pub(crate) enum Grant<'a> {
    Code { code: &'a Secret, verifier: &'a Secret, redirect_uri: &'a str },
    Refresh { token: &'a Secret },
}

/// What the token endpoint answers.
pub(crate) struct Tokens {
    pub(crate) access_key_id: String,
    pub(crate) secret_access_key: Secret,
    pub(crate) session_token: Secret,
    pub(crate) lifetime: TimeDelta,
    pub(crate) refresh_token: Secret,
    /// Only for a code: says who signed in.
    pub(crate) id_token: Option<Secret>,
}

impl Tokens {
    /// The credentials, checked. They end by this machine's clock: the answer tells a lifetime, not an instant.
    pub(crate) fn credentials(&self, account: &AccountId, now: DateTime<Utc>) -> Result<Credentials, Fault> {
        Credentials::new(
            &self.access_key_id,
            self.secret_access_key.clone(),
            Some(self.session_token.clone()),
            Some(now + self.lifetime),
            Some(account.clone()),
        )
        .map_err(Fault::Nonsense)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    access_token: WireKeys,
    expires_in: i64,
    refresh_token: String,
    id_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireKeys {
    access_key_id: String,
    secret_access_key: String,
    session_token: String,
}

/// Trades a code or a refresh token for credentials.
///
/// A refusal that a wrong clock explains is tried once more with the server's time, and the clock is named.
pub(crate) async fn token(
    host: &Host,
    endpoint: &Endpoint,
    client_id: &str,
    grant: &Grant<'_>,
    key: &DpopKey,
) -> Result<Tokens, Fault> {
    endpoint.announce(host, "AWS Sign-In");
    let believed = host.clock.skew();
    let mut answer = ask(host, endpoint, client_id, grant, key).await?;
    if (400..500).contains(&answer.status) && host.clock.skew() != believed {
        let skew = host.clock.skew();
        host.debug(|| format!("refused with a clock that is off by {skew}: tried again"));
        answer = ask(host, endpoint, client_id, grant, key).await?;
        if answer.status < 400 {
            host.warn(clock_words(skew));
        }
    }
    if answer.status != 200 {
        return Err(Fault::Refused(call::json_refusal(&answer)));
    }
    read(&answer.body).map_err(|why| Fault::Nonsense(format!("{}: {why}", endpoint.name())))
}

/// Says how this machine's clock differs.
pub(crate) fn clock_words(skew: TimeDelta) -> String {
    let (length, where_) =
        (crate::model::time::words(skew.abs()), if skew > TimeDelta::zero() { "behind" } else { "ahead of" });
    format!(
        "this computer's clock is {length} {where_} AWS's; AWS's time was used, but other tools will fail: set the clock"
    )
}

async fn ask(
    host: &Host,
    endpoint: &Endpoint,
    client_id: &str,
    grant: &Grant<'_>,
    key: &DpopKey,
) -> Result<Answer, Fault> {
    let url: Url = endpoint.join("/v1/token");
    let (body, resend) = match grant {
        Grant::Code { code, verifier, redirect_uri } => (
            serde_json::json!({
                "clientId": client_id,
                "grantType": "authorization_code",
                "code": code.expose(),
                "codeVerifier": verifier.expose(),
                "redirectUri": redirect_uri,
            }),
            Resend::BeforeSending,
        ),
        // the service answers a repeated refresh as the first, within the token's validity
        Grant::Refresh { token } => (
            serde_json::json!({
                "clientId": client_id,
                "refreshToken": token.expose(),
                "grantType": "refresh_token",
            }),
            Resend::Once,
        ),
    };
    let body = body.to_string().into_bytes();
    call::send(host, resend, || {
        let proof = key.proof(&url, host.clock.server_now());
        let proof = proof.map_err(|e| Fault::Nonsense(e.in_one_line()))?;
        Ok(Request {
            method: reqwest::Method::POST,
            url: url.clone(),
            headers: vec![("content-type", "application/json".into()), ("dpop", proof)],
            body: body.clone(),
            ca_bundle: endpoint.ca_bundle.clone(),
        })
    })
    .await
}

fn read(body: &[u8]) -> Result<Tokens, String> {
    let fields =
        ["accessToken", "expiresIn", "refreshToken", "accessKeyId", "secretAccessKey", "sessionToken"];
    let wire: Wire = call::json(body, &fields)?;
    if !(1..=43_200).contains(&wire.expires_in) {
        return Err(format!("`expiresIn` is {}, not a number of seconds from 1 to 43200", wire.expires_in));
    }
    if wire.refresh_token.is_empty() {
        return Err("`refreshToken` is empty".into());
    }
    Ok(Tokens {
        access_key_id: wire.access_token.access_key_id,
        secret_access_key: Secret::new(wire.access_token.secret_access_key),
        session_token: Secret::new(wire.access_token.session_token),
        lifetime: TimeDelta::seconds(wire.expires_in),
        refresh_token: Secret::new(wire.refresh_token),
        id_token: wire.id_token.map(Secret::new),
    })
}

/// The claim `sub` of an id token: the ARN of who signed in.
///
/// The signature is not checked: the token came straight from the endpoint, over TLS (OpenID Connect 3.1.3.7).
pub(crate) fn subject(id_token: &Secret) -> Result<String, String> {
    let parts: Vec<&str> = id_token.expose().split('.').collect();
    let [_, payload, _] = parts[..] else { return Err("the id token has not three parts".into()) };
    let payload = URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok();
    let claims: Option<serde_json::Value> = payload.and_then(|json| serde_json::from_slice(&json).ok());
    let subject = claims.as_ref().and_then(|claims| claims.get("sub")?.as_str());
    subject.map(str::to_owned).ok_or_else(|| "the id token does not say who signed in (`sub`)".into())
}

/// Why the token endpoint said no, as far as something follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// The refresh token has ended, was used, or belongs elsewhere: a person must sign in again.
    SessionEnded,
    /// Anything that a new sign-in does not mend.
    Other,
}

/// The sentence and hint for each refusal of the token endpoint, while `doing` ("signing in", "renewing …").
///
/// `again` is the command that signs in again.
pub(crate) fn explain(fault: Fault, exchange: bool, again: &str) -> (Refused, Error) {
    let Some(refusal) = fault.refusal().cloned() else {
        return (Refused::Other, fault.into_error("AWS Sign-In"));
    };
    let required = |message: &str| {
        let error = Error::new(Kind::LoginRequired, message).because(refusal.words());
        (Refused::SessionEnded, error.hint(format!("sign in again: {again}")))
    };
    let code = refusal.code.to_ascii_uppercase();
    match code.as_str() {
        "TOKEN_EXPIRED" | "INVALID_GRANT" if exchange => {
            let error = Error::new(Kind::Refused, "AWS Sign-In takes this sign-in for expired already")
                .because(refusal.words())
                .hint(format!("check this computer's clock, then: {again}"));
            (Refused::Other, error)
        }
        "TOKEN_EXPIRED" | "INVALID_GRANT" => required("the sign-in has ended"),
        "AUTHCODE_EXPIRED" => {
            let error = Error::new(Kind::Refused, "the code from the browser had ended before it was used")
                .because(refusal.words())
                .hint(format!("start again: {again}"));
            (Refused::Other, error)
        }
        "USER_CREDENTIALS_CHANGED" => {
            required("the password of this identity was changed, which ended the sign-in")
        }
        "INSUFFICIENT_PERMISSIONS" => {
            let error =
                Error::new(Kind::Refused, "this identity may not use console sign-in for command-line tools")
                    .because(refusal.words())
                    .hint(PERMISSIONS);
            (Refused::Other, error)
        }
        "INVALID_REQUEST" if !exchange && refusal.status == 400 => required(
            "AWS Sign-In does not take the refresh token: it was used elsewhere, or is of another region",
        ),
        "INVALID_REQUEST" if refusal.status == 400 => {
            let error = Error::new(Kind::Refused, "AWS Sign-In found the request invalid")
                .because(refusal.words())
                .hint(format!("start again: {again}; if it stays so, another --region may help"));
            (Refused::Other, error)
        }
        "SERVICE_QUOTA_EXCEEDED" => {
            let error = Error::new(Kind::Refused, "this identity has too many sign-ins open")
                .because(refusal.words());
            (
                Refused::Other,
                error.hint("end some of them: awsenv logout, or wait until they end (12 h at most)"),
            )
        }
        "UNSUPPORTED_GRANT_TYPE" | "INVALID_SCOPE" | "INVALID_TARGET" => {
            let error = Error::new(Kind::Refused, "AWS Sign-In does not offer this kind of sign-in here")
                .because(refusal.words())
                .hint("check the region: --region");
            (Refused::Other, error)
        }
        _ if refusal.status == 401 && !exchange => required("AWS Sign-In does not take the sign-in any more"),
        _ if refusal.status == 403 => {
            let error =
                Error::new(Kind::Refused, "AWS Sign-In refused this identity").because(refusal.words());
            (Refused::Other, error.hint(PERMISSIONS))
        }
        _ => (Refused::Other, fault.into_error("AWS Sign-In")),
    }
}

/// What is needed to sign in.
pub(crate) const PERMISSIONS: &str = "it needs `signin:AuthorizeOAuth2Access` and `signin:CreateOAuth2Token`: an administrator attaches the managed policy SignInLocalDevelopmentAccess";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_authorize_url_is_the_aws_clis() {
        let url = "https://ap-northeast-1.signin.aws.amazon.com/base".parse().unwrap();
        let endpoint = Endpoint { url, ca_bundle: None, custom: false };
        let url = authorize_url(
            &endpoint,
            SAME_DEVICE,
            "00000000-0000-4000-8000-000000000001",
            "http://127.0.0.1:46115/oauth/callback",
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        );
        assert_eq!(
            url,
            "https://ap-northeast-1.signin.aws.amazon.com/v1/authorize?response_type=code&client_id=arn%3Aaws%3Asignin%3A%3A%3Adevtools%2Fsame-device&state=00000000-0000-4000-8000-000000000001&code_challenge_method=SHA-256&scope=openid&redirect_uri=http%3A%2F%2F127.0.0.1%3A46115%2Foauth%2Fcallback&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        );
        assert_eq!(endpoint.join("/v1/token").path(), "/base/v1/token");
    }

    #[test]
    fn a_subject_is_read_whatever_the_padding() {
        let token = |payload: &str| Secret::new(format!("e30.{payload}.c2ln"));
        let payload = URL_SAFE_NO_PAD.encode(br#"{"sub":"arn:aws:iam:\/\/x"}"#);
        assert_eq!(subject(&token(&payload)).unwrap(), "arn:aws:iam://x");
        assert_eq!(subject(&token(&format!("{payload}=="))).unwrap(), "arn:aws:iam://x");
        for bad in ["", "!!!", "e30"] {
            assert!(subject(&token(bad)).is_err(), "{bad}");
        }
        assert!(subject(&Secret::new("no.jwt")).is_err());
    }

    #[test]
    fn a_bad_answer_names_the_field_and_shows_no_value() {
        let good = r#"{"accessToken":{"accessKeyId":"A","secretAccessKey":"HUSH","sessionToken":"t"},"expiresIn":900,"refreshToken":"r"}"#;
        assert!(read(good.as_bytes()).is_ok());
        for (bad, told) in [
            (good.replace("\"expiresIn\":900,", ""), "expiresIn"),
            (good.replace("900", "0"), "expiresIn"),
            (good.replace("900", "-1"), "expiresIn"),
            (good.replace("900", "2147483648"), "expiresIn"),
            (good.replace("900", "900.5"), "wrong type"),
            (good.replace("900", "\"900\""), "wrong type"),
            (good.replace("\"secretAccessKey\":\"HUSH\",", ""), "secretAccessKey"),
            (good.replace("\"r\"", "\"\""), "refreshToken"),
            ("[]".into(), "wrong type"),
            ("<html>".into(), "JSON"),
        ] {
            let why = read(bad.as_bytes()).err().unwrap();
            assert!(why.contains(told) && !why.contains("HUSH"), "{bad}: {why}");
        }
    }
}
