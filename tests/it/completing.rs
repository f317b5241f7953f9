//! TAB in real shells, on a terminal: what is put on the line is one literal word, and nothing that is typed is run.

use crate::terminal::Terminal;
use crate::world::{World, eventually, flag, has};
use std::path::Path;

const HOSTILE: &str = r#"it's $(touch P) "q" \ % é"#;

/// Profiles whose names hurt, as they are written between the quotes of a header.
const NAMES: &str = r#"[default]
region = eu-west-1
[profile dev]
login_session = arn:aws:sts::123456789012:assumed-role/Admin/alice
[profile "dev two"]
sso_account_id = 123456789012
sso_role_name = Dev
[profile "acct:b c"]
role_arn = arn:aws:iam::123456789012:role/path/Admin
source_profile = dev
[profile "a=b"]
[profile "it's $(touch P) \"q\" \\ % é"]
[profile "xx$(touch P)"]
[profile "-x"]
[profile "gl*b"]
[profile "日本 🚀"]
[profile "back\\slash"]
[profile "'lead"]
[profile "bang!x"]
"#;

/// What is typed, and the words that the command gets. TAB is where the `⇥` is.
const CASES: &[(&str, &[&str])] = &[
    ("awsenv logi⇥dev", &["login", "dev"]),
    ("awsenv login --no-b⇥dev", &["login", "--no-browser", "dev"]),
    ("awsenv login it⇥", &["login", HOSTILE]),
    ("awsenv login 'it⇥", &["login", HOSTILE]),
    ("awsenv login \"it⇥", &["login", HOSTILE]),
    ("awsenv login xx⇥", &["login", "xx$(touch P)"]),
    (r"awsenv login dev\ ⇥", &["login", "dev two"]),
    ("awsenv login 'dev t⇥", &["login", "dev two"]),
    ("awsenv login \"dev t⇥", &["login", "dev two"]),
    ("awsenv login acct:⇥", &["login", "acct:b c"]),
    ("awsenv login acct:b⇥", &["login", "acct:b c"]),
    ("awsenv login acct:'b⇥", &["login", "acct:b c"]),
    ("awsenv login a=⇥", &["login", "a=b"]),
    ("awsenv login gl⇥", &["login", "gl*b"]),
    ("awsenv login 日⇥", &["login", "日本 🚀"]),
    ("awsenv login back⇥", &["login", r"back\slash"]),
    (r"awsenv login \'l⇥", &["login", "'lead"]),
    ("awsenv login \"'l⇥", &["login", "'lead"]),
    ("awsenv login bang⇥", &["login", "bang!x"]),
    ("awsenv login -- -⇥", &["login", "--", "-x"]),
    ("awsenv login nice⇥", &["login", "nicely"]),
    ("awsenv login nothing⇥", &["login", "nothing"]),
    ("awsenv export dev --region=eu-n⇥", &["export", "dev", "--region=eu-north-1"]),
    ("awsenv export dev --shell po⇥", &["export", "dev", "--shell", "powershell"]),
    ("awsenv completions zs⇥", &["completions", "zsh"]),
    ("awsenv -q exec dev ⇥ true", &["-q", "exec", "dev", "--", "true"]),
];

/// A shell as a user has it, with `awsenv` a function (as a hook defines it) that writes down what it was called with.
struct Shell {
    name: &'static str,
    argv: fn(&World) -> Vec<String>,
}

const SHELLS: [Shell; 3] = [
    Shell { name: "bash", argv: bash },
    Shell { name: "zsh", argv: zsh },
    Shell { name: "fish", argv: fish },
];

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(ToString::to_string).collect()
}

fn script(ending: &str) -> String {
    format!("{}/completions/awsenv.{ending}", env!("CARGO_MANIFEST_DIR"))
}

fn bash(world: &World) -> Vec<String> {
    let rc = format!(
        "PS1='READY> '; HISTFILE=; set -u\n\
         for f in /usr/share/bash-completion/bash_completion; do [ ! -r $f ] || . $f; done\n\
         . {}\nawsenv() {{ note \"$@\"; }}\n",
        script("bash")
    );
    world.write("rc", &rc);
    words(&["bash", "--noprofile", "--rcfile", &world.path("rc").to_string_lossy(), "-i"])
}

fn zsh(world: &World) -> Vec<String> {
    let rc = format!(
        // zsh's own TAB expands `$( )` before it completes
        "PS1='READY> '; setopt nounset; bindkey -e; bindkey '^I' complete-word; unsetopt beep prompt_cr prompt_sp\nfpath=({} $fpath)\n\
         autoload -Uz compinit; compinit -u -d {}\nawsenv() {{ note \"$@\" }}\n",
        world.path("fpath").display(),
        world.path("dump").display(),
    );
    world.write("home/.zshrc", &rc);
    // as a file of a folder of fpath, where compinit finds it
    world.write("fpath/_awsenv", &std::fs::read_to_string(script("zsh")).unwrap());
    words(&["zsh", "-d", "-i"])
}

fn fish(world: &World) -> Vec<String> {
    let rc = "function fish_prompt; echo -n 'READY> '; end\nfunction fish_greeting; end\nfunction awsenv; note $argv; end\n";
    world.write("home/.config/fish/config.fish", rc);
    let completions = std::fs::read_to_string(script("fish")).unwrap();
    world.write("home/.config/fish/completions/awsenv.fish", &completions);
    words(&["fish", "-i"])
}

/// A world with a terminal's settings, and `note` on its PATH.
fn world(config: &str) -> World {
    let world = World::new().config(config).env("LC_ALL", "C.UTF-8").env("TERM", "xterm");
    world.write("bin/note", "#!/bin/sh\nprintf '%s\\n' \"$@\" >noted.new && mv noted.new noted\n");
    let _ =
        std::fs::set_permissions(world.path("bin/note"), std::os::unix::fs::PermissionsExt::from_mode(0o755));
    let path = format!("{}:{}", world.path("bin").display(), world.var("PATH").unwrap_or_default());
    world.env("PATH", &path)
}

/// The shell on a terminal of its own, at its first prompt, in the directory `home`.
fn start(shell: &Shell, world: &World) -> Terminal {
    let on_terminal = r#"line=$1; shift; exec setsid --ctty "$@" <>"$line" >&0 2>&0"#;
    let argv = (shell.argv)(world);
    let mut enter = world.command_of(Path::new("/bin/sh"));
    enter.current_dir(world.path("home")).args(["-c", on_terminal, "sh"]);
    let argv: Vec<&str> = argv.iter().map(String::as_str).collect();
    let mut terminal = Terminal::start(enter, &argv, flag()).unwrap();
    terminal.until("READY> ").unwrap();
    terminal
}

/// Types a line, and waits for the words that the command got.
fn noted(world: &World, terminal: &mut Terminal, typed: &str) -> Vec<String> {
    let _ = std::fs::remove_file(world.path("home/noted"));
    terminal.enter(&typed.replace('⇥', "\t")).unwrap();
    eventually(typed, || world.path("home/noted").exists());
    terminal.until("READY> ").unwrap();
    world.read("home/noted").lines().map(str::to_owned).collect()
}

fn each_shell(config: &str, test: impl Fn(&Shell, &World, &mut Terminal)) {
    if !has("setsid") {
        return;
    }
    for shell in SHELLS.iter().filter(|shell| has(shell.name)) {
        let world = world(config);
        world.write("home/.config/awsenv/config.ini", "[aliases]\nnicely = dev two\n");
        let mut terminal = start(shell, &world);
        test(shell, &world, &mut terminal);
        assert!(!world.path("home/P").exists(), "{}: a name was run", shell.name);
    }
}

#[test]
fn what_tab_puts_on_the_line_is_one_literal_word() {
    each_shell(NAMES, |shell, world, terminal| {
        for (typed, words) in CASES {
            assert_eq!(noted(world, terminal, typed), *words, "{}: {typed}", shell.name);
        }
    });
}

#[test]
fn tab_runs_nothing_that_is_typed() {
    each_shell(NAMES, |shell, world, terminal| {
        for typed in ["$(touch P) d", "\"$(touch P)\" d", "$(touch P)", "dev; echo $(touch P) d"] {
            // ^U takes the line away again
            let words = noted(world, terminal, &format!("awsenv login {typed}⇥\u{15}awsenv fine"));
            assert_eq!(words, ["fine"], "{}: {typed}", shell.name);
        }
    });
}

#[test]
fn behind_the_dashes_the_command_completes_itself() {
    each_shell(NAMES, |shell, world, terminal| {
        let listing = noted(world, terminal, "awsenv exec dev -- ls /usr/shar⇥").join(" ");
        // zsh takes the slash away at Enter
        assert_eq!(listing.trim_end_matches('/'), "exec dev -- ls /usr/share", "{}", shell.name);
        let has_git =
            shell.name != "bash" || Path::new("/usr/share/bash-completion/completions/git").exists();
        if has("git") && has_git {
            let git = noted(world, terminal, "awsenv -q exec dev -- git checko⇥");
            assert_eq!(git, ["-q", "exec", "dev", "--", "git", "checkout"], "{}", shell.name);
        }
        let own = noted(world, terminal, "awsenv exec dev -- awsenv login 'dev t⇥");
        assert_eq!(own, ["exec", "dev", "--", "awsenv", "login", "dev two"], "{}", shell.name);
    });
}

#[test]
fn among_five_thousand_profiles_one_is_found() {
    let many: String =
        (1..=5000).map(|n| format!("[profile team-{n:04}]\ncredential_process = x\n")).collect();
    each_shell(&many, |shell, world, terminal| {
        assert_eq!(
            noted(world, terminal, "awsenv login team-499⇥9"),
            ["login", "team-4999"],
            "{}",
            shell.name
        );
    });
}

#[test]
fn a_config_that_is_missing_or_broken_is_no_words_on_the_line() {
    each_shell("[profile dev\n=\n\u{0}\n[profile devil]\n", |shell, world, terminal| {
        let aws = world.path("home/.aws");
        world.write("home/.config/awsenv/config.ini", "nonsense");
        assert_eq!(noted(world, terminal, "awsenv login devi⇥"), ["login", "devil"], "{}", shell.name);
        std::fs::remove_file(aws.join("config")).unwrap();
        assert_eq!(noted(world, terminal, "awsenv login dev⇥"), ["login", "dev"], "{}", shell.name);
        std::fs::create_dir(aws.join("config")).unwrap(); // cannot be read, by root either
        assert_eq!(noted(world, terminal, "awsenv login dev⇥"), ["login", "dev"], "{}", shell.name);
        terminal.enter("awsenv login dev\t\u{15}echo \"rea\"dy").unwrap();
        let screen = terminal.until("ready\n").unwrap();
        assert!(!screen.contains("config") && !screen.contains("error"), "{}: {screen}", shell.name);
    });
}

#[test]
fn sourced_where_zsh_has_no_completion_it_says_nothing() {
    if has("zsh") {
        let world = World::new();
        let mut command = world.command_of(Path::new("/usr/bin/env"));
        command.args(["zsh", "-fuc", "eval \"$(awsenv completions zsh)\"; echo fine"]);
        let output = world.finish("completions without compinit", &mut command);
        assert_eq!((&*output.stdout, &*output.stderr), ("fine\n", ""), "{output}");
    }
}

#[test]
fn the_question_is_answered_with_names_and_what_they_are() {
    let world = World::new().config(NAMES).env("AWSENV_COMPLETE", "fish").env("AWSENV_PREVIOUS", "dev");
    let output = world.run("-- login ''");
    assert_eq!((output.code, &*output.stderr), (0, ""), "{output}");
    for line in [
        "dev\tconsole sign-in, Admin in 123456789012\n",
        "acct:b c\tassumed role, Admin in 123456789012\n",
        "default\tsays nothing of credentials\n",
        "-\tthe previous profile, dev\n",
    ] {
        assert!(output.stdout.contains(line), "{line}: {output}");
    }
    assert!(!output.stdout.contains("-x"), "it would be read as a flag: {output}");
    for command in ["login", "logout", "export", "exec"] {
        let output = world.run(&format!("-- {command} d"));
        assert!(output.stdout.contains("dev\tconsole sign-in"), "{command}: {output}");
    }
    for (line, answer) in [
        ("-- completions ''", "bash\nzsh\nfish\npowershell\n"),
        ("-- export dev --shell=", "--shell=bash\n"),
        ("-- export dev --format=", "--format=json\n"),
        ("-- exec dev -", "--\tthe command comes next\n"),
        ("-- unset --shell ''", "bash\nzsh\nfish\npowershell\nsh\n"),
    ] {
        let output = world.run(line);
        assert!(output.stdout.contains(answer), "{line}: {output}");
    }
    for line in ["-- login --yes=", "-- exec dev -- gi", "-- list ''", "--", "-- nonsense ''"] {
        assert_eq!(world.run(line).shown, "[exit 0]", "{line}");
    }
    let world = world.env("AWSENV_COMPLETE", "powershell").env("AWSENV_COMPLETE_WORDS", "login\nit");
    let output = world.run("--");
    assert!(output.stdout.starts_with(r#"it's $(touch P) "q" \\ % \u00E9"#), "{output}");
    // without the dashes it is a command like any other
    assert!(world.run("completions bash").stdout.contains("__awsenv_complete"));
}
