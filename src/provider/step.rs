//! The contract of a credential provider: it takes a profile, and yields a step that fetches.

use crate::config::Profile;
use crate::error::Result;
use crate::host::Host;
use crate::model::Credentials;
use chrono::{DateTime, TimeDelta, Utc};

/// One way to get credentials.
pub(crate) trait Provider: Sync {
    /// What people call it: "console sign-in", "access keys".
    fn kind(&self) -> &'static str;

    /// `None`: not this profile. `Some(Err)`: this profile, but it is not as it must be.
    fn claim(&self, profile: &Profile) -> Option<Result<Box<dyn Step>>>;
}

/// One link of a plan, as data until it is asked.
pub(crate) trait Step {
    /// The session that a person signs in to, for console sign-in.
    fn login_session(&self) -> Option<&str> {
        None
    }

    /// Long-term credentials and where they stand: `~/.aws/credentials:3`.
    fn long_term(&self) -> Option<&str> {
        None
    }

    /// What there is without asking anybody: no network, no lock.
    fn held(&self, host: &Host) -> Option<Held>;

    /// The credentials, renewed if they must be.
    fn fetch(&self, host: &Host, need: &Need) -> Result<Held>;
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
