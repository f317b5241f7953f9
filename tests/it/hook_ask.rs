//! A sign-in that asks at the terminal while the shell captures what it prints.

use crate::crowd::DEV;
use crate::hook::{hook, key};
use crate::seat::{CTRL_C, CTRL_Z, Seat};
use crate::seat_shells::{Shell, each_shell};
use crate::sim::Person;
use crate::world::World;

/// A profile that is another's.
const TIED: &str = "[profile dev]\nlogin_session = arn:aws:iam::123456789012:user/bob\nregion = eu-west-1\n";

/// The two ways to load a shell: the function, and the line of the README.
fn ways(shell: &Shell, arguments: &str) -> [String; 2] {
    let line = format!("awsenv login {arguments}");
    [line.clone(), shell.takes(&format!("command {line}"))]
}

/// The page that a person is told to open.
fn url(at: &mut Seat) -> String {
    at.until("a page to open", |at| {
        let shown = at.raw();
        let (_, url) = shown.split_once("http")?;
        let (url, _) = url.split_once(['\r', '\n'])?;
        Some(format!("http{url}"))
    })
}

/// How the terminal is, as a program finds it.
fn terminal(at: &mut Seat) -> String {
    at.types("stty -a")
}

#[test]
fn a_code_is_asked_for_and_read() {
    each_shell(|shell| {
        for line in ways(shell, "dev --remote") {
            let world = World::new().config(DEV);
            let mut at = shell.start(&world, &hook(shell));
            let before = terminal(&mut at);
            at.starts(&line);
            let code = Person::new().code(&url(&mut at)).unwrap();
            at.shows("code:");
            at.answers(&code);
            at.prompt();
            assert_eq!(at.status(), 0, "{line}\n{}", at.screen());
            assert!(key(&mut at).starts_with("ASIA"), "{line}: {}", at.screen());
            assert_eq!(terminal(&mut at), before);
            assert_eq!(world.opened(), 0);
        }
    });
}

#[test]
fn yes_or_no_is_asked() {
    each_shell(|shell| {
        for line in ways(shell, "dev") {
            let world = World::new().config(TIED);
            let mut at = shell.start(&world, &hook(shell));
            at.starts(&line);
            at.shows("[y/n]");
            at.answers("n");
            at.prompt();
            assert_eq!((at.status(), key(&mut at)), (1, String::new()), "{line}");
            at.types("clear");
            at.starts(&line);
            at.shows("[y/n]");
            at.answers("y");
            at.prompt();
            assert_eq!(at.status(), 0, "{line}\n{}", at.screen());
            assert!(key(&mut at).starts_with("ASIA"), "{line}: {}", at.screen());
        }
    });
}

#[test]
fn a_profile_is_picked_from_a_list() {
    each_shell(|shell| {
        for line in ways(shell, "") {
            let world = World::new().config(&format!("{DEV}{}", DEV.replace("dev", "prod")));
            let mut at = shell.start(&world, &hook(shell));
            let before = terminal(&mut at);
            at.starts(&line);
            at.shows("dev  (");
            at.keys("prod\r");
            at.prompt();
            assert_eq!(at.status(), 0, "{line}\n{}", at.screen());
            assert_eq!(at.env().get("AWSENV_PROFILE").map(String::as_str), Some("prod"), "{line}");
            assert_eq!(terminal(&mut at), before);
        }
    });
}

#[test]
fn ctrl_c_at_a_question_leaves_all_as_it_was() {
    each_shell(|shell| {
        for (arguments, question) in [("dev --remote", "code:"), ("", "dev  (")] {
            for line in ways(shell, arguments) {
                let world = World::new().config(DEV);
                let mut at = shell.start(&world, &hook(shell));
                let before = terminal(&mut at);
                let and = if shell.is_fish() { "; and" } else { " &&" };
                at.starts(&format!("{line}{and} echo \"it went $HOME on\""));
                at.shows(question);
                at.keys(CTRL_C);
                assert!(!at.prompt().contains("it went /"), "{line}: {}", at.screen());
                // all end the line; zsh and fish then say what they like, for their own signal may come first
                let status = at.status();
                assert!(status == 130 || shell.name != "bash", "{line}: {status}\n{}", at.screen());
                assert_eq!(key(&mut at), "");
                assert_eq!(terminal(&mut at), before, "{line}");
                assert_eq!(at.types("echo sane"), "sane");
            }
        }
    });
}

#[test]
fn ctrl_z_at_a_question_loses_nothing() {
    each_shell(|shell| {
        for line in ways(shell, "dev --remote") {
            let world = World::new().config(DEV);
            let mut at = shell.start(&world, &hook(shell));
            at.starts(&line);
            let code = Person::new().code(&url(&mut at)).unwrap();
            at.shows("code:");
            at.keys(CTRL_Z);
            at.shows("code: ^Z");
            at.answers(&code);
            at.prompt();
            assert_eq!(at.status(), 0, "{line}\n{}", at.screen());
            assert!(key(&mut at).starts_with("ASIA"), "{line}: {}", at.screen());
        }
    });
}
