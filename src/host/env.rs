//! The environment, read once.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

/// A snapshot of the environment.
pub(crate) struct Env {
    vars: BTreeMap<OsString, OsString>,
    real: bool,
}

impl Env {
    pub(super) fn real() -> Env {
        #[expect(clippy::disallowed_methods, reason = "the door")]
        let vars = std::env::vars_os().collect();
        Env { vars, real: true }
    }

    pub(super) fn fake(vars: Vec<(String, String)>) -> Env {
        Env { vars: vars.into_iter().map(|(name, value)| (name.into(), value.into())).collect(), real: false }
    }

    /// The value, even if empty; `None` if unset or not UTF-8.
    pub(crate) fn var(&self, name: &str) -> Option<&str> {
        self.vars.get(OsStr::new(name))?.to_str()
    }

    /// The value, if it is set and holds more than blanks.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.var(name).filter(|value| !value.trim().is_empty())
    }

    /// Whether a switch is on: `1`, `true`, `yes`, `on` in any case.
    pub(crate) fn switch(&self, name: &str) -> bool {
        self.text(name).is_some_and(|value| {
            matches!(value.trim().to_ascii_lowercase().as_str(), "1" | "true" | "yes" | "on")
        })
    }

    /// A path, if set and not empty.
    pub(crate) fn path(&self, name: &str) -> Option<PathBuf> {
        self.vars.get(OsStr::new(name)).filter(|value| !value.is_empty()).map(PathBuf::from)
    }

    /// Every variable.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        self.vars.iter().map(|(name, value)| (name.as_os_str(), value.as_os_str()))
    }

    /// A path as the AWS CLI reads it from a variable: `$NAME`, `${NAME}` and a leading `~` stand for what they do in
    /// a shell; an unknown name stays as it is.
    ///
    /// Source: Python's `os.path.expanduser(os.path.expandvars(path))`.
    pub(crate) fn expand(&self, raw: &str) -> PathBuf {
        let mut path = String::new();
        let mut rest = raw;
        while let Some(at) = rest.find('$') {
            path.push_str(&rest[..at]);
            let tail = &rest[at + 1..];
            let (name, len) = match tail.strip_prefix('{').and_then(|inner| inner.split_once('}')) {
                Some((name, _)) => (name, name.len() + 2),
                None => {
                    let end = tail.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(tail.len());
                    (&tail[..end], end)
                }
            };
            match self.var(name).filter(|_| !name.is_empty()) {
                Some(value) => path.push_str(value),
                None => path.push_str(&rest[at..=at + len]),
            }
            rest = &tail[len..];
        }
        path.push_str(rest);
        match (path.strip_prefix('~'), self.home()) {
            (Some(""), Some(home)) => home,
            (Some(below), Some(home)) if below.starts_with(std::path::is_separator) => {
                home.join(below.trim_start_matches(std::path::is_separator))
            }
            _ => PathBuf::from(path),
        }
    }

    pub(super) fn home(&self) -> Option<PathBuf> {
        let name = if cfg!(windows) { "USERPROFILE" } else { "HOME" };
        self.path(name).or_else(|| {
            #[expect(clippy::disallowed_methods, reason = "the door")]
            let table = self.real.then(std::env::home_dir).flatten();
            table.filter(|home| !home.as_os_str().is_empty())
        })
    }

    /// The directory of awsenv's own settings, before its own name.
    pub(crate) fn settings_dir(&self) -> Option<PathBuf> {
        if self.real {
            #[expect(clippy::disallowed_methods, reason = "the door")]
            return dirs::config_dir();
        }
        self.path("XDG_CONFIG_HOME").or_else(|| Some(self.home()?.join(".config")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_expanded_as_the_aws_cli_does() {
        let env = Env::fake(vec![("HOME".into(), "/h".into()), ("A".into(), "a".into())]);
        for (raw, path) in [
            ("~", "/h"),
            ("~/x", "/h/x"),
            ("/y/$A/${A}b/$NONE/${NONE}/$", "/y/a/ab/$NONE/${NONE}/$"),
            ("$HOME/z", "/h/z"),
            ("~other/x", "~other/x"),
        ] {
            assert_eq!(env.expand(raw), PathBuf::from(path), "{raw}");
        }
    }
}
