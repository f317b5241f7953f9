//! MFA: one code opens a session of the user for every role behind it; who is asked, and who is not.

use crate::world::{ALICE, World};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

const USER: &str = "arn:aws:iam::123456789012:user/bob";
const SERIAL: &str = "arn:aws:iam::123456789012:mfa/bob";
const ROLE_A: &str = "arn:aws:iam::123456789012:role/RoleA";
const ROLE_B: &str = "arn:aws:iam::123456789012:role/RoleB";
const KEYS: &str = "aws_access_key_id = AKIABOB0000000000001\naws_secret_access_key = bobsecret\n";

fn of(more: &str) -> World {
    let config = format!(
        "[profile user]\nregion = eu-west-1\nmfa_serial = {SERIAL}\n[profile a]\nrole_arn = {ROLE_A}\nsource_profile = user\n\
         mfa_serial = {SERIAL}\n[profile b]\nrole_arn = {ROLE_B}\nsource_profile = user\n{more}"
    );
    let world = World::new().config(&config).credentials(&format!("[user]\n{KEYS}"));
    world.sim.key("AKIABOB0000000000001", "bobsecret", USER);
    world.sim.mfa(SERIAL, "123456");
    for role in [ROLE_A, ROLE_B] {
        world.sim.role(role).trusts(USER).requires_mfa(SERIAL);
    }
    world
}

#[test]
fn one_code_opens_the_user_and_every_role_behind_the_device() {
    let world = of("").answers(&["12345", "123 456"]);
    let login = world.run("login a");
    assert_eq!(login.code, 0, "{login}");
    assert!(login.stderr.contains(&format!("MFA code of {SERIAL}: ")), "{login}");
    assert!(login.stderr.contains("a code has six digits"), "{login}");
    assert!(login.stdout.contains("AWSENV_IDENTITY='RoleA'"), "{login}");
    assert_eq!(world.sim.calls(), ["sts GetCallerIdentity", "sts GetSessionToken", "sts AssumeRole"]);
    let (_, asked) = world.sim.requests().swap_remove(1);
    assert!(asked.contains(&("DurationSeconds".into(), "43200".into())), "{asked:?}");
    for line in ["export b", "export user", "export a"] {
        let output = world.run(line);
        assert_eq!(output.code, 0, "{line}: {output}");
    }
    assert_eq!(world.sim.count("sts GetSessionToken"), 1);
    assert_eq!(world.sim.count("sts AssumeRole"), 2);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = world.path("home/.local/state/awsenv/session-token");
        let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&dir), 0o700);
        for entry in std::fs::read_dir(&dir).unwrap().flatten() {
            assert_eq!(mode(&entry.path()), 0o600, "{:?}", entry.path());
        }
    }
}

#[test]
fn the_aws_cli_finds_the_role_that_the_code_opened() {
    let world = of("").answers(&["123456"]);
    assert_eq!(world.run("login a").code, 0);
    let files = world.files();
    let entries: Vec<_> = files.iter().filter(|name| name.starts_with(".aws/cli/cache/")).collect();
    assert_eq!(entries.len(), 1, "{files:?}");
}

#[test]
fn export_asks_nobody() {
    let world = of("").answers(&["123456"]);
    for name in ["a", "user"] {
        let output = world.run(&format!("export {name}"));
        assert_eq!((output.code, output.stdout.as_str()), (4, "false;\n"), "{output}");
        assert!(output.stderr.contains(&format!("hint: sign in: awsenv login {name}")), "{output}");
    }
    assert!(world.sim.calls().is_empty());
    let alone = of("").run("login a");
    assert_eq!((alone.code, alone.stdout.as_str()), (4, "false;\n"), "no terminal: {alone}");
    let no_login = of("").answers(&["123456"]).run("exec a --no-login -- true");
    assert_eq!(no_login.code, 125, "{no_login}");
}

#[test]
fn a_code_can_be_given() {
    let flag = of("").run("export a --mfa-code 123456");
    assert_eq!(flag.code, 0, "{flag}");
    let variable = of("").env("AWSENV_MFA_CODE", "123456").run("export user");
    assert_eq!(variable.code, 0, "{variable}");
    let bad = of("").run("export a --mfa-code 12345");
    assert_eq!(bad.code, 2, "{bad}");
    let world = of("");
    let wrong = world.run("export a --mfa-code 654321");
    assert_eq!(wrong.code, 5, "{wrong}");
    assert!(wrong.stderr.contains("AWS does not take the MFA code"), "{wrong}");
    assert_eq!(world.sim.count("sts GetSessionToken"), 1, "it is not tried again");
}

#[test]
#[cfg(unix)]
fn a_code_can_come_from_stdin_or_from_a_program() {
    use std::io::Write as _;
    use std::process::Stdio;
    let world = of("");
    let mut child = world
        .command()
        .args(["export", "a", "--mfa-code", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"123456\n").unwrap();
    let done = child.wait_with_output().unwrap();
    assert!(done.status.success() && String::from_utf8_lossy(&done.stdout).contains("RoleA"));

    let program = "[profile p]\nrole_arn = arn:aws:iam::123456789012:role/RoleA\nsource_profile = user\n\
                   mfa_serial = arn:aws:iam::123456789012:mfa/bob\nmfa_process = printf '%s\\n' 123456\n";
    let output = of(program).run("export p");
    assert_eq!(output.code, 0, "{output}");
    let output = of(&program.replace("printf '%s\\n' 123456", "false")).run("export p");
    assert_eq!(output.code, 1, "{output}");
    assert!(output.stderr.contains("`false` gave no MFA code"), "{output}");
    let output = of(&program.replace("printf '%s\\n' 123456", "no-such-program-here x")).run("export p");
    assert_eq!(output.code, 3, "{output}");
}

#[test]
fn a_wrong_code_is_asked_for_again_three_times() {
    let world = of("").answers(&["111111", "222222", "123456"]);
    let login = world.run("login user");
    assert_eq!(login.code, 0, "{login}");
    assert_eq!(login.stderr.matches("AWS does not take that code").count(), 2, "{login}");
    assert!(login.stdout.contains("AWS_ACCOUNT_ID='123456789012'"), "{login}");
    let world = of("").answers(&["111111", "222222", "333333", "123456"]);
    let login = world.run("login user");
    assert_eq!((login.code, world.sim.count("sts GetSessionToken")), (5, 3), "{login}");
}

#[test]
fn keys_that_are_not_good_are_said_before_a_code_is_asked_for() {
    let world =
        of("").credentials(&format!("[user]\n{}", KEYS.replace("AKIABOB", "AKIAOLD"))).answers(&["123456"]);
    let login = world.run("login a");
    assert_eq!(login.code, 5, "{login}");
    assert!(login.stderr.contains("AWS does not know the access key at ~/.aws/credentials:2"), "{login}");
    assert!(!login.stderr.contains("MFA code of"), "{login}");
}

#[test]
fn a_device_that_is_not_theirs_is_named_with_file_and_line() {
    let world =
        of(&format!("[profile c]\nrole_arn = {ROLE_A}\nsource_profile = user\nmfa_serial = {SERIAL}2\n"))
            .answers(&["123456"]);
    let login = world.run("login c");
    assert_eq!(login.code, 5, "{login}");
    assert!(
        login
            .stderr
            .contains("~/.aws/config:14: arn:aws:iam::123456789012:mfa/bob2 is no MFA device of this user"),
        "{login}"
    );
}

#[test]
fn a_security_key_is_explained_and_not_tried() {
    let world = of("[profile k]\nrole_arn = arn:aws:iam::123456789012:role/RoleA\nsource_profile = user\n\
                    mfa_serial = arn:aws:iam::123456789012:u2f/user/bob/key-ABC\n");
    let output = world.run("login k");
    assert_eq!(output.code, 3, "{output}");
    assert!(output.stderr.contains("a passkey or security key"), "{output}");
    assert!(world.sim.calls().is_empty());
}

#[test]
fn force_asks_for_a_new_code_and_duration_is_the_sessions() {
    let world = of("").answers(&["123456"]);
    assert_eq!(world.run("login user").code, 0);
    world.sim.mfa(SERIAL, "234567");
    let world = world.answers(&["234567"]);
    let again = world.run("login user --force --duration 36h");
    assert_eq!(again.code, 0, "{again}");
    assert!(again.stderr.contains("(1d 12h left)"), "{again}");
    let (_, asked) = world.sim.requests().pop().unwrap();
    assert!(asked.contains(&("DurationSeconds".into(), "129600".into())), "{asked:?}");
    let too_long = world.run("login user --duration 37h");
    assert_eq!(too_long.code, 2, "{too_long}");
}

#[test]
fn a_session_opens_roles_until_it_ends() {
    let world = of("").at(1_800_000_000).answers(&["123456"]);
    assert_eq!(world.run("login a").code, 0);
    let world = world.at(1_800_000_000 + 12 * 3600 - 300);
    let output = world.run("export b");
    assert_eq!((output.code, output.stderr.as_str()), (0, ""), "{output}");
    let world = world.at(1_800_000_000 + 12 * 3600);
    assert_eq!(world.run("export user").code, 4);
}

#[test]
fn a_role_upon_a_sign_in_asks_with_the_call_itself() {
    let world = of(&format!(
        "[profile dev]\nlogin_session = {USER}\nregion = eu-west-1\n[profile c]\nrole_arn = {ROLE_A}\nsource_profile = dev\n\
         mfa_serial = {SERIAL}\n"
    ));
    world.sim.identities(&[USER]);
    assert_eq!(world.run("login dev").code, 0);
    let world = world.answers(&["111111", "123456"]);
    let login = world.run("login c");
    assert_eq!(login.code, 0, "{login}");
    let (call, asked) = world.sim.requests().pop().unwrap();
    assert_eq!(call, "sts AssumeRole");
    assert!(asked.contains(&("SerialNumber".into(), SERIAL.into())), "{asked:?}");
    assert!(asked.contains(&("TokenCode".into(), "123456".into())), "{asked:?}");
    let export = world.run("export c");
    assert_eq!(export.code, 0, "the code is not asked for while the role lasts: {export}");
    assert_ne!(ALICE, USER);
}

#[test]
fn twenty_processes_ask_one_code() {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let world = of("").types(move |_, _| {
        count.fetch_add(1, Ordering::SeqCst);
        std::thread::sleep(std::time::Duration::from_millis(500));
        Some("123456".into())
    });
    let outputs: Vec<_> = std::thread::scope(|scope| {
        let runs: Vec<_> = (0..20).map(|_| scope.spawn(|| world.run("login a"))).collect();
        runs.into_iter().map(|run| run.join().unwrap()).collect()
    });
    for output in &outputs {
        assert_eq!((output.code, &output.stdout), (0, &outputs[0].stdout), "{output}");
    }
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    assert_eq!(world.sim.calls(), ["sts GetCallerIdentity", "sts GetSessionToken", "sts AssumeRole"]);
}

#[test]
fn who_waits_fails_when_the_question_is_not_answered() {
    let world = of("").types(|_, _| {
        std::thread::sleep(std::time::Duration::from_millis(500));
        None
    });
    let asked: usize = std::thread::scope(|scope| {
        let runs: Vec<_> = (0..5).map(|_| scope.spawn(|| world.run("login a"))).collect();
        runs.into_iter()
            .map(|run| run.join().unwrap())
            .inspect(|output| {
                assert_eq!((output.code, output.stdout.as_str()), (130, "false;\n"), "{output}");
            })
            .filter(|output| output.stderr.contains("MFA code of"))
            .count()
    });
    assert_eq!(asked, 1);
}
