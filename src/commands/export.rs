//! `awsenv export [PROFILE]`: print credentials as a shell or a program reads them. Asks nobody.

use super::flags::Flags;
use crate::config;
use crate::error::{Error, Kind, Result};
use crate::host::Host;
use crate::load::{self, Loading};
use crate::model::{Region, time};
use crate::resolve::{self, MinTtl};
use crate::{plan, select, shell};
use chrono::TimeDelta;
use std::ffi::OsString;

/// Print a profile's credentials for a shell or a program
///
/// Never asks and never opens a browser: exit code 4 says that `awsenv login` must come first.
#[derive(clap::Args, Default)]
#[cfg_attr(test, derive(Debug, PartialEq))]
pub(crate) struct Args {
    /// The profile; without it `AWS_PROFILE`, then the one this shell was loaded with
    profile: Option<String>,
    /// The shell (bash, zsh, fish, powershell, sh, nushell, elvish, tcsh, xonsh, cmd) or format (json, dotenv,
    /// process, docker, github); default: the shell that asks
    #[arg(long, visible_alias = "shell", value_name = "NAME")]
    format: Option<String>,
    /// The region, instead of the profile's
    #[arg(long)]
    region: Option<Region>,
    /// Renew first if less than this remains, such as `10m`
    #[arg(long, value_name = "TIME", value_parser = time::length)]
    min_ttl: Option<TimeDelta>,
    #[command(flatten)]
    flags: Flags,
}

impl Args {
    /// The arguments in the two forms that scripts and hooks write, `NAME --shell SHELL` and `NAME --format FORMAT`,
    /// read without clap: building all of its commands costs more than the rest of a cached export.
    pub(crate) fn plain(words: &[OsString]) -> Option<Args> {
        let [name, flag, format] = words else { return None };
        let (name, flag, format) = (name.to_str()?, flag.to_str()?, format.to_str()?);
        let plain =
            matches!(flag, "--shell" | "--format") && ![name, format].iter().any(|w| w.starts_with('-'));
        plain.then(|| Args { profile: Some(name.into()), format: Some(format.into()), ..Args::default() })
    }
}

pub(crate) fn run(args: Args, host: &Host) -> Result<u8> {
    let dialect = shell::choose(host, args.format.as_deref())?;
    let config = config::load(host)?;
    let settings = config::settings(host)?;
    let holder = select::holder(host, &config, &settings, args.profile.as_deref())?;
    let held = if let Some(name) = &holder {
        let plan = plan::with(host, &config, name, &args.flags.ask(args.region.as_ref())?)?;
        plan::warn_of_conflicts(host, &config, name);
        let min_ttl = MinTtl::of(host, args.min_ttl, &settings, None)?;
        resolve::credentials(host, &plan, min_ttl)?
    } else if args.flags.any() {
        return Err(super::flags::no_profile("export"));
    } else if dialect.is_shell() && host.env.text("AWS_ACCESS_KEY_ID").is_some() {
        return Err(Error::new(
            Kind::Usage,
            "no profile is named, and this shell has its credentials already",
        )
        .hint("name a profile: awsenv export dev"));
    } else {
        resolve::ambient(host, &config)?
    };
    let loading = Loading {
        config: &config,
        settings: &settings,
        profile: holder.as_ref(),
        held: &held,
        region: args.region.as_ref(),
        ephemeral: false,
    };
    host.out(load::load(host, &loading, Some(dialect))?.text);
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_without_clap_is_read_as_clap_reads_it() {
        #[derive(clap::Parser)]
        struct Line {
            #[command(flatten)]
            args: Args,
        }
        for line in ["dev --shell bash", "dev --format json", "a/b --shell nonsense"] {
            let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            let by_clap =
                <Line as clap::Parser>::try_parse_from([&["export".into()], &words[..]].concat()).ok();
            assert_eq!(Args::plain(&words), by_clap.map(|line| line.args), "{line}");
        }
        for line in ["dev", "--shell bash dev", "- --shell bash", "dev --shell --help", "dev --shell bash -q"]
        {
            let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            assert_eq!(Args::plain(&words), None, "{line}");
        }
    }
}
