//! Every shell that is installed reads what its dialect writes, byte for byte, under options that hurt.

use super::ways::shell;
use super::{find, render};
use crate::host::{Fake, Host};
use crate::model::delta::{Load, OWN, Restore, TOUCHED};
use crate::model::{Change, Credentials, EnvDelta, ProfileName, Region, Secret};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

/// An empty directory, gone at the end.
pub(super) struct Dir(pub(super) PathBuf);

impl Dir {
    pub(super) fn new() -> Dir {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("awsenv-shell-{}-{count}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Dir(path)
    }

    pub(super) fn write(&self, name: &str, text: &str) {
        fs::write(self.0.join(name), text).unwrap();
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// What a run of a shell left: the variables in `out`, if it wrote them, and what it said.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) vars: Option<BTreeMap<String, String>>,
    pub(super) stderr: String,
    pub(super) code: Option<i32>,
}

/// Runs `script` in `dir`, and checks that nothing in it made a file `P`.
pub(super) fn run(program: &Path, args: &[&str], env: &[(&str, &str)], dir: &Dir, script: &str) -> Seen {
    let _ = fs::remove_file(dir.0.join("out"));
    #[expect(clippy::disallowed_methods, reason = "the shell itself is what is tried")]
    let mut command = Command::new(program);
    command.args(args).current_dir(&dir.0).env_clear();
    command.envs([("PATH", "/usr/bin:/bin"), ("LC_ALL", "C.UTF-8")]);
    command.env("HOME", &dir.0).env("XDG_CONFIG_HOME", &dir.0).envs(env.iter().copied());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let from_stdin = args.last() == Some(&"-i");
    if !from_stdin {
        command.arg(script);
    }
    let mut child = command.spawn().unwrap();
    if let Some(mut stdin) = child.stdin.take().filter(|_| from_stdin) {
        std::io::Write::write_all(&mut stdin, script.as_bytes()).unwrap();
    }
    let output = child.wait_with_output().unwrap();
    assert!(!dir.0.join("P").exists(), "code in a value ran: {script}");
    let vars = fs::read(dir.0.join("out")).ok().map(|out| {
        let out = String::from_utf8(out).unwrap();
        let pairs = out.split('\0').filter_map(|pair| pair.split_once('='));
        pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    });
    Seen { vars, stderr: String::from_utf8_lossy(&output.stderr).into_owned(), code: output.status.code() }
}

fn text(dialect: &str, delta: &EnvDelta) -> String {
    render(find(dialect).unwrap(), delta, None).unwrap_or_else(|e| panic!("{}", e.render()))
}

/// Each value of the corpus in a variable of its own, through each way into the shell.
fn round_trip(name: &'static str) {
    let Some(shell) = shell(name) else { return };
    let all = super::corpus::all();
    assert!(all.len() >= 2_300, "{}", all.len());
    let names: Vec<&'static str> = (0..all.len()).map(|i| &*String::leak(format!("V{i:05}"))).collect();
    // in two parts: tcsh takes some 2,500 statements at once
    for (values, names) in all.chunks(1_500).zip(names.chunks(1_500)) {
        let unset = names.iter().map(|name| (*name, Change::Unset));
        let set =
            names.iter().zip(values).map(|(name, value)| (*name, Change::Set(Secret::new(value.as_str()))));
        let dir = Dir::new();
        dir.write("text", &text(shell.dialect, &EnvDelta::of(unset.chain(set).collect())));
        for way in shell.ways {
            let seen = run(&shell.program, way.args, way.env, &dir, way.script);
            let Some(vars) = &seen.vars else { panic!("{name}: {}\n{seen:?}", way.script) };
            for (name, value) in names.iter().zip(values) {
                assert_eq!(vars.get(*name), Some(value), "{}\n{}", way.script, seen.stderr);
            }
        }
    }
}

#[test]
fn bash_reads_every_value() {
    round_trip("bash");
}

#[test]
fn zsh_reads_every_value() {
    round_trip("zsh");
}

#[test]
fn dash_reads_every_value() {
    round_trip("dash");
}

#[test]
fn fish_reads_every_value() {
    round_trip("fish");
}

#[test]
fn tcsh_reads_every_value() {
    round_trip("tcsh");
}

#[test]
fn elvish_reads_every_value() {
    round_trip("elvish");
}

#[test]
fn xonsh_reads_every_value() {
    round_trip("xonsh");
}

#[test]
fn nushell_reads_every_value() {
    round_trip("nu");
}

const PROFILES: [&str; 6] = [
    "it's $(touch P) \"q\" \\ % é",
    "x'; touch P; '",
    "-n",
    "~/`touch P`",
    "x\u{2019}; touch P #",
    "{a,b} *!!\\",
];

/// The variables of awsenv and AWS among those seen.
fn ours(vars: &BTreeMap<String, String>) -> BTreeMap<&str, &str> {
    let pairs = vars.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    pairs.filter(|(name, _)| name.starts_with("AWS")).collect()
}

fn load(profile: &ProfileName, restore: &Restore) -> EnvDelta {
    let credentials =
        Credentials::new("ASIAFAKE000000000001", Secret::new("fake/+="), Some(Secret::new("t=")), None, None)
            .unwrap();
    let region: Region = "eu-west-1".parse().unwrap();
    EnvDelta::load(&Load {
        profile: Some(profile),
        credentials: &credentials,
        identity: Some("R$(touch P)ole'"),
        region: Some(&region),
        refresh_at: None,
        previous: Some("`touch P`\\"),
        color: None,
        ephemeral: false,
        restore,
    })
}

/// Loads and unloads hostile profiles, from an environment that has every variable and from one that has none.
fn there_and_back(name: &'static str) {
    let Some(shell) = shell(name) else { return };
    for (i, profile) in PROFILES.into_iter().enumerate() {
        let before: Vec<(&str, &str)> = match i % 3 {
            0 => vec![],
            1 => TOUCHED
                .into_iter()
                .map(|name| (name, if name == "AWS_REGION" { "" } else { profile }))
                .collect(),
            _ => vec![("AWS_VAULT", "\\"), ("AWS_PROFILE", profile), ("AWS_DEFAULT_REGION", "")],
        };
        let vars = before.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let host = Host::fake(Fake { env: vars, ..Fake::default() });
        let restore = Restore::capture(|name| host.env.var(name).map(str::to_owned));
        let dir = Dir::new();
        let loaded = load(&profile.parse().unwrap(), &restore);
        let expected: BTreeMap<_, _> = loaded.set().map(|(name, value)| (name, value.expose())).collect();
        dir.write("load", &text(shell.dialect, &loaded));
        dir.write("unload", &text(shell.dialect, &EnvDelta::unload(&restore)));
        // stale variables of our own, which a load takes away too
        let env: Vec<_> = before.iter().copied().chain([("AWSENV_COLOR", "red"), (OWN[3], "1")]).collect();
        for way in shell.ways {
            dir.write("text", &fs::read_to_string(dir.0.join("load")).unwrap());
            let all: Vec<_> = env.iter().chain(way.env).copied().collect();
            let seen = run(&shell.program, way.args, &all, &dir, way.script);
            assert_eq!(
                ours(seen.vars.as_ref().unwrap_or_else(|| panic!("{seen:?}"))),
                expected,
                "{}",
                way.script
            );

            let both = fs::read_to_string(dir.0.join("load")).unwrap()
                + &fs::read_to_string(dir.0.join("unload")).unwrap();
            dir.write("text", &both);
            let seen = run(&shell.program, way.args, &all, &dir, way.script);
            let back = seen.vars.as_ref().unwrap_or_else(|| panic!("{}\n{seen:?}", way.script));
            assert_eq!(ours(back), before.iter().copied().collect(), "{}", way.script);
        }
    }
}

#[test]
fn bash_is_afterwards_what_it_was() {
    there_and_back("bash");
}

#[test]
fn zsh_is_afterwards_what_it_was() {
    there_and_back("zsh");
}

#[test]
fn dash_is_afterwards_what_it_was() {
    there_and_back("dash");
}

#[test]
fn fish_is_afterwards_what_it_was() {
    there_and_back("fish");
}

#[test]
fn tcsh_is_afterwards_what_it_was() {
    there_and_back("tcsh");
}

#[test]
fn elvish_is_afterwards_what_it_was() {
    there_and_back("elvish");
}

#[test]
fn xonsh_is_afterwards_what_it_was() {
    there_and_back("xonsh");
}

#[test]
fn no_shell_misses_a_failure() {
    for name in ["bash", "zsh", "dash", "fish", "tcsh", "elvish", "xonsh", "nu"] {
        let Some(shell) = shell(name) else { continue };
        let dir = Dir::new();
        dir.write("text", find(shell.dialect).unwrap().failure());
        let scripts: &[&str] = match name {
            "fish" => &["eval (cat text); and touch P; false", "cat text | source; and touch P; false"],
            "tcsh" => {
                &["eval `cat text` && touch P", "eval \"`cat text`\" && touch P", "source text && touch P"]
            }
            "elvish" => &["eval (cat text | slurp); touch P", "eval (slurp < text); touch P"],
            "xonsh" => &["execx($(cat text)); $[touch P]", "execx($(cat text))\n$[touch P]"],
            "nu" => &["^cat text | from json | load-env; ^touch P"],
            _ => &[
                r#"eval "$(cat text)" && touch P"#,
                r#"set -e; eval "$(cat text)"; touch P"#,
                ". ./text && touch P",
            ],
        };
        for script in scripts {
            let seen = run(&shell.program, shell.ways[0].args, &[], &dir, script);
            let says = matches!(name, "elvish" | "xonsh" | "nu");
            assert!(seen.code.is_some_and(|code| code != 0), "{name}: {script}: {seen:?}");
            assert_eq!(!seen.stderr.is_empty(), says, "{name}: {script}: {seen:?}");
        }
    }
}

#[test]
fn a_function_of_a_variables_name_stays() {
    for name in ["bash", "zsh", "dash"] {
        let Some(shell) = shell(name) else { continue };
        let dir = Dir::new();
        dir.write("text", &text(shell.dialect, &EnvDelta::unload(&Restore::default())));
        let script = r#"AWS_PROFILE() { env -0 > out; }; eval "$(cat text)" && AWS_PROFILE"#;
        let seen = run(&shell.program, shell.ways[0].args, &[], &dir, script);
        assert!(seen.vars.is_some(), "{name}: {seen:?}");
    }
}

/// Universal variables belong to every fish of the user: they are neither written nor erased.
#[test]
fn fish_keeps_its_universal_variables() {
    let Some(shell) = shell("fish") else { return };
    let dir = Dir::new();
    let run = |script: &str| run(&shell.program, &["-c"], &[], &dir, script);
    run("set -Ux AWS_REGION universal; set -Ux AWS_PROFILE universal; set -U AWS_VAULT unexported");
    let file = dir.0.join("fish/fish_variables");
    let before = fs::read_to_string(&file).unwrap();
    assert!(before.contains("AWS_PROFILE:universal"), "{before}");

    let restore =
        Restore::capture(|name| matches!(name, "AWS_REGION" | "AWS_PROFILE").then(|| "universal".to_owned()));
    dir.write("load", &text("fish", &load(&"dev".parse().unwrap(), &restore)));
    dir.write("unload", &text("fish", &EnvDelta::unload(&restore)));

    let seen = run("cat load | source; and test $AWS_VAULT = unexported; and env -0 > out");
    let vars = seen.vars.unwrap();
    assert_eq!(vars["AWS_REGION"], "eu-west-1");
    assert!(!vars.contains_key("AWS_VAULT"));
    // fish exports it, whatever a global of its name says: the person is told, and only of this one
    assert_eq!(vars["AWS_PROFILE"], "universal");
    assert_eq!(seen.stderr.lines().count(), 1, "{}", seen.stderr);
    assert!(seen.stderr.contains("set -eU AWS_PROFILE"), "{}", seen.stderr);

    let seen = run("cat load | source; cat unload | source; and env -0 > out");
    let vars = seen.vars.unwrap();
    assert_eq!(ours(&vars), [("AWS_PROFILE", "universal"), ("AWS_REGION", "universal")].into());

    // a function's own variables hide what is set, until they are gone
    let seen = run(
        "set -eU AWS_PROFILE; function f; set -lx AWS_REGION own; set -lx AWS_ROLE_ARN own; cat load | source; and env -0 > out; end; f",
    );
    let vars = seen.vars.unwrap();
    assert_eq!(vars["AWS_REGION"], "eu-west-1");
    assert!(!vars.contains_key("AWS_ROLE_ARN"));

    run("set -Ux AWS_PROFILE universal");
    let sorted = |text: &str| {
        let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    assert_eq!(sorted(&before), sorted(&fs::read_to_string(&file).unwrap()));
}
