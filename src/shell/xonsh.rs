//! xonsh: `${...}['NAME'] = '…'`, which is Python but for the environment's name.

use super::dialect::{Dialect, Facts, is_plain};
use crate::error::Result;
use crate::model::{Change, EnvDelta};
use std::fmt::Write as _;

pub(super) struct Xonsh;

impl Dialect for Xonsh {
    fn name(&self) -> &'static str {
        "xonsh"
    }

    fn spell(&self, delta: &EnvDelta, _: Option<&Facts>) -> Result<String> {
        let mut text = String::new();
        let gone: Vec<_> = delta
            .iter()
            .filter(|(_, change)| matches!(change, Change::Unset))
            .map(|(name, _)| format!("'{name}'"))
            .collect();
        if !gone.is_empty() {
            // not `del $NAME`, an error where there is none; not a loop, whose variable would be the user's
            let _ = writeln!(text, "[${{...}}.pop(n, None) for n in [{}]];", gone.join(", "));
        }
        for (name, value) in delta.set() {
            let _ = writeln!(text, "${{...}}['{name}'] = {};", literal(value.expose()));
        }
        Ok(text)
    }

    fn is_shell(&self) -> bool {
        true
    }

    fn failure(&self) -> &'static str {
        "raise RuntimeError('awsenv failed');\n"
    }

    /// A word in quotes has its variables expanded, a word out of Python stays as it is.
    fn word(&self, raw: &str) -> String {
        if is_plain(raw) { raw.to_owned() } else { format!("@({})", literal(raw)) }
    }

    /// `cat`, because xonsh at times loses the output of a program that it takes for an interactive one, as awsenv.
    fn line(&self, command: &str) -> String {
        format!("execx($({command} | cat))")
    }
}

/// A Python string in which all but the plainest is told by number. xonsh reads a program's output by an encoding of
/// the user's choice; and it tries whether a line is a command first, in which `|` and quotes in a string mislead it.
fn literal(raw: &str) -> String {
    let mut literal = String::with_capacity(raw.len() + 2);
    literal.push('\'');
    for c in raw.chars() {
        if c.is_ascii_alphanumeric() || "_-./:+= ".contains(c) {
            literal.push(c);
        } else if c.is_ascii() {
            let _ = write!(literal, "\\x{:02x}", u32::from(c));
        } else {
            let _ = write!(literal, "\\U{:08x}", u32::from(c));
        }
    }
    literal.push('\'');
    literal
}
