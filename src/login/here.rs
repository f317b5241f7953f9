//! A browser on this computer: opened, and waited for.

use super::loopback::{Callback, Loopback};
use crate::error::{Error, Kind, Result};
use crate::host::Host;
use crate::host::browser::Browser;
use std::time::Duration;

/// How long a person may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5 * 60);

/// After this long it is said that nothing has come yet.
const HINT_AFTER: Duration = Duration::from_secs(30);

/// How the person signs in.
pub(crate) enum Way<'a> {
    /// awsenv opens the page here.
    Browser(Browser<'a>),
    /// The person opens the page here.
    Page,
    /// The person opens the page anywhere.
    Remote,
}

/// Opens a page, or says where it is; the URL stands alone on its line.
pub(super) fn open(host: &Host, browser: Option<&Browser<'_>>, url: &str) {
    if let Some(browser) = browser {
        host.say("opening the browser to sign in; if it does not open, go to this page on this computer:");
        host.say(format!("\n{url}\n"));
        if let Err(why) = browser.open(url) {
            host.warn(why);
        }
    } else {
        host.say("to sign in, go to this page in a browser on this computer:");
        host.say(format!("\n{url}\n"));
    }
}

/// Waits for the browser to come back, by the clock that counts sleep. `hint`: what may be the matter if it does not.
pub(super) async fn wait(host: &Host, loopback: &mut Loopback, hint: Option<&str>) -> Result<Callback> {
    let started = host.clock.boot();
    let mut hinted = false;
    loop {
        let step = tokio::time::timeout(Duration::from_millis(500), loopback.callback()).await;
        if let Ok(Some(callback)) = step {
            return Ok(callback);
        }
        let waited = host.clock.boot().saturating_sub(started);
        if waited >= PATIENCE {
            let error = Error::new(Kind::LoginRequired, "nobody signed in within 5 minutes");
            return Err(error.hint("try again, or sign in with a browser elsewhere: --remote"));
        }
        if waited >= HINT_AFTER && !hinted {
            hinted = true;
            host.say(format!("still waiting. {}", hint.unwrap_or_default()).trim_end());
        }
    }
}
