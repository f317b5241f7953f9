//! The code of an MFA device: from whom it comes, and the call that it is good for.

use super::ask::MfaCode;
use super::before;
use super::step::Subject;
use crate::aws::fault::Refusal;
use crate::aws::{Fault, sts};
use crate::config::Setting;
use crate::error::{Error, Kind, Result};
use crate::host::child::{self, End, Limits};
use crate::host::{Host, process, signals};
use crate::model::{ProfileName, Secret, role, text, words};
use std::path::Path;
use std::time::Duration;

/// How long somebody may take to find the device and type.
pub(super) const PATIENCE: Duration = Duration::from_secs(5 * 60);

/// What a program may take that prints a code.
const LIMITS: Limits = Limits { time: Duration::from_secs(60), stdout: 4096, stderr: 4096 };

/// How often a person may type a wrong one.
const TRIES: u32 = 3;

/// A device, and who can say its code.
#[derive(Clone)]
pub(crate) struct Mfa {
    serial: String,
    /// Where the device is named.
    place: String,
    /// `mfa_process`, and where it stands.
    process: Option<(String, String)>,
    given: Option<MfaCode>,
    person: bool,
    parting: &'static str,
    named: ProfileName,
}

/// From whom a code comes.
enum Way<'a> {
    Given(&'a MfaCode),
    Variable(&'a str),
    Process(&'a str, &'a str),
    Person,
}

impl Mfa {
    /// The device of a profile, if it names one.
    ///
    /// # Errors
    /// [`Kind::Config`] for what is no serial number, and for a device without codes.
    pub(crate) fn of(subject: &Subject) -> Result<Option<Mfa>> {
        let Some(setting) = subject.profile.get("mfa_serial").filter(|setting| !setting.value.is_empty())
        else {
            return Ok(None);
        };
        if setting.value.contains(":u2f/") || setting.value.starts_with("u2f/") {
            let error = setting.refuse(
                "a passkey or security key: AWS asks those in a browser only, and takes no codes of them",
            );
            return Err(error
                .hint("add a virtual MFA device to the user in the IAM console, and name that one")
                .hint("or sign in with the browser, which takes the key: awsenv login, with a profile without keys"));
        }
        role::check_serial(&setting.value).map_err(|why| setting.refuse(&why))?;
        let process = subject.profile.get("mfa_process").filter(|setting| !setting.value.is_empty());
        process.map(Setting::trusted).transpose()?;
        Ok(Some(Mfa {
            serial: setting.value.to_string(),
            place: setting.place(),
            process: process.map(|setting| (setting.value.to_string(), Setting::place(setting))),
            given: subject.ask.mfa_code.clone(),
            person: subject.ask.person,
            parting: subject.ask.parting,
            named: subject.named.clone(),
        }))
    }

    pub(super) fn serial(&self) -> &str {
        &self.serial
    }

    /// Where the device is named.
    pub(super) fn place(&self) -> &str {
        &self.place
    }

    pub(super) fn partition(&self) -> Option<&str> {
        self.serial.strip_prefix("arn:").and_then(|rest| rest.split(':').next())
    }

    /// Fails if nobody can say a code: then it makes no sense to wait for another process that asks.
    ///
    /// # Errors
    /// [`Kind::LoginRequired`], naming the command that asks.
    pub(super) fn can_be_had(&self, host: &Host) -> Result<()> {
        self.way(host).map(drop)
    }

    fn way<'a>(&'a self, host: &'a Host) -> Result<Way<'a>> {
        if let Some(code) = &self.given {
            return Ok(Way::Given(code));
        }
        if let Some(code) = host.env.text("AWSENV_MFA_CODE") {
            return Ok(Way::Variable(code));
        }
        if let Some((command, place)) = &self.process {
            return Ok(Way::Process(command, place));
        }
        if self.person && host.term.can_ask() {
            return Ok(Way::Person);
        }
        let message =
            format!("`{}` needs a code of the MFA device {}", self.named, text::field(&self.serial));
        Err(Error::new(Kind::LoginRequired, message)
            .hint(format!("sign in: awsenv login {}", self.named.typed()))
            .hint("without a terminal: --mfa-code, AWSENV_MFA_CODE, or `mfa_process` in the profile"))
    }

    /// Makes a call with a code. A person who mistypes is asked again. `cancelled` is done if they press Ctrl-C.
    pub(super) fn with_code<T>(
        &self,
        host: &Host,
        cancelled: impl FnOnce() + Send + 'static,
        mut call: impl FnMut(sts::Mfa) -> Result<Result<T, Fault>>,
    ) -> Result<T> {
        let way = self.way(host)?;
        let tries = if matches!(way, Way::Person) { TRIES } else { 1 };
        if matches!(way, Way::Person) {
            signals::part_with(self.parting);
            signals::watch();
            signals::before_parting(cancelled);
        }
        for left in (0..tries).rev() {
            let code = self.code(host, &way)?;
            match call(sts::Mfa { serial: &self.serial, code: &code })? {
                Ok(done) => return Ok(done),
                Err(fault) if left > 0 && fault.refusal().is_some_and(is_wrong_code) => {
                    host.say("AWS does not take that code; each is good once, so wait for the next");
                }
                Err(fault) => return Err(self.explain(fault)),
            }
        }
        unreachable!("the last try returns")
    }

    fn code(&self, host: &Host, way: &Way) -> Result<Secret> {
        let no_code =
            |kind, whose: String| Error::new(kind, format!("{whose} is not an MFA code: six digits"));
        match way {
            Way::Given(MfaCode::Typed(code)) => {
                digits(code.expose()).ok_or_else(|| no_code(Kind::Usage, "that of --mfa-code".into()))
            }
            Way::Given(MfaCode::Stdin) => {
                let line = host.term.stdin_line()?;
                digits(&line).ok_or_else(|| no_code(Kind::Usage, "what came on stdin".into()))
            }
            Way::Variable(code) => {
                digits(code).ok_or_else(|| no_code(Kind::Usage, "that of AWSENV_MFA_CODE".into()))
            }
            Way::Process(command, place) => {
                let told = Mfa::run(host, command, place)?;
                let code = told.split_whitespace().next_back().and_then(digits);
                code.or_else(|| digits(&told))
                    .ok_or_else(|| no_code(Kind::Failed, format!("{place}: what `mfa_process` prints")))
            }
            Way::Person => loop {
                let question = format!("MFA code of {}: ", text::field(&self.serial));
                let answer = host.term.ask(&question, "say it with --mfa-code")?;
                match digits(&answer) {
                    Some(code) => return Ok(code),
                    None => host.say("a code has six digits"),
                }
            },
        }
    }

    /// Runs `mfa_process`: words as those of `credential_process`, and no shell.
    fn run(host: &Host, command: &str, place: &str) -> Result<String> {
        let wrong = |why: String| Error::new(Kind::Config, format!("{place}: `mfa_process`: {why}"));
        let argv = words::split(command).map_err(wrong)?;
        let Some(program) = argv.first() else { return Err(wrong("it is empty".into())) };
        let shown = text::field(program);
        if program.contains(std::path::is_separator) && !Path::new(program).is_absolute() {
            return Err(wrong(format!("`{shown}` depends on the directory you are in: write its full path")));
        }
        let path = process::find(host, program.as_ref())
            .ok_or_else(|| wrong(format!("there is no program `{shown}`")))?;
        host.debug(|| format!("{place}: `{shown}` is asked for an MFA code"));
        let env = before::environment(host);
        let gave_none = || Error::new(Kind::Failed, format!("{place}: `{shown}` gave no MFA code"));
        let done = child::ask(&path, &argv, env, LIMITS).map_err(|e| gave_none().because(e))?;
        let why = match done.end {
            End::Code(0) => return Ok(String::from_utf8_lossy(&done.stdout).into_owned()),
            End::Code(code) => format!("it ended with exit code {code}"),
            End::Signal(signal) => format!("it ended by signal {signal}"),
            End::TooLate => format!("it took longer than {} s", LIMITS.time.as_secs()),
            End::TooMuch => "it printed more than a code".into(),
            End::AtTerminal => "it wanted to ask on the terminal, which it does not have".into(),
        };
        let said = String::from_utf8_lossy(&done.stderr);
        let said = said.lines().find(|line| !line.trim().is_empty()).map(text::field);
        Err(said.into_iter().fold(gave_none().because(why), Error::because))
    }

    /// What AWS has against a device or a code.
    pub(super) fn explain(&self, fault: Fault) -> Error {
        let serial = text::field(&self.serial);
        match fault.refusal() {
            Some(refusal) if is_wrong_code(refusal) => Error::new(
                Kind::Refused,
                format!("AWS does not take the MFA code of {serial}"),
            )
            .because(refusal.words())
            .hint("each code is good once: wait for the next one; a device whose clock is wrong must be set"),
            Some(refusal) if is_about_mfa(&fault) => {
                Error::new(Kind::Refused, format!("{}: {serial} is no MFA device of this user", self.place))
                    .because(refusal.words())
                    .hint(
                        "name the device as IAM shows it under the user's security credentials: `mfa_serial`",
                    )
            }
            _ => fault.into_error("STS"),
        }
    }
}

/// Whether a fault is about the device or its code, and not about what was asked for with it.
pub(super) fn is_about_mfa(fault: &Fault) -> bool {
    fault.refusal().is_some_and(|refusal| refusal.message.contains("MultiFactorAuthentication failed"))
}

/// Source: STS answers so; a code that was used before is answered in the same way.
fn is_wrong_code(refusal: &Refusal) -> bool {
    refusal.message.contains("invalid MFA one time pass code")
}

/// The code in what was typed: six digits; blanks around and between them do not count.
fn digits(typed: &str) -> Option<Secret> {
    let code: String = typed.chars().filter(|c| !c.is_whitespace()).collect();
    let fits = code.len() == 6 && code.bytes().all(|b| b.is_ascii_digit());
    fits.then(|| Secret::new(code))
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_code_has_six_digits() {
        let code = |typed| super::digits(typed).map(|code| code.expose().to_owned());
        assert_eq!(code(" 123 456\n").as_deref(), Some("123456"));
        for bad in ["", "12345", "1234567", "12345a", "١٢٣٤٥٦"] {
            assert_eq!(code(bad), None, "{bad}");
        }
    }
}
