//! MFA with real processes: one question for all, one call, and nobody asked again after it was cancelled.

use crate::crowd::{AWSENV, Ran, awsenv, end, start, together, turn, until_called};
use crate::world::{World, has};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

const USER: &str = "arn:aws:iam::123456789012:user/bob";
const SERIAL: &str = "arn:aws:iam::123456789012:mfa/bob";
const ROLE: &str = "arn:aws:iam::123456789012:role/RoleA";
const KEYS: &str = "aws_access_key_id = AKIABOB0000000000001\naws_secret_access_key = bobsecret\n";

/// A world with the role `a` behind a device whose code a program prints, and `b`, whose code a person types.
fn world() -> World {
    let world = World::new().credentials(&format!("[user]\n{KEYS}[person]\n{KEYS}"));
    let program = world.path("code");
    let lines = "#!/bin/sh\necho asked >> \"$HOME/asked\"\nenv > \"$HOME/env\"\nsleep 0.5\necho 123456\n";
    std::fs::write(&program, lines).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let config = format!(
        "[profile user]\nregion = eu-west-1\nmfa_serial = {SERIAL}\nmfa_process = {0}\n[profile a]\nrole_arn = {ROLE}\n\
         source_profile = user\nmfa_serial = {SERIAL}\nmfa_process = {0}\nregion = eu-west-1\n\
         [profile person]\nregion = eu-west-1\nmfa_serial = {SERIAL}\n[profile b]\nrole_arn = {ROLE}\n\
         source_profile = person\nmfa_serial = {SERIAL}\nregion = eu-west-1\n",
        program.display()
    );
    world.sim.key("AKIABOB0000000000001", "bobsecret", USER);
    world.sim.mfa(SERIAL, "123456");
    world.sim.role(ROLE).trusts(USER).requires_mfa(SERIAL);
    world.config(&config)
}

#[test]
fn fifty_processes_ask_for_one_code_and_assume_once() {
    let _turn = turn();
    let world = world();
    let (ran, _) = together(&world, 50, &["export", "a"]);
    for one in &ran {
        assert_eq!((one.code, one.key_id()), (0, ran[0].key_id()), "{one:?}");
    }
    assert_eq!(world.read("home/asked"), "asked\n");
    assert_eq!((world.sim.count("sts GetSessionToken"), world.sim.count("sts AssumeRole")), (1, 1));
}

#[test]
fn the_program_that_prints_a_code_gets_nothing_that_is_loaded() {
    let world =
        world().env("AWS_ACCESS_KEY_ID", "AKIABEFORE0000000001").env("AWS_SECRET_ACCESS_KEY", "secretbefore");
    let loaded = world.run("export user");
    assert_eq!(loaded.code, 0, "{loaded}");
    let world = world.eval(&loaded);
    assert!(world.var("AWSENV_RESTORE").is_some());
    world.sim.mfa(SERIAL, "654321");
    let renewed = world.run("login a --force");
    assert_ne!(renewed.code, 0, "the program prints an old code: {renewed}");
    let env = world.read("home/env");
    assert!(!env.contains("AWSENV_RESTORE") && !env.contains("AWSENV_PROFILE"), "{env}");
    assert!(
        !env.contains("AWS_SESSION_TOKEN") && env.contains("AWS_SECRET_ACCESS_KEY=secretbefore"),
        "{env}"
    );
}

/// `eval` of a login on a terminal of its own, as in a shell; what it printed is in `stdout` between brackets.
fn on_a_terminal(world: &World, number: usize) -> Child {
    let out = world.path(&format!("out{number}"));
    let line = format!("{AWSENV} login b > {}; echo ended=$?", out.display());
    let mut command = world.command_of(Path::new("script"));
    command.args(["-qfec", &format!("bash --norc --noprofile -c '{line}'"), "/dev/null"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

fn all(world: &World, number: usize) -> Vec<Child> {
    let asker = (0..number).map(|number| on_a_terminal(world, number)).collect();
    std::thread::sleep(Duration::from_millis(1500));
    asker
}

#[test]
fn one_terminal_is_asked_and_the_others_use_the_answer() {
    if !has("script") || !has("bash") {
        return;
    }
    let _turn = turn();
    let world = world();
    let mut children = all(&world, 6);
    for child in &mut children {
        child.stdin.as_mut().unwrap().write_all(b"123456\n").unwrap();
    }
    let ran: Vec<Ran> = children.into_iter().map(end).collect();
    let asked = ran.iter().filter(|one| one.stdout.contains("MFA code of arn")).count();
    assert_eq!(asked, 1, "{ran:?}");
    for (number, one) in ran.iter().enumerate() {
        assert!(one.stdout.contains("ended=0"), "{one:?}");
        assert!(world.read(&format!("out{number}")).contains("AWSENV_IDENTITY='RoleA'"));
    }
    assert_eq!((world.sim.count("sts GetSessionToken"), world.sim.count("sts AssumeRole")), (1, 1));
}

#[test]
fn ctrl_c_at_the_question_ends_all_who_wait_and_asks_nobody_else() {
    if !has("script") || !has("bash") {
        return;
    }
    let _turn = turn();
    let world = world();
    let mut first = vec![on_a_terminal(&world, 0)];
    std::thread::sleep(Duration::from_secs(1)); // it is asked
    first.extend((1..5).map(|number| on_a_terminal(&world, number)));
    std::thread::sleep(Duration::from_secs(1)); // they wait
    first[0].stdin.as_mut().unwrap().write_all(b"\x03").unwrap();
    let ran: Vec<Ran> = first.into_iter().map(end).collect();
    let asked = ran.iter().filter(|one| one.stdout.contains("MFA code of arn")).count();
    assert_eq!(asked, 1, "{ran:?}");
    for (number, one) in ran.iter().enumerate() {
        assert_eq!(world.read(&format!("out{number}")), "false;\n", "{number}: {one:?}");
        // bash itself ends of the Ctrl-C that its command died of
        assert!(number == 0 || one.stdout.contains("ended=130"), "{number}: {one:?}");
        assert!(number == 0 || one.stdout.contains("was cancelled in another awsenv"), "{number}: {one:?}");
    }
    assert_eq!(world.sim.count("sts GetSessionToken"), 0, "{:?}", world.sim.calls());
}

#[test]
fn a_code_is_in_no_trace() {
    let world = world();
    world.sim.mfa(SERIAL, "918273");
    let mut typed = world.command();
    let ran = end(start(typed.args(["login", "b", "--debug"]).env("AWSENV_MFA_CODE", "918273")));
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(!ran.stderr.contains("918273") && !ran.stderr.contains("bobsecret"), "{ran:?}");
    let again =
        end(start(world.command().args(["login", "b", "--debug", "--force", "--mfa-code", "918273"])));
    assert_eq!((again.code, again.stdout.as_str()), (5, "false;\n"), "a code is good once: {again:?}");
    assert!(!again.stderr.contains("918273") && !again.stderr.contains("bobsecret"), "{again:?}");
    for wrong in ["91827", "9182734", "hunter2"] {
        let ran = end(start(world.command().args(["login", "b", "--debug", "--force", "--mfa-code", wrong])));
        assert_eq!((ran.code, ran.stdout.as_str()), (2, "false;\n"), "{ran:?}");
        assert!(!ran.stderr.contains(wrong), "{ran:?}");
    }
}

#[test]
fn who_is_killed_while_a_code_is_fetched_leaves_the_way_free() {
    let _turn = turn();
    let world = world();
    let first = awsenv(&world, &["export", "a"]);
    crate::world::eventually("the program runs", || world.read("home/asked").contains("asked"));
    let waiter = awsenv(&world, &["export", "a"]);
    std::thread::sleep(Duration::from_millis(100));
    crate::crowd::signal(&first, rustix::process::Signal::KILL);
    assert_eq!(end(first).signal, Some(9));
    let ran = end(waiter);
    assert_eq!(ran.code, 0, "{ran:?}");
    until_called(&world, "sts AssumeRole", 1);
    assert_eq!(world.sim.count("sts GetSessionToken"), 1);
}
