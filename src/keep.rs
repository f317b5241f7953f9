//! Credentials that outlive any lifetime: renewed at half of it, for a server to hand out.

use crate::config;
use crate::error::{Error, Kind, Result};
use crate::host::Host;
use crate::model::{ProfileName, text, time};
use crate::plan;
use crate::provider::{Ask, Held};
use crate::resolve;
use crate::server::Shelf;
use chrono::{DateTime, TimeDelta, Utc};
use std::sync::Arc;
use std::time::Duration;

/// How often the clock is looked at: it may be set, and the machine may sleep.
const LOOK: Duration = Duration::from_millis(500);

/// After a failure, doubled each time.
const FIRST_PAUSE: Duration = Duration::from_secs(2);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Of a long life it is the last half hour that counts.
const LONGEST_HALF: TimeDelta = TimeDelta::minutes(30);

/// Renews a profile's credentials from now on, in a thread of its own, for as long as this process lives.
pub(crate) fn keep(profile: ProfileName, ask: Ask, first: Held, shelf: Arc<Shelf>) {
    if first.credentials.expiration.is_none() || first.refresh_at.is_none() {
        return; // nothing to renew
    }
    // a code is good once, and stdin is the command's
    let ask = Ask { person: false, anew: false, mfa_code: None, ..ask };
    let keeper = Keeper { profile, ask, shelf };
    std::thread::spawn(move || keeper.run(first));
}

struct Keeper {
    profile: ProfileName,
    ask: Ask,
    shelf: Arc<Shelf>,
}

impl Keeper {
    fn run(&self, mut held: Held) {
        let mut said = false;
        let mut pause = FIRST_PAUSE;
        let host = Host::real(); // a thread of its own needs a world of its own
        loop {
            let Some(due) = half(&held) else { return };
            if host.clock.now() < due {
                std::thread::sleep(LOOK);
                continue;
            }
            match self.renew(&host, &held) {
                Ok(renewed) => {
                    self.shelf.put(renewed.credentials.clone());
                    if said {
                        host.say(format!("awsenv: `{}` is renewed again", self.profile));
                    }
                    let is_same = renewed.credentials.access_key_id == held.credentials.access_key_id;
                    (held, said, pause) = (renewed, false, FIRST_PAUSE);
                    if is_same {
                        // whoever gives them has nothing newer yet
                        let left = held.credentials.expiration.map(|end| (end - host.clock.now()) / 4);
                        let left = left.and_then(|left| left.to_std().ok()).unwrap_or_default();
                        std::thread::sleep(left.clamp(LOOK, LONGEST_PAUSE));
                    }
                }
                Err(error) => {
                    if !said {
                        self.complain(&host, &held, &error);
                    }
                    said = true;
                    if error.kind == Kind::LoginRequired {
                        self.await_sign_in(&host);
                    } else {
                        std::thread::sleep(pause);
                        pause = (pause * 2).min(LONGEST_PAUSE);
                    }
                }
            }
        }
    }

    /// Waits until somebody has signed in, or for a while: AWS is not asked again and again whether a person is needed.
    fn await_sign_in(&self, host: &Host) {
        let signed_in_at = || {
            let config = config::load(host).ok()?;
            plan::with(host, &config, &self.profile, &self.ask).ok()?.signed_in_at(host)
        };
        let (before, end) = (signed_in_at(), host.clock.boot() + LONGEST_PAUSE);
        while host.clock.boot() < end && signed_in_at() == before {
            std::thread::sleep(LOOK);
        }
    }

    /// What is newer, of the same identity: a program must not become somebody else while it runs.
    fn renew(&self, host: &Host, held: &Held) -> Result<Held> {
        let config = config::load(host)?;
        let plan = plan::with(host, &config, &self.profile, &self.ask)?;
        let least = held.credentials.expiration.zip(half(held)).map(|(end, half)| end - half);
        let renewed = resolve::renewed_for(host, &plan, least)?;
        let who = |held: &Held| (held.credentials.account.clone(), held.identity.clone());
        if who(&renewed) == who(held) {
            return Ok(renewed);
        }
        let (account, identity) = who(&renewed);
        let name = [account.map(|account| account.to_string()), identity].into_iter().flatten();
        let name = text::clean(&name.collect::<Vec<_>>().join("/"));
        Err(Error::new(Kind::Failed, format!("`{}` is {name} by now, another identity", self.profile)))
    }

    /// Says, once, what stands in the way, and until when it does not matter.
    fn complain(&self, host: &Host, held: &Held, error: &Error) {
        let left = held.credentials.expiration.map_or_else(TimeDelta::zero, |end| end - host.clock.now());
        let meanwhile = if left > TimeDelta::zero() {
            format!("what it has lasts {}", time::words(left))
        } else {
            "what it had has ended".to_owned()
        };
        if error.kind == Kind::LoginRequired {
            host.say(format!(
                "awsenv: `{}` needs a sign-in, {meanwhile}; type in another terminal: awsenv login {}",
                self.profile,
                self.profile.typed()
            ));
        } else {
            host.say(format!(
                "awsenv: `{}` is not renewed, {meanwhile}: {}",
                self.profile,
                error.in_one_line()
            ));
        }
    }
}

/// The moment at half of the lifetime. The window of renewal is a third of it, up to a bound.
fn half(held: &Held) -> Option<DateTime<Utc>> {
    let end = held.credentials.expiration?;
    let half = (end - held.refresh_at?) * 3 / 2;
    Some(end - half.min(LONGEST_HALF))
}
