//! `awsenv exec --server` stays beside the command, and nobody notices: each case as without it.

use crate::crowd::{AWSENV, Ran, end, long, signal, signed_in, start};
use crate::world::{World, eventually, has};
use rustix::process::Signal;
use sha2::{Digest as _, Sha256};
use std::ffi::{OsStr, OsString};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

pub(crate) const DIRECT: &[&str] = &["exec", "dev", "--"];
pub(crate) const SERVER: &[&str] = &["exec", "--server", "dev", "--"];

/// Does the same in both modes.
pub(crate) fn each_mode(test: impl Fn(&[&str])) {
    for mode in [DIRECT, SERVER] {
        println!("{}:", mode.join(" ")); // shown if the test fails
        test(mode);
    }
}

fn begin(world: &World, mode: &[&str], argv: &[&str]) -> Child {
    start(world.command().args(mode).args(argv))
}

pub(crate) fn run(world: &World, mode: &[&str], argv: &[&str]) -> Ran {
    end(begin(world, mode, argv))
}

/// Runs a line of a shell in which `$0` is awsenv, and `$mode` how it runs a command.
pub(crate) fn line(world: &World, shell: &str, mode: &[&str], line: &str) -> Ran {
    let mut command = world.command_of(Path::new(shell));
    end(start(command.args(["-c", line, AWSENV]).env("mode", mode.join(" "))))
}

/// Begins a script, and waits until it says that it is ready.
pub(crate) fn ready(world: &World, mode: &[&str], script: &str) -> Child {
    let mut child = begin(world, mode, &["sh", "-c", script]);
    let mut said = [0; 6];
    child.stdout.as_mut().unwrap().read_exact(&mut said).unwrap();
    assert_eq!(&said, b"ready\n");
    child
}

/// What a process is doing: `S` sleeps, `T` is stopped; none if it is gone.
fn state(pid: u32) -> Option<char> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit(") ").next()?.chars().next()
}

/// A script that says `got` for a signal and then ends.
pub(crate) fn catches(names: &[&str]) -> String {
    let traps = names.iter().map(|name| format!("trap 'echo got {name}; exit 3' {name}; "));
    format!("{}echo ready; while :; do sleep 0.02; done", traps.collect::<String>())
}

#[test]
fn every_exit_code_is_the_commands() {
    let world = signed_in();
    for code in 0..=255 {
        assert_eq!(run(&world, SERVER, &["sh", "-c", &format!("exit {code}")]).code, code);
    }
}

#[test]
fn a_death_by_signal_is_the_commands() {
    let world = signed_in();
    each_mode(|mode| {
        for number in [1, 2, 3, 6, 9, 11, 13, 14, 15, 34] {
            let script = format!("ulimit -c 0; kill -{number} $$");
            let ran = run(&world, mode, &["sh", "-c", &script]);
            assert_eq!((ran.signal, &*ran.stderr), (Some(number), ""), "{ran:?}");
            let told = line(&world, "/bin/sh", mode, &format!("\"$0\" $mode sh -c '{script}'; echo $?"));
            assert_eq!(told.stdout.trim(), (128 + number).to_string());
        }
    });
}

#[test]
fn what_is_sent_to_us_reaches_it() {
    let world = signed_in();
    each_mode(|mode| {
        for (sent, name) in [
            (Signal::TERM, "TERM"),
            (Signal::HUP, "HUP"),
            (Signal::USR1, "USR1"),
            (Signal::USR2, "USR2"),
            (Signal::INT, "INT"), // it cannot be a key: nothing of ours is at a terminal
            (Signal::QUIT, "QUIT"),
        ] {
            let child = ready(&world, mode, &catches(&[name]));
            signal(&child, sent);
            let ran = end(child);
            assert_eq!((ran.code, ran.stdout), (3, format!("got {name}\n")));
            let child = ready(&world, mode, "ulimit -c 0; echo ready; exec sleep 60");
            signal(&child, sent);
            assert_eq!(end(child).signal, Some(sent.as_raw()), "{name} is not caught");
        }
        // many, one after the other
        let count = "n=0; trap 'n=$((n+1)); echo $n' USR1; trap 'exit 9' TERM; echo ready; \
                     while :; do sleep 0.02; done";
        let mut child = ready(&world, mode, count);
        let mut told = BufReader::new(child.stdout.take().unwrap()).lines();
        for number in 1..=20 {
            signal(&child, Signal::USR1);
            assert_eq!(told.next().unwrap().unwrap(), number.to_string());
        }
        signal(&child, Signal::TERM);
        assert_eq!(end(child).code, 9);
    });
}

#[test]
fn it_stops_and_goes_on_with_us() {
    let world = signed_in();
    each_mode(|mode| {
        let script =
            "trap 'echo continued' CONT; echo ready; kill -STOP $$; sleep 0.5; kill -STOP $$; exit 4";
        let child = ready(&world, mode, script);
        for _ in 0..2 {
            eventually("both stand", || state(child.id()) == Some('T'));
            std::thread::sleep(Duration::from_millis(100));
            assert_eq!(state(child.id()), Some('T'));
            signal(&child, Signal::CONT);
            eventually("we go on", || state(child.id()) != Some('T'));
        }
        let ran = end(child);
        assert_eq!((ran.code, &*ran.stdout), (4, "continued\ncontinued\n"), "{ran:?}");
    });
}

#[test]
fn killed_we_take_it_along() {
    let world = signed_in();
    for stopped in [false, true] {
        let end_file = world.path(if stopped { "stopped" } else { "running" });
        let script = format!(
            "trap 'echo TERM >{}; exit' TERM; echo $$ >pid; echo ready; {} while :; do sleep 0.02; done",
            end_file.display(),
            if stopped { "kill -STOP $$;" } else { "" }
        );
        let mut command = world.command();
        command.args(SERVER).args(["sh", "-c", &script]).current_dir(world.path("home"));
        let mut child = start(&mut command);
        child.stdout.as_mut().unwrap().read_exact(&mut [0; 6]).unwrap();
        let pid: u32 = world.read("home/pid").trim().parse().unwrap();
        if stopped {
            eventually("both stand", || state(child.id()) == Some('T'));
        }
        signal(&child, Signal::KILL);
        if stopped {
            // no shell is there to see to an orphan
            let pid = rustix::process::Pid::from_raw(pid.cast_signed()).unwrap();
            rustix::process::kill_process(pid, Signal::CONT).unwrap();
        }
        let ran = child.wait().unwrap();
        assert!(!ran.success());
        eventually("it is told", || world.read(end_file.file_name().unwrap().to_str().unwrap()) == "TERM\n");
        eventually("it is gone", || state(pid).is_none());
    }
}

#[test]
fn what_it_leaves_behind_keeps_nobody() {
    let world = signed_in();
    each_mode(|mode| {
        let began = Instant::now();
        let ran = line(
            &world,
            "/bin/sh",
            mode,
            "\"$0\" $mode sh -c 'setsid sh -c \"sleep 20 & exec sleep 21\" <&- >&- 2>&- & exit 5'",
        );
        assert_eq!(ran.code, 5, "{ran:?}");
        assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    });
}

#[test]
fn our_failures_are_not_the_commands() {
    let world = signed_in();
    let make = |name: &str, text: &str, mode: u32| {
        world.write(name, text);
        let path = world.path(name);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        path.to_string_lossy().into_owned()
    };
    let file = make("no-program", "echo ran\n", 0o644);
    let words = make("words", "echo ran\n", 0o755); // a script all the same, by the custom of execvp
    each_mode(|mode| assert_eq!(run(&world, mode, &[&words]).stdout, "ran\n"));
    let lost = make("lost", "#!/no/such/interpreter\n", 0o755);
    let dir = world.path("home").to_string_lossy().into_owned();
    for (command, code) in [
        ("no-such-command", 127),
        ("/no/such/command", 127),
        ("", 127),
        (&file, 126),
        (&dir, 126),
        (&lost, 127),
    ] {
        let [direct, server] = [DIRECT, SERVER].map(|mode| run(&world, mode, &[command]));
        assert_eq!((server.code, &*server.stdout), (code, ""), "{command}: {server:?}");
        assert_eq!((direct.code, &direct.stderr), (code, &server.stderr), "{command}");
        assert!(server.stderr.starts_with("error: "), "{server:?}");
    }
    for ours in [
        &["exec", "--server", "nobody", "--", "echo", "ran"][..],
        &["exec", "dev", "--server", "--no-such-flag", "--", "echo", "ran"],
        &["exec", "dev", "--server", "--min-ttl", "10h", "--", "echo", "ran"],
    ] {
        let ran = run(&world, ours, &[]);
        assert_eq!((ran.code, &*ran.stdout), (125, ""), "{ran:?}");
    }
    std::fs::remove_file(world.token_file()).unwrap();
    let ran = run(&world, &["exec", "--server", "--no-login", "dev", "--"], &["echo", "ran"]);
    assert_eq!((ran.code, &*ran.stdout), (125, ""), "not signed in: {ran:?}");
}

#[test]
fn stdin_reaches_it_unread() {
    let world = signed_in();
    let blocks = if long() { 16 * 1024 } else { 256 };
    let mut command = world.command();
    command.args(SERVER).arg("cat").stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let (mut stdin, mut stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let writer = std::thread::spawn(move || {
        let (mut sum, mut block) = (Sha256::new(), vec![0_u8; 64 * 1024]);
        for number in 0_u32..blocks {
            block[..4].copy_from_slice(&number.to_le_bytes());
            sum.update(&block);
            stdin.write_all(&block).unwrap();
        }
        sum.finalize()
    });
    let (mut sum, mut buffer) = (Sha256::new(), vec![0_u8; 1 << 20]);
    while let length @ 1.. = stdout.read(&mut buffer).unwrap() {
        sum.update(&buffer[..length]);
    }
    assert_eq!(sum.finalize(), writer.join().unwrap());
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_stream_that_it_closes_is_closed() {
    let world = signed_in();
    each_mode(|mode| {
        let mut command = world.command();
        command.args(mode).args(["sh", "-c", "exec <&- >&-; sleep 30"]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let began = Instant::now();
        child.stdout.take().unwrap().read_to_end(&mut Vec::new()).unwrap();
        let mut stdin = child.stdin.take().unwrap();
        eventually("nobody reads", || stdin.write_all(b"x").is_err());
        assert!(began.elapsed() < Duration::from_secs(10));
        signal(&child, Signal::TERM);
        assert_eq!(end(child).signal, Some(15));
    });
}

#[test]
fn closed_streams_are_survived() {
    let world = signed_in();
    each_mode(|mode| {
        for closed in ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"] {
            let ran = line(&world, "/bin/sh", mode, &format!("exec \"$0\" $mode sh -c 'exit 7' {closed}"));
            assert_eq!(ran.code, 7, "{closed}: {ran:?}");
            let ran = line(&world, "/bin/sh", mode, &format!("exec \"$0\" $mode no-such-command {closed}"));
            assert_eq!(ran.code, 127, "{closed}: {ran:?}");
        }
    });
}

#[test]
fn descriptors_of_the_caller_are_inherited_and_ours_are_not() {
    let world = signed_in();
    let plain = end(start(world.command_of(Path::new("ls")).arg("/proc/self/fd"))).stdout;
    each_mode(|mode| {
        assert_eq!(run(&world, mode, &["ls", "/proc/self/fd"]).stdout, plain);
        if !has("bash") {
            return;
        }
        let substituted = "awsenv $mode cat <(echo substituted)";
        assert_eq!(line(&world, "bash", mode, substituted).stdout, "substituted\n");
        // the first and the last of them are read; all are there
        let many = "ulimit -n 2048; for ((n = 10; n < 1010; n++)); do eval \"exec $n< <(echo $n)\"; done
            awsenv $mode bash -c 'read -ru 10 a; read -ru 500 b; read -ru 1009 c; echo $a $b $c; \
            ls /proc/self/fd | wc -l'";
        let ran = line(&world, "bash", mode, many);
        assert!(ran.stdout.starts_with("10 500 1009\n100"), "{ran:?}");
    });
}

#[test]
fn limits_and_marks_of_the_process_are_as_before() {
    let world = signed_in();
    std::fs::create_dir(world.path("where")).unwrap();
    let before = format!("cd {}; ulimit -c 17; umask 027; trap '' HUP USR1;", world.path("where").display());
    let facts = "sh -c 'ulimit -c; umask; pwd; nice; cat /proc/self/limits; \
                 grep -E \"^(Sig[PBIC]|Shd|NoNew|Secc)\" /proc/self/status'";
    let plain = line(&world, "/bin/sh", &[], &format!("{before} nice -n 5 {facts}"));
    assert!(plain.stdout.starts_with("17\n0027\n") && plain.stdout.contains("SigIgn"), "{plain:?}");
    each_mode(|mode| {
        let ours = line(&world, "/bin/sh", mode, &format!("{before} nice -n 5 \"$0\" $mode {facts}"));
        assert_eq!(ours.stdout, plain.stdout);
    });
}

#[test]
fn arguments_arrive_byte_for_byte() {
    let world = signed_in();
    let mut args: Vec<OsString> =
        ["", " ", "a b", "'", "\"", "$(x)", "line\nbreak", "--", "-y", "--server", "\\", "*"]
            .into_iter()
            .map(OsString::from)
            .collect();
    args.push(OsStr::from_bytes(b"\xff\xfe\x80not utf-8").to_owned());
    args.push(OsString::from_vec((1..=255).collect()));
    args.push("x".repeat(100_000).into());
    args.push("".into());
    let mut command = world.command();
    command.args(SERVER).args(["sh", "-c", "printf '%s\\0' \"$@\"", "sh"]).args(&args);
    let done = command.env("BYTES", OsStr::from_bytes(b"\xff\n")).output().unwrap();
    let got: Vec<&[u8]> = done.stdout.split(|&byte| byte == 0).collect();
    let sent: Vec<&[u8]> = args.iter().map(|arg| arg.as_bytes()).chain([&b""[..]]).collect();
    assert!(done.status.success() && got == sent, "{}", String::from_utf8_lossy(&done.stderr));
    each_mode(|mode| {
        let name = run(&world, mode, &["sh", "-c", "tr '\\0' ' ' </proc/$$/cmdline"]).stdout;
        assert_eq!(name.split(' ').next(), Some("sh"));
        let mut command = world.command();
        let env = command.args(mode).args(["env", "-0"]).env("BYTES", OsStr::from_bytes(b"\xff\n"));
        assert!(env.output().unwrap().stdout.windows(9).any(|part| part == b"BYTES=\xff\n\0"));
    });
}
