//! elvish: `set E:NAME = '…'`.

use super::dialect::{Dialect, Facts, is_plain};
use crate::error::Result;
use crate::model::{Change, EnvDelta};
use std::fmt::Write as _;

pub(super) struct Elvish;

impl Dialect for Elvish {
    fn name(&self) -> &'static str {
        "elvish"
    }

    /// `set` and `del` belong to the language: no function can stand in their place, as it could in that of `set-env`.
    fn spell(&self, delta: &EnvDelta, _: Option<&Facts>) -> Result<String> {
        let mut text = String::new();
        let gone: Vec<_> = delta
            .iter()
            .filter(|(_, change)| matches!(change, Change::Unset))
            .map(|(name, _)| format!("E:{name}"))
            .collect();
        if !gone.is_empty() {
            let _ = writeln!(text, "del {};", gone.join(" "));
        }
        for (name, value) in delta.set() {
            let _ = writeln!(text, "set E:{name} = {};", quote(value.expose()));
        }
        Ok(text)
    }

    fn is_shell(&self) -> bool {
        true
    }

    /// For who takes it in from a file: in the line of [`Dialect::line`] awsenv's exit code is an exception already.
    fn failure(&self) -> &'static str {
        "fail 'awsenv failed';\n"
    }

    fn word(&self, raw: &str) -> String {
        if is_plain(raw) { raw.to_owned() } else { quote(raw) }
    }

    fn line(&self, command: &str) -> String {
        format!("eval ({command} | slurp)")
    }
}

/// Within single quotes nothing is special but the quote itself, which is doubled.
fn quote(raw: &str) -> String {
    format!("'{}'", raw.replace('\'', "''"))
}
