//! `awsenv login [PROFILE]`: sign in the way the profile needs, then load this shell.

use super::flags::Flags;
use crate::config::{self, Config};
use crate::enter::{self, Entered, Wish};
use crate::error::{Error, Kind, Result};
use crate::host::{Host, signals};
use crate::load::{self, Loading};
use crate::model::{ProfileName, Region, text, time};
use crate::provider::Ask;
use crate::resolve::MinTtl;
use crate::shell::{self, Dialect};
use crate::{plan, select};
use chrono::TimeDelta;

/// Sign in to a profile and load this shell with it
///
/// Type it so that the shell takes what it prints: eval "$(awsenv login dev)", in fish: awsenv login dev | source;
/// typed alone, it tells the line for your shell.
/// Signed in already, it asks nothing. A profile that does not exist yet is made.
#[derive(clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag")]
pub(crate) struct Args {
    /// The profile; `-` is the previous one; without it `AWS_PROFILE`, then the one loaded, then a list to pick from
    profile: Option<String>,
    /// The shell: bash, zsh, fish, powershell, sh, nushell, elvish, tcsh, xonsh, cmd (default: the
    /// shell that asks)
    #[arg(long, visible_alias = "format", value_name = "NAME")]
    shell: Option<String>,
    /// The region to sign in to and to load, instead of the profile's
    #[arg(long)]
    region: Option<Region>,
    /// Sign in with a browser on another computer, which shows a code to paste here
    #[arg(long)]
    remote: bool,
    /// Do not open the browser: print its page, and wait for it on this computer
    #[arg(long, conflicts_with = "remote")]
    no_browser: bool,
    /// Sign in again, although it is not needed
    #[arg(long, short)]
    force: bool,
    /// Leave nothing on disk: no token, no profile; it ends with the credentials (15 minutes)
    #[arg(long)]
    ephemeral: bool,
    /// Say yes to every question
    #[arg(long, short)]
    yes: bool,
    /// Renew first if less than this remains, such as `10m`
    #[arg(long, value_name = "TIME", value_parser = time::length)]
    min_ttl: Option<TimeDelta>,
    #[command(flatten)]
    flags: Flags,
}

pub(crate) fn run(args: Args, host: &Host) -> Result<u8> {
    if host.is_real() && !host.term.stdout_is_terminal() {
        signals::never_stop();
    }
    let dialect = shell::choose(host, args.shell.as_deref())?;
    let for_function = host.env.text("AWSENV_FUNCTION").is_some();
    let parting = if host.term.stdout_is_terminal() || for_function { "" } else { dialect.failure() };
    signals::part_with(parting);
    let config = config::load(host)?;
    say_problems(host, &config);
    let settings = config::settings(host)?;
    let name = match select::profile(host, &config, &settings, args.profile.as_deref())? {
        Some(name) => name,
        None => pick(host, &config)?,
    };
    select::confirm(host, &config, &name, args.yes)?;
    let ask = Ask {
        person: true,
        parting,
        anew: args.force,
        ephemeral: args.ephemeral,
        ..args.flags.ask(args.region.as_ref())?
    };
    let wish = Wish {
        region: args.region.clone(),
        remote: args.remote,
        no_browser: args.no_browser,
        force: args.force,
        ephemeral: args.ephemeral,
        yes: args.yes,
        min_ttl: MinTtl::of(host, args.min_ttl, &settings, None)?,
        parting,
        ask,
    };
    let Entered { config, held, region } = enter::enter(host, config, &settings, &name, &wish)?;
    let Some(held) = held else {
        shell::leave_alone(host, dialect);
        host.say(format!(
            "`{name}` names no account and no role: it is signed in, and this shell is as it was"
        ));
        return Ok(0);
    };
    let loading = Loading {
        config: &config,
        settings: &settings,
        profile: Some(&name),
        held: &held,
        region: args.region.as_ref().or(region.as_ref()),
        ephemeral: args.ephemeral,
    };
    let to_terminal = host.term.stdout_is_terminal() && dialect.is_shell();
    let loaded = load::load(host, &loading, (!to_terminal).then_some(dialect))?;
    host.say(told(host, &name, &held, loaded.region.as_ref(), args.ephemeral));
    if to_terminal {
        say_what_to_type(host, dialect, &name, args.ephemeral);
    } else {
        host.out(loaded.text);
    }
    Ok(0)
}

/// A file that the AWS CLI refuses is said here, once, where a person looks.
fn say_problems(host: &Host, config: &Config) {
    for problem in config.problems().iter().filter(|problem| problem.fatal_for_aws_cli).take(3) {
        host.warn(format!("{problem} (the AWS CLI refuses the whole file for it)"));
    }
}

/// Lets a person pick a profile; without a terminal, the one of AWS's tools.
fn pick(host: &Host, config: &Config) -> Result<ProfileName> {
    let names: Vec<ProfileName> = config.names().iter().filter_map(|name| name.parse().ok()).collect();
    let rows: Vec<String> = names
        .iter()
        .map(|name| {
            let kind = plan::kind(host, config, name).unwrap_or("no credentials");
            format!("{}  ({kind})", text::field(name.as_str()))
        })
        .collect();
    if names.is_empty() || !host.term.can_ask() {
        return select::default();
    }
    match host.term.pick("profile", &rows, 0)? {
        Some(picked) => Ok(names[picked].clone()),
        None => {
            Err(Error::new(Kind::Interrupted, "no profile was picked").hint("name one: awsenv login dev"))
        }
    }
}

/// One line: who, where, how long.
fn told(
    host: &Host,
    name: &ProfileName,
    held: &crate::provider::Held,
    region: Option<&Region>,
    ephemeral: bool,
) -> String {
    let mut parts = vec![format!("{}:", text::field(name.as_str()))];
    parts.extend(held.identity.as_deref().map(text::field));
    parts.extend(held.credentials.account.as_ref().map(|account| format!("in {account}")));
    parts.extend(region.map(ToString::to_string));
    parts.extend(
        held.credentials.expiration.map(|end| format!("({} left)", time::words(end - host.clock.now()))),
    );
    if ephemeral {
        parts.push("nothing was kept: it cannot be renewed".into());
    }
    parts.join(" ")
}

fn say_what_to_type(host: &Host, dialect: &dyn Dialect, name: &ProfileName, ephemeral: bool) {
    if ephemeral {
        let line = shell::line_to_type(dialect, &["login", "--ephemeral"], Some(name));
        host.say(format!("nothing was kept and this shell was not loaded; type:\n  {line}"));
        return;
    }
    let line = shell::line_to_type(dialect, &["login"], Some(name));
    host.say(format!("to load this shell, type:\n  {line}"));
    if dialect.hook().is_some() {
        let hook = dialect.line(&format!("awsenv init {}", dialect.name()));
        host.say(format!(
            "or let `awsenv login` do it from now on, with this line in your shell's rc file:\n  {hook}"
        ));
    }
}
