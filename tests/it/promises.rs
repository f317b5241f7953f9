//! What the README promises and no other room tests.

use crate::world::{World, has};
use std::path::Path;

const DEV: &str =
    "[profile dev]\nlogin_session = arn:aws:sts::123456789012:assumed-role/Admin/alice\nregion = eu-west-1\n";

#[test]
fn a_damaged_token_file_is_moved_aside_and_the_mend_is_said() {
    let world = World::new().config(DEV);
    assert_eq!(world.run("login dev").code, 0);
    let file = world.token_file();
    let whole = std::fs::read_to_string(&file).unwrap();
    let half = &whole[..whole.len() / 2];
    let keyless = whole.replace("dpopKey", "key");
    for damaged in ["", "\0\0\0\0", "null", "[1, 2]", "{}", half, &keyless] {
        std::fs::write(&file, damaged).unwrap();
        let output = world.run("export dev --shell bash");
        assert_eq!((output.code, output.stdout.as_str()), (4, "false;\n"), "{damaged:?}: {output}");
        assert!(output.stderr.ends_with("hint: sign in: awsenv login dev\n"), "{damaged:?}: {output}");
        let aside = format!("{}.bad", file.display());
        assert_eq!(std::fs::read_to_string(aside).unwrap(), damaged);
    }
    let again = world.run("login dev");
    assert_eq!(again.code, 0, "{again}");
    assert_eq!(world.run("export dev --format json").code, 0);
}

#[test]
#[cfg(unix)]
fn nothing_is_read_from_the_working_directory() {
    if !has("strace") {
        return;
    }
    let world = World::new().config(DEV);
    assert_eq!(world.run("login dev").code, 0);
    let bait = world.path("bait");
    for name in ["config", "config.ini", "credentials", ".env", ".envrc", ".aws/config", "true", "awsenv"] {
        world.write(&format!("bait/{name}"), "[profile dev]\nregion = mars-west-1\n");
    }
    let log = world.path("strace");
    for line in ["export dev --shell bash", "list", "status", "exec dev -- true"] {
        let mut strace = world.command_of(Path::new("strace"));
        strace.args(["-f", "-e", "trace=%file", "-o"]).arg(&log);
        strace.arg(env!("CARGO_BIN_EXE_awsenv")).args(line.split(' ')).current_dir(&bait);
        let output = world.finish(line, &mut strace);
        assert_eq!(output.code, 0, "{output}");
        assert!(!output.stdout.contains("mars"), "{output}");
        let calls = std::fs::read_to_string(&log).unwrap();
        assert!(calls.contains("/.aws/config\""), "strace sees what is read: {calls}");
        // a path is quoted; one that is not absolute begins where awsenv was started; an empty one is an open file
        let here = |call: &&str| {
            let path = call.split('"').nth(1).unwrap_or("/");
            !path.is_empty() && !path.starts_with('/') || path.starts_with(&*bait.to_string_lossy())
        };
        let read: Vec<_> = calls.lines().filter(here).collect();
        assert!(read.is_empty(), "{line}: {read:?}");
    }
}

#[test]
fn a_config_file_that_cannot_be_read_is_not_written() {
    for broken in ["[profile dev\nregion = eu-west-1\n", "region = eu-west-1\n[profile dev]\n"] {
        let world = World::new().config(broken);
        let output = world.run("login new --region eu-west-1");
        assert_eq!((output.code, world.opened()), (3, 0), "{output}");
        assert!(output.stderr.contains("error: ~/.aws/config:1: "), "{output}");
        assert_eq!(world.read("home/.aws/config"), broken);
    }
}
