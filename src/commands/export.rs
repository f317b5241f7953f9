//! `awsenv export [PROFILE]`: print credentials as a shell or a program reads them. Asks nobody.

use crate::config;
use crate::error::{Error, Kind, Result};
use crate::host::Host;
use crate::load::{self, Loading};
use crate::model::{Region, time};
use crate::provider::{Environment, Need, Step as _};
use crate::resolve::{self, MinTtl};
use crate::{plan, select, shell};
use chrono::TimeDelta;

/// Print a profile's credentials for a shell or a program
///
/// Never asks and never opens a browser: exit code 4 says that `awsenv login` must come first.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The profile; without it `AWS_PROFILE`, then the one this shell was loaded with
    profile: Option<String>,
    /// The shell or format: bash, zsh, fish, powershell, sh, json, dotenv, process (default: the shell that asks)
    #[arg(long, visible_alias = "shell", value_name = "NAME")]
    format: Option<String>,
    /// The region, instead of the profile's
    #[arg(long)]
    region: Option<Region>,
    /// Renew first if less than this remains, such as `10m`
    #[arg(long, value_name = "TIME", value_parser = time::length)]
    min_ttl: Option<TimeDelta>,
}

pub(crate) fn run(args: Args, host: &Host) -> Result<u8> {
    let dialect = shell::choose(host, args.format.as_deref())?;
    let config = config::load(host)?;
    let settings = config::settings(host)?;
    let selected = select::profile(host, &config, &settings, args.profile.as_deref())?;
    let environment = select::means_environment(host, selected.as_ref());
    let (profile, held) = if environment {
        (None, Environment.fetch(host, &Need::default())?)
    } else {
        let name = selected.map_or_else(select::default, Ok)?;
        let plan = plan::of(host, &config, &name)?;
        warn_of_conflicts(host, &config, &plan);
        let min_ttl = MinTtl { length: args.min_ttl.or(settings.min_ttl), typed: args.min_ttl.is_some() };
        (Some(name), resolve::credentials(host, &plan, min_ttl)?)
    };
    if environment && dialect.is_shell() {
        return Err(Error::new(
            Kind::Usage,
            "no profile is named, and this shell has its credentials already",
        )
        .hint("name a profile: awsenv export dev"));
    }
    let loading = Loading {
        config: &config,
        settings: &settings,
        profile: profile.as_ref(),
        held: &held,
        region: args.region.as_ref(),
        ephemeral: false,
    };
    host.out(load::load(host, &loading, Some(dialect))?.text);
    Ok(0)
}

fn warn_of_conflicts(host: &Host, config: &config::Config, plan: &plan::Plan) {
    let profile = config.profile(&plan.profile).filter(|profile| profile.get("login_session").is_some());
    if let Some(conflict) = profile.and_then(|profile| plan::conflicts(&profile).into_iter().next()) {
        let plan::Conflict { place, key, wins } = conflict;
        host.warn(format!("{place}: `{key}` stands beside the sign-in of `{}`: {wins}", plan.profile));
    }
}
