//! A section as it is read: its settings, where each stands, and what its text means.

use super::document::{Document, Item};
use super::lines;
use super::{Source, Which};
use crate::error::{Error, Kind, Result};
use crate::model::{Region, text};
use std::borrow::Cow;
use std::str::FromStr;

/// A profile: `[profile NAME]` of the config file with `[NAME]` of the credentials file on top.
pub(crate) type Profile<'a> = Section<'a>;

/// A section with its settings; a profile is one made of two files.
///
/// It inherits nothing from `[default]`.
pub(crate) struct Section<'a> {
    parts: Vec<Part<'a>>,
    /// Those of the config file first.
    settings: Vec<Setting<'a>>,
}

/// A file and those of its sections that count together, at least one.
pub(super) type Part<'a> = (&'a Source, Vec<usize>);

/// One setting and where it stands. The value may be a secret, so there is no `Debug`.
pub(crate) struct Setting<'a> {
    /// Lower case.
    pub(crate) key: Cow<'a, str>,
    /// Later lines of a value are joined by `\n`; a nested block begins with one.
    pub(crate) value: Cow<'a, str>,
    /// The beginning of its line.
    start: usize,
    source: &'a Source,
    header: &'a str,
}

impl<'a> Section<'a> {
    /// Reads a section of one file or of both.
    pub(super) fn of(parts: Vec<Part<'a>>) -> Section<'a> {
        let settings = parts.iter().flat_map(|(source, sections)| {
            let document: &'a Document = &source.document;
            let header = document.header(sections[0]);
            let setting = move |item: Item<'a>| Setting {
                key: item.key,
                value: item.value,
                start: item.start,
                source,
                header,
            };
            document.items(sections).into_iter().map(setting)
        });
        Section { settings: settings.collect(), parts }
    }

    /// File, line and header, as errors begin: `~/.aws/config:7, [profile dev]`.
    pub(crate) fn place(&self) -> String {
        let Some((source, sections)) = self.parts.first() else { return String::new() };
        let (line, header) = (source.document.line_of(sections[0]), source.document.header(sections[0]));
        format!("{}:{line}, [{}]", source.shown, text::field(header))
    }

    /// The setting that counts: the credentials file's before the config file's. `key` is lower case.
    pub(crate) fn get(&self, key: &str) -> Option<&Setting<'a>> {
        self.settings.iter().rev().find(|setting| setting.key == key)
    }

    /// The value that counts, if it is there and not empty.
    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        self.get(key).map(|setting| &*setting.value).filter(|value| !value.is_empty())
    }

    /// Every setting of one file, whether it counts or not.
    pub(crate) fn settings_in(&self, which: Which) -> impl Iterator<Item = &Setting<'a>> {
        self.settings.iter().filter(move |setting| setting.file() == which)
    }

    /// Every key once, in the order of the AWS CLI.
    #[cfg(test)]
    pub(crate) fn keys(&self) -> Vec<&str> {
        let mut keys: Vec<&str> = Vec::new();
        for setting in &self.settings {
            if setting.file() == Which::Config
                || !self.settings_in(Which::Config).any(|other| other.key == setting.key)
            {
                keys.push(&setting.key);
            }
        }
        keys
    }

    /// The value that counts, read as a `T`; an empty one is none.
    ///
    /// # Errors
    /// [`Kind::Config`] with place, key, value and `T`'s own words.
    pub(crate) fn parse<T: FromStr<Err = String>>(&self, key: &str) -> Result<Option<T>> {
        self.read(key, |value| {
            let twice = format!("`{}` is ", text::field(value)); // the error shows the value itself
            value.parse().map_err(|why: String| why.strip_prefix(&twice).map(str::to_owned).unwrap_or(why))
        })
    }

    /// The region of the profile.
    pub(crate) fn region(&self) -> Result<Option<Region>> {
        self.read("region", |value| value.parse().map_err(|_: String| "not a region".to_owned()))
    }

    /// `true` or `false`, in any case.
    pub(crate) fn switch(&self, key: &str) -> Result<Option<bool>> {
        self.read(key, |value| match value.to_ascii_lowercase().as_str() {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err("neither `true` nor `false`".into()),
        })
    }

    pub(super) fn read<T>(&self, key: &str, read: impl Fn(&str) -> Result<T, String>) -> Result<Option<T>> {
        let Some(setting) = self.get(key).filter(|setting| !setting.value.is_empty()) else {
            return Ok(None);
        };
        read(&setting.value).map(Some).map_err(|why| setting.refuse(&why))
    }
}

impl Setting<'_> {
    pub(crate) fn file(&self) -> Which {
        self.source.document.which
    }

    /// Counted from 1.
    pub(crate) fn line(&self) -> usize {
        self.source.document.line(self.start)
    }

    /// `~/.aws/credentials:12`.
    pub(crate) fn place(&self) -> String {
        format!("{}:{}", self.source.shown, self.line())
    }

    /// The setting, if only we and root can write its file: it may name a program to run.
    ///
    /// # Errors
    /// [`Kind::Config`], naming the file and who else can write it.
    pub(crate) fn trusted(&self) -> Result<()> {
        let Some(why) = &self.source.others else { return Ok(()) };
        let (place, key, file) = (self.place(), &self.key, &self.source.shown);
        let message = format!("{place}: `{key}` is not run, since others can write {file}: {why}");
        Err(Error::new(Kind::Config, message).hint(format!("look at what it says, then: chmod go-w {file}")))
    }

    /// The pairs of a nested block, as they stand; none if the value is not one.
    pub(crate) fn nested(&self) -> Vec<(&str, &str)> {
        let block = Some(&*self.value).filter(|value| value.starts_with('\n'));
        block.into_iter().flat_map(lines::nested).filter_map(Result::ok).collect()
    }

    /// The error for a value that cannot be: place, section, key, value, and `why` it cannot. Not for secrets.
    pub(crate) fn refuse(&self, why: &str) -> Error {
        let (header, value) = (text::field(self.header), text::field(&self.value));
        let message = format!("{}, [{header}]: `{}` is `{value}`, {why}", self.place(), self.key);
        Error::new(Kind::Config, message)
    }
}
