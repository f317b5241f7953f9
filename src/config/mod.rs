//! The files of AWS's tools, `config` and `credentials`: read as the AWS CLI reads them, edited without loss; and our own.

mod document;
mod edit;
mod endpoints;
mod flaws;
mod header;
mod lines;
mod location;
mod profile;
mod rewrite;
mod sections;
mod settings;
mod sso;
#[cfg(test)]
mod tests;

pub(crate) use edit::Edit;
pub(crate) use endpoints::Endpoints;
pub(crate) use header::{Family, SectionId};
pub(crate) use profile::{Profile, Section, Setting};
pub(crate) use settings::{Settings, settings};
pub(crate) use sso::{sso_role, sso_session};

use crate::error::Result;
use crate::host::{Host, fs};
use crate::model::{ProfileName, text};
use document::Document;
use std::collections::HashSet;
use std::fmt;
use std::path::PathBuf;

/// One of the two files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Which {
    Config,
    Credentials,
}

impl Which {
    pub(crate) fn variable(self) -> &'static str {
        match self {
            Which::Config => "AWS_CONFIG_FILE",
            Which::Credentials => "AWS_SHARED_CREDENTIALS_FILE",
        }
    }

    pub(crate) fn file_name(self) -> &'static str {
        match self {
            Which::Config => "config",
            Which::Credentials => "credentials",
        }
    }
}

/// Both files, read.
pub(crate) struct Config {
    config: Source,
    credentials: Source,
}

/// One file, read, and its place.
struct Source {
    /// The path for people.
    shown: String,
    is_relative: bool,
    /// Why others can write it; `None` if they cannot.
    others: Option<String>,
    document: Document,
}

/// Something in a file that a person should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    /// `~/.aws/config:7`, or the file alone.
    pub(crate) place: String,
    /// A sentence without a subject: what is there.
    pub(crate) message: String,
    /// Whether the AWS CLI refuses the whole file for it.
    pub(crate) fatal_for_aws_cli: bool,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}

/// Where a file is looked for, if anywhere.
pub(crate) fn path(host: &Host, which: Which) -> Option<PathBuf> {
    location::location(host, which).path
}

/// Reads both files. One that is missing is empty.
///
/// # Errors
/// [`Kind::Config`](crate::error::Kind::Config) if one is there and cannot be read. What it holds is never an
/// error: see [`Config::problems`].
pub(crate) fn load(host: &Host) -> Result<Config> {
    Ok(Config {
        config: Source::load(host, Which::Config)?,
        credentials: Source::load(host, Which::Credentials)?,
    })
}

impl Source {
    fn load(host: &Host, which: Which) -> Result<Source> {
        let location::Location { path, shown, is_relative } = location::location(host, which);
        let contents = path.as_deref().map_or(Ok(None), fs::read_config)?;
        let (bytes, others) =
            contents.map_or((Vec::new(), None), |contents| (contents.bytes, contents.others));
        Ok(Source { shown, is_relative, others, document: Document::parse(which, bytes) })
    }

    fn problems(&self) -> impl Iterator<Item = Problem> {
        let relative = self.is_relative.then(|| Problem {
            place: self.shown.clone(),
            message: format!(
                "{} is relative: it depends on the directory you are in",
                self.document.which.variable()
            ),
            fatal_for_aws_cli: false,
        });
        relative.into_iter().chain(self.document.flaws().list.iter().map(|flaw| Problem {
            place: format!("{}:{}", self.shown, flaw.line),
            message: flaw.message.clone(),
            fatal_for_aws_cli: flaw.fatal_for_aws_cli,
        }))
    }
}

impl Config {
    /// A profile, made of both files; a key of the credentials file hides that of the config file.
    pub(crate) fn profile(&self, name: &ProfileName) -> Option<Profile<'_>> {
        self.section(&SectionId::profile(name.as_str()))
    }

    /// `[services NAME]` of the config file.
    pub(crate) fn services(&self, name: &str) -> Option<Section<'_>> {
        self.section(&SectionId::services(name))
    }

    /// `[sso-session NAME]` of the config file.
    pub(crate) fn sso_session(&self, name: &str) -> Option<Section<'_>> {
        self.section(&SectionId { family: Family::SsoSession, name: name.into() })
    }

    /// The names of all of them.
    pub(crate) fn sso_sessions(&self) -> Vec<String> {
        self.config.document.names(Family::SsoSession)
    }

    fn section(&self, id: &SectionId<'_>) -> Option<Section<'_>> {
        let both = [&self.config, &self.credentials].into_iter();
        let parts = both.map(|source| (source, source.document.find(id)));
        let parts: Vec<_> = parts.filter(|(_, sections)| !sections.is_empty()).collect();
        (!parts.is_empty()).then(|| Section::of(parts))
    }

    /// Every profile, as `aws configure list-profiles` orders them: the config file's, then those that are only in
    /// the credentials file.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut seen = HashSet::new();
        let both = [&self.config, &self.credentials].into_iter();
        let names = both.flat_map(|source| source.document.names(Family::Profile));
        names.filter(|name| seen.insert(name.clone())).collect()
    }

    /// The profile that was meant by a name that is none.
    pub(crate) fn nearest(&self, name: &str) -> Option<String> {
        let names = self.names();
        text::nearest(name, names.iter().map(String::as_str)).map(str::to_owned)
    }

    /// What is wrong with the files, by file and line; the first call reads all of both.
    pub(crate) fn problems(&self) -> Vec<Problem> {
        self.config.problems().chain(self.credentials.problems()).collect()
    }
}
