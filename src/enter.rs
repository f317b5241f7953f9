//! A person enters a profile: what is held is enough, or it is renewed, or they sign in.

use crate::aws::{Endpoint, sts};
use crate::cache::Slot;
use crate::cache::flight::{self, Flight};
use crate::cache::login::{LoginToken, NewToken};
use crate::config::{self, Config, Edit, Endpoints, Profile, SectionId, Settings, Which};
use crate::error::{Error, Kind, Result};
use crate::host::{Host, browser, signals};
use crate::load;
use crate::login::sign_in::{self, SignedIn, Wanted, Way};
use crate::model::delta::Restore;
use crate::model::{Credentials, ProfileName, Region, endpoints, freshness, text};
use crate::plan::{self, Conflict};
use crate::provider::Held;
use crate::resolve::{self, MinTtl};
use chrono::TimeDelta;

/// How a person wants to enter.
#[derive(Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag")]
pub(crate) struct Wish {
    pub(crate) region: Option<Region>,
    pub(crate) remote: bool,
    pub(crate) no_browser: bool,
    /// Sign in although it is not needed.
    pub(crate) force: bool,
    /// Leave nothing on disk.
    pub(crate) ephemeral: bool,
    /// The answer to every yes-or-no question.
    pub(crate) yes: bool,
    pub(crate) min_ttl: MinTtl,
    /// What stdout gets if a signal ends us while a person is waited for.
    pub(crate) parting: &'static str,
}

/// The profile as it is now, and its credentials.
pub(crate) struct Entered {
    /// Read again if the sign-in wrote it.
    pub(crate) config: Config,
    pub(crate) held: Held,
    /// The region of a sign-in that left nothing on disk.
    pub(crate) region: Option<Region>,
}

/// Enters a profile.
///
/// # Errors
/// [`Kind::Config`] for a profile whose other credentials a sign-in would hide, or that would hide it.
pub(crate) fn enter(
    host: &Host,
    config: Config,
    settings: &Settings,
    name: &ProfileName,
    wish: &Wish,
) -> Result<Entered> {
    if let Some(profile) = config.profile(name) {
        let conflicts = plan::conflicts(&profile);
        let signs_in = profile.get("login_session").is_some();
        let defined = profile.settings_in(Which::Config).next().is_some();
        if !conflicts.is_empty() && (signs_in || !defined) {
            return Err(refuse(name, &conflicts));
        }
        if !conflicts.is_empty() || (signs_in && !wish.force && !wish.ephemeral) {
            drop(profile);
            let plan = plan::of(host, &config, name)?;
            match resolve::credentials(host, &plan, wish.min_ttl) {
                Ok(held) => {
                    say_if_long_term(host, name, &plan);
                    return Ok(Entered { config, held, region: None });
                }
                Err(error) if error.kind == Kind::LoginRequired && signs_in => {
                    host.debug(|| error.in_one_line());
                }
                Err(error) => return Err(error),
            }
        }
    }
    sign_in(host, config, settings, name, wish)
}

fn refuse(name: &ProfileName, conflicts: &[Conflict]) -> Error {
    let message =
        format!("`{name}` has other credentials beside a sign-in, and tools would not agree which to use");
    let mut error = Error::new(Kind::Config, message);
    for (at, conflict) in conflicts.iter().enumerate() {
        let said = conflicts[..at].iter().any(|above| above.wins == conflict.wins);
        let wins = if said { String::new() } else { format!(": {}", conflict.wins) };
        error = error.because(format!("{}: `{}`{wins}", conflict.place, conflict.key));
    }
    let lines = if conflicts.len() == 1 { "that line" } else { "those lines" };
    let other: String = format!("{name}-login");
    let other = other.parse::<ProfileName>().map_or(other, |other| other.typed());
    error
        .hint(format!("to sign in as `{name}`, remove {lines}"))
        .hint(format!("to keep it, sign in under another name: awsenv login {other}"))
}

fn say_if_long_term(host: &Host, name: &ProfileName, plan: &plan::Plan) {
    if let Some(place) = plan.steps.iter().find_map(|step| step.long_term()) {
        host.say(format!(
            "`{name}` uses long-term access keys ({place}); a browser sign-in needs none: awsenv login {}",
            format!("{name}-login")
                .parse::<ProfileName>()
                .map_or_else(|_| name.typed(), |other| other.typed()),
        ));
    }
}

/// Signs in, once for all processes that want it now.
fn sign_in(
    host: &Host,
    config: Config,
    settings: &Settings,
    name: &ProfileName,
    wish: &Wish,
) -> Result<Entered> {
    signals::part_with(wish.parting);
    if wish.ephemeral {
        return sign_in_now(host, &config, settings, name, wish);
    }
    let session = config.profile(name).and_then(|profile| profile.text("login_session").map(str::to_owned));
    let slot = Slot::sign_in(host, session.as_deref().unwrap_or(name.as_str()));
    let before = held(host, name).map(|held| held.credentials.access_key_id);
    let what = format!("the sign-in to `{name}`");
    let flight = Flight { slot: &slot, limit: sign_in::PATIENCE, what: &what };
    let cancellation = flight.cancellation();
    flight::fly(
        host,
        &flight,
        || {
            let Some(held) = held(host, name) else { return Ok(None) };
            let now = host.clock.now();
            let ends = held.credentials.expiration;
            // an end further away than any lifetime is a clock that was set back
            let sane = ends.is_some_and(|end| end - now <= TimeDelta::hours(12));
            let fresh = sane && held.refresh_at.is_some_and(|at| now < at);
            // unforced, we come here because nothing fresh was held: what is fresh now is new. It may have come
            // before `before` was read.
            let new = !wish.force || before.as_ref() != Some(&held.credentials.access_key_id);
            Ok((fresh && new).then_some(Entered { config: config::load(host)?, held, region: None }))
        },
        || {
            signals::before_parting(cancellation); // only now: who leaves while waiting cancels nothing
            sign_in_now(host, &config, settings, name, wish)
        },
    )
}

/// What the profile has at this moment, without asking anybody.
fn held(host: &Host, name: &ProfileName) -> Option<Held> {
    let config = config::load(host).ok()?;
    plan::of(host, &config, name).ok()?.steps.first()?.held(host)
}

fn sign_in_now(
    host: &Host,
    config: &Config,
    settings: &Settings,
    name: &ProfileName,
    wish: &Wish,
) -> Result<Entered> {
    let profile = config.profile(name);
    let tied = profile.as_ref().and_then(|profile| profile.text("login_session"));
    let region = region(host, config, settings, profile.as_ref(), name, wish)?;
    let endpoints = Endpoints::of(host, config, profile.as_ref())?;
    if !wish.ephemeral {
        // what cannot be kept is said before the browser opens, not after
        edit(config, name, &region, tied.unwrap_or("arn:aws:iam::000000000000:root")).prove(host)?;
    }
    let endpoint = Endpoint {
        url: endpoints.signin(&region),
        ca_bundle: endpoints.ca_bundle.clone(),
        custom: endpoints.custom_signin(),
    };
    if let Some(tied) = tied {
        host.say(format!("`{name}` is tied to {}", text::field(tied)));
    }
    let again = format!("awsenv login {}", name.typed());
    let way = way(host, settings, wish, &again)?;
    let signed_in =
        sign_in::sign_in(host, &Wanted { profile: name, endpoint: &endpoint, way, again: &again })?;
    if let Some(tied) = tied.filter(|tied| *tied != signed_in.session.as_str()) {
        replace(host, name, tied, signed_in.session.as_str(), wish)?;
    }
    let now = host.clock.now();
    let credentials = signed_in.tokens.credentials(signed_in.session.account(), now);
    let credentials = credentials.map_err(|fault| fault.into_error("AWS Sign-In"))?;
    let sts = Endpoint { url: endpoints.sts(&region), ca_bundle: endpoints.ca_bundle.clone(), custom: false };
    confirm(host, &sts, &region, &credentials, &signed_in)?;
    if !wish.ephemeral {
        keep(host, config, name, &region, &credentials, &signed_in)?;
    }
    let refresh_at =
        credentials.expiration.map(|end| freshness::refresh_at(end, now, TimeDelta::minutes(15)));
    let identity = Some(signed_in.session.identity().to_owned());
    let held = Held { credentials, refresh_at, identity };
    Ok(Entered { config: config::load(host)?, held, region: wish.ephemeral.then_some(region) })
}

/// Where to sign in: `--region`, `AWSENV_REGION`, the profile's, the shell's, the settings', else a person says.
fn region(
    host: &Host,
    config: &Config,
    settings: &Settings,
    profile: Option<&Profile>,
    name: &ProfileName,
    wish: &Wish,
) -> Result<Region> {
    if let Some(region) = &wish.region {
        return Ok(region.clone());
    }
    if let Some(region) = host.env.text("AWSENV_REGION") {
        return region.parse().map_err(|why| Error::new(Kind::Usage, format!("AWSENV_REGION: {why}")));
    }
    if let Some(region) = profile.map(Profile::region).transpose()?.flatten() {
        return Ok(region);
    }
    let restore = Restore::capture(|name| host.env.var(name).map(str::to_owned));
    if let Some(region) = load::by_hand(host, config, &restore).or_else(|| settings.region.clone()) {
        return Ok(region);
    }
    ask_region(host, name)
}

/// Asks until it is a region; an empty answer is `us-east-1`, and a part of a name is completed if only one fits.
fn ask_region(host: &Host, name: &ProfileName) -> Result<Region> {
    let instead = "name it: --region us-east-1";
    loop {
        let question = format!("region for `{name}` [us-east-1]: ");
        let answer = host.term.ask(&question, instead)?;
        let answer = answer.trim().to_lowercase();
        let typed = if answer.is_empty() { "us-east-1" } else { &answer };
        let fitting: Vec<&str> =
            endpoints::REGIONS.into_iter().filter(|region| region.contains(typed)).collect();
        match (typed.parse::<Region>(), &fitting[..]) {
            (Ok(region), []) => {
                let near = text::nearest(typed, endpoints::REGIONS.into_iter());
                let near = near.map_or_else(String::new, |near| format!("; did you mean {near}?"));
                if host.term.confirm(
                    &format!("AWS has no region {region} that awsenv knows{near} Use it?"),
                    instead,
                )? {
                    return Ok(region);
                }
            }
            (Ok(region), fitting) if fitting.contains(&typed) => return Ok(region),
            (_, [only]) => return only.parse().map_err(|why: String| Error::new(Kind::Failed, why)),
            (_, [_, ..]) => host.say(format!("several regions fit: {}", fitting.join(" "))),
            (Err(why), []) => host.say(why),
        }
    }
}

/// A browser here if there is one, else one elsewhere.
fn way<'a>(host: &'a Host, settings: &Settings, wish: &Wish, again: &str) -> Result<Way<'a>> {
    let remote = match (wish.remote, wish.no_browser) {
        (true, _) => true,
        (false, true) => return Ok(Way::Page),
        (false, false) => match browser::find(host, settings.browser.as_deref()) {
            Ok(browser) => return Ok(Way::Browser(browser)),
            Err(why) => {
                host.say(format!("no browser can be opened here: {why}"));
                true
            }
        },
    };
    if remote && !host.term.can_ask() {
        return Err(Error::new(
            Kind::LoginRequired,
            "a sign-in with a browser elsewhere needs a terminal for its code",
        )
        .hint(format!("run it in a terminal: {again} --remote")));
    }
    Ok(Way::Remote)
}

/// A profile that is tied to another identity is given to a new one only with a person's word.
fn replace(host: &Host, name: &ProfileName, tied: &str, new: &str, wish: &Wish) -> Result<()> {
    host.say(format!("`{name}` is tied to {}\nyou signed in as  {}", text::field(tied), text::field(new)));
    if wish.yes || host.env.switch("AWSENV_YES") {
        return Ok(());
    }
    if host.term.confirm(&format!("tie `{name}` to the new identity?"), "say it with --yes")? {
        return Ok(());
    }
    Err(Error::new(Kind::Failed, format!("`{name}` stays tied to {tied}: nothing was changed"))
        .hint(format!("sign in as the other one, or under another name: awsenv login {name}-2")))
}

/// Asks AWS whose these credentials are. What AWS cannot be asked is a warning; another answer is the end.
fn confirm(
    host: &Host,
    sts: &Endpoint,
    region: &Region,
    credentials: &Credentials,
    signed_in: &SignedIn,
) -> Result<()> {
    match host.network().block_on(sts::caller_identity(host, sts, region, credentials))? {
        Ok(arn) if arn == signed_in.session.as_str() => Ok(()),
        Ok(arn) => Err(Error::new(
            Kind::Failed,
            "the credentials are not of the identity that signed in: nothing was kept",
        )
        .because(format!("signed in: {}", signed_in.session))
        .because(format!("AWS says:  {arn}"))),
        Err(fault) => {
            let error = fault.into_error("STS");
            host.warn(format!("it could not be confirmed who you are: {}", error.in_one_line()));
            Ok(())
        }
    }
}

/// Keeps the sign-in where the AWS CLI and the SDKs find it: the token first, then the profile.
fn keep(
    host: &Host,
    config: &Config,
    name: &ProfileName,
    region: &Region,
    credentials: &Credentials,
    signed_in: &SignedIn,
) -> Result<()> {
    let key = signed_in.key.to_pem()?;
    let new = NewToken {
        credentials,
        client_id: signed_in.client_id,
        refresh_token: &signed_in.tokens.refresh_token,
        id_token: &signed_in.id_token,
        dpop_key: &key,
        region: region.as_str(),
    };
    let session = signed_in.session.as_str();
    let token = LoginToken::new(&new, host.clock.now());
    if let Err(e) = token.write(&Slot::login(host, session)) {
        host.warn(format!("the sign-in cannot be kept, and ends with these credentials: {e}"));
        return Ok(());
    }
    if let Err(error) = edit(config, name, region, session).apply(host) {
        host.warn(format!("the profile `{name}` cannot be kept: {}", error.in_one_line()));
    }
    say_who_shares(host, config, name, region, session);
    Ok(())
}

/// The profile as a sign-in leaves it. The AWS CLI renews in the profile's region: it must be that of the sign-in.
fn edit(config: &Config, name: &ProfileName, region: &Region, session: &str) -> Edit {
    let section = SectionId::profile(name.as_str());
    let edit = Edit::of(Which::Config).set(&section, "login_session", session);
    if config.profile(name).is_none_or(|profile| profile.get("region").is_none()) {
        edit.set(&section, "region", region.as_str())
    } else {
        edit
    }
}

/// A sign-in belongs to an identity, not to a profile: another profile of the same identity with another region loses
/// the AWS CLI, which renews in the profile's region, where this sign-in is not known.
fn say_who_shares(host: &Host, config: &Config, name: &ProfileName, region: &Region, session: &str) {
    let names = config.names().into_iter().filter_map(|other| other.parse::<ProfileName>().ok());
    for other in names.filter(|other| other != name) {
        let Some(profile) = config.profile(&other) else { continue };
        let shares = profile.text("login_session") == Some(session);
        if let Some(theirs) = profile.text("region").filter(|theirs| shares && *theirs != region.as_str()) {
            host.say(format!(
                "`{other}` shares this sign-in; its region is {theirs}, where the AWS CLI cannot renew it (awsenv can)",
            ));
        }
    }
}
