//! Nothing of the user's changes what the hook does, and the hook changes nothing of his.

use crate::crowd::signed_in;
use crate::hook::{held_for, hook, key, load, loaded};
use crate::seat_shells::{each_shell, in_shell};

#[test]
fn the_status_of_the_last_command_is_the_users() {
    each_shell(|shell| {
        let world = signed_in();
        let mut at = loaded(shell, &world);
        for status in [0, 1, 42, 130] {
            at.types(&format!("sh -c 'exit {status}'"));
            assert_eq!(at.status(), status);
            held_for(shell, &mut at, 3600, 3600);
        }
        at.types("false");
        at.types("");
        assert_eq!(at.status(), 1, "an empty line keeps it");
        at.types("false | true | sh -c 'exit 3'");
        let all = if shell.name == "bash" { "echo ${PIPESTATUS[*]}" } else { "echo $pipestatus" };
        assert_eq!(at.types(all), "1 0 3");
    });
}

#[test]
fn a_shell_that_ends_at_errors_survives() {
    for (name, options) in [
        ("bash", "set -eu; set -o pipefail"),
        ("zsh", "setopt err_return nounset pipefail"),
        ("zsh", "setopt err_exit nounset"),
    ] {
        in_shell(name, |shell| {
            let world = signed_in();
            let mut at = shell.start(&world, &format!("{}{options}\n", hook(shell)));
            at.types("true");
            load(&mut at);
            held_for(shell, &mut at, -5, 600);
            assert_eq!(at.types("echo alive"), "alive", "{options}");
            at.types("awsenv unset");
            assert_eq!(at.types("echo alive"), "alive", "{options}");
        });
    }
}

#[test]
fn aliases_and_options_have_no_effect() {
    let words = ["eval", "command", "builtin", "export", "local", "printf", "date", "trap", "return", "true"];
    let aliases: Vec<String> = words.iter().map(|word| format!("alias {word}='echo WRONG'")).collect();
    let global: Vec<String> = ["zsh", "login", "command", "prompt"]
        .iter()
        .map(|word| format!("alias -g {word}='| echo WRONG'"))
        .collect();
    for (name, rc) in [
        ("bash", aliases.join("\n")),
        ("bash", "IFS=:; LC_ALL=C; shopt -s extglob nullglob failglob".into()),
        ("bash", "IFS=0123456789_; set -o posix".into()),
        ("zsh", aliases.join("\n")),
        ("zsh", global.join("\n")),
        ("zsh", "IFS=:; setopt ksh_arrays sh_word_split no_multios glob_subst warn_create_global".into()),
        ("zsh", "setopt null_glob csh_junkie_quotes rc_quotes posix_builtins ksh_glob no_clobber".into()),
    ] {
        in_shell(name, |shell| {
            for text in [format!("{rc}\n{}", hook(shell)), format!("{}{rc}\n", hook(shell))] {
                // the hook's own line is the user's, and he would not write it with such an alias
                let text = text.replace("eval \"", "\\builtin eval \"");
                let world = signed_in();
                let mut at = shell.start(&world, &text);
                assert!(!at.screen().contains("WRONG"), "{text}\n{}", at.screen());
                at.types("'awsenv' 'login' dev");
                at.sees("dev: Admin in 123456789012");
                let old = key(&mut at);
                assert!(old.starts_with("ASIA"), "{text}: {}", at.screen());
                assert_eq!(at.types("'echo' x"), "x", "{text}");
                at.types("'awsenv' 'unset'");
                assert_eq!(key(&mut at), "", "{text}");
                assert!(!at.screen().contains("WRONG"), "{text}\n{}", at.screen());
            }
        });
    }
}

#[test]
fn a_renewal_is_quiet_whatever_separates_words() {
    for (name, rc) in
        [("bash", "IFS=0123456789_"), ("bash", "IFS=0123456789_; set -o posix"), ("zsh", "IFS=0123456789_")]
    {
        in_shell(name, |shell| {
            let world = signed_in();
            let mut at = shell.start(&world, &format!("{}{rc}\n", hook(shell)));
            load(&mut at);
            let fresh = at.env()["AWSENV_REFRESH_AT"].clone();
            held_for(shell, &mut at, -5, 600);
            assert_eq!((at.said().as_str(), at.types("true").as_str()), ("", ""), "{rc}");
            assert_eq!(at.env()["AWSENV_REFRESH_AT"], fresh, "{rc}: it took what is at hand");
        });
    }
}

#[test]
fn a_trace_shows_no_secret() {
    each_shell(|shell| {
        let options = if shell.is_fish() { &["set -g fish_trace 1"][..] } else { &["set -x", "set -v"] };
        for option in options {
            let world = signed_in();
            let mut at = shell.start(&world, &hook(shell));
            at.types(option);
            load(&mut at);
            held_for(shell, &mut at, -5, -5); // the prompt loads what is at hand
            at.types("true");
            at.types("awsenv unset");
            if !shell.is_fish() {
                let letter = &option["set -".len()..];
                assert!(
                    at.types("echo \"$-\"").lines().any(|line| line.contains(letter)),
                    "{option} is lost"
                );
            }
            let shown = at.all();
            for secret in world.sim.secrets() {
                assert!(!shown.contains(&secret), "{option}: {shown}");
            }
        }
    });
}

#[test]
fn an_rc_file_read_twice_hooks_once() {
    each_shell(|shell| {
        let world = signed_in();
        let mut at = shell.start(&world, &hook(shell).repeat(3));
        load(&mut at);
        let count = match shell.name {
            "bash" => "printf '%s\\n' \"${PROMPT_COMMAND[@]}\" | grep -c __awsenv_hook",
            "zsh" => "print -l $precmd_functions $preexec_functions | grep -c __awsenv_before",
            _ => "functions --handlers | grep -c '__awsenv_before'",
        };
        assert_eq!(at.types(count), if shell.name == "bash" { "1" } else { "2" });
    });
}

#[test]
fn a_prompt_command_of_any_kind_stays() {
    let kinds = [
        "",
        "PROMPT_COMMAND='echo mine'",
        "PROMPT_COMMAND='echo mine;'",
        "PROMPT_COMMAND='echo mine &'",
        "PROMPT_COMMAND='echo mine # so'",
        "PROMPT_COMMAND=('echo mine' 'true')",
        "export PROMPT_COMMAND='echo mine'",
        "PROMPT_COMMAND='echo mine'; readonly PROMPT_COMMAND",
    ];
    in_shell("bash", |shell| {
        for kind in kinds {
            let world = signed_in();
            let mut at = shell.start(&world, &format!("{kind}\n{}", hook(shell)));
            load(&mut at);
            if !kind.is_empty() {
                at.types("true");
                at.shows("mine\n$");
            }
            let child = at.types("bash --norc --noprofile -ic 'echo child; exit' 2>&1; bash -c 'echo other'");
            assert!(!child.contains("awsenv"), "{kind}: {child}");
        }
    });
}

#[test]
fn a_status_in_an_old_bash_is_no_error_of_the_prompts() {
    in_shell("bash", |shell| {
        for (options, command, errors) in [("set -E", "false", 1), ("set -eE", "! true", 0)] {
            let world = signed_in();
            // before 5.1, PROMPT_COMMAND is one text
            let hook = "eval \"$(awsenv init bash | sed 's/>= 501/>= 999/')\"\n";
            let more = "PROMPT_COMMAND+=$'\\nseat_status=$?'\ntrap 'echo an error' ERR\n";
            let mut at = shell.start(&world, &format!("{hook}{more}{options}\n"));
            load(&mut at);
            assert_eq!(at.types(command).matches("an error").count(), errors, "{options}");
            assert_eq!(at.types("echo $seat_status $?"), "1 1", "{options}");
        }
    });
}
