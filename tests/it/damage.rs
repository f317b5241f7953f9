//! Token files that were damaged, or are being written: healed, or waited for.

use crate::crowd::{AWSENV, end, expired, signed_in, start, token_of};
use crate::world::has;
use std::path::Path;
use std::time::Duration;

const REFRESH: &str = "signin CreateOAuth2Token refresh_token";

/// What may have become of a token file, by name.
fn damages(good: &str) -> Vec<(&'static str, Vec<u8>)> {
    let with = |at: serde_json::Value| {
        let mut token: serde_json::Value = serde_json::from_str(good).expect("a token");
        token["accessToken"]["expiresAt"] = at;
        token
    };
    let mut no_date = with("x".into());
    no_date["accessToken"].as_object_mut().expect("a token").remove("expiresAt");
    let mut wide = vec![0xff, 0xfe];
    wide.extend(good.encode_utf16().flat_map(u16::to_le_bytes));
    vec![
        ("empty", Vec::new()),
        ("cut", good.as_bytes()[..100].to_vec()),
        ("object", b"{}".to_vec()),
        ("array", b"[]".to_vec()),
        ("null", b"null".to_vec()),
        ("string", b"\"x\"".to_vec()),
        ("NULs", vec![0; 1000]),
        ("BOM", [b"\xef\xbb\xbf", good.as_bytes()].concat()),
        ("UTF-16", wide),
        ("bad date", with("yesterday".into()).to_string().into_bytes()),
        ("no date", no_date.to_string().into_bytes()),
        ("number", with(1_893_553_445.into()).to_string().into_bytes()),
        ("too large", vec![b' '; 300 * 1024]),
        ("deep", "[".repeat(100_000).into_bytes()),
    ]
}

#[test]
fn a_damaged_token_is_kept_aside_and_a_sign_in_heals_it() {
    for (kind, bytes) in damages(&token_of(&signed_in())) {
        let world = signed_in();
        let token = world.token_file();
        std::fs::write(&token, &bytes).unwrap();
        let output = world.run("export dev");
        assert_eq!((output.code, &*output.stdout), (4, "false;\n"), "{kind}: {output}");
        assert!(output.stderr.contains("hint: sign in: awsenv login dev"), "{kind}: {output}");
        assert_eq!(output.stderr.lines().count(), 3, "{kind}: {output}");
        let bad = token.with_extension("json.bad");
        assert!(std::fs::read(&bad).unwrap() == bytes, "{kind}: it is not kept");
        let login = world.run("login dev");
        assert_eq!((login.code, world.opened()), (0, 2), "{kind}: {login}");
        assert_eq!(world.run("export dev").code, 0);
    }
    let world = signed_in();
    let far = crate::crowd::ends(&token_of(&world), "9999-12-31T23:59:59Z");
    std::fs::write(world.token_file(), far).unwrap();
    let output = world.run("export dev");
    assert_eq!((output.code, world.sim.count(REFRESH)), (0, 1), "the year 9999 is no end: {output}");
}

#[test]
fn a_file_that_the_aws_cli_is_writing_is_waited_for() {
    let world = signed_in();
    let (token, text) = (world.token_file(), token_of(&world));
    for pause in [0, 10, 40, 80] {
        std::fs::write(&token, "").unwrap();
        let (path, text) = (token.clone(), text.clone());
        let writer = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(pause));
            std::fs::write(path, text).unwrap();
        });
        let output = world.run("export dev");
        writer.join().unwrap();
        assert_eq!((output.code, world.sim.count(REFRESH)), (0, 0), "{pause} ms: {output}");
    }
}

#[test]
fn a_key_that_is_none_leads_to_a_new_sign_in() {
    for (name, value) in
        [("dpopKey", "no key"), ("dpopKey", "-----BEGIN EC PRIVATE KEY-----\nAAAA\n"), ("clientId", "")]
    {
        let world = signed_in();
        let mut token: serde_json::Value = serde_json::from_str(&expired(&token_of(&world))).unwrap();
        token[name] = value.into();
        std::fs::write(world.token_file(), token.to_string()).unwrap();
        let output = world.run("export dev");
        assert_eq!((output.code, &*output.stdout), (4, "false;\n"), "{name}: {output}");
        assert!(output.stderr.contains("awsenv login dev"), "{name} {value:?}: {output}");
        let login = world.run("login dev");
        assert_eq!(login.code, 0, "{login}");
    }
}

#[test]
fn a_token_that_cannot_be_read_just_now_stays() {
    if !has("strace") {
        return;
    }
    let world = signed_in();
    let (token, text) = (world.token_file(), token_of(&world));
    for error in ["EMFILE", "EIO", "EACCES"] {
        let mut command = world.command_of(Path::new("strace"));
        command.args(["-f", "-o", "/dev/null", "-P"]).arg(&token);
        command.args(["-e", "trace=openat", "-e", &format!("inject=openat:error={error}")]);
        let ran = end(start(command.arg(AWSENV).args(["export", "dev"])));
        assert_eq!(ran.code, 4, "the fault bites: {ran:?}");
        assert!(token.exists() && token_of(&world) == text, "{error}: {ran:?}");
        assert_eq!(world.run("export dev").code, 0, "{error}");
    }
}
