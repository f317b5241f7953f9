//! The line that a person is told to type does in a real interactive shell what it says, whatever the profile's name.

use super::real::{Dir, run};
use super::ways::shell;
use super::{find, line_to_type, render};
use crate::model::{EnvDelta, ProfileName};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

/// Writes down its arguments, and prints a change that changes nothing.
const STUB: &str = "#!/bin/sh\nprintf '%s\\0' \"$@\" >> argv\ncat nothing\n";

#[test]
fn a_profile_reaches_awsenv_as_it_is_called() {
    for (name, args) in [
        ("bash", ["--norc", "--noprofile", "-i"]),
        ("zsh", ["-f", "-f", "-i"]),
        ("dash", ["-u", "-u", "-i"]),
        ("tcsh", ["-f", "-f", "-i"]),
    ] {
        let Some(shell) = shell(name) else { continue };
        each(shell.dialect, |dir, lines, path| {
            let history = match name {
                "bash" => "set -H\n",
                "zsh" => "setopt bang_hist\n",
                _ => "",
            };
            let script = format!("{history}echo a b c\n{lines}");
            run(&shell.program, &args, &[("PATH", path), ("PS1", ""), ("ENV", "")], dir, &script);
        });
    }
    for (name, arg) in
        [("fish", "--no-config"), ("elvish", "-norc"), ("xonsh", "--no-rc"), ("nu", "--no-config-file")]
    {
        let Some(shell) = shell(name) else { continue };
        each(shell.dialect, |dir, lines, path| {
            dir.write("lines", lines);
            run(&shell.program, &[arg], &[("PATH", path)], dir, "lines");
        });
    }
}

/// Has `type_all` type one line for each name, and compares what the stub saw.
fn each(dialect: &str, type_all: impl Fn(&Dir, &str, &str)) {
    // short ones, and few: each starts a program
    let profiles: Vec<ProfileName> = super::corpus::all()
        .into_iter()
        .filter(|name| name.len() < 60)
        .enumerate()
        .filter(|(i, name)| i % 8 == 0 || name.contains('!') || name.starts_with('-'))
        .take(320)
        .filter_map(|(_, name)| name.parse().ok())
        .collect();
    let dir = Dir::new();
    dir.write("awsenv", STUB);
    let dialect = find(dialect).unwrap();
    dir.write("nothing", &render(dialect, &EnvDelta::default(), None).unwrap());
    fs::set_permissions(dir.0.join("awsenv"), fs::Permissions::from_mode(0o755)).unwrap();
    let lines: String = profiles
        .iter()
        .map(|p| line_to_type(dialect, &["login", "--tag", "a=b c"], Some(p)) + "\n")
        .collect();
    type_all(&dir, &lines, &format!("{}:/usr/bin:/bin", dir.0.display()));
    let argv = fs::read_to_string(dir.0.join("argv")).unwrap();
    let mut seen = argv.split('\0');
    for profile in &profiles {
        assert_eq!((seen.next(), seen.next(), seen.next()), (Some("login"), Some("--tag"), Some("a=b c")));
        let last = seen.next().filter(|last| *last != "--" || !profile.as_str().starts_with('-'));
        let last = last.or_else(|| seen.next());
        assert_eq!(last, Some(profile.as_str()), "{}", dialect.name());
    }
}
