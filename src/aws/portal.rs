//! Identity Center's portal: a token becomes role credentials, and is ended.
//!
//! Source: service model `sso` of botocore 1.44, and requests of the AWS CLI 2.36.

use super::call::{self, Resend};
use super::fault::{Fault, Refusal};
use super::{Endpoint, encode};
use crate::error::{Error, Kind};
use crate::host::Host;
use crate::host::http::{Answer, Request};
use crate::model::{Credentials, Secret, SsoRole, text};
use chrono::DateTime;
use serde::Deserialize;

/// What people call the service.
pub(crate) const SERVICE: &str = "IAM Identity Center";

const BEARER: &str = "x-amz-sso_bearer_token";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    role_credentials: WireKeys,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireKeys {
    access_key_id: String,
    secret_access_key: String,
    session_token: String,
    /// Milliseconds.
    expiration: i64,
}

/// Asks `GetRoleCredentials`.
pub(crate) async fn role_credentials(
    host: &Host,
    endpoint: &Endpoint,
    token: &Secret,
    role: &SsoRole,
) -> Result<Credentials, Fault> {
    let mut url = endpoint.join("/federation/credentials");
    let (name, account) = (encode(&role.name), encode(role.account.as_str()));
    url.set_query(Some(&format!("role_name={name}&account_id={account}")));
    let answer = ask(host, endpoint, token, &(reqwest::Method::GET, url)).await?;
    let read = read(&answer.body, role);
    let mut credentials = read.map_err(|why| Fault::Nonsense(format!("{}: {why}", endpoint.name())))?;
    // told in AWS's clock, kept in this machine's
    credentials.expiration = credentials.expiration.map(|end| end - host.clock.skew());
    Ok(credentials)
}

/// Ends a token, and every session that came from the same sign-in.
pub(crate) async fn logout(host: &Host, endpoint: &Endpoint, token: &Secret) -> Result<(), Fault> {
    let request = (reqwest::Method::POST, endpoint.join("/logout"));
    ask(host, endpoint, token, &request).await.map(drop)
}

async fn ask(
    host: &Host,
    endpoint: &Endpoint,
    token: &Secret,
    (method, url): &(reqwest::Method, url::Url),
) -> Result<Answer, Fault> {
    endpoint.announce(host, SERVICE);
    let answer = call::send(host, Resend::Always, || {
        Ok(Request {
            method: method.clone(),
            url: url.clone(),
            headers: vec![(BEARER, token.expose().to_owned())],
            body: Vec::new(),
            ca_bundle: endpoint.ca_bundle.clone(),
        })
    })
    .await?;
    if answer.status < 300 { Ok(answer) } else { Err(Fault::Refused(call::json_refusal(&answer))) }
}

fn read(body: &[u8], role: &SsoRole) -> Result<Credentials, String> {
    let fields = ["roleCredentials", "accessKeyId", "secretAccessKey", "sessionToken", "expiration"];
    let keys = call::json::<Wire>(body, &fields)?.role_credentials;
    // whole seconds, as the caches keep it
    let expiration = DateTime::from_timestamp(keys.expiration.div_euclid(1000), 0);
    Credentials::new(
        &keys.access_key_id,
        Secret::new(keys.secret_access_key),
        Some(Secret::new(keys.session_token)),
        Some(expiration.ok_or("`expiration` is no time")?),
        Some(role.account.clone()),
    )
}

/// Whether the portal does not know the token any more. Being asked too often (429) is something else.
pub(crate) fn is_signed_out(fault: &Fault) -> bool {
    fault.refusal().is_some_and(|refusal| refusal.status == 401)
}

/// The sentence for each refusal of role credentials. `again` is the command that signs in.
pub(crate) fn explain(fault: Fault, role: &SsoRole, again: &str) -> Error {
    let Some(refusal) = fault.refusal().cloned() else { return fault.into_error(SERVICE) };
    let Refusal { status, .. } = refusal;
    let (name, account) = (text::field(&role.name), &role.account);
    match status {
        401 => Error::new(Kind::LoginRequired, "Identity Center does not take the sign-in any more")
            .because(refusal.words())
            .hint(format!("sign in: {again}")),
        403 => {
            Error::new(Kind::Refused, format!("the role `{name}` in account {account} is not yours to take"))
                .because(refusal.words())
                .hint(
                    "check `sso_role_name` and `sso_account_id`; an administrator assigns the permission set",
                )
        }
        404 => Error::new(Kind::Refused, format!("there is no role `{name}` in account {account} for you"))
            .because(refusal.words())
            .hint("check `sso_role_name` and `sso_account_id`"),
        400 => Error::new(
            Kind::Refused,
            format!("Identity Center found the request for role `{name}` in account {account} invalid"),
        )
        .because(refusal.words())
        .hint("check `sso_role_name`, `sso_account_id` and `sso_region`"),
        _ => fault.into_error(SERVICE),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time;

    fn role() -> SsoRole {
        SsoRole { account: "000000000001".parse().unwrap(), name: "AWSPowerUser+x=,.@-".into() }
    }

    const GOOD: &str = r#"{"roleCredentials":{"accessKeyId":"ASIAFAKE111300000000","secretAccessKey":"HUSH","sessionToken":"t==","expiration":1795221319000}}"#;

    /// Source: what the AWS CLI writes into its cache for the same numbers.
    #[test]
    fn an_expiration_is_in_milliseconds() {
        for (milliseconds, told) in [
            ("1795221319000", "2026-11-21T00:35:19Z"),
            ("0", "1970-01-01T00:00:00Z"),
            ("1893553445678", "2030-01-02T03:04:05Z"),
        ] {
            let read = read(GOOD.replace("1795221319000", milliseconds).as_bytes(), &role()).unwrap();
            assert_eq!(time::format(read.expiration.unwrap()), told);
            assert_eq!(read.account, Some(role().account));
        }
    }

    #[test]
    fn a_bad_answer_names_the_field_and_shows_no_value() {
        for (bad, told) in [
            (GOOD.replace("\"secretAccessKey\":\"HUSH\",", ""), "secretAccessKey"),
            (GOOD.replace("\"t==\"", "null"), "wrong type"),
            (GOOD.replace("1795221319000", "9223372036854775807"), "expiration"),
            (GOOD.replace("1795221319000", "1.5"), "wrong type"),
            (GOOD.replace("ASIA", "$(touch P)"), "access key id"),
            ("{}".into(), "roleCredentials"),
            ("null".into(), "wrong type"),
            ("<html>".into(), "JSON"),
        ] {
            let why = read(bad.as_bytes(), &role()).unwrap_err();
            assert!(why.contains(told) && !why.contains("HUSH"), "{bad}: {why}");
        }
    }

    #[test]
    fn refusals_are_told_apart() {
        let of = |status| {
            let refusal = Refusal { status, code: "X".into(), message: "No access".into(), request_id: None };
            explain(Fault::Refused(refusal), &role(), "awsenv login dev")
        };
        assert_eq!(of(401).kind, Kind::LoginRequired);
        for status in [400, 403, 404, 429] {
            assert_eq!(of(status).kind, Kind::Refused, "{status}");
            assert!(!of(status).render().contains("awsenv login"), "{status}");
        }
        assert!(
            of(403).message().contains("AWSPowerUser+x=,.@-") && of(403).message().contains("000000000001")
        );
        assert_eq!(of(503).kind, Kind::Unreachable);
    }
}
