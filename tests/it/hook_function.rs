//! What the function `awsenv` of the hook changes, and where it cannot.

use crate::crowd::{DEV, signed_in};
use crate::hook::{hook, key, load, loaded};
use crate::seat_shells::{each_shell, in_shell};
use crate::world::World;

#[test]
fn a_login_changes_the_shell_and_unset_takes_it_back() {
    each_shell(|shell| {
        let prod = DEV.replace("dev", "prod").replace("eu-west-1", "us-east-1");
        let world = signed_in().config(&format!("{DEV}{prod}"));
        let rc = [("AWS_PROFILE", "mine"), ("AWS_SESSION_TOKEN", ""), ("AWS_REGION", "sa-east-1")];
        let rc: String = rc.iter().map(|(name, value)| shell.export(name, value) + "\n").collect();
        let mut at = shell.start(&world, &(rc + &hook(shell)));
        load(&mut at);
        assert_eq!(at.env()["AWS_REGION"], "eu-west-1");
        at.types("awsenv login prod");
        assert_eq!((at.status(), &*at.env()["AWS_REGION"]), (0, "us-east-1"));
        assert!(!at.env().contains_key("AWS_PROFILE"));
        at.types("awsenv unset");
        let env = at.env();
        assert_eq!(
            (&*env["AWS_PROFILE"], &*env["AWS_SESSION_TOKEN"], &*env["AWS_REGION"]),
            ("mine", "", "sa-east-1")
        );
        let ours: Vec<_> = env.keys().filter(|name| name.starts_with("AWSENV_")).collect();
        assert!(ours.is_empty() && !env.contains_key("AWS_ACCESS_KEY_ID"), "{env:?}");
    });
}

#[test]
fn a_login_that_fails_changes_nothing_and_stops_what_follows() {
    each_shell(|shell| {
        let world = signed_in();
        let mut at = loaded(shell, &world);
        let before = at.env();
        let and = if shell.is_fish() { "; and " } else { " && " };
        let failing = [
            "awsenv login dev --bogus".to_owned(),
            shell.takes("awsenv login dev --bogus"),
            shell.takes("command awsenv login dev --bogus"),
        ];
        for line in failing {
            let said = at.types(&format!("{line}{and}echo WRONG"));
            assert!(
                !said.contains("WRONG") && said.contains("unexpected argument '--bogus'"),
                "{line}: {said}"
            );
            at.types(&line);
            assert_ne!(at.status(), 0, "{line}");
        }
        let after = at.env();
        for name in ["AWS_ACCESS_KEY_ID", "AWSENV_PROFILE", "AWS_REGION"] {
            assert_eq!(before.get(name), after.get(name), "{name}");
        }
    });
}

#[test]
fn the_line_of_the_readme_works_with_the_hook_too() {
    each_shell(|shell| {
        for line in ["awsenv login dev", "command awsenv login dev"] {
            let world = signed_in();
            let mut at = shell.start(&world, &hook(shell));
            at.types(&shell.takes(line));
            assert_eq!(at.status(), 0, "{line}");
            assert!(key(&mut at).starts_with("ASIA"), "{line}: {}", at.screen());
        }
    });
}

#[test]
fn where_it_cannot_change_the_shell_it_changes_nothing() {
    each_shell(|shell| {
        let world = signed_in();
        let mut at = shell.start(&world, &hook(shell));
        let captured =
            if shell.is_fish() { "set text (awsenv login dev)" } else { "text=$(awsenv login dev)" };
        at.types(captured);
        assert_eq!((at.status(), key(&mut at)), (0, String::new()));
        at.types("awsenv login dev --format json >'out' 2>&1");
        assert!(world.read("home/out").contains("ASIA"), "{}", at.screen());
        assert_eq!(key(&mut at), "");
        if !shell.is_fish() {
            at.types("awsenv login dev | cat >piped");
            assert!(world.read("home/piped").contains("AWS_ACCESS_KEY_ID="), "{}", at.screen());
            assert_eq!(key(&mut at), "");
            let said = at.types("(awsenv login dev)");
            assert!(said.contains("only this subshell was changed"), "{said}");
            assert_eq!(key(&mut at), "");
        }
    });
}

#[test]
fn in_a_function_it_changes_the_shell() {
    each_shell(|shell| {
        let world = signed_in();
        let mut at = shell.start(&world, &hook(shell));
        at.types(if shell.is_fish() {
            "function f; awsenv login dev; end"
        } else {
            "f() { awsenv login dev; }"
        });
        at.types("f");
        assert!(key(&mut at).starts_with("ASIA"), "{}", at.screen());
    });
}

#[test]
fn what_is_no_change_is_the_binarys() {
    each_shell(|shell| {
        let world = signed_in();
        let mut at = shell.start(&world, &hook(shell));
        for args in ["--version", "--help", "login --help", "bogus", "list", "status", "export nope"] {
            let function = (at.types(&format!("awsenv {args}")), {
                at.types(&format!("awsenv {args}"));
                at.status()
            });
            let binary = (at.types(&format!("command awsenv {args}")), {
                at.types(&format!("command awsenv {args}"));
                at.status()
            });
            assert_eq!(function, binary, "{args}");
        }
    });
}

#[test]
fn a_shell_without_a_person_has_no_hook() {
    in_shell("bash", |shell| {
        let world = signed_in().env("BASH_ENV", "/dev/null");
        let mut at = shell
            .at(&world)
            .rc(&hook(shell))
            .args(&["-c", ". ~/.bashrc; echo said; trap -p; echo ${PROMPT_COMMAND-none}"])
            .start_without_prompt();
        at.shows("said\nnone");
        assert_eq!(at.ends(), 0);
    });
    each_shell(|shell| {
        let world = World::new().config(DEV);
        let mut at =
            shell.at(&world).rc(&hook(shell)).args(&["-c", "echo said; exit 4"]).start_without_prompt();
        at.shows("said");
        assert_eq!((at.ends(), at.screen().as_str()), (4, "said"));
    });
}
