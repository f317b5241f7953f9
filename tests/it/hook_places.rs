//! Shells in other places: below others, in panes, in pipes and jobs, for other users, without a state directory.

use crate::crowd::{AWSENV, signed_in};
use crate::hook::{at_hand_for, end_while_it_waits, held_for, hook, key, load, loaded};
use crate::hook_refresh::{renewals, until_renewed};
use crate::seat_shells::{Shell, each_shell, in_shell};
use crate::sim::{Fault, Op};
use crate::someone::{Someone, root};
use crate::world::has;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

/// The rc line with a copy of the program that is the world's own.
fn hook_of(shell: &Shell, program: &Path) -> String {
    shell.takes(&format!("'{}' 'init' '{}'", program.display(), shell.name)) + "\n"
}

#[test]
fn a_program_that_moved_is_found_on_the_path() {
    each_shell(|shell| {
        let world = signed_in();
        let copy = world.path("bin/awsenv");
        world.write("bin/awsenv", "");
        std::fs::copy(AWSENV, &copy).unwrap();
        let mut at = shell.start(&world, &hook_of(shell, &copy));
        load(&mut at);
        std::fs::remove_file(&copy).unwrap();
        held_for(shell, &mut at, -5, 120);
        assert_eq!(at.types("true"), "");
        let due = at.env()["AWSENV_REFRESH_AT"].parse::<i64>().unwrap();
        assert!(due > chrono::Utc::now().timestamp() + 310, "{}", at.screen());
        assert!(at.types("awsenv --version").starts_with("awsenv "));
    });
}

#[test]
fn in_pipes_and_jobs_it_changes_nothing_else() {
    each_shell(|shell| {
        let world = signed_in();
        let mut at = shell.start(&world, &hook(shell));
        if shell.is_fish() {
            // a function runs in the shell itself, whatever follows
            at.types("awsenv login dev | cat");
            assert_eq!(at.status(), 0);
            return;
        }
        at.types("awsenv login dev | cat >piped; awsenv login dev >filed 2>&1 | cat");
        assert!(world.read("home/piped").contains("AWS_ACCESS_KEY_ID="), "{}", at.screen());
        at.types("awsenv login dev >logged 2>&1 &");
        at.types("wait");
        assert!(world.read("home/logged").contains("AWS_ACCESS_KEY_ID="), "{}", at.screen());
        assert_eq!(key(&mut at), "");
        at.types("awsenv login dev &");
        at.types("wait");
        at.shows("only this subshell was changed");
        assert_eq!(key(&mut at), "");
        // a job's own renewals are none of the hook's
        load(&mut at);
        at.types("(sleep 0.1; true) & (true | cat)");
        assert!(at.types("wait; echo $?").ends_with('0'));
    });
}

#[test]
fn a_pane_with_an_old_environment_takes_what_is_at_hand() {
    each_shell(|shell| {
        let world = signed_in();
        let mut at = loaded(shell, &world);
        let stale = at.env();
        let old = key(&mut at);
        end_while_it_waits(shell, &world, &mut at);
        let new = key(&mut at);
        assert_ne!(new, old);
        // what a multiplexer's server kept since it was started
        let mut pane = shell.at(&world).rc(&hook(shell));
        for (name, value) in stale.iter().filter(|(name, _)| name.starts_with("AWS")) {
            let past = ["AWSENV_REFRESH_AT", "AWSENV_EXPIRES_AT"].contains(&name.as_str());
            pane = pane.env(name, if past { "1700000000" } else { value });
        }
        let mut pane = pane.start();
        assert_eq!((key(&mut pane), renewals(&world)), (new, 1), "{}", pane.screen());
        assert!(!pane.screen().contains("awsenv:"), "{}", pane.screen());
    });
}

#[test]
fn panes_of_tmux() {
    if !has("tmux") {
        return;
    }
    each_shell(|shell| {
        let world = signed_in();
        let mut at = loaded(shell, &world);
        let server = world.path("tmux").to_string_lossy().into_owned();
        let tmux = format!("tmux -S {server} -f /dev/null");
        at.types(&format!("{tmux} new-session -d -x 80 -y 24 'sleep 600'"));
        let old = key(&mut at);
        end_while_it_waits(shell, &world, &mut at);
        let new = key(&mut at);
        let starts = if shell.name == "bash" { "bash --noprofile -i" } else { shell.name };
        at.types(&format!("{tmux} new-window '{starts}'"));
        at.types(&format!("{tmux} send-keys ' printenv AWS_ACCESS_KEY_ID >~/pane' Enter"));
        at.until("a pane's key", |_| world.read("home/pane").ends_with('\n').then_some(()));
        let got = world.read("home/pane");
        at.types(&format!("{tmux} kill-server"));
        // fresh by the server's moments: only the older ones are taken for due
        assert!([&old, &new].iter().any(|key| got.trim() == **key), "{got}");
    });
}

#[test]
fn a_shell_of_another_user_says_nothing_of_it() {
    in_shell("bash", |shell| {
        if !root() {
            return;
        }
        let world = signed_in();
        let mut at = loaded(shell, &world);
        at.types("export PROMPT_COMMAND PS0");
        for line in [
            "su -s /bin/bash nobody",
            "sudo -u nobody /bin/bash --norc",
            "env -i TERM=xterm bash --norc --noprofile",
            "env -i TERM=$TERM sh",
            "bash --norc",
        ] {
            held_for(shell, &mut at, -5, 120);
            at.starts(line);
            at.answers("echo 'in it:' $(( 20 + 3 ))");
            at.shows("in it: 23");
            at.answers("exit");
            at.prompt();
            let shown = at.raw();
            assert!(
                !shown.contains("awsenv:") && !shown.contains("__awsenv") && !shown.contains("not found"),
                "{line}: {shown}"
            );
            at.types("clear");
        }
        let said =
            at.types("env -i HOME=$HOME PATH=/usr/bin:/bin bash -c '. ~/.bashrc 2>/dev/null; echo alive'");
        assert_eq!(said, "alive");
    });
}

#[test]
fn where_nothing_can_be_kept_the_shell_is_served_too() {
    each_shell(|shell| {
        let world = signed_in().env("AWSENV_STATE_HOME", "/dev/null/none");
        let mut at = loaded(shell, &world);
        let old = key(&mut at);
        end_while_it_waits(shell, &world, &mut at);
        assert_ne!(key(&mut at), old, "{}", at.screen());
        assert_eq!((at.types("true"), renewals(&world)), (String::new(), 1));
    });
}

#[test]
fn a_home_that_is_read_only_is_no_harm() {
    each_shell(|shell| {
        if !root() || !has("setpriv") {
            return;
        }
        let someone = Someone::signed_in();
        let world = &someone.world;
        let everybody = |path: &Path, mode| {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
        };
        everybody(&world.path("."), 0o777);
        let program = world.path("awsenv");
        let mut at = shell
            .at(world)
            .rc(&hook_of(shell, &program))
            .through(&["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--"])
            .start();
        load(&mut at);
        let old = key(&mut at);
        at_hand_for(world, 1);
        let home = world.path("home");
        let chmod = |how: &str| {
            let done = std::process::Command::new("chmod").args(["-R", how]).arg(&home).status();
            assert!(done.unwrap().success());
        };
        chmod("a-w");
        held_for(shell, &mut at, 1, 1);
        std::thread::sleep(Duration::from_millis(1100));
        // fish itself has something to say of such a home
        let own = |said: String| {
            said.lines().filter(|line| !line.contains("universal variable")).collect::<Vec<_>>().join("\n")
        };
        assert_eq!(own(at.types("echo ran")), "ran");
        assert_ne!(key(&mut at), old);
        assert_eq!(own(at.types("true")), "");
        // its refresh token was spent on that
        held_for(shell, &mut at, -5, -5);
        let mut said = own(at.types("echo ran"));
        said += &own(at.types("true"));
        assert_eq!(said.matches("needs a sign-in").count(), 1, "{said}");
        chmod("u+w");
    });
}

#[test]
fn a_renewal_in_the_background_holds_no_descriptor_of_the_terminal() {
    each_shell(|shell| {
        for end in ["exit", "logout", "closed"] {
            if end == "logout" && shell.name != "bash" {
                continue;
            }
            let world = signed_in();
            world.write("home/.bash_profile", ". ~/.bashrc\n");
            let mut setting = shell.at(&world).rc(&hook_of(shell, Path::new(AWSENV)));
            if end == "logout" {
                setting = setting.args(&["--login", "-i"]);
            }
            let mut at = setting.start();
            load(&mut at);
            world.sim.fault_always(Op::Refresh, Fault::Silent);
            at_hand_for(&world, 120);
            held_for(shell, &mut at, -5, 120);
            let pid = at.until("a renewal in the background", |at| {
                at.left().iter().find(|(_, line)| line.contains("refresh --background")).map(|(pid, _)| *pid)
            });
            // its descriptors: nothing of the terminal, and no terminal of its own
            let open = at.until("a renewal that is on its way", |_| {
                let open: Vec<String> = std::fs::read_dir(format!("/proc/{pid}/fd"))
                    .ok()?
                    .flatten()
                    .filter_map(|fd| Some(std::fs::read_link(fd.path()).ok()?.to_string_lossy().into_owned()))
                    .collect();
                open.iter().any(|name| name.starts_with("socket:")).then_some(open)
            });
            assert!(!open.iter().any(|name| name.contains("/pts/") || name.contains("tty")), "{open:?}");
            let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
            let terminal = stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().nth(4)).unwrap();
            assert_eq!(terminal, "0", "{stat}");
            let start = std::time::Instant::now();
            if end == "closed" {
                at.hangs_up();
            } else {
                at.starts(end);
                at.ends();
                // who waits for the terminal's last descriptor, as sshd does, waits no longer
                assert!(at.is_left(), "{:?}", at.left());
            }
            assert!(start.elapsed() < Duration::from_secs(4), "{end}: {:?}", start.elapsed());
        }
    });
}

#[test]
fn nothing_is_printed_at_the_start() {
    each_shell(|shell| {
        for prompt in ["", " '--prompt'"] {
            for due in ["1700000000", "9999999999"] {
                let world = signed_in();
                let load = shell.takes(&format!("'awsenv' 'init' '{}'{prompt}", shell.name));
                let at = shell
                    .at(&world)
                    .rc(&format!("echo begins >&2\n{load}\necho ends >&2\n"))
                    .env("AWSENV_PROFILE", "dev")
                    .env("AWSENV_KEY_ID", "ASIAOLD0000000000001")
                    .env("AWS_ACCESS_KEY_ID", "ASIAOLD0000000000001")
                    .env("AWSENV_REFRESH_AT", due)
                    .env("AWSENV_EXPIRES_AT", due)
                    .start();
                let shown = at.all();
                let between = shown.split("begins").nth(1).unwrap().split("ends").next().unwrap();
                assert_eq!(between, "\r\n", "{prompt} {due}");
                assert!(!shown.contains("awsenv:"), "{shown}");
            }
        }
    });
}

#[test]
fn what_fish_keeps_for_all_shells_is_left_alone() {
    in_shell("fish", |shell| {
        let world = signed_in();
        let theme = "function fish_right_prompt\n  set -l last $status\n  echo right-$last\nend\n";
        let rc = format!("set -U AWS_REGION sa-east-1\n{theme}{}", crate::hook_segment::with_segment(shell));
        let mut at = shell.at(&world).rc(&rc).args(&["--private", "-i"]).start();
        load(&mut at);
        assert_eq!(at.env()["AWS_REGION"], "eu-west-1");
        assert_eq!(at.types("set -U | grep AWS"), "AWS_REGION sa-east-1");
        let old = key(&mut at);
        at_hand_for(&world, 120);
        held_for(shell, &mut at, -5, 120);
        until_renewed(&mut at, &old);
        at.types("sh -c 'exit 42'");
        at.shows("right-42");
        at.types("awsenv unset");
        assert_eq!(at.types("set -U | grep AWS; echo $AWS_REGION"), "AWS_REGION sa-east-1\nsa-east-1");
        assert_eq!(world.read("home/.local/share/fish/fish_history"), "");
    });
}
