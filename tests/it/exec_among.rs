//! `awsenv exec` among other programs, as the command itself and beside it: in scripts, pipelines, behind `nohup`.

use crate::crowd::{AWSENV, end, expire, signal, signed_in, start};
use crate::exec_parent::{SERVER, catches, each_mode, line, ready, run};
use crate::world::{eventually, has};
use rustix::process::{Pid, Signal, getpgid};
use std::io::Read as _;
use std::path::Path;

#[test]
fn it_is_of_our_group_and_session() {
    let world = signed_in();
    each_mode(|mode| {
        let mut child = ready(&world, mode, "echo ready; echo $$; exec sleep 60");
        let mut said = [0; 32];
        let length = child.stdout.as_mut().unwrap().read(&mut said).unwrap();
        let pid = String::from_utf8_lossy(&said[..length]).trim().parse().unwrap();
        let group = getpgid(Pid::from_raw(pid)).unwrap();
        assert_eq!(
            (Some(group), Some(group)),
            (getpgid(Some(Pid::from_child(&child))).ok(), getpgid(None).ok())
        );
        signal(&child, Signal::TERM);
        assert_eq!(end(child).signal, Some(15));
    });
}

#[test]
fn what_is_sent_reaches_it_after_the_network_was_used() {
    let world = signed_in();
    each_mode(|mode| {
        for (sent, name) in [(Signal::TERM, "TERM"), (Signal::HUP, "HUP"), (Signal::INT, "INT")] {
            expire(&world.token_file());
            let child = ready(&world, mode, &catches(&[name]));
            signal(&child, sent);
            let ran = end(child);
            assert_eq!((ran.code, ran.stdout), (3, format!("got {name}\n")));
        }
    });
}

#[test]
fn what_was_ignored_is_ignored() {
    let world = signed_in();
    each_mode(|mode| {
        let mut command = world.command_of(Path::new("nohup"));
        command.arg(AWSENV).args(mode).args(["sh", "-c", "echo ready; while :; do sleep 0.02; done"]);
        let mut child = start(&mut command);
        child.stdout.as_mut().unwrap().read_exact(&mut [0; 6]).unwrap();
        signal(&child, Signal::HUP);
        std::thread::sleep(std::time::Duration::from_millis(200));
        assert!(child.try_wait().unwrap().is_none(), "it runs on");
        signal(&child, Signal::TERM);
        assert_eq!(end(child).signal, Some(15));
        // all that we heed
        let ignore = "trap '' HUP INT QUIT USR1 USR2 TERM TSTP TTIN TTOU; exec \"$0\" \"$@\"";
        let begin = |mode: &[&str]| {
            let mut command = world.command_of(Path::new("/bin/sh"));
            command.args(["-c", ignore]).args(mode);
            let script = "sed -n 's/SigIgn:.//p' /proc/self/status; sleep 0.5; sleep 0.5; exit 8";
            let mut child = start(command.args(["sh", "-c", script]));
            let mut mask = [0; 17];
            child.stdout.as_mut().unwrap().read_exact(&mut mask).unwrap();
            (child, mask)
        };
        let (plain, expected) = begin(&["env"]);
        let (ours, mask) = begin(&[&[AWSENV], mode].concat());
        for sent in [Signal::HUP, Signal::INT, Signal::TERM, Signal::USR1, Signal::TSTP] {
            signal(&ours, sent);
        }
        assert_eq!((end(ours).code, mask), (8, expected));
        assert_eq!(end(plain).code, 8);
    });
}

#[test]
fn it_is_a_part_of_scripts_and_pipelines() {
    let world = signed_in();
    each_mode(|mode| {
        let same = |shell: &str, text: &str, said: &str| {
            let ran = line(&world, shell, mode, text);
            assert_eq!(ran.stdout, said, "{shell}: {text}: {}", ran.stderr);
        };
        let shells = ["sh", "bash", "zsh"];
        for shell in shells.into_iter().filter(|shell| has(shell)) {
            let split = if shell == "zsh" { "setopt shwordsplit; " } else { "" };
            // zsh has jobs at a terminal alone
            for monitor in if shell == "zsh" { &["set +m"][..] } else { &["set +m", "set -m"] } {
                let same = |text: &str, said: &str| same(shell, &format!("{split}{monitor}; {text}"), said);
                same("echo a b | awsenv $mode tr a-z A-Z | cat", "A B\n");
                same("seq 100000 | awsenv $mode head -n 1", "1\n");
                same("awsenv $mode yes | head -n 1", "y\n");
                same("awsenv $mode sh -c 'exit 9' & wait $!; echo $?", "9\n");
                same("awsenv $mode sleep 60 & kill $!; wait $! 2>&-; echo $?", "143\n");
                same("x=$(awsenv $mode sh -c 'echo in; exit 3'); echo $x $?", "in 3\n");
                same("echo here | awsenv $mode sh -c 'read a; echo $a'", "here\n");
            }
        }
        // whoever started us wants to hear of no child
        if has("python3") {
            let deaf = "python3 -c 'import os, signal, sys; signal.signal(signal.SIGCHLD, signal.SIG_IGN); \
                        os.execvp(sys.argv[1], sys.argv[1:])' \"$0\" $mode sh -c 'exit 6'; echo $?";
            assert_eq!(line(&world, "sh", mode, deaf).stdout, "6\n");
        }
        // one of another session, as a service
        let service = "setsid -w \"$0\" $mode sh -c 'ps -o tty= -p $$; kill -TSTP $$; exit 4'; echo $?";
        assert_eq!(line(&world, "sh", mode, service).stdout, "?\n4\n", "an orphan does not stop");
        // limits of time of others
        for sent in ["TERM", "USR1", "HUP"] {
            let limited = format!("timeout -s {sent} 1 \"$0\" $mode sleep 60; echo $?");
            assert_eq!(line(&world, "sh", mode, &limited).stdout, "124\n");
        }
    });
}

#[test]
fn no_secret_is_in_a_command_line() {
    let world = signed_in();
    let keys = run(
        &world,
        &["exec", "dev", "--"],
        &["sh", "-c", "echo $AWS_SECRET_ACCESS_KEY; echo $AWS_SESSION_TOKEN"],
    )
    .stdout;
    let child = ready(&world, SERVER, "echo ready; exec sleep 60");
    let mut lines = 0;
    eventually("sleep is there", || {
        let all = std::fs::read_dir("/proc").unwrap().flatten();
        let all: Vec<String> = all
            .filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok())
            .map(|line| String::from_utf8_lossy(&line).into_owned())
            .collect();
        lines += all.len();
        assert!(keys.lines().all(|key| key.len() > 10 && !all.iter().any(|line| line.contains(key))));
        all.iter().any(|line| line == "sleep\x0060\0")
    });
    assert!(lines > 0);
    signal(&child, Signal::TERM);
    assert_eq!(end(child).signal, Some(15));
}

#[test]
fn our_memory_is_not_dumped() {
    let world = signed_in();
    std::fs::create_dir(world.path("dumps")).unwrap();
    let begin = |script: &str| {
        let mut command = world.command_of(Path::new("/bin/sh"));
        command.args(["-c", "ulimit -c unlimited; exec \"$0\" \"$@\"", AWSENV]).args(SERVER);
        let mut child = start(command.args(["sh", "-c", script]).current_dir(world.path("dumps")));
        child.stdout.as_mut().unwrap().read_exact(&mut [0; 6]).unwrap();
        child
    };
    // one that may dump, but does not want to
    for number in [3, 6, 11] {
        let child = begin(&format!("ulimit -c 0; echo ready; kill -{number} $$"));
        assert_eq!(end(child).signal, Some(number));
    }
    let child = begin("ulimit -c 0; echo ready; exec sleep 60");
    signal(&child, Signal::ABORT);
    assert_eq!(end(child).signal, Some(6));
    assert_eq!(std::fs::read_dir(world.path("dumps")).unwrap().count(), 0);
}
