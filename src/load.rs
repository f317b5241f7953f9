//! Credentials become a change of this shell: with its region, its colour, and what to put back at the end.

use crate::config::{Config, Settings};
use crate::error::Result;
use crate::host::Host;
use crate::model::delta::{Load, Restore};
use crate::model::{Color, EnvDelta, ProfileName, Region};
use crate::provider::Held;
use crate::shell::{self, Dialect, Facts};

/// All that decides what a shell is told, besides the environment as it is.
pub(crate) struct Loading<'a> {
    pub(crate) config: &'a Config,
    pub(crate) settings: &'a Settings,
    /// `None`: the environment's own credentials.
    pub(crate) profile: Option<&'a ProfileName>,
    pub(crate) held: &'a Held,
    /// `--region`.
    pub(crate) region: Option<&'a Region>,
    pub(crate) ephemeral: bool,
}

/// The change for this environment, its region, and its text in a dialect if one is given.
pub(crate) struct Loaded {
    pub(crate) delta: EnvDelta,
    pub(crate) region: Option<Region>,
    pub(crate) text: String,
}

/// Makes the change.
pub(crate) fn load(host: &Host, loading: &Loading, dialect: Option<&dyn Dialect>) -> Result<Loaded> {
    let restore = Restore::capture(|name| host.env.var(name).map(str::to_owned));
    let region = region(host, loading, &restore)?;
    let profile = loading.profile.and_then(|name| loading.config.profile(name));
    let own_color = profile.and_then(|profile| {
        // a colour is not worth a shell without credentials
        profile.parse::<Color>("awsenv_color").unwrap_or_else(|error| {
            host.warn(error.in_one_line());
            None
        })
    });
    let color = own_color.or_else(|| loading.settings.color(loading.profile?));
    let own = host.env.text("AWSENV_PROFILE");
    let previous = match own {
        Some(own) if loading.profile.is_none_or(|name| name.as_str() != own) => Some(own),
        _ => host.env.text("AWSENV_PREVIOUS"),
    };
    let load = Load {
        profile: loading.profile,
        credentials: &loading.held.credentials,
        identity: loading.held.identity.as_deref(),
        region: region.as_ref(),
        refresh_at: loading.held.refresh_at.filter(|_| !loading.ephemeral),
        previous,
        color: color.map(Color::name),
        ephemeral: loading.ephemeral,
        restore: &restore,
    };
    let delta = EnvDelta::load(&load);
    let text = match dialect {
        Some(dialect) => {
            let text = shell::render(dialect, &delta, Some(&Facts::of(&load)))?;
            dialect.announce(host, &delta);
            text
        }
        None => String::new(),
    };
    Ok(Loaded { delta, region, text })
}

/// The change that gives a loaded shell newer credentials of its profile.
pub(crate) fn renewal(profile: &ProfileName, held: &Held) -> EnvDelta {
    EnvDelta::renew(&Load {
        profile: Some(profile),
        credentials: &held.credentials,
        identity: held.identity.as_deref(),
        region: None,
        refresh_at: held.refresh_at,
        previous: None,
        color: None,
        ephemeral: false,
        restore: &Restore::default(),
    })
}

/// `--region`, else the profile's, else the one that the user set by hand.
fn region(host: &Host, loading: &Loading, restore: &Restore) -> Result<Option<Region>> {
    let by_hand = by_hand(host, loading.config, restore);
    let profile = loading.profile.and_then(|name| loading.config.profile(name));
    let own = match loading.region {
        Some(region) => Some(region.clone()),
        None => profile.map(|profile| profile.region()).transpose()?.flatten(),
    };
    let Some(own) = own else { return Ok(by_hand) };
    if let Some(by_hand) = by_hand.filter(|by_hand| *by_hand != own) {
        host.say(format!("region {own} takes the place of {by_hand}, which was set in this shell"));
    }
    Ok(Some(own))
}

/// The region that the user set: the environment's, unless an earlier load put it there, else the one before it.
pub(crate) fn by_hand(host: &Host, config: &Config, restore: &Restore) -> Option<Region> {
    let names = ["AWS_REGION", "AWS_DEFAULT_REGION"];
    let current = names.iter().find_map(|name| host.env.text(name));
    let loaded = host.env.text("AWSENV_PROFILE").and_then(|name| config.profile(&name.parse().ok()?));
    let ours = loaded.is_some_and(|profile| profile.text("region") == current);
    let set = if ours { names.iter().find_map(|name| restore.before(name)) } else { current };
    set?.parse().ok()
}
