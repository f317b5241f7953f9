//! IAM Identity Center, as `aws sso login` signs in: a code that comes back to this computer, or a device code.

use super::device_code;
use super::here::{self, Way};
use super::loopback::{Callback, Loopback};
use super::page::Page;
use super::pkce;
use crate::aws::oidc::{self, Asked, Grant, NewClient, Tokens};
use crate::aws::portal::SERVICE;
use crate::aws::{Endpoint, Fault};
use crate::cache::sso::registration;
use crate::cache::{self, Slot};
use crate::error::{Error, Kind, Result};
use crate::host::browser::Browser;
use crate::host::{Host, random};
use crate::model::{ProfileName, SsoClient, SsoFlow, SsoSession, text};
use std::time::Duration;

/// How long a person may take, whichever way.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10 * 60);

/// What to sign in to.
pub(crate) struct Wanted<'a> {
    pub(crate) profile: &'a ProfileName,
    pub(crate) session: &'a SsoSession,
    /// The OIDC service.
    pub(crate) endpoint: &'a Endpoint,
    pub(crate) way: Way<'a>,
    /// Keep no registration.
    pub(crate) ephemeral: bool,
    /// The command that starts over.
    pub(crate) again: &'a str,
}

/// What a sign-in yields.
pub(crate) struct SignedIn {
    pub(crate) tokens: Tokens,
    pub(crate) client: SsoClient,
}

/// How a person signs in to a session: a code wherever a browser is on this computer, but for a legacy session.
pub(crate) fn flow(session: &SsoSession, way: &Way) -> SsoFlow {
    match way {
        Way::Browser(_) | Way::Page if session.renews() => SsoFlow::Code,
        _ => SsoFlow::Device,
    }
}

/// Signs in. Only the registration is kept.
pub(crate) fn sign_in(host: &Host, wanted: &Wanted) -> Result<SignedIn> {
    wanted.endpoint.announce(host, SERVICE);
    let browser = match &wanted.way {
        Way::Browser(browser) => Some(browser),
        Way::Page | Way::Remote => None,
    };
    host.network().block_on(async {
        match flow(wanted.session, &wanted.way) {
            SsoFlow::Code => here(host, wanted, browser).await,
            SsoFlow::Device => device_code::sign_in(host, wanted, browser).await,
        }
    })?
}

async fn here(host: &Host, wanted: &Wanted<'_>, browser: Option<&Browser<'_>>) -> Result<SignedIn> {
    let client = client(host, wanted, SsoFlow::Code).await?;
    let (state, verifier) = (random::uuid()?, pkce::verifier()?);
    let mut loopback = Loopback::bind(&state).await?;
    let redirect_uri = loopback.redirect_uri();
    if !redirect_uri.starts_with("http://127.0.0.1:") {
        // only that address is registered
        return Err(Error::new(
            Kind::Failed,
            "127.0.0.1 cannot be listened on, and Identity Center takes no other",
        )
        .hint(format!("sign in with a code that is shown: {} --remote", wanted.again)));
    }
    let scopes = wanted.session.client_scopes();
    let scopes: Vec<&str> = scopes.iter().map(String::as_str).collect();
    let challenge = pkce::challenge(&verifier);
    let url = oidc::authorize_url(wanted.endpoint, &client.id, &redirect_uri, &state, &scopes, &challenge);
    here::open(host, browser, &url);
    let outcome = match here::wait(host, &mut loopback, None).await? {
        Callback::Code(code) => {
            let grant = Grant::Code { code: &code, verifier: &verifier, redirect_uri: &redirect_uri };
            trade(host, wanted, client, SsoFlow::Code, &grant).await
        }
        Callback::Ended(error) => Err(ended(host, wanted, &error)),
    };
    let page = match &outcome {
        Ok(_) => Page::signed_in_to(wanted.session.key(), wanted.profile.as_str()),
        Err(error) => Page::failed(error.message()),
    };
    loopback.end(page).await;
    outcome
}

async fn trade(
    host: &Host,
    wanted: &Wanted<'_>,
    client: SsoClient,
    flow: SsoFlow,
    grant: &Grant<'_>,
) -> Result<SignedIn> {
    match oidc::token(host, wanted.endpoint, &client, grant).await {
        Ok(tokens) => Ok(SignedIn { tokens, client }),
        Err(fault) => Err(refused(host, wanted, flow, fault)),
    }
}

/// The sentence for a redirect that brought no code.
fn ended(host: &Host, wanted: &Wanted, error: &str) -> Error {
    let again = format!("start again: {}", wanted.again);
    match error {
        "access_denied" => Error::new(Kind::Refused, "the sign-in was cancelled in the browser").hint(again),
        "server_error" | "temporarily_unavailable" => {
            Error::new(Kind::Unreachable, format!("{SERVICE} has a fault of its own")).hint(again)
        }
        _ => {
            if matches!(error, "invalid_client" | "unauthorized_client") {
                forget_client(host, wanted);
            }
            Error::new(Kind::Refused, format!("{SERVICE} ended the sign-in"))
                .because(text::field(error))
                .hint(again)
        }
    }
}

/// The error for a refusal; a registration that is not known any more is forgotten, so that the next try has a new one.
pub(super) fn refused(host: &Host, wanted: &Wanted, flow: SsoFlow, fault: Fault) -> Error {
    if fault.refusal().is_some_and(|refusal| refusal.is("invalid_client")) {
        forget_client(host, wanted);
    }
    let asked = match flow {
        SsoFlow::Code => Asked::Code,
        SsoFlow::Device => Asked::Device,
    };
    oidc::explain(fault, asked, wanted.again)
}

pub(super) fn forget_client(host: &Host, wanted: &Wanted) {
    if !wanted.ephemeral {
        let _ = cache::forget(&Slot::sso_registration(host, wanted.session)); // one that stays is refused again
    }
}

/// awsenv's registration: the one that is kept, if it is for this flow, else a new one.
pub(super) async fn client(host: &Host, wanted: &Wanted<'_>, flow: SsoFlow) -> Result<SsoClient> {
    let session = wanted.session;
    let slot = Slot::sso_registration(host, session);
    if !wanted.ephemeral
        && let Some(client) = registration::read(&slot, flow, host.clock.now())
    {
        return Ok(client);
    }
    let scopes = session.client_scopes();
    let new =
        NewClient { session: session.name.as_deref(), scopes: &scopes, start_url: &session.start_url, flow };
    let client = oidc::register(host, wanted.endpoint, &new).await;
    let client = client.map_err(|fault| refused(host, wanted, flow, fault))?;
    if !wanted.ephemeral
        && let Err(e) = registration::write_new(&slot, &client, &scopes, flow)
    {
        host.debug(|| format!("the registration cannot be kept: {e}"));
    }
    Ok(client)
}
