//! STS `AssumeRoleWithWebIdentity`: another house's token for the credentials of a role. Nothing is signed.

use super::call::{self, Resend};
use super::fault::Fault;
use super::{Endpoint, sigv4, sts};
use crate::host::Host;
use crate::host::http::Request;
use crate::model::{Arn, Credentials, Secret, time};
use std::collections::BTreeMap;
use std::time::Duration;
use url::form_urlencoded;

/// What is traded, and for which role.
pub(crate) struct Trade<'a> {
    pub(crate) role: &'a str,
    pub(crate) session_name: &'a str,
    /// As it stands in its file, a line's end included.
    pub(crate) token: &'a Secret,
}

/// When AWS is asked again after it could not reach the token's issuer, or was asked too often.
const AGAIN: [Duration; 2] = [Duration::from_millis(300), Duration::from_millis(900)];

/// Asks for credentials, and whose they are.
pub(crate) async fn assume(
    host: &Host,
    endpoint: &Endpoint,
    trade: &Trade<'_>,
) -> Result<(Credentials, Option<Arn>), Fault> {
    let body = form_urlencoded::Serializer::new(String::new())
        .append_pair("Action", "AssumeRoleWithWebIdentity")
        .append_pair("Version", "2011-06-15")
        .append_pair("RoleArn", trade.role)
        .append_pair("RoleSessionName", trade.session_name)
        .append_pair("WebIdentityToken", trade.token.expose())
        .finish();
    let mut pauses = AGAIN.into_iter();
    loop {
        let answer = call::send(host, Resend::Always, || {
            Ok(Request {
                method: reqwest::Method::POST,
                url: endpoint.join("/"),
                headers: vec![("content-type", sigv4::FORM.to_owned())],
                body: body.clone().into_bytes(),
                ca_bundle: endpoint.ca_bundle.clone(),
            })
        })
        .await?;
        if answer.status == 200 {
            let nonsense = |why: String| Fault::Nonsense(format!("{}: {why}", endpoint.name()));
            return sts::leaves(&answer.body).and_then(|fields| read(host, &fields)).map_err(nonsense);
        }
        let refusal = sts::refusal(&answer);
        let passing = ["IDPCommunicationError", "Throttling", "ThrottlingException", "RequestLimitExceeded"];
        match pauses.next().filter(|_| passing.iter().any(|code| refusal.is(code))) {
            Some(pause) => tokio::time::sleep(pause).await,
            None => return Err(Fault::Refused(refusal)),
        }
    }
}

fn read(host: &Host, fields: &BTreeMap<String, String>) -> Result<(Credentials, Option<Arn>), String> {
    let need = |name: &str| fields.get(name).ok_or_else(|| format!("the answer has no `{name}`"));
    let session: Option<Arn> = fields.get("Arn").and_then(|arn| arn.parse().ok());
    let credentials = Credentials::new(
        need("AccessKeyId")?,
        Secret::new(need("SecretAccessKey")?.as_str()),
        Some(Secret::new(need("SessionToken")?.as_str())),
        Some(time::parse(need("Expiration")?)? - host.clock.skew()),
        session.as_ref().map(|arn| arn.account().clone()),
    )?;
    Ok((credentials, session))
}
