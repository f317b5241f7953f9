//! A role, assumed with the credentials of the step before (`AssumeRole`), and kept until it ends.

mod refused;
mod settings;

pub(crate) use settings::{Source, is_wanted, source};

use super::mfa::{self, Mfa};
use super::renewal::Life;
use super::step::{Held, Need, Step, Subject};
use super::sts::Sts;
use crate::aws::{Fault, sts};
use crate::cache::entry::Entry;
use crate::cache::flight::{self, Flight};
use crate::cache::issued::{Issued, New};
use crate::cache::{self, Slot};
use crate::error::{Error, Kind, Result};
use crate::host::Host;
use crate::model::freshness::Freshness;
use crate::model::{ProfileName, RoleArn, role, text, time};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use std::path::PathBuf;
use std::time::Duration;

const LIFE: Life = Life { usual: TimeDelta::hours(1), longest: TimeDelta::hours(12) };

/// What AWS gives a role at most that is assumed with the credentials of a role.
const CHAINED: TimeDelta = TimeDelta::hours(1);

/// What a duration may be, in a profile and in `--duration`.
pub(crate) const DURATIONS: std::ops::RangeInclusive<TimeDelta> =
    TimeDelta::minutes(15)..=TimeDelta::hours(12);

/// How long a call may take that asks nobody.
const LIMIT: Duration = Duration::from_secs(30);

struct Role {
    profile: ProfileName,
    /// The profile that was named.
    named: ProfileName,
    arn: RoleArn,
    /// Where it is named.
    place: String,
    session_name: String,
    external_id: Option<String>,
    duration: Option<TimeDelta>,
    /// What was asked for beyond what AWS gives to a chain.
    beyond: Option<TimeDelta>,
    policy: Option<String>,
    tags: Vec<(String, String)>,
    source_identity: Option<String>,
    mfa: Option<Mfa>,
    sts: Sts,
    own: Slot,
    /// The AWS CLI's file, where nothing else can have written it than what we would.
    shared: Option<Slot>,
    /// What is in the AWS CLI's file is no older than these.
    sign_ins: Vec<PathBuf>,
    anew: bool,
    /// Whether a later run without flags would get other credentials.
    passing: bool,
}

/// Where a role stands.
pub(crate) struct Place<'a> {
    pub(crate) below: &'a [Box<dyn Step>],
    /// The profile at the root, which stands for credentials that do not say whose they are.
    pub(crate) root: &'a ProfileName,
    /// Asked for with the call itself; with a session that a code opened it is not.
    pub(crate) mfa: Option<Mfa>,
    /// Whether it is the last step: the flags are meant for it.
    pub(crate) last: bool,
}

/// The role of a profile.
///
/// # Errors
/// [`Kind::Config`] for a setting that AWS would refuse, before anything is asked.
pub(crate) fn of_profile(subject: &Subject, place: Place) -> Result<Box<dyn Step>> {
    let arn = settings::arn(subject)?;
    build(subject, place, arn, settings::Settings::of(subject)?, Some(settings::parameters(subject.profile)))
}

/// A role that the command line names, on top of a profile.
pub(crate) fn on_top(subject: &Subject, place: Place, arn: RoleArn) -> Result<Box<dyn Step>> {
    build(subject, place, arn, settings::Settings::default(), None)
}

fn build(
    subject: &Subject,
    place: Place,
    arn: RoleArn,
    set: settings::Settings,
    parameters: Option<Value>,
) -> Result<Box<dyn Step>> {
    let (host, ask) = (subject.host, subject.ask);
    let flags = place.last.then_some(ask);
    let wanted = flags.and_then(|ask| ask.duration).or(set.duration);
    let chained = place.below.last().is_some_and(|step| step.is_role());
    let beyond = wanted.filter(|wanted| chained && *wanted > CHAINED);
    let passing = flags.is_some_and(super::Ask::shapes_role);
    let policy = flags.and_then(|ask| ask.policy.clone());
    let tags = flags.map(|ask| ask.tags.clone()).unwrap_or_default();
    let source_identity = flags.and_then(|ask| ask.source_identity.clone());

    let said = parameters.as_ref().and_then(|_| Some(subject.profile.get("role_arn")?.place()));
    let source = place.below.last().and_then(|step| step.key(host));
    let source = source.unwrap_or_else(|| format!("profile {}", place.root));
    let serial = place.mfa.as_ref().map(Mfa::serial).unwrap_or_default();
    let duration = wanted.map(|wanted| wanted.num_seconds().to_string()).unwrap_or_default();
    let mut parts: Vec<&str> = vec![&source, arn.as_str(), &duration, serial];
    parts.push(set.session_name.as_deref().unwrap_or_default());
    parts.push(set.external_id.as_deref().unwrap_or_default());
    parts.push(policy.as_deref().unwrap_or_default());
    parts.push(source_identity.as_deref().unwrap_or_default());
    parts.extend(tags.iter().flat_map(|(key, value)| [&**key, &**value]));
    let own = Slot::own(host, "role", &parts);
    let shared = parameters
        .filter(|_| !passing && !ask.ephemeral && !place.below.iter().any(|step| step.is_of_this_shell()))
        .filter(|parameters| settings::is_ours_alone(subject, parameters))
        .map(|parameters| Slot::cli_role(host, &parameters));

    Ok(Box::new(Role {
        profile: subject.name.clone(),
        named: subject.named.clone(),
        session_name: set
            .session_name
            .unwrap_or_else(|| role::session_name(host.env.user(), host.env.machine().as_deref())),
        external_id: set.external_id,
        duration: wanted.map(|wanted| if beyond.is_some() { CHAINED } else { wanted }),
        beyond,
        policy,
        tags,
        source_identity,
        mfa: place.mfa,
        sts: Sts::of(subject, Some(arn.partition()))?,
        own: if ask.ephemeral { own.kept_nowhere() } else { own },
        shared,
        sign_ins: place.below.iter().filter_map(|step| step.sign_in_file(host)).collect(),
        anew: ask.anew,
        passing,
        place: said.unwrap_or_else(|| "--role".into()),
        arn,
    }))
}

impl Step for Role {
    fn describe(&self) -> String {
        let mut more = String::new();
        if let Some(duration) = self.duration {
            more += &format!(" for {}", time::words(duration));
        }
        if let Some(id) = &self.external_id {
            more += &format!(", external id {}", text::field(id));
        }
        if let Some(mfa) = &self.mfa {
            more += &format!(", with a code of {}", text::field(mfa.serial()));
        }
        format!("role {}{more}, {}", self.arn, self.place)
    }

    fn key(&self, _: &Host) -> Option<String> {
        Some(format!("role {}", self.own.key()))
    }

    fn is_role(&self) -> bool {
        true
    }

    fn derived(&self, _: &Host) -> Vec<Slot> {
        [Some(&self.own), self.shared.as_ref()].into_iter().flatten().cloned().collect()
    }

    fn held(&self, host: &Host) -> Option<Held> {
        let both = [self.read(host, &self.own), self.shared.as_ref().and_then(|slot| self.read(host, slot))];
        let both = both.into_iter().flatten().map(|(held, _)| held);
        both.max_by_key(|held| (LIFE.lasts(host, held), held.credentials.expiration))
    }

    fn fresh(&self, host: &Host, need: &Need) -> Option<Held> {
        if self.anew { None } else { self.good(host, need) }
    }

    fn fetch(&self, host: &Host, need: &Need, from: Option<&Held>) -> Result<Held> {
        let from = from.ok_or_else(|| Error::new(Kind::Failed, "there is nothing to assume a role with"))?;
        let before = self.held(host).map(|held| held.credentials.access_key_id);
        let what = format!("the role of `{}`", self.profile);
        let limit = if self.mfa.is_some() { mfa::PATIENCE } else { LIMIT };
        let flight = Flight { slot: &self.own, limit, what: &what };
        let nobody = || match &self.mfa {
            Some(mfa) if self.fresh(host, need).is_none() => mfa.can_be_had(host),
            _ => Ok(()),
        };
        let assumed = nobody().and_then(|()| {
            flight::fly(
                host,
                &flight,
                || {
                    let good = self.good(host, need);
                    let id = |held: &Held| Some(held.credentials.access_key_id.clone());
                    Ok(good.filter(|held| !self.anew || id(held) != before))
                },
                || self.assume(host, from, flight.cancellation()),
            )
        });
        assumed.or_else(|error| self.make_do(host, need, error))
    }

    fn make_do(&self, host: &Host, need: &Need, error: Error) -> Result<Held> {
        if self.anew { Err(error) } else { LIFE.make_do(host, need, self.held(host), error) }
    }
}

impl Role {
    /// What a slot has. The AWS CLI's file counts only if it is newer than the last sign-in of the source: it does not
    /// say who assumed the role.
    fn read(&self, host: &Host, slot: &Slot) -> Option<(Held, DateTime<Utc>)> {
        let is_own = slot.key() == self.own.key();
        let issued = match if is_own { Issued::read_own(slot) } else { Issued::read_shared(slot) } {
            Entry::Found(issued) => issued,
            Entry::Missing => return None,
            Entry::Damaged(why) => {
                host.warn(format!("what was kept of the role of `{}` was damaged: {why}", self.profile));
                return None;
            }
        };
        let newer =
            || self.sign_ins.iter().all(|file| cache::modified(file).is_none_or(|at| issued.received > at));
        let ours = is_own || newer();
        let matches = issued.arn.as_deref().is_none_or(|arn| self.arn.is_of(arn));
        (ours && matches).then(|| (self.hold(issued.credentials, issued.received), issued.received))
    }

    fn hold(&self, credentials: crate::model::Credentials, received: DateTime<Utc>) -> Held {
        let held = LIFE.held(credentials, received, self.arn.name());
        Held { refresh_at: held.refresh_at.filter(|_| !self.passing), ..held }
    }

    fn good(&self, host: &Host, need: &Need) -> Option<Held> {
        let slots = [Some(&self.own), self.shared.as_ref()].into_iter().flatten();
        slots
            .filter_map(|slot| self.read(host, slot))
            .find(|(held, received)| {
                if need.for_one_call {
                    return LIFE.signs_one_call(host, held);
                }
                let whole = LIFE.held(held.credentials.clone(), *received, "");
                LIFE.judge(host, &whole, *received, need) == Freshness::Fresh
            })
            .map(|(held, _)| held)
    }

    /// Assumes the role and keeps it. The caller holds the lock.
    fn assume(&self, host: &Host, from: &Held, cancelled: impl FnOnce() + Send + 'static) -> Result<Held> {
        if let Some(beyond) = self.beyond {
            host.warn(format!(
                "`{}` is assumed with the credentials of a role, which AWS limits to 1h: not {}",
                self.profile,
                time::words(beyond)
            ));
        }
        let issued = match &self.mfa {
            None => self.call(host, from, None)?.map_err(|fault| self.refused(fault))?,
            Some(mfa) => {
                mfa.with_code(host, cancelled, |code| match self.call(host, from, Some(code))? {
                    Err(fault) if !mfa::is_about_mfa(&fault) => Err(self.refused(fault)),
                    other => Ok(other),
                })?
            }
        };
        let user = issued.role_user.as_ref().map(|(id, arn)| (id.as_str(), arn.as_str()));
        if let Some((_, arn)) = user.filter(|(_, arn)| !self.arn.is_of(arn)) {
            let error =
                Error::new(Kind::Failed, format!("STS gave credentials of another role than {}", self.arn));
            return Err(error.because(arn));
        }
        let mut credentials = issued.credentials;
        credentials.account = Some(self.arn.account().clone());
        let new = New { credentials: &credentials, role_user: user, request_id: &issued.request_id };
        let shared = self.shared.as_ref().map_or(Ok(()), |slot| new.write(slot));
        if let Err(e) = new.write_own(&self.own).and(shared) {
            host.warn(format!("the credentials of the role of `{}` cannot be kept: {e}", self.profile));
        }
        Ok(self.hold(credentials, host.clock.now()))
    }

    fn call(&self, host: &Host, from: &Held, mfa: Option<sts::Mfa>) -> Result<Result<sts::Issued, Fault>> {
        let asked = sts::AssumeRole {
            role: self.arn.as_str(),
            session_name: &self.session_name,
            duration: self.duration,
            external_id: self.external_id.as_deref(),
            mfa,
            policy: self.policy.as_deref(),
            tags: &self.tags,
            source_identity: self.source_identity.as_deref(),
        };
        let Sts { region, endpoint } = &self.sts;
        host.network().block_on(sts::assume_role(host, endpoint, region, &from.credentials, &asked))
    }
}
