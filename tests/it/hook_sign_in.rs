//! What other shells do with the sign-in while this one lives, and credentials that are kept nowhere.

use crate::crowd::{DEV, signed_in};
use crate::hook::{end_while_it_waits, held_for, hook, key, load, loaded};
use crate::hook_refresh::renewals;
use crate::seat_shells::each_shell;
use crate::world::World;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Instant;

const BOB: &str = "arn:aws:sts::210987654321:assumed-role/Reader/bob";

#[test]
fn a_logout_and_a_login_elsewhere_are_noticed() {
    each_shell(|shell| {
        let world = signed_in();
        let mut at = loaded(shell, &world);
        let old = key(&mut at);
        assert_eq!(world.run("logout dev").code, 0);
        assert_eq!(key(&mut at), old, "what the shell has lives on");
        held_for(shell, &mut at, -5, 120);
        let mut said = at.said();
        for _ in 0..3 {
            said += &at.types("true");
            held_for(shell, &mut at, -5, 120);
            said += &at.said();
        }
        assert_eq!(said, "awsenv: `dev` needs a sign-in: awsenv login dev", "{}", at.screen());
        let opened = world.opened();
        assert_eq!(world.run("login dev").code, 0);
        held_for(shell, &mut at, -5, 120);
        assert_eq!(at.said(), "");
        assert_ne!(key(&mut at), old);
        assert_eq!((renewals(&world), world.opened()), (0, opened + 1));
        assert!(!at.env().contains_key("AWSENV_RENEWAL"));
    });
}

#[test]
fn a_login_elsewhere_as_somebody_else_is_said() {
    each_shell(|shell| {
        let world = signed_in();
        let mut at = loaded(shell, &world);
        world.sim.identities(&[BOB]);
        let login = world.run("login dev --yes --force");
        assert_eq!(login.code, 0, "{login}");
        held_for(shell, &mut at, -5, 120);
        let said = at.said() + &at.types("true");
        let told = "awsenv: `dev` is 210987654321/Reader from now on; it was 123456789012/Admin";
        assert_eq!(said, told, "{}", at.screen());
        assert_eq!(at.types("true"), "");
        assert_eq!(at.env()["AWSENV_KEY_ID"], key(&mut at));
    });
}

#[test]
fn what_the_user_did_to_the_region_stays() {
    each_shell(|shell| {
        let world = signed_in();
        let mut at = loaded(shell, &world);
        let unset = if shell.is_fish() { "set -e AWS_REGION" } else { "unset AWS_REGION" };
        let set = shell.export("AWS_REGION", "sa-east-1");
        for (line, left) in [(set.as_str(), Some("sa-east-1")), (unset, None)] {
            at.types(line);
            let old = key(&mut at);
            end_while_it_waits(shell, &world, &mut at);
            let env = at.env();
            assert_ne!(env["AWS_ACCESS_KEY_ID"], old);
            assert_eq!(env.get("AWS_REGION").map(String::as_str), left, "{line}");
        }
    });
}

/// `[profile p]`, whose program counts its runs and hands out another key each time.
fn program(world: &World, before: &str) {
    let script = format!(
        "#!/bin/sh\necho run >>\"$HOME/runs\"\n{before}\nn=$(wc -l <\"$HOME/runs\")\n\
         printf '{{\"Version\":1,\"AccessKeyId\":\"ASIAPROCESS%09d\",\"SecretAccessKey\":\"hush\",' \"$n\"\n\
         printf '\"SessionToken\":\"tok\",\"Expiration\":\"%s\"}}' \"$(date -u -d +1hour +%Y-%m-%dT%H:%M:%SZ)\"\n"
    );
    world.write("keys", &script);
    std::fs::set_permissions(world.path("keys"), std::fs::Permissions::from_mode(0o755)).unwrap();
}

fn runs(world: &World) -> usize {
    world.read("home/runs").lines().count()
}

#[test]
fn a_program_s_credentials_are_renewed_before_a_command_and_never_at_a_prompt() {
    each_shell(|shell| {
        let world = World::new();
        program(&world, "");
        let line = format!("[profile p]\ncredential_process = {}\n", world.path("keys").display());
        let world = world.config(&line);
        let config = world.path("home/.aws/config");
        std::fs::set_permissions(config, std::fs::Permissions::from_mode(0o600)).unwrap();
        let mut at = shell.start(&world, &hook(shell));
        at.types("awsenv login p");
        assert_eq!(at.status(), 0, "{}", at.screen());
        let (old, before) = (key(&mut at), runs(&world));
        held_for(shell, &mut at, -5, 600);
        for _ in 0..3 {
            assert_eq!(at.types(""), "");
        }
        assert_eq!(runs(&world), before, "a prompt runs no program of the user's");
        assert_ne!(key(&mut at), old, "{}", at.screen());
        assert_eq!(runs(&world), before + 1);
        assert_eq!(at.types("true"), "");
        assert_eq!(runs(&world), before + 1);
        // it fails
        program(&world, "echo 'no badge' >&2; exit 3");
        held_for(shell, &mut at, -5, -5);
        let mut said = at.types("echo ran");
        for _ in 0..3 {
            said += &at.types("true");
        }
        assert!(said.contains("ran") && said.contains("`p` was not renewed"), "{said}");
        assert_eq!(said.lines().count(), 2, "{said}");
        // it hangs
        program(&world, "sleep 60");
        held_for(shell, &mut at, -5, -5);
        let start = Instant::now();
        at.types("echo ran");
        assert!((4..20).contains(&start.elapsed().as_secs()), "{:?}", start.elapsed());
        assert!(!at.left().iter().any(|(_, line)| line.contains("sleep 60")), "{:?}", at.left());
        // and it works again
        program(&world, "");
        held_for(shell, &mut at, -5, -5);
        assert_eq!(at.types("true"), "");
        assert_eq!(at.env()["AWSENV_KEY_ID"], key(&mut at));
    });
}

#[test]
fn a_profile_that_is_gone_from_the_file_is_said_once() {
    each_shell(|shell| {
        let world = signed_in();
        let mut at = loaded(shell, &world);
        let old = key(&mut at);
        world.write("home/.aws/config", "[profile other]\nregion = eu-west-1\n");
        let mut said = String::new();
        for _ in 0..3 {
            held_for(shell, &mut at, -5, 120);
            said += &at.said();
            said += &at.types("true");
        }
        assert!(said.contains("`dev`") && said.lines().count() == 1, "{said:?}");
        assert_eq!(key(&mut at), old);
        world.write("home/.aws/config", DEV);
        held_for(shell, &mut at, -5, 120);
        assert_eq!(at.types("true"), "");
        load(&mut at);
    });
}
