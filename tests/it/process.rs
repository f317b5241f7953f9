//! `credential_process`, with real programs: what is run, what is believed, and what ends it.

use crate::world::{World, eventually, has};
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

const NOW: i64 = 1_893_553_445; // 2030-01-02T03:04:05Z
const KEYS: &str = r#""AccessKeyId":"ASIAPROCESS000000001","SecretAccessKey":"hush","SessionToken":"tok""#;

/// A world whose files only we can write, whatever the umask.
fn world(config: &str) -> World {
    let world = World::new().config(config);
    mode(&world.path("home/.aws/config"), 0o600);
    world
}

fn mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// A world with `[profile p]`, whose program is a script of these lines.
fn scripted(script: &str) -> World {
    let world = world("");
    let program = program(&world, "keys", script);
    world.write(
        "home/.aws/config",
        &format!("[profile p]\ncredential_process = {} one 'two three'\n", program.display()),
    );
    world
}

fn program(world: &World, name: &str, script: &str) -> PathBuf {
    world.write(name, &format!("#!/bin/sh\n{script}\n"));
    let path = world.path(name);
    mode(&path, 0o755);
    path
}

/// A script that prints this answer.
fn prints(answer: &str) -> String {
    format!("cat <<'END'\n{answer}\nEND")
}

#[test]
fn what_the_program_prints_is_what_the_profile_has() {
    let world = scripted(&prints(&format!(
        r#"{{"Version":1,{KEYS},"Expiration":"2030-01-02T05:04:05+01:00","AccountId":"123456789012","More":[{{}}]}}"#
    )))
    .at(NOW);
    let output = world.run("export p --format json");
    let told: Value = serde_json::from_str(&output.stdout).unwrap();
    let expected = json!({
        "version": 1, "profile": "p", "account_id": "123456789012", "identity": null, "region": null,
        "access_key_id": "ASIAPROCESS000000001", "secret_access_key": "hush", "session_token": "tok",
        "expiration": "2030-01-02T04:04:05Z", "refresh_at": "2030-01-02T03:49:05Z",
    });
    assert_eq!((told, output.stderr.as_str()), (expected, ""), "{output}");
    assert_eq!(world.files(), [".aws/config"], "nothing is kept");
    let output = world.run("login p");
    assert_eq!((output.code, output.stderr.as_str()), (0, "p: in 123456789012 (1h left)\n"), "{output}");
    assert!(world.run("list").stdout.contains("credential process"));
}

#[test]
fn null_is_static_and_the_account_may_stand_in_the_profile() {
    let world = scripted(&prints(
        r#"{"Version":1.0,"AccessKeyId":"AKIAPROCESS000000001","SecretAccessKey":"hush","SessionToken":null,"Expiration":null,"AccountId":""}"#,
    ));
    let config = world.read("home/.aws/config");
    world.write("home/.aws/config", &format!("{config}aws_account_id = 000000000012\n"));
    let output = world.run("export p --format json");
    let told: Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!(told["account_id"], "000000000012", "{output}");
    for key in ["session_token", "expiration", "refresh_at"] {
        assert_eq!(told[key], Value::Null, "{output}");
    }
}

#[test]
fn an_answer_that_is_none_is_told_without_a_value() {
    let end = r#""Expiration":"2030-01-02T03:04:04Z""#;
    for (answer, told) in [
        (format!(r#"{{"Version":"1",{KEYS}}}"#), "its `Version` is not the number 1"),
        (format!(r#"{{"Version":2,{KEYS}}}"#), "its `Version` is not the number 1"),
        (format!(r#"{{"Version":true,{KEYS}}}"#), "its `Version` is not the number 1"),
        (format!("{{{KEYS}}}"), "it has no `Version`"),
        (
            format!(r#"{{"Version":1,{KEYS},"AccessKeyId":"ASIAPROCESS000000002"}}"#),
            "`AccessKeyId` stands in it twice",
        ),
        (format!(r#"{{"Version":1,{KEYS},"Expiration":""}}"#), "its `Expiration`"),
        (
            format!(r#"{{"Version":1,{KEYS},"Expiration":"2030-01-02T05:04:05"}}"#),
            "is not a time with a zone",
        ),
        (format!(r#"{{"Version":1,{KEYS},"Expiration":1893553446}}"#), "its `Expiration` is not a text"),
        (format!(r#"{{"Version":1,{KEYS},{end}}}"#), "printed credentials that ended 1s ago"),
        (r#"{"Version":1,"AccessKeyId":"ASIAPROCESS000000001"}"#.into(), "it has no `SecretAccessKey`"),
        (
            r#"{"Version":1,"AccessKeyId":"A$(id)","SecretAccessKey":"hush"}"#.into(),
            "the access key id is not one",
        ),
        (format!("\u{feff}{{\"Version\":1,{KEYS}}}"), "it is no JSON"),
        ("hush".into(), "it is no JSON"),
        (String::new(), "it is empty"),
    ] {
        let output = scripted(&prints(&answer)).at(NOW).run("export p");
        assert_eq!((output.code, output.stdout.as_str()), (1, "false;\n"), "{answer}: {output}");
        assert!(output.stderr.contains(told), "{answer}: {output}");
        assert!(
            !output.stderr.contains("hush") && !output.stderr.contains("two three"),
            "{answer}: {output}"
        );
        assert!(output.stderr.contains("/keys`, the `credential_process` of `p`,"), "{answer}: {output}");
    }
}

#[test]
fn a_program_that_fails_has_its_last_words_told_and_made_harmless() {
    let output =
        scripted("echo out; printf '1\\n2\\n3\\n\\n4\\n5\\n\\033]0;x\\007boo\\233[2J\\n' >&2; exit 7")
            .run("export p");
    assert_eq!((output.code, output.stdout.as_str()), (1, "false;\n"), "{output}");
    assert!(output.stderr.contains("of `p`, failed with exit code 7\n  caused by: 2\n"), "{output}");
    assert!(output.stderr.contains("caused by: \\x1b]0;x\\x07boo"), "{output}");
    assert!(!output.stderr.contains(['\u{1b}', '\u{7}', '\u{9b}']), "{output}");

    let output = scripted("head -c 9000000 /dev/zero | tr '\\0' x >&2; exit 1").run("export p");
    assert!(output.stderr.len() < 4096, "{} bytes", output.stderr.len());
    let output = scripted("kill -9 $$").run("export p");
    assert!(output.stderr.contains("died of signal 9"), "{output}");
}

#[test]
fn a_program_that_floods_or_hangs_is_ended_with_all_that_it_started() {
    let started = Instant::now();
    let output = scripted("yes").run("export p");
    assert!(output.code == 1 && output.stderr.contains("printed more than 64 KiB"), "{output}");
    let output = scripted("head -c 65537 /dev/zero").run("export p");
    assert!(output.code == 1 && output.stderr.contains("printed more than 64 KiB"), "{output}");

    let world = scripted("sleep 300 & echo $! > \"$HOME/child\"; wait");
    let config = world.read("home/.aws/config");
    world.write("home/.aws/config", &format!("{config}awsenv_process_timeout = 1\n"));
    let output = world.run("export p");
    assert!(output.code == 1 && output.stderr.contains("took longer than 1s"), "{output}");
    let child = world.read("home/child");
    eventually("what it started is ended", || is_gone(child.trim()));
    assert!(started.elapsed() < Duration::from_secs(8), "{:?}", started.elapsed());
}

/// Whether a process has ended; one that nobody has waited for yet counts.
fn is_gone(pid: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(')').is_none_or(|(_, rest)| rest.trim_start().starts_with(['Z', 'X']))
}

#[test]
fn what_it_leaves_running_does_not_hold_us_up() {
    let started = Instant::now();
    let answer = prints(&format!(r#"{{"Version":1,{KEYS}}}"#));
    let world = scripted(&format!("sleep 4 &\n{answer}"));
    assert_eq!(world.run("export p").code, 0);
    assert!(started.elapsed() < Duration::from_secs(4), "{:?}", started.elapsed());
}

#[test]
fn a_signal_that_ends_awsenv_ends_the_program_too() {
    let world = scripted("echo $$ > \"$HOME/pid\"; sleep 300");
    let mut child = world.command().args(["export", "p"]).spawn().unwrap();
    eventually("the program runs", || !world.read("home/pid").trim().is_empty());
    let interrupt = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(interrupt.success());
    let status = child.wait().unwrap();
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(2));
    eventually("the program is ended", || is_gone(world.read("home/pid").trim()));
}

#[test]
fn it_gets_the_environment_from_before_the_load_and_no_stdin() {
    let answer = prints(&format!(r#"{{"Version":1,{KEYS}}}"#));
    let world =
        scripted(&format!("cat; env > \"$HOME/env\"; printf '%s|' \"$@\" > \"$HOME/args\"\n{answer}"))
            .env("AWS_REGION", "eu-north-1")
            .env("AWS_ACCESS_KEY_ID", "AKIABEFORE0000000001")
            .env("AWS_SECRET_ACCESS_KEY", "before");
    let loaded = world.run("export p --shell bash");
    assert_eq!(world.read("home/args"), "one|two three|");
    let sorted = |world: &World| {
        let mut lines: Vec<String> = world.read("home/env").lines().map(str::to_owned).collect();
        lines.retain(|line| !line.starts_with("PWD=") && !line.starts_with("_="));
        lines.sort();
        lines
    };
    let before = sorted(&world);
    assert!(before.contains(&"AWS_ACCESS_KEY_ID=AKIABEFORE0000000001".to_owned()), "{before:?}");
    assert!(before.contains(&r#"_AWSENV_CHAIN=["p"]"#.to_owned()), "{before:?}");
    let world = world.eval(&loaded);
    assert_eq!(world.var("AWS_ACCESS_KEY_ID"), Some("ASIAPROCESS000000001"));
    assert_eq!(world.run("export p --shell bash").code, 0);
    assert_eq!(sorted(&world), before, "in a loaded shell it is the same");
    let world = world.without("AWSENV_RESTORE");
    assert_eq!(world.run("export p --shell bash").code, 0);
    assert!(!sorted(&world).iter().any(|line| line.contains("ASIA")), "what exec gave is not passed on");
}

#[test]
fn no_shell_reads_the_line() {
    let world = scripted("printf '%s|' \"$@\" > \"$HOME/args\"");
    let config = world.read("home/.aws/config");
    world.write(
        "home/.aws/config",
        &config.replace("one 'two three'", "$HOME ~ # `id` | tee > x; \"a\\\"b\" c\\ d ''"),
    );
    assert_eq!(world.run("export p").code, 1);
    assert_eq!(world.read("home/args"), "$HOME|~|#|`id`|||tee|>|x;|a\"b|c d||");
}

#[test]
fn a_line_that_cannot_be_run_is_a_configuration_error_with_its_place() {
    for (line, told) in [
        ("'open", "a quote in it does not end"),
        ("x\\", "backslash"),
        ("./x --password hush", "neither a name on PATH nor an absolute path"),
        ("~/x --password hush", "neither a name on PATH nor an absolute path"),
        ("'' --password hush", "neither a name on PATH nor an absolute path"),
        ("", "is empty"),
        ("no-such-program-here --password hush", "there is no program `no-such-program-here`"),
        ("/no/such/program --password hush", "there is no program `/no/such/program`"),
        ("/etc/passwd --password hush", "there is no program `/etc/passwd`"),
    ] {
        let output = world(&format!("[profile p]\ncredential_process = {line}\n")).run("export p");
        assert_eq!((output.code, output.stdout.as_str()), (3, "false;\n"), "{line}: {output}");
        assert!(
            output.stderr.contains("~/.aws/config:2") && output.stderr.contains(told),
            "{line}: {output}"
        );
        assert!(!output.stderr.contains("hush"), "{line}: {output}");
    }
}

#[test]
fn a_file_that_others_can_write_has_no_program_run() {
    for (bits, runs) in
        [(0o600, true), (0o644, true), (0o444, true), (0o664, false), (0o646, false), (0o666, false)]
    {
        let world =
            scripted(&format!("touch \"$HOME/ran\"\n{}", prints(&format!(r#"{{"Version":1,{KEYS}}}"#))));
        mode(&world.path("home/.aws/config"), bits);
        let output = world.run("export p");
        assert_eq!(output.code, if runs { 0 } else { 3 }, "{bits:o}: {output}");
        assert_eq!(world.path("home/ran").exists(), runs, "{bits:o}");
        let told = format!("others can write ~/.aws/config: it has mode {bits:04o}");
        assert!(runs || output.stderr.contains(&told), "{bits:o}: {output}");
    }
    let answer = prints(&format!(r#"{{"Version":1,{KEYS}}}"#));
    let world = scripted(&answer);
    if std::os::unix::fs::chown(world.path("home/.aws/config"), Some(12345), None).is_ok() {
        let output = world.run("export p");
        assert!(output.code == 3 && output.stderr.contains("another user (uid 12345)"), "{output}");
    }
}

#[test]
fn a_loop_and_a_long_row_are_found() {
    let awsenv = env!("CARGO_BIN_EXE_awsenv");
    let asks = |name: &str, next: &str| {
        format!("[profile {name}]\ncredential_process = {awsenv} export {next} --format process\n")
    };
    let row =
        [("self", "self"), ("a", "b"), ("b", "a"), ("five", "four"), ("four", "three"), ("three", "two")];
    let mut config: String = row.iter().map(|(name, next)| asks(name, next)).collect();
    config += &(asks("two", "one") + &asks("one", "end"));
    config += "[profile end]\naws_access_key_id = AKIAEND0000000000001\naws_secret_access_key = s\n";
    let world = world(&config);
    for (name, told) in [
        ("self", "of `self` asks for itself and is not run"),
        ("a", "of `a` asks for itself and is not run"),
        ("five", "of `one` is the fifth in a row and is not run"),
    ] {
        let output = world.finish(name, world.command().args(["export", name, "--format", "json"]));
        assert_eq!((output.code, output.stdout.as_str()), (1, ""), "{output}");
        assert!(output.stderr.contains(told), "{output}");
    }
    let output = world.finish("four", world.command().args(["export", "four", "--format", "process"]));
    assert!(output.code == 0 && output.stdout.contains("AKIAEND0000000000001"), "{output}");
}

#[test]
fn a_command_has_the_programs_keys() {
    let world = scripted(&prints(&format!(r#"{{"Version":1,{KEYS}}}"#)));
    let mut command = world.command();
    command.args(["exec", "p", "--", "sh", "-c", "echo $AWS_ACCESS_KEY_ID $_AWSENV_CHAIN"]);
    let output = world.finish("exec", &mut command);
    assert_eq!((output.code, output.stdout.as_str()), (0, "ASIAPROCESS000000001\n"), "{output}");
}

#[test]
fn a_program_that_asks_at_the_terminal_is_ended_at_once() {
    if !has("script") {
        return;
    }
    let world = scripted("read code </dev/tty");
    let mut script = world.command_of(Path::new("script"));
    script.args(["-qec", "awsenv export p --format json", "/dev/null"]).env("SHELL", "/bin/sh");
    let output = world.finish("script", &mut script);
    assert!(output.code == 1 && output.stdout.contains("wanted to ask at the terminal"), "{output}");
}

#[test]
fn a_program_that_prints_mfa_codes_is_as_little_run_from_a_file_of_others() {
    let world = world("");
    let program = program(&world, "code", "touch \"$HOME/ran\"; echo 123456");
    let keys = "aws_access_key_id = AKIABOB0000000000001\naws_secret_access_key = bobsecret\n";
    let device =
        format!("mfa_serial = arn:aws:iam::123456789012:mfa/bob\nmfa_process = {}\n", program.display());
    world.write("home/.aws/config", &format!("[profile p]\n{keys}{device}"));
    mode(&world.path("home/.aws/config"), 0o666);
    let output = world.run("export p");
    assert!(output.code == 3 && output.stderr.contains("`mfa_process` is not run"), "{output}");
    assert!(!world.path("home/ran").exists());
}
