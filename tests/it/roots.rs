//! Chains by their roots: every kind signs in, or fails for programs and people alike, and no secret is told.

use crate::crowd::{end, start};
use crate::network::{each, no_answer, well_said};
use crate::sim::{Fault, Op, Sim};
use crate::world::{ALICE, Output, World};
use std::os::unix::fs::PermissionsExt as _;

const ROLE: &str = "arn:aws:iam::123456789012:role/RoleA";
const POD: &str = "arn:aws:iam::123456789012:role/Pod";
const USER: &str = "arn:aws:iam::123456789012:user/bob";
const JWT: &str = "eyJhbGciOiJub25lIn0.jwt-of-the-pod.c2ln";
const ROOTS: [&str; 6] = ["console", "center", "keys", "program", "pod", "env"];

/// A role upon every kind of root: `r-console` upon `console`, and so on.
fn world() -> World {
    let world = World::new().env("USER", "bob").env("HOSTNAME", "laptop");
    world.write("token", JWT);
    let program = world.path("program");
    let answer =
        "{\"Version\": 1, \"AccessKeyId\": \"AKIABOB0000000000001\", \"SecretAccessKey\": \"bobsecret\"}";
    std::fs::write(&program, format!("#!/bin/sh\necho '{answer}'\n")).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut config = format!(
        "[sso-session corp]\nsso_start_url = https://d-1234567890.awsapps.com/start\nsso_region = eu-west-1\n\
         sso_registration_scopes = sso:account:access\n[profile console]\nlogin_session = {ALICE}\nregion = eu-west-1\n\
         [profile center]\nsso_session = corp\nsso_account_id = 123456789012\nsso_role_name = Admin\n[profile keys]\n\
         aws_access_key_id = AKIABOB0000000000001\naws_secret_access_key = bobsecret\n[profile program]\n\
         credential_process = {}\n[profile pod]\nrole_arn = {POD}\nweb_identity_token_file = {}\n\
         [profile r-env]\nrole_arn = {ROLE}\ncredential_source = Environment\nregion = eu-west-1\n",
        program.display(),
        world.path("token").display(),
    );
    for root in &ROOTS[..5] {
        config +=
            &format!("[profile r-{root}]\nrole_arn = {ROLE}\nsource_profile = {root}\nregion = eu-west-1\n");
    }
    world.sim.assign("123456789012", "Development", "Admin");
    world.sim.key("AKIABOB0000000000001", "bobsecret", USER);
    world.sim.web_identity(JWT, POD);
    world.sim.role(ROLE).trusts("123456789012");
    let world = world.config(&config);
    world.env("AWS_ACCESS_KEY_ID", "AKIABOB0000000000001").env("AWS_SECRET_ACCESS_KEY", "bobsecret")
}

fn no_secret(output: &Output) {
    for secret in [JWT, "bobsecret"] {
        assert!(!output.stderr.contains(secret), "{output}");
    }
}

#[test]
fn every_root_is_signed_in_to_and_nothing_is_asked_twice() {
    for root in ROOTS {
        let world = world();
        let signs_in = matches!(root, "console" | "center");
        let export = world.run(&format!("export r-{root} --debug"));
        no_secret(&export);
        if signs_in {
            let exec =
                end(start(world.command().args(["exec", &format!("r-{root}"), "--no-login", "--", "true"])));
            assert_eq!((exec.code, exec.stdout.as_str()), (125, ""), "{root}: {exec:?}");
        }
        let login = world.run(&format!("login r-{root} --debug"));
        no_secret(&login);
        if signs_in {
            assert_eq!((export.code, export.stdout.as_str()), (4, "false;\n"), "{root}: {export}");
        } else {
            assert_eq!(export.code, 0, "{root}: {export}");
        }
        assert_eq!((login.code, world.opened()), (0, usize::from(signs_in)), "{root}: {login}");
        assert!(login.stdout.contains("AWSENV_IDENTITY='RoleA'"), "{root}: {login}");
        let calls = world.sim.calls();
        for line in ["export", "login"] {
            let again = world.run(&format!("{line} r-{root}"));
            assert_eq!(
                (again.code, world.sim.calls().len()),
                (0, calls.len()),
                "{root}: {:?} {again}",
                world.sim.calls()
            );
        }
    }
}

#[test]
fn what_the_role_refuses_is_told_upon_every_root() {
    for root in ROOTS {
        let world = world();
        let message = "no \u{1b}[2J way".to_owned();
        world.sim.fault_always(
            Op::AssumeRole,
            Fault::Error { status: 403, error: "AccessDenied".into(), message },
        );
        for line in ["login", "export"] {
            let output = world.run(&format!("{line} r-{root} --debug"));
            assert_eq!((output.code, output.stdout.as_str()), (5, "false;\n"), "{root}: {output}");
            no_secret(&output);
            assert!(!output.stderr.contains('\u{1b}'), "{root}: {output}");
        }
        let exec = end(start(world.command().args(["exec", &format!("r-{root}"), "--", "true"])));
        assert_eq!((exec.code, exec.stdout.as_str()), (125, ""), "{root}: {exec:?}");
    }
}

#[test]
fn a_token_of_another_house_is_told_nobody() {
    let elsewhere = Sim::start();
    each(no_answer(&elsewhere), |(name, fault, told)| {
        let world = world();
        world.sim.fault_always(Op::WebIdentity, fault);
        for line in ["export pod", "export r-pod"] {
            let output = world.run(line);
            assert_eq!((output.code, output.stdout.as_str()), (6, "false;\n"), "{name}: {output}");
            assert!(told == "accessToken" || output.stderr.contains(told), "{name}: {output}");
            well_said(name, &output);
            no_secret(&output);
        }
        let traced = world.run("export pod --debug");
        no_secret(&traced);
    });
    assert!(elsewhere.calls().is_empty(), "{:?}", elsewhere.calls());
    for (code, status) in [("ExpiredTokenException", 400), ("InvalidIdentityToken", 400), ("Throttling", 429)]
    {
        let world = world();
        let message = format!("the token {JWT} is not good");
        world.sim.fault_always(Op::WebIdentity, Fault::Error { status, error: code.into(), message });
        let output = world.run("export pod --debug");
        assert_eq!((output.code, output.stdout.as_str()), (5, "false;\n"), "{code}: {output}");
        assert!(!output.stderr.contains("hint: sign in"), "{code}: {output}");
    }
}

#[test]
fn a_wrong_clock_shortens_no_web_identity() {
    for ahead in [7200, -7200] {
        let world = world();
        let local = world.sim.now() + ahead;
        let world = world.local_clock(local);
        let output = world.run("export pod");
        assert_eq!(output.code, 0, "{ahead}: {output}");
        let after = output.stdout.split_once("AWSENV_EXPIRES_AT='").unwrap().1;
        let left = after.split('\'').next().unwrap().parse::<i64>().unwrap() - local;
        assert!((3540..=3660).contains(&left), "{ahead}: {left} s of an hour are left");
        assert_eq!(world.sim.count("sts AssumeRoleWithWebIdentity"), 1);
    }
}

#[test]
fn a_shell_that_evaluates_a_failure_stops_there() {
    let world = world();
    for line in [
        "login r-keys --mfa-code x1",
        "export r-console",
        "login nobody --role nonsense",
        "export r-pod --duration 1",
    ] {
        world.sim.fault_always(Op::AssumeRole, Fault::Status(403));
        let text = format!("eval \"$(awsenv {line})\" && echo went-on");
        let mut shell = world.command_of(std::path::Path::new("/bin/sh"));
        let ran = end(start(shell.args(["-c", &text])));
        assert!(ran.code != 0 && ran.stdout.is_empty(), "{line}: {ran:?}");
    }
}
