//! The playground: a shell in which awsenv meets a simulated AWS.
//!
//! ```sh
//! cargo run --example playground                      # a shell to play in, with your browser
//! cargo run --example playground -- --headless        # the same; a stand-in person approves each sign-in
//! cargo run --example playground -- --demo            # the whole story, unattended, each step checked
//! cargo run --example playground -- --break STEP      # the story with that step made to go wrong: it must fail
//! cargo run --example playground -- --break list      # the names of the steps
//! ```
//!
//! This one program is several: what it is called decides ([`home::ROLES`]). In the playground's shell `awsenv` is
//! a link to it.

#![expect(clippy::disallowed_methods, reason = "the playground is outside the host: it makes the world")]

#[path = "playground/demo.rs"]
#[cfg(unix)]
mod demo;
#[path = "playground/enter.rs"]
#[cfg(unix)]
mod enter;
#[path = "playground/home.rs"]
mod home;
#[path = "playground/shell.rs"]
mod shell;
#[path = "mod.rs"]
#[cfg_attr(unix, expect(dead_code, reason = "the playground needs a part of what tests need"))]
#[cfg_attr(not(unix), allow(dead_code, clippy::allow_attributes, reason = "the same"))]
mod sim;
#[path = "playground/steps.rs"]
#[cfg(unix)]
mod steps;
#[path = "playground/terminal.rs"]
#[cfg(unix)]
mod terminal;

use sim::{Page, Person, whoami};
use std::ffi::OsString;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::Path;
use std::process::ExitCode;

const USAGE: &str = "usage: playground [--headless | --demo | --break STEP | --break list]";

fn main() -> ExitCode {
    let argv: Vec<OsString> = std::env::args_os().collect();
    let words: Vec<String> = argv.iter().skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let called = argv.first().and_then(|name| Path::new(name).file_stem()).unwrap_or_default();
    match (&*called.to_string_lossy(), &words[..]) {
        ("awsenv", _) => ExitCode::from(awsenv::run(&awsenv::Host::real(), &argv)),
        ("person", [url]) => tell(Person::new().approve(url).map(read)),
        ("aws-whoami", _) => tell(whoami::ask(|name| std::env::var(name).ok())),
        #[cfg(unix)]
        ("in-terminal", [line, program, args @ ..]) => tell(enter::enter(line, program, args)),
        (_, []) => play(home::has_no_browser()),
        (_, ["--headless"]) => play(true),
        (_, ["--demo"]) => demonstrate(None),
        (_, ["--break", step]) => demonstrate(Some(step)),
        _ => usage(USAGE),
    }
}

/// What a person reads on a page.
fn read(page: Page) -> String {
    sim::words(&page.body)
}

/// Prints what a role has to tell.
fn tell(told: Result<String, String>) -> ExitCode {
    match told {
        Ok(words) => {
            let _ = writeln!(io::stdout(), "{words}");
            ExitCode::SUCCESS
        }
        Err(why) => {
            let _ = writeln!(io::stderr(), "{why}");
            ExitCode::FAILURE
        }
    }
}

fn usage(why: &str) -> ExitCode {
    let _ = writeln!(io::stderr(), "{why}");
    ExitCode::from(2)
}

fn play(headless: bool) -> ExitCode {
    if !io::stdin().is_terminal() {
        return usage("the playground is a shell for a person, and stdin is no terminal; unattended: --demo");
    }
    match shell::play(headless) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => tell(Err(format!("the playground cannot be made: {why}"))),
    }
}

#[cfg(unix)]
fn demonstrate(broken: Option<&str>) -> ExitCode {
    match broken {
        Some("list") => tell(Ok(demo::names().join("\n"))),
        Some(name) if !demo::names().contains(&name) => {
            usage(&format!("there is no step `{name}`; the steps: {}", demo::names().join(" ")))
        }
        _ => tell(demo::run(broken)),
    }
}

#[cfg(not(unix))]
fn demonstrate(_: Option<&str>) -> ExitCode {
    usage("the demonstration needs bash and a terminal of Unix; without --demo there is a shell to play in")
}
