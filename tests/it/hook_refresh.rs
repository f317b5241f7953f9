//! Credentials stay fresh in a shell that has the hook.

use crate::crowd::signed_in;
use crate::hook::{at_hand_for, held_for, hook, key, load, loaded};
use crate::seat::Seat;
use crate::seat_shells::{Shell, each_shell};
use crate::sim::{Fault, Op};
use crate::world::{World, has};
use chrono::Utc;
use std::time::{Duration, Instant};

const RENEWALS: &str = "signin CreateOAuth2Token refresh_token";

pub(crate) fn renewals(world: &World) -> usize {
    world.sim.count(RENEWALS)
}

/// Enter, until the prompts have brought another key than this.
pub(crate) fn until_renewed(at: &mut Seat, old: &str) {
    let start = Instant::now();
    while key(at) == old {
        assert!(start.elapsed() < Duration::from_secs(20), "no new key: {}", at.screen());
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// As if the pause after a failure were over.
fn forget_the_failure(world: &World) {
    for file in world.files().iter().filter(|file| file.contains("/hook/") && file.ends_with(".json")) {
        std::fs::remove_file(world.path(&format!("home/{file}"))).unwrap();
    }
}

#[test]
fn a_hundred_prompts_with_fresh_credentials_start_nothing() {
    if !has("strace") {
        return;
    }
    each_shell(|shell| {
        let world = signed_in();
        let mut at = shell.at(&world).rc(&hook(shell)).traced().start();
        load(&mut at);
        at.types(""); // what bash does once
        let started = at.starting(|at| {
            for _ in 0..100 {
                at.types("");
            }
            at.types("true");
        });
        assert_eq!((started.processes, started.programs.len()), (0, 0), "{started:?}");
    });
}

#[test]
fn a_renewal_is_begun_in_the_background_and_a_later_prompt_has_it() {
    each_shell(|shell| {
        let world = signed_in();
        let mut at = loaded(shell, &world);
        let old = key(&mut at);
        world.sim.fault(Op::Refresh, Fault::Slow(Duration::from_secs(3)));
        at_hand_for(&world, 120);
        let start = Instant::now();
        held_for(shell, &mut at, -5, 120);
        at.types("");
        assert!(start.elapsed() < Duration::from_secs(2), "a prompt waited: {:?}", start.elapsed());
        assert_eq!(key(&mut at), old, "the old keys work while the new ones come");
        until_renewed(&mut at, &old);
        assert_eq!(renewals(&world), 1);
        assert_eq!(at.types("true"), "", "nothing is said of it");
        let env = at.env();
        assert!(
            env["AWSENV_KEY_ID"] == env["AWS_ACCESS_KEY_ID"] && env["AWSENV_PROFILE"] == "dev",
            "{env:?}"
        );
    });
}

#[test]
fn a_command_after_the_end_has_new_credentials_itself() {
    each_shell(|shell| {
        let world = signed_in();
        let mut at = loaded(shell, &world);
        let old = key(&mut at);
        at_hand_for(&world, 2);
        held_for(shell, &mut at, 2, 2);
        std::thread::sleep(Duration::from_millis(3100)); // the shell waits at its prompt, past their end
        let new = key(&mut at);
        assert_ne!(new, old, "{}", at.screen());
        assert_eq!(renewals(&world), 1);
    });
}

#[test]
fn a_sign_in_that_is_needed_is_said_once_and_opens_no_browser() {
    each_shell(|shell| {
        let world = signed_in();
        let mut at = loaded(shell, &world);
        let opened = world.opened();
        let denied = Fault::Error { status: 400, error: "TOKEN_EXPIRED".into(), message: "sign in".into() };
        world.sim.fault_always(Op::Refresh, denied);
        at_hand_for(&world, -60);
        held_for(shell, &mut at, -60, -60);
        let mut said = at.types("echo ran");
        assert!(said.contains("ran"), "{said}");
        for _ in 0..3 {
            std::thread::sleep(Duration::from_millis(300));
            said += &at.types("true");
        }
        assert_eq!(said.matches("needs a sign-in: awsenv login dev").count(), 1, "{said}\n{}", at.screen());
        assert_eq!(at.env()["AWSENV_RENEWAL"], "sign-in");
        assert_eq!(world.opened(), opened);
    });
}

#[test]
fn without_the_network_it_is_said_once_and_no_prompt_waits() {
    each_shell(|shell| {
        let world = signed_in();
        let mut at = loaded(shell, &world);
        let old = key(&mut at);
        world.sim.fault_always(Op::Refresh, Fault::Reset);
        at_hand_for(&world, 120);
        let start = Instant::now();
        held_for(shell, &mut at, -5, 120);
        let mut said = String::new();
        while !said.contains("was not renewed") && start.elapsed() < Duration::from_secs(20) {
            std::thread::sleep(Duration::from_millis(200));
            let prompt = Instant::now();
            said += &at.types("true");
            assert!(prompt.elapsed() < Duration::from_secs(2), "a prompt waited: {:?}", prompt.elapsed());
        }
        said += &at.types("true");
        assert_eq!(said.matches("was not renewed").count(), 1, "{said}\n{}", at.screen());
        assert_eq!(said.lines().count(), 1, "{said}");
        let tried = world.sim.calls().len();
        for _ in 0..5 {
            assert_eq!(at.types("true"), "");
        }
        assert_eq!(world.sim.calls().len(), tried, "it is left alone for a while");
        assert_eq!(key(&mut at), old);
        // the while is over, and it fails again
        forget_the_failure(&world);
        held_for(shell, &mut at, -5, 120);
        for _ in 0..10 {
            std::thread::sleep(Duration::from_millis(300));
            assert_eq!(at.types("true"), "", "it was said before");
        }
        assert!(world.sim.calls().len() > tried, "it is tried again");
        assert_eq!(at.env()["AWSENV_RENEWAL"], "failed");
    });
}

#[test]
fn a_hostile_moment_runs_no_code() {
    each_shell(|shell| {
        let world = signed_in();
        let mut at = loaded(shell, &world);
        for moment in
            ["x[$(touch \"$HOME/pwned\")]", "1000000000000000000000000000000", "-1", "", " ", "0x10", "09"]
        {
            for name in ["AWSENV_REFRESH_AT", "AWSENV_EXPIRES_AT"] {
                assert_eq!(at.types(&shell.export(name, moment)), "", "{name} = {moment:?}");
                assert_eq!(at.types("true"), "", "{name} = {moment:?}");
            }
        }
        assert_eq!(world.read("home/pwned"), "");
        assert!(!world.path("home/pwned").exists());
    });
}

#[test]
fn keys_that_were_changed_by_hand_are_left_alone() {
    each_shell(|shell: &Shell| {
        let world = signed_in();
        let mut at = loaded(shell, &world);
        let ours = key(&mut at);
        at.types(&shell.export("AWS_ACCESS_KEY_ID", "AKIABYHAND0000000001"));
        at_hand_for(&world, 120);
        held_for(shell, &mut at, -5, 120);
        assert_eq!(at.types("true"), "");
        assert_eq!(key(&mut at), "AKIABYHAND0000000001");
        assert_eq!(renewals(&world), 0);
        // direnv takes its own away when one leaves its directory
        at.types(&shell.export("AWS_ACCESS_KEY_ID", &ours));
        let again: i64 = at.env()["AWSENV_REFRESH_AT"].parse().unwrap();
        assert!((1..=60).contains(&(again - Utc::now().timestamp())), "{again}");
        held_for(shell, &mut at, -5, 120);
        until_renewed(&mut at, &ours);
    });
}

#[test]
fn a_config_file_that_cannot_be_read_is_said_once() {
    each_shell(|shell| {
        let world = signed_in();
        let mut at = loaded(shell, &world);
        std::fs::remove_file(world.path("home/.aws/config")).unwrap();
        std::fs::create_dir(world.path("home/.aws/config")).unwrap();
        let mut said = String::new();
        for _ in 0..3 {
            held_for(shell, &mut at, -5, 120);
            said += &at.said();
            said += &at.types("true");
        }
        assert_eq!(said.matches("`dev` cannot be renewed").count(), 1, "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
        assert!(said.contains("it is a directory"), "{said}");
    });
}

#[test]
fn a_shell_whose_profile_was_taken_away_asks_no_more() {
    each_shell(|shell| {
        let world = signed_in();
        let mut at = loaded(shell, &world);
        at.types(if shell.is_fish() { "set -e AWSENV_PROFILE" } else { "unset AWSENV_PROFILE" });
        held_for(shell, &mut at, -5, 120);
        assert_eq!((at.said().as_str(), at.types("true").as_str()), ("", ""));
        assert_eq!(at.env().get("AWSENV_REFRESH_AT"), None);
        assert_eq!(renewals(&world), 0);
    });
}
