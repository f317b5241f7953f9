//! `login`, `unset` and `logout` taken in by real shells, from the real program.

use crate::world::{World, has};
use std::path::Path;

/// A shell, what starts it without its user's files, and how it takes in what a command prints.
struct Shell {
    name: &'static str,
    args: &'static [&'static str],
    takes: fn(&str) -> String,
    and: &'static str,
}

const SHELLS: [Shell; 4] = [
    Shell { name: "bash", args: &["--norc", "-c"], takes: evaluated, and: " && " },
    Shell { name: "zsh", args: &["-f", "-c"], takes: evaluated, and: " && " },
    Shell { name: "dash", args: &["-c"], takes: evaluated, and: " && " },
    Shell { name: "fish", args: &["--no-config", "-c"], takes: piped, and: "; and " },
];

fn evaluated(command: &str) -> String {
    format!("eval \"$({command})\"")
}

fn piped(command: &str) -> String {
    format!("{command} | source")
}

/// Exactly what `product` says that a load sets.
const LOADED: [&str; 15] = [
    "AWSENV_ACCOUNT_ID",
    "AWSENV_EXPIRES_AT",
    "AWSENV_IDENTITY",
    "AWSENV_KEY_ID",
    "AWSENV_PROFILE",
    "AWSENV_REFRESH_AT",
    "AWSENV_RESTORE",
    "AWS_ACCESS_KEY_ID",
    "AWS_ACCOUNT_ID",
    "AWS_CREDENTIAL_EXPIRATION",
    "AWS_DEFAULT_REGION",
    "AWS_REGION",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SSO_PROFILE",
];

fn each_shell(test: impl Fn(&Shell, &dyn Fn(&World, &str) -> crate::world::Output)) {
    for shell in SHELLS.iter().filter(|shell| has(shell.name)) {
        test(shell, &|world, script| {
            let mut command = world.command_of(Path::new("/usr/bin/env"));
            // the shell is found as a user's would be: by looking at who started awsenv
            command.env_remove("AWSENV_SHELL").arg(shell.name).args(shell.args).arg(script);
            world.finish("login in a real shell", &mut command)
        });
    }
}

/// The names of AWS's and awsenv's variables in `env`'s output, without those of the world itself.
fn names(stdout: &str) -> Vec<&str> {
    let world = ["AWS_ENDPOINT_URL_SIGNIN", "AWS_ENDPOINT_URL_STS", "AWS_EC2_METADATA_DISABLED"];
    let mut names: Vec<&str> = stdout
        .lines()
        .filter_map(|line| Some(line.split_once('=')?.0))
        .filter(|name| name.starts_with("AWS") && !name.contains("ENDPOINT") && !world.contains(name))
        .collect();
    names.sort_unstable();
    names
}

#[test]
fn a_login_sets_exactly_the_documented_variables() {
    each_shell(|shell, run| {
        let world =
            World::new().env("AWS_PROFILE", "old").env("AWS_SECURITY_TOKEN", "old").env("AWS_VAULT", "old");
        let login = (shell.takes)("awsenv login \"my dev\" --region us-east-1");
        let output = run(&world, &format!("{login}{}env", shell.and));
        assert_eq!(output.code, 0, "{}: {output}", shell.name);
        assert_eq!(names(&output.stdout), LOADED, "{}: {output}", shell.name);
        assert!(output.stdout.contains("AWSENV_PROFILE=my dev\n"), "{}: {output}", shell.name);
    });
}

#[test]
fn unset_and_logout_leave_the_shell_as_it_was() {
    each_shell(|shell, run| {
        let world = World::new().env("AWS_PROFILE", "old").env("AWS_SESSION_TOKEN", "");
        let login = (shell.takes)("awsenv login dev --region us-east-1");
        for command in ["awsenv unset", "awsenv logout dev"] {
            let back = (shell.takes)(command);
            let output = run(&world, &format!("{login}{0}{back}{0}env", shell.and));
            assert_eq!(output.code, 0, "{}: {output}", shell.name);
            assert_eq!(
                names(&output.stdout),
                ["AWS_PROFILE", "AWS_SESSION_TOKEN"],
                "{}: {output}",
                shell.name
            );
            assert!(output.stdout.contains("AWS_PROFILE=old\n"), "{}: {output}", shell.name);
        }
    });
}

#[test]
fn a_failing_login_cannot_be_missed() {
    each_shell(|shell, run| {
        let world =
            World::new().person(|person, url| drop(person.cancel(&url))).env("AWS_ACCESS_KEY_ID", "before");
        for command in ["login dev --region us-east-1", "login dev --bogus", "export nope", "logout nope"] {
            let taken = (shell.takes)(&format!("awsenv {command}"));
            let output = run(&world, &format!("{taken}{}echo WRONG", shell.and));
            assert_ne!(output.code, 0, "{}: {output}", shell.name);
            assert_eq!(output.stdout, "", "{}: {output}", shell.name);
            let after = run(&world, &format!("{taken}; env"));
            assert!(after.stdout.contains("AWS_ACCESS_KEY_ID=before\n"), "{}: {after}", shell.name);
            assert_eq!(names(&after.stdout), ["AWS_ACCESS_KEY_ID"], "{}: {after}", shell.name);
        }
    });
}
