//! `awsenv refresh`: what the hook of a shell runs when its credentials are due. Not for people.

use crate::cache::cooldown::{self, Cooldown, Turn};
use crate::config::{self, Config};
use crate::error::{Error, Kind, Result};
use crate::host::child::{self, End, Limits};
use crate::host::{Host, process};
use crate::model::{EnvDelta, Hindrance, ProfileName, text};
use crate::plan::{self, Plan};
use crate::provider::Held;
use crate::shell::{self, Dialect};
use crate::{load, resolve};
use chrono::{DateTime, TimeDelta, Utc};
use std::time::Duration;

/// How long a command waits for credentials that have ended.
const PATIENCE: Duration = Duration::from_secs(5);

/// How often the cache is looked at meanwhile.
const PAUSE: Duration = Duration::from_millis(25);

/// When a prompt looks again: after a renewal was begun; while something stands in its way.
const SOON: TimeDelta = TimeDelta::seconds(2);
const LATER: TimeDelta = TimeDelta::minutes(1);
const SELDOM: TimeDelta = TimeDelta::minutes(5);

/// Renew what this shell holds, if that is due: what the hook runs
#[derive(clap::Args)]
#[command(hide = true)]
pub(crate) struct Args {
    /// The shell
    #[arg(long, value_name = "NAME")]
    shell: Option<String>,
    #[arg(long, value_enum, default_value = "prompt")]
    before: Before,
    /// Renew, print nothing, and tell the shells what stood in the way
    #[arg(long, conflicts_with_all = ["before", "here"])]
    background: bool,
    /// Renew here and now, however long it takes
    #[arg(long, conflicts_with = "before")]
    here: bool,
}

/// What comes next in the shell. A prompt never waits; a command is worth a while if it would surely fail.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Before {
    Prompt,
    Command,
}

pub(crate) fn run(args: Args, host: &Host) -> Result<u8> {
    if args.background {
        process::detach();
    }
    if args.here {
        child::stay_together();
    }
    let Some(name) = host.env.text("AWSENV_PROFILE").and_then(|name| name.parse::<ProfileName>().ok()) else {
        if !args.background {
            // it was taken away by hand: no prompt is to ask again
            let dialect = shell::choose(host, args.shell.as_deref())?;
            host.out(shell::render(dialect, &EnvDelta::look_again(None, None), None)?);
        }
        return Ok(0);
    };
    if args.background {
        return Ok(in_background(host, &name));
    }
    let dialect = shell::choose(host, args.shell.as_deref())?;
    let shell = Shell::of(host, dialect, name);
    if shell.holds_others {
        // ours may come back: direnv puts in others while one is in a directory
        shell.tell(&EnvDelta::look_again(Some(shell.now + LATER), None))?;
        return Ok(0);
    }
    let planned = config::load(host)
        .and_then(|config| plan::of(host, &config, &shell.profile).map(|plan| (config, plan)));
    match planned {
        Ok((_, plan)) if args.here => shell.load(&resolve::renewed(host, &plan)?)?,
        Ok((config, plan)) => shell.refresh(&config, &plan, args.before)?,
        Err(error) => {
            let message = format!("`{}` cannot be renewed: {}", shell.profile, error.in_one_line());
            shell.wait(Hindrance::Failed, &message, shell.now + LATER)?;
        }
    }
    Ok(0)
}

/// Renews for every shell. Its end is read from the cache, and from the cool-down.
fn in_background(host: &Host, name: &ProfileName) -> u8 {
    let Turn::Ours(_lock) = cooldown::turn(host, name) else { return 0 };
    let renewed =
        config::load(host).and_then(|config| resolve::renewed(host, &plan::of(host, &config, name)?));
    match renewed {
        Ok(_) => {
            cooldown::end(host, name);
            0
        }
        Err(error) => {
            let (why, message) = told(name, &error);
            cooldown::begin(host, name, why, message);
            error.kind.code()
        }
    }
}

/// What stands in the way, and the one line that says it.
fn told(name: &ProfileName, error: &Error) -> (Hindrance, String) {
    if error.kind == Kind::LoginRequired {
        (Hindrance::SignIn, sign_in(name))
    } else {
        (Hindrance::Failed, format!("`{name}` was not renewed: {}", error.in_one_line()))
    }
}

fn sign_in(name: &ProfileName) -> String {
    format!("`{name}` needs a sign-in: awsenv login {}", name.typed())
}

/// The shell whose hook asks.
struct Shell<'a> {
    host: &'a Host,
    dialect: &'a dyn Dialect,
    profile: ProfileName,
    now: DateTime<Utc>,
    expires_at: Option<DateTime<Utc>>,
    /// Its user, or another tool, put in other keys or took ours away: they are left alone.
    holds_others: bool,
    /// What it was told already.
    hindrance: Option<Hindrance>,
}

impl<'a> Shell<'a> {
    fn of(host: &'a Host, dialect: &'a dyn Dialect, profile: ProfileName) -> Shell<'a> {
        let seconds = host.env.text("AWSENV_EXPIRES_AT").and_then(|at| at.parse().ok());
        let ours = host.env.text("AWSENV_KEY_ID");
        Shell {
            host,
            dialect,
            profile,
            now: host.clock.now(),
            expires_at: seconds.and_then(|at| DateTime::from_timestamp(at, 0)),
            holds_others: ours.is_some() && ours != host.env.text("AWS_ACCESS_KEY_ID"),
            hindrance: host.env.text("AWSENV_RENEWAL").and_then(Hindrance::of),
        }
    }

    fn refresh(&self, config: &Config, plan: &Plan, before: Before) -> Result<()> {
        let held = resolve::at_hand(self.host, plan);
        if let Some(held) = held.as_ref().filter(|held| self.is_fresh(held)) {
            return self.load(held);
        }
        let better = held.filter(|held| self.is_better(held));
        let has_ended = better.is_none() && self.expires_at.is_none_or(|end| end <= self.now);
        if !plan.is_kept() || !cooldown::can_tell(self.host, &self.profile) {
            // nobody else could hand it over; and a prompt does not wait
            return if before == Before::Command { self.here() } else { Ok(()) };
        }
        if plan.steps.first().and_then(|step| step.signed_in(self.host)) == Some(false) {
            return self.wait(Hindrance::SignIn, &sign_in(&self.profile), self.now + LATER);
        }
        if let Some(cooldown) = self.cooldown(plan) {
            return self.wait(cooldown.why, &cooldown.message, cooldown.until().min(self.now + LATER));
        }
        if before == Before::Command && has_ended {
            return self.await_renewal(config);
        }
        let is_seen = self.begin();
        match better {
            Some(held) => self.load(&held),
            // it has ended: the command after this prompt is to look again at once; but where no lock can be kept, each
            // look begins one more
            None if has_ended && is_seen => Ok(()),
            // what stood in the way is there until a renewal went well: each further failure is no news
            None => self.tell(&EnvDelta::look_again(Some(self.now + SOON), self.hindrance)),
        }
    }

    fn is_fresh(&self, held: &Held) -> bool {
        held.refresh_at.is_none_or(|at| at > self.now)
    }

    /// Whether it lasts, and longer than what the shell holds.
    fn is_better(&self, held: &Held) -> bool {
        let end = held.credentials.expiration;
        end > self.expires_at && end.is_some_and(|end| end > self.now)
    }

    /// What stands in the way, unless somebody has signed in since.
    fn cooldown(&self, plan: &Plan) -> Option<Cooldown> {
        let cooldown = Cooldown::read(self.host, &self.profile)?;
        // it counts whole seconds: a token that the failed try itself renewed is no sign-in since
        let signed_in = plan.signed_in_at(self.host).map(|at| at.timestamp());
        let since = signed_in.is_some_and(|at| at > cooldown.since().timestamp());
        (!since).then_some(cooldown)
    }

    /// Begins a renewal for all shells, unless one is under way. Whether the next to ask would see that it is.
    fn begin(&self) -> bool {
        let Turn::Ours(lock) = cooldown::turn(self.host, &self.profile) else { return true };
        // given back before it starts, or it would take us for one that renews, and leave
        let holds = lock.is_some_and(|lock| lock.holds());
        if self.host.is_real() {
            let _ = process::start_ourselves(&["refresh", "--background"]);
        }
        holds
    }

    /// Begins it, and waits for its end.
    fn await_renewal(&self, config: &Config) -> Result<()> {
        self.begin();
        let deadline = self.host.clock.boot() + PATIENCE;
        while self.host.clock.boot() < deadline {
            std::thread::sleep(PAUSE);
            let plan = plan::of(self.host, config, &self.profile)?;
            let held = resolve::at_hand(self.host, &plan);
            if let Some(held) = held.filter(|held| self.is_fresh(held) || self.is_better(held)) {
                return self.load(&held);
            }
            if let Some(cooldown) = self.cooldown(&plan) {
                return self.wait(cooldown.why, &cooldown.message, cooldown.until().min(self.now + LATER));
            }
        }
        let message = format!("`{}` is still being renewed; the command runs without", self.profile);
        self.wait(Hindrance::Failed, &message, self.host.clock.now() + TimeDelta::seconds(10))
    }

    /// Renews what is kept nowhere, in a process that can be ended.
    fn here(&self) -> Result<()> {
        let argv = ["awsenv", "refresh", "--here", "--shell", self.dialect.name()].map(str::to_owned);
        let env = self.host.env.all().map(|(name, value)| (name.to_owned(), value.to_owned()));
        let limits = Limits { time: PATIENCE, stdout: 256 * 1024, stderr: 16 * 1024 };
        let done = process::ourselves().and_then(|path| child::ask(&path, &argv, env, limits));
        if let Ok(done) = &done
            && done.end == End::Code(0)
        {
            self.host.out(&done.stdout);
            return Ok(());
        }
        let needs_a_person =
            matches!(&done, Ok(done) if done.end == End::Code(Kind::LoginRequired.code().into()));
        if needs_a_person {
            return self.wait(Hindrance::SignIn, &sign_in(&self.profile), self.now + LATER);
        }
        let said = match done {
            Ok(done) if done.end == End::AtTerminal => "it asks at the terminal".to_owned(),
            Ok(done) => first_line(&done.stderr),
            Err(e) => e.to_string(),
        };
        let message = format!("`{}` was not renewed: {said}", self.profile);
        // while the old ones last, few commands are worth the wait
        let lasts = self.expires_at.is_some_and(|end| end > self.now + SELDOM);
        self.wait(Hindrance::Failed, &message, self.now + if lasts { SELDOM } else { LATER })
    }

    /// Gives the shell newer credentials. If they are another's than before, it is said.
    fn load(&self, held: &Held) -> Result<()> {
        let who = |account: Option<&str>, identity: Option<&str>| {
            let parts: Vec<&str> = account.into_iter().chain(identity).collect();
            (!parts.is_empty()).then(|| text::clean(&parts.join("/")))
        };
        let account = held.credentials.account.as_ref().map(ToString::to_string);
        let is = who(account.as_deref(), held.identity.as_deref());
        let was = who(self.host.env.text("AWSENV_ACCOUNT_ID"), self.host.env.text("AWSENV_IDENTITY"));
        if let (Some(is), Some(was)) = (is, was)
            && is != was
        {
            self.host.say(format!("awsenv: `{}` is {is} from now on; it was {was}", self.profile));
        }
        self.tell(&load::renewal(&self.profile, held))
    }

    /// Has the shell wait, and says why, once.
    fn wait(&self, why: Hindrance, message: &str, until: DateTime<Utc>) -> Result<()> {
        if self.hindrance != Some(why) {
            self.host.whisper(format!("awsenv: {message}"));
        }
        self.tell(&EnvDelta::look_again(Some(until), Some(why)))
    }

    fn tell(&self, delta: &EnvDelta) -> Result<()> {
        self.host.out(shell::render(self.dialect, delta, None)?);
        Ok(())
    }
}

/// The first line that a failed run wrote, without the word that begins it.
fn first_line(stderr: &[u8]) -> String {
    let said = String::from_utf8_lossy(stderr);
    let line = said.lines().find(|line| line.starts_with("error: ")).unwrap_or("no answer within 5 s");
    line.trim_start_matches("error: ").to_owned()
}
