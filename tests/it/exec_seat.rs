//! `awsenv exec` at a terminal, as the command itself and beside it: what the keys do, and how the terminal is left.

use crate::crowd::signed_in;
use crate::seat::{CTRL_C, CTRL_D, CTRL_Z, Seat};
use crate::seat_shells::{Shell, each_shell, in_shell};
use crate::world::{World, has};
use rustix::process::{Pid, Signal, kill_process};
use std::time::{Duration, Instant};

const DIRECT: &str = "awsenv exec dev --";
const SERVER: &str = "awsenv exec --server dev --";
const CTRL_BACKSLASH: &str = "\x1c";

/// Does the same in every shell, in both modes.
fn each(test: impl Fn(&World, &mut Seat, &Shell, &str)) {
    each_shell(|shell| {
        let world = signed_in();
        for mode in [DIRECT, SERVER] {
            println!("{mode}"); // shown if the test fails
            test(&world, &mut shell.at(&world).start(), shell, mode);
        }
    });
}

/// The process whose command line begins so, once it is there.
fn waits_for(at: &mut Seat, line: &str) -> i32 {
    at.until(line, |at| at.left().iter().find(|(_, left)| left.starts_with(line)).map(|(pid, _)| *pid))
}

fn is_stopped(pid: i32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(") ").next().is_some_and(|rest| rest.starts_with('T'))
}

/// All but the size, which is not a mode.
fn modes(at: &mut Seat) -> String {
    at.types("stty -a | tr ';' '\\n' | grep -v columns")
}

#[test]
fn keys_that_end_it_are_its_end() {
    each(|_, at, _, mode| {
        for (key, code) in [(CTRL_C, 130), (CTRL_BACKSLASH, 131)] {
            at.starts(&format!("{mode} sh -c 'ulimit -c 0; exec sleep 60'"));
            waits_for(at, "sleep 60");
            at.keys(key);
            at.prompt();
            assert_eq!(at.status(), code);
        }
        // it may see to them itself, and stay
        let sees = "trap 'echo one' INT; trap 'echo two; exit 5' QUIT; echo go; while :; do sleep 0.02; done";
        at.starts(&format!("{mode} sh -c \"{sees}\""));
        at.sees("go");
        at.keys(CTRL_C);
        at.sees("one");
        at.keys(CTRL_BACKSLASH);
        let said = at.prompt();
        assert_eq!((said.matches("one").count(), said.matches("two").count()), (1, 1), "{said}");
        assert_eq!(at.status(), 5);
    });
}

#[test]
fn it_stops_and_goes_on_in_front_and_behind() {
    each(|_, at, shell, mode| {
        at.starts(&format!("{mode} cat"));
        let cat = waits_for(at, "cat ");
        at.answers("hello");
        at.shows("hello\nhello");
        for again in ["again", "once more"] {
            at.keys(CTRL_Z);
            at.prompt();
            assert!(is_stopped(cat));
            let jobs = at.types("jobs");
            assert!(jobs.contains(if shell.name == "zsh" { "suspended" } else { "topped" }), "{jobs}");
            at.starts("fg");
            at.until("it goes on", |_| (!is_stopped(cat)).then_some(()));
            at.answers(again);
            at.until("both", |at| (at.raw().matches(again).count() == 2).then_some(()));
        }
        at.keys(CTRL_Z);
        at.prompt();
        // behind, it may not read
        at.types("bg");
        at.until("it stops by itself", |at| at.left().iter().all(|(pid, _)| is_stopped(*pid)).then_some(()));
        at.starts("fg");
        at.until("it goes on", |_| (!is_stopped(cat)).then_some(()));
        at.keys(CTRL_D);
        at.prompt();
        assert_eq!(at.status(), 0);
        // one that reads nothing runs on there
        at.starts(&format!("{mode} sh -c 'sleep 1; exit 6'"));
        waits_for(at, "sleep 1");
        at.keys(CTRL_Z);
        at.prompt();
        at.types("bg");
        if shell.is_fish() {
            at.types("wait");
        } else {
            at.types("wait %1; echo code=$?");
            at.shows("code=6");
        }
        assert!(at.left().iter().all(|(_, line)| !line.contains("sleep 1")), "{:?}", at.left());
    });
}

#[test]
fn the_shell_waits_until_it_has_stopped() {
    each(|_, at, _, mode| {
        // one that takes its time
        let slow =
            "trap 'sleep 0.5; echo tidy; trap - TSTP; kill -TSTP $$' TSTP; echo go; while :; do :; done";
        at.starts(&format!("{mode} sh -c \"{}\"", slow.replace('$', "\\$")));
        at.sees("go");
        at.keys(CTRL_Z);
        let said = at.prompt();
        assert!(said.contains("tidy"), "{said}");
        let sh = waits_for(at, "sh -c");
        at.starts("fg");
        at.until("it goes on", |_| (!is_stopped(sh)).then_some(()));
        at.keys(CTRL_C);
        at.prompt();
        // one that does not stop
        at.starts(&format!("{mode} sh -c 'trap \"\" TSTP; echo go; read line; echo got $line'"));
        at.sees("go");
        at.keys(CTRL_Z);
        at.answers("it");
        assert!(at.prompt().contains("got it"));
    });
}

#[test]
fn one_continuation_is_enough() {
    each(|_, at, _, mode| {
        at.starts(&format!(
            "{mode} sh -c 'trap \"echo went on | tr a-z A-Z\" CONT; echo go; while :; do read line; done'"
        ));
        at.sees("go");
        at.keys(CTRL_Z);
        at.prompt();
        at.starts("fg");
        at.until("it goes on", |at| at.raw().contains("WENT ON").then_some(()));
        std::thread::sleep(Duration::from_millis(200));
        at.screen();
        assert_eq!(at.raw().matches("WENT ON").count(), 1);
        at.keys(CTRL_C);
        at.prompt();
    });
}

#[test]
fn a_window_that_changes_is_seen() {
    each(|_, at, _, mode| {
        at.starts(&format!("{mode} sh -c 'trap \"stty size\" WINCH; echo go; while :; do sleep 0.02; done'"));
        at.sees("go");
        at.resize(30, 90);
        at.until("the size", |at| at.raw().contains("30 90").then_some(()));
        at.keys(CTRL_C);
        at.prompt();
    });
}

/// Programs that take the whole terminal: what shows that it is there, what it shows again, and how it is left.
const FULL: [(&str, &str, &str, &str); 3] = [
    ("vim.tiny -u NONE text", "line 5", ":q\n", "vim.tiny"),
    ("less text", "line 5", "q", "less"),
    ("fzf <text", "line 5", "\x1b", "fzf"),
];

#[test]
fn programs_of_the_whole_terminal_stop_and_go_on() {
    each(|world, at, _, mode| {
        let text: String = (1..200).map(|number| format!("line {number}\n")).collect();
        world.write("home/text", &text);
        let before = modes(at);
        for (line, shown, quits, program) in FULL.iter().filter(|full| has(full.3)) {
            at.types("clear");
            at.starts(&format!("{mode} {line}"));
            at.shows(shown);
            let pid = waits_for(at, program);
            for _ in 0..2 {
                std::thread::sleep(Duration::from_millis(200)); // less overlooks it while it draws
                at.keys(CTRL_Z);
                at.prompt();
                assert!(is_stopped(pid), "{program}");
                assert_eq!(modes(at), before, "{program} stopped");
                at.types("clear");
                at.starts("fg");
                at.until(program, |_| (!is_stopped(pid)).then_some(()));
                at.shows(shown);
            }
            at.resize(20, 80);
            let gone = |at: &mut Seat| {
                let began = Instant::now();
                at.until("its end, or that it overlooks the key", |at| {
                    let gone = at.left().iter().all(|(left, _)| *left != pid);
                    (gone || began.elapsed() > Duration::from_secs(1)).then_some(gone)
                })
            };
            at.keys(quits);
            while !gone(at) {
                at.keys(quits);
            }
            at.prompt();
            at.resize(24, 80);
            assert_eq!(modes(at), before, "{program} ended");
        }
    });
}

#[test]
fn a_shell_within_has_the_terminal_to_itself() {
    in_shell("bash", |shell| {
        let world = signed_in();
        for mode in [DIRECT, SERVER] {
            let mut at = shell.start(&world, "");
            let outer = at.pid().to_string();
            at.types(&format!("{mode} bash --norc --noprofile -i -c 'true'; echo $?"));
            at.types(&format!("{mode} bash"));
            assert_ne!(at.types("echo $$"), outer);
            at.starts("sleep 61");
            waits_for(&mut at, "sleep 61");
            at.keys(CTRL_C);
            at.prompt();
            assert_eq!(at.status(), 130);
            at.starts("cat");
            let cat = waits_for(&mut at, "cat ");
            at.keys(CTRL_Z);
            at.prompt();
            assert!(at.types("jobs").contains("topped"));
            at.starts("fg");
            at.until("it goes on", |_| (!is_stopped(cat)).then_some(()));
            at.keys(CTRL_D);
            at.prompt();
            at.types("suspend");
            assert_eq!(at.types("echo $$"), outer, "the inner one stands");
            at.starts("fg");
            at.prompt();
            assert_ne!(at.types("echo $$"), outer);
            at.types("exit 3");
            assert_eq!((at.status(), at.types("echo $$")), (3, outer));
        }
    });
}

#[test]
fn a_terminal_that_is_gone_takes_both_along() {
    each(|_, at, _, mode| {
        at.starts(&format!("{mode} sleep 63"));
        waits_for(at, "sleep 63");
        at.hangs_up();
        let began = Instant::now();
        while !at.left().is_empty() && began.elapsed() < Duration::from_secs(10) {
            std::thread::sleep(Duration::from_millis(10));
        }
        assert_eq!(at.left(), []);
    });
}

#[test]
fn killed_we_take_along_even_one_that_is_stopped() {
    each_shell(|shell| {
        let world = signed_in();
        let mut at = shell.start(&world, "");
        for stopped in [false, true] {
            at.starts(&format!("{SERVER} sleep 64"));
            waits_for(&mut at, "sleep 64");
            let ours = waits_for(&mut at, "awsenv exec");
            if stopped {
                at.keys(CTRL_Z);
                at.prompt();
            }
            kill_process(Pid::from_raw(ours).unwrap(), Signal::KILL).unwrap();
            at.until("both are gone", |at| at.left().is_empty().then_some(()));
            if !stopped {
                at.prompt();
                assert_eq!(at.status(), 137);
            }
        }
    });
}
