//! The contract of a credential provider: it takes a profile, and yields a step that fetches.

use crate::config::{Config, Profile, Setting};
use crate::error::{Error, Kind, Result};
use crate::host::Host;
use crate::model::{Credentials, LoginTarget, ProfileName};
use chrono::{DateTime, TimeDelta, Utc};

/// One way to get credentials.
pub(crate) trait Provider: Sync {
    /// What people call it: "console sign-in", "access keys".
    fn kind(&self) -> &'static str;

    /// `None`: not this profile. `Some(Err)`: this profile, but it is not as it must be.
    fn claim(&self, subject: &Subject) -> Option<Result<Box<dyn Step>>>;
}

/// The profile in question and what it stands in.
pub(crate) struct Subject<'a> {
    pub(crate) host: &'a Host,
    pub(crate) config: &'a Config,
    pub(crate) name: &'a ProfileName,
    pub(crate) profile: &'a Profile<'a>,
}

impl Subject<'_> {
    /// The error for a setting that is there without a value.
    pub(super) fn empty(&self, key: &str) -> Error {
        let place = self.profile.get(key).map_or_else(|| self.profile.place(), Setting::place);
        Error::new(Kind::Config, format!("{place}: `{key}` of `{}` is empty", self.name))
    }
}

/// One link of a plan, as data until it is asked.
pub(crate) trait Step {
    /// Where a person signs in, for a step that needs one.
    fn login(&self) -> Option<LoginTarget> {
        None
    }

    /// Long-term credentials and where they stand: `~/.aws/credentials:3`.
    fn long_term(&self) -> Option<&str> {
        None
    }

    /// What there is without asking anybody: no network, no lock.
    fn held(&self, host: &Host) -> Option<Held>;

    /// The credentials, renewed if they must be. `from` is what the step before yields; the first step has none.
    fn fetch(&self, host: &Host, need: &Need, from: Option<&Held>) -> Result<Held>;
}

/// What the caller needs of the credentials.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Need {
    /// How long they must last at least (`--min-ttl`).
    pub(crate) least: Option<TimeDelta>,
}

/// Credentials in hand.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    pub(crate) credentials: Credentials,
    /// From when they should be renewed; `None` if they cannot be.
    pub(crate) refresh_at: Option<DateTime<Utc>>,
    /// Whose they are, in one word.
    pub(crate) identity: Option<String>,
}
