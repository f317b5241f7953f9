//! `awsenv exec [PROFILE] -- COMMAND…`: become a command that has the credentials.

use super::flags::Flags;
use crate::config;
use crate::enter::{self, Entered, Wish};
use crate::error::{Error, Kind, Result};
use crate::host::{Host, foreground, process};
use crate::load::{self, Loading};
use crate::model::{EnvDelta, Region, time};
use crate::provider::Ask;
use crate::resolve::{self, MinTtl};
use crate::server::{self, Shelf};
use crate::{keep, select, shadow};
use chrono::TimeDelta;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::sync::Arc;

/// What the credentials of a command last at least, unless `--min-ttl` says otherwise.
const MIN_TTL: TimeDelta = TimeDelta::minutes(10);

/// Run a command with a profile's credentials
///
/// awsenv becomes the command: its signals, exit code and terminal are its own. Before it starts, 125 is a failure
/// of awsenv, 126 a command that cannot be run, 127 one that is not there. Without a command it is your shell.
#[derive(clap::Args)]
#[command(override_usage = "awsenv exec [OPTIONS] [PROFILE] -- COMMAND [ARGS]…")]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag")]
pub(crate) struct Args {
    /// The profile; without it `AWS_PROFILE`, then the one this shell was loaded with
    profile: Option<String>,
    /// The command and its arguments
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<OsString>,
    /// The region, instead of the profile's
    #[arg(long)]
    region: Option<Region>,
    /// Renew first if less than this remains, such as `30m` (default: 10m)
    #[arg(long, value_name = "TIME", value_parser = time::length)]
    min_ttl: Option<TimeDelta>,
    /// Do not sign in, but fail, where a sign-in is needed
    #[arg(long)]
    no_login: bool,
    /// Sign in for this command alone, and leave nothing on disk
    #[arg(long)]
    ephemeral: bool,
    /// Say yes to every question
    #[arg(long, short)]
    yes: bool,
    /// Stay beside the command, which fetches its credentials from here: they are renewed for as long as it runs
    #[arg(long, conflicts_with = "ephemeral")]
    server: bool,
    /// With --server: fail where the profile `default` has credentials, which programs take first; else the command
    /// gets a copy of the file without them
    #[arg(long, requires = "server")]
    strict: bool,
    #[command(flatten)]
    flags: Flags,
}

pub(crate) fn run(args: Args, host: &Host) -> Result<u8> {
    let argv = command_line(&args, host)?;
    let program = process::find_command(host, &argv[0])?;
    let config = config::load(host)?;
    let settings = config::settings(host)?;
    let holder = select::holder(host, &config, &settings, args.profile.as_deref())?;
    let ask =
        Ask { person: !args.no_login, ephemeral: args.ephemeral, ..args.flags.ask(args.region.as_ref())? };
    let entered = if let Some(name) = &holder {
        select::confirm(host, &config, name, args.yes)?;
        let wish = Wish {
            region: args.region.clone(),
            yes: args.yes,
            ephemeral: args.ephemeral,
            min_ttl: MinTtl::of(host, args.min_ttl, &settings, Some(MIN_TTL))?,
            ask: ask.clone(),
            ..Wish::default()
        };
        enter::or_sign_in(host, config, &settings, name, &wish)?
    } else if args.flags.any() {
        return Err(super::flags::no_profile("exec"));
    } else {
        let held = resolve::ambient(host, &config)?;
        Entered { config, held: Some(held), region: None }
    };
    let held = entered.held.as_ref().ok_or_else(|| {
        Error::new(Kind::Config, "the profile signs in, but has no credentials")
            .hint("give it `sso_account_id` and `sso_role_name`")
    })?;
    let loading = Loading {
        config: &entered.config,
        settings: &settings,
        profile: holder.as_ref(),
        held,
        region: args.region.as_ref().or(entered.region.as_ref()),
        ephemeral: args.ephemeral,
    };
    let loaded = load::load(host, &loading, None)?;
    if !args.server {
        return Err(process::become_program(&program, &argv, &environment(host, &loaded.delta)));
    }
    let Some(name) = holder else { return Err(super::flags::no_profile("exec --server")) };
    let copies = shadow::copies(host, args.strict)?;
    let shelf = Arc::new(Shelf::new(held.credentials.clone()));
    let server = server::start(Arc::clone(&shelf), |_| {})?;
    let mut env = environment(host, &loaded.delta.served(&server.url, &server.token));
    if let Some(copies) = &copies {
        env.retain(|(name, _)| copies.env.iter().all(|(copied, _)| copied != name));
        env.extend(copies.env.iter().cloned());
    }
    keep::keep(name, ask, held.clone(), shelf);
    let end = foreground::run(&program, &argv, &env)?;
    drop((server, copies)); // a signal may be the end of us
    Ok(end.ours())
}

/// The command as typed; without one, the person's shell.
fn command_line(args: &Args, host: &Host) -> Result<Vec<OsString>> {
    if !args.command.is_empty() {
        return Ok(args.command.clone());
    }
    let shell = host.env.text(if cfg!(windows) { "COMSPEC" } else { "SHELL" });
    shell.map(|shell| vec![OsString::from(shell)]).ok_or_else(|| {
        Error::new(Kind::Usage, "there is no command, and SHELL is not set")
            .hint("write: awsenv exec dev -- command")
    })
}

/// Puts the `--` before the command of `exec` where it was left out (a PowerShell function loses it): before the
/// second word that is no flag of ours.
pub(crate) fn with_dashes(argv: &[OsString]) -> Vec<OsString> {
    let mut argv = argv.to_vec();
    let is_flag = |word: &OsString| word.to_string_lossy().starts_with('-') && word != "-";
    let Some(exec) = argv.iter().skip(1).position(|word| !is_flag(word)).map(|at| at + 1) else {
        return argv;
    };
    if argv[exec] != "exec" {
        return argv;
    }
    let ours = <Args as clap::Args>::augment_args(clap::Command::new("exec"));
    let takes_value = |word: &str| {
        let flag = |arg: &clap::Arg| {
            let short = arg.get_short().map(|short| format!("-{short}"));
            arg.get_long().is_some_and(|long| word == format!("--{long}")) || short.as_deref() == Some(word)
        };
        ours.get_arguments().any(|arg| flag(arg) && arg.get_action().takes_values())
    };
    let mut words = 0;
    let mut at = exec + 1;
    while at < argv.len() && argv[at] != "--" {
        if is_flag(&argv[at]) {
            at += usize::from(takes_value(&argv[at].to_string_lossy()));
        } else {
            words += 1;
            if words == 2 {
                argv.insert(at, "--".into());
                break;
            }
        }
        at += 1;
    }
    argv
}

/// Removed besides what the delta unsets: other ways to another identity, and marks of other tools.
const REMOVED: [&str; 4] = ["AWS_SDK_LOAD_CONFIG", "BOTO_CONFIG", "_AWS_CLI_PROFILE_CHAIN", "_AWSENV_CHAIN"];
const REMOVED_PREFIXES: [&str; 6] =
    ["AWS_BEARER_TOKEN_", "AWS_SSO", "AWSUME_", "GRANTED_", "AWSENV_", "AWSU_"];

/// Our own settings, which a child may need.
const KEPT: [&str; 2] = ["AWSENV_CONFIG_HOME", "AWSENV_STATE_HOME"];

/// The environment of the command: ours without any other identity, with this one. Nothing is set empty.
fn environment(host: &Host, delta: &EnvDelta) -> Vec<(OsString, OsString)> {
    let same = |a: &str, b: &str| if cfg!(windows) { a.eq_ignore_ascii_case(b) } else { a == b };
    let touched: Vec<&str> = delta.iter().map(|(name, _)| name).collect();
    let removed = |name: &OsStr| {
        let name = name.to_string_lossy();
        let listed = touched.iter().chain(&REMOVED).any(|gone| same(gone, &name));
        let marked = REMOVED_PREFIXES
            .iter()
            .any(|prefix| name.get(..prefix.len()).is_some_and(|start| same(start, prefix)));
        (listed || marked) && !KEPT.iter().any(|kept| same(kept, &name))
    };
    let mut env: BTreeMap<OsString, OsString> = host
        .env
        .all()
        .filter(|(name, _)| !removed(name))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    // the keys that were set before are nothing for a child
    let set = delta.set().filter(|(name, _)| *name != "AWSENV_RESTORE");
    env.extend(set.map(|(name, value)| (name.into(), value.expose().into())));
    env.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dashes_may_be_left_out() {
        let dashed = |line: &str| {
            let argv: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            let argv: Vec<String> =
                with_dashes(&argv).iter().map(|word| word.to_string_lossy().into()).collect();
            argv.join(" ")
        };
        for (typed, meant) in [
            ("awsenv exec dev ls -l", "awsenv exec dev -- ls -l"),
            ("awsenv exec dev -- ls -- -l", "awsenv exec dev -- ls -- -l"),
            (
                "awsenv -q exec --region eu-west-1 dev --yes ls -y",
                "awsenv -q exec --region eu-west-1 dev --yes -- ls -y",
            ),
            ("awsenv exec --min-ttl=5m - ls", "awsenv exec --min-ttl=5m - -- ls"),
            ("awsenv exec -- ls a", "awsenv exec -- ls a"),
            ("awsenv exec dev", "awsenv exec dev"),
            ("awsenv export dev ls", "awsenv export dev ls"),
        ] {
            assert_eq!(dashed(typed), meant);
        }
    }
}
