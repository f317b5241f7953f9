//! The whole story, unattended: what is typed, what comes, and what was checked, step by step.
//!
//! A check looks at what AWS was asked, at files and at variables; never only at printed words.

use crate::home::{self, Home};
use crate::shell;
use crate::sim::Sim;
use crate::steps::STEPS;
use crate::terminal::Terminal;
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::Command;

/// Stands around the exit code that the shell prints after each line.
const MARK: &str = "\u{1e}";

/// A part of the story.
pub(crate) struct Step {
    pub(crate) name: &'static str,
    pub(crate) tells: &'static str,
    pub(crate) play: fn(&mut Stage) -> Result<(), String>,
    /// Makes the step go wrong: its checks must notice.
    pub(crate) sabotage: fn(&mut Stage) -> Result<(), String>,
}

/// Where the story is played: a simulator, a home, a bash on a terminal.
pub(crate) struct Stage {
    shell: Terminal, // the first to go
    pub(crate) home: Home,
    pub(crate) sim: Sim,
    calls_seen: usize,
}

/// What a line left.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) shown: String,
}

/// The names of the steps, in order.
pub(crate) fn names() -> Vec<&'static str> {
    STEPS.iter().map(|step| step.name).collect()
}

/// Plays the story, one step of it broken if so wished; the last words.
pub(crate) fn run(broken: Option<&str>) -> Result<String, String> {
    let mut stage = Stage::new().map_err(|e| format!("the playground cannot be made: {e}"))?;
    for (at, step) in STEPS.iter().enumerate() {
        show(&format!("\n{}. {}: {}", at + 1, step.name, step.tells));
        let mut play = || {
            if broken == Some(step.name) {
                show("  (made to go wrong)");
                (step.sabotage)(&mut stage)?;
            }
            (step.play)(&mut stage)?;
            stage.no_refusals()
        };
        play().map_err(|why| format!("FAILED at {}: {}", step.name, stage.hush(&why)))?;
    }
    let root = stage.home.beside("");
    let told = shell::asked(&stage.sim.calls());
    drop(stage);
    if root.exists() {
        return Err(format!("FAILED: {} is left behind", root.display()));
    }
    Ok(format!("\nAll {} steps were played and checked. {told}", STEPS.len()))
}

fn show(line: &str) {
    let _ = writeln!(io::stdout(), "{line}");
}

impl Stage {
    fn new() -> io::Result<Stage> {
        let sim = Sim::start();
        let home = Home::new()?;
        let plain = ["PATH", "HOME", "BROWSER", "TMPDIR"];
        let mut env = home.environment(&sim, true)?;
        env.retain(|(name, _)| {
            let name = name.to_string_lossy();
            plain.contains(&&*name) || name.starts_with("AWS_ENDPOINT_URL")
        });
        let mut enter = Command::new(home.role("in-terminal"));
        enter.env_clear().envs(env).current_dir(home.dir());
        enter.envs([("PS1", ""), ("PS2", ""), ("TERM", "dumb"), ("HISTFILE", "")]);
        let bash = ["bash", "--noprofile", "--norc", "--noediting", "-i"];
        let shell = Terminal::start(enter, &bash, home::interruption()?)?;
        Ok(Stage { shell, home, sim, calls_seen: 0 })
    }

    /// Types a line, and shows it with what comes.
    pub(crate) fn types(&mut self, line: &str) -> Result<Ran, String> {
        self.begins(line)?;
        self.ends()
    }

    /// Types a line that will ask something.
    pub(crate) fn begins(&mut self, line: &str) -> Result<(), String> {
        show(&format!("  $ {line}"));
        self.enters(line)
    }

    /// Waits for a question, and shows all up to it; what was shown.
    pub(crate) fn asked(&mut self, question: &str) -> Result<String, String> {
        let before = self.shell.until(question)?;
        self.shows(&format!("{before}{question}"))?;
        Ok(before)
    }

    /// Types an answer, which is shown as `told`.
    pub(crate) fn answers(&mut self, answer: &str, told: &str) -> Result<(), String> {
        show(&format!("  < {told}"));
        self.shell.enter(answer)
    }

    /// Waits for the end of a line, and shows what came.
    pub(crate) fn ends(&mut self) -> Result<Ran, String> {
        let ran = self.done()?;
        self.shows(&ran.shown)?;
        Ok(ran)
    }

    /// Shows what came on the terminal. A secret there is the end of the story.
    fn shows(&self, text: &str) -> Result<(), String> {
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            show(&format!("  | {}", self.hush(line)));
        }
        match self.sim.secrets().iter().find(|secret| text.contains(secret.as_str())) {
            Some(_) => Err("a secret is shown on the terminal".to_owned()),
            None => Ok(()),
        }
    }

    /// A text without secrets, and without what differs from one run to the next.
    fn hush(&self, text: &str) -> String {
        let home = self.home.dir();
        let text = self.sim.secrets().iter().fold(text.to_owned(), |text, it| text.replace(it, "[SECRET]"));
        let text = text.replace(&*home.to_string_lossy(), "~");
        match text.split_once("/v1/authorize?") {
            Some((before, _)) => format!("{before}/v1/authorize?…"),
            None => text,
        }
    }

    /// Types a line that is no part of the story.
    pub(crate) fn behind_the_scenes(&mut self, line: &str) -> Result<(), String> {
        self.enters(line)?;
        match self.done()? {
            Ran { code: 0, .. } => Ok(()),
            ran => Err(format!("`{line}` ends with {}: {}", ran.code, ran.shown)),
        }
    }

    fn enters(&mut self, line: &str) -> Result<(), String> {
        self.shell.enter(&format!("{line}; printf '\\036%s\\036' \"$?\""))
    }

    fn done(&mut self) -> Result<Ran, String> {
        let shown = self.shell.until(MARK)?;
        let code = self.shell.until(MARK)?;
        let code = code.parse().map_err(|_| format!("the shell says `{code}` for an exit code"))?;
        Ok(Ran { code, shown })
    }

    /// The variables of the shell, as a program that it starts sees them.
    pub(crate) fn variables(&mut self) -> Result<BTreeMap<String, String>, String> {
        let file = self.home.beside("variables");
        self.behind_the_scenes(&format!("env -0 > '{}'", file.display()))?;
        let text = std::fs::read_to_string(file).map_err(|e| e.to_string())?;
        let pairs = text.split('\0').filter_map(|pair| pair.split_once('='));
        Ok(pairs
            .filter(|(name, _)| *name != "_") // the command itself
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect())
    }

    /// The token files of console sign-ins.
    pub(crate) fn tokens(&self) -> Vec<PathBuf> {
        let files = self.home.files().into_iter();
        files.filter(|path| path.starts_with(".aws/login/cache") && has_end(path, "json")).collect()
    }

    /// The contents of the one token file.
    pub(crate) fn token(&self) -> Result<serde_json::Value, String> {
        let [token] = &self.tokens()[..] else { return Err("there is not one token file".to_owned()) };
        let text = std::fs::read_to_string(self.home.dir().join(token)).map_err(|e| e.to_string())?;
        serde_json::from_str(&text).map_err(|e| e.to_string())
    }

    /// The profiles of `~/.aws/config`.
    pub(crate) fn config(&self) -> String {
        std::fs::read_to_string(self.home.dir().join(".aws/config")).unwrap_or_default()
    }

    /// What AWS was asked since this was last wanted.
    pub(crate) fn new_calls(&mut self) -> Vec<String> {
        let calls = self.sim.calls();
        let new = calls[self.calls_seen..].to_vec();
        self.calls_seen = calls.len();
        new
    }

    /// Checks what AWS was asked since the last time.
    pub(crate) fn aws_was_asked(&mut self, expected: &[&str]) -> Result<(), String> {
        let new = self.new_calls();
        let told = if expected.is_empty() { "nothing".to_owned() } else { expected.join(", ") };
        equal(&format!("AWS was asked: {told}"), &new, &expected.iter().map(ToString::to_string).collect())
    }

    fn no_refusals(&self) -> Result<(), String> {
        match &self.sim.refusals()[..] {
            [] => Ok(()),
            refusals => Err(format!("AWS would have refused: {}", refusals.join("; "))),
        }
    }
}

fn has_end(path: &std::path::Path, end: &str) -> bool {
    path.extension().is_some_and(|found| found == end)
}

/// Checks that something holds, and says it.
pub(crate) fn holds(what: &str, is_so: bool) -> Result<(), String> {
    if !is_so {
        return Err(format!("it does not hold that {what}"));
    }
    show(&format!("  ok: {what}"));
    Ok(())
}

/// Checks that something is what it should be, and says it.
pub(crate) fn equal<T: PartialEq + Debug>(what: &str, found: &T, expected: &T) -> Result<(), String> {
    if found != expected {
        return Err(format!("{what}: it is {found:?}, not {expected:?}"));
    }
    show(&format!("  ok: {what}"));
    Ok(())
}
