//! `awsenv exec` with real processes: it becomes the command, and hands it everything but other identities.

use crate::crowd::{AWSENV, DEV, Ran, awsenv, end, expire, signed_in, start, token_of};
use crate::world::{World, has};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::{Read as _, Write as _};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

/// Runs a line of shell in which `$0` is awsenv.
fn shell(world: &World, line: &str) -> Ran {
    end(start(world.command_of(Path::new("/bin/sh")).args(["-c", line, AWSENV])))
}

/// Runs a command through `exec dev --`.
fn exec(world: &World, argv: &[&str]) -> Ran {
    awsenv_of(world, &[&["exec", "dev", "--"], argv].concat())
}

fn awsenv_of(world: &World, argv: &[&str]) -> Ran {
    end(awsenv(world, argv))
}

/// The environment of the command, with these variables set before.
fn environment(world: &World, before: &[(&str, &str)], args: &[&str]) -> BTreeMap<String, String> {
    let mut command = world.command();
    command.args(args).args(["--", "env", "-0"]).envs(before.iter().copied());
    let ran = end(start(&mut command));
    assert_eq!(ran.code, 0, "{ran:?}");
    let pairs = ran.stdout.split('\0').filter_map(|line| line.split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

#[test]
fn every_exit_code_is_the_commands() {
    let world = signed_in();
    for code in 0..=255 {
        assert_eq!(exec(&world, &["sh", "-c", &format!("exit {code}")]).code, code);
    }
}

#[test]
fn a_death_by_signal_is_the_commands() {
    let world = signed_in();
    for signal in [2, 9, 11, 15] {
        let ran = exec(&world, &["sh", "-c", &format!("ulimit -c 0; kill -{signal} $$")]);
        assert_eq!(ran.signal, Some(signal), "{ran:?}");
        let line = format!("\"$0\" exec dev -- sh -c 'ulimit -c 0; kill -{signal} $$'; echo $?");
        assert_eq!(shell(&world, &line).stdout.trim(), (128 + signal).to_string());
    }
}

#[test]
fn the_command_is_the_process_itself() {
    let world = signed_in();
    let child = awsenv(&world, &["exec", "dev", "--", "sh", "-c", "echo $$"]);
    let id = child.id();
    assert_eq!(end(child).stdout.trim(), id.to_string());
}

#[test]
fn ctrl_z_and_fg_reach_the_command() {
    if !has("script") || !has("bash") {
        return;
    }
    let world = signed_in();
    let mut command = world.command_of(Path::new("script"));
    command.args(["-qfec", "bash --norc --noprofile -i", "/dev/null"]).env("TERM", "dumb").env("PS1", "> ");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut keys = child.stdin.take().unwrap();
    for typed in [
        "awsenv exec dev -- sleep 60\n",
        "\x1a",
        "echo stopped=$?\n",
        "fg\n",
        "\x03",
        "echo ended=$?\n",
        "stty -a | grep -o ' icanon'\n",
        "exit\n",
    ] {
        keys.write_all(typed.as_bytes()).unwrap();
        keys.flush().unwrap();
        std::thread::sleep(Duration::from_millis(400));
    }
    let ran = end(child);
    for told in ["stopped=148", "ended=130", "\n icanon"] {
        assert!(ran.stdout.contains(told), "{told}: {}", ran.stdout);
    }
}

#[test]
fn stdin_reaches_the_command_unread() {
    let world = signed_in();
    expire(&world.token_file()); // the network is used before
    let blocks = if crate::crowd::long() { 16 * 1024 } else { 1024 };
    let mut command = world.command();
    command.args(["exec", "dev", "--", "cat"]).stdin(Stdio::piped()).stdout(Stdio::piped());
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
    loop {
        match stdout.read(&mut buffer).unwrap() {
            0 => break,
            length => sum.update(&buffer[..length]),
        }
    }
    assert_eq!(sum.finalize(), writer.join().unwrap());
    assert!(child.wait().unwrap().success());
}

#[test]
fn descriptors_of_the_caller_are_inherited_and_ours_are_not() {
    let world = signed_in();
    world.write("three", "third\n");
    let line = format!("\"$0\" exec dev -- cat /dev/fd/3 3<{}", world.path("three").display());
    assert_eq!(shell(&world, &line).stdout, "third\n");
    if has("bash") {
        let line = "awsenv exec dev -- cat <(echo substituted)";
        let ran = end(start(world.command_of(Path::new("bash")).args(["-c", line])));
        assert_eq!(ran.stdout, "substituted\n", "{ran:?}");
    }
    let plain = end(start(world.command_of(Path::new("ls")).arg("/proc/self/fd"))).stdout;
    assert_eq!(exec(&world, &["ls", "/proc/self/fd"]).stdout, plain, "with cached credentials");
    expire(&world.token_file());
    assert_eq!(exec(&world, &["ls", "/proc/self/fd"]).stdout, plain, "after using the network");
}

#[test]
fn limits_and_marks_of_the_process_are_as_before() {
    let world = signed_in();
    std::fs::create_dir(world.path("where")).unwrap();
    let before = format!("cd {}; ulimit -c 17; umask 027; trap '' HUP USR1;", world.path("where").display());
    let facts =
        "sh -c 'ulimit -c; umask; pwd; nice; cat /proc/self/limits; grep -E ^Sig[PBIC] /proc/self/status'";
    let plain = shell(&world, &format!("{before} nice -n 5 {facts}"));
    for network in [false, true] {
        if network {
            expire(&world.token_file());
        }
        let ours = shell(&world, &format!("{before} nice -n 5 \"$0\" exec dev -- {facts}"));
        assert!(plain.stdout.starts_with("17\n0027\n") && plain.stdout.contains("SigIgn"), "{plain:?}");
        assert_eq!(ours.stdout, plain.stdout);
    }
}

/// Every name that makes another identity, or tells of one.
const REMOVED: [&str; 32] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_ACCESS_KEY",
    "AWS_SECRET_KEY",
    "AWS_CREDENTIAL_EXPIRATION",
    "AWS_SESSION_EXPIRATION",
    "AWS_ACCOUNT_ID",
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_ROLE_ARN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_ROLE_SESSION_NAME",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_BEARER_TOKEN_BEDROCK",
    "AWS_CREDENTIAL_FILE",
    "AWS_SDK_LOAD_CONFIG",
    "BOTO_CONFIG",
    "_AWS_CLI_PROFILE_CHAIN",
    "AWSENV_RESTORE",
    "AWSENV_COLOR",
    "AWSENV_EPHEMERAL",
    "AWSENV_IDENTITY",
    "AWS_VAULT",
    "AWS_SSO_PROFILE",
    "AWS_SSO_SESSION_NAME",
    "AWSUME_PROFILE",
    "GRANTED_SSO",
];

/// What a command may need, and no identity comes from.
const KEPT: [&str; 7] = [
    "AWS_CONFIG_FILE",
    "AWS_PAGER",
    "AWS_RETRY_MODE",
    "AWS_MAX_ATTEMPTS",
    "AWS_EC2_METADATA_DISABLED",
    "AWS_USE_FIPS_ENDPOINT",
    "AWS_ENDPOINT_URL_S3",
];

#[test]
fn other_identities_are_removed_and_nothing_is_blank() {
    let world = signed_in();
    let config = world.path("home/.aws/config").to_string_lossy().into_owned();
    let no_region = DEV.replace("region = eu-west-1\n", "");
    for (preset, config_text) in [("other", DEV), ("", DEV), ("", &*no_region)] {
        world.write("home/.aws/config", config_text);
        let mut before: Vec<(&str, &str)> = REMOVED.iter().map(|name| (*name, preset)).collect();
        before.extend([("AWS_REGION", preset), ("AWS_DEFAULT_REGION", preset)]);
        before.extend(KEPT.iter().map(|name| (*name, "false")));
        before.retain(|(name, _)| *name != "AWS_CONFIG_FILE");
        before.push(("AWS_CONFIG_FILE", &config));
        let env = environment(&world, &before, &["exec", "dev"]);
        for name in REMOVED {
            let value = env.get(name).map(String::as_str);
            assert!(value.is_none_or(|value| !value.is_empty() && value != preset), "{name}={value:?}");
        }
        let region = env.get("AWS_REGION").map(String::as_str);
        assert_eq!(region, (config_text == DEV).then_some("eu-west-1"), "{preset:?}");
        assert_eq!(region, env.get("AWS_DEFAULT_REGION").map(String::as_str));
        for name in KEPT {
            assert!(env.contains_key(name), "{name} is kept");
        }
        let token: serde_json::Value = serde_json::from_str(&token_of(&world)).unwrap();
        assert_eq!(env["AWS_ACCESS_KEY_ID"], token["accessToken"]["accessKeyId"].as_str().unwrap());
        assert_eq!(env["AWSENV_PROFILE"], "dev");
        assert!(!env.contains_key("AWSENV_RESTORE") && !env.contains_key("AWS_PROFILE"));
        let blank: Vec<_> = env.iter().filter(|(_, value)| value.is_empty()).collect();
        assert!(blank.is_empty(), "{blank:?}");
    }
}

#[test]
fn a_command_within_a_command_has_the_inner_identity_alone() {
    let bob = "[profile bob]\nlogin_session = arn:aws:sts::210987654321:assumed-role/Reader/bob\n";
    let world = World::new().config(&format!("{DEV}{bob}region = us-west-2\n"));
    assert_eq!(world.run("login dev").code, 0);
    world.sim.identities(&["arn:aws:sts::210987654321:assumed-role/Reader/bob"]);
    assert_eq!(world.run("login bob").code, 0);
    let inner = environment(&world, &[], &["exec", "dev", "--", AWSENV, "exec", "bob"]);
    let outer = environment(&world, &[], &["exec", "dev"]);
    for (name, value) in [
        ("AWSENV_PROFILE", "bob"),
        ("AWS_ACCOUNT_ID", "210987654321"),
        ("AWSENV_IDENTITY", "Reader"),
        ("AWS_REGION", "us-west-2"),
    ] {
        assert_eq!(inner[name], value);
    }
    for secret in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"] {
        assert!(!inner.values().any(|value| value.contains(&outer[secret])), "{secret} of the outer profile");
    }
}

#[test]
fn arguments_arrive_byte_for_byte() {
    let world = signed_in();
    let mut args: Vec<OsString> =
        ["", " ", "a b", "'", "\"", "$(x)", "`x`", "line\nbreak", "--", "-y", "\\", "*"]
            .into_iter()
            .map(OsString::from)
            .collect();
    args.push(OsStr::from_bytes(b"\xff\xfe\x80not utf-8").to_owned());
    args.push(OsString::from_vec((1..=255).collect()));
    args.push("x".repeat(100_000).into());
    args.push("".into());
    let mut command = world.command();
    command.args(["exec", "dev", "--", "sh", "-c", "printf '%s\\0' \"$@\"", "sh"]).args(&args);
    let done = command.output().unwrap();
    let got: Vec<&[u8]> = done.stdout.split(|&byte| byte == 0).collect();
    let sent: Vec<&[u8]> = args.iter().map(|arg| arg.as_bytes()).chain([&b""[..]]).collect();
    assert!(done.status.success() && got == sent, "{}", String::from_utf8_lossy(&done.stderr));
}

#[test]
fn the_name_of_the_command_is_as_typed() {
    let world = signed_in();
    assert_eq!(
        exec(&world, &["sh", "-c", "tr '\\0' ' ' </proc/$$/cmdline"]).stdout.split(' ').next(),
        Some("sh")
    );
}

#[test]
fn our_failures_are_not_the_commands() {
    let world = signed_in();
    world.write("no-program", "echo ran\n");
    let (file, dir) = (world.path("no-program"), world.path("home"));
    let (file, dir) = (file.to_string_lossy(), dir.to_string_lossy());
    for (argv, code) in [
        (&["exec", "dev", "--", "no-such-command"][..], 127),
        (&["exec", "dev", "--", "/no/such/command"], 127),
        (&["exec", "dev", "--", ""], 127),
        (&["exec", "dev", "--", &file], 126),
        (&["exec", "dev", "--", &dir], 126),
        (&["exec", "nobody", "--", "echo", "ran"], 125),
        (&["exec", "dev", "--no-such-flag", "--", "echo", "ran"], 125),
        (&["exec", "dev", "--min-ttl", "10h", "--", "echo", "ran"], 125),
        (&["exec", "dev", "--region", "no region", "--", "echo", "ran"], 125),
    ] {
        let ran = awsenv_of(&world, argv);
        assert_eq!((ran.code, &*ran.stdout), (code, ""), "{argv:?}: {ran:?}");
        assert!(ran.stderr.starts_with("error: "), "{argv:?}: {}", ran.stderr);
    }
    let world = World::new().config(DEV);
    let ran = exec(&world, &["echo", "ran"]);
    assert_eq!((ran.code, &*ran.stdout), (125, ""), "not signed in: {ran:?}");
    assert!(ran.stderr.contains("awsenv login dev"), "{ran:?}");
}

#[test]
fn without_a_command_it_is_the_persons_shell() {
    let world = signed_in();
    world.write("shell", "#!/bin/sh\necho \"shell of $AWSENV_PROFILE\"\nexit 9\n");
    let path = world.path("shell");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&path, mode).unwrap();
    let mut command = world.command();
    let ran = end(start(command.args(["exec", "dev"]).env("SHELL", &path)));
    assert_eq!((ran.code, &*ran.stdout), (9, "shell of dev\n"), "{ran:?}");
    let ran = awsenv_of(&world, &["exec", "dev"]);
    assert_eq!(ran.code, 125, "{ran:?}");
}

#[test]
fn closed_and_full_streams_are_survived() {
    let world = signed_in();
    for closed in ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"] {
        assert_eq!(
            shell(&world, &format!("exec \"$0\" exec dev -- sh -c 'exit 7' {closed}")).code,
            7,
            "{closed}"
        );
        let ran = shell(&world, &format!("exec \"$0\" export dev {closed}"));
        assert!(!ran.stderr.contains("panicked") && ran.code != 101, "{closed}: {ran:?}");
        let ran = shell(&world, &format!("exec \"$0\" export nobody {closed}"));
        assert_eq!(ran.code, 3, "{closed}: {ran:?}");
    }
    for line in ["export dev", "export dev --format json", "login dev", "list", "status"] {
        let ran = shell(&world, &format!("exec \"$0\" {line} >/dev/full"));
        assert_eq!(ran.code, 1, "{line}: {ran:?}");
        assert!(ran.stderr.contains("error: stdout cannot be written"), "{line}: {ran:?}");
        assert!(!ran.stderr.contains("panicked"), "{line}: {ran:?}");
    }
    assert_eq!(shell(&world, "\"$0\" export dev 2>/dev/full | wc -c").stderr, "");
    assert_eq!(shell(&world, "\"$0\" --help >/dev/full; echo $?").stdout, "1\n");
}
