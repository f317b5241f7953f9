//! What stands where a cache file should: for roles, MFA sessions and Identity Center as for console sign-ins.

use crate::sso;
use crate::world::World;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

const USER: &str = "arn:aws:iam::123456789012:user/bob";
const SERIAL: &str = "arn:aws:iam::123456789012:mfa/bob";
const ROLE: &str = "arn:aws:iam::123456789012:role/RoleA";

/// A world with a role, an MFA session and an Identity Center profile, all of them fetched once.
fn fetched() -> World {
    let world = sso::world();
    let config = format!(
        "{}[profile keys]\nregion = eu-west-1\n[profile role]\nrole_arn = {ROLE}\nsource_profile = keys\nregion = eu-west-1\n\
         [profile user]\nregion = eu-west-1\nmfa_serial = {SERIAL}\n",
        sso::CONFIG
    );
    let keys = "aws_access_key_id = AKIABOB0000000000001\naws_secret_access_key = bobsecret\n";
    let world = world.config(&config).credentials(&format!("[keys]\n{keys}[user]\n{keys}"));
    world.sim.key("AKIABOB0000000000001", "bobsecret", USER);
    world.sim.role(ROLE).trusts(USER);
    for code in ["111111", "222222", "333333", "444444", "555555", "666666"] {
        world.sim.mfa(SERIAL, code);
    }
    for command in ["login dev", "login role", "login user --mfa-code 111111"] {
        let output = world.run(command);
        assert_eq!(output.code, 0, "{command}: {output}");
    }
    world
}

/// The files that were kept below `dir` of the home.
fn files(world: &World, dir: &str) -> Vec<PathBuf> {
    let below = world.files().into_iter().filter(|file| file.starts_with(dir) && file.ends_with(".json"));
    below.map(|file| world.path(&format!("home/{file}"))).collect()
}

/// The rooms that hold what can be fetched again, and the profile that needs each.
const ROOMS: [(&str, &str); 3] = [
    (".aws/cli/cache", "dev"),
    (".local/state/awsenv/role", "role"),
    (".local/state/awsenv/session-token", "user --mfa-code 222222"),
];

/// Puts something in the place of every file of a room, exports, and looks at what was made of it.
fn in_place(what: &str, put: impl Fn(&Path), then: impl Fn(&Path)) {
    for (room, profile) in ROOMS {
        let world = fetched();
        let mut kept = files(&world, room);
        // the AWS CLI's directory holds the role's entry too
        kept.retain(|file| profile != "dev" || fs::read_to_string(file).unwrap().contains("ProviderType"));
        assert_eq!(kept.len(), 1, "{room}: {:?}", world.files());
        for file in files(&world, ".aws/cli/cache").iter().chain(&kept) {
            if file.exists() {
                fs::remove_file(file).unwrap();
            }
        }
        put(&kept[0]);
        let command = if profile.starts_with("user") { "login" } else { "export" };
        let output = world.run(&format!("{command} {profile}"));
        assert_eq!(output.code, 0, "{what} in {room}: {output}");
        assert!(output.stdout.contains("AWS_SESSION_TOKEN"), "{what} in {room}: {output}");
        then(&kept[0]);
    }
}

fn is_a_private_file(file: &Path) {
    let meta = fs::symlink_metadata(file).unwrap();
    assert!(
        meta.is_file() && meta.mode() & 0o777 == 0o600 && meta.nlink() == 1,
        "{}: {meta:?}",
        file.display()
    );
}

#[test]
fn a_directory_is_moved_aside() {
    in_place("a directory", |file| fs::create_dir(file).unwrap(), is_a_private_file);
}

#[test]
fn a_link_is_replaced_and_its_target_left() {
    let victim = std::env::temp_dir().join(format!("awsenv-victim-{}", std::process::id()));
    fs::write(&victim, "mine").unwrap();
    fs::set_permissions(&victim, fs::Permissions::from_mode(0o644)).unwrap();
    let untouched = || {
        assert_eq!(fs::read_to_string(&victim).unwrap(), "mine");
        assert_eq!(fs::metadata(&victim).unwrap().mode() & 0o777, 0o644);
    };
    for hard in [false, true] {
        let put = |file: &Path| {
            let made = if hard { fs::hard_link(&victim, file) } else { symlink(&victim, file) };
            made.unwrap();
        };
        in_place("a link", put, |file| {
            is_a_private_file(file);
            untouched();
        });
    }
    fs::remove_file(&victim).unwrap();
}

#[test]
fn a_pipe_hangs_nobody() {
    let put = |file: &Path| {
        let mode = rustix::fs::Mode::from_raw_mode(0o600);
        rustix::fs::mknodat(rustix::fs::CWD, file, rustix::fs::FileType::Fifo, mode, 0).unwrap();
    };
    in_place("a pipe", put, is_a_private_file);
}

#[test]
fn a_file_that_others_can_read_is_tightened() {
    for (room, profile) in ROOMS {
        let world = fetched();
        let kept = files(&world, room);
        for file in &kept {
            fs::set_permissions(file, fs::Permissions::from_mode(0o644)).unwrap();
        }
        let calls = world.sim.calls().len();
        let output = world.run(&format!("export {}", profile.split(' ').next().unwrap()));
        assert_eq!((output.code, world.sim.calls().len()), (0, calls), "{room}: {output}");
        assert!(kept.iter().any(|file| fs::metadata(file).unwrap().mode() & 0o777 == 0o600), "{room}");
    }
}

#[test]
fn a_directory_that_was_removed_is_made_again() {
    let world = fetched();
    for dir in [".aws/cli", ".local/state/awsenv"] {
        fs::remove_dir_all(world.path(&format!("home/{dir}"))).unwrap();
    }
    for command in ["export dev", "export role", "login user --mfa-code 333333"] {
        let output = world.run(command);
        assert_eq!(output.code, 0, "{command}: {output}");
    }
    for dir in [".aws/cli/cache", ".local/state/awsenv/role", ".local/state/awsenv/session-token"] {
        let mode = fs::metadata(world.path(&format!("home/{dir}"))).unwrap().mode() & 0o777;
        assert_eq!(mode, 0o700, "{dir}");
        assert!(!files(&world, dir).is_empty(), "{dir}: {:?}", world.files());
    }
}

#[test]
fn what_a_killed_process_left_is_swept_when_it_is_old() {
    let world = fetched();
    for (room, _) in ROOMS {
        let dir = world.path(&format!("home/{room}"));
        for (name, age) in [("old", 7200), ("young", 60)] {
            let orphan = dir.join(format!(".{name}.awsenv.tmp"));
            let file = fs::File::create(&orphan).unwrap();
            let then = std::time::SystemTime::now() - std::time::Duration::from_secs(age);
            file.set_modified(then).unwrap();
        }
    }
    for file in files(&world, ".aws/cli/cache").iter().chain(&files(&world, ".local/state/awsenv")) {
        fs::remove_file(file).unwrap();
    }
    for command in ["export dev", "export role", "login user --mfa-code 444444"] {
        assert_eq!(world.run(command).code, 0, "{command}");
    }
    for (room, _) in ROOMS {
        let there = |name: &str| world.path(&format!("home/{room}/.{name}.awsenv.tmp")).exists();
        assert_eq!((there("old"), there("young")), (false, true), "{room}");
    }
}
