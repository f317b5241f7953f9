//! Where a console sign-in happens.

use super::Wish;
use crate::config::{Config, Profile, Settings};
use crate::error::{Error, Kind, Result};
use crate::host::Host;
use crate::load;
use crate::model::delta::Restore;
use crate::model::{ProfileName, Region, endpoints, text};

/// Where to sign in: `--region`, `AWSENV_REGION`, the profile's, the shell's, the settings', else a person says.
pub(super) fn region(
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
