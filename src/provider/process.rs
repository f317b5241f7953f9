//! A program of the user's that prints credentials (`credential_process`), run as the AWS CLI runs it: by no shell.

use super::before;
use super::step::{Held, Need, Provider, Step, Subject};
use crate::config::Setting;
use crate::error::{Error, Kind, Result};
use crate::host::child::{self, Done, End, Limits};
use crate::host::{Host, process};
use crate::model::{AccountId, Object, ProfileName, freshness, text, time, words};
use chrono::TimeDelta;
use std::ffi::OsStr;
use std::path::Path;
use std::time::Duration;

/// The usual lifetime of what such a program prints.
const USUAL: TimeDelta = TimeDelta::hours(1);

/// How long it may take, unless the profile says otherwise: `awsenv_process_timeout = 3m`.
const PATIENCE: Duration = Duration::from_secs(60);

const STDOUT: usize = 64 * 1024;
const STDERR: usize = 16 * 1024;

/// The most lines of its stderr that an error tells: the last ones.
const TOLD: usize = 5;

/// The profiles whose programs run above us, as JSON: each awsenv adds its own.
const CHAIN: &str = "_AWSENV_CHAIN";

/// How many programs may stand above one another, as in the AWS CLI.
const DEEPEST: usize = 4;

pub(super) struct Process;

struct Program {
    profile: ProfileName,
    /// Where it stands: `~/.aws/config:7`.
    place: String,
    /// The program and its arguments, which may hold secrets: only the first is ever shown.
    argv: Vec<String>,
    patience: Duration,
    /// `aws_account_id`, for an answer that names none.
    account: Option<AccountId>,
}

impl Provider for Process {
    fn kind(&self) -> &'static str {
        "credential process"
    }

    fn claim(&self, subject: &Subject) -> Option<Result<Box<dyn Step>>> {
        let setting = subject.profile.get("credential_process")?;
        Some(Program::of(subject, setting).map(|program| Box::new(program) as Box<dyn Step>))
    }
}

impl Program {
    fn of(subject: &Subject, setting: &Setting) -> Result<Program> {
        setting.trusted()?;
        let place = setting.place();
        let wrong = |why: String| {
            let message = format!("{place}: the `credential_process` of `{}` cannot be read", subject.name);
            Error::new(Kind::Config, message).because(why)
        };
        let argv = words::split(&setting.value).map_err(wrong)?;
        let [program, ..] = &argv[..] else { return Err(subject.empty("credential_process")) };
        if argv.iter().any(|word| word.contains('\0')) {
            return Err(wrong("it holds a NUL byte".into()));
        }
        let is_path = program.contains(std::path::is_separator);
        if program.is_empty() || (is_path && !Path::new(program).is_absolute()) {
            let why = "its program is neither a name on PATH nor an absolute path (`~` and `$NAME` stay as they are)";
            return Err(wrong(why.into()).hint(format!("write its whole path at {place}")));
        }
        let patience = subject.profile.get("awsenv_process_timeout");
        let length = |setting: &Setting| time::length(&setting.value).map_err(|why| setting.refuse(&why));
        let patience = patience.map(length).transpose()?.and_then(|length| length.to_std().ok());
        Ok(Program {
            profile: subject.name.clone(),
            account: subject.profile.parse("aws_account_id").unwrap_or_default(),
            patience: patience.unwrap_or(PATIENCE),
            place,
            argv,
        })
    }
}

impl Step for Program {
    fn describe(&self) -> String {
        format!("credential process {}, {}", self.shown(), self.place)
    }

    fn key(&self, _: &Host) -> Option<String> {
        Some(format!("program {}", self.argv.join("\n")))
    }

    fn is_kept(&self) -> bool {
        false
    }

    fn held(&self, _: &Host) -> Option<Held> {
        None
    }

    fn fetch(&self, host: &Host, _: &Need, _: Option<&Held>) -> Result<Held> {
        let mut env = before::environment(host);
        env.insert(CHAIN.into(), self.chain(host)?.into());
        let path = process::find(host, OsStr::new(&self.argv[0])).ok_or_else(|| {
            let message = format!("{}: there is no program {}", self.place, self.shown());
            Error::new(Kind::Config, message)
        })?;
        host.debug(|| format!("{} is run for `{}`", path.display(), self.profile));
        let limits = Limits { time: self.patience, stdout: STDOUT, stderr: STDERR };
        let done = child::ask(&path, &self.argv, env, limits)
            .map_err(|e| Error::new(Kind::Config, format!("{} cannot be run", self.whole())).because(e))?;
        if done.end != End::Code(0) {
            return Err(self.failed(&done));
        }
        self.read(host, &done.stdout)
    }
}

impl Program {
    /// The program, for words.
    fn shown(&self) -> String {
        format!("`{}`", text::field(&self.argv[0]))
    }

    /// The program and whose it is, for words.
    fn whole(&self) -> String {
        format!("{}, the `credential_process` of `{}`,", self.shown(), self.profile)
    }

    /// The chain with this profile at its end.
    fn chain(&self, host: &Host) -> Result<String> {
        let above = host.env.text(CHAIN).and_then(|chain| serde_json::from_str(chain).ok());
        let mut above: Vec<String> = above.unwrap_or_default();
        let is_loop = above.iter().any(|name| name == self.profile.as_str());
        above.push(self.profile.to_string());
        if !is_loop && above.len() <= DEEPEST {
            return Ok(serde_json::Value::from(above).to_string());
        }
        let why = if is_loop { "asks for itself" } else { "is the fifth in a row" };
        let message =
            format!("{}: the `credential_process` of `{}` {why} and is not run", self.place, self.profile);
        Err(Error::new(Kind::Config, message).because(format!("the profiles: {}", above.join(" → "))))
    }

    fn failed(&self, done: &Done) -> Error {
        let whole = self.whole();
        let patience = || time::words(TimeDelta::from_std(self.patience).unwrap_or_default());
        let message = match done.end {
            End::Code(code) => format!("{whole} failed with exit code {code}"),
            End::Signal(signal) => format!("{whole} died of signal {signal}"),
            End::TooLate => format!("{whole} took longer than {} and was ended", patience()),
            End::TooMuch => format!("{whole} printed more than {} KiB and was ended", STDOUT / 1024),
            End::AtTerminal => {
                format!("{whole} wanted to ask at the terminal, which it has not, and was ended")
            }
        };
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        let lines: Vec<&str> = said.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let error = lines[lines.len().saturating_sub(TOLD)..]
            .iter()
            .fold(Error::new(Kind::Failed, message), Error::because);
        match done.end {
            End::TooLate => {
                error.hint(format!("give it longer, at {}: awsenv_process_timeout = 5m", self.place))
            }
            End::AtTerminal => error.hint("run it by itself once, if it then remembers the answer"),
            _ => error,
        }
    }

    /// Reads the answer.
    ///
    /// Source: botocore `credentials.py`, `ProcessProvider`.
    fn read(&self, host: &Host, stdout: &[u8]) -> Result<Held> {
        let wrong = |why: String| {
            let message = format!("{} did not print credentials", self.whole());
            Error::new(Kind::Failed, message).because(why)
        };
        let answer = Object::read(stdout).map_err(wrong)?;
        match answer.get("Version") {
            Some(version) if version.as_f64() == Some(1.0) => {}
            Some(_) => return Err(wrong("its `Version` is not the number 1".into())),
            None => return Err(wrong("it has no `Version`".into())),
        }
        let account = answer.account().or_else(|| self.account.clone());
        let credentials = answer.credentials("SessionToken", account).map_err(wrong)?;
        let now = host.clock.now();
        if let Some(end) = credentials.expiration.filter(|end| *end <= now) {
            let message =
                format!("{} printed credentials that ended {} ago", self.whole(), time::words(now - end));
            return Err(Error::new(Kind::Failed, message));
        }
        let refresh_at = credentials.expiration.map(|end| freshness::refresh_at(end, now, USUAL));
        Ok(Held { credentials, refresh_at, identity: None })
    }
}
