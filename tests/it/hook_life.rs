//! What a shell with the hook lives through: children, a program that goes, a terminal that goes.

use crate::crowd::{AWSENV, signed_in};
use crate::hook::{at_hand_for, end_while_it_waits, held_for, hook, key, load, loaded};
use crate::seat::{CTRL_C, CTRL_D, CTRL_Z};
use crate::seat_shells::{each_shell, in_shell};
use crate::sim::{Fault, Op};
use crate::world::World;
use std::time::{Duration, Instant};

#[test]
fn a_child_shell_has_the_credentials_and_the_hook() {
    each_shell(|shell| {
        let world = signed_in();
        let mut at = loaded(shell, &world);
        let held = key(&mut at);
        at.types(shell.name);
        assert_eq!(key(&mut at), held);
        at.types("awsenv unset");
        assert_eq!(key(&mut at), "");
        at.keys(CTRL_D);
        at.prompt();
        assert_eq!(key(&mut at), held);
        at.types(&format!("exec {}", shell.name));
        assert_eq!(key(&mut at), held);
        at.types("awsenv unset");
        assert_eq!(key(&mut at), "", "{}", at.screen());
    });
}

#[test]
fn a_program_that_is_gone_is_missed_once() {
    each_shell(|shell| {
        let world = signed_in();
        let copy = world.path("bin/awsenv");
        world.write("bin/awsenv", "");
        std::fs::copy(AWSENV, &copy).unwrap();
        let rc = shell.takes(&format!("{} init {}", copy.display(), shell.name));
        // only this one is on the PATH
        let path = if shell.is_fish() { "set -gx PATH /usr/bin /bin\n" } else { "PATH=/usr/bin:/bin\n" };
        let mut at = shell.start(&world, &format!("{path}{rc}\n"));
        load(&mut at);
        std::fs::remove_file(&copy).unwrap();
        held_for(shell, &mut at, -5, 120);
        let mut said = at.said();
        for _ in 0..3 {
            said += &at.types("true");
            at.types(&shell.export("AWSENV_REFRESH_AT", "1700000000"));
            said += &at.said();
        }
        assert_eq!(said.matches("is gone").count(), 1, "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    });
}

#[test]
fn a_renewal_in_the_background_keeps_no_terminal_open() {
    each_shell(|shell| {
        let world = signed_in();
        let mut at = loaded(shell, &world);
        world.sim.fault_always(Op::Refresh, Fault::Silent);
        at_hand_for(&world, 120);
        held_for(shell, &mut at, -5, 120);
        at.until("a renewal in the background", |at| {
            at.left().iter().any(|(_, line)| line.contains("refresh --background")).then_some(())
        });
        assert_eq!(at.types("jobs"), if shell.is_fish() { "jobs: There are no jobs" } else { "" });
        let took = at.hangs_up();
        assert!(took < Duration::from_secs(2), "{took:?}");
    });
}

#[test]
fn ctrl_c_ends_the_wait_before_a_command() {
    each_shell(|shell| {
        let world = signed_in();
        let mut at = loaded(shell, &world);
        world.sim.fault_always(Op::Refresh, Fault::Silent);
        at_hand_for(&world, 2);
        held_for(shell, &mut at, 2, 2);
        std::thread::sleep(Duration::from_millis(3100));
        let start = Instant::now();
        at.starts("echo ran >ran");
        at.until("the wait", |at| {
            at.left().iter().any(|(_, line)| line.contains("--before command")).then_some(())
        });
        at.keys(CTRL_C);
        at.prompt();
        assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
        // fish goes on with the command, whatever becomes of an event's function
        assert_eq!(world.path("home/ran").exists(), shell.is_fish(), "{}", at.screen());
        // to bash alone, a trap's end is the command's
        let bash = shell.name == "bash";
        let said = at.types(if bash { "echo $?" } else { "echo sane" });
        assert!(said.ends_with(if bash { "130" } else { "sane" }), "{said}");
    });
}

#[test]
fn ctrl_z_in_the_wait_before_a_command_loses_nothing() {
    each_shell(|shell| {
        let world = signed_in();
        let mut at = loaded(shell, &world);
        let old = key(&mut at);
        world.sim.fault(Op::Refresh, Fault::Slow(Duration::from_millis(2500)));
        end_while_it_waits(shell, &world, &mut at);
        at.starts("echo ran");
        at.until("the wait", |at| {
            at.left().iter().any(|(_, line)| line.contains("--before command")).then_some(())
        });
        at.keys(CTRL_Z);
        let said = at.prompt();
        assert!(said.ends_with("ran"), "{said}");
        assert_ne!(key(&mut at), old, "{}", at.screen());
    });
}

#[test]
fn the_users_traps_still_fire_and_once() {
    in_shell("bash", |shell| {
        for traps_first in [true, false] {
            let world = signed_in();
            let traps = "trap 'echo an error' ERR\ntrap 'echo the end >>end' EXIT\n";
            let rc = if traps_first {
                format!("{traps}{}", hook(shell))
            } else {
                format!("{}{traps}", hook(shell))
            };
            let mut at = shell.start(&world, &rc);
            load(&mut at);
            assert_eq!(at.types("false"), "an error");
            assert_eq!(at.types("true"), "");
            at.types("trap 'echo debug $BASH_COMMAND' DEBUG");
            assert_eq!(at.types("true").matches("debug true").count(), 1, "{}", at.screen());
            at.starts("exit");
            at.ends();
            assert_eq!(world.read("home/end"), "the end\n");
        }
    });
}

#[test]
fn a_program_that_gives_no_credentials_is_not_left_behind() {
    each_shell(|shell| {
        let program = "#!/bin/sh\n[ ! -e \"$HOME/slow\" ] || sleep 47\n\
            end=$(date -u -d '+1 hour' +%FT%TZ)\n\
            echo '{\"Version\":1,\"AccessKeyId\":\"ASIAFAKE000000000001\",\"SecretAccessKey\":\"s\",\
            \"SessionToken\":\"t\",\"Expiration\":\"'$end'\"}'\n";
        let world = World::new();
        world.write("home/program", program);
        let path = world.path("home/program");
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let world = world.config(&format!("[profile dev]\ncredential_process = {}\n", path.display()));
        let mut at = shell.start(&world, &hook(shell));
        at.types("awsenv login dev");
        assert!(key(&mut at).starts_with("ASIA"), "{}", at.screen());
        world.write("home/slow", "");
        for by_hand in [false, true] {
            held_for(shell, &mut at, -5, 800);
            at.starts("true");
            if by_hand {
                at.until("the program", |at| {
                    at.left().iter().any(|(_, line)| line.contains("sleep 47")).then_some(())
                });
                at.keys(CTRL_C);
            }
            at.prompt();
            at.until("no program", |at| {
                (!at.left().iter().any(|(_, line)| line.contains("sleep 47"))).then_some(())
            });
        }
    });
}

#[test]
fn where_nothing_can_be_kept_no_crowd_of_renewals_comes() {
    each_shell(|shell| {
        let world = signed_in().env("AWSENV_STATE_HOME", "/dev/null/nowhere");
        let mut at = loaded(shell, &world);
        world.sim.fault_always(Op::Refresh, Fault::Silent);
        at_hand_for(&world, -60);
        held_for(shell, &mut at, -60, -60);
        let start = Instant::now();
        for _ in 0..10 {
            at.types("");
        }
        let most = 2 + start.elapsed().as_secs() / 2;
        let begun = at.left().iter().filter(|(_, line)| line.contains("--background")).count();
        assert!(begun as u64 <= most, "{begun} renewals in {:?}", start.elapsed());
    });
}

#[test]
fn a_restricted_shell_is_left_alone() {
    for (name, line) in [("bash", "rbash"), ("zsh", "zsh -r")] {
        in_shell(name, |shell| {
            let world = signed_in();
            let mut at = loaded(shell, &world);
            at.types(line);
            for _ in 0..2 {
                held_for(shell, &mut at, -5, 120);
                assert_eq!((at.said().as_str(), at.types("echo hi").as_str()), ("", "hi"), "{line}");
            }
        });
    }
}
