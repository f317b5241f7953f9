//! `dotenv`: lines of a `.env` file.

use super::dialect::{Dialect, Facts, for_programs, needed};
use crate::error::{Error, Kind, Result};
use crate::model::EnvDelta;
use std::fmt::Write as _;

pub(super) struct Dotenv;

impl Dialect for Dotenv {
    fn name(&self) -> &'static str {
        "dotenv"
    }

    fn spell(&self, delta: &EnvDelta, facts: Option<&Facts>) -> Result<String> {
        needed(self, facts)?; // what takes credentials away is no `.env` file
        let mut text = String::new();
        for (name, value) in for_programs(delta) {
            let quoted = quote(value.expose()).ok_or_else(|| {
                Error::new(
                    Kind::Failed,
                    format!(
                        "`{name}` holds characters that the readers of `.env` files understand differently"
                    ),
                )
                .hint("run the program itself with the credentials: awsenv exec")
            })?;
            let _ = writeln!(text, "{name}={quoted}");
        }
        Ok(text)
    }
}

/// The value in the quotes in which every reader takes it literally, if there are such.
///
/// | reader | in `"…"` | in `'…'` |
/// |---|---|---|
/// | python-dotenv | escapes, `${…}` | `\\`, `\'`, `${…}` |
/// | node `dotenv`, `node --env-file` | `\n`, no other escape | nothing |
/// | docker compose, godotenv, dotenvy, ruby | escapes, `$…` | nothing, or `\'` |
/// | `sh` | escapes, `$…`, `` ` `` | nothing |
fn quote(value: &str) -> Option<String> {
    if !value.contains(['"', '\\', '$', '`']) {
        Some(format!("\"{value}\""))
    } else if !value.contains(['\'', '\\']) && !value.contains("${") {
        Some(format!("'{value}'"))
    } else {
        None
    }
}
