//! A device code (RFC 8628): the person approves it with a browser anywhere, and awsenv asks until they have.

use super::identity_center::{self, PATIENCE, SignedIn, Wanted};
use crate::aws::Fault;
use crate::aws::oidc::{self, Device, Grant, Tokens};
use crate::aws::portal::SERVICE;
use crate::error::{Error, Kind, Result};
use crate::host::Host;
use crate::host::browser::Browser;
use crate::host::http::What;
use crate::model::{SsoClient, SsoFlow, sso, text};
use std::time::Duration;
use url::Url;

/// What `slow_down` adds to the interval, for good.
const SLOWER: Duration = Duration::from_secs(5);

/// Signs in. `browser`: opened with the page, if that is one to send a person to.
pub(super) async fn sign_in(
    host: &Host,
    wanted: &Wanted<'_>,
    browser: Option<&Browser<'_>>,
) -> Result<SignedIn> {
    let mut client = identity_center::client(host, wanted, SsoFlow::Device).await?;
    let mut started = start(host, wanted, &client).await;
    if started.as_ref().is_err_and(|fault| fault.refusal().is_some_and(|it| it.is("invalid_client"))) {
        // the one that was kept is not known any more
        identity_center::forget_client(host, wanted);
        client = identity_center::client(host, wanted, SsoFlow::Device).await?;
        started = start(host, wanted, &client).await;
    }
    let device = started.map_err(|fault| identity_center::refused(host, wanted, SsoFlow::Device, fault))?;
    let page = page(wanted, &device)?;
    show(host, &device, &page, browser);
    let tokens = poll(host, wanted, &client, &device).await?;
    Ok(SignedIn { tokens, client })
}

async fn start(host: &Host, wanted: &Wanted<'_>, client: &SsoClient) -> Result<Device, Fault> {
    oidc::start_device_authorization(host, wanted.endpoint, client, &wanted.session.start_url).await
}

/// The page to approve on: with the code in it, if the service gave one.
///
/// # Errors
/// [`Kind::Refused`] for a page that is neither AWS's nor the start URL's: whoever is sent there may be robbed.
fn page(wanted: &Wanted, device: &Device) -> Result<Url> {
    let judge = |raw: &str| {
        sso::verification_page(raw, wanted.session, wanted.endpoint.is_custom_loopback()).ok_or_else(|| {
            Error::new(Kind::Refused, "the page to sign in on is neither AWS's nor that of `sso_start_url`")
                .because(text::field(raw))
                .hint("check `sso_region`, the endpoints that are set, and the network that you are in")
        })
    };
    let plain = judge(&device.page)?;
    device.complete_page.as_deref().map_or(Ok(plain), judge)
}

/// Shows where to go and the code, each alone on its line, the code wide enough to be compared at a glance.
fn show(host: &Host, device: &Device, page: &Url, browser: Option<&Browser<'_>>) {
    host.say(if browser.is_some() {
        "opening the browser to sign in; if it does not open, go to this page in any browser:"
    } else {
        "to sign in, go to this page in any browser:"
    });
    host.say(format!("\n{page}\n"));
    host.say("and approve it only if it shows this code:");
    let letters: Vec<String> = device.user_code.chars().map(String::from).collect();
    host.say(format!("\n    {}\n", letters.join(" ")));
    if let Some(Err(why)) = browser.map(|browser| browser.open(page.as_str())) {
        host.warn(why);
    }
}

/// Asks until the person has approved, declined, or let the code end. The first time after one interval, as RFC 8628
/// has it: nobody is quicker.
///
/// What the network or the service cannot do at a moment it may do at the next.
async fn poll(host: &Host, wanted: &Wanted<'_>, client: &SsoClient, device: &Device) -> Result<Tokens> {
    let started = host.clock.boot();
    let limit = device.lifetime.min(PATIENCE);
    let mut interval = device.interval;
    loop {
        let left = limit.saturating_sub(host.clock.boot().saturating_sub(started));
        if left < interval {
            tokio::time::sleep(left).await;
            let again = format!("start again: {}", wanted.again);
            return Err(Error::new(Kind::LoginRequired, "nobody approved the sign-in in time").hint(again));
        }
        tokio::time::sleep(interval).await;
        let grant = Grant::Device { code: &device.code };
        let fault = match oidc::token(host, wanted.endpoint, client, &grant).await {
            Ok(tokens) => return Ok(tokens),
            Err(fault) => fault,
        };
        match &fault {
            Fault::Refused(refusal) if refusal.is("authorization_pending") => {}
            Fault::Refused(refusal) if refusal.is("slow_down") || refusal.status == 429 => interval += SLOWER,
            Fault::Refused(refusal) if refusal.status >= 500 => {
                host.debug(|| format!("{SERVICE} had a fault of its own: asked again"));
            }
            Fault::NoAnswer(trouble) if matches!(trouble.what, What::NotConnected | What::Broken) => {
                host.debug(|| format!("{}: asked again", trouble.why));
            }
            _ => return Err(identity_center::refused(host, wanted, SsoFlow::Device, fault)),
        }
    }
}
