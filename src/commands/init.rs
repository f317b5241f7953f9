//! `awsenv init SHELL`: print the hook that an rc file evaluates.

use crate::error::{Error, Kind, Result};
use crate::host::{Host, process};
use crate::model::Template;
use crate::shell;

/// Print the hook for your shell's rc file: credentials that stay fresh, and `awsenv login` that changes the shell
///
/// bash: eval "$(awsenv init bash)" in ~/.bashrc; zsh: eval "$(awsenv init zsh)" at the end of ~/.zshrc; fish:
/// awsenv init fish | source in ~/.config/fish/config.fish; PowerShell: awsenv init powershell | Out-String |
/// Invoke-Expression in $PROFILE. No file of yours is edited.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// bash, zsh, fish or powershell
    shell: String,
    /// Show the profile in the prompt; as a template: '{profile} {account}/{identity} {region} {left}'
    #[arg(long, value_name = "TEMPLATE", num_args = 0..=1, require_equals = true, default_missing_value = Template::DEFAULT)]
    prompt: Option<Template>,
}

pub(crate) fn run(args: Args, host: &Host) -> Result<u8> {
    let dialect = shell::choose(host, Some(&args.shell))?;
    let hook = dialect.hook().ok_or_else(|| {
        Error::new(Kind::Usage, format!("there is no hook for {}", dialect.name()))
            .hint(format!("load it by hand: {}", dialect.line("awsenv login dev")))
    })?;
    let program = process::lasting_path(host)
        .map_err(|e| Error::new(Kind::Failed, "it is not known where awsenv is").because(e))?;
    host.out(shell::fill(hook, &program.to_string_lossy(), args.prompt.as_ref()));
    host.out("\n");
    host.out(hook.completions());
    Ok(0)
}
