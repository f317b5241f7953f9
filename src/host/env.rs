//! The environment, read once.

use super::path;
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

    /// A path from a variable of AWS's: see [`path::expand`].
    pub(crate) fn expand(&self, raw: &str) -> PathBuf {
        path::expand(raw, self.home().as_deref(), |name| self.var(name)).into()
    }

    /// The name of who works here, as the session says.
    pub(crate) fn user(&self) -> Option<&str> {
        ["USER", "LOGNAME", "USERNAME"].into_iter().find_map(|name| self.text(name))
    }

    /// The name of this machine.
    pub(crate) fn machine(&self) -> Option<String> {
        let named = ["HOSTNAME", "COMPUTERNAME"].into_iter().find_map(|name| self.text(name));
        #[cfg(unix)]
        if self.real && named.is_none() {
            return rustix::system::uname().nodename().to_str().ok().map(str::to_owned);
        }
        named.map(str::to_owned)
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
