//! The user's own traps and handlers of events, set before the hook and after it: each still fires, and once.

use crate::crowd::signed_in;
use crate::hook::{end_while_it_waits, held_for, hook, key, load};
use crate::seat::Seat;
use crate::seat_shells::{Shell, at_once, in_shell};
use crate::world::World;

/// A shell with these lines before the hook, or after it, in which `dev` was loaded.
fn with(shell: &Shell, world: &World, lines: &str, first: bool) -> Seat {
    let hook = hook(shell);
    let rc = if first { format!("{lines}\n{hook}") } else { format!("{hook}{lines}\n") };
    let mut at = shell.start(world, &rc);
    load(&mut at);
    at
}

/// What the credentials end with is renewed before this command.
fn renews_before_a_command(shell: &Shell, world: &World, at: &mut Seat) {
    let old = key(at);
    end_while_it_waits(shell, world, at);
    assert_ne!(key(at), old, "{}", at.screen());
}

/// What is at hand is taken in at a prompt.
fn renews_at_a_prompt(shell: &Shell, at: &mut Seat) {
    held_for(shell, at, -5, 120);
    at.types("");
    let due = at.env()["AWSENV_REFRESH_AT"].parse::<i64>().unwrap();
    assert!(due > chrono::Utc::now().timestamp() + 60, "{}", at.screen());
}

#[test]
fn a_debug_trap_of_bash_is_its_users() {
    in_shell("bash", |shell| {
        let trap = "trap 'echo \"$BASH_COMMAND\" >>~/debug' DEBUG";
        let sourced = "echo \"trap 'echo \\\"\\$BASH_COMMAND\\\" >>~/debug' DEBUG\" >~/traps; . ~/traps";
        for (lines, first) in [(trap, true), (trap, false), (sourced, true), (sourced, false)] {
            let world = signed_in();
            let mut at = with(shell, &world, lines, first);
            at.types(": once");
            let fired = world.read("home/debug").lines().filter(|line| *line == ": once").count();
            assert_eq!(fired, 1, "{lines} first: {first}");
            at.types("sh -c 'exit 42'");
            assert_eq!(at.status(), 42);
            assert!(at.types("trap -p DEBUG").contains("BASH_COMMAND"), "{lines} first: {first}");
            renews_at_a_prompt(shell, &mut at);
        }
    });
}

#[test]
fn functions_that_are_traced_change_nothing() {
    in_shell("bash", |shell| {
        for options in ["set -T", "shopt -s extdebug", "set -TE; trap 'echo \"an error\"' ERR"] {
            at_once(&[true, false], |&first| {
                let world = signed_in();
                let mut at = with(shell, &world, options, first);
                at.types("f() { sh -c 'exit 42'; }");
                at.types("f");
                assert_eq!(at.status(), 42, "{options} first: {first}");
                assert_eq!(at.types("for i in 1 2; do echo $i; done; (echo 3); echo 4 | cat"), "1\n2\n3\n4");
                let errors = usize::from(options.contains("ERR"));
                assert_eq!(at.types("false; true; echo done").matches("an error").count(), errors);
                assert_eq!(at.types("true one two; echo $_"), "two");
                renews_before_a_command(shell, &world, &mut at);
            });
        }
    });
}

#[test]
fn traps_of_zsh_fire_once() {
    in_shell("zsh", |shell| {
        let functions = "TRAPDEBUG() { print -r -- \"$ZSH_DEBUG_CMD\" >>~/debug }\n\
                         TRAPZERR() { print 'an error' }\nTRAPEXIT() { print 'the end' >>~/end }";
        let traps = "trap 'print -r -- \"$ZSH_DEBUG_CMD\" >>~/debug' DEBUG\ntrap 'print an error' ZERR\n\
                     trap 'print the end >>~/end' EXIT";
        at_once(
            &[(functions, true), (functions, false), (traps, true), (traps, false)],
            |&(lines, first)| {
                let world = signed_in();
                let mut at = with(shell, &world, lines, first);
                at.types(": once");
                let fired = world.read("home/debug").lines().filter(|line| *line == ": once").count();
                assert_eq!(fired, 1, "{lines} first: {first}");
                assert_eq!(at.types("false"), "an error", "first: {first}");
                assert_eq!(at.status(), 1);
                assert_eq!(at.types("true"), "");
                assert_eq!(world.read("home/end"), "", "the shell lives");
                renews_at_a_prompt(shell, &mut at);
                assert_eq!(at.types("true"), "", "{lines} first: {first}");
                renews_before_a_command(shell, &world, &mut at);
                at.starts("exit");
                at.ends();
                assert_eq!(world.read("home/end"), "the end\n", "{lines} first: {first}");
            },
        );
    });
}

#[test]
fn handlers_of_fish_run_once() {
    in_shell("fish", |shell| {
        let lines = ["prompt", "preexec", "postexec", "exit"].map(|event| {
            format!("function on_{event} --on-event fish_{event}\n  echo {event} >>~/events\nend")
        });
        for first in [true, false] {
            let world = signed_in();
            let mut at = with(shell, &world, &lines.join("\n"), first);
            at.types("true >~/events");
            at.types("sh -c 'exit 42'");
            assert_eq!(at.status(), 42);
            at.starts("exit");
            at.ends();
            let events = world.read("home/events").replace('\n', " ");
            let one = "postexec prompt preexec ";
            assert_eq!(events, format!("{}postexec exit ", one.repeat(3)), "first: {first}");
        }
    });
}
