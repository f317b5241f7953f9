//! The segment of the prompt, as a person sees it.

use crate::crowd::{DEV, signed_in};
use crate::hook::{held_for, load};
use crate::seat_shells::{Shell, each_shell, in_shell};
use crate::world::World;

/// The line of the rc file, with a segment.
pub(crate) fn with_segment(shell: &Shell) -> String {
    shell.takes(&format!("awsenv init {} --prompt", shell.name)) + "\n"
}

/// How the prompt looks with this segment, on a terminal of 60 columns.
fn prompt(shell: &Shell, segment: &str) -> String {
    match shell.name {
        "bash" => format!("{segment} $"),
        "zsh" => format!("% {}{segment}", " ".repeat(57 - segment.chars().count())),
        _ => format!("> {}{segment}", " ".repeat(58 - segment.chars().count())),
    }
}

#[test]
fn it_says_what_is_loaded_and_for_how_long() {
    each_shell(|shell| {
        for (name, value) in [("TERM", "xterm-256color"), ("NO_COLOR", "1"), ("TERM", "dumb")] {
            let world = signed_in();
            let mut at = shell.at(&world).rc(&with_segment(shell)).size(24, 60).env(name, value).start();
            load(&mut at);
            let plain = at.env()["AWSENV_PROMPT"].clone();
            assert!(plain.starts_with("dev 123456789012/Admin eu-west-1 1"), "{plain}");
            let colours = at.all().matches("\x1b[36m").count();
            if value != "dumb" || shell.name == "bash" {
                at.shows(&prompt(shell, &plain));
            }
            if shell.name == "bash" {
                assert_eq!(colours > 0, value == "xterm-256color", "{name}={value}");
            }
            held_for(shell, &mut at, 7000, 7230);
            assert!(at.env()["AWSENV_PROMPT"].contains("2h00m"), "{}", at.screen());
            at.types("awsenv unset");
            assert!(!at.env().contains_key("AWSENV_PROMPT"));
        }
    });
}

#[test]
fn a_name_is_shown_and_never_run() {
    each_shell(|shell| {
        let name = "it's $(touch \"$HOME/pwned\") \"q\" \\ %n `id` é";
        let world = World::new();
        let mut at = shell.at(&world).rc(&with_segment(shell)).size(24, 200).start();
        let quoted = if shell.is_fish() {
            name.replace('\\', "\\\\").replace('\'', "\\'")
        } else {
            name.replace('\'', "'\\''")
        };
        at.types(&format!("awsenv login '{quoted}' --region us-east-1"));
        assert_eq!(at.env().get("AWSENV_PROFILE").map(String::as_str), Some(name), "{}", at.screen());
        at.types("");
        at.types("clear");
        at.shows(name);
        assert!(!world.path("home/pwned").exists());
    });
}

#[test]
fn it_says_when_a_person_is_needed() {
    each_shell(|shell| {
        let world = signed_in();
        let mut at = shell.start(&world, &with_segment(shell));
        load(&mut at);
        at.types(&shell.export("AWSENV_RENEWAL", "sign-in"));
        assert!(at.env()["AWSENV_PROMPT"].contains("sign in"), "{}", at.screen());
        at.types(&shell.export("AWSENV_RENEWAL", ""));
        at.types(&shell.export("AWSENV_REFRESH_AT", ""));
        at.types(&shell.export("AWSENV_EXPIRES_AT", "1700000000"));
        assert!(at.env()["AWSENV_PROMPT"].contains("ended"), "{}", at.screen());
    });
}

#[test]
fn a_theme_of_zsh_keeps_its_right_prompt() {
    in_shell("zsh", |shell| {
        for option in ["setopt promptsubst", "unsetopt promptsubst"] {
            let world = signed_in();
            let rc = format!("{option}\nRPROMPT='theme'\n{}", with_segment(shell));
            let mut at = shell.at(&world).rc(&rc).size(24, 60).start();
            load(&mut at);
            let plain = at.env()["AWSENV_PROMPT"].clone();
            at.shows(&format!("{plain} theme"));
        }
    });
}

#[test]
fn on_a_narrow_terminal_the_line_can_be_typed() {
    each_shell(|shell| {
        let world = signed_in().config(DEV);
        let mut at = shell.at(&world).rc(&with_segment(shell)).size(24, 20).start();
        at.types("awsenv login dev");
        assert_eq!(at.types("echo one two three four five six"), "one two three four five six");
    });
}

#[test]
fn an_rc_file_that_asks_for_it_no_more_takes_it_away() {
    each_shell(|shell| {
        let world = signed_in();
        let mut at = shell.at(&world).rc(&with_segment(shell)).size(24, 60).start();
        load(&mut at);
        assert!(at.env().contains_key("AWSENV_PROMPT"));
        at.types(&shell.takes(&format!("command awsenv init {}", shell.name)));
        at.types("clear");
        at.types("");
        assert!(!at.screen().contains("dev 123456789012"), "{}", at.screen());
        assert!(!at.env().contains_key("AWSENV_PROMPT"));
        at.types(with_segment(shell).trim_end());
        let plain = at.env()["AWSENV_PROMPT"].clone();
        at.shows(&prompt(shell, &plain));
    });
}
