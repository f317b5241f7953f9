//! A session of a user that an MFA code opened (`GetSessionToken`): one code for every role behind it.

use super::mfa::{self, Mfa};
use super::renewal::Life;
use super::step::{Held, Need, Step, Subject};
use super::sts::Sts;
use crate::aws::{Fault, sts};
use crate::cache::Slot;
use crate::cache::entry::Entry;
use crate::cache::flight::{self, Flight};
use crate::cache::issued::{Issued, New};
use crate::error::{Error, Kind, Result};
use crate::host::Host;
use crate::model::freshness::Freshness;
use crate::model::{Arn, ProfileName, text};
use chrono::{DateTime, TimeDelta, Utc};
use std::path::PathBuf;

const LIFE: Life = Life { usual: TimeDelta::hours(1), longest: TimeDelta::hours(36) };

/// How long it lasts unless `--duration` says otherwise, and at most for a root user.
const USUAL: TimeDelta = TimeDelta::hours(12);
const ROOT: TimeDelta = TimeDelta::hours(1);

/// What `--duration` may be.
pub(crate) const DURATIONS: std::ops::RangeInclusive<TimeDelta> =
    TimeDelta::minutes(15)..=TimeDelta::hours(36);

struct SessionToken {
    profile: ProfileName,
    key: String,
    /// Where the long-term keys stand.
    place: String,
    mfa: Mfa,
    sts: Sts,
    duration: TimeDelta,
    slot: Slot,
    anew: bool,
}

/// The step that stands on long-term access keys. `last`: no role stands on it, so `--duration` is meant for it.
pub(crate) fn step(subject: &Subject, keys: &dyn Step, mfa: Mfa, last: bool) -> Result<Box<dyn Step>> {
    let below = keys.key(subject.host).unwrap_or_default();
    let key = format!("{below}, MFA {}", mfa.serial());
    let slot = Slot::own(subject.host, "session-token", &[&below, mfa.serial()]);
    Ok(Box::new(SessionToken {
        profile: subject.name.clone(),
        key,
        place: keys.long_term().unwrap_or_default().to_owned(),
        sts: Sts::of(subject, mfa.partition())?,
        mfa,
        duration: subject.ask.duration.filter(|_| last).unwrap_or(USUAL),
        slot: if subject.ask.ephemeral { slot.kept_nowhere() } else { slot },
        anew: subject.ask.anew,
    }))
}

impl Step for SessionToken {
    fn describe(&self) -> String {
        format!("MFA session by a code of {}, {}", text::field(self.mfa.serial()), self.mfa.place())
    }

    fn key(&self, _: &Host) -> Option<String> {
        Some(self.key.clone())
    }

    fn sign_in_file(&self, _: &Host) -> Option<PathBuf> {
        self.slot.file()
    }

    fn held(&self, host: &Host) -> Option<Held> {
        self.read(host).map(|(held, _)| held)
    }

    fn fresh(&self, host: &Host, need: &Need) -> Option<Held> {
        if self.anew { None } else { self.good(host, need) }
    }

    fn fetch(&self, host: &Host, need: &Need, from: Option<&Held>) -> Result<Held> {
        if let Some(held) = self.fresh(host, need) {
            return Ok(held);
        }
        let keys =
            from.ok_or_else(|| Error::new(Kind::Failed, "there are no keys to open a session with"))?;
        let before = self.held(host).map(|held| held.credentials.access_key_id);
        let what = format!("the MFA code of `{}`", self.profile);
        let flight = Flight { slot: &self.slot, limit: mfa::PATIENCE, what: &what };
        let opened = self.mfa.can_be_had(host).and_then(|()| {
            flight::fly(
                host,
                &flight,
                || {
                    let good = self.good(host, need);
                    let id = |held: &Held| Some(held.credentials.access_key_id.clone());
                    Ok(good.filter(|held| !self.anew || id(held) != before))
                },
                || self.open(host, keys, flight.cancellation()),
            )
        });
        opened.or_else(
            |error| if self.anew { Err(error) } else { LIFE.make_do(host, need, self.held(host), error) },
        )
    }
}

impl SessionToken {
    fn read(&self, host: &Host) -> Option<(Held, DateTime<Utc>)> {
        match Issued::read_own(&self.slot) {
            Entry::Found(issued) => Some((self.hold(&issued.credentials, issued.received), issued.received)),
            Entry::Missing => None,
            Entry::Damaged(why) => {
                host.warn(format!("the MFA session of `{}` was damaged: {why}", self.profile));
                None
            }
        }
    }

    fn hold(&self, credentials: &crate::model::Credentials, received: DateTime<Utc>) -> Held {
        let who = self.mfa.serial().rsplit('/').next().unwrap_or_default();
        LIFE.held(credentials.clone(), received, who)
    }

    fn good(&self, host: &Host, need: &Need) -> Option<Held> {
        let (held, received) = self.read(host)?;
        let good = if need.for_one_call {
            LIFE.signs_one_call(host, &held)
        } else {
            LIFE.judge(host, &held, received, need) == Freshness::Fresh
        };
        good.then_some(held)
    }

    /// Opens the session and keeps it. The caller holds the lock.
    fn open(&self, host: &Host, keys: &Held, cancelled: impl FnOnce() + Send + 'static) -> Result<Held> {
        let Sts { region, endpoint } = &self.sts;
        // a code is asked for only if the keys are good: it is not to be spent for nothing
        let whose = sts::caller_identity(host, endpoint, region, &keys.credentials);
        let whose = host.network().block_on(whose)?.map_err(|fault| self.bad_keys(fault))?;
        let root = whose.ends_with(":root");
        let duration = if root { self.duration.min(ROOT) } else { self.duration };
        let issued = self.mfa.with_code(host, cancelled, |mfa| {
            let call = sts::session_token(host, endpoint, region, &keys.credentials, duration, mfa);
            host.network().block_on(call)
        })?;
        let arn: Option<Arn> = whose.parse().ok();
        let mut credentials = issued.credentials;
        credentials.account = arn.as_ref().map(|arn| arn.account().clone());
        let new = New { credentials: &credentials, role_user: None, request_id: &issued.request_id };
        if let Err(e) = new.write_own(&self.slot) {
            host.warn(format!("the MFA session of `{}` cannot be kept: {e}", self.profile));
        }
        Ok(self.hold(&credentials, host.clock.now()))
    }

    fn bad_keys(&self, fault: Fault) -> Error {
        match fault.refusal() {
            Some(refusal) if refusal.status == 403 || refusal.is("InvalidClientTokenId") => {
                Error::new(Kind::Refused, format!("AWS does not know the access key at {}", self.place))
                    .because(refusal.words())
                    .hint("it was deleted, made inactive or mistyped: IAM shows the user's keys under security credentials")
            }
            _ => fault.into_error("STS"),
        }
    }
}
