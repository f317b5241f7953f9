//! Identity Center's OIDC service: clients, device codes, tokens. Nothing of it is signed.
//!
//! Source: service model `sso-oidc` of botocore 1.44, and requests of the AWS CLI 2.36.

mod refusal;

use super::call::{self, Resend};
use super::fault::Fault;
use super::{Endpoint, encode};
use crate::host::Host;
use crate::host::http::{Answer, Request};
use crate::model::{Secret, SsoClient, SsoFlow};
use chrono::{DateTime, TimeDelta, Utc};
use refusal::refusal;
pub(crate) use refusal::{Asked, explain};
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::Duration;

/// How a redirect is registered: without a port, and then good for any.
const REDIRECT_URI: &str = "http://127.0.0.1/oauth/callback";

/// A client to register.
pub(crate) struct NewClient<'a> {
    /// The session's; `None` for a legacy profile.
    pub(crate) session: Option<&'a str>,
    pub(crate) scopes: &'a [String],
    pub(crate) start_url: &'a str,
    pub(crate) flow: SsoFlow,
}

impl NewClient<'_> {
    fn body(&self, now: DateTime<Utc>) -> Value {
        let name = match self.session {
            Some(session) => format!("awsenv-{session}"),
            None => format!("awsenv-{}", now.timestamp()),
        };
        let mut body = json!({ "clientName": name, "clientType": "public" });
        if self.flow == SsoFlow::Code {
            body["grantTypes"] = json!(["authorization_code", "refresh_token"]);
            body["redirectUris"] = json!([REDIRECT_URI]);
            body["issuerUrl"] = self.start_url.into();
        }
        if !self.scopes.is_empty() {
            body["scopes"] = json!(self.scopes);
        }
        body
    }
}

/// Registers a client.
pub(crate) async fn register(
    host: &Host,
    endpoint: &Endpoint,
    new: &NewClient<'_>,
) -> Result<SsoClient, Fault> {
    #[derive(Deserialize)]
    struct Wire {
        #[serde(rename = "clientId")]
        id: String,
        #[serde(rename = "clientSecret")]
        secret: String,
        #[serde(rename = "clientSecretExpiresAt")]
        expires_at: i64,
    }
    let body = new.body(host.clock.now());
    let answer = post(host, endpoint, "/client/register", &body, Resend::Always).await?;
    let fields = ["clientId", "clientSecret", "clientSecretExpiresAt"];
    let wire: Wire = read(endpoint, &answer, &fields)?;
    let expires_at = DateTime::from_timestamp(wire.expires_at, 0);
    let expires_at = expires_at.ok_or_else(|| wrong(endpoint, "`clientSecretExpiresAt` is no time"))?;
    Ok(SsoClient { id: wire.id, secret: Secret::new(wire.secret), expires_at })
}

/// A device that waits for a person's approval.
pub(crate) struct Device {
    pub(crate) code: Secret,
    /// What the person compares or types.
    pub(crate) user_code: String,
    /// As the service says; to be judged before anybody is sent there.
    pub(crate) page: String,
    /// The page with the code in it.
    pub(crate) complete_page: Option<String>,
    pub(crate) lifetime: Duration,
    pub(crate) interval: Duration,
}

/// Begins a sign-in by device code.
pub(crate) async fn start_device_authorization(
    host: &Host,
    endpoint: &Endpoint,
    client: &SsoClient,
    start_url: &str,
) -> Result<Device, Fault> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Wire {
        device_code: String,
        user_code: String,
        verification_uri: String,
        verification_uri_complete: Option<String>,
        expires_in: i64,
        interval: Option<i64>,
    }
    let body = json!({
        "clientId": client.id,
        "clientSecret": client.secret.expose(),
        "startUrl": start_url,
    });
    let answer = post(host, endpoint, "/device_authorization", &body, Resend::Always).await?;
    let fields = ["deviceCode", "userCode", "verificationUri", "expiresIn"];
    let wire: Wire = read(endpoint, &answer, &fields)?;
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '-';
    if wire.user_code.is_empty() || wire.user_code.len() > 32 || !wire.user_code.chars().all(fits) {
        return Err(wrong(endpoint, "`userCode` is not letters, digits and hyphens"));
    }
    let seconds = |seconds: i64, least, most| Duration::from_secs(seconds.clamp(least, most).unsigned_abs());
    if wire.expires_in < 1 {
        return Err(wrong(endpoint, "`expiresIn` is not a number of seconds to come"));
    }
    Ok(Device {
        code: Secret::new(wire.device_code),
        user_code: wire.user_code,
        page: wire.verification_uri,
        complete_page: wire.verification_uri_complete.filter(|page| !page.is_empty()),
        lifetime: seconds(wire.expires_in, 1, 3600),
        interval: seconds(wire.interval.unwrap_or(5), 1, 60),
    })
}

/// The page that a person signs in on, which comes back to this computer. The order is the AWS CLI's.
pub(crate) fn authorize_url(
    endpoint: &Endpoint,
    client_id: &str,
    redirect_uri: &str,
    state: &str,
    scopes: &[&str],
    challenge: &str,
) -> String {
    format!(
        "{}?response_type=code&client_id={}&redirect_uri={}&state={}&code_challenge_method=S256&scopes={}&code_challenge={challenge}",
        endpoint.join("/authorize"),
        encode(client_id),
        encode(redirect_uri),
        encode(state),
        encode(&scopes.join(" ")),
    )
}

/// What is traded for tokens.
pub(crate) enum Grant<'a> {
    Code { code: &'a Secret, verifier: &'a Secret, redirect_uri: &'a str },
    Device { code: &'a Secret },
    Refresh { token: &'a Secret },
}

/// What the token endpoint answers.
pub(crate) struct Tokens {
    pub(crate) access: Secret,
    pub(crate) lifetime: TimeDelta,
    pub(crate) refresh: Option<Secret>,
}

/// Trades a code or a refresh token for tokens.
pub(crate) async fn token(
    host: &Host,
    endpoint: &Endpoint,
    client: &SsoClient,
    grant: &Grant<'_>,
) -> Result<Tokens, Fault> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Wire {
        access_token: String,
        expires_in: i64,
        refresh_token: Option<String>,
    }
    let (mut body, resend) = match grant {
        Grant::Code { code, verifier, redirect_uri } => (
            json!({
                "grantType": "authorization_code",
                "redirectUri": redirect_uri,
                "codeVerifier": verifier.expose(),
                "code": code.expose(),
            }),
            Resend::BeforeSending,
        ),
        Grant::Device { code } => (
            json!({
                "grantType": "urn:ietf:params:oauth:grant-type:device_code",
                "deviceCode": code.expose(),
            }),
            Resend::BeforeSending,
        ),
        // if the first was not answered, the second is the only way to learn what became of it
        Grant::Refresh { token } => {
            (json!({ "grantType": "refresh_token", "refreshToken": token.expose() }), Resend::Once)
        }
    };
    body["clientId"] = client.id.as_str().into();
    body["clientSecret"] = client.secret.expose().into();
    let answer = post(host, endpoint, "/token", &body, resend).await?;
    let wire: Wire = read(endpoint, &answer, &["accessToken", "expiresIn", "refreshToken"])?;
    if !(1..=31_622_400).contains(&wire.expires_in) {
        let why = format!("`expiresIn` is {}, not a number of seconds up to a year", wire.expires_in);
        return Err(wrong(endpoint, &why));
    }
    let is_header = |token: &str| !token.is_empty() && token.bytes().all(|b| b.is_ascii_graphic());
    if !is_header(&wire.access_token) {
        return Err(wrong(endpoint, "`accessToken` holds characters that none has"));
    }
    Ok(Tokens {
        access: Secret::new(wire.access_token),
        lifetime: TimeDelta::seconds(wire.expires_in),
        refresh: wire.refresh_token.filter(|token| !token.is_empty()).map(Secret::new),
    })
}

async fn post(
    host: &Host,
    endpoint: &Endpoint,
    path: &str,
    body: &Value,
    resend: Resend,
) -> Result<Answer, Fault> {
    let (url, body) = (endpoint.join(path), body.to_string().into_bytes());
    let answer = call::send(host, resend, || {
        Ok(Request {
            method: reqwest::Method::POST,
            url: url.clone(),
            headers: vec![("content-type", "application/json".into())],
            body: body.clone(),
            ca_bundle: endpoint.ca_bundle.clone(),
        })
    })
    .await?;
    if answer.status == 200 { Ok(answer) } else { Err(Fault::Refused(refusal(&answer))) }
}

fn read<T: serde::de::DeserializeOwned>(
    endpoint: &Endpoint,
    answer: &Answer,
    fields: &[&str],
) -> Result<T, Fault> {
    call::json(&answer.body, fields).map_err(|why| wrong(endpoint, &why))
}

fn wrong(endpoint: &Endpoint, why: &str) -> Fault {
    Fault::Nonsense(format!("{}: {why}", endpoint.name()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_asks_for_what_its_flow_needs() {
        let scopes = ["sso:account:access".to_owned()];
        let new = |session, scopes, flow| NewClient {
            session,
            scopes,
            start_url: "https://x.awsapps.com/start",
            flow,
        };
        let body = |new: NewClient| new.body(DateTime::UNIX_EPOCH).to_string();
        assert_eq!(
            body(new(Some("corp"), &scopes[..], SsoFlow::Device)),
            r#"{"clientName":"awsenv-corp","clientType":"public","scopes":["sso:account:access"]}"#
        );
        assert_eq!(
            body(new(None, &[], SsoFlow::Device)),
            r#"{"clientName":"awsenv-0","clientType":"public"}"#
        );
        assert_eq!(
            body(new(Some("corp"), &scopes, SsoFlow::Code)),
            r#"{"clientName":"awsenv-corp","clientType":"public","grantTypes":["authorization_code","refresh_token"],"redirectUris":["http://127.0.0.1/oauth/callback"],"issuerUrl":"https://x.awsapps.com/start","scopes":["sso:account:access"]}"#
        );
    }

    #[test]
    fn the_authorize_url_is_the_aws_clis() {
        let url = "https://oidc.us-east-1.amazonaws.com".parse().unwrap();
        let endpoint = Endpoint { url, ca_bundle: None, custom: false };
        assert_eq!(
            authorize_url(
                &endpoint,
                "c id",
                "http://127.0.0.1:1/oauth/callback",
                "s",
                &["sso:account:access", "foo:bar baz"],
                "ch"
            ),
            "https://oidc.us-east-1.amazonaws.com/authorize?response_type=code&client_id=c%20id&redirect_uri=http%3A%2F%2F127.0.0.1%3A1%2Foauth%2Fcallback&state=s&code_challenge_method=S256&scopes=sso%3Aaccount%3Aaccess%20foo%3Abar%20baz&code_challenge=ch"
        );
    }
}
