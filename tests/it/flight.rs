//! One flight: however many processes want the same thing, it is asked for once. With real processes.

use crate::crowd::{
    DEV, Ran, awsenv, end, expire, expired, signal, signed_in, start, together, token_of, turn, until_called,
};
use crate::sim::{Fault, Op};
use crate::world::{ALICE, World, eventually, flag};
use rustix::process::Signal;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const REFRESH: &str = "signin CreateOAuth2Token refresh_token";
const BOB: &str = "arn:aws:sts::210987654321:assumed-role/Reader/bob";

fn all_succeeded(ran: &[Ran]) {
    for one in ran {
        assert_eq!(one.code, 0, "{one:?}");
    }
}

/// The file of this kind beside a token file.
fn beside(token: &Path, what: &str) -> PathBuf {
    let stem = token.file_stem().unwrap_or_default().to_string_lossy();
    token.with_file_name(format!(".{stem}.{what}"))
}

/// Reads a file over and over until told to stop: how often it was read, and how often it did not parse.
fn watch(token: &Path) -> (Arc<std::sync::atomic::AtomicBool>, std::thread::JoinHandle<(usize, usize)>) {
    let (stop, token) = (flag(), token.to_owned());
    let told = Arc::clone(&stop);
    let reader = std::thread::spawn(move || {
        let (mut reads, mut broken) = (0, 0);
        while !told.load(Ordering::SeqCst) {
            let text = std::fs::read(&token).unwrap_or_default();
            reads += 1;
            broken += usize::from(serde_json::from_slice::<serde_json::Value>(&text).is_err());
            std::thread::sleep(Duration::from_millis(1));
        }
        (reads, broken)
    });
    (stop, reader)
}

#[test]
fn fifty_processes_renew_once() {
    let _turn = turn();
    let world = signed_in();
    let token = world.token_file();
    world.sim.latency(Duration::from_millis(300));
    for round in 1..=3 {
        expire(&token);
        let (stop, reader) = watch(&token);
        let (ran, took) = together(&world, 50, &["export", "dev"]);
        stop.store(true, Ordering::SeqCst);
        let (reads, broken) = reader.join().unwrap();
        all_succeeded(&ran);
        assert_eq!(world.sim.count(REFRESH), round, "refreshes");
        assert!(ran.iter().all(|one| one.key_id().len() == 20 && one.key_id() == ran[0].key_id()));
        assert!(reads > 50 && broken == 0, "{broken} of {reads} reads failed");
        println!("50 renewed once in {took:.2?}, {reads} reads were whole");
    }
}

#[test]
fn without_locks_more_is_asked_and_all_succeed() {
    let _turn = turn();
    let world = signed_in();
    let token = world.token_file();
    world.sim.latency(Duration::from_millis(300));
    std::fs::create_dir(beside(&token, "lock")).unwrap();
    expire(&token);
    let (ran, took) = together(&world, 50, &["export", "dev"]);
    let refreshes = world.sim.count(REFRESH);
    println!("50 without locks: {refreshes} refreshes in {took:.2?}");
    assert!(refreshes > 1, "the lock was off, yet {refreshes} refresh");
    all_succeeded(&ran);
}

#[test]
fn a_failure_is_shared() {
    let _turn = turn();
    let world = signed_in();
    expire(&world.token_file());
    world.sim.latency(Duration::from_secs(2));
    let no = Fault::Error { status: 403, error: "ACCESS_DENIED".into(), message: "not today".into() };
    world.sim.fault_always(Op::Refresh, no);
    let (ran, took) = together(&world, 20, &["export", "dev"]);
    assert_eq!(world.sim.count(REFRESH), 1);
    assert!(took < Duration::from_millis(3200), "{took:?}");
    for one in &ran {
        let words: Vec<_> = one.stderr.lines().filter(|line| !line.starts_with("waiting for ")).collect();
        assert_eq!((one.code, &*one.stdout), (5, "false;\n"), "{one:?}");
        assert!(words[0].starts_with("error: ") && one.stderr.contains("not today"), "{one:?}");
        let first: Vec<_> = ran[0].stderr.lines().filter(|line| !line.starts_with("waiting for ")).collect();
        assert_eq!(words, first);
    }
    println!("20 failed as one in {took:.2?}");
}

#[test]
fn two_sessions_do_not_wait_for_each_other() {
    let _turn = turn();
    let config = format!("{DEV}[profile bob]\nlogin_session = {BOB}\nregion = eu-west-1\n");
    let world = World::new().config(&config);
    assert_eq!(world.run("login dev").code, 0);
    let alices = world.token_file();
    world.sim.identities(&[BOB]);
    assert_eq!(world.run("login bob").code, 0);
    for file in std::fs::read_dir(alices.parent().unwrap()).unwrap().flatten() {
        if file.path().extension().is_some_and(|end| end == "json") {
            expire(&file.path());
        }
    }
    world.sim.fault(Op::Refresh, Fault::Slow(Duration::from_secs(3)));
    let mut slow = awsenv(&world, &["export", "dev"]);
    until_called(&world, REFRESH, 1);
    let started = Instant::now();
    let quick = end(awsenv(&world, &["export", "bob"]));
    assert_eq!(quick.code, 0, "{quick:?}");
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    assert!(slow.try_wait().unwrap().is_none(), "the slow one goes on");
    assert_eq!(end(slow).code, 0);
}

#[test]
fn a_killed_holder_holds_nobody_up() {
    let _turn = turn();
    let world = signed_in();
    expire(&world.token_file());
    world.sim.fault(Op::Refresh, Fault::Silent);
    let holder = awsenv(&world, &["export", "dev"]);
    until_called(&world, REFRESH, 1);
    let waiters: Vec<_> = (0..10).map(|_| awsenv(&world, &["export", "dev"])).collect();
    std::thread::sleep(Duration::from_millis(200));
    signal(&holder, Signal::KILL);
    let killed = Instant::now();
    let ran: Vec<Ran> = waiters.into_iter().map(end).collect();
    assert_eq!(end(holder).signal, Some(9));
    all_succeeded(&ran);
    assert!(killed.elapsed() < Duration::from_secs(2), "{:?}", killed.elapsed());
    assert_eq!(world.sim.count(REFRESH), 2);
}

#[test]
fn fifty_first_runs_in_an_empty_home_open_one_browser() {
    let _turn = turn();
    let config = World::new().config(DEV);
    let world = World::new()
        .env("AWS_CONFIG_FILE", &config.path("home/.aws/config").to_string_lossy())
        .env("LANG", "C");
    assert!(world.files().is_empty());
    let (ran, took) = together(&world, 50, &["login", "dev"]);
    all_succeeded(&ran);
    assert_eq!((world.opened(), world.sim.count("signin CreateOAuth2Token")), (1, 1));
    assert!(ran.iter().all(|one| one.key_id() == ran[0].key_id()));
    println!("50 logins in an empty home: 1 browser, {took:.2?}");
}

#[test]
fn five_logins_open_one_browser() {
    let _turn = turn();
    let world = World::new().config(DEV);
    let (ran, _) = together(&world, 5, &["login", "dev"]);
    all_succeeded(&ran);
    assert_eq!((world.opened(), world.sim.count("signin CreateOAuth2Token")), (1, 1));
}

/// A world whose person does nothing before the flag is up.
fn hesitant() -> (World, Arc<std::sync::atomic::AtomicBool>) {
    let go = flag();
    let sign = Arc::clone(&go);
    let world = World::new().config(DEV).person(move |person, url| {
        while !sign.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(10));
        }
        drop(person.approve(&url));
    });
    (world, go)
}

#[test]
fn a_cancelled_sign_in_is_cancelled_for_all() {
    let _turn = turn();
    let (world, go) = hesitant();
    let holder = awsenv(&world, &["login", "dev"]);
    eventually("a browser opens", || world.opened() == 1);
    let waiters: Vec<_> = (0..4).map(|_| awsenv(&world, &["login", "dev"])).collect();
    std::thread::sleep(Duration::from_millis(500));
    signal(&holder, Signal::INT);
    for one in waiters.into_iter().map(end) {
        assert_eq!((one.code, &*one.stdout), (130, "false;\n"), "{one:?}");
        assert!(one.stderr.contains("the sign-in to `dev` was cancelled in another awsenv"), "{one:?}");
    }
    let holder = end(holder);
    assert_eq!((holder.signal, &*holder.stdout), (Some(2), "false;\n"), "{holder:?}");
    assert_eq!(world.opened(), 1);
    go.store(true, Ordering::SeqCst);
}

#[test]
fn a_waiter_that_leaves_cancels_nothing() {
    let _turn = turn();
    let (world, go) = hesitant();
    let holder = awsenv(&world, &["login", "dev"]);
    eventually("a browser opens", || world.opened() == 1);
    let (leaves, stays) = (awsenv(&world, &["login", "dev"]), awsenv(&world, &["login", "dev"]));
    std::thread::sleep(Duration::from_millis(500));
    signal(&leaves, Signal::INT);
    assert_eq!(end(leaves).signal, Some(2));
    std::thread::sleep(Duration::from_millis(400));
    go.store(true, Ordering::SeqCst);
    for one in [holder, stays].map(end) {
        assert_eq!(one.code, 0, "{one:?}");
    }
    assert_eq!(world.opened(), 1);
}

/// Runs an export whose refresh is refused after a second, while the file becomes `meanwhile` (made of the text of
/// the last good file).
fn rotated(meanwhile: impl Fn(&str) -> String, refusal: Option<Fault>) -> (Ran, usize) {
    let world = signed_in();
    let token = world.token_file();
    expire(&token);
    let spent = token_of(&world);
    assert_eq!(world.run("export dev").code, 0);
    let good = token_of(&world);
    std::fs::write(&token, &spent).expect("a token file of the test's own");
    if let Some(fault) = refusal {
        world.sim.fault(Op::Refresh, fault);
    }
    world.sim.latency(Duration::from_secs(1));
    let before = world.sim.count(REFRESH);
    let child = awsenv(&world, &["export", "dev"]);
    until_called(&world, REFRESH, before + 1);
    std::fs::write(&token, meanwhile(&good)).expect("a token file of the test's own");
    world.sim.latency(Duration::ZERO);
    (end(child), world.sim.count(REFRESH) - before)
}

#[test]
fn a_token_that_a_tool_without_locks_renewed_is_used() {
    let ended =
        Fault::Error { status: 401, error: "TOKEN_EXPIRED".into(), message: "the token has expired".into() };
    for refusal in [None, Some(ended)] {
        let (ran, refreshes) = rotated(expired, refusal.clone());
        assert_eq!((ran.code, refreshes), (0, 2), "renewed with the new refresh token, {refusal:?}: {ran:?}");
        let (ran, refreshes) = rotated(str::to_owned, refusal.clone());
        assert_eq!((ran.code, refreshes), (0, 1), "its credentials are still fresh, {refusal:?}: {ran:?}");
    }
}

#[test]
fn a_token_that_nobody_renewed_is_asked_for_once() {
    let (ran, refreshes) = rotated(|_| String::new(), None);
    assert_eq!((ran.code, refreshes), (4, 1), "{ran:?}");
    assert!(ran.stderr.contains("hint: sign in"), "{ran:?}");
}

#[test]
fn a_logout_during_a_renewal_is_not_undone() {
    let _turn = turn();
    for by_hand in [false, true] {
        let world = signed_in();
        let token = world.token_file();
        expire(&token);
        world.sim.fault(Op::Refresh, Fault::Slow(Duration::from_millis(1500)));
        let export = awsenv(&world, &["export", "dev"]);
        until_called(&world, REFRESH, 1);
        if by_hand {
            std::fs::remove_file(&token).unwrap();
        } else {
            let logout = end(awsenv(&world, &["logout", "dev"]));
            assert_eq!(logout.code, 0, "{logout:?}");
            assert!(logout.stderr.contains("is signed out"), "{logout:?}");
        }
        let export = end(export);
        assert_eq!(export.code, 0, "{export:?}");
        assert!(!token.exists(), "by hand: {by_hand}");
        assert_eq!(world.run("export dev").code, 4);
    }
}

#[test]
fn a_logout_during_a_renewal_that_fails_removes_the_token() {
    let _turn = turn();
    let world = signed_in();
    let token = world.token_file();
    expire(&token);
    world.sim.latency(Duration::from_millis(1500));
    world.sim.fault(
        Op::Refresh,
        Fault::Error { status: 403, error: "ACCESS_DENIED".into(), message: "not today".into() },
    );
    let export = awsenv(&world, &["export", "dev"]);
    until_called(&world, REFRESH, 1);
    let logout = end(awsenv(&world, &["logout", "dev"]));
    assert_eq!(end(export).code, 5);
    assert_eq!((logout.code, token.exists()), (0, false), "{logout:?}");
}

#[test]
fn a_new_sign_in_during_a_renewal_is_kept() {
    let _turn = turn();
    let world = signed_in();
    let token = world.token_file();
    expire(&token);
    world.sim.fault(Op::Refresh, Fault::Slow(Duration::from_millis(2500)));
    let export = awsenv(&world, &["export", "dev"]);
    until_called(&world, REFRESH, 1);
    let login = end(start(world.command().args(["login", "dev", "--force"])));
    assert_eq!(login.code, 0, "{login:?}");
    let signed_in = token_of(&world);
    let export = end(export);
    assert_eq!(export.code, 0, "{export:?}");
    assert!(token_of(&world) == signed_in, "the new sign-in was overwritten by a renewal of the old one");
    assert!(signed_in.contains(login.key_id()) && signed_in.contains(ALICE.split(':').nth(4).unwrap()));
}

#[test]
fn every_kill_leaves_the_old_token_or_the_new() {
    let _turn = turn();
    let rounds = if crate::crowd::long() { 1000 } else { 60 };
    let world = signed_in();
    world.sim.single_use_refresh(false);
    let token = world.token_file();
    expire(&token);
    let started = Instant::now();
    assert_eq!(end(awsenv(&world, &["export", "dev"])).code, 0);
    let whole = started.elapsed().min(Duration::from_millis(400));
    let count = AtomicUsize::new(0);
    for round in 0..rounds {
        expire(&token);
        let before = token_of(&world);
        let child = awsenv(&world, &["export", "dev"]);
        // from the start to the end and a little more, in steps that do not repeat
        let part = f64::from(round * 37 % 100) / 90.0;
        std::thread::sleep(whole.mul_f64(part));
        signal(&child, Signal::KILL);
        let _ = end(child);
        let after = token_of(&world);
        if after != before {
            count.fetch_add(1, Ordering::SeqCst);
            let new: serde_json::Value = serde_json::from_str(&after).expect("a whole file");
            let refresh = new["refreshToken"].as_str().unwrap().to_owned();
            assert!(world.sim.secrets().contains(&refresh), "round {round}: {after}");
        }
    }
    let dir = token.parent().unwrap();
    let temps = || {
        let names = std::fs::read_dir(dir).unwrap().flatten().map(|entry| entry.path());
        names.filter(|path| path.to_string_lossy().ends_with(".awsenv.tmp")).collect::<Vec<_>>()
    };
    println!(
        "{rounds} kills within {whole:.0?}: {} new, the rest old, {} temporary files left",
        count.load(Ordering::SeqCst),
        temps().len()
    );
    std::fs::write(dir.join(".x.json.0.awsenv.tmp"), "old").unwrap();
    let long_ago = std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    for path in temps() {
        std::fs::File::options().write(true).open(path).unwrap().set_modified(long_ago).unwrap();
    }
    let young = dir.join(".x.json.1.awsenv.tmp");
    std::fs::write(&young, "young").unwrap();
    expire(&token);
    assert_eq!(end(awsenv(&world, &["export", "dev"])).code, 0);
    assert_eq!(temps(), [young], "those older than an hour are swept, younger ones stay");
}
