//! Identity Center at its worst: the portal and OIDC under every fault, a wrong clock, files in the wrong place, a crowd.

use crate::crowd::{Ran, awsenv, end, together, turn};
use crate::network::{each, no_answer, well_said};
use crate::sim::{Fault, Op, Sim};
use crate::sso::{CONFIG, TOKEN, json, kept, world};
use crate::world::World;
use serde_json::{Value, json};
use std::time::Duration;

const RENEW: &str = "oidc CreateToken refresh_token";
const FETCH: &str = "sso GetRoleCredentials";

fn signed_in() -> World {
    let world = world();
    let output = world.run("login dev");
    assert_eq!(output.code, 0, "{output}");
    world
}

/// The files of role credentials.
fn roles(world: &World) -> Vec<String> {
    let files = kept(world).into_iter().filter(|file| file.contains("cli/cache") && file.ends_with(".json"));
    files.map(|file| format!("home/{file}")).collect()
}

fn drop_roles(world: &World) {
    for file in roles(world) {
        std::fs::remove_file(world.path(&file)).unwrap();
    }
}

/// Has the token end long ago, so that it has to be renewed.
fn expire(world: &World, file: &str) {
    let mut token = json(world, file);
    token["expiresAt"] = "2020-01-01T00:00:00Z".into();
    world.write(file, &token.to_string());
}

fn set(output: &str, name: &str) -> i64 {
    let after = output.split_once(&format!("export {name}='")).expect(name).1;
    after.split('\'').next().unwrap().parse().unwrap()
}

fn all_alike(ran: &[Ran]) {
    for one in ran {
        assert_eq!((one.code, one.key_id()), (0, ran[0].key_id()), "{one:?}");
    }
    assert_eq!(ran[0].key_id().len(), 20);
}

#[test]
fn a_wrong_clock_costs_no_request_and_no_second_of_true_life() {
    for ahead in [7200, -7200] {
        let world = world();
        let local = world.sim.now() + ahead;
        let world = world.local_clock(local);
        let login = world.run("login dev");
        assert_eq!(login.code, 0, "{ahead}: {login}");
        for _ in 0..3 {
            let output = world.run("export dev");
            assert_eq!(output.code, 0, "{ahead}: {output}");
            let left = set(&output.stdout, "AWSENV_EXPIRES_AT") - local;
            assert!((3540..=3660).contains(&left), "{ahead}: {left} s of an hour are left");
        }
        assert_eq!(world.sim.count(FETCH), 1, "{ahead}");
        drop_roles(&world);
        let again = world.run("export dev");
        let left = set(&again.stdout, "AWSENV_EXPIRES_AT") - local;
        assert!((3540..=3660).contains(&left), "{ahead}: {left} s of an hour are left");
        assert_eq!((world.run("export dev").code, world.sim.count(FETCH)), (0, 2), "{ahead}");
        let world = world.local_clock(local + 3700);
        world.sim.advance(3700);
        assert_eq!(
            (world.run("export dev").code, world.sim.count(FETCH)),
            (0, 3),
            "{ahead}: they have ended"
        );
    }
}

#[test]
fn the_last_second_is_not_given_out() {
    let world = world().at(1_893_553_445);
    assert_eq!(world.run("login dev").code, 0);
    world.sim.fault_always(Op::RoleCredentials, Fault::Status(503));
    let (now, end) = (1_893_553_445, 1_893_553_445 + 3600);
    let world = world.at(end - 1);
    assert_eq!(world.run("export dev --min-ttl 0s").code, 0, "a second is left");
    let world = world.at(end);
    let ended = world.run("export dev");
    assert_eq!((ended.code, ended.stdout.as_str()), (6, "false;\n"), "{ended}");
    // a clock that was set back a day does not keep them for longer
    world.sim.clear_faults();
    let world = world.at(now - 86_400);
    let output = world.run("export dev");
    assert_eq!(output.code, 0, "{output}");
    assert_eq!(set(&output.stdout, "AWSENV_EXPIRES_AT"), now - 86_400 + 3600);
}

#[test]
fn a_token_of_another_portal_is_never_sent_there() {
    let other = CONFIG.replace("[sso-session corp]", "[sso-session other]\nsso_start_url = https://other.awsapps.com/start\n\
                 sso_region = eu-west-1\n[profile there]\nsso_session = other\nsso_account_id = 123456789012\n\
                 sso_role_name = Admin\n[sso-session corp]");
    let world = signed_in().config(&other);
    let there = "home/.aws/sso/cache/d0941e68da8f38151ff86a61fc59f7c5cf9fcaa2.json";
    world.write(there, &world.read(TOKEN));
    let calls = world.sim.calls().len();
    let output = world.run("export there");
    assert_eq!((output.code, output.stdout.as_str()), (4, "false;\n"), "{output}");
    assert_eq!(world.sim.calls().len(), calls, "{:?}", world.sim.calls());
    world.sim.start_url("https://other.awsapps.com/start");
    let login = world.run("login there");
    assert_eq!((login.code, world.opened()), (0, 2), "{login}");
    assert_eq!(world.run("export there").code, 0);
    // a slash, or the form that browsers show, is the same portal
    for spelt in ["https://d-1234567890.awsapps.com/start/", "https://D-1234567890.awsapps.com/start#/"] {
        let world = signed_in().config(&CONFIG.replace("https://d-1234567890.awsapps.com/start", spelt));
        drop_roles(&world);
        assert_eq!(world.run("export dev").code, 0, "{spelt}");
    }
}

#[test]
fn role_credentials_of_something_else_are_not_used() {
    let world = signed_in();
    let file = roles(&world).remove(0);
    let mut entry = json(&world, &file);
    let key = entry["Credentials"]["AccessKeyId"].clone();
    for (what, change) in [
        ("another account's", json!({"Credentials": {"AccountId": "000000000001"}})),
        (
            "a role's that was assumed",
            json!({"ProviderType": null, "AssumedRoleUser": {"Arn": "arn:aws:sts::123456789012:assumed-role/Other/x"}}),
        ),
        ("another provider's", json!({"ProviderType": "login"})),
    ] {
        let mut changed = entry.clone();
        for (name, value) in change.as_object().unwrap() {
            match value {
                Value::Null => drop(changed.as_object_mut().unwrap().remove(name)),
                Value::Object(inner) if name == "Credentials" => {
                    inner.iter().for_each(|(name, value)| changed["Credentials"][name] = value.clone());
                }
                value => changed[name] = value.clone(),
            }
        }
        world.write(&file, &changed.to_string());
        let output = world.run("export dev");
        assert_eq!(output.code, 0, "{what}: {output}");
        assert!(!output.stdout.contains(key.as_str().unwrap()), "{what}: {output}");
        entry = json(&world, &file);
        assert_ne!(entry["Credentials"]["AccessKeyId"], key, "{what}");
        world.write(&file, &{
            let mut old = entry.clone();
            old["Credentials"]["AccessKeyId"] = key.clone();
            old["ProviderType"] = "sso".into();
            old.as_object_mut().unwrap().remove("AssumedRoleUser");
            old.to_string()
        });
        entry = json(&world, &file);
    }
}

#[test]
fn damaged_files_heal_or_say_how() {
    let damaged = ["", "{", "{}", "[]", "null", "\"x\"", "\0\0\0\0", "\u{feff}{}", "{\u{0}"];
    for text in damaged {
        let world = signed_in();
        let file = roles(&world).remove(0);
        world.write(&file, text);
        let output = world.run("export dev");
        assert_eq!((output.code, output.stderr.matches("warning: ").count()), (0, 1), "{text:?}: {output}");
        assert_eq!(world.run("export dev").stderr, "", "{text:?}");
        drop_roles(&world);
        world.write(TOKEN, text);
        let output = world.run("export dev --debug");
        assert_eq!((output.code, output.stdout.as_str()), (4, "false;\n"), "{text:?}: {output}");
        assert!(output.stderr.contains("hint: sign in: awsenv login dev\n"), "{text:?}: {output}");
        assert_eq!(world.read(&format!("{TOKEN}.bad")), text);
        assert_eq!(world.run("login dev").code, 0, "{text:?}");
    }
}

#[test]
fn the_portal_at_its_worst() {
    let elsewhere = Sim::start();
    each(no_answer(&elsewhere), |(name, fault, told)| {
        let world = signed_in();
        drop_roles(&world);
        let fetched = world.sim.count(FETCH);
        world.sim.fault_always(Op::RoleCredentials, fault.clone());
        let output = world.run("export dev --debug");
        assert_eq!((output.code, output.stdout.as_str()), (6, "false;\n"), "{name}: {output}");
        assert!(told == "accessToken" || output.stderr.contains(told), "{name}: {output}");
        assert!(!output.stderr.contains("hint: sign in"), "{name}: {output}");
        well_said(name, &world.run("export dev"));
        assert!(world.sim.count(FETCH) - fetched <= 6, "{name}");
        world.sim.clear_faults();
        world.sim.fault_always(Op::OidcRefresh, fault);
        expire(&world, TOKEN);
        let output = world.run("export dev");
        assert_eq!((output.code, output.stdout.as_str()), (6, "false;\n"), "{name}: {output}");
        well_said(name, &output);
        world.sim.clear_faults();
        assert_eq!(world.run("export dev").code, 0, "{name}: the sign-in is still good");
    });
    assert!(elsewhere.calls().is_empty(), "{:?}", elsewhere.calls());
}

#[test]
fn a_fault_that_passes_is_outlasted_and_being_asked_too_often_is_not_signed_out() {
    let world = signed_in();
    drop_roles(&world);
    for op in [Op::RoleCredentials, Op::RoleCredentials, Op::OidcRefresh] {
        world.sim.fault(op, Fault::Status(503)); // a renewal is repeated once
    }
    expire(&world, TOKEN);
    let output = world.run("export dev");
    assert_eq!((output.code, world.sim.count(FETCH), world.sim.count(RENEW)), (0, 4, 2), "{output}");
    for op in [Op::RoleCredentials, Op::OidcRefresh] {
        let world = signed_in();
        drop_roles(&world);
        expire(&world, TOKEN);
        let message = "slow down".to_owned();
        world.sim.fault_always(
            op,
            Fault::Error { status: 429, error: "TooManyRequestsException".into(), message },
        );
        let output = world.run("export dev");
        assert_eq!((output.code, output.stdout.as_str()), (5, "false;\n"), "{op:?}: {output}");
        assert!(
            !output.stderr.contains("not signed in") && !output.stderr.contains("hint: sign in"),
            "{output}"
        );
        let login = world.run("login dev");
        assert_eq!((login.code, world.opened()), (5, 1), "{op:?}: {login}");
    }
}

#[test]
fn fifty_processes_renew_once_with_refresh_tokens_that_are_good_once() {
    let _turn = turn();
    let world = signed_in();
    world.sim.latency(Duration::from_millis(200));
    drop_roles(&world);
    expire(&world, TOKEN);
    let (ran, _) = together(&world, 50, &["export", "dev"]);
    all_alike(&ran);
    assert_eq!((world.sim.count(RENEW), world.sim.count(FETCH)), (1, 2));
    // two profiles of one session: one renewal, a role each
    drop_roles(&world);
    expire(&world, TOKEN);
    let crowd: Vec<_> = (0..20).map(|at| awsenv(&world, &["export", ["dev", "prod"][at % 2]])).collect();
    let ran: Vec<Ran> = crowd.into_iter().map(end).collect();
    for one in &ran {
        assert_eq!(one.code, 0, "{one:?}");
    }
    assert_eq!((world.sim.count(RENEW), world.sim.count(FETCH)), (2, 4));
    assert!(world.sim.refusals().is_empty(), "{:?}", world.sim.refusals());
}

#[test]
fn sessions_do_not_wait_for_one_another() {
    let _turn = turn();
    let more = "[profile far]\nsso_session = far\nsso_account_id = 123456789012\nsso_role_name = Admin\n[sso-session far]\n\
                sso_start_url = https://d-1234567890.awsapps.com/start\nsso_region = eu-west-1\n";
    let world = world().config(&format!("{CONFIG}{more}"));
    assert_eq!((world.run("login far").code, world.run("login dev").code), (0, 0));
    drop_roles(&world);
    expire(&world, TOKEN);
    world.sim.fault(Op::OidcRefresh, Fault::Slow(Duration::from_secs(4)));
    let slow = awsenv(&world, &["export", "dev"]);
    crate::crowd::until_called(&world, RENEW, 1);
    let started = std::time::Instant::now();
    let quick = end(awsenv(&world, &["export", "far"]));
    assert_eq!(quick.code, 0, "{quick:?}");
    assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
    assert_eq!(end(slow).code, 0);
}
