//! How each real shell is started, and every way in which it takes in what its dialect writes.

use crate::host::{Host, process};
use std::ffi::OsStr;
use std::path::PathBuf;

/// How a shell is started, and the lines that take in the file `text`; `env -0 > out` follows if they succeed.
pub(super) struct Way {
    pub(super) args: &'static [&'static str],
    pub(super) env: &'static [(&'static str, &'static str)],
    pub(super) script: &'static str,
}

const fn way(args: &'static [&'static str], script: &'static str) -> Way {
    Way { args, env: &[], script }
}

const BASH: &[&str] = &["--norc", "--noprofile", "-c"];
const ZSH: &[&str] = &["-f", "-c"];
const SH: &[&str] = &["-c"];
const FISH: &[&str] = &["--no-config", "-c"];
const TCSH: &[&str] = &["-f", "-c"];
const ELVISH: &[&str] = &["-norc", "-c"];
const XONSH: &[&str] = &["--no-rc", "-c"];
const NU: &[&str] = &["--no-config-file", "-c"];
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

static TCSH_WAYS: [Way; 9] = [
    way(TCSH, "eval `cat text` && env -0 > out"),
    way(TCSH, r#"eval "`cat text`" && env -0 > out"#),
    way(TCSH, "source text && env -0 > out"),
    way(TCSH, "set noglob; eval `cat text` && env -0 > out"),
    way(TCSH, "set nonomatch globstar globdot; touch a b x; eval `cat text` && env -0 > out"),
    way(TCSH, "set backslash_quote; eval `cat text` && env -0 > out"),
    way(TCSH, "set histchars='^,'; unset csubstnonl; eval `cat text` && env -0 > out"),
    way(&["-f", "-i"], "set prompt=''\necho a b c\neval `cat text` && env -0 > out\n"),
    // out of backquotes, tcsh in the C locale garbles what is not ASCII, if it is more than 4 KiB
    Way { args: TCSH, env: C, script: "source text && env -0 > out" },
];

static ELVISH_WAYS: [Way; 5] = [
    way(ELVISH, "eval (cat text | slurp); env -0 > out"),
    way(ELVISH, "cat text | slurp | eval (all); env -0 > out"),
    way(ELVISH, "eval (slurp < text); env -0 > out"),
    way(
        ELVISH,
        "fn set-env {|@a| touch P }; fn unset-env {|@a| touch P }; eval (cat text | slurp); env -0 > out",
    ),
    Way { args: ELVISH, env: C, script: "eval (cat text | slurp); env -0 > out" },
];

static XONSH_WAYS: [Way; 3] = [
    way(XONSH, "execx($(cat text)); $[env -0 > out]"),
    way(XONSH, "source text\n$[env -0 > out]"),
    Way { args: XONSH, env: C, script: "$RAISE_SUBPROC_ERROR = True; execx($(cat text)); $[env -0 > out]" },
];

static NU_WAYS: [Way; 4] = [
    way(NU, "^cat text | from json | load-env; ^env -0 | save --raw --force out"),
    way(NU, "open --raw text | from json | load-env; ^env -0 | save --raw --force out"),
    way(NU, "def --env take [] { ^cat text | from json | load-env }; take; ^env -0 | save --raw --force out"),
    Way { args: NU, env: C, script: "^cat text | from json | load-env; ^env -0 | save --raw --force out" },
];

/// A shell that is here.
pub(super) struct Shell {
    pub(super) dialect: &'static str,
    pub(super) program: PathBuf,
    pub(super) ways: &'static [Way],
}

/// The shell, or `None` and a line that says so; in CI its absence is a failure. `AWSENV_TEST_NU` says where a nushell
/// is that is not on the PATH.
pub(super) fn shell(name: &'static str) -> Option<Shell> {
    let (dialect, ways): (_, &[Way]) = match name {
        "bash" => ("bash", &BASH_WAYS),
        "zsh" => ("zsh", &ZSH_WAYS),
        "dash" => ("sh", &SH_WAYS),
        "fish" => ("fish", &FISH_WAYS),
        "tcsh" => ("tcsh", &TCSH_WAYS),
        "elvish" => ("elvish", &ELVISH_WAYS),
        "xonsh" => ("xonsh", &XONSH_WAYS),
        _ => ("nushell", &NU_WAYS),
    };
    let host = Host::real();
    let elsewhere = host.env.text("AWSENV_TEST_NU").filter(|_| name == "nu");
    if let Some(program) = process::find(&host, OsStr::new(elsewhere.unwrap_or(name))) {
        return Some(Shell { dialect, program, ways });
    }
    assert!(!host.env.switch("CI"), "{name} is not installed");
    #[expect(clippy::disallowed_macros, clippy::print_stderr, reason = "for who reads the test's output")]
    {
        eprintln!("not run here: {name}");
    }
    None
}
