//! The steps of a profile, from its root up: who signs for whom, and with which MFA device.

use super::unknown;
use crate::config::{Config, Profile, Which};
use crate::error::{Error, Kind, Result};
use crate::host::Host;
use crate::model::{LoginTarget, ProfileName, text, time};
use crate::provider::assume_role::{self, Source};
use crate::provider::{self, Ask, Mfa, Step, Subject, session_token};

/// The most roles on the way; nobody has so many, and every one costs a call.
const LONGEST: usize = 40;

/// A way down, from the named profile to the root, and the steps back up.
struct Chain<'a> {
    host: &'a Host,
    config: &'a Config,
    named: &'a ProfileName,
    ask: &'a Ask,
    /// The profiles visited.
    way: Vec<ProfileName>,
    steps: Vec<Box<dyn Step>>,
    /// The profile at the root.
    root: ProfileName,
}

/// The steps of the named profile, with the role of the command line on top.
pub(super) fn steps(
    host: &Host,
    config: &Config,
    named: &ProfileName,
    ask: &Ask,
) -> Result<Vec<Box<dyn Step>>> {
    let (way, steps, root) = (Vec::new(), Vec::new(), named.clone());
    let mut chain = Chain { host, config, named, ask, way, steps, root };
    let pending = chain.climb(named)?;
    let profile = config.profile(named).ok_or_else(|| unknown(config, named))?;
    let subject = Subject { host, config, name: named, profile: &profile, ask, named };
    if let Some(mfa) = pending {
        chain.open(&subject, mfa, ask.role.is_none())?;
    }
    if let Some(arn) = &ask.role {
        let place = assume_role::Place { below: &chain.steps, root: &chain.root, mfa: None, last: true };
        let step = assume_role::on_top(&subject, place, arn.clone())?;
        chain.steps.push(step);
    }
    chain.check_flags()?;
    Ok(chain.steps)
}

impl Chain<'_> {
    /// Adds the steps of a profile; the device of long-term keys that no session was opened for yet.
    ///
    /// Source: botocore `credentials.py`, `AssumeRoleProvider`: keys in a source profile stop the chain there, those of
    /// the profile at its beginning do not.
    fn climb(&mut self, name: &ProfileName) -> Result<Option<Mfa>> {
        let (host, config, named, ask) = (self.host, self.config, self.named, self.ask);
        let profile = config.profile(name).ok_or_else(|| unknown(config, name))?;
        let subject = Subject { host, config, name, profile: &profile, ask, named };
        let is_source = !self.way.is_empty();
        if !assume_role::is_wanted(&profile) || (is_source && has_keys(&profile)) {
            self.root = name.clone();
            let step = provider::claim(&subject, is_source)
                .unwrap_or_else(|| Err(self.without_credentials(&subject)))?;
            let mfa = if step.long_term().is_some() { Mfa::of(&subject)? } else { None };
            self.steps.push(step);
            return Ok(mfa);
        }
        self.way.push(name.clone());
        let pending = match assume_role::source(&subject)? {
            Source::Named(source) => {
                let step = provider::credential_source(&subject, &source).map_or_else(
                    || Err(no_source(&subject)),
                    |step| step.map_err(|error| asked_for(&subject, error)),
                )?;
                self.root = name.clone();
                self.steps.push(step);
                None
            }
            Source::Profile(source) => {
                self.check_way(&subject, &source)?;
                self.climb(&source)?
            }
        };
        let own = Mfa::of(&subject)?;
        let on_keys = self.steps.len() == 1 && self.steps[0].long_term().is_some();
        let mut mfa = None;
        match (own, pending) {
            (Some(device), _) | (None, Some(device)) if on_keys => self.open(&subject, device, false)?,
            (own, _) => mfa = own,
        }
        let last = name == named && ask.role.is_none();
        let place = assume_role::Place { below: &self.steps, root: &self.root, mfa, last };
        let step = assume_role::of_profile(&subject, place)?;
        self.steps.push(step);
        Ok(None)
    }

    /// Puts a session that a code opens upon the keys.
    fn open(&mut self, subject: &Subject, mfa: Mfa, last: bool) -> Result<()> {
        let step = session_token::step(subject, &*self.steps[0], mfa, last)?;
        self.steps.push(step);
        Ok(())
    }

    /// Whether the way may go on to `source`.
    fn check_way(&self, subject: &Subject, source: &ProfileName) -> Result<()> {
        let profile = self.config.profile(source);
        let refuse = |why: &str| match subject.profile.get("source_profile") {
            Some(setting) => setting.refuse(why),
            None => Error::new(Kind::Config, why),
        };
        let Some(profile) = profile else {
            let error = refuse("and there is no such profile");
            let near = self.config.nearest(source.as_str()).filter(|near| near != subject.name.as_str());
            return Err(match near {
                Some(near) => error.hint(format!("did you mean `{near}`?")),
                None => error,
            });
        };
        let itself = source == subject.name;
        if self.way.contains(source) && !(itself && has_keys(&profile)) {
            let way: Vec<&str> = self.way.iter().chain([source]).map(ProfileName::as_str).collect();
            let error = refuse("which leads round in a circle").because(way.join(" → "));
            return Err(if itself {
                error.hint("a role may be its own source only if access keys stand beside it")
            } else {
                error.hint("one of these profiles must have credentials of its own")
            });
        }
        if self.way.len() > LONGEST {
            let why = format!("the end of a way over more than {LONGEST} roles");
            return Err(refuse(&why).hint("name a source that is nearer to the credentials"));
        }
        Ok(())
    }

    fn without_credentials(&self, subject: &Subject) -> Error {
        let message = format!("{}: `{}` says nothing of credentials", subject.profile.place(), subject.name);
        let error = Error::new(Kind::Config, message);
        let half = subject.profile.get("aws_secret_access_key").map(|secret| {
            format!("{}: `{}` has no `aws_access_key_id` beside it", secret.place(), secret.key)
        });
        let error = half.into_iter().fold(error, Error::because);
        let error = misspelt(subject.profile).fold(error, Error::hint);
        match self.way.last() {
            Some(above) => error.because(format!("`{above}` names it as its `source_profile`")),
            None => error,
        }
        .hint(format!("sign in: awsenv login {}", subject.name.typed()))
    }

    /// Whether the flags fit the last step.
    fn check_flags(&self) -> Result<()> {
        let ask = self.ask;
        let usage = |why: String| Err(Error::new(Kind::Usage, why));
        let last = self.steps.last();
        let session = self.steps.len() == 2 && self.steps[0].long_term().is_some();
        let role = self.named_role() || ask.role.is_some();
        if let Some(length) = ask.duration {
            let (what, range) = match (role, session) {
                (true, _) => ("a role", assume_role::DURATIONS),
                (false, true) => ("an MFA session", session_token::DURATIONS),
                (false, false) if last.is_some_and(|step| step.login().is_some()) => {
                    return Err(match last.and_then(|step| step.login()) {
                        Some(LoginTarget::IdentityCenter { .. }) => super::set_by_administrator(),
                        _ => super::fixed_lifetime(),
                    });
                }
                (false, false) => {
                    return usage(format!(
                        "the lifetime of the credentials of `{}` cannot be chosen: leave --duration out",
                        self.named
                    ));
                }
            };
            if !range.contains(&length) {
                let (least, most) = (time::words(*range.start()), time::words(*range.end()));
                return usage(format!(
                    "--duration of {what} is {least} to {most}, not {}",
                    time::words(length)
                ));
            }
        }
        let shapes = ask.policy.is_some() || !ask.tags.is_empty() || ask.source_identity.is_some();
        if shapes && !role {
            return usage(format!(
                "--policy, --tag and --source-identity are for a role, and `{}` has none: add --role",
                self.named
            ));
        }
        Ok(())
    }

    fn named_role(&self) -> bool {
        self.way.first() == Some(self.named)
    }
}

fn has_keys(profile: &Profile) -> bool {
    ["aws_access_key_id", "aws_secret_access_key"].into_iter().any(|key| profile.get(key).is_some())
}

/// The keys that say something of credentials, and the one that only looks like another.
const KEYS: [&str; 13] = [
    "aws_access_key_id",
    "aws_secret_access_key",
    "aws_session_token",
    "role_arn",
    "source_profile",
    "credential_source",
    "credential_process",
    "web_identity_token_file",
    "login_session",
    "sso_session",
    "sso_account_id",
    "sso_role_name",
    "sso_region",
];

/// What the keys of a profile were meant to be that are nearly those.
fn misspelt(profile: &Profile) -> impl Iterator<Item = String> {
    let settings = profile.settings_in(Which::Config).chain(profile.settings_in(Which::Credentials));
    settings.filter_map(|setting| {
        let near = text::nearest(&setting.key, KEYS.into_iter()).filter(|near| *near != setting.key)?;
        Some(format!("{}: `{}`: did you mean `{near}`?", setting.place(), text::field(&setting.key)))
    })
}

/// The error of a source that is not there, with the line that asks for it.
fn asked_for(subject: &Subject, error: Error) -> Error {
    let setting = subject.profile.get("credential_source");
    let line = setting.map(|setting| format!("{}: `{}` asks for it", setting.place(), setting.key));
    line.into_iter().fold(error, Error::because)
}

fn no_source(subject: &Subject) -> Error {
    let why = "not one of `Environment`, `Ec2InstanceMetadata`, `EcsContainer`, spelled so";
    match subject.profile.get("credential_source") {
        Some(setting) => setting.refuse(why),
        None => Error::new(Kind::Config, why),
    }
}
