//! `awsenv serve [PROFILE]`: a local server from which programs fetch credentials that stay fresh.

use super::flags::Flags;
use crate::config;
use crate::enter::{self, Entered, Wish};
use crate::error::{Error, Kind, Result};
use crate::host::Host;
use crate::load::{self, Loading};
use crate::model::{Region, text, time};
use crate::provider::Ask;
use crate::resolve::MinTtl;
use crate::server::{self, Server, Shelf};
use crate::shell::{self, Facts};
use crate::{keep, select};
use chrono::TimeDelta;
use std::sync::Arc;
use std::time::Duration;

/// How often it is looked whether anybody still comes.
const LOOK: Duration = Duration::from_millis(250);

/// Serve a profile's credentials to programs on this computer, renewed for as long as it runs
///
/// For an IDE, a container, anything that runs for longer than its credentials last. It prints two variables; whoever has
/// them in its environment, and no access keys, fetches the credentials by itself, as every AWS SDK can. Ctrl-C ends it.
#[derive(clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag")]
pub(crate) struct Args {
    /// The profile; without it `AWS_PROFILE`, then the one this shell was loaded with
    profile: Option<String>,
    /// How the variables are printed: a shell, or dotenv, docker, github (default: the shell that asks)
    #[arg(long, visible_alias = "shell", value_name = "NAME")]
    format: Option<String>,
    /// Print the flags for `docker run` instead
    #[arg(long, conflicts_with = "format")]
    docker: bool,
    /// End when nobody has come for so long, such as `15m`
    #[arg(long, value_name = "TIME", value_parser = time::length)]
    idle: Option<TimeDelta>,
    /// Say each answer on stderr
    #[arg(long)]
    verbose: bool,
    /// The region, instead of the profile's
    #[arg(long)]
    region: Option<Region>,
    /// Do not sign in, but fail, where a sign-in is needed
    #[arg(long)]
    no_login: bool,
    /// Say yes to every question
    #[arg(long, short)]
    yes: bool,
    #[command(flatten)]
    flags: Flags,
}

pub(crate) fn run(args: Args, host: &Host) -> Result<u8> {
    let dialect = shell::choose(host, args.format.as_deref())?;
    if ["json", "process"].contains(&dialect.name()) {
        let message = format!("`{}` tells credentials, and a server is told by variables", dialect.name());
        return Err(Error::new(Kind::Usage, message).hint("use a shell's name, or dotenv, docker, github"));
    }
    let config = config::load(host)?;
    let settings = config::settings(host)?;
    let name = select::profile(host, &config, &settings, args.profile.as_deref())?;
    let name = name.map_or_else(select::default, Ok)?;
    select::confirm(host, &config, &name, args.yes)?;
    let ask = Ask { person: !args.no_login, ..args.flags.ask(args.region.as_ref())? };
    let wish = Wish {
        region: args.region.clone(),
        yes: args.yes,
        min_ttl: MinTtl::default(),
        ask: ask.clone(),
        ..Wish::default()
    };
    let Entered { config, held, region } = enter::or_sign_in(host, config, &settings, &name, &wish)?;
    let held = held.ok_or_else(|| {
        Error::new(Kind::Config, format!("`{name}` signs in, but has no credentials"))
            .hint("give it `sso_account_id` and `sso_role_name`")
    })?;
    let loading = Loading {
        config: &config,
        settings: &settings,
        profile: Some(&name),
        held: &held,
        region: args.region.as_ref().or(region.as_ref()),
        ephemeral: false,
    };
    let loaded = load::load(host, &loading, None)?;
    let shelf = Arc::new(Shelf::new(held.credentials.clone()));
    let verbose = args.verbose;
    let server = server::start(Arc::clone(&shelf), move |status| {
        if verbose {
            Host::real().say(format!("{} {status}", time::format(crate::host::clock::now())));
        }
    })?;
    let delta = loaded.delta.served(&server.url, &server.token);
    host.say(format!("`{name}` is served here until Ctrl-C"));
    let facts = Facts {
        profile: Some(&name),
        credentials: &held.credentials,
        identity: held.identity.as_deref(),
        region: loaded.region.as_ref(),
        refresh_at: held.refresh_at,
    };
    if args.docker {
        host.out(docker(host, &server));
    } else {
        host.out(shell::render(dialect, &delta, Some(&facts))?);
        dialect.announce(host, &delta);
    }
    host.term.flush()?;
    host.term.take_back();
    keep::keep(name.clone(), ask, held, Arc::clone(&shelf));
    let longest = args.idle.and_then(|idle| idle.to_std().ok());
    loop {
        std::thread::sleep(LOOK);
        if longest.is_some_and(|longest| shelf.idle() >= longest) {
            host.say(format!(
                "nobody came for `{}` for {}: it ends",
                text::field(name.as_str()),
                time::words(args.idle.unwrap_or_default())
            ));
            return Ok(0);
        }
    }
}

/// What `docker run` must be told. The SDKs fetch by plain http from a loopback address only, and a container has a
/// loopback of its own unless it shares the network of its host, which it can on Linux.
fn docker(host: &Host, server: &Server) -> String {
    if !cfg!(target_os = "linux") {
        host.say("only with `--network host`, which Docker has on Linux, can a container reach this; elsewhere, without renewal:");
        host.say("  docker run --env-file <(awsenv export NAME --format docker) …");
    }
    format!(
        "--network host -e AWS_CONTAINER_CREDENTIALS_FULL_URI={} -e AWS_CONTAINER_AUTHORIZATION_TOKEN={}\n",
        server.url,
        server.token.expose()
    )
}
