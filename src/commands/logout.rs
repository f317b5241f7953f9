//! `awsenv logout [PROFILE]`: end the sign-in, and clear this shell of it.

use crate::config::{self, Config};
use crate::error::Result;
use crate::host::Host;
use crate::leave::{self, Ended};
use crate::model::delta::Restore;
use crate::model::{EnvDelta, LoginTarget, ProfileName, text, time};
use crate::{plan, select, shell};
use chrono::TimeDelta;

/// Sign out of a profile, and clear this shell of it
///
/// The token on this computer is removed; that of an Identity Center is ended at AWS too, for every profile of its
/// session. AWS offers no way to end credentials early: those in other shells work until they end by themselves.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The profile; without it `AWS_PROFILE`, then the one this shell was loaded with
    #[arg(conflicts_with = "all")]
    profile: Option<String>,
    /// Every sign-in on this computer
    #[arg(long)]
    all: bool,
    /// The shell: bash, zsh, fish, powershell, sh, nushell, elvish, tcsh, xonsh, cmd (default: the
    /// shell that asks)
    #[arg(long, visible_alias = "format", value_name = "NAME")]
    shell: Option<String>,
}

pub(crate) fn run(args: Args, host: &Host) -> Result<u8> {
    let dialect = shell::choose(host, args.shell.as_deref())?;
    let config = config::load(host)?;
    let settings = config::settings(host)?;
    let loaded = host.env.text("AWSENV_PROFILE").and_then(|name| name.parse::<ProfileName>().ok());
    let loaded_target = loaded.as_ref().and_then(|name| plan::login(host, &config, name));
    let clears = if args.all {
        match leave::leave_all(host, &config)? {
            0 => host.say("nobody is signed in from this computer"),
            1 => host.say("1 sign-in was removed; its credentials work in other shells until they end"),
            removed => host.say(format!(
                "{removed} sign-ins were removed; their credentials work in other shells until they end"
            )),
        }
        loaded_target.is_some()
    } else {
        let name = select::profile(host, &config, &settings, args.profile.as_deref())?;
        let name = name.map_or_else(select::default, Ok)?;
        let target = plan::login(host, &config, &name);
        let known = config.profile(&name).is_some() || loaded.as_ref() == Some(&name);
        match &target {
            Some(target) => one(host, &config, &name, target)?,
            None if !known => return Err(plan::unknown(&config, &name)),
            None => host.say(format!("`{name}` has no sign-in to end")),
        }
        let shares = target.zip(loaded_target).is_some_and(|(target, loaded)| target.is_shared_with(&loaded));
        loaded.as_ref() == Some(&name) || shares
    };
    if clears && dialect.is_shell() {
        let restore = host.env.text("AWSENV_RESTORE").and_then(Restore::decode).unwrap_or_default();
        if host.term.stdout_is_terminal() {
            let line = shell::line_to_type(dialect, &["unset"], None);
            host.say(format!("this shell still holds its credentials; type:\n  {line}"));
        } else {
            host.out(shell::render(dialect, &EnvDelta::unload(&restore), None)?);
        }
    } else {
        shell::leave_alone(host, dialect);
    }
    Ok(0)
}

fn one(host: &Host, config: &Config, name: &ProfileName, target: &LoginTarget) -> Result<()> {
    let Ended::SignIn(ends) = leave::leave(host, config, target)? else {
        host.say(format!("`{name}` was not signed in"));
        return Ok(());
    };
    host.say(match target {
        LoginTarget::Console { .. } => {
            format!("`{name}` is signed out: the token on this computer was removed")
        }
        LoginTarget::IdentityCenter { session, .. } => {
            let session = text::field(session.key());
            format!("`{name}` is signed out of `{session}`: token and role credentials on this computer were removed")
        }
    });
    let others = plan::sharing(host, config, target, name);
    if !others.is_empty() {
        host.say(format!("the same sign-in served: {}", text::clean(&others.join(", "))));
    }
    let left = ends.map(|end| end - host.clock.now()).filter(|left| *left > TimeDelta::zero());
    if let Some(left) = left {
        host.say(format!(
            "credentials that other shells hold work for {} more; AWS cannot end them earlier",
            time::words(left)
        ));
    }
    Ok(())
}
