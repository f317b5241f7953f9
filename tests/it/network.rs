//! The network at its worst: every fault of the simulator at every call, and what awsenv makes of it.

use crate::crowd::{DEV, awsenv, end, ends, expire, long, signed_in, token_of};
use crate::sim::{Fault, Op, Sim};
use crate::world::{Output, World};
use serde_json::{Value, json};
use std::time::{Duration, Instant, SystemTime};

const TOKEN: &str = "signin CreateOAuth2Token authorization_code";
const REFRESH: &str = "signin CreateOAuth2Token refresh_token";
const IDENTITY: &str = "sts GetCallerIdentity";

/// Runs every case in a thread of its own: what they do is wait.
pub(crate) fn each<T: Send>(cases: Vec<T>, run: impl Fn(T) + Sync) {
    std::thread::scope(|scope| {
        for case in cases {
            scope.spawn(|| run(case));
        }
    });
}

fn error(status: u16, code: &str) -> Fault {
    let message = "told \u{1b}]0;by\u{7} the \u{9b}2Jservice\r\n\u{202e}here".to_owned();
    Fault::Error { status, error: code.to_owned(), message }
}

fn field(path: &str, value: Value) -> Fault {
    Fault::Field(path.to_owned(), value)
}

/// Words for a person: no control characters, nothing of the program's inside, sentences as they are written here.
pub(crate) fn well_said(what: &str, output: &Output) {
    let words = &output.stderr;
    for c in words.chars().filter(|c| *c != '\n') {
        assert!(!c.is_control() && !('\u{202a}'..='\u{202e}').contains(&c), "{what}: {c:?} in {words:?}");
    }
    for inside in [
        "reqwest",
        "hyper",
        "tokio",
        "serde",
        "rustls",
        "panicked",
        "src/",
        "Error(",
        "Err(",
        "Some(",
        " at line ",
    ] {
        assert!(!words.contains(inside), "{what}: {inside} in\n{words}");
    }
    for line in words.lines().filter(|line| !line.contains("/v1/authorize?")) {
        assert!(line.len() < 500, "{what}: {line}");
        if let Some(sentence) = line.strip_prefix("error: ") {
            assert!(!sentence.ends_with('.'), "{what}: {line}");
            assert!(
                !sentence.starts_with(char::is_uppercase)
                    || ["AWS", "IAM", "Identity Center", "STS"].iter().any(|name| sentence.starts_with(name)),
                "{what}: {line}"
            );
        }
    }
}

/// Faults in which no true answer is to be seen, and what a person is told of them.
pub(crate) fn no_answer(elsewhere: &Sim) -> Vec<(&'static str, Fault, &'static str)> {
    vec![
        ("redirect", Fault::Redirect(elsewhere.url().to_owned()), "redirect"),
        ("captive portal", Fault::Html, "captive portal"),
        ("200 MB", Fault::Huge, "more than 1024 KiB"),
        ("gzip bomb", Fault::GzipBomb, "did not answer as it should"),
        ("depth of 100,000", Fault::DeepJson(100_000), "did not answer as it should"),
        ("not UTF-8", Fault::Garbage, "did not answer as it should"),
        ("an array", Fault::Json(json!([])), "did not answer as it should"),
        ("null", Fault::Json(Value::Null), "did not answer as it should"),
        ("an empty object", Fault::Json(json!({})), "accessToken"),
        (
            "a lone surrogate",
            Fault::Json(json!({"accessToken": "\\ud800\u{0}"})),
            "did not answer as it should",
        ),
    ]
}

/// Fields of a token answer that are wrong, and the name that a person is told.
fn bad_fields() -> Vec<(&'static str, Fault, &'static str)> {
    let mut bad = Vec::new();
    for value in [
        Value::Null,
        json!(0),
        json!(-1),
        json!(2_147_483_648_i64),
        json!(i64::MAX),
        json!("900"),
        json!(900.5),
    ] {
        bad.push(("expiresIn", field("expiresIn", value), "answer"));
    }
    for name in
        ["accessToken", "accessToken.accessKeyId", "accessToken.secretAccessKey", "accessToken.sessionToken"]
    {
        let last = name.rsplit('.').next().expect("it is as the test made it");
        bad.push((name, field(name, Value::Null), last));
        bad.push((name, field(name, json!(7)), "answer"));
        bad.push((name, field(name, json!("two\nlines")), "answer"));
        bad.push((name, field(name, json!("$(touch x)\u{0}")), "answer"));
        bad.push((name, field(name, json!("")), "answer"));
    }
    bad.push(("refreshToken", field("refreshToken", Value::Null), "refreshToken"));
    bad.push(("refreshToken", field("refreshToken", json!("")), "refreshToken"));
    bad
}

#[test]
fn a_failed_exchange_is_told_and_keeps_nothing() {
    let elsewhere = Sim::start();
    let mut cases: Vec<(&str, Fault, i32, &str)> = no_answer(&elsewhere)
        .into_iter()
        .chain(bad_fields())
        .map(|(name, fault, told)| (name, fault, 6, told))
        .collect();
    cases.extend([
        ("500", Fault::Status(500), 6, "a fault of its own"),
        ("503", error(503, "unavailable"), 6, "a fault of its own"),
        ("429", error(429, "TooManyRequests"), 5, "asked too often"),
        ("401", Fault::Status(401), 5, "refused"),
        ("403", Fault::Status(403), 5, "signin:CreateOAuth2Token"),
        ("404", Fault::Status(404), 5, "refused"),
        ("INVALID_REQUEST", error(400, "INVALID_REQUEST"), 5, "start again: awsenv login dev"),
        ("AUTHCODE_EXPIRED", error(401, "AUTHCODE_EXPIRED"), 5, "start again: awsenv login dev"),
        ("a code with ESC", error(400, "\u{1b}[31mRED"), 5, "refused"),
        ("reset", Fault::Reset, 6, "cannot be reached"),
        ("cut", Fault::Truncated, 6, "cannot be reached"),
        ("10,000 headers", Fault::Headers(10_000), 6, "cannot be reached"),
        ("no idToken", field("idToken", Value::Null), 6, "idToken"),
        ("idToken is no JWT", field("idToken", json!("e30")), 6, "id token"),
    ]);
    each(cases, |(name, fault, code, told)| {
        let world = World::new().config(DEV);
        let config = world.read("home/.aws/config");
        world.sim.fault(Op::Token, fault);
        let output = world.run("login dev");
        assert_eq!((output.code, &*output.stdout), (code, "false;\n"), "{name}: {output}");
        assert!(output.stderr.contains(told), "{name}: {told} is not in\n{output}");
        well_said(name, &output);
        assert_eq!(world.sim.count(TOKEN), 1, "{name}: a code is good once");
        assert!(!world.files().iter().any(|file| file.contains(".json")), "{name}: {:?}", world.files());
        assert_eq!(world.read("home/.aws/config"), config, "{name}");
    });
    assert_eq!(elsewhere.calls(), [""; 0], "nothing was sent after a redirect");
}

/// Faults of a renewal: the exit code, the calls, the words.
fn renewals(elsewhere: &Sim) -> Vec<(&'static str, Fault, i32, usize, &'static str)> {
    let mut cases: Vec<_> = no_answer(elsewhere)
        .into_iter()
        .chain(bad_fields())
        .map(|(name, fault, told)| (name, fault, 6, 1, told))
        .collect();
    cases.extend([
        ("500", Fault::Status(500), 6, 2, "a fault of its own"),
        ("503", error(503, "unavailable"), 6, 2, "a fault of its own"),
        ("429", error(429, "TooManyRequests"), 5, 2, "asked too often"),
        ("401", Fault::Status(401), 4, 1, "awsenv login dev"),
        ("403", Fault::Status(403), 5, 1, "signin:CreateOAuth2Token"),
        ("TOKEN_EXPIRED", error(401, "TOKEN_EXPIRED"), 4, 1, "sign in again: awsenv login dev"),
        ("INVALID_REQUEST", error(400, "INVALID_REQUEST"), 4, 1, "sign in again: awsenv login dev"),
        ("changed", error(401, "USER_CREDENTIALS_CHANGED"), 4, 1, "sign in again: awsenv login dev"),
        ("reset", Fault::Reset, 6, 2, "cannot be reached"),
        ("cut", Fault::Truncated, 6, 2, "cannot be reached"),
        ("10,000 headers", Fault::Headers(10_000), 6, 2, "cannot be reached"),
    ]);
    cases
}

#[test]
fn a_failed_renewal_is_told_and_keeps_the_token() {
    let elsewhere = Sim::start();
    each(renewals(&elsewhere), |(name, fault, code, calls, told)| {
        let world = signed_in();
        world.sim.single_use_refresh(false);
        expire(&world.token_file());
        let token = token_of(&world);
        world.sim.fault_always(Op::Refresh, fault);
        let output = world.run("export dev");
        assert_eq!((output.code, &*output.stdout), (code, "false;\n"), "{name}: {output}");
        assert!(output.stderr.contains(told), "{name}: {told} is not in\n{output}");
        well_said(name, &output);
        assert_eq!((world.sim.count(REFRESH), world.opened()), (calls, 1), "{name}");
        assert!(token_of(&world) == token, "{name}: the token changed");
    });
    assert_eq!(elsewhere.calls(), [""; 0], "nothing was sent after a redirect");
}

#[test]
fn a_failed_renewal_is_a_warning_while_credentials_last() {
    let elsewhere = Sim::start();
    each(renewals(&elsewhere), |(name, fault, _, calls, _)| {
        let world = signed_in();
        world.sim.single_use_refresh(false);
        age(&world);
        world.sim.fault_always(Op::Refresh, fault);
        let output = world.run("export dev");
        assert_eq!(output.code, 0, "{name}: {output}");
        assert!(output.stderr.starts_with("warning: not renewed, 2m left: "), "{name}: {output}");
        assert_eq!(output.stderr.lines().count(), 1, "{name}: {output}");
        well_said(name, &output);
        assert_eq!(world.sim.count(REFRESH), calls, "{name}");
    });
}

#[test]
fn the_trace_holds_no_secret() {
    let elsewhere = Sim::start();
    each(renewals(&elsewhere), |(name, fault, code, ..)| {
        let world = World::new().config(DEV);
        world.sim.single_use_refresh(false);
        let login = world.run("--debug login dev"); // a run looks for secrets in what it wrote
        assert!(login.code == 0 && login.stderr.contains("debug: "), "{login}");
        expire(&world.token_file());
        let token = token_of(&world);
        world.sim.fault_always(Op::Refresh, fault);
        let export = world.run("--debug export dev");
        assert_eq!(export.code, code, "{name}: {export}");
        let key: serde_json::Value = serde_json::from_str(&token).unwrap();
        for line in key["dpopKey"].as_str().unwrap().lines().filter(|line| !line.starts_with('-')) {
            assert!(!login.stderr.contains(line) && !export.stderr.contains(line), "{name}");
        }
    });
}

/// Has the credentials in the token file be 13 minutes old, with a little more than two to go.
fn age(world: &World) {
    let now = SystemTime::now();
    let end: chrono::DateTime<chrono::Utc> = (now + Duration::from_secs(150)).into();
    let text = ends(&token_of(world), &end.format("%Y-%m-%dT%H:%M:%SZ").to_string());
    std::fs::write(world.token_file(), text).expect("it is as the test made it");
    let file =
        std::fs::File::options().write(true).open(world.token_file()).expect("it is as the test made it");
    file.set_modified(now - Duration::from_secs(750)).expect("it is as the test made it");
}

#[test]
fn a_renewal_is_sent_again_once() {
    for (faults, code, calls) in [
        (vec![Fault::Status(503)], 0, 2),
        (vec![Fault::Reset], 0, 2),
        (vec![error(429, "TooManyRequests")], 0, 2),
        (vec![Fault::Status(503), Fault::Status(503)], 6, 2),
    ] {
        let world = signed_in();
        expire(&world.token_file());
        let shown = format!("{faults:?}");
        for fault in faults {
            world.sim.fault(Op::Refresh, fault);
        }
        let output = world.run("export dev");
        assert_eq!((output.code, world.sim.count(REFRESH)), (code, calls), "{shown}: {output}");
        assert_eq!(world.sim.refusals(), [""; 0], "each was sent with a proof of its own");
    }
}

#[test]
fn who_cannot_be_confirmed_is_a_warning() {
    let elsewhere = Sim::start();
    let portal = ("captive portal", Fault::Html, 1);
    let mut cases: Vec<(&str, Fault, usize)> = no_answer(&elsewhere)
        .into_iter()
        .filter(|(name, ..)| *name != "captive portal")
        .map(|(name, fault, _)| (name, fault, 1))
        .chain([portal])
        .collect();
    cases.extend([
        ("500", Fault::Status(500), 3),
        ("503", error(503, "unavailable"), 3),
        ("429", error(429, "Throttling"), 3),
        ("denied", error(403, "AccessDenied"), 1),
        ("400", error(400, "\u{1b}[2J"), 1),
        ("reset", Fault::Reset, 3),
        ("cut", Fault::Truncated, 3),
        ("10,000 headers", Fault::Headers(10_000), 3),
    ]);
    each(cases, |(name, fault, calls)| {
        let world = World::new().config(DEV);
        world.sim.fault_always(Op::CallerIdentity, fault);
        let output = world.run("login dev");
        assert_eq!(output.code, 0, "{name}: {output}");
        assert!(
            output.stderr.contains("warning: it could not be confirmed who you are: "),
            "{name}: {output}"
        );
        assert!(output.stdout.contains("AWS_ACCESS_KEY_ID="), "{name}");
        well_said(name, &output);
        assert_eq!(world.sim.count(IDENTITY), calls, "{name}");
        assert!(world.token_file().exists(), "{name}");
    });
    let world = World::new().config(DEV);
    world.sim.fault(Op::CallerIdentity, Fault::Status(503));
    world.sim.fault(Op::CallerIdentity, Fault::Status(503));
    let output = world.run("login dev");
    assert!(output.code == 0 && !output.stderr.contains("warning"), "{output}");
    assert_eq!(world.sim.count(IDENTITY), 3, "503 twice, then 200");
}

#[test]
fn another_identity_keeps_nothing() {
    let world = World::new().config(DEV);
    let mallory = "arn:aws:sts::666666666666:assumed-role/Admin/mallory";
    world.sim.fault(Op::CallerIdentity, Fault::Identity(mallory.into()));
    let output = world.run("login dev");
    assert_eq!((output.code, &*output.stdout), (1, "false;\n"), "{output}");
    assert!(output.stderr.contains(mallory) && output.stderr.contains("nothing was kept"), "{output}");
    assert!(!world.files().iter().any(|file| file.contains(".json")), "{:?}", world.files());
}

#[test]
fn a_wrong_clock_is_named_and_worked_around() {
    for hours in [-2, 2, 26] {
        let now = i64::try_from(SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs()).unwrap();
        let world = World::new().config(DEV).local_clock(now + hours * 3600);
        let output = world.run("login dev");
        assert_eq!(output.code, 0, "{hours}: {output}");
        let side = if hours < 0 { "behind AWS's" } else { "ahead of AWS's" };
        assert!(output.stderr.contains(side), "{hours}: {output}");
        assert_eq!(output.stderr.matches("clock").count(), 2, "said once: {output}");
        assert_eq!((world.sim.count(TOKEN), world.sim.count(IDENTITY)), (2, 1), "{hours}");
        expire(&world.token_file());
        let output = world.run("export dev");
        assert_eq!((output.code, world.sim.count(REFRESH)), (0, 2), "{hours}: {output}");
        assert!(output.stderr.contains(side), "{hours}: {output}");
    }
    let world = World::new().config(DEV);
    world.sim.fault_always(Op::CallerIdentity, Fault::Date(7200));
    let output = world.run("login dev");
    assert_eq!((output.code, world.sim.count(IDENTITY)), (0, 2), "{output}");
}

#[test]
fn a_server_that_is_slow_for_ever_is_left() {
    let mut cases = vec![("login dev", Op::Token, Fault::Silent, 6)];
    if long() {
        for fault in [Fault::Silent, Fault::Drip, Fault::Slow(Duration::from_secs(60))] {
            cases.push(("login dev", Op::Token, fault.clone(), 6));
            cases.push(("login dev", Op::CallerIdentity, fault.clone(), 0));
            cases.push(("export dev", Op::Refresh, fault, 6));
        }
    }
    each(cases, |(line, op, fault, code)| {
        let world = if op == Op::Refresh { signed_in() } else { World::new().config(DEV) };
        world.sim.single_use_refresh(false);
        if op == Op::Refresh {
            expire(&world.token_file());
        }
        let name = format!("{op:?} {fault:?}");
        world.sim.fault_always(op, fault);
        let started = Instant::now();
        let output = world.run(line);
        let took = started.elapsed();
        println!("{name}: {took:.1?}, {} calls", world.sim.calls().len());
        assert!(took < Duration::from_secs(30), "{name}: {took:?}");
        assert_eq!(output.code, code, "{name}: {output}");
        assert!(output.stderr.contains("did not answer in time"), "{name}: {output}");
        well_said(&name, &output);
    });
}

#[test]
fn a_huge_answer_takes_little_memory() {
    for fault in [Fault::Huge, Fault::GzipBomb, Fault::DeepJson(500_000)] {
        let world = signed_in();
        expire(&world.token_file());
        world.sim.fault_always(Op::Refresh, fault.clone());
        let mut child = awsenv(&world, &["export", "dev"]);
        let file = format!("/proc/{}/status", child.id());
        let mut peak = 0_u64;
        while child.try_wait().unwrap().is_none() {
            let status = std::fs::read_to_string(&file).unwrap_or_default();
            let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
            if status.starts_with("Name:\tawsenv") {
                peak = peak.max(line.trim().trim_end_matches(" kB").parse().unwrap_or(0));
            }
        }
        assert_eq!(end(child).code, 6);
        println!("{fault:?}: peak of {peak} kB");
        assert!(peak < 64 << 10, "{peak} kB");
    }
}
