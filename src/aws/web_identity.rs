//! STS `AssumeRoleWithWebIdentity`: another house's token for the credentials of a role. Nothing is signed.

use super::call::{self, Resend};
use super::fault::Fault;
use super::sts::{self, Issued};
use super::{Endpoint, sigv4};
use crate::host::Host;
use crate::host::http::Request;
use crate::model::Secret;
use std::time::Duration;

/// What is traded, and for which role.
pub(crate) struct Trade<'a> {
    pub(crate) role: &'a str,
    pub(crate) session_name: &'a str,
    /// As it stands in its file, a line's end included.
    pub(crate) token: &'a Secret,
}

/// When AWS is asked again after it could not reach the token's issuer, or was asked too often.
const AGAIN: [Duration; 2] = [Duration::from_millis(300), Duration::from_millis(900)];

/// Asks for a session of the role.
pub(crate) async fn assume(host: &Host, endpoint: &Endpoint, trade: &Trade<'_>) -> Result<Issued, Fault> {
    const ACTION: &str = "AssumeRoleWithWebIdentity";
    let body = sts::form(
        ACTION,
        &[
            ("RoleArn", Some(trade.role)),
            ("RoleSessionName", Some(trade.session_name)),
            ("WebIdentityToken", Some(trade.token.expose())),
        ],
    );
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
            let fields = sts::leaves(&answer.body).map_err(nonsense)?;
            return sts::issued(host, endpoint, ACTION, &fields);
        }
        let refusal = sts::refusal(&answer);
        let passing = ["IDPCommunicationError", "Throttling", "ThrottlingException", "RequestLimitExceeded"];
        match pauses.next().filter(|_| passing.iter().any(|code| refusal.is(code))) {
            Some(pause) => tokio::time::sleep(pause).await,
            None => return Err(Fault::Refused(refusal)),
        }
    }
}
