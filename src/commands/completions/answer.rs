//! What may stand where the cursor is: commands and flags from clap, values from the config, which is read once.

use crate::config;
use crate::host::Host;
use crate::model::{ProfileName, endpoints, text};
use crate::{plan, shell};
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate, complete};
use std::collections::HashSet;
use std::ffi::{OsStr, OsString};

/// What may stand there, and what it is.
pub(super) struct Candidate {
    pub(super) value: String,
    /// Empty if there is nothing to say.
    about: String,
}

impl Candidate {
    fn new(value: impl Into<String>, about: impl AsRef<str>) -> Candidate {
        Candidate {
            value: value.into(),
            about: text::field(about.as_ref().lines().next().unwrap_or_default()),
        }
    }

    /// `value TAB about`, or the value alone.
    pub(super) fn line(&self) -> String {
        let tab = if self.about.is_empty() { "" } else { "\t" };
        format!("{}{tab}{}\n", self.value, self.about)
    }
}

/// The arguments whose values are not written in clap's terms, by their name: it is the same in every command.
const LIVE: [&str; 4] = ["profile", "shell", "format", "region"];

/// More profiles than a person reads are not described: to look into so many takes longer than TAB may.
const READ_AT_ONCE: usize = 100;

/// A place on a half-typed line.
pub(super) struct Place<'a> {
    /// The words before the cursor's, without the program's name.
    pub(super) words: &'a [String],
    /// The cursor's word, as far as it is typed.
    pub(super) current: &'a str,
    /// What the shell does with the candidates.
    pub(super) shell: Shell,
}

/// What a shell does with the candidates.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Shell {
    /// Shows those that begin with what is typed.
    Lists,
    /// The same, with what they are.
    Tells,
    /// Looks itself for what is typed, anywhere in a name, as its users like it; with what they are.
    Looks,
}

/// What may stand there. Flags begin with what is typed, values too unless the shell looks itself.
pub(super) fn candidates(host: &Host, commands: clap::Command, place: &Place) -> Vec<Candidate> {
    let mut found = all(host, commands, place);
    if place.shell != Shell::Looks {
        found.retain(|candidate| candidate.value.starts_with(place.current));
    }
    found
}

fn all(host: &Host, commands: clap::Command, place: &Place) -> Vec<Candidate> {
    let Place { words, current, shell } = *place;
    let command = words.iter().find(|word| !word.starts_with('-')).map_or("", String::as_str);
    let is_escaped = words.iter().any(|word| word == "--");
    if is_escaped && command == "exec" {
        return Vec::new(); // another program's words
    }
    if !command.is_empty() && commands.find_subcommand(command).is_none() {
        return Vec::new();
    }
    let mut commands = with_live_values(commands);
    // the engine knows `--flag=value` by a flag's first name only
    if let Some((flag, value)) = current.split_once('=').filter(|_| !is_escaped && current.starts_with("--"))
    {
        commands.build();
        let takes = takes_value(commands.find_subcommand(command).unwrap_or(&commands), &flag[2..]);
        let words = [words, &[flag.to_owned()]].concat();
        let mut found = if takes {
            fitting(host, &mut commands, &Place { words: &words, current: value, shell }, "")
        } else {
            Vec::new()
        };
        for candidate in &mut found {
            candidate.value = format!("{flag}={}", candidate.value);
        }
        return found;
    }
    let typed = match current {
        "-" if !is_escaped => "--", // the long names say what they are
        flag if flag.starts_with('-') && !is_escaped => flag,
        _ => "",
    };
    let mut found = fitting(host, &mut commands, place, typed);
    let is_value = found.is_empty() || found.iter().any(|candidate| !candidate.value.starts_with('-'));
    let may_follow = command == "exec" && !is_escaped && "--".starts_with(current) && !is_value;
    if typed.is_empty() && !is_escaped {
        // who has not begun a flag is offered none; and a name that begins with a dash would be read as one
        found.retain(|candidate| !candidate.value.starts_with('-') || candidate.value == "-");
    }
    if may_follow {
        found.insert(0, Candidate::new("--", "the command comes next"));
    }
    found
}

fn takes_value(command: &clap::Command, flag: &str) -> bool {
    let named =
        |arg: &clap::Arg| arg.get_long_and_visible_aliases().is_some_and(|names| names.contains(&flag));
    command.get_arguments().any(|arg| named(arg) && arg.get_action().takes_values())
}

/// The commands with a mark for a value wherever values are live: so they are looked up only where they are wanted.
fn with_live_values(commands: clap::Command) -> clap::Command {
    // `mut_args`, not `mut_arg`, which would put the argument behind the others
    commands.mut_subcommands(|command| {
        command.mut_args(|arg| {
            let Some(name) = LIVE.into_iter().find(|name| arg.get_id() == name) else { return arg };
            let mark = move |_: &OsStr| vec![CompletionCandidate::new("").tag(Some(name.into()))];
            arg.add(ArgValueCompleter::new(mark))
        })
    })
}

/// What clap says for `typed`, with the live values in the place of their marks.
fn fitting(host: &Host, commands: &mut clap::Command, place: &Place, typed: &str) -> Vec<Candidate> {
    let argv: Vec<OsString> = ["awsenv"]
        .into_iter()
        .chain(place.words.iter().map(String::as_str))
        .chain([typed])
        .map(OsString::from)
        .collect();
    let at = argv.len() - 1;
    let mut found = Vec::new();
    for candidate in complete(commands, argv, at, None).unwrap_or_default() {
        let about = candidate.get_help().map(ToString::to_string).unwrap_or_default();
        let tag = candidate.get_tag().map(ToString::to_string).unwrap_or_default();
        match (candidate.get_value().to_str(), &*tag) {
            (Some(""), _) if !typed.is_empty() => {} // a flag is wanted
            (Some(""), "profile") => profiles(host, place, &mut found),
            (Some(""), "region") => found.extend(endpoints::REGIONS.map(|region| Candidate::new(region, ""))),
            (Some(""), "format") => found.extend(shell::names().map(|name| Candidate::new(name, ""))),
            (Some(""), "shell") => {
                let is_shell = |name: &&str| shell::find(name).is_some_and(shell::Dialect::is_shell);
                found.extend(shell::names().filter(is_shell).map(|name| Candidate::new(name, "")));
            }
            (Some(value), _) => found.push(Candidate::new(value, about)),
            (None, _) => {}
        }
    }
    found
}

/// Every profile, then the aliases that mean one, then the previous profile. A config that cannot be read has none.
fn profiles(host: &Host, place: &Place, found: &mut Vec<Candidate>) {
    let config = config::load(host).ok();
    let names = config.as_ref().map(config::Config::names).unwrap_or_default();
    let names: Vec<ProfileName> = names.iter().filter_map(|name| name.parse().ok()).collect();
    let typed = place.current.to_lowercase();
    let is_likely = |name: &&ProfileName| match place.shell {
        Shell::Lists => false,
        Shell::Tells => name.as_str().starts_with(place.current),
        Shell::Looks => name.as_str().to_lowercase().contains(&typed),
    };
    let told = config.filter(|_| names.iter().filter(is_likely).count() <= READ_AT_ONCE);
    for name in &names {
        let about = told.as_ref().filter(|_| is_likely(&name)).map(|config| about(host, config, name));
        found.push(Candidate::new(name.as_str(), about.unwrap_or_default()));
    }
    let known: HashSet<&ProfileName> = names.iter().collect();
    let aliases = config::settings(host).map(|settings| settings.aliases).unwrap_or_default();
    for (alias, meant) in aliases {
        if let Some(alias) = alias.parse().ok().filter(|alias: &ProfileName| !known.contains(alias)) {
            found.push(Candidate::new(alias.as_str(), format!("alias of {meant}")));
        }
    }
    if let Some(previous) = host.env.text("AWSENV_PREVIOUS") {
        found.push(Candidate::new("-", format!("the previous profile, {previous}")));
    }
}

/// `console sign-in, Admin in 123456789012`.
fn about(host: &Host, config: &config::Config, name: &ProfileName) -> String {
    let kind = plan::kind(host, config, name).unwrap_or("says nothing of credentials");
    let (account, identity) = config.profile(name).map(|profile| plan::whose(&profile)).unwrap_or_default();
    match (identity, account) {
        (Some(identity), Some(account)) => format!("{kind}, {identity} in {account}"),
        (Some(only), None) | (None, Some(only)) => format!("{kind}, {only}"),
        (None, None) => kind.to_owned(),
    }
}
