//! The token of an Identity Center session: read, renewed by one process for all, kept.

use super::renewal;
use crate::aws::Endpoint;
use crate::aws::oidc::{self, Asked, Grant, Tokens};
use crate::aws::portal::SERVICE;
use crate::cache::Slot;
use crate::cache::entry::Entry;
use crate::cache::flight::{self, Flight};
use crate::cache::sso::token::{NewTokens, Renewal, SsoToken};
use crate::config::Endpoints;
use crate::error::{Error, Kind, Result};
use crate::host::Host;
use crate::model::{ProfileName, SsoSession, freshness, time};
use chrono::TimeDelta;
use std::time::Duration;

/// The usual lifetime of a token.
const USUAL: TimeDelta = TimeDelta::hours(1);

/// How long a renewal may take.
const LIMIT: Duration = Duration::from_secs(30);

/// Gives the token of a session to one profile.
pub(super) struct Renewer<'a> {
    pub(super) profile: &'a ProfileName,
    pub(super) session: &'a SsoSession,
    pub(super) endpoints: &'a Endpoints,
}

impl Renewer<'_> {
    fn again(&self) -> String {
        format!("awsenv login {}", self.profile.typed())
    }

    /// The token as it is kept, or the sentence that says how to get one.
    fn read(&self, slot: &Slot) -> Result<SsoToken> {
        match SsoToken::read(slot) {
            Entry::Found(token) if token.is_of(self.session) => Ok(token),
            Entry::Found(_) => {
                let message = format!("the sign-in that is kept for `{}` is to another portal", self.profile);
                Err(self.required(message))
            }
            Entry::Missing => Err(self.required(format!("`{}` is not signed in", self.profile))),
            Entry::Damaged(why) => {
                Err(self.required(format!("the sign-in of `{}` is damaged", self.profile)).because(why))
            }
        }
    }

    fn required(&self, message: String) -> Error {
        Error::new(Kind::LoginRequired, message).hint(format!("sign in: {}", self.again()))
    }

    /// Whether there is a token that works, or one that can be renewed.
    pub(super) fn is_signed_in(&self, host: &Host) -> bool {
        match SsoToken::read(&Slot::sso_token(host, self.session)) {
            Entry::Found(token) if token.is_of(self.session) => {
                token.expires_at > host.clock.now() || self.renewal(host, &token).is_some()
            }
            _ => false,
        }
    }

    /// What renews a token: never one of a legacy profile, and only while the registration lasts.
    fn renewal(&self, host: &Host, token: &SsoToken) -> Option<Renewal> {
        let renewal = token.renewal().filter(|renewal| renewal.client.expires_at > host.clock.now());
        renewal.filter(|_| self.session.renews())
    }

    /// The token, renewed if it is due: when less than 15 minutes or a third of its lifetime remain, or when it is the
    /// one that the portal refused.
    ///
    /// A renewal that fails is a warning while the token lasts.
    pub(super) fn token(&self, host: &Host, refused: Option<&SsoToken>) -> Result<SsoToken> {
        let slot = Slot::sso_token(host, self.session);
        let what = format!("the renewal of the sign-in of `{}`", self.profile);
        let flight = Flight { slot: &slot, limit: LIMIT, what: &what };
        let lasts = |token: &SsoToken| token.expires_at > host.clock.now();
        let is_refused = |token: &SsoToken| refused.is_some_and(|it| it.access() == token.access());
        let is_due = |token: &SsoToken| {
            let refresh_at = freshness::refresh_at(token.expires_at, token.received, USUAL);
            is_refused(token) || host.clock.now() >= refresh_at
        };
        let renewed = flight::fly(
            host,
            &flight,
            || {
                let token = self.read(&slot)?;
                if !is_due(&token) {
                    return Ok(Some(token));
                }
                match self.renewal(host, &token) {
                    Some(_) => Ok(None),
                    None if lasts(&token) && !is_refused(&token) => Ok(Some(token)),
                    None => Err(self.ended(host, &token)),
                }
            },
            || self.renew(host, &slot, is_due),
        );
        renewed.or_else(|error| match SsoToken::read(&slot) {
            Entry::Found(token) if lasts(&token) && !is_refused(&token) && token.is_of(self.session) => {
                let left = time::words(token.expires_at - host.clock.now());
                host.warn(format!("the sign-in is not renewed, {left} left: {}", error.in_one_line()));
                Ok(token)
            }
            _ => Err(error),
        })
    }

    fn ended(&self, host: &Host, token: &SsoToken) -> Error {
        let ago = host.clock.now() - token.expires_at;
        self.required(if ago > TimeDelta::zero() {
            format!("the sign-in of `{}` ended {} ago", self.profile, time::words(ago))
        } else {
            format!("Identity Center does not take the sign-in of `{}` any more", self.profile)
        })
    }

    /// Renews the token and stores it. The caller holds the lock.
    fn renew(&self, host: &Host, slot: &Slot, is_due: impl Fn(&SsoToken) -> bool) -> Result<SsoToken> {
        let mut token = self.read(slot)?;
        let mut renewal = self.renewal(host, &token).ok_or_else(|| self.ended(host, &token))?;
        let mut tokens = self.ask(host, &renewal);
        if matches!(&tokens, Err(error) if error.kind == Kind::LoginRequired) {
            // a tool without locks may have renewed it meanwhile: then its refresh token is the good one
            let is_old =
                |token: &SsoToken| token.renewal().is_none_or(|other| other.refresh == renewal.refresh);
            let again = renewal::replaced(|| self.read(slot), is_old)?;
            if !is_old(&again) {
                if !is_due(&again) {
                    return Ok(again);
                }
                renewal = self.renewal(host, &again).ok_or_else(|| self.ended(host, &again))?;
                tokens = self.ask(host, &renewal);
                token = again;
            }
        }
        let tokens = tokens?;
        let now = host.clock.now();
        let new = NewTokens {
            access: &tokens.access,
            expires_at: now + tokens.lifetime,
            refresh: tokens.refresh.as_ref(),
        };
        token.renew(self.session, &new, now);
        self.store(host, slot, &token, &renewal);
        Ok(token)
    }

    fn ask(&self, host: &Host, renewal: &Renewal) -> Result<Tokens> {
        let endpoint = oidc_endpoint(self.endpoints, self.session);
        endpoint.announce(host, SERVICE);
        let grant = Grant::Refresh { token: &renewal.refresh };
        let asked = host.network().block_on(oidc::token(host, &endpoint, &renewal.client, &grant))?;
        asked.map_err(|fault| oidc::explain(fault, Asked::Refresh, &self.again()))
    }

    /// Writes the renewed token, unless that of `sent` was forgotten or replaced while it was renewed. Failure costs
    /// a renewal, no more.
    fn store(&self, host: &Host, slot: &Slot, token: &SsoToken, sent: &Renewal) {
        match SsoToken::read(slot) {
            Entry::Missing => return,
            Entry::Found(kept) if kept.renewal().is_none_or(|kept| kept.refresh != sent.refresh) => return,
            Entry::Found(_) | Entry::Damaged(_) => {}
        }
        if let Err(e) = token.write(slot) {
            host.warn(format!("the renewed sign-in of `{}` cannot be kept: {e}", self.profile));
        }
    }
}

/// Where a session's OIDC service is asked.
pub(super) fn oidc_endpoint(endpoints: &Endpoints, session: &SsoSession) -> Endpoint {
    Endpoint {
        url: endpoints.sso_oidc(&session.region),
        ca_bundle: endpoints.ca_bundle.clone(),
        custom: endpoints.custom_sso().1,
    }
}
