//! The commands, in the order of help. One file each; they do not know one another.

pub(crate) mod completions;
mod exec;
mod export;
mod flags;
mod init;
mod list;
mod login;
mod logout;
mod prompt;
mod refresh;
mod serve;
mod status;
mod unset;

use crate::error::Result;
use crate::host::Host;
use std::ffi::OsString;

#[derive(clap::Subcommand)]
pub(crate) enum Command {
    Login(login::Args),
    Logout(logout::Args),
    Export(export::Args),
    Unset(unset::Args),
    Exec(exec::Args),
    Status(status::Args),
    List(list::Args),
    Init(init::Args),
    Prompt(prompt::Args),
    Refresh(refresh::Args),
    Serve(serve::Args),
    Completions(completions::Args),
}

/// The commands whose stdout is evaluated by a shell: their failure must be a statement that fails.
pub(crate) const EVALUATED: [&str; 5] = ["login", "logout", "export", "unset", "init"];

/// A command line that needs no more than a glance, if it is one: see [`export::Args::plain`], [`prompt::Args::plain`].
pub(crate) fn at_a_glance(argv: &[OsString]) -> Option<Command> {
    let (command, words) = argv.get(1..)?.split_first()?;
    match command.to_str()? {
        "export" => export::Args::plain(words).map(Command::Export),
        "prompt" => prompt::Args::plain(words).map(Command::Prompt),
        _ => None,
    }
}

/// The command line as it is meant: see [`exec::with_dashes`].
pub(crate) fn meant(argv: &[OsString]) -> Vec<OsString> {
    exec::with_dashes(argv)
}

impl Command {
    /// Runs the command; its exit code.
    pub(crate) fn run(self, host: &Host) -> Result<u8> {
        match self {
            Command::Login(args) => login::run(args, host),
            Command::Logout(args) => logout::run(args, host),
            Command::Export(args) => export::run(args, host),
            Command::Unset(args) => unset::run(args, host),
            Command::Exec(args) => exec::run(args, host),
            Command::Status(args) => status::run(args, host),
            Command::List(args) => list::run(args, host),
            Command::Init(args) => init::run(args, host),
            Command::Prompt(args) => {
                prompt::run(args, host);
                Ok(0)
            }
            Command::Refresh(args) => refresh::run(args, host),
            Command::Serve(args) => serve::run(args, host),
            Command::Completions(args) => completions::run(args, host),
        }
    }
}
