//! `awsenv completions SHELL`, and the hidden question that the scripts ask at each TAB.

mod answer;
mod typed;

use crate::error::{Error, Kind, Result};
use crate::host::Host;
use crate::shell;
use answer::{Place, Shell};
use clap::builder::{PossibleValue, PossibleValuesParser};
use std::ffi::OsString;

/// The scripts, by the name of their shell. They are stubs: each asks this program what fits (see [`answer`]), since
/// the scripts of `clap_complete` put names on the line without quotes, and that for PowerShell runs what is typed.
const SCRIPTS: [(&str, &str); 4] = [
    ("bash", include_str!("../../completions/awsenv.bash")),
    ("zsh", include_str!("../../completions/awsenv.zsh")),
    ("fish", include_str!("../../completions/awsenv.fish")),
    ("powershell", include_str!("../../completions/awsenv.ps1")),
];

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
    let aliases = |name| shell::find(name).map_or(&[][..], |dialect| dialect.aliases());
    let value = |(name, _)| PossibleValue::new(name).aliases(aliases(name).iter().copied());
    PossibleValuesParser::new(SCRIPTS.map(value))
}

pub(crate) fn run(args: Args, host: &Host) -> Result<u8> {
    let text = shell::find(&args.of).and_then(|dialect| script(dialect.name()));
    let none = || Error::new(Kind::Usage, format!("there is no completion script for `{}`", args.of));
    host.out(text.ok_or_else(none)?);
    Ok(0)
}

/// The completion script of a shell, by the dialect's name. It may stand in any file that the shell reads at its start:
/// that of zsh does nothing where zsh's completion was not loaded.
pub(crate) fn script(shell: &str) -> Option<&'static str> {
    SCRIPTS.iter().find(|(name, _)| *name == shell).map(|(_, text)| *text)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_powershell_script_is_powershell() {
        let mut parser = tree_sitter::Parser::new();
        parser.set_language(&tree_sitter_powershell::LANGUAGE.into()).unwrap();
        let tree = parser.parse(script("powershell").unwrap(), None).unwrap();
        assert!(!tree.root_node().has_error(), "{}", tree.root_node().to_sexp());
    }

    #[test]
    fn what_the_scripts_name_is_marked_as_ours() {
        for (shell, text) in SCRIPTS {
            assert!(
                text.is_ascii() || shell != "powershell",
                "5.1 reads a script without a mark as the code page"
            );
            assert!(text.contains("AWSENV_COMPLETE"), "{shell}");
        }
    }
}
