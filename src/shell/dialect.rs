//! The contract of a dialect: one shell's, or one data format's, way to spell a delta.

use super::hook::Hook;
use crate::error::{Error, Kind, Result};
use crate::host::Host;
use crate::model::delta::Load;
use crate::model::{Credentials, EnvDelta, ProfileName, Region, Secret};
use chrono::{DateTime, Utc};
use serde::Serialize;

/// One shell's or format's spelling. A shell says yes to [`Dialect::is_shell`] and overrides what follows it.
pub(crate) trait Dialect: Sync {
    /// What `--shell` and `--format` call it.
    fn name(&self) -> &'static str;

    /// Its other names, also those of its program.
    fn aliases(&self) -> &'static [&'static str] {
        &[]
    }

    /// The text for stdout. Called through [`super::render`] only, which has refused what no dialect can carry.
    ///
    /// # Errors
    /// A value that this dialect cannot carry, by the name of its variable; a data format without `facts`.
    fn spell(&self, delta: &EnvDelta, facts: Option<&Facts>) -> Result<String>;

    /// Says on stderr what its reader must know before the text. Only [`super::github`] has such a reader.
    fn announce(&self, _: &Host, _: &EnvDelta) {}

    /// Whether it changes a shell; a data format only tells.
    fn is_shell(&self) -> bool {
        false
    }

    /// What stdout is when the command failed: a statement that fails, so that `eval` cannot miss it. Nothing
    /// where nothing can fail.
    fn failure(&self) -> &'static str {
        ""
    }

    /// `raw` as one argument of a command typed in this shell.
    fn word(&self, raw: &str) -> String {
        super::posix::word(raw)
    }

    /// How its hook is spelled, if it can have one.
    fn hook(&self) -> Option<&dyn Hook> {
        None
    }

    /// The line that takes what `command` prints into the shell.
    fn line(&self, command: &str) -> String {
        command.to_owned()
    }
}

/// What a data format tells of the credentials, besides the variables.
pub(crate) struct Facts<'a> {
    /// `None`: the credentials are those of the environment.
    pub(crate) profile: Option<&'a ProfileName>,
    pub(crate) credentials: &'a Credentials,
    pub(crate) identity: Option<&'a str>,
    pub(crate) region: Option<&'a Region>,
    pub(crate) refresh_at: Option<DateTime<Utc>>,
}

impl<'a> Facts<'a> {
    /// The facts of a load.
    pub(crate) fn of(load: &Load<'a>) -> Facts<'a> {
        Facts {
            profile: load.profile,
            credentials: load.credentials,
            identity: load.identity,
            region: load.region,
            refresh_at: load.refresh_at,
        }
    }
}

/// Whether a word reads the same in every shell without quotes.
pub(super) fn is_plain(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-./:+".contains(&b))
}

/// What of a load is of use to a program that is not a shell: what AWS's tools read, and the profile's name.
pub(super) fn for_programs(delta: &EnvDelta) -> impl Iterator<Item = (&'static str, &Secret)> {
    delta.set().filter(|(name, _)| {
        *name == "AWSENV_PROFILE" || !(name.starts_with("AWSENV_") || *name == "AWS_SSO_PROFILE")
    })
}

/// The facts of a dialect that cannot do without.
pub(super) fn needed<'a>(dialect: &dyn Dialect, facts: Option<&'a Facts<'a>>) -> Result<&'a Facts<'a>> {
    facts.ok_or_else(|| {
        Error::new(Kind::Usage, format!("`{}` is a format for credentials, not a shell", dialect.name()))
            .hint("name your shell: --shell bash")
    })
}

/// JSON as a person would indent it.
pub(super) fn pretty(told: &impl Serialize) -> Result<String> {
    let mut text = serde_json::to_string_pretty(told)
        .map_err(|e| Error::new(Kind::Failed, "the credentials cannot be written as JSON").because(e))?;
    text.push('\n');
    Ok(text)
}
