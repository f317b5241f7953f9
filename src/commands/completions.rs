//! `awsenv completions SHELL`, and the hidden question that the scripts ask at each TAB.

mod answer;
mod typed;

use crate::error::{Error, Kind, Result};
use crate::host::Host;
use crate::shell::{self, Dialect};
use answer::{Place, Shell};
use clap::builder::{PossibleValue, PossibleValuesParser};
use std::ffi::OsString;

/// Print the completion script of a shell
///
/// The README says where it belongs. With it TAB completes commands, flags, profiles and regions, and behind
/// `exec … --` what the command itself completes.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The shell
    #[arg(value_name = "SHELL", ignore_case = true, value_parser = shells())]
    of: String,
}

fn shells() -> PossibleValuesParser {
    let value = |hooked: &'static dyn Dialect| PossibleValue::new(hooked.name()).aliases(hooked.aliases());
    PossibleValuesParser::new(shell::hooked().map(value))
}

pub(crate) fn run(args: Args, host: &Host) -> Result<u8> {
    let hook = shell::find(&args.of).and_then(Dialect::hook);
    let none = || Error::new(Kind::Usage, format!("there is no completion script for `{}`", args.of));
    host.out(hook.ok_or_else(none)?.completions());
    Ok(0)
}

/// Whether a completion script asks: `AWSENV_COMPLETE` names its shell, and `--`, which is no command, comes first.
pub(crate) fn is_asked(host: &Host, argv: &[OsString]) -> bool {
    host.env.text("AWSENV_COMPLETE").is_some() && argv.get(1).is_some_and(|word| word == "--")
}

/// Answers the script. Whatever is wrong, nothing is said and nothing fails: the person is typing.
pub(crate) fn answer(host: &Host, commands: clap::Command, argv: &[OsString]) {
    let words: Vec<String> = argv.iter().skip(2).map(|word| word.to_string_lossy().into_owned()).collect();
    match host.env.text("AWSENV_COMPLETE").unwrap_or_default() {
        "bash" => {
            let [line, replaced] = &words[..] else { return };
            let line = typed::Line::read(line, replaced);
            let place = Place { words: &line.words, current: &line.current, shell: Shell::Lists };
            for candidate in answer::candidates(host, commands, &place) {
                if let Some(text) = candidate.value.strip_prefix(&line.kept) {
                    host.out(line.spell(text) + "\n");
                }
            }
        }
        "powershell" => {
            let words = host.env.var("AWSENV_COMPLETE_WORDS").unwrap_or_default();
            let words: Vec<String> = words.split('\n').map(str::to_owned).collect();
            let Some((current, words)) = words.split_last() else { return };
            for candidate in
                answer::candidates(host, commands, &Place { words, current, shell: Shell::Tells })
            {
                host.out(typed::ascii(&candidate.line()));
            }
        }
        _ => {
            let Some((current, words)) = words.split_last() else { return };
            for candidate in
                answer::candidates(host, commands, &Place { words, current, shell: Shell::Looks })
            {
                host.out(candidate.line());
            }
        }
    }
}
