//! fish: `set -gx NAME '…'`.

use super::dialect::{Dialect, Facts, is_plain};
use super::hook::{Hook, indent};
use crate::error::Result;
use crate::model::{Change, EnvDelta};
use std::fmt::Write as _;

pub(super) struct Fish;

impl Dialect for Fish {
    fn name(&self) -> &'static str {
        "fish"
    }

    /// Takes local and global variables away and leaves universal ones, which belong to every fish of the user.
    ///
    /// A universal variable that is exported stays in the environment: fish exports it whatever an unexported
    /// global of its name says. Setting the name hides it; where nothing is set, fish itself says so on stderr.
    /// `set` of a value keeps `$status` as it was, hence the `true` after what may have failed.
    fn spell(&self, delta: &EnvDelta, _: Option<&Facts>) -> Result<String> {
        let mut text = String::new();
        let is_set = |name| delta.set().any(|(set, _)| set == name);
        let (hidden, gone): (Vec<_>, Vec<_>) = delta
            .iter()
            .filter(|(_, change)| matches!(change, Change::Unset))
            .map(|(name, _)| name)
            .partition(|name| is_set(*name));
        let erase = "set -el $name; set -eg $name;";
        if !hidden.is_empty() {
            let _ =
                writeln!(text, "begin; for name in {}; {erase} end; builtin true; end;", hidden.join(" "));
        }
        if !gone.is_empty() {
            let _ = writeln!(
                text,
                "begin; for name in {}; {erase} set -qUx $name; and echo \"awsenv: $name is still set, by a \
                 universal variable; to take it away: set -eU $name\" >&2; end; builtin true; end;",
                gone.join(" ")
            );
        }
        for (name, value) in delta.set() {
            let _ = writeln!(text, "set -gx {name} {};", quote(value.expose()));
        }
        Ok(text)
    }

    fn is_shell(&self) -> bool {
        true
    }

    fn failure(&self) -> &'static str {
        "false;\n"
    }

    fn word(&self, raw: &str) -> String {
        if is_plain(raw) { raw.to_owned() } else { quote(raw) }
    }

    fn line(&self, command: &str) -> String {
        format!("{command} | source")
    }

    fn hook(&self) -> Option<&dyn Hook> {
        Some(self)
    }
}

impl Hook for Fish {
    fn script(&self) -> &'static str {
        include_str!("../../shell/awsenv.fish")
    }

    fn completions(&self) -> &'static str {
        include_str!("../../completions/awsenv.fish")
    }

    fn set(&self, name: &str, value: &str) -> String {
        format!("builtin set -g {name} {}\n", quote(value))
    }

    fn define_fill(&self, body: &str) -> String {
        format!("function __awsenv_fill\n{}end\n", indent(body))
    }

    fn if_any(&self, names: &[&str], then: &str) -> String {
        let names: String = names.iter().map(|name| format!("${name}")).collect();
        format!("if builtin test -n \"{names}\"\n{}end\n", indent(then))
    }

    fn append_text(&self, to: &str, text: &str) -> String {
        format!("builtin set -g {to} \"${to}\"{}\n", quote(text))
    }

    fn append(&self, to: &str, name: &str) -> String {
        format!("builtin set -g {to} \"${to}${name}\"\n")
    }
}

/// Within single quotes only the backslash and the quote are special.
fn quote(raw: &str) -> String {
    format!("'{}'", raw.replace('\\', r"\\").replace('\'', r"\'"))
}
