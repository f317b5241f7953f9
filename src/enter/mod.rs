//! A person enters a profile: what is held is enough, or it is renewed, or they sign in.

mod console;
mod identity_center;
mod region;

use crate::config::{Config, Settings, Which};
use crate::error::{Error, Kind, Result};
use crate::host::{Host, browser, signals};
use crate::login::Way;
use crate::model::{LoginTarget, ProfileName, Region, Secret, text};
use crate::plan::{self, Conflict, Plan};
use crate::provider::{Ask, Held};
use crate::resolve::{self, MinTtl};
use identity_center::Root;

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
    /// What is asked of the steps.
    pub(crate) ask: Ask,
}

/// The profile as it is now, and its credentials.
pub(crate) struct Entered {
    /// Read again if the sign-in wrote it.
    pub(crate) config: Config,
    /// `None`: the profile signs in, but has no credentials.
    pub(crate) held: Option<Held>,
    /// The region of a sign-in that left nothing on disk.
    pub(crate) region: Option<Region>,
}

/// Enters a profile: signs in at the root of its plan if it must, and goes on from there.
///
/// # Errors
/// [`Kind::Config`] for a profile whose other credentials a console sign-in would hide, or that would hide it.
pub(crate) fn enter(
    host: &Host,
    config: Config,
    settings: &Settings,
    name: &ProfileName,
    wish: &Wish,
) -> Result<Entered> {
    signals::part_with(wish.parting);
    signals::watch();
    let Some(profile) = config.profile(name) else {
        check_new(name, wish)?;
        if let Some(near) = config.nearest(name.as_str()) {
            let near = text::field(&near);
            host.say(format!("there is no profile `{name}` yet: it will be made (did you mean `{near}`?)"));
        }
        return make(host, config, settings, name, wish);
    };
    let conflicts = plan::conflicts(&profile);
    let is_console = profile.get("login_session").is_some();
    let is_defined = profile.settings_in(Which::Config).next().is_some()
        || ["role_arn", "mfa_serial"].into_iter().any(|key| profile.get(key).is_some());
    if !conflicts.is_empty() && (is_console || !is_defined) {
        return Err(refuse(name, &conflicts));
    }
    drop(profile);
    if conflicts.is_empty() && !is_console {
        return make(host, config, settings, name, wish);
    }
    let plan = plan::with(host, &config, name, &wish.ask)?;
    let Some(target) = plan.login() else {
        let held = resolve::credentials(host, &plan, wish.min_ttl)?;
        say_if_long_term(host, name, &plan);
        return Ok(Entered { config, held: Some(held), region: None });
    };
    let before = identity_center::token_of(host, &target);
    if !(wish.force || wish.ephemeral) {
        let has_token_alone = has_token_alone(&plan, &target);
        if has_token_alone && plan.steps[0].signed_in(host) == Some(true) {
            host.say(format!("`{name}` is signed in already"));
            return Ok(Entered { config, held: None, region: None });
        }
        match resolve::credentials(host, &plan, wish.min_ttl) {
            Ok(held) => return Ok(Entered { config, held: Some(held), region: None }),
            Err(error) if error.kind == Kind::LoginRequired => host.debug(|| error.in_one_line()),
            Err(_) if has_token_alone => {}
            Err(error) => return Err(error),
        }
    }
    sign_in(host, config, settings, name, &target, before, wish)
}

/// What a profile has for a command that is to run; at a terminal a person signs in first if they must, and if one may
/// be asked.
pub(crate) fn or_sign_in(
    host: &Host,
    config: Config,
    settings: &Settings,
    name: &ProfileName,
    wish: &Wish,
) -> Result<Entered> {
    if wish.ephemeral {
        return enter(host, config, settings, name, wish);
    }
    let plan = plan::with(host, &config, name, &wish.ask)?;
    plan::warn_of_conflicts(host, &config, name);
    match resolve::credentials(host, &plan, wish.min_ttl) {
        Ok(held) => Ok(Entered { config, held: Some(held), region: None }),
        Err(error)
            if error.kind == Kind::LoginRequired
                && plan.login().is_some()
                && wish.ask.person
                && host.term.can_ask() =>
        {
            host.say(error.message());
            enter(host, config, settings, name, wish)
        }
        Err(error) => Err(error),
    }
}

/// Signs in to the console with a profile that says nothing of credentials, which ties it.
fn make(
    host: &Host,
    config: Config,
    settings: &Settings,
    name: &ProfileName,
    wish: &Wish,
) -> Result<Entered> {
    let entered = console::sign_in(host, config, settings, name, wish)?;
    onward(host, name, name, entered, wish)
}

/// Whether the flags fit a profile that does not exist yet.
fn check_new(name: &ProfileName, wish: &Wish) -> Result<()> {
    if wish.ask.duration.is_some() && wish.ask.role.is_none() {
        return Err(plan::fixed_lifetime());
    }
    if wish.ask.shapes_role() && (wish.ephemeral || wish.ask.role.is_none()) {
        let message = format!("there is no profile `{name}` that leads to a role");
        let error = Error::new(Kind::Usage, message);
        return Err(error.hint(format!("sign in first: awsenv login {}", name.typed())));
    }
    Ok(())
}

/// Whether a plan is a sign-in and nothing else.
fn has_token_alone(plan: &Plan, target: &LoginTarget) -> bool {
    plan.steps.len() == 1 && matches!(target, LoginTarget::IdentityCenter { role: None, .. })
}

/// Signs in at the root of a plan, and takes the steps that build on it.
fn sign_in(
    host: &Host,
    config: Config,
    settings: &Settings,
    name: &ProfileName,
    target: &LoginTarget,
    before: Option<Secret>,
    wish: &Wish,
) -> Result<Entered> {
    match target {
        LoginTarget::Console { profile, .. } => {
            let conflicts = config.profile(profile).map(|root| plan::conflicts(&root)).unwrap_or_default();
            if profile != name && !conflicts.is_empty() {
                return Err(refuse(profile, &conflicts));
            }
            let entered = console::sign_in(host, config, settings, profile, wish)?;
            onward(host, name, profile, entered, wish)
        }
        LoginTarget::IdentityCenter { profile, session, role } => {
            let root = Root { profile, session, role: role.as_ref(), target, before };
            let entered = identity_center::sign_in(host, config, settings, &root, wish)?;
            onward(host, name, profile, entered, wish)
        }
    }
}

/// From the credentials of the root to those of the profile that was named.
fn onward(
    host: &Host,
    name: &ProfileName,
    root: &ProfileName,
    entered: Entered,
    wish: &Wish,
) -> Result<Entered> {
    if root == name && wish.ask.role.is_none() {
        return Ok(entered);
    }
    let Entered { config, held, region } = entered;
    let plan = plan::with(host, &config, name, &wish.ask)?;
    let held = held.map(|held| resolve::upon(host, &plan, held, wish.min_ttl)).transpose()?;
    Ok(Entered { config, held, region })
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

fn say_if_long_term(host: &Host, name: &ProfileName, plan: &Plan) {
    if let Some(place) = plan.steps.last().and_then(|step| step.long_term()) {
        host.say(format!(
            "`{name}` uses long-term access keys ({place}); a browser sign-in needs none: awsenv login {}",
            format!("{name}-login")
                .parse::<ProfileName>()
                .map_or_else(|_| name.typed(), |other| other.typed()),
        ));
    }
}

/// How to sign in: with a browser here if there is one, else with one elsewhere.
fn way<'a>(host: &'a Host, settings: &Settings, wish: &Wish) -> Way<'a> {
    if wish.remote {
        return Way::Remote;
    }
    if wish.no_browser {
        return Way::Page;
    }
    match browser::find(host, settings.browser.as_deref()) {
        Ok(browser) => Way::Browser(browser),
        Err(why) => {
            host.say(format!("no browser can be opened here: {why}"));
            Way::Remote
        }
    }
}
