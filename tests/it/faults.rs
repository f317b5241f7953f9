//! A machine with faults: places that cannot be written, files that are none, no room, no network, no terminal.

use crate::crowd::{DEV, Ran, end, expire, expired, signed_in, start, token_of, until_called};
use crate::sim::{Fault, Op};
use crate::someone::{Someone, mode, root};
use crate::world::{World, eventually, has};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

const REFRESH: &str = "signin CreateOAuth2Token refresh_token";

fn succeeded(ran: &Ran, warned: &str) {
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.key_id().len() == 20, "{ran:?}");
    assert!(ran.stderr.contains(warned), "`{warned}` is not in {ran:?}");
    assert!(!ran.stderr.contains("panicked"), "{ran:?}");
}

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("a file of the test's own");
}

#[test]
fn a_home_that_cannot_be_written_still_works() {
    let someone = Someone::signed_in();
    expire(&someone.world.token_file());
    let before = token_of(&someone.world);
    assert!(
        Command::new("chmod").args(["-R", "a-w"]).arg(someone.world.path("home")).status().unwrap().success()
    );
    someone.cannot("touch ~/x");
    someone.cannot("touch ~/.aws/login/cache/x");
    succeeded(&someone.run(&["export", "dev"]), "warning: the renewed sign-in of `dev` cannot be kept: ");
    assert!(token_of(&someone.world) == before);
    let exec = someone.run(&["exec", "dev", "--", "sh", "-c", "exit 9"]);
    assert_eq!(exec.code, 125, "the refresh token was spent: {exec:?}");
    succeeded(&someone.run(&["login", "dev"]), "warning: the sign-in cannot be kept");
    assert_eq!(someone.run(&["logout", "dev"]).code, 1, "what cannot be removed is not said to be");
}

#[test]
fn without_a_home_of_ours_nothing_is_kept_and_all_works() {
    let config = World::new().config(DEV);
    let file = config.path("home/.aws/config").to_string_lossy().into_owned();
    for home in [None, Some("/nonexistent"), Some("/"), Some("theirs"), Some("")] {
        let world = World::new().env("AWS_CONFIG_FILE", &file);
        std::fs::create_dir(world.path("theirs")).unwrap();
        set_mode(&world.path("theirs"), 0o777);
        if home == Some("theirs") && !root() {
            continue;
        }
        let world = match home {
            None => world.without("HOME"),
            Some("theirs") => {
                let theirs = world.path("theirs").to_string_lossy().into_owned();
                world.env("HOME", &theirs)
            }
            Some(home) => world.env("HOME", home),
        };
        let someone = Someone::of(world);
        let ran = someone.run(&["export", "dev"]);
        assert_eq!(ran.code, 4, "{home:?}: {ran:?}");
        succeeded(&someone.run(&["login", "dev"]), "warning: the sign-in cannot be kept");
        let left: Vec<_> = std::fs::read_dir(someone.world.path("theirs")).unwrap().collect();
        assert!(left.is_empty(), "{home:?}: {left:?}");
        succeeded(&someone.run(&["login", "dev", "--ephemeral"]), "");
    }
}

#[test]
fn a_full_disk_keeps_the_token_and_gives_the_credentials() {
    let someone = Someone::signed_in();
    let token = someone.world.token_file();
    expire(&token);
    let before = token_of(&someone.world);
    let cache = token.parent().unwrap();
    let copy = someone.world.path("copy");
    std::fs::write(&copy, &before).unwrap();
    let line = format!(
        "mount -t tmpfs -o size=64k,mode=700,uid=65534,gid=65534 tmpfs {0} || exit 90
         cp {1} {2} && chown 65534:65534 {2} && chmod 600 {2}
         dd if=/dev/zero of={0}/filling bs=1k 2>/dev/null
         echo more >{0}/more 2>/dev/null && exit 91
         rm -f {0}/more
         \"$0\" export dev || exit 92
         cmp {1} {2} || exit 93
         ls -A {0} | grep -q tmp && exit 94
         exit 0",
        cache.display(),
        copy.display(),
        token.display()
    );
    let Some(ran) = someone.apart("-m", &line) else { return };
    succeeded(&ran, "warning: the renewed sign-in of `dev` cannot be kept: No space left");
}

#[test]
fn without_a_network_what_is_fresh_is_given_and_the_rest_fails_at_once() {
    let someone = Someone::signed_in();
    let bites = "[ $(wc -l </proc/net/route) -le 1 ] || exit 91; ";
    let Some(fresh) = someone.apart("-n", &format!("{bites} exec \"$0\" export dev")) else { return };
    succeeded(&fresh, "");
    expire(&someone.world.token_file());
    for unset in ["", "unset AWS_ENDPOINT_URL_SIGNIN AWS_ENDPOINT_URL_STS;"] {
        let started = Instant::now();
        let ran = someone.apart("-n", &format!("{bites} {unset} exec \"$0\" export dev")).unwrap();
        assert_eq!((ran.code, &*ran.stdout), (6, "false;\n"), "{ran:?}");
        assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
        println!("no network: exit 6 after {:.0?}: {}", started.elapsed(), ran.stderr);
    }
}

#[test]
fn a_config_that_is_no_file_is_named() {
    let someone = Someone::signed_in();
    let config = someone.world.path("home/.aws/config");
    let text = std::fs::read(&config).unwrap();
    for kind in ["directory", "FIFO", "unreadable", "loop"] {
        let _ = std::fs::remove_file(&config);
        match kind {
            "directory" => std::fs::create_dir(&config).unwrap(),
            "FIFO" => assert!(Command::new("mkfifo").arg(&config).status().unwrap().success()),
            "loop" => symlink(&config, &config).unwrap(),
            _ => {
                std::fs::write(&config, &text).unwrap();
                set_mode(&config, 0);
            }
        }
        if kind == "unreadable" {
            someone.own();
            someone.cannot("cat ~/.aws/config");
        }
        let started = Instant::now();
        for line in [&["export", "dev"][..], &["login", "dev"], &["list"], &["exec", "dev", "--", "true"]] {
            let ran = someone.run(line);
            assert_eq!(ran.code, if line[0] == "exec" { 125 } else { 3 }, "{kind} {line:?}: {ran:?}");
            assert!(ran.stderr.contains("/.aws/config"), "{kind} {line:?}: {ran:?}");
        }
        assert!(started.elapsed() < Duration::from_secs(4), "{kind}");
        let _ = std::fs::remove_dir(&config);
    }
}

#[test]
fn a_config_of_10_mb_is_read() {
    let world = signed_in();
    let mut text = String::from("# many\n");
    for number in 0..150_000 {
        text += &format!("[profile p{number}]\nregion = eu-west-1\n\n");
    }
    text += DEV;
    text += &format!("# {}\n", "x".repeat(10_500_000_usize.saturating_sub(text.len())));
    world.write("home/.aws/config", &text);
    let started = Instant::now();
    let ran = end(start(world.command().args(["export", "dev"])));
    succeeded(&ran, "");
    println!("{} MB of config: {:.0?}", text.len() >> 20, started.elapsed());
    assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
}

#[test]
fn what_is_not_ours_in_the_place_of_a_token_is_left_alone() {
    for kind in ["symlink", "hard link", "directory", "FIFO", "another user's"] {
        if kind == "another user's" && !root() {
            continue;
        }
        let someone = Someone::signed_in();
        let token = someone.world.token_file();
        let victim = someone.world.path("home/victim");
        let text = expired(&token_of(&someone.world));
        std::fs::remove_file(&token).unwrap();
        std::fs::write(&victim, &text).unwrap();
        match kind {
            "symlink" => symlink(&victim, &token).unwrap(),
            "hard link" => std::fs::hard_link(&victim, &token).unwrap(),
            "directory" => std::fs::create_dir(&token).unwrap(),
            "FIFO" => assert!(Command::new("mkfifo").arg(&token).status().unwrap().success()),
            _ => {}
        }
        someone.own();
        if kind == "another user's" {
            std::fs::write(&token, &text).unwrap();
            set_mode(&token, 0o644); // it is root's, and can be read
        }
        set_mode(&victim, 0o644);
        let started = Instant::now();
        let ran = someone.run(&["export", "dev"]);
        assert_eq!((ran.code, someone.world.sim.count(REFRESH)), (4, 0), "{kind}: {ran:?}");
        assert!(started.elapsed() < Duration::from_secs(2), "{kind}");
        assert!(ran.stderr.contains("awsenv login dev"), "{kind}: {ran:?}");
        succeeded(&someone.run(&["login", "dev"]), "");
        let meta = std::fs::symlink_metadata(&token).unwrap();
        assert!(meta.is_file() && mode(&token) == 0o600, "{kind}: {meta:?}");
        assert!(std::fs::read_to_string(&victim).unwrap() == text, "{kind}: the victim was written");
        assert_eq!(mode(&victim), 0o644, "{kind}");
        succeeded(&someone.run(&["export", "dev"]), "");
    }
}

#[test]
fn a_token_open_to_others_is_closed() {
    let someone = Someone::signed_in();
    set_mode(&someone.world.token_file(), 0o644);
    succeeded(&someone.run(&["export", "dev"]), "");
    assert_eq!(mode(&someone.world.token_file()), 0o600);
}

#[test]
fn a_lock_that_is_no_file_of_ours_is_not_written() {
    let someone = Someone::signed_in();
    let token = someone.world.token_file();
    let victim = someone.world.path("home/victim");
    std::fs::write(&victim, "precious").unwrap();
    let stem = token.file_stem().unwrap().to_string_lossy().into_owned();
    symlink(&victim, token.with_file_name(format!(".{stem}.lock"))).unwrap();
    symlink(&victim, token.with_file_name(format!(".{stem}.fail"))).unwrap();
    someone.own();
    expire(&token);
    succeeded(&someone.run(&["export", "dev"]), "");
    someone.world.sim.fault_always(Op::Refresh, Fault::Status(500));
    expire(&token);
    assert_eq!(someone.run(&["export", "dev"]).code, 6);
    assert_eq!(std::fs::read_to_string(&victim).unwrap(), "precious");
}

#[test]
fn a_cache_that_vanishes_takes_no_credentials_with_it() {
    let world = signed_in();
    expire(&world.token_file());
    world.sim.fault(Op::Refresh, Fault::Slow(Duration::from_millis(800)));
    let child = start(world.command().args(["export", "dev"]));
    until_called(&world, REFRESH, 1);
    std::fs::remove_dir_all(world.path("home/.aws/login")).unwrap();
    succeeded(&end(child), "");
}

#[test]
fn modes_do_not_depend_on_the_umask() {
    for umask in ["000", "077", "777"] {
        let config = World::new().config(DEV);
        let file = config.path("home/.aws/config").to_string_lossy().into_owned();
        let someone = Someone::of(World::new().env("AWS_CONFIG_FILE", &file));
        set_mode(&config.path("home/.aws/config"), 0o666);
        let bites = someone.shell("umask 000; : >~/probe; stat -c %a ~/probe; rm ~/probe");
        assert_eq!(bites.stdout.trim(), "666");
        let ran = someone.shell(&format!("umask {umask}; exec \"$0\" login dev"));
        assert_eq!(ran.code, 0, "{umask}: {ran:?}");
        for dir in [".aws", ".aws/login", ".aws/login/cache"] {
            assert_eq!(mode(&someone.world.path(&format!("home/{dir}"))), 0o700, "{umask} {dir}");
        }
        let files = someone.world.files();
        assert!(files.len() >= 2, "a token and a lock: {files:?}");
        for name in files {
            assert_eq!(mode(&someone.world.path(&format!("home/{name}"))), 0o600, "{umask} {name}");
        }
    }
}

#[test]
fn a_cached_export_opens_no_socket() {
    if !has("strace") {
        return;
    }
    let world = signed_in();
    let trace = world.path("trace");
    let traced = |args: &[&str]| {
        let mut command = world.command_of(Path::new("strace"));
        command.args(["-f", "-e", "trace=socket,connect,clone,clone3,fork,vfork", "-o"]).arg(&trace);
        let ran = end(start(command.arg(crate::crowd::AWSENV).args(args)));
        assert_eq!(ran.code, 0, "{ran:?}");
        std::fs::read_to_string(&trace).unwrap()
    };
    for args in [&["export", "dev"][..], &["exec", "dev", "--", "true"], &["status"], &["list"]] {
        let calls = traced(args);
        assert!(!calls.contains('('), "neither a socket nor a thread: {calls}");
    }
    expire(&world.token_file());
    assert!(traced(&["export", "dev"]).contains("connect("), "a renewal does open one");
}

#[test]
fn others_of_the_same_user_do_not_see_into_it() {
    if !cfg!(target_os = "linux") {
        return;
    }
    let someone = Someone::of(World::new().config(DEV).person(|_, _| {}));
    let mut login = start(&mut someone.awsenv(&["login", "dev"]));
    eventually("a browser opens", || someone.world.opened() == 1);
    let mut plain = start(someone.command(Path::new("sleep")).arg("20"));
    std::thread::sleep(Duration::from_millis(100));
    let (plain_id, id) = (plain.id(), login.id());
    assert_eq!(someone.shell(&format!("tr '\\0' x </proc/{plain_id}/environ | grep -q HOME")).code, 0);
    for file in ["environ", "mem", "maps", "fd/0"] {
        someone.cannot(&format!("head -c 1 /proc/{id}/{file} >/dev/null"));
    }
    for child in [&mut login, &mut plain] {
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

#[test]
fn without_a_terminal_nobody_is_asked() {
    if !has("setsid") {
        return;
    }
    let world = World::new().config(DEV);
    let detached = |args: &[&str]| {
        let mut command = world.command_of(Path::new("setsid"));
        end(start(command.arg("--wait").arg(crate::crowd::AWSENV).args(args).env("BROWSER", "lynx")))
    };
    let started = Instant::now();
    for (args, code, told) in [
        (&["export", "dev"][..], 4, "awsenv login dev"),
        (&["export", "dev", "--format", "process"], 4, "awsenv login dev"),
        (&["login", "dev"], 4, "run it in a terminal"),
        (&["login", "dev", "--remote"], 4, "run it in a terminal"),
        (&["login", "new"], 2, "--region"),
    ] {
        let ran = detached(args);
        assert_eq!(ran.code, code, "{args:?}: {ran:?}");
        assert!(ran.stderr.contains(told), "{args:?}: {ran:?}");
    }
    assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
    assert_eq!(world.opened(), 0);
}
