//! The line that each shell's person types, in shells that are not of the family of `sh`: loaded, and as it was.

use crate::world::{Output, World};
use std::path::{Path, PathBuf};

/// A shell, what starts it without its user's files, and how a person types.
struct Shell {
    name: &'static str,
    args: &'static [&'static str],
    line: fn(&str) -> String,
    /// Between two commands, the second of which is not run where the first failed.
    and: &'static str,
    env: &'static str,
}

const SHELLS: [Shell; 4] = [
    Shell { name: "tcsh", args: &["-f", "-c"], line: |c| format!("eval `{c}`"), and: " && ", env: "env" },
    Shell {
        name: "elvish",
        args: &["-norc", "-c"],
        line: |c| format!("eval ({c} | slurp)"),
        and: "; ",
        env: "env",
    },
    Shell {
        name: "xonsh",
        args: &["--no-rc", "-c"],
        line: |c| format!("execx($({c} | cat))"),
        and: "; ",
        env: "$[env]",
    },
    Shell {
        name: "nu",
        args: &["--no-config-file", "-c"],
        line: |c| format!("{c} | from json | load-env"),
        and: "; ",
        env: "^env",
    },
];

/// Where the shell is: `AWSENV_TEST_NU` says it of nushell, which Debian does not have.
fn program(name: &str) -> Option<PathBuf> {
    match std::env::var("AWSENV_TEST_NU") {
        Ok(nu) if name == "nu" && Path::new(&nu).is_file() => Some(nu.into()),
        _ => crate::world::has(name).then(|| name.into()),
    }
}

fn each_shell(test: impl Fn(&Shell, &dyn Fn(&World, &str) -> Output)) {
    for shell in &SHELLS {
        let Some(program) = program(shell.name) else { continue };
        test(shell, &|world, script| {
            let mut command = world.command_of(Path::new("/usr/bin/env"));
            // the shell is found as a user's would be: by looking at who started awsenv
            command.env_remove("AWSENV_SHELL").arg(&program).args(shell.args).arg(script);
            world.finish("login in a real shell", &mut command)
        });
    }
}

/// AWS's and awsenv's variables in `env`'s output, without those of the world itself.
fn ours(stdout: &str) -> Vec<&str> {
    let mut ours: Vec<&str> = stdout
        .lines()
        .filter(|line| line.starts_with("AWS"))
        .filter(|line| !line.starts_with("AWS_ENDPOINT") && !line.starts_with("AWS_EC2_METADATA_DISABLED"))
        .collect();
    ours.sort_unstable();
    ours
}

#[test]
fn the_line_to_type_loads_the_shell_and_unset_puts_it_back() {
    each_shell(|shell, run| {
        let world = World::new().env("AWS_PROFILE", "old").env("AWS_VAULT", "it's $x `y` {a,b} *");
        let login = (shell.line)("awsenv login 'my dev' --region us-east-1");
        let loaded = run(&world, &format!("{login}{}{}", shell.and, shell.env));
        assert_eq!(loaded.code, 0, "{}: {loaded}", shell.name);
        let names: Vec<_> = ours(&loaded.stdout).iter().map(|v| v.split('=').next().unwrap()).collect();
        assert_eq!(names.len(), 15, "{}: {loaded}", shell.name);
        assert!(names.contains(&"AWS_SECRET_ACCESS_KEY") && !names.contains(&"AWS_PROFILE"), "{names:?}");
        assert!(loaded.stdout.contains("AWSENV_PROFILE=my dev\n"), "{}: {loaded}", shell.name);

        for back in ["awsenv unset", "awsenv logout 'my dev'"] {
            let back = (shell.line)(back);
            let login = (shell.line)("awsenv login 'my dev'");
            let restored = run(&world, &format!("{login}{0}{back}{0}{1}", shell.and, shell.env));
            assert_eq!(restored.code, 0, "{}: {restored}", shell.name);
            assert_eq!(
                ours(&restored.stdout),
                ["AWS_PROFILE=old", "AWS_VAULT=it's $x `y` {a,b} *"],
                "{}: {restored}",
                shell.name
            );
        }
    });
}

#[test]
fn a_failing_command_cannot_be_missed() {
    each_shell(|shell, run| {
        let world = World::new().env("AWS_ACCESS_KEY_ID", "before");
        for command in ["login dev --bogus", "export nope", "logout nope"] {
            let taken = (shell.line)(&format!("awsenv {command}"));
            let output = run(&world, &format!("{taken}{}{}", shell.and, shell.env));
            assert_ne!(output.code, 0, "{}: {output}", shell.name);
            assert_eq!(output.stdout, "", "{}: {output}", shell.name);
            assert!(output.stderr.contains("error: "), "{}: {output}", shell.name);
        }
    });
}

#[test]
fn a_command_with_nothing_to_change_is_no_failure() {
    each_shell(|shell, run| {
        let other = "[profile other]\nlogin_session = arn:aws:iam::123456789012:user/bob\n";
        let world = World::new().config(other).env("AWS_PROFILE", "mine");
        for command in ["awsenv unset", "awsenv logout other"] {
            let output = run(&world, &format!("{}{}{}", (shell.line)(command), shell.and, shell.env));
            assert_eq!(output.code, 0, "{}: {output}", shell.name);
            assert_eq!(ours(&output.stdout), ["AWS_PROFILE=mine"], "{}: {output}", shell.name);
        }
    });
}

/// What was taken away is null to nushell, and nothing at all to programs.
#[test]
fn nushell_keeps_a_name_without_a_value() {
    each_shell(|shell, run| {
        if shell.name != "nu" {
            return;
        }
        let world = World::new().env("AWS_PROFILE", "old");
        let login = (shell.line)("awsenv login dev --region us-east-1");
        let shown = "print ('AWS_PROFILE' in $env) ($env.AWS_PROFILE? | describe)";
        let output = run(&world, &format!("{login}; {shown}; ^sh -c 'echo ${{AWS_PROFILE-unset}}'"));
        assert_eq!(output.stdout, "true\nnothing\nunset\n", "{output}");
    });
}
