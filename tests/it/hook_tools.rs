//! The hook beside other tools that hook into a shell, loaded before them and after them: both work.

use crate::crowd::signed_in;
use crate::hook::{end_while_it_waits, held_for, hook, key, load};
use crate::hook_refresh::renewals;
use crate::seat::Seat;
use crate::seat_shells::{Shell, at_once, in_shell, shells};
use crate::world::{World, has};
use std::path::Path;

/// Such a tool.
struct Tool {
    /// What it needs in its world.
    prepare: fn(&World),
    /// Its lines of the rc file.
    rc: fn(&Shell) -> String,
    /// Whether it works.
    works: fn(&mut Seat),
}

/// Runs a program of the world in one of its folders.
fn run(world: &World, dir: &str, program: &str, args: &[&str]) {
    let mut command = world.command_of(Path::new(program));
    let done = world.finish(program, command.current_dir(world.path(dir)).args(args));
    assert_eq!(done.code, 0, "{done}");
}

/// A tool that writes the prompt anew each time still leaves the mark in it.
fn marked(shell: &Shell, rc: &str) -> String {
    match shell.name {
        "bash" => format!(
            "{rc}\nseat_mark() {{ [[ $PS1 == *7777* ]] || PS1='\\[\\e]7777;$$;$((seat_n+=1))\\a\\]'$PS1; }}\n\
             PROMPT_COMMAND+=(seat_mark)\n"
        ),
        "zsh" => format!(
            "{rc}\nseat_mark() {{ [[ $PROMPT == *7777* ]] || PROMPT=$'%{{\\e]7777;0;0\\a%}}'$PROMPT }}\n\
             precmd_functions+=(seat_mark)\n"
        ),
        _ => format!(
            "functions -c fish_mode_prompt seat_mark\n{rc}\nfunctions -e fish_mode_prompt\n\
             functions -c seat_mark fish_mode_prompt\n"
        ),
    }
}

/// Every shell, both orders.
fn everywhere(tool: &Tool) {
    at_once(&shells().collect::<Vec<_>>(), |shell| beside(shell, tool));
}

/// One shell, one tool, both orders.
fn beside(shell: &Shell, tool: &Tool) {
    for hook_first in [true, false] {
        let world = signed_in();
        (tool.prepare)(&world);
        let (ours, theirs) = (hook(shell), (tool.rc)(shell));
        let rc = if hook_first { format!("{ours}{theirs}\n") } else { format!("{theirs}\n{ours}") };
        let mut at = shell.start(&world, &marked(shell, &rc));
        load(&mut at);
        for status in [42, 0] {
            at.types(&format!("sh -c 'exit {status}'"));
            assert_eq!(at.status(), status, "hook first: {hook_first}");
        }
        (tool.works)(&mut at);
        // before a prompt: what is at hand, which is fresh
        held_for(shell, &mut at, -5, 120);
        let due = at.env()["AWSENV_REFRESH_AT"].parse::<i64>().unwrap();
        assert!(due > chrono::Utc::now().timestamp() + 60, "hook first: {hook_first}\n{}", at.screen());
        // before a command
        let old = key(&mut at);
        end_while_it_waits(shell, &world, &mut at);
        assert_ne!(key(&mut at), old, "hook first: {hook_first}\n{}", at.screen());
        assert_eq!(renewals(&world), 1, "hook first: {hook_first}");
        (tool.works)(&mut at);
        at.types("sh -c 'exit 3'");
        assert_eq!(at.status(), 3, "hook first: {hook_first}");
    }
}

#[test]
fn direnv() {
    let tool = Tool {
        prepare: |world| {
            world.write("home/project/.envrc", "export FROM_DIRENV=yes\n");
            run(world, "home/project", "direnv", &["allow"]);
        },
        rc: |shell| shell.takes(&format!("direnv hook {}", shell.name)),
        works: |at| {
            at.types("cd ~/project");
            assert_eq!(at.env().get("FROM_DIRENV").map(String::as_str), Some("yes"), "{}", at.screen());
            at.types("cd ~");
            assert!(!at.env().contains_key("FROM_DIRENV"));
        },
    };
    if has("direnv") {
        everywhere(&tool);
    }
}

#[test]
fn mise() {
    let tool = Tool {
        prepare: |world| {
            world.write("home/project/mise.toml", "[env]\nFROM_MISE = 'yes'\n");
            run(world, "home/project", "mise", &["trust", "--quiet"]);
        },
        rc: |shell| shell.takes(&format!("mise activate {}", shell.name)),
        works: |at| {
            at.types("cd ~/project");
            assert_eq!(at.env().get("FROM_MISE").map(String::as_str), Some("yes"), "{}", at.screen());
            at.types("cd ~");
            assert!(!at.env().contains_key("FROM_MISE"));
        },
    };
    if has("mise") {
        everywhere(&tool);
    }
}

/// In bash it brings bash-preexec along.
#[test]
fn atuin() {
    let tool = Tool {
        prepare: |world| {
            world.write("home/.config/atuin/config.toml", "auto_sync = false\nupdate_check = false\n");
        },
        rc: |shell| shell.takes(&format!("atuin init {}", shell.name)),
        works: |at| {
            at.types("echo remembered");
            let said = at.types("atuin history list --cmd-only --session");
            assert!(said.contains("echo remembered"), "{said}");
        },
    };
    if has("atuin") {
        everywhere(&tool);
    }
}

#[test]
fn bash_preexec() {
    let tool = Tool {
        prepare: |_| (),
        // the one that atuin has in it
        rc: |_| {
            "eval \"$(atuin init bash | sed -n '/^__atuin_load_builtin_preexec() {/,/^}/p')\"\n\
             __atuin_load_builtin_preexec\nmine_before() { echo \"before $1\" >>~/told; }\n\
             mine_after() { echo \"after $?\" >>~/told; }\n\
             preexec_functions+=(mine_before)\nprecmd_functions+=(mine_after)"
                .into()
        },
        works: |at| {
            at.types(": >~/told");
            at.types("sh -c 'exit 7'");
            let said = at.types("cat ~/told");
            assert_eq!(said, "after 0\nbefore sh -c 'exit 7'\nafter 7\nbefore cat ~/told");
        },
    };
    if has("atuin") {
        in_shell("bash", |shell| beside(shell, &tool));
    }
}

/// No registry has a build of its makers: looked for, and no failure if it is not there.
#[test]
fn starship() {
    let tool = Tool {
        prepare: |world| world.write("home/.config/starship.toml", "format = 'STAR > '\n"),
        rc: |shell| shell.takes(&format!("starship init {}", shell.name)),
        works: |at| at.shows("STAR >"),
    };
    if std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|dir| dir.join("starship").is_file()))
    {
        everywhere(&tool);
    } else {
        println!("not run here: starship");
    }
}

#[test]
fn powerlevel9k() {
    let theme = "/usr/share/powerlevel9k/powerlevel9k.zsh-theme";
    let tool = Tool {
        prepare: |_| (),
        rc: |_| {
            "POWERLEVEL9K_LEFT_PROMPT_ELEMENTS=(custom_mine aws status)\nPOWERLEVEL9K_CUSTOM_MINE='echo THEME'\n\
             POWERLEVEL9K_RIGHT_PROMPT_ELEMENTS=()\n. /usr/share/powerlevel9k/powerlevel9k.zsh-theme"
                .into()
        },
        works: |at| at.shows("THEME"),
    };
    if Path::new(theme).exists() {
        in_shell("zsh", |shell| beside(shell, &tool));
    } else {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "zsh-theme-powerlevel9k is needed in CI");
        println!("not run here: powerlevel9k");
    }
}
