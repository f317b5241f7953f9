//! `awsenv unset`: this shell as it was before awsenv. The sign-in stays.

use crate::error::{Error, Kind, Result};
use crate::host::Host;
use crate::model::EnvDelta;
use crate::model::delta::{OWN, Restore};
use crate::shell;

/// Put this shell back as it was before awsenv; you stay signed in
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The shell: bash, zsh, fish, powershell, sh, nushell, elvish, tcsh, xonsh, cmd (default: the
    /// shell that asks)
    #[arg(long, visible_alias = "format", value_name = "NAME")]
    shell: Option<String>,
}

pub(crate) fn run(args: Args, host: &Host) -> Result<u8> {
    let dialect = shell::choose(host, args.shell.as_deref())?;
    if !dialect.is_shell() {
        let error =
            Error::new(Kind::Usage, format!("`{}` is no shell: there is nothing to unset", dialect.name()));
        return Err(error.hint("name your shell: --shell bash"));
    }
    if host.term.stdout_is_terminal() {
        let line = shell::line_to_type(dialect, &["unset"], None);
        host.say(format!("a program cannot change the shell that started it; type:\n  {line}"));
        return Ok(0);
    }
    let Some(encoded) = host.env.text("AWSENV_RESTORE") else {
        if OWN.iter().all(|name| host.env.var(name).is_none()) {
            host.say("this shell holds nothing of awsenv's");
            shell::leave_alone(host, dialect);
        } else {
            host.out(shell::render(dialect, &EnvDelta::unload(&Restore::default()), None)?);
        }
        return Ok(0);
    };
    let restore = Restore::decode(encoded).unwrap_or_else(|| {
        host.warn("AWSENV_RESTORE was changed: what the shell held before awsenv cannot be put back");
        Restore::default()
    });
    host.out(shell::render(dialect, &EnvDelta::unload(&restore), None)?);
    Ok(0)
}
