//! Identity Center: signed in to once for all who want it, its role fetched and confirmed, and kept.

use super::{Entered, Wish, way};
use crate::aws::{Endpoint, sts};
use crate::cache::Slot;
use crate::cache::entry::Entry;
use crate::cache::flight::{self, Flight};
use crate::cache::sso::role as role_cache;
use crate::cache::sso::token::{NewTokens, SsoToken};
use crate::config::{self, Config, Endpoints, Settings};
use crate::error::{Error, Kind, Result};
use crate::host::{Host, signals};
use crate::login::identity_center::{self as method, SignedIn, Wanted};
use crate::model::{
    Arn, Credentials, LoginTarget, ProfileName, Region, Secret, SsoRole, SsoSession, text, time,
};
use crate::plan;
use crate::provider::{Held, sso};
use crate::resolve;

/// A profile at the root of a plan, and what it signs in to.
pub(super) struct Root<'a> {
    pub(super) profile: &'a ProfileName,
    pub(super) session: &'a SsoSession,
    pub(super) role: Option<&'a SsoRole>,
    pub(super) target: &'a LoginTarget,
    /// The token that was there before anything was tried: not the one to wait for.
    pub(super) before: Option<Secret>,
}

/// Signs in, once for all processes that want the same session now, whichever profiles they name.
pub(super) fn sign_in(
    host: &Host,
    config: Config,
    settings: &Settings,
    root: &Root,
    wish: &Wish,
) -> Result<Entered> {
    if wish.ephemeral {
        return sign_in_now(host, &config, settings, root, wish);
    }
    let slot = Slot::sso_sign_in(host, root.session);
    let mut tried = root.before.clone();
    let what = format!("the sign-in to {}", shown(root.session));
    let flight = Flight { slot: &slot, limit: method::PATIENCE, what: &what };
    let cancellation = flight.cancellation();
    flight::fly(
        host,
        &flight,
        || match token(host, root.session) {
            Some(token) if token.expires_at > host.clock.now() && tried != Some(token.access()) => {
                tried = Some(token.access());
                match from_token(host, root, wish) {
                    Err(error) if error.kind == Kind::LoginRequired => Ok(None), // it is refused: no sign-in
                    entered => entered.map(Some),
                }
            }
            _ => Ok(None),
        },
        || {
            signals::before_parting(cancellation); // only now: who leaves while waiting cancels nothing
            sign_in_now(host, &config, settings, root, wish)
        },
    )
}

fn shown(session: &SsoSession) -> String {
    format!("`{}`", text::field(session.key()))
}

fn token(host: &Host, session: &SsoSession) -> Option<SsoToken> {
    match SsoToken::read(&Slot::sso_token(host, session)) {
        Entry::Found(token) => Some(token),
        _ => None,
    }
}

/// The token of a session that is kept, if a session is what is signed in to.
pub(super) fn token_of(host: &Host, target: &LoginTarget) -> Option<Secret> {
    match target {
        LoginTarget::IdentityCenter { session, .. } => token(host, session).map(|token| token.access()),
        LoginTarget::Console { .. } => None,
    }
}

/// What the profile has, now that another process has signed in.
fn from_token(host: &Host, root: &Root, wish: &Wish) -> Result<Entered> {
    let config = config::load(host)?;
    let plan = plan::of(host, &config, root.profile)?;
    let held = match root.role {
        Some(_) => Some(resolve::credentials(host, &plan, wish.min_ttl)?),
        None => None,
    };
    Ok(Entered { config, held, region: None })
}

fn sign_in_now(
    host: &Host,
    config: &Config,
    settings: &Settings,
    root: &Root,
    wish: &Wish,
) -> Result<Entered> {
    let profile = config.profile(root.profile);
    let endpoints = Endpoints::of(host, config, profile.as_ref())?;
    let again = format!("awsenv login {}", root.profile.typed());
    let oidc = sso::oidc_endpoint(&endpoints, root.session);
    let wanted = Wanted {
        profile: root.profile,
        session: root.session,
        endpoint: &oidc,
        way: way(host, settings, wish),
        ephemeral: wish.ephemeral,
        again: &again,
    };
    let signed_in = method::sign_in(host, &wanted)?;
    host.say(format!("signed in to {}", shown(root.session)));
    let now = host.clock.now();
    let Some(role) = root.role else {
        if !wish.ephemeral {
            keep(host, root, &signed_in, None);
        }
        say_who_shares(host, config, root, wish);
        return Ok(Entered { config: config::load(host)?, held: None, region: None });
    };
    let portal = sso::portal_endpoint(&endpoints, root.session);
    let credentials = sso::first_credentials(host, &portal, role, &signed_in.tokens.access, &again);
    if credentials.is_err() && !wish.ephemeral {
        // the sign-in itself is good: another role of it may be
        keep(host, root, &signed_in, None);
    }
    let credentials = credentials?;
    let region = profile.as_ref().map(config::Profile::region).transpose()?.flatten();
    let region = region.unwrap_or_else(|| root.session.region.clone());
    confirm(host, &endpoints, &region, &credentials, role)?;
    if !wish.ephemeral {
        keep(host, root, &signed_in, Some((role, &credentials)));
        say_who_shares(host, config, root, wish);
    }
    let held: Held = sso::hold(credentials, now, role);
    Ok(Entered { config: config::load(host)?, held: Some(held), region: None })
}

/// Asks AWS whose these credentials are. What AWS cannot be asked is a warning; another answer is the end.
fn confirm(
    host: &Host,
    endpoints: &Endpoints,
    region: &Region,
    credentials: &Credentials,
    role: &SsoRole,
) -> Result<()> {
    let sts = Endpoint { url: endpoints.sts(region), ca_bundle: endpoints.ca_bundle.clone(), custom: false };
    match host.network().block_on(sts::caller_identity(host, &sts, region, credentials))? {
        Ok(arn) if arn.parse::<Arn>().is_ok_and(|arn| role.is_of(&arn)) => Ok(()),
        Ok(arn) => Err(Error::new(
            Kind::Failed,
            "the credentials are not of the role that was asked for: nothing was kept",
        )
        .because(format!("asked for: {} in {}", text::field(&role.name), role.account))
        .because(format!("AWS says:  {}", text::field(&arn)))),
        Err(fault) => {
            let error = fault.into_error("STS");
            host.warn(format!("it could not be confirmed who you are: {}", error.in_one_line()));
            Ok(())
        }
    }
}

/// Keeps the sign-in where the AWS CLI and the SDKs find it. The token last: whoever waits for it finds the rest.
fn keep(host: &Host, root: &Root, signed_in: &SignedIn, role: Option<(&SsoRole, &Credentials)>) {
    let SignedIn { tokens, client } = signed_in;
    if let Some((role, credentials)) = role {
        let slot = Slot::sso_role(host, root.session, role);
        if let Err(e) = role_cache::keep(&slot, credentials) {
            host.debug(|| format!("the role credentials cannot be kept: {e}"));
        }
    }
    let now = host.clock.now();
    let (access, refresh): (&Secret, Option<&Secret>) = (&tokens.access, tokens.refresh.as_ref());
    let new = NewTokens { access, expires_at: now + tokens.lifetime, refresh };
    let token = SsoToken::new(root.session, &new, client, now);
    if let Err(e) = token.write(&Slot::sso_token(host, root.session)) {
        host.warn(format!("the sign-in cannot be kept, and ends with these credentials: {e}"));
    }
    if root.session.renews() && refresh.is_none() {
        let left = time::words(tokens.lifetime);
        host.say(format!("Identity Center gave no way to renew this sign-in: it ends in {left}"));
    }
}

/// A sign-in opens every profile of its session; a legacy one ends by itself, and says what would not.
fn say_who_shares(host: &Host, config: &Config, root: &Root, wish: &Wish) {
    let legacy = !root.session.renews();
    if wish.ephemeral || !legacy {
        return;
    }
    let others = plan::sharing(host, config, root.target, root.profile);
    if !others.is_empty() {
        host.say(format!("this sign-in also opens: {}", text::clean(&others.join(", "))));
    }
    host.say("it ends by itself: with an `[sso-session]` in place of `sso_start_url`, sign-ins are renewed");
}
