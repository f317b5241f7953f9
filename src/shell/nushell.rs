//! nushell: a record for `load-env`, as JSON. nushell evaluates no text.

use super::dialect::{Dialect, Facts, is_plain, pretty};
use crate::error::Result;
use crate::model::{Change, EnvDelta};
use std::collections::BTreeMap;

pub(super) struct Nushell;

impl Dialect for Nushell {
    fn name(&self) -> &'static str {
        "nushell"
    }

    fn aliases(&self) -> &'static [&'static str] {
        &["nu"]
    }

    /// What is taken away is null. No program that nushell starts then sees the variable; nushell itself keeps its
    /// name in `$env`, with nothing in it. (`hide-env` would take the null away and, in a script, bring the value from
    /// before back.)
    fn spell(&self, delta: &EnvDelta, _: Option<&Facts>) -> Result<String> {
        let record: BTreeMap<&str, Option<&str>> = delta
            .iter()
            .map(|(name, change)| match change {
                Change::Set(value) => (name, Some(value.expose())),
                Change::Unset => (name, None),
            })
            .collect();
        pretty(&record)
    }

    fn is_shell(&self) -> bool {
        true
    }

    /// Empty text is no record: the line of [`Dialect::line`] ends with an error at `load-env`.
    fn failure(&self) -> &'static str {
        ""
    }

    /// Single quotes cannot hold a single quote; double quotes know escapes, and no variables.
    fn word(&self, raw: &str) -> String {
        if is_plain(raw) {
            return raw.to_owned();
        }
        format!("\"{}\"", raw.replace('\\', r"\\").replace('"', "\\\""))
    }

    fn line(&self, command: &str) -> String {
        format!("{command} | from json | load-env")
    }
}
