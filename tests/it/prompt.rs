//! `awsenv prompt`: what a prompt shows, in each state of a shell, and what it costs.

use crate::world::{World, has};
use std::path::Path;

const NOW: i64 = 1_800_000_000;

/// A loaded shell at [`NOW`], whose credentials end in so many seconds and can be renewed from 15 minutes before.
fn loaded(left: i64) -> World {
    World::new()
        .at(NOW)
        .env("AWSENV_PROFILE", "dev")
        .env("AWSENV_ACCOUNT_ID", "123456789012")
        .env("AWSENV_IDENTITY", "Admin")
        .env("AWS_REGION", "eu-west-1")
        .env("AWSENV_EXPIRES_AT", &(NOW + left).to_string())
        .env("AWSENV_REFRESH_AT", &(NOW + left - 900).to_string())
}

/// What shows, with colours as `<red>`: only the word's colour is changed, and put back.
fn shown(world: &World, line: &str) -> String {
    let output = world.run(line);
    assert_eq!((output.code, output.stderr.as_str()), (0, ""), "{output}");
    let colors = [(31, "red"), (32, "green"), (33, "yellow"), (35, "magenta"), (36, "cyan")];
    let mut shown = output.stdout.replace("\x1b[39m", "");
    for (number, name) in colors {
        shown = shown.replace(&format!("\x1b[{number}m"), &format!("<{name}>"));
    }
    assert!(!shown.contains('\x1b'), "{shown:?}");
    shown.strip_suffix('\n').map(str::to_owned).unwrap_or(shown)
}

#[test]
fn every_state_is_told() {
    let hour = loaded(3_600);
    assert_eq!(shown(&hour, "prompt"), "<cyan>dev 123456789012/Admin eu-west-1 1h00m");
    for (left, told) in [
        (11_100, "<cyan>3h05m"),
        (901, "<cyan>15m"),
        (900, "<yellow>15m"),
        (60, "<yellow>1m"),
        (59, "<yellow><1m"),
        (1, "<yellow><1m"),
        (0, "<yellow>renewing"),
        (-9_999, "<yellow>renewing"),
    ] {
        assert_eq!(shown(&loaded(left), "prompt --format {left}"), told, "{left}");
    }
    for (left, renewal, told) in [
        (600, "failed", "<yellow>10m"),
        (3_600, "failed", "<yellow>1h00m"),
        (-1, "failed", "<red>ended"),
        (600, "sign-in", "<red>sign in"),
        (-1, "sign-in", "<red>sign in"),
    ] {
        let world = loaded(left).env("AWSENV_RENEWAL", renewal);
        assert_eq!(shown(&world, "prompt --format {left}"), told, "{left} {renewal}");
    }
    for (left, told) in [(300, "<cyan>5m"), (299, "<yellow>4m"), (1, "<yellow><1m"), (0, "<red>ended")] {
        let world = loaded(left).without("AWSENV_REFRESH_AT");
        assert_eq!(shown(&world, "prompt --format {left}"), told, "{left}, for good");
    }
}

#[test]
fn what_is_not_known_is_left_out() {
    let keys = loaded(0).without("AWSENV_EXPIRES_AT").without("AWSENV_IDENTITY");
    assert_eq!(shown(&keys, "prompt --no-color"), "dev 123456789012 eu-west-1");
    assert_eq!(shown(&keys, "prompt --no-color --format '{left} aws:{profile} ({identity})'"), "aws:dev");
    assert_eq!(shown(&keys, "prompt --format {left}"), "");
    let bare = World::new().env("AWSENV_PROFILE", "dev");
    assert_eq!(shown(&bare, "prompt"), "<cyan>dev");
    for at in
        ["", "soon", "-1", "+1", "1e9", "x[$(touch P)]", "10000000000000", " 1", "9999999999999999999999"]
    {
        let world = loaded(600).env("AWSENV_EXPIRES_AT", at);
        assert_eq!(shown(&world, "prompt --no-color --format '{profile} {left}'"), "dev", "{at:?}");
    }
}

#[test]
fn a_shell_that_holds_nothing_of_ours_shows_nothing() {
    for world in [
        World::new(),
        loaded(600).without("AWSENV_PROFILE"),
        loaded(600).env("AWSENV_PROFILE", ""),
        loaded(600).env("AWSENV_KEY_ID", "ASIAOURS"),
        loaded(600).env("AWS_ACCESS_KEY_ID", "ASIAOTHER"),
        loaded(600).env("AWSENV_KEY_ID", "ASIAOURS").env("AWS_ACCESS_KEY_ID", "ASIAOTHER"),
    ] {
        for line in ["prompt", "prompt --format aws", "prompt --quiet"] {
            assert_eq!(shown(&world, line), "", "{line}");
        }
    }
    let ours = loaded(600).env("AWSENV_KEY_ID", "ASIAOURS").env("AWS_ACCESS_KEY_ID", "ASIAOURS");
    assert_eq!(shown(&ours, "prompt --format aws"), "<cyan>aws");
}

#[test]
fn colours_are_the_profiles_and_can_be_done_without() {
    let red = || loaded(600).env("AWSENV_COLOR", "magenta");
    let line = "prompt --format '{profile} {left}'";
    let (colored, plain) = ("<magenta>dev <yellow>10m", "dev 10m");
    assert_eq!(shown(&red(), line), colored);
    assert_eq!(shown(&loaded(600).env("AWSENV_COLOR", "\x1b[5m"), line), "<cyan>dev <yellow>10m");
    for (name, value, expected) in [
        ("NO_COLOR", "1", plain),
        ("NO_COLOR", "", colored),
        ("TERM", "dumb", plain),
        ("TERM", "xterm-256color", colored),
        ("CLICOLOR_FORCE", "1", colored),
    ] {
        assert_eq!(shown(&red().env(name, value), line), expected, "{name}={value}");
    }
    assert_eq!(shown(&red().env("TERM", "dumb").env("CLICOLOR_FORCE", "1"), line), colored);
    assert_eq!(shown(&red().env("NO_COLOR", "1").env("CLICOLOR_FORCE", "1"), line), plain);
    assert_eq!(shown(&red(), "prompt --no-color --format {left}"), "10m");
}

#[test]
fn each_reader_gets_what_it_wants() {
    let world = loaded(600).env("AWSENV_PROFILE", "100% #1\u{1b}[2J");
    for (reader, text) in [
        ("bash", "\x01\x1b[36m\x02100% #1\\x1b[2J \x01\x1b[39m\x02\x01\x1b[33m\x0210m\x01\x1b[39m\x02\n"),
        ("zsh", "%F{cyan}100%% #1\\x1b[2J %f%F{yellow}10m%f\n"),
        ("tmux", "#[fg=cyan]100% ##1\\x1b[2J #[fg=default]#[fg=yellow]10m#[fg=default]\n"),
    ] {
        let line = format!("prompt --for {reader} --format '{{profile}} {{left}}'");
        assert_eq!(world.run(&line).stdout, text, "{reader}");
        assert_eq!(world.run(&format!("{line} --debug")).stdout, text, "{reader}, by way of clap");
    }
    let plain = world.run("prompt --for zsh --no-color --format {profile}");
    assert_eq!(plain.stdout, "100%% #1\\x1b[2J\n");
}

#[test]
fn what_makes_no_sense_is_said() {
    let output = loaded(600).run("prompt --format '{profil}'");
    assert_eq!((output.code, output.stdout.as_str()), (2, ""), "{output}");
    assert!(output.stderr.contains("there is no field `{profil}`; did you mean `{profile}`?"), "{output}");
    assert_eq!(loaded(600).run("prompt --for fsh").code, 2);
    let help = loaded(600).run("prompt --help");
    assert!(help.stdout.contains("{profile} {account}/{identity} {region} {left}"), "{help}");
}

#[test]
fn a_profiles_colour_reaches_the_prompt() {
    let config = "[profile dev]\nlogin_session = arn:aws:sts::123456789012:assumed-role/Admin/alice\n\
                  region = eu-west-1\n[profile prod-x]\nlogin_session = arn:aws:sts::123456789012:assumed-role/Admin/alice\n\
                  awsenv_color = GREEN\n[profile odd]\nlogin_session = arn:aws:sts::123456789012:assumed-role/Admin/alice\n\
                  awsenv_color = pink\n";
    let world = World::new().config(config).env("XDG_CONFIG_HOME", "");
    let settings = "[aliases]\np = prod-x\n[colors]\n* = blue\nd?v = Magenta\nprod* = red\n";
    world.write("home/.config/awsenv/config.ini", settings);
    for (command, color) in [
        ("login dev", "magenta"),
        ("export dev --shell bash", "magenta"),
        ("login p", "green"),
        ("export p --shell bash", "green"),
    ] {
        let output = world.run(command);
        assert!(output.stdout.contains(&format!("AWSENV_COLOR='{color}'")), "{command}: {output}");
    }
    let loaded = world.run("export dev --shell bash");
    let world = world.eval(&loaded);
    assert_eq!(shown(&world, "prompt --format {profile}"), "<magenta>dev");
    let odd = world.run("export odd --shell bash");
    assert!(odd.code == 0 && !odd.stdout.contains("pink"), "{odd}");
    assert!(
        odd.stderr.contains("~/.aws/config:9, [profile odd]: `awsenv_color` is `pink`, not one of black"),
        "{odd}"
    );
}

#[test]
fn what_the_readme_shows_is_so() {
    let (_, section) = include_str!("../../README.md").split_once("\n## In your prompt\n").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let world = loaded(41 * 60);
    let (_, console) = section.split_once("```console\n").unwrap();
    let mut lines = console.lines();
    while let Some(command) = lines.next().and_then(|line| line.strip_prefix("$ awsenv ")) {
        assert_eq!(
            world.run(&format!("{command} --no-color")).stdout.trim_end(),
            lines.next().unwrap(),
            "{command}"
        );
    }
    let commands: Vec<_> =
        section.match_indices("awsenv prompt ").map(|(at, _)| &section[at + 7..]).collect();
    assert!(commands.len() > 8, "{commands:?}");
    for command in commands.iter().map(|rest| rest.split(['\'', ')', '"', '`', '\n']).next().unwrap()) {
        let plain = command.split("--format").next().unwrap();
        assert!(world.run(plain).stdout.contains("dev"), "{command}");
    }
}

#[test]
#[cfg(unix)]
fn no_file_is_opened_and_no_socket() {
    if !has("strace") {
        return;
    }
    let world = loaded(600);
    world.write("home/.aws/config", "[profile dev\n");
    world.write("home/.config/awsenv/config.ini", "nonsense\n");
    let log = world.path("strace");
    for line in ["prompt", "prompt --for zsh --format {profile}"] {
        let mut strace = world.command_of(Path::new("strace"));
        strace.args(["-f", "-e", "trace=%file,%network,clone,clone3,fork,vfork", "-o"]).arg(&log);
        let output = world.finish(line, strace.arg(env!("CARGO_BIN_EXE_awsenv")).args(line.split(' ')));
        assert_eq!((output.code, output.stderr.as_str()), (0, ""), "{output}");
        assert!(output.stdout.contains("dev"), "{output}");
        let calls = std::fs::read_to_string(&log).unwrap();
        // what the system opens to start any program; an empty path is a file that is open
        let systems =
            ["/etc/", "/lib", "/usr/", "/proc/self/", "/sys/", "/dev/null", env!("CARGO_BIN_EXE_awsenv")];
        let is_system = |call: &str| {
            let path = call.split('"').nth(1);
            path.is_some_and(|path| path.is_empty() || systems.iter().any(|start| path.starts_with(start)))
        };
        let own: Vec<_> = calls.lines().filter(|call| call.contains('(') && !is_system(call)).collect();
        assert!(own.is_empty(), "{line}: {own:?}");
    }
}

#[test]
#[cfg(unix)]
fn no_name_is_run_or_breaks_a_real_prompt() {
    let name = r#"it's $(touch P) `touch P` "q" \ % %n \w ! é"#;
    let world = loaded(3_600).env("AWSENV_PROFILE", name).env("TERM", "xterm").env("LC_ALL", "C.UTF-8");
    world.write("dir/x", "");
    for (shell, args, script) in [
        (
            "bash",
            &["--norc", "-c"][..],
            r#"PS1='$(awsenv prompt --for bash --format {profile})'; printf '%s' "${PS1@P}""#,
        ),
        (
            "zsh",
            &["-f", "-c"],
            "setopt prompt_subst; PROMPT='$(awsenv prompt --for zsh --format {profile})'; print -rnP -- \"$PROMPT\"",
        ),
        (
            "fish",
            &["--no-config", "-c"],
            "function fish_prompt; awsenv prompt --format {profile}; end; printf %s (fish_prompt)",
        ),
    ] {
        if !has(shell) {
            continue;
        }
        let mut command = world.command_of(Path::new(shell));
        let output = world.finish(shell, command.args(args).arg(script).current_dir(world.path("dir")));
        let text = output.stdout.replace(['\u{1}', '\u{2}'], "");
        assert_eq!(text, format!("\x1b[36m{name}\x1b[39m"), "{shell}: {output}");
        assert!(!world.path("dir/P").exists(), "{shell}");
    }
}
