//! Console sign-in (`aws login`): a token file, renewed by one process for all.

use super::renewal::{self, Life};
use super::step::{Held, Need, Provider, Step, Subject};
use crate::aws::Endpoint;
use crate::aws::dpop::DpopKey;
use crate::aws::signin::{self, Grant, Refused, Tokens};
use crate::cache::Slot;
use crate::cache::entry::Entry;
use crate::cache::flight::{self, Flight};
use crate::cache::login::LoginToken;
use crate::config::Endpoints;
use crate::error::{Error, Kind, Result};
use crate::host::Host;
use crate::model::freshness::Freshness;
use crate::model::{Arn, LoginTarget, ProfileName, Region, Secret, text};
use chrono::TimeDelta;
use std::time::Duration;

/// AWS sets 15 minutes; a session of a role lasts 12 hours at most, whatever a clock says.
const LIFE: Life = Life { usual: TimeDelta::minutes(15), longest: TimeDelta::hours(12) };

/// How long a renewal may take.
const LIMIT: Duration = Duration::from_secs(30);

pub(super) struct LoginSession;

struct Session {
    profile: ProfileName,
    /// Where it is named.
    place: String,
    arn: Arn,
    /// Where the token is renewed if its file does not say: the profile's region.
    region: Option<Region>,
    endpoints: Endpoints,
}

impl Provider for LoginSession {
    fn kind(&self) -> &'static str {
        "console sign-in"
    }

    fn claim(&self, subject: &Subject) -> Option<Result<Box<dyn Step>>> {
        let place = subject.profile.get("login_session")?.place();
        let session = || -> Result<Box<dyn Step>> {
            let arn =
                subject.profile.parse("login_session")?.ok_or_else(|| subject.empty("login_session"))?;
            Ok(Box::new(Session {
                profile: subject.name.clone(),
                place,
                arn,
                region: subject.profile.region()?,
                endpoints: Endpoints::of(subject.host, subject.config, Some(subject.profile))?,
            }))
        };
        Some(session())
    }
}

impl Step for Session {
    fn describe(&self) -> String {
        format!("console sign-in as {}, {}", text::field(self.arn.as_str()), self.place)
    }

    fn login(&self) -> Option<LoginTarget> {
        Some(LoginTarget::Console { profile: self.profile.clone(), session: self.arn.to_string() })
    }

    fn key(&self, _: &Host) -> Option<String> {
        Some(format!("console sign-in {}", self.arn))
    }

    fn is_role(&self) -> bool {
        self.arn.as_str().contains(":assumed-role/")
    }

    fn sign_in_file(&self, host: &Host) -> Option<std::path::PathBuf> {
        Slot::login(host, self.arn.as_str()).file()
    }

    fn held(&self, host: &Host) -> Option<Held> {
        match LoginToken::read(&Slot::login(host, self.arn.as_str())) {
            Entry::Found(token) => self.hold(&token).ok(),
            _ => None,
        }
    }

    fn fetch(&self, host: &Host, need: &Need, _: Option<&Held>) -> Result<Held> {
        let slot = Slot::login(host, self.arn.as_str());
        let what = format!("the renewal of `{}`", self.profile);
        let flight = Flight { slot: &slot, limit: LIMIT, what: &what };
        let renewed = flight::fly(
            host,
            &flight,
            || {
                let token = self.token(host, &slot)?;
                let held = self.hold(&token)?;
                let fresh = LIFE.judge(host, &held, token.received, need) == Freshness::Fresh;
                Ok(fresh.then_some(held))
            },
            || self.renew(host, &slot, need),
        );
        renewed.or_else(|error| {
            let held = match LoginToken::read(&slot) {
                Entry::Found(token) => self.hold(&token).ok(),
                _ => None,
            };
            LIFE.make_do(host, need, held, error)
        })
    }
}

impl Session {
    fn again(&self) -> String {
        format!("awsenv login {}", self.profile.typed())
    }

    /// The token, or the sentence that says how to get one.
    fn token(&self, host: &Host, slot: &Slot) -> Result<LoginToken> {
        let required =
            |message| Error::new(Kind::LoginRequired, message).hint(format!("sign in: {}", self.again()));
        match LoginToken::read(slot) {
            Entry::Found(token) => Ok(token),
            Entry::Missing => Err(required(format!("`{}` is not signed in", self.profile))),
            Entry::Damaged(why) => {
                host.debug(|| why.clone());
                Err(required(format!("the sign-in of `{}` is damaged", self.profile)).because(why))
            }
        }
    }

    fn hold(&self, token: &LoginToken) -> Result<Held> {
        let credentials = token.credentials().map_err(|why| Error::new(Kind::LoginRequired, why))?;
        Ok(LIFE.held(credentials, token.received, self.arn.identity()))
    }

    /// Renews the token and stores it. The caller holds the lock.
    fn renew(&self, host: &Host, slot: &Slot, need: &Need) -> Result<Held> {
        let token = self.token(host, slot)?;
        let (mut token, mut tokens) = (token.clone(), self.ask(host, &token));
        if let Err((Refused::SessionEnded, _)) = tokens {
            // a tool without locks may have renewed it meanwhile: then its refresh token is the good one
            let sent = token.refresh_token();
            let again = renewal::replaced(|| self.token(host, slot), |now| now.refresh_token() == sent)?;
            if again.refresh_token() != token.refresh_token() {
                let held = self.hold(&again)?;
                if LIFE.judge(host, &held, again.received, need) == Freshness::Fresh {
                    return Ok(held);
                }
                tokens = self.ask(host, &again);
                token = again;
            }
        }
        let tokens = tokens.map_err(|(_, error)| error)?;
        let sent = token.refresh_token().ok();
        let now = host.clock.now();
        let credentials = tokens.credentials(self.arn.account(), now);
        let credentials = credentials.map_err(|fault| fault.into_error("AWS Sign-In"))?;
        token.set_credentials(&credentials);
        token.set_refresh_token(&tokens.refresh_token);
        token.received = now;
        self.store(host, slot, &token, sent.as_ref());
        self.hold(&token)
    }

    /// Writes the renewed token, unless that of `sent` was forgotten or replaced while it was renewed. Failure costs
    /// a renewal, no more.
    fn store(&self, host: &Host, slot: &Slot, token: &LoginToken, sent: Option<&Secret>) {
        match LoginToken::read(slot) {
            Entry::Missing => return,
            Entry::Found(kept) if kept.refresh_token().ok().as_ref() != sent => return,
            Entry::Found(_) | Entry::Damaged(_) => {}
        }
        if let Err(e) = token.write(slot) {
            host.warn(format!("the renewed sign-in of `{}` cannot be kept: {e}", self.profile));
        }
    }

    fn ask(&self, host: &Host, token: &LoginToken) -> Result<Tokens, (Refused, Error)> {
        let other = |error: Error| (Refused::Other, error);
        let damaged = |why: String| {
            let message = format!("the sign-in of `{}` is damaged", self.profile);
            other(
                Error::new(Kind::LoginRequired, message)
                    .because(why)
                    .hint(format!("sign in: {}", self.again())),
            )
        };
        let region = match token.sign_in_region().map(str::parse) {
            Some(Ok(region)) => region,
            _ => self.region.clone().ok_or_else(|| {
                let message = format!("`{}` does not say in which region it was signed in", self.profile);
                other(
                    Error::new(Kind::LoginRequired, message).hint(format!("sign in again: {}", self.again())),
                )
            })?,
        };
        let endpoint = Endpoint {
            url: self.endpoints.signin(&region),
            ca_bundle: self.endpoints.ca_bundle.clone(),
            custom: self.endpoints.custom_signin(),
        };
        let key = token.dpop_key().and_then(|pem| DpopKey::from_pem(pem.expose())).map_err(damaged)?;
        let refresh_token = token.refresh_token().map_err(damaged)?;
        let client_id = token.client_id().map_err(damaged)?;
        let grant = Grant::Refresh { token: &refresh_token };
        let asked = host.network().block_on(signin::token(host, &endpoint, client_id, &grant, &key));
        asked.map_err(other)?.map_err(|fault| signin::explain(fault, false, &self.again()))
    }
}
