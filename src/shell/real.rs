//! Every shell that is installed reads what its dialect writes, byte for byte, under options that hurt.

use super::{find, render};
use crate::host::{Fake, Host, process};
use crate::model::delta::{Load, OWN, Restore, TOUCHED};
use crate::model::{Change, Credentials, EnvDelta, ProfileName, Region, Secret};
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

/// How a shell is started, and the lines that take in the file `text`; `env -0 > out` follows if they succeed.
struct Way {
    args: &'static [&'static str],
    env: &'static [(&'static str, &'static str)],
    script: &'static str,
}

const fn way(args: &'static [&'static str], script: &'static str) -> Way {
    Way { args, env: &[], script }
}

const BASH: &[&str] = &["--norc", "--noprofile", "-c"];
const ZSH: &[&str] = &["-f", "-c"];
const SH: &[&str] = &["-c"];
const FISH: &[&str] = &["--no-config", "-c"];
const C: &[(&str, &str)] = &[("LC_ALL", "C")];

static BASH_WAYS: [Way; 10] = [
    way(BASH, r#"eval "$(cat text)" && env -0 > out"#),
    way(BASH, ". ./text && env -0 > out"),
    way(BASH, r#"set -eu; set -o pipefail; eval "$(cat text)"; env -0 > out"#),
    way(BASH, r#"set -f; IFS=:; eval "$(cat text)" && env -0 > out"#),
    way(BASH, r#"shopt -s extglob failglob nullglob nocasematch; eval "$(cat text)" && env -0 > out"#),
    way(BASH, r#"IFS="0123456789aA'"; set -B; eval "$(cat text)" && env -0 > out"#),
    way(
        BASH,
        r#"shopt -s expand_aliases; alias export=false unset=false eval=false builtin=false command=false local=false; export() { touch P; }; unset() { touch P; }; eval "$(cat text)" && env -0 > out"#,
    ),
    way(&["--posix", "--norc", "--noprofile", "-c"], r#"eval "$(cat text)" && env -0 > out"#),
    way(&["--norc", "--noprofile", "-i"], "set -H\neval \"$(cat text)\" && env -0 > out\n"),
    Way { args: BASH, env: C, script: r#"set -u; eval "$(cat text)" && env -0 > out"# },
];

static ZSH_WAYS: [Way; 9] = [
    way(ZSH, r#"eval "$(cat text)" && env -0 > out"#),
    way(ZSH, ". ./text && env -0 > out"),
    way(
        ZSH,
        r#"emulate -R zsh; setopt ksh_arrays no_unset err_return err_exit pipe_fail; f() { eval "$(cat text)"; env -0 > out; }; f"#,
    ),
    way(
        ZSH,
        r#"setopt glob_subst sh_word_split csh_junkie_quotes rc_quotes magic_equal_subst extended_glob null_glob rc_expand_param; IFS=:; eval "$(cat text)" && env -0 > out"#,
    ),
    way(
        ZSH,
        r#"alias export=false unset=false eval=false builtin=false; alias -g -- export='| false' unset='| false'; export() { touch P }; unset() { touch P }; eval "$(cat text)" && env -0 > out"#,
    ),
    way(ZSH, r#"emulate sh; setopt posix_builtins; eval "$(cat text)" && env -0 > out"#),
    way(ZSH, r#"emulate ksh; setopt warn_create_global no_glob; eval "$(cat text)" && env -0 > out"#),
    way(&["-f", "-i"], "setopt bang_hist; PS1=\neval \"$(cat text)\" && env -0 > out\n"),
    Way { args: ZSH, env: C, script: r#"eval "$(cat text)" && env -0 > out"# },
];

static SH_WAYS: [Way; 5] = [
    way(SH, r#"eval "$(cat text)" && env -0 > out"#),
    way(SH, ". ./text && env -0 > out"),
    way(SH, r#"set -euf; IFS=:; eval "$(cat text)"; env -0 > out"#),
    way(SH, "alias export=false unset=false\neval \"$(cat text)\" && env -0 > out"),
    Way { args: SH, env: C, script: r#"eval "$(cat text)" && env -0 > out"# },
];

static FISH_WAYS: [Way; 7] = [
    way(FISH, "eval (cat text); and env -0 > out"),
    way(FISH, "eval (cat text | string collect); and env -0 > out"),
    way(FISH, "cat text | source; and env -0 > out"),
    way(FISH, "source text; and env -0 > out"),
    way(
        FISH,
        "function true; return 3; end; function string; touch P; end; set -g name kept; false; eval (cat text); and test $name = kept; and env -0 > out",
    ),
    way(FISH, "function f; set -l V00001 local; cat text | source; and env -0 > out; end; f"),
    Way { args: FISH, env: C, script: "eval (cat text); and env -0 > out" },
];

/// A shell that is here.
pub(super) struct Shell {
    pub(super) dialect: &'static str,
    pub(super) program: PathBuf,
    ways: &'static [Way],
}

/// The shell, or `None` and a line that says so; in CI its absence is a failure.
pub(super) fn shell(name: &'static str) -> Option<Shell> {
    let (dialect, ways): (_, &[Way]) = match name {
        "bash" => ("bash", &BASH_WAYS),
        "zsh" => ("zsh", &ZSH_WAYS),
        "dash" => ("sh", &SH_WAYS),
        _ => ("fish", &FISH_WAYS),
    };
    let host = Host::real();
    if let Some(program) = process::find(&host, OsStr::new(name)) {
        return Some(Shell { dialect, program, ways });
    }
    assert!(!host.env.switch("CI"), "{name} is not installed");
    #[expect(clippy::disallowed_macros, clippy::print_stderr, reason = "for who reads the test's output")]
    {
        eprintln!("not run here: {name}");
    }
    None
}

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
    let values = super::corpus::all();
    assert!(values.len() >= 2_300, "{}", values.len());
    let names: Vec<&'static str> = (0..values.len()).map(|i| &*String::leak(format!("V{i:05}"))).collect();
    let unset = names.iter().map(|name| (*name, Change::Unset));
    let set =
        names.iter().zip(&values).map(|(name, value)| (*name, Change::Set(Secret::new(value.as_str()))));
    let dir = Dir::new();
    dir.write("text", &text(shell.dialect, &EnvDelta::of(unset.chain(set).collect())));
    for way in shell.ways {
        let seen = run(&shell.program, way.args, way.env, &dir, way.script);
        let Some(vars) = &seen.vars else { panic!("{name}: {}\n{seen:?}", way.script) };
        for (name, value) in names.iter().zip(&values) {
            assert_eq!(vars.get(*name), Some(value), "{}\n{}", way.script, seen.stderr);
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
fn no_shell_misses_a_failure() {
    for name in ["bash", "zsh", "dash", "fish"] {
        let Some(shell) = shell(name) else { continue };
        let dir = Dir::new();
        dir.write("text", find(shell.dialect).unwrap().failure());
        let scripts: &[&str] = match name {
            "fish" => &["eval (cat text); and touch P; false", "cat text | source; and touch P; false"],
            _ => &[
                r#"eval "$(cat text)" && touch P"#,
                r#"set -e; eval "$(cat text)"; touch P"#,
                ". ./text && touch P",
            ],
        };
        for script in scripts {
            let seen = run(&shell.program, shell.ways[0].args, &[], &dir, script);
            assert_eq!((seen.code, seen.stderr.as_str()), (Some(1), ""), "{name}: {script}");
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
