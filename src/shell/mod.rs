//! Shells and data formats: how each spells a delta, and which of them is asking.

use crate::error::{Error, Kind, Result};
use crate::host::{Host, process as processes};
use crate::model::{EnvDelta, ProfileName, text};
pub(crate) use dialect::{Dialect, Facts};
pub(crate) use hook::fill;

mod dialect;
mod hook;

#[cfg(test)]
mod corpus;
#[cfg(test)]
mod detection;
#[cfg(test)]
#[cfg(unix)]
mod real;
#[cfg(test)]
mod scripts;
#[cfg(test)]
#[cfg(unix)]
mod typed;
#[cfg(test)]
mod vectors;
#[cfg(test)]
#[cfg(unix)]
mod ways;

mod cmd;
mod docker;
mod dotenv;
mod elvish;
mod fish;
mod github;
mod json;
mod nushell;
mod posix;
mod powershell;
mod process;
mod tcsh;
mod xonsh;

/// Every shell and format, in the order of help: shells first.
static DIALECTS: [&dyn Dialect; 15] = [
    &posix::BASH,
    &posix::ZSH,
    &fish::Fish,
    &powershell::PowerShell,
    &posix::SH,
    &nushell::Nushell,
    &elvish::Elvish,
    &tcsh::Tcsh,
    &xonsh::Xonsh,
    &cmd::Cmd,
    &json::Json,
    &dotenv::Dotenv,
    &process::Process,
    &docker::Docker,
    &github::Github,
];

/// The names of all shells and formats, in the order of help.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    DIALECTS.iter().map(|dialect| dialect.name())
}

/// The shells that can have a hook.
pub(crate) fn hooked() -> impl Iterator<Item = &'static dyn Dialect> {
    DIALECTS.into_iter().filter(|dialect| dialect.hook().is_some())
}

/// The shell or format of that name or alias, in any case.
pub(crate) fn find(name: &str) -> Option<&'static dyn Dialect> {
    let is = |known: &&str| known.eq_ignore_ascii_case(name.trim());
    DIALECTS.iter().copied().find(|dialect| is(&dialect.name()) || dialect.aliases().iter().any(is))
}

/// The shell or format that the command line names, else the shell that is asking.
///
/// # Errors
/// [`Kind::Usage`] if there is none of that name, or none is found.
pub(crate) fn choose(host: &Host, named: Option<&str>) -> Result<&'static dyn Dialect> {
    let Some(name) = named else { return detect(host) };
    find(name).ok_or_else(|| {
        let error = Error::new(Kind::Usage, format!("there is no shell or format `{}`", text::field(name)));
        match text::nearest(name, names()) {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            None => error.hint(format!("one of: {}", names().collect::<Vec<_>>().join(", "))),
        }
    })
}

/// The shell that is asking: `AWSENV_SHELL`, else the nearest process above that is a shell, else `$SHELL`, which
/// is the login shell and may be another.
///
/// # Errors
/// [`Kind::Usage`] if `AWSENV_SHELL` is no shell, or none is found.
pub(crate) fn detect(host: &Host) -> Result<&'static dyn Dialect> {
    if let Some(said) = host.env.text("AWSENV_SHELL") {
        return shell_of(said).ok_or_else(|| {
            Error::new(
                Kind::Usage,
                format!("AWSENV_SHELL is `{}`, not a shell awsenv knows", text::field(said)),
            )
            .hint(name_your_shell())
        });
    }
    nearest_shell(processes::ancestors().iter().map(String::as_str))
        .or_else(|| host.env.text("SHELL").and_then(shell_of))
        .ok_or_else(|| Error::new(Kind::Usage, "it is not known which shell this is").hint(name_your_shell()))
}

/// The first of these programs that is a shell. What stands between a shell and us (`sudo`, `env`, `mise`, …) is
/// none, and so passed over.
fn nearest_shell<'a>(programs: impl Iterator<Item = &'a str>) -> Option<&'static dyn Dialect> {
    // xonsh may call its process by its command line: `xonsh --no-rc -`
    programs.take(20).find_map(|name| shell_of(name).or_else(|| shell_of(name.split(' ').next()?)))
}

/// The shell that a program is: `-zsh`, `/usr/bin/bash`, `C:\…\pwsh.exe`, `zsh-5.9`, `/bin/fish (deleted)`.
fn shell_of(program: &str) -> Option<&'static dyn Dialect> {
    let program = program.trim().trim_end_matches(" (deleted)");
    let program = program.rsplit(['/', '\\']).next().unwrap_or(program);
    let program = program.trim_start_matches('-').to_ascii_lowercase();
    let program = program.trim_end_matches(".exe");
    find(program)
        .or_else(|| find(program.trim_end_matches(|c: char| c.is_ascii_digit() || ".-".contains(c))))
        .filter(|dialect| dialect.is_shell())
}

fn name_your_shell() -> String {
    let shells: Vec<_> = DIALECTS.iter().filter(|d| d.is_shell()).map(|d| d.name()).collect();
    format!("name it: --shell {}", shells.join("|"))
}

/// The text that makes the change, or tells it.
///
/// # Errors
/// [`Kind::Failed`] for a value that cannot be carried: one with a control character anywhere, others by dialect.
/// The error names the variable and does not show the value. [`Kind::Usage`] for a data format without `facts`.
pub(crate) fn render(dialect: &dyn Dialect, delta: &EnvDelta, facts: Option<&Facts>) -> Result<String> {
    for (name, value) in delta.set() {
        if let Some(c) = value.expose().chars().find(|c| c.is_control()) {
            let c = u32::from(c);
            return Err(Error::new(Kind::Failed, format!("`{name}` holds the control character U+{c:04X}")));
        }
    }
    dialect.spell(delta, facts)
}

/// Leaves the shell that takes this run's output in as it is. nushell wants a record for that too, the others nothing.
pub(crate) fn leave_alone(host: &Host, dialect: &dyn Dialect) {
    if dialect.is_shell() && !host.term.stdout_is_terminal() {
        host.out(render(dialect, &EnvDelta::default(), None).unwrap_or_default());
    }
}

/// The exact line that a person types in this shell to take in what an awsenv command prints:
/// `eval "$(awsenv login dev)"`.
///
/// `words` are the command and its flags; the profile comes last.
pub(crate) fn line_to_type(dialect: &dyn Dialect, words: &[&str], profile: Option<&ProfileName>) -> String {
    let mut command = vec!["awsenv".to_owned()];
    command.extend(words.iter().map(|word| dialect.word(word)));
    if let Some(profile) = profile {
        if profile.as_str().starts_with('-') {
            command.push("--".to_owned());
        }
        command.push(dialect.word(profile.as_str()));
    }
    dialect.line(&command.join(" "))
}
