//! tcsh, and csh where it is the same: `setenv NAME …`.

use super::dialect::{Dialect, Facts, is_plain};
use crate::error::Result;
use crate::model::{Change, EnvDelta};
use std::fmt::Write as _;

pub(super) struct Tcsh;

/// What tcsh takes for a pattern even behind a backslash or in quotes, in what comes out of backquotes.
const PATTERNS: &str = "*?[]{}";

impl Dialect for Tcsh {
    fn name(&self) -> &'static str {
        "tcsh"
    }

    fn aliases(&self) -> &'static [&'static str] {
        &["csh", "bsd-csh"]
    }

    /// Read alike by ``eval `…` ``, ``eval "`…`"`` and `source`. There is no way to keep an alias away: tcsh looks for
    /// a program behind a backslash, and `setenv` is none.
    fn spell(&self, delta: &EnvDelta, _: Option<&Facts>) -> Result<String> {
        let mut text = String::new();
        let gone: Vec<_> = delta
            .iter()
            .filter(|(_, change)| matches!(change, Change::Unset))
            .map(|(name, _)| name)
            .collect();
        if !gone.is_empty() {
            let _ = writeln!(text, "unsetenv {};", gone.join(" "));
        }
        for (name, value) in delta.set() {
            let _ = writeln!(text, "setenv {name} {};", quote(value.expose(), PATTERNS));
        }
        Ok(text)
    }

    fn is_shell(&self) -> bool {
        true
    }

    fn failure(&self) -> &'static str {
        "false;\n"
    }

    /// The line has it between backquotes, where a backslash holds off neither a backquote nor history.
    fn word(&self, raw: &str) -> String {
        if is_plain(raw) { raw.to_owned() } else { quote(raw, "*?[]{}`!") }
    }

    fn line(&self, command: &str) -> String {
        format!("eval `{command}`")
    }
}

/// Each special character behind a backslash, outside all quotes.
///
/// Backquotes cut what is printed at blanks, and `eval` joins the pieces with one blank each. So no two blanks may
/// meet, and a backslash stands between them. Then the pieces are expanded like file names: a `{a,b}` would double
/// the piece, its open quote with it, and the rest would run as code. Hence `encoded` characters are told by number:
/// `$'\173'`, which tcsh has since 6.24; an older one says "Illegal variable name" and stops.
fn quote(raw: &str, encoded: &str) -> String {
    if raw.is_empty() {
        return "''".to_owned();
    }
    raw.chars().fold(String::with_capacity(raw.len()), |mut quoted, c| {
        if encoded.contains(c) {
            let _ = write!(quoted, r"$'\{:03o}'", u32::from(c));
        } else {
            if c.is_ascii() && !c.is_ascii_alphanumeric() && !"_-./:+".contains(c) {
                quoted.push('\\');
            }
            quoted.push(c);
        }
        quoted
    })
}
