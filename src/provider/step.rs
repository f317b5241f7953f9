//! The contract of a credential provider: it takes a profile, and yields a step that fetches.

use super::ask::Ask;
use crate::cache::Slot;
use crate::config::{Config, Profile, Setting};
use crate::error::{Error, Kind, Result};
use crate::host::Host;
use crate::model::{Credentials, LoginTarget, ProfileName};
use chrono::{DateTime, TimeDelta, Utc};
use std::path::PathBuf;

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
    /// What the command line asks besides.
    pub(crate) ask: &'a Ask,
    /// The profile that was named, from which the plan leads here: whom `awsenv login` is told.
    pub(crate) named: &'a ProfileName,
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
    /// What it does, for whom it may concern: whose credentials, and the file and line that say so. No secrets.
    fn describe(&self) -> String;

    /// Where a person signs in, for a step that needs one.
    fn login(&self) -> Option<LoginTarget> {
        None
    }

    /// Long-term credentials and where they stand: `~/.aws/credentials:3`.
    fn long_term(&self) -> Option<&str> {
        None
    }

    /// Whose credentials these are, as text that stays the same while they are renewed: what is cached of a step above
    /// bears it. `None`: that is not known before they are fetched.
    fn key(&self, _: &Host) -> Option<String> {
        None
    }

    /// Whether they are those of a role: AWS lets a role that is assumed with them last an hour.
    fn is_role(&self) -> bool {
        false
    }

    /// The file that a sign-in writes, or whoever puts in other keys: what others cached of a step above, before, is not trusted.
    fn sign_in_file(&self, _: &Host) -> Option<PathBuf> {
        None
    }

    /// Whether another shell may have other credentials here under the same profile.
    fn is_of_this_shell(&self) -> bool {
        false
    }

    /// Whether the sign-in that this step rests on is there, as far as this computer knows. `None`: it needs none.
    fn signed_in(&self, host: &Host) -> Option<bool> {
        self.login().map(|_| self.held(host).is_some())
    }

    /// Where this step keeps what it fetched with a sign-in: it is removed with that.
    fn derived(&self, _: &Host) -> Vec<Slot> {
        Vec::new()
    }

    /// Whether what it fetches is kept, so that other processes find it.
    fn is_kept(&self) -> bool {
        true
    }

    /// What there is without asking anybody: no network, no lock.
    fn held(&self, host: &Host) -> Option<Held>;

    /// The same, if it need not be renewed: then the steps before are not asked either.
    fn fresh(&self, _: &Host, _: &Need) -> Option<Held> {
        None
    }

    /// What still lasts, where the steps before failed with this.
    fn make_do(&self, _: &Host, _: &Need, error: Error) -> Result<Held> {
        Err(error)
    }

    /// The credentials, renewed if they must be. `from` is what the step before yields; the first step has none.
    fn fetch(&self, host: &Host, need: &Need, from: Option<&Held>) -> Result<Held>;
}

/// What the caller needs of the credentials.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Need {
    /// How long they must last at least (`--min-ttl`).
    pub(crate) least: Option<TimeDelta>,
    /// They sign one call of the step above, now, and no more.
    pub(crate) for_one_call: bool,
    /// What still lasts is no answer: a renewal that is due and fails is a failure.
    pub(crate) or_fail: bool,
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
