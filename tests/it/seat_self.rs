//! The seat itself, with shells that have no hook.

use crate::seat::{CTRL_C, CTRL_D, CTRL_Z, Seat, TAB, UP};
use crate::seat_shells::{each_shell, in_shell};
use crate::world::{World, has};
use std::time::Duration;

#[test]
fn what_a_command_says_is_told_without_its_echo_and_the_prompt() {
    each_shell(|shell| {
        let world = World::new();
        for terminal in ["xterm-256color", "dumb"] {
            let mut at = shell.at(&world).env("TERM", terminal).start();
            assert_eq!(at.types("echo one"), "one", "{terminal}");
            assert_eq!(at.types(""), "");
            assert_eq!(at.types("true"), "");
            assert_eq!(at.types("echo; echo two; echo; echo three"), "\ntwo\n\nthree");
            assert_eq!(at.types("printf '\\033[31mred\\033[0m \\303\\251\\n'"), "red é");
            assert!(at.raw().contains("\x1b[31mred\x1b[0m"), "{:?}", at.raw());
            let long = "x".repeat(300);
            assert_eq!(at.types(&format!("echo {long}")), long, "an echo of several lines");
            assert_eq!(at.types("seq 200").lines().count(), 200);
            at.sees("77");
            assert_eq!(at.types("echo to the terminal >/dev/tty"), "to the terminal");
            assert_eq!(at.types("tput cols 2>/dev/null || stty size </dev/tty | cut -d ' ' -f 2"), "80");
        }
    });
}

#[test]
fn a_status_is_the_shells_own() {
    each_shell(|shell| {
        let world = World::new();
        let mut at = shell.start(&world, "");
        assert_eq!(at.status(), 0);
        at.types("sh -c 'exit 42'");
        assert_eq!(at.status(), 42);
        at.starts("sleep 60");
        at.until("sleep", |at| at.left().iter().find(|(_, line)| line.starts_with("sleep 60")).cloned());
        at.keys(CTRL_C);
        at.prompt();
        assert_eq!(at.status(), 130);
        assert_eq!(
            at.types(if shell.is_fish() { "echo $fish_pid" } else { "echo $$" }),
            at.pid().to_string()
        );
        at.types("clear");
        assert!(!at.screen().contains("echo"), "{}", at.screen());
        at.starts("exit 7");
        assert_eq!(at.ends(), 7);
    });
}

#[test]
fn the_rc_file_and_the_environment_are_the_tests() {
    each_shell(|shell| {
        let world = World::new().env("AWS_REGION", "eu-west-1");
        let mut at = shell.at(&world).rc(&shell.export("FROM_RC", "a b")).env("GIVEN", "x=y").start();
        let env = at.env();
        assert_eq!((&*env["FROM_RC"], &*env["GIVEN"], &*env["AWS_REGION"]), ("a b", "x=y", "eu-west-1"));
        assert!(!env.contains_key("AWSENV_SHELL"));
        at.types(&shell.export("LATER", "l"));
        assert_eq!(at.env()["LATER"], "l");
        assert_eq!(at.types("awsenv --version"), format!("awsenv {}", env!("CARGO_PKG_VERSION")));
        at.types(&shell.takes("echo export TAKEN=yes"));
        assert_eq!(at.env()["TAKEN"], "yes");
        at.types(shell.name);
        assert_eq!(at.types("echo inner"), "inner", "a shell in the shell has the same rc file");
        at.keys(CTRL_D);
        at.prompt();
        assert_eq!(at.types("echo outer"), "outer");
        at.keys(CTRL_D);
        assert_eq!(at.ends(), 0);
    });
}

#[test]
fn a_shell_without_a_person_is_a_seat_too() {
    each_shell(|shell| {
        let world = World::new();
        let mut at = shell.at(&world).args(&["-c", "echo said; exit 3"]).start_without_prompt();
        at.shows("said");
        assert_eq!(at.ends(), 3);
    });
}

#[test]
fn jobs_stop_and_go_on() {
    each_shell(|shell| {
        let world = World::new();
        let mut at = shell.start(&world, "");
        let cat = |at: &Seat| at.left().iter().any(|(_, line)| line.trim() == "cat").then_some(());
        at.starts("cat");
        at.until("cat", cat);
        at.answers("hello");
        at.shows("hello\nhello"); // the terminal's echo, and the program's
        at.keys(CTRL_Z);
        at.prompt();
        let jobs = at.types("jobs");
        assert!(jobs.contains(if shell.name == "zsh" { "suspended" } else { "topped" }), "{jobs}");
        at.starts("fg");
        at.sees("cat");
        at.answers("again");
        // its echo may come amid what the shell says
        at.until("both", |at| (at.raw().matches("again").count() == 2).then_some(()));
        at.keys(CTRL_D);
        at.prompt();
        assert_eq!(at.status(), 0);
    });
}

#[test]
fn keys_edit_the_line() {
    each_shell(|shell| {
        let world = World::new();
        world.write("home/unmistakable", "the content\n");
        let mut at = shell.start(&world, "");
        at.types("echo first");
        at.keys(UP);
        at.shows("echo first\nfirst\n");
        at.keys("\r");
        assert_eq!(at.prompt(), "first");
        at.keys(&format!("cat unmis{TAB}"));
        at.shows("cat unmistakable");
        at.keys("\r");
        assert_eq!(at.prompt(), "the content");
    });
}

#[test]
fn the_right_prompt_is_on_the_right() {
    in_shell("zsh", |shell| {
        let world = World::new();
        let mut at = shell.at(&world).size(5, 40).rc("RPROMPT='at the right'").start();
        at.shows("%                          at the right");
        at.resize(5, 60);
        at.types("");
        at.shows("%                                              at the right");
        at.types("PROMPT=\"before $PROMPT\"");
        at.shows("before %");
        assert_eq!(at.types("echo x"), "x", "the prompt is found with something before it");
    });
    in_shell("bash", |shell| {
        let world = World::new();
        let mut at = shell.start(&world, "PS1=\"before $PS1 after \"");
        at.shows("before $  after");
        assert_eq!(at.types("echo x"), "x");
    });
    in_shell("fish", |shell| {
        let world = World::new();
        let rc = "function fish_right_prompt\n  echo 'at the right'\nend\nfunction fish_prompt\n  echo 'mine > '\nend";
        let mut at = shell.at(&world).size(5, 40).rc(rc).start();
        at.shows("mine >                      at the right");
        assert_eq!(at.types("echo x"), "x");
    });
}

#[test]
fn a_terminal_that_is_gone_takes_its_jobs_along() {
    each_shell(|shell| {
        let world = World::new();
        let mut at = shell.start(&world, "");
        at.types("sleep 61 &");
        at.types("setsid sleep 62 >/dev/null 2>&1 </dev/null &");
        let both = |at: &Seat| {
            let left = at.left();
            let mut lines: Vec<&str> = left.iter().map(|(_, line)| line.trim()).collect();
            lines.sort_unstable();
            (lines == ["sleep 61", "sleep 62"]).then_some(())
        };
        at.until("both sleep", both);
        assert!(at.hangs_up() < Duration::from_secs(10));
        let start = std::time::Instant::now();
        while at.left().len() > 1 && start.elapsed() < Duration::from_secs(10) {
            std::thread::sleep(Duration::from_millis(5));
        }
        assert!(matches!(&*at.left(), [(_, line)] if line.trim() == "sleep 62"), "{:?}", at.left());
        let pid = at.left()[0].0;
        drop(at);
        let left = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        assert!(left.is_empty(), "the seat leaves nothing");
    });
}

#[test]
fn what_a_shell_starts_is_counted() {
    if !has("strace") {
        return;
    }
    each_shell(|shell| {
        let world = World::new();
        let mut at = shell.at(&world).traced().start();
        at.types("");
        let nothing = at.starting(|at| drop(at.types("")));
        assert_eq!((nothing.processes, &*nothing.programs), (0, [].as_slice()), "{nothing:?}");
        let two = at.starting(|at| drop(at.types("/bin/true; sh -c '/bin/true; exit 0'")));
        assert_eq!(two.processes, 3, "{two:?}");
        assert_eq!(two.programs.len(), 3, "{two:?}");
        assert!(two.programs[1].ends_with("/sh"), "{two:?}");
    });
}
