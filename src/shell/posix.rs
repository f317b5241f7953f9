//! bash, zsh and every shell of the POSIX family: `export NAME='…'`.

use super::dialect::{Dialect, Facts, is_plain};
use super::hook::{Hook, indent};
use crate::error::Result;
use crate::model::{Change, EnvDelta};
use std::fmt::Write as _;

/// One shell of the family. A backslash keeps aliases away from a word (zsh has some for every word, not only for the
/// first). `builtin` keeps functions away; POSIX has no such word, but does so itself for `export` and `unset`.
pub(super) struct Posix {
    name: &'static str,
    aliases: &'static [&'static str],
    set: &'static str,
    unset: &'static str,
    /// The script that hooks it, and the one that completes.
    hook: Option<(&'static str, &'static str)>,
}

pub(super) static BASH: Posix = Posix {
    name: "bash",
    aliases: &[],
    set: r"\builtin export",
    unset: r"\builtin unset -v",
    hook: Some((include_str!("../../shell/awsenv.bash"), include_str!("../../completions/awsenv.bash"))),
};

pub(super) static ZSH: Posix = Posix {
    name: "zsh",
    aliases: &[],
    set: r"\builtin \export",
    unset: r"\builtin \unset -v",
    hook: Some((include_str!("../../shell/awsenv.zsh"), include_str!("../../completions/awsenv.zsh"))),
};

pub(super) static SH: Posix = Posix {
    name: "sh",
    aliases: &["posix", "dash", "ash", "ksh", "mksh"],
    set: r"\export",
    unset: r"\unset -v",
    hook: None,
};

impl Dialect for Posix {
    fn name(&self) -> &'static str {
        self.name
    }

    fn aliases(&self) -> &'static [&'static str] {
        self.aliases
    }

    fn spell(&self, delta: &EnvDelta, _: Option<&Facts>) -> Result<String> {
        let mut text = String::new();
        let gone: Vec<_> = delta
            .iter()
            .filter(|(_, change)| matches!(change, Change::Unset))
            .map(|(name, _)| name)
            .collect();
        if !gone.is_empty() {
            // -v: else bash takes away a function where there is no variable of that name
            let _ = writeln!(text, "{} {};", self.unset, gone.join(" "));
        }
        for (name, value) in delta.set() {
            let _ = writeln!(text, "{} {name}={};", self.set, quote(value.expose()));
        }
        Ok(text)
    }

    fn is_shell(&self) -> bool {
        true
    }

    fn failure(&self) -> &'static str {
        "false;\n"
    }

    fn line(&self, command: &str) -> String {
        format!("eval \"$({command})\"")
    }

    fn hook(&self) -> Option<&dyn Hook> {
        self.hook.map(|_| self as &dyn Hook)
    }
}

impl Hook for Posix {
    fn script(&self) -> &'static str {
        self.hook.unwrap_or_default().0
    }

    fn completions(&self) -> &'static str {
        self.hook.unwrap_or_default().1
    }

    fn set(&self, name: &str, value: &str) -> String {
        format!("{name}={}\n", quote(value))
    }

    fn define_fill(&self, body: &str) -> String {
        format!("function __awsenv_fill {{\n{}}}\n", indent(body))
    }

    fn if_any(&self, names: &[&str], then: &str) -> String {
        let names: String = names.iter().map(|name| format!("${{{name}-}}")).collect();
        format!("if [[ -n {names} ]]; then\n{}fi\n", indent(then))
    }

    fn append_text(&self, to: &str, text: &str) -> String {
        format!("{to}=${{{to}-}}{}\n", quote(text))
    }

    fn append(&self, to: &str, name: &str) -> String {
        format!("{to}=${{{to}-}}${{{name}-}}\n")
    }
}

/// Within single quotes nothing is special but the quote itself: it stands outside them, behind a backslash.
pub(super) fn quote(raw: &str) -> String {
    format!("'{}'", raw.replace('\'', r"'\''"))
}

/// Quoted only where needed. A `!` stands behind a backslash: when typed between `"$(` and `)"`, older shells take it
/// for history in single quotes too.
pub(super) fn word(raw: &str) -> String {
    if is_plain(raw) { raw.to_owned() } else { quote(raw).replace('!', r"'\!'") }
}
