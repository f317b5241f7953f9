//! Older shells' ways, tried in the shells that are here, and what a user may do to a shell that has the hook.

use crate::crowd::signed_in;
use crate::hook::{end_while_it_waits, held_for, hook, key, load};
use crate::seat::Seat;
use crate::seat_shells::{Shell, at_once, in_shell};
use crate::world::World;

/// What is at hand is taken in at a prompt.
fn renews_at_a_prompt(shell: &Shell, at: &mut Seat, what: &str) {
    held_for(shell, at, -5, 120);
    at.types("");
    let due = at.env()["AWSENV_REFRESH_AT"].parse::<i64>().unwrap();
    let now = chrono::Utc::now().timestamp();
    assert!(due > now + 60, "{what}: {}\n{:?}\n{}", due - now, at.env(), at.screen());
}

/// What ends while the shell waits is renewed before the command.
fn renews_before_a_command(shell: &Shell, world: &World, at: &mut Seat, what: &str) {
    let old = key(at);
    end_while_it_waits(shell, world, at);
    assert_ne!(key(at), old, "{what}\n{}", at.screen());
}

/// The hook, with a word of its script replaced.
fn hook_with(old: &str, new: &str) -> String {
    let awk = "BEGIN {old = ENVIRON[\"OLD\"]; new = ENVIRON[\"NEW\"]} {while (i = index($0, old)) {\
               $0 = substr($0, 1, i - 1) new substr($0, i + length(old))} print}";
    format!("eval \"$(awsenv init bash | OLD='{old}' NEW='{new}' awk '{awk}')\"\n")
}

#[test]
fn a_prompt_command_that_is_one_text() {
    in_shell("bash", |shell| {
        for mine in [
            "",
            "PROMPT_COMMAND='mine=$mine$?'",
            "PROMPT_COMMAND='mine=$mine$?;'",
            "PROMPT_COMMAND='mine=$mine$? # so'",
        ] {
            let world = signed_in();
            let mut at = shell.start(&world, &format!("{mine}\n{}", hook_with(">= 501", ">= 9999")));
            load(&mut at);
            assert_eq!(at.types("declare -p PROMPT_COMMAND | grep -c '^declare -a'"), "0");
            for status in [42, 0, 1] {
                at.types(&format!("mine=; sh -c 'exit {status}'"));
                assert_eq!(at.status(), status, "{mine}");
            }
            if !mine.is_empty() {
                at.types("mine=; sh -c 'exit 42'");
                assert_eq!(at.types("echo $mine"), "42");
            }
            renews_at_a_prompt(shell, &mut at, mine);
            renews_before_a_command(shell, &world, &mut at, mine);
            at.types("set -e");
            assert_eq!(at.types("! true"), "");
            assert_eq!(at.types("echo alive"), "alive");
        }
    });
}

#[test]
fn clocks_of_older_bash() {
    let none = "\\builtin printf -v __awsenv_now";
    in_shell("bash", |shell| {
        let kinds = [
            ("printf", format!("unset EPOCHSECONDS\n{}", hook(shell)), "true"),
            ("SECONDS", format!("unset EPOCHSECONDS\n{}", hook_with(none, "false")), "true"),
            ("SECONDS set", format!("unset EPOCHSECONDS\n{}", hook_with(none, "false")), "SECONDS=0"),
            ("SECONDS set ahead", format!("unset EPOCHSECONDS\n{}", hook_with(none, "false")), "SECONDS=99"),
            ("SECONDS unset", format!("unset EPOCHSECONDS\n{}", hook_with(none, "false")), "unset SECONDS"),
            ("no PS0", hook_with("-ge 44", "-gt 999"), "true"),
            ("EPOCHSECONDS unset later", hook(shell), "unset EPOCHSECONDS"),
        ];
        at_once(&kinds, |(what, rc, later)| {
            let world = signed_in();
            let mut at = shell.start(&world, rc);
            load(&mut at);
            at.types(later);
            assert_eq!(at.types("echo one; echo two | cat"), "one\ntwo", "{what}");
            renews_at_a_prompt(shell, &mut at, what);
            renews_before_a_command(shell, &world, &mut at, what);
            at.types("sh -c 'exit 42'");
            assert_eq!(at.status(), 42, "{what}");
        });
    });
}

#[test]
fn zsh_without_the_module_of_the_clock() {
    in_shell("zsh", |shell| {
        let world = signed_in();
        let rc = format!("mine=($module_path) module_path=(/nowhere)\n{}module_path=($mine)\n", hook(shell));
        let mut at = shell.start(&world, &rc);
        load(&mut at);
        assert_eq!(at.types("echo ${EPOCHSECONDS-none}"), "none");
        renews_at_a_prompt(shell, &mut at, "no zsh/datetime");
        renews_before_a_command(shell, &world, &mut at, "no zsh/datetime");
    });
}

#[test]
fn options_of_zsh() {
    let sets = [
        "setopt nounset err_exit rc_quotes no_clobber null_glob",
        "setopt ksh_arrays sh_word_split ksh_glob posix_builtins posix_identifiers",
        "setopt no_glob glob_subst csh_junkie_quotes no_bang_hist warn_create_global extended_glob",
        "setopt err_return nounset no_multios sh_nullcmd ksh_typeset c_bases octal_zeroes",
        "setopt warn_nested_var 2>/dev/null; setopt no_equals no_function_argzero glob_assign ignore_braces",
        "emulate ksh -o interactive_comments",
        "emulate sh",
    ];
    in_shell("zsh", |shell| {
        at_once(&sets, |set| {
            let world = signed_in();
            let mut at = shell.start(&world, &format!("{}{set}\n", hook(shell)));
            load(&mut at);
            renews_at_a_prompt(shell, &mut at, set);
            renews_before_a_command(shell, &world, &mut at, set);
            assert_eq!(at.types("'echo' alive"), "alive", "{set}");
            at.types("awsenv unset");
            assert_eq!(at.types("'echo' alive"), "alive", "{set}");
        });
    });
}

#[test]
fn options_of_bash() {
    let sets = [
        "set -o posix; shopt -s nocasematch failglob",
        "set -f; export PROMPT_COMMAND; IFS=awsenv_",
        "set -euo pipefail; shopt -s nullglob extglob",
        "set -euo pipefail -T; shopt -s inherit_errexit lastpipe",
    ];
    in_shell("bash", |shell| {
        at_once(&sets, |set| {
            let world = signed_in();
            let mut at = shell.start(&world, &format!("{}{set}\n", hook(shell)));
            load(&mut at);
            renews_at_a_prompt(shell, &mut at, set);
            renews_before_a_command(shell, &world, &mut at, set);
            assert_eq!(at.types("echo alive"), "alive", "{set}");
        });
    });
}

#[test]
fn what_a_user_does_later_is_no_harm() {
    in_shell("bash", |shell| {
        // the user's line, and whether prompts and commands still bring fresh credentials
        for (line, at_prompts, before_commands) in [
            ("PROMPT_COMMAND=", false, true),
            ("unset PROMPT_COMMAND", false, true),
            ("trap - DEBUG", true, false),
            ("PS0=", true, false),
            ("for i in {1..500}; do PROMPT_COMMAND+=(:); done", true, true),
            (
                "unset -f __awsenv_before_prompt __awsenv_before_command; trap - DEBUG; PROMPT_COMMAND=",
                false,
                false,
            ),
        ] {
            let world = signed_in();
            let mut at = shell.start(&world, &hook(shell));
            load(&mut at);
            assert_eq!(at.types(line), "", "{line}");
            assert_eq!(at.types("echo one; echo two"), "one\ntwo", "{line}");
            if at_prompts {
                renews_at_a_prompt(shell, &mut at, line);
            }
            if before_commands {
                renews_before_a_command(shell, &world, &mut at, line);
            }
            at.types("sh -c 'exit 42'");
            assert_eq!(at.status(), 42, "{line}");
        }
    });
}
