//! Roles at their worst: STS under every fault, a wrong clock, cache entries of somebody else.

use crate::network::{each, no_answer, well_said};
use crate::sim::{Fault, Op, Sim};
use crate::world::{ALICE, World};
use serde_json::{Value, json};

const USER: &str = "arn:aws:iam::123456789012:user/bob";
const MALLORY: &str = "arn:aws:iam::123456789012:user/mallory";
const SERIAL: &str = "arn:aws:iam::123456789012:mfa/bob";
const ROLE: &str = "arn:aws:iam::123456789012:role/RoleA";
const ROLE_B: &str = "arn:aws:iam::123456789012:role/RoleB";
const BOB_KEYS: &str = "aws_access_key_id = AKIABOB0000000000001\naws_secret_access_key = bobsecret\n";
const MALLORY_KEYS: &str =
    "aws_access_key_id = AKIAMALLORY000000001\naws_secret_access_key = mallorysecret\n";

/// The AWS CLI's entry of [`ROLE`], asked for without a parameter more.
const ENTRY: &str = "home/.aws/cli/cache/330942beff5b0648244cebd8031e0bfca87ac4a0.json";

fn of(more: &str) -> World {
    let config = format!(
        "[profile base]\nregion = eu-west-1\n[profile a]\nrole_arn = {ROLE}\nsource_profile = base\nregion = eu-west-1\n\
         [profile b]\nrole_arn = {ROLE_B}\nsource_profile = base\nregion = eu-west-1\n\
         [profile user]\nregion = eu-west-1\nmfa_serial = {SERIAL}\n\
         [profile m]\nrole_arn = {ROLE_B}\nsource_profile = user\nmfa_serial = {SERIAL}\nregion = eu-west-1\n{more}"
    );
    let credentials = format!("[base]\n{BOB_KEYS}[user]\n{BOB_KEYS}");
    let world =
        World::new().config(&config).credentials(&credentials).env("USER", "bob").env("HOSTNAME", "laptop");
    world.sim.key("AKIABOB0000000000001", "bobsecret", USER);
    world.sim.key("AKIAMALLORY000000001", "mallorysecret", MALLORY);
    world.sim.mfa(SERIAL, "123456");
    world.sim.role(ROLE).trusts(USER).max_duration(43_200);
    world.sim.role(ROLE_B).trusts(USER).max_duration(43_200);
    world
}

fn set(output: &str, name: &str) -> i64 {
    let after = output.split_once(&format!("export {name}='")).expect(name).1;
    after.split('\'').next().unwrap().parse().unwrap()
}

/// awsenv's own entries.
fn own(world: &World, room: &str) -> Vec<String> {
    let room = format!(".local/state/awsenv/{room}/");
    let files = world.files().into_iter().filter(|name| name.starts_with(&room) && name.ends_with(".json"));
    files.map(|name| format!("home/{name}")).collect()
}

fn entry(world: &World, file: &str) -> Value {
    serde_json::from_str(&world.read(file)).unwrap_or_else(|e| panic!("{file}: {e}: {:?}", world.files()))
}

#[test]
fn a_wrong_clock_costs_no_request_and_no_second_of_true_life() {
    for ahead in [7200, -7200] {
        for (profile, call, length) in [
            ("a", "sts AssumeRole", 3600),
            ("m", "sts AssumeRole", 3600),
            ("user", "sts GetSessionToken", 43_200),
        ] {
            let world = of("").env("AWSENV_MFA_CODE", "123456");
            let local = world.sim.now() + ahead;
            let world = world.local_clock(local);
            for _ in 0..3 {
                let output = world.run(&format!("export {profile}"));
                assert_eq!(output.code, 0, "{ahead} {profile}: {output}");
                let left = set(&output.stdout, "AWSENV_EXPIRES_AT") - local;
                assert!((length - 60..=length + 60).contains(&left), "{ahead} {profile}: {left} s are left");
            }
            // one call; where AWS refuses its date, sent again once with the right one
            let refused = world.sim.refusals().len();
            assert!(
                refused <= 1 && world.sim.count(call) <= 1 + refused,
                "{ahead} {profile}: {:?}",
                world.sim.calls()
            );
        }
    }
}

#[test]
fn the_last_second_is_not_given_out() {
    let now = 1_893_553_445;
    let world = of("").at(now);
    assert_eq!(world.run("export a").code, 0);
    world.sim.fault_always(Op::AssumeRole, Fault::Status(503));
    let world = world.at(now + 3599);
    assert_eq!(world.run("export a").code, 0, "a second is left");
    let world = world.at(now + 3600);
    let ended = world.run("export a");
    assert_eq!((ended.code, ended.stdout.as_str()), (6, "false;\n"), "{ended}");
    world.sim.clear_faults();
    let world = world.at(now - 86_400);
    let output = world.run("export a");
    assert_eq!(output.code, 0, "{output}");
    assert_eq!(set(&output.stdout, "AWSENV_EXPIRES_AT"), now - 86_400 + 3600);
}

#[test]
fn an_entry_that_does_not_say_whose_it_is_is_not_used() {
    let world = of("").env("AWSENV_MFA_CODE", "123456");
    let foreign = json!({"ProviderType": "sso", "Credentials": {
        "AccessKeyId": "ASIAFOREIGN000000001", "SecretAccessKey": "s", "SessionToken": "t",
        "Expiration": half_an_hour(&world), "AccountId": "123456789012",
    }})
    .to_string();
    world.write(ENTRY, &foreign);
    let output = world.run("export a");
    assert_eq!((output.code, world.sim.count("sts AssumeRole")), (0, 1), "the AWS CLI's: {output}");
    for (room, line) in [("role", "export a"), ("session-token", "export user")] {
        assert_eq!(world.run(line).code, 0);
        let file = own(&world, room).remove(0);
        let _ = std::fs::remove_file(world.path(ENTRY));
        world.write(&file, &foreign);
        let output = world.run(line);
        assert!(!output.stdout.contains("FOREIGN"), "{room}: {output}");
        assert_eq!(output.code, if room == "role" { 0 } else { 5 }, "the code is good once: {output}");
    }
}

/// Half an hour from now.
fn half_an_hour(world: &World) -> String {
    let now = std::time::UNIX_EPOCH
        + std::time::Duration::from_secs(u64::try_from(world.sim.now() + 1800).unwrap());
    chrono::DateTime::<chrono::Utc>::from(now).format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[test]
fn entries_whose_names_were_exchanged_hand_out_nobody_elses_credentials() {
    let world = of("");
    let (a, b) = (world.run("export a"), world.run("export b"));
    assert_eq!((a.code, b.code), (0, 0));
    for room in ["home/.aws/cli/cache", "home/.local/state/awsenv/role"] {
        let dir = world.path(room);
        let mut files: Vec<_> =
            std::fs::read_dir(&dir).unwrap().flatten().map(|entry| entry.path()).collect();
        files.retain(|path| path.extension().is_some_and(|end| end == "json"));
        assert_eq!(files.len(), 2, "{files:?}");
        let other = dir.join("other");
        std::fs::rename(&files[0], &other).unwrap();
        std::fs::rename(&files[1], &files[0]).unwrap();
        std::fs::rename(&other, &files[1]).unwrap();
    }
    for (line, role) in [("export a", "RoleA"), ("export b", "RoleB")] {
        let output = world.run(line);
        assert_eq!(output.code, 0, "{output}");
        let id = output.stdout.split_once("AWS_ACCESS_KEY_ID='").unwrap().1[..20].to_owned();
        assert!(!a.stdout.contains(&id) && !b.stdout.contains(&id), "{role}: {output}");
    }
    assert_eq!(world.sim.count("sts AssumeRole"), 4);
}

#[test]
fn who_stands_in_the_environment_gets_only_what_they_assumed_themselves() {
    let world = of(&format!(
        "[profile e]\nrole_arn = {ROLE}\ncredential_source = Environment\nrole_session_name = bob\n"
    ));
    let world =
        world.env("AWS_ACCESS_KEY_ID", "AKIABOB0000000000001").env("AWS_SECRET_ACCESS_KEY", "bobsecret");
    assert_eq!(world.run("export e").code, 0);
    let world =
        world.env("AWS_ACCESS_KEY_ID", "AKIAMALLORY000000001").env("AWS_SECRET_ACCESS_KEY", "mallorysecret");
    let output = world.run("export e");
    assert_eq!((output.code, output.stdout.as_str()), (5, "false;\n"), "mallory may not assume it: {output}");
}

#[test]
fn keys_that_were_replaced_get_only_what_they_assumed_themselves() {
    let world = of("");
    assert_eq!(world.run("export a").code, 0);
    std::thread::sleep(std::time::Duration::from_millis(20));
    world.write("home/.aws/credentials", &format!("[base]\n{MALLORY_KEYS}"));
    let output = world.run("export a");
    assert_eq!((output.code, output.stdout.as_str()), (5, "false;\n"), "mallory may not assume it: {output}");
}

#[test]
fn an_entry_that_ends_too_late_does_not_hide_one_that_lasts() {
    let now = 1_893_553_445;
    let world = of("").at(now);
    assert_eq!(world.run("export a").code, 0);
    let mut late = entry(&world, ENTRY);
    late["Credentials"]["Expiration"] = "2999-01-01T00:00:00Z".into();
    world.write(ENTRY, &late.to_string());
    world.sim.fault_always(Op::AssumeRole, Fault::Status(503));
    let output = world.at(now + 3000).run("export a");
    assert_eq!(output.code, 0, "{output}");
    assert!(output.stderr.contains("not renewed, 10m left"), "{output}");
}

#[test]
fn sts_at_its_worst() {
    let elsewhere = Sim::start();
    let cases = no_answer(&elsewhere).into_iter().flat_map(|case| {
        [("export a", Op::AssumeRole), ("export m", Op::AssumeRole), ("export user", Op::SessionToken)]
            .map(|(line, op)| (case.clone(), line, op))
    });
    each(cases.collect(), |((name, fault, told), line, op)| {
        let world = of("").env("AWSENV_MFA_CODE", "123456");
        world.sim.fault_always(op, fault);
        let output = world.run(line);
        let what = format!("{line}: {name}");
        assert_eq!((output.code, output.stdout.as_str()), (6, "false;\n"), "{what}: {output}");
        assert!(told == "accessToken" || output.stderr.contains(told), "{what}: {output}");
        well_said(&what, &output);
        let traced = world.run(&format!("{line} --debug"));
        assert!(
            !traced.stderr.contains("123456\n") && !traced.stderr.contains("TokenCode"),
            "{what}: {traced}"
        );
        assert!(own(&world, "role").is_empty(), "{what}: {:?}", world.files());
    });
    assert!(elsewhere.calls().is_empty(), "{:?}", elsewhere.calls());
}

#[test]
fn fields_that_are_missing_are_named() {
    for name in ["AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"] {
        for value in [Value::Null, json!(""), json!("two\nlines\u{7}")] {
            let world = of("");
            world
                .sim
                .fault_always(Op::AssumeRole, Fault::Field(format!("Credentials.{name}"), value.clone()));
            let output = world.run("export a");
            assert_eq!((output.code, output.stdout.as_str()), (6, "false;\n"), "{name} {value}: {output}");
            well_said(name, &output);
        }
    }
    let world = of("");
    world.sim.fault(Op::AssumeRole, Fault::Identity("arn:aws:sts::123456789012:assumed-role/Other/x".into()));
    let output = world.run("export a");
    assert_eq!((output.code, output.stdout.as_str()), (1, "false;\n"), "{output}");
    assert!(own(&world, "role").is_empty() && !world.path(ENTRY).exists(), "{:?}", world.files());
}

#[test]
fn a_fault_that_passes_is_outlasted_and_a_code_is_sent_once() {
    let world = of("").env("AWSENV_MFA_CODE", "123456");
    (0..2).for_each(|_| world.sim.fault(Op::AssumeRole, Fault::Status(503)));
    assert_eq!((world.run("export a").code, world.sim.count("sts AssumeRole")), (0, 3));
    world.sim.fault_always(Op::SessionToken, Fault::Reset);
    assert_eq!((world.run("export user").code, world.sim.count("sts GetSessionToken")), (6, 1));
    for (op, line) in [(Op::AssumeRole, "a"), (Op::SessionToken, "user")] {
        let world = of("").env("AWSENV_MFA_CODE", "123456");
        world.sim.fault_always(
            op,
            Fault::Error { status: 429, error: "Throttling".into(), message: "slow".into() },
        );
        for command in ["export", "login"] {
            let output = world.run(&format!("{command} {line}"));
            assert_eq!((output.code, output.stdout.as_str(), world.opened()), (5, "false;\n", 0), "{output}");
            assert!(
                !output.stderr.contains("not signed in") && !output.stderr.contains("hint: sign in"),
                "{output}"
            );
        }
    }
}

#[test]
fn a_length_that_cannot_be_is_a_usage_error_before_anything_is_asked() {
    let world = of(&format!(
        "[profile dev]\nlogin_session = {ALICE}\nregion = eu-west-1\n[profile bad]\nrole_arn = {ROLE}\nsource_profile = base\nduration_seconds = 12h\n"
    ));
    for (line, code) in [
        ("export a --duration 899", 2),
        ("export a --duration 12h1s", 2),
        ("export a --duration -1", 2),
        ("export a --duration 99999999999999999999", 2),
        ("export a --duration 1e3", 2),
        ("export user --duration 36h1s", 2),
        ("export dev --duration 1h", 2),
        ("export base --duration 1h", 2),
        ("export bad", 3),
    ] {
        let output = world.run(line);
        assert_eq!((output.code, output.stdout.as_str()), (code, "false;\n"), "{line}: {output}");
    }
    for line in ["exec a --duration 899 -- true", "exec bad -- true"] {
        let output = world.run(line);
        assert_eq!((output.code, output.stdout.as_str()), (125, ""), "{line}: {output}");
    }
    assert!(world.sim.calls().is_empty(), "{:?}", world.sim.calls());
}
