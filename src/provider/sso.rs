//! IAM Identity Center: a token, renewed by itself, becomes the credentials of a role.

use super::renewal::Life;
use super::sso_token::{self, Renewer};
use super::step::{Held, Need, Provider, Step, Subject};
use crate::aws::portal;
use crate::aws::{Endpoint, Fault};
use crate::cache::Slot;
use crate::cache::entry::Entry;
use crate::cache::flight::{self, Flight};
use crate::cache::sso::role::{self, RoleCredentials};
use crate::cache::sso::token::SsoToken;
use crate::config::{self, Endpoints};
use crate::error::{Error, Kind, Result};
use crate::host::Host;
use crate::model::freshness::Freshness;
use crate::model::{Credentials, LoginTarget, ProfileName, Region, Secret, SsoRole, SsoSession, text};
use chrono::{DateTime, TimeDelta, Utc};
use std::time::Duration;

/// An administrator sets 1 to 12 hours.
const LIFE: Life = Life { usual: TimeDelta::hours(1), longest: TimeDelta::hours(12) };

/// How long the way to role credentials may take, a renewal of the token on it included.
const LIMIT: Duration = Duration::from_secs(90);

/// Profiles that name an account or a role.
pub(super) const ROLE: IdentityCenter = IdentityCenter { keys: ["sso_account_id", "sso_role_name"] };

/// Profiles that name a session alone: they sign in, and have no credentials. Whatever else they say comes first.
pub(super) const TOKEN_ONLY: IdentityCenter = IdentityCenter { keys: ["sso_session", "sso_start_url"] };

/// Source: botocore's `SSOProvider`, which takes a profile that has one of the first two keys.
pub(super) struct IdentityCenter {
    keys: [&'static str; 2],
}

/// What a profile says of Identity Center.
struct Center {
    profile: ProfileName,
    /// Where the profile stands.
    place: String,
    /// Where it says what it wants of Identity Center.
    said: String,
    session: SsoSession,
    role: Option<SsoRole>,
    endpoints: Endpoints,
}

impl Provider for IdentityCenter {
    fn kind(&self) -> &'static str {
        "Identity Center"
    }

    fn claim(&self, subject: &Subject) -> Option<Result<Box<dyn Step>>> {
        let Subject { host, config, name, profile, .. } = subject;
        let said = self.keys.iter().find_map(|key| profile.get(key))?.place();
        let center = || -> Result<Box<dyn Step>> {
            let session = config::sso_session(config, profile)?.ok_or_else(|| {
                let words = "names an account or a role, but no `sso_session` that leads there";
                Error::new(Kind::Config, format!("{}: `{name}` {words}", profile.place()))
            })?;
            Ok(Box::new(Center {
                profile: (*name).clone(),
                place: profile.place(),
                said,
                session,
                role: config::sso_role(config, name, profile)?,
                endpoints: Endpoints::of(host, config, Some(profile))?,
            }))
        };
        Some(center())
    }
}

impl Step for Center {
    fn describe(&self) -> String {
        let session = text::field(self.session.key());
        let what = match &self.role {
            Some(role) => format!("role {} of {}", text::field(&role.name), role.account),
            None => "no role".into(),
        };
        format!("Identity Center {session}, {what}, {}", self.said)
    }

    fn login(&self) -> Option<LoginTarget> {
        Some(LoginTarget::IdentityCenter {
            profile: self.profile.clone(),
            session: self.session.clone(),
            role: self.role.clone(),
        })
    }

    fn key(&self, _: &Host) -> Option<String> {
        let (session, role) = (self.session.key(), self.role.as_ref()?);
        Some(format!("Identity Center {}:{session} {} {}", session.len(), role.account, role.name))
    }

    fn is_role(&self) -> bool {
        true
    }

    fn sign_in_file(&self, host: &Host) -> Option<std::path::PathBuf> {
        Slot::sso_token(host, &self.session).file()
    }

    fn derived(&self, host: &Host) -> Vec<Slot> {
        self.role.iter().map(|role| Slot::sso_role(host, &self.session, role)).collect()
    }

    fn held(&self, host: &Host) -> Option<Held> {
        let role = self.role.as_ref()?;
        let cached = self.cached(host, &Slot::sso_role(host, &self.session, role), role)?;
        Some(hold(cached.credentials, cached.received, role))
    }

    fn signed_in(&self, host: &Host) -> Option<bool> {
        Some(self.renewer().is_signed_in(host))
    }

    fn fetch(&self, host: &Host, need: &Need, _: Option<&Held>) -> Result<Held> {
        let role = self.role.as_ref().ok_or_else(|| self.token_only())?;
        let slot = Slot::sso_role(host, &self.session, role);
        let what = format!("the role credentials of `{}`", self.profile);
        let flight = Flight { slot: &slot, limit: LIMIT, what: &what };
        let fetched = flight::fly(
            host,
            &flight,
            || {
                let Some(cached) = self.cached(host, &slot, role) else { return Ok(None) };
                let held = hold(cached.credentials, cached.received, role);
                let is_fresh = LIFE.judge(host, &held, cached.received, need) == Freshness::Fresh;
                Ok(is_fresh.then_some(held))
            },
            || self.renew(host, &slot, role),
        );
        fetched.or_else(|error| LIFE.make_do(host, need, self.held(host), error))
    }
}

impl Center {
    fn renewer(&self) -> Renewer<'_> {
        Renewer { profile: &self.profile, session: &self.session, endpoints: &self.endpoints }
    }

    fn token_only(&self) -> Error {
        let message = format!(
            "{}: `{}` names no account and no role: it signs in, but has no credentials",
            self.place, self.profile
        );
        Error::new(Kind::Config, message).hint("give it `sso_account_id` and `sso_role_name`")
    }

    /// What the cache has. A file that is damaged is one that has to be fetched again.
    fn cached(&self, host: &Host, slot: &Slot, role: &SsoRole) -> Option<RoleCredentials> {
        match role::read(slot, role) {
            Entry::Found(cached) => Some(cached),
            Entry::Missing => None,
            Entry::Damaged(why) => {
                host.warn(format!("the cached credentials of `{}` are fetched anew: {why}", self.profile));
                None
            }
        }
    }

    /// Fetches the role credentials and keeps them. The caller holds their lock.
    fn renew(&self, host: &Host, slot: &Slot, role: &SsoRole) -> Result<Held> {
        let renewer = self.renewer();
        let token = renewer.token(host, None)?;
        let mut asked = self.ask(host, role, &token)?;
        if asked.as_ref().is_err_and(portal::is_signed_out) {
            // what refused an unexpired token may take a new one
            let token = renewer.token(host, Some(&token))?;
            asked = self.ask(host, role, &token)?;
        }
        let again = format!("awsenv login {}", self.profile.typed());
        let credentials = asked.map_err(|fault| portal::explain(fault, role, &again))?;
        // whoever signed out meanwhile wants nothing kept
        if !matches!(SsoToken::read(&Slot::sso_token(host, &self.session)), Entry::Missing)
            && let Err(e) = role::keep(slot, &credentials)
        {
            host.warn(format!("the role credentials of `{}` cannot be kept: {e}", self.profile));
        }
        Ok(hold(credentials, host.clock.now(), role))
    }

    fn ask(&self, host: &Host, role: &SsoRole, token: &SsoToken) -> Result<Result<Credentials, Fault>> {
        let portal = portal_endpoint(&self.endpoints, &self.session);
        host.network().block_on(portal::role_credentials(host, &portal, &token.access(), role))
    }
}

/// Role credentials in hand.
pub(crate) fn hold(credentials: Credentials, received: DateTime<Utc>, role: &SsoRole) -> Held {
    LIFE.held(credentials, received, &role.name)
}

/// Asks for role credentials with the token of a sign-in that is not kept yet.
pub(crate) fn first_credentials(
    host: &Host,
    portal: &Endpoint,
    role: &SsoRole,
    token: &Secret,
    again: &str,
) -> Result<Credentials> {
    let asked = host.network().block_on(portal::role_credentials(host, portal, token, role))?;
    asked.map_err(|fault| portal::explain(fault, role, again))
}

/// Where a session's portal is asked.
pub(crate) fn portal_endpoint(endpoints: &Endpoints, session: &SsoSession) -> Endpoint {
    portal_at(endpoints, &session.region)
}

/// Where a region's portal is asked.
pub(crate) fn portal_at(endpoints: &Endpoints, region: &Region) -> Endpoint {
    Endpoint {
        url: endpoints.sso(region),
        ca_bundle: endpoints.ca_bundle.clone(),
        custom: endpoints.custom_sso().0,
    }
}

/// Where its OIDC service is asked.
pub(crate) fn oidc_endpoint(endpoints: &Endpoints, session: &SsoSession) -> Endpoint {
    sso_token::oidc_endpoint(endpoints, session)
}
