//! Shells whose clock goes on while they wait: a night, a laptop that sleeps, a clock that is set back. libfaketime
//! moves it for the shell and for all that it starts; the simulator's moves along.

use crate::crowd::DEV;
use crate::hook::{hook, key, load};
use crate::hook_refresh::{renewals, until_renewed};
use crate::seat::Seat;
use crate::seat_shells::{Shell, each_shell};
use crate::world::{World, has};
use std::path::Path;

const HOUR: i64 = 3600;

/// Has the shell's clock, and the simulator's, go on by so many seconds from where it is.
struct Clock<'a> {
    world: &'a World,
    ahead: std::cell::Cell<i64>,
}

impl Clock<'_> {
    fn of(world: &World) -> Clock<'_> {
        world.write("clock", "+0");
        Clock { world, ahead: std::cell::Cell::new(0) }
    }

    fn moves(&self, seconds: i64) {
        self.ahead.set(self.ahead.get() + seconds);
        // at once: a clock that is half written is none
        self.world.write("clock.new", &format!("{:+}", self.ahead.get()));
        std::fs::rename(self.world.path("clock.new"), self.world.path("clock")).unwrap();
        self.world.sim.advance(seconds);
    }
}

/// A shell with such a clock, in which this profile was loaded.
fn at_such_a_clock(shell: &Shell, world: &World, profile: &str) -> Seat {
    let clock = world.path("clock").to_string_lossy().into_owned();
    let mut at = shell
        .at(world)
        .rc(&hook(shell))
        .env("LD_PRELOAD", "/usr/$LIB/faketime/libfaketimeMT.so.1")
        .env("FAKETIME_TIMESTAMP_FILE", &clock)
        .env("FAKETIME_NO_CACHE", "1")
        .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
        .env("NO_FAKE_STAT", "1")
        .start();
    if profile == "dev" {
        load(&mut at);
    } else {
        at.types(&format!("awsenv login {profile}"));
        assert_eq!(at.status(), 0, "{}", at.screen());
    }
    at
}

/// Whether libfaketime is here.
fn has_faketime() -> bool {
    has("faketime")
}

#[test]
fn the_first_command_of_the_morning_has_fresh_credentials() {
    if !has_faketime() {
        return;
    }
    each_shell(|shell| {
        let world = World::new().config(DEV);
        let clock = Clock::of(&world);
        let mut at = at_such_a_clock(shell, &world, "dev");
        let old = key(&mut at);
        clock.moves(10 * HOUR);
        // the command itself: no prompt came between
        assert_ne!(key(&mut at), old, "{}", at.screen());
        assert_eq!((renewals(&world), at.types("true")), (1, String::new()));
        let (ends, now) = (at.env()["AWSENV_EXPIRES_AT"].parse::<i64>().unwrap(), world.sim.now());
        assert!((800..=900).contains(&(ends - now)), "{ends} - {now}");
    });
}

#[test]
fn after_twelve_hours_a_person_is_needed_and_it_is_said_once() {
    if !has_faketime() {
        return;
    }
    each_shell(|shell| {
        let world = World::new().config(DEV);
        let clock = Clock::of(&world);
        let mut at = at_such_a_clock(shell, &world, "dev");
        clock.moves(13 * HOUR);
        let mut said = at.types("echo ran");
        assert!(said.ends_with("ran"), "{said}");
        for _ in 0..3 {
            said += &at.types("true");
        }
        assert_eq!(said.matches("needs a sign-in: awsenv login dev").count(), 1, "{said}");
        assert_eq!(world.opened(), 1, "only for the login");
        clock.moves(120);
        assert_eq!(at.types("true"), "");
        // and the person comes
        let old = key(&mut at);
        load(&mut at);
        assert_ne!(key(&mut at), old);
        assert!(!at.env().contains_key("AWSENV_RENEWAL"), "{}", at.screen());
    });
}

#[test]
fn a_clock_that_was_set_back_is_no_harm() {
    if !has_faketime() {
        return;
    }
    each_shell(|shell| {
        let world = World::new().config(DEV);
        let clock = Clock::of(&world);
        let mut at = at_such_a_clock(shell, &world, "dev");
        let old = key(&mut at);
        clock.moves(-24 * HOUR);
        assert_eq!(
            (at.types("true"), at.types(""), key(&mut at) == old),
            (String::new(), String::new(), true)
        );
        clock.moves(24 * HOUR - 60);
        assert_eq!(at.types("true"), "");
        clock.moves(15 * 60);
        at.types("");
        until_renewed(&mut at, &old);
        assert_eq!(at.types("true"), "");
    });
}

/// Roles by a chain, and of an Identity Center: each by its own window.
#[test]
fn roles_are_renewed_too() {
    if !has_faketime() {
        return;
    }
    let chain = "[profile a]\nrole_arn = arn:aws:iam::123456789012:role/RoleA\nsource_profile = dev\n\
                 [profile b]\nrole_arn = arn:aws:iam::210987654321:role/RoleB\nsource_profile = a\n";
    let corp = "[profile corp]\nsso_session = corp\nsso_account_id = 123456789012\nsso_role_name = Admin\n\
                [sso-session corp]\nsso_start_url = https://d-1234567890.awsapps.com/start\nsso_region = eu-west-1\n\
                sso_registration_scopes = sso:account:access\n";
    each_shell(|shell| {
        for (profile, call) in [("b", "sts AssumeRole"), ("corp", "sso GetRoleCredentials")] {
            let world = World::new().config(&format!("{DEV}{chain}{corp}"));
            world
                .sim
                .role("arn:aws:iam::123456789012:role/RoleA")
                .trusts("arn:aws:iam::123456789012:role/Admin");
            world
                .sim
                .role("arn:aws:iam::210987654321:role/RoleB")
                .trusts("arn:aws:iam::123456789012:role/RoleA");
            world.sim.assign("123456789012", "Development", "Admin");
            let clock = Clock::of(&world);
            if profile == "b" {
                drop(at_such_a_clock(shell, &world, "dev"));
            }
            let mut at = at_such_a_clock(shell, &world, profile);
            let (old, asked) = (key(&mut at), world.sim.count(call));
            // in the window: in the background
            clock.moves(50 * 60);
            at.types("");
            until_renewed(&mut at, &old);
            let new = key(&mut at);
            assert!(world.sim.count(call) > asked, "{profile}");
            assert_eq!(at.types("true"), "", "{profile}");
            // after the end: before the command itself
            clock.moves(2 * HOUR);
            assert_ne!(key(&mut at), new, "{profile}\n{}", at.screen());
            assert_eq!(at.types("true"), "", "{profile}");
            assert_eq!(at.env()["AWSENV_PROFILE"], profile);
        }
    });
}

/// The library that the wrapper of the same package preloads.
#[test]
fn the_library_is_where_it_is_looked_for() {
    if has_faketime() {
        let world = World::new();
        let mut command = world.command_of(Path::new("date"));
        command.arg("+%s").env("LD_PRELOAD", "/usr/$LIB/faketime/libfaketimeMT.so.1").env("FAKETIME", "-20y");
        let told = world.finish("date", &mut command);
        let then: i64 = told.stdout.trim().parse().unwrap();
        assert!(then < chrono::Utc::now().timestamp() - 600_000_000, "{told}");
    }
}
