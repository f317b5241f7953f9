//! `awsenv` turns any AWS profile into a working shell, and keeps it working.
//!
//! # The walk
//!
//! `argv + Host → run → bytes + exit code`. One datum's way, for `awsenv export dev`:
//!
//! ```text
//! argv "export dev"
//!   │ clap                      commands/export.rs   Args
//!   ▼
//! ProfileName ─ config::load ─▶ Config ─ plan::of ─▶ Plan { steps }             (pure after the read)
//!   ▼                                     │ resolve::credentials               (cache, network: the one busy arrow)
//!                                         ▼
//!                                        Held ─ load::load ─▶ EnvDelta          (pure)
//!                                                              │ shell::render  (pure)
//!                                                              ▼
//!                                    "export AWS_ACCESS_KEY_ID='…';" ─ host.out, once, at the end
//! ```
//!
//! `login` puts `enter::enter` in the place of `resolve`: what is held is enough, or a person signs in. `exec` gives
//! the delta to a child instead of a dialect; with `--server`, and in `serve`, `keep` renews what `server` hands out.
//!
//! A shell with the hook (`shell/`, printed by `init`) compares a number at each prompt, and starts `refresh` when the
//! number says so: newer credentials come from the cache, and into it by a process in the background, one for all shells.
//! At TAB the scripts in `completions/` ask this program (`commands/completions.rs`).
//!
//! # The floors
//!
//! Imports go down only, and the rooms of one floor do not know one another; `tests/it/floors.rs` checks it.
//!
//! | floor | rooms | never |
//! |---|---|---|
//! | street | `main.rs`, `lib.rs` | |
//! | commands | `commands/`, one file each | talk to AWS or to files themselves |
//! | acts | `keep.rs`, `shadow.rs` → `enter/`, `leave.rs` → `select.rs`, `load.rs`, `resolve.rs` → `plan.rs` | |
//! | trades | `provider/` (a profile yields credentials), `login/` (a person proves who they are), `shell/` (a delta is spelled), `server/` (credentials are handed out) | know each other |
//! | stores | `aws/` (the wire), `config/` (their files and our settings), `cache/` (tokens and locks) | know each other |
//! | ground | `host/` (the world), `model/` (nouns), `error.rs` | `host`: know AWS; `model`: do I/O |
//!
//! A room that can be extended has its table in `mod.rs`, a file for each entry, and the contract at the bottom:
//! `provider/step.rs`, `shell/dialect.rs`. To add an entry is one file and two lines.
//!
//! # What is not here, on purpose
//!
//! - No `println!`, no `std::env`, no `Utc::now` outside `host/`: the lints deny it, so tests can give a world.
//! - No HTTP client, runtime or thread on a path that is answered from the cache.
//! - Nothing is read from the working directory.
//! - No file but tokens, roles' credentials, the profile, locks and the cool-downs of the hook is ever written, and never
//!   one of the user's in place; `exec --server` makes private copies of the user's files where it must.
//! - No secret has a `Display` or a `Serialize`.

mod aws;
mod cache;
mod commands;
mod config;
mod enter;
mod error;
mod host;
mod keep;
mod leave;
mod load;
mod login;
mod model;
mod plan;
mod provider;
mod resolve;
mod select;
mod server;
mod shadow;
mod shell;

use clap::{CommandFactory as _, Parser as _};
use error::{Error, Kind};
use std::ffi::OsString;

pub use host::{Fake, Host, Person};

/// Turns any AWS profile into a working shell, and keeps it working
#[derive(clap::Parser)]
#[command(name = "awsenv", version, propagate_version = true, disable_help_subcommand = true, after_help = FIRST_STEPS)]
struct Cli {
    #[command(subcommand)]
    command: commands::Command,
    /// Say only what is wrong
    #[arg(long, short, global = true)]
    quiet: bool,
    /// Trace what is read and asked, without secrets (also `AWSENV_DEBUG=1`)
    #[arg(long, global = true)]
    debug: bool,
}

const FIRST_STEPS: &str = "\
First steps:
  eval \"$(awsenv login dev)\"            sign in with the browser, load this shell (fish: awsenv login dev | source)
  awsenv exec prod -- terraform plan     run one command with another profile
  eval \"$(awsenv init bash)\"            in your rc file: then plain `awsenv login dev` does, and credentials stay fresh
  awsenv status                          what this shell holds, and for how long
  eval \"$(awsenv unset)\"                this shell as it was before

Exit codes: 0 ok, 1 failed, 2 usage, 3 configuration, 4 sign-in needed, 5 refused by AWS, 6 AWS unreachable,
130 interrupted. exec: the command's own; 125 awsenv failed, 126 not executable, 127 not found.";

/// Runs a command line in a world; the exit code.
///
/// stdout is written once, at the end, and only if all went well; else it is one statement that fails, where a
/// shell evaluates it.
pub fn run(host: &Host, argv: &[OsString]) -> u8 {
    host::process::harden();
    if let Some(error) = host::foreground::become_command(host, argv) {
        host.term.complain(&error);
        return error.kind.exec_code();
    }
    if commands::completions::is_asked(host, argv) {
        commands::completions::answer(host, Cli::command(), argv);
        let _ = host.term.flush(); // nobody to tell
        return 0;
    }
    host.term.set_debug(host.env.switch("AWSENV_DEBUG"));
    let outcome = match commands::at_a_glance(argv) {
        Some(command) => command.run(host),
        None => parse_and_run(host, argv),
    };
    match outcome.and_then(|code| host.term.flush().map(|()| code)) {
        Ok(code) => code,
        Err(error) => fail(host, argv, &error),
    }
}

fn parse_and_run(host: &Host, argv: &[OsString]) -> error::Result<u8> {
    match Cli::try_parse_from(commands::meant(argv)) {
        Ok(cli) => {
            host.term.set_quiet(cli.quiet);
            if cli.debug {
                host.term.set_debug(true);
            }
            cli.command.run(host)
        }
        Err(help) if !help.use_stderr() => {
            host.out(help.to_string());
            Ok(0)
        }
        Err(usage) => Err(Error::told(Kind::Usage, usage.to_string())),
    }
}

/// Says what went wrong, in a way that `eval` cannot miss; the exit code.
fn fail(host: &Host, argv: &[OsString], error: &Error) -> u8 {
    let words: Vec<&str> = argv.iter().skip(1).filter_map(|word| word.to_str()).collect();
    let command = words.iter().find(|word| !word.starts_with('-')).copied().unwrap_or_default();
    host.term.complain(error);
    host.term.take_back();
    if commands::EVALUATED.contains(&command) && !host.term.stdout_is_terminal() {
        let dialect = shell::choose(host, named_shell(&words));
        host.out(dialect.map_or("false;\n", |dialect| dialect.failure()));
        let _ = host.term.flush(); // a stdout that cannot be written was complained of already
    }
    if command == "exec" { error.kind.exec_code() } else { error.kind.code() }
}

/// What `--shell` or `--format` says, even where the rest makes no sense.
fn named_shell<'a>(words: &[&'a str]) -> Option<&'a str> {
    words.iter().enumerate().find_map(|(at, word)| match word.split_once('=') {
        Some(("--shell" | "--format", name)) => Some(name),
        None if matches!(*word, "--shell" | "--format") => words.get(at + 1).copied(),
        _ => None,
    })
}
