//! The same files and variables yield the same keys here and in botocore, which the AWS CLI is built on.

use crate::clients::python;
use crate::world::World;
use serde_json::Value;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

/// Prints what botocore finds for the profile of the first argument, as awsenv prints it; fails if it finds nothing.
const BOTOCORE: &str = r#"
import json, sys, botocore.session
name = sys.argv[1] if len(sys.argv) > 1 else None
found = botocore.session.Session(profile=name).get_credentials()
keys = found.get_frozen_credentials()
end = getattr(found, "_expiry_time", None)
print(json.dumps({
    "access_key_id": keys.access_key, "secret_access_key": keys.secret_key, "session_token": keys.token or None,
    "account_id": keys.account_id, "expiration": end and end.timestamp(),
}))
"#;

/// One case: `NAME` in it is the profile, `BIN` a directory with programs, `URL` a server that gives credentials of a
/// container, of an instance and of a web identity, `TOKEN` the file of a token.
struct Case {
    name: &'static str,
    config: &'static str,
    credentials: &'static str,
    env: &'static [(&'static str, &'static str)],
    /// Whether the profile is named.
    named: bool,
    /// The beginning of the access key; empty if there are no credentials.
    yields: &'static str,
}

const fn process(name: &'static str, config: &'static str, yields: &'static str) -> Case {
    Case { name, config, credentials: "", env: &[], named: true, yields }
}

const fn shell(
    name: &'static str,
    env: &'static [(&'static str, &'static str)],
    yields: &'static str,
) -> Case {
    Case { name, config: "", credentials: "", env, named: false, yields }
}

const KEYS: &str = "[NAME]\naws_access_key_id = AKIAFILE000000000001\naws_secret_access_key = filesecret\n";
const ROLE: &str = "arn:aws:iam::123456789012:role/Web";

/// `keys ANSWER-FILE WORDS…` prints that file; the access key ends in the number and the check sum of the words.
const PROGRAM: &str = "#!/bin/sh\nfile=$1; shift\nsum=$(printf '%s|' \"$@\" | cksum | tr -dc 0-9)\nsed \"s/SUM/$#X$sum/\" \"$0.$file\"\n";

const ANSWERS: [(&str, &str); 9] = [
    ("plain", r#"{"Version":1,"AccessKeyId":"ASIAPROCSUM","SecretAccessKey":"s","SessionToken":"t"}"#),
    (
        "end",
        r#"{"Version":1,"AccessKeyId":"ASIAPROCSUM","SecretAccessKey":"s","SessionToken":"t","Expiration":"2099-01-02T03:04:05+05:30"}"#,
    ),
    (
        "null",
        r#"{"Version":1,"AccessKeyId":"AKIAPROCSUM","SecretAccessKey":"s","SessionToken":null,"Expiration":null}"#,
    ),
    (
        "account",
        r#"{"Version":1,"AccessKeyId":"ASIAPROCSUM","SecretAccessKey":"s","SessionToken":"t","AccountId":"210987654321"}"#,
    ),
    ("text", r#"{"Version":"1","AccessKeyId":"ASIAPROCSUM","SecretAccessKey":"s"}"#),
    (
        "naive",
        r#"{"Version":1,"AccessKeyId":"ASIAPROCSUM","SecretAccessKey":"s","SessionToken":"t","Expiration":"2099-01-02T03:04:05"}"#,
    ),
    (
        "past",
        r#"{"Version":1,"AccessKeyId":"ASIAPROCSUM","SecretAccessKey":"s","SessionToken":"t","Expiration":"2019-01-02T03:04:05Z"}"#,
    ),
    ("less", r#"{"Version":1,"AccessKeyId":"ASIAPROCSUM"}"#),
    ("page", "<html>"),
];

const CASES: [Case; 32] = [
    process("a program", "[profile NAME]\ncredential_process = BIN/keys plain\n", "ASIAPROC0X"),
    process("an end with an offset", "[profile NAME]\ncredential_process = BIN/keys end a b\n", "ASIAPROC2X"),
    process("no end", "[profile NAME]\ncredential_process = BIN/keys null a\n", "AKIAPROC1X"),
    process(
        "words",
        "[profile NAME]\ncredential_process = BIN/keys plain 'a b' \"c \\\" d\" e\\ f '' #x $HOME ~ |\n",
        "ASIAPROC8X",
    ),
    process(
        "a continued line",
        "[profile NAME]\ncredential_process = BIN/keys\n  plain a\n  b\n",
        "ASIAPROC2X",
    ),
    process("a program on PATH", "[profile NAME]\ncredential_process = keys plain on path\n", "ASIAPROC2X"),
    process(
        "the answer's account",
        "[profile NAME]\naws_account_id = 123456789012\ncredential_process = BIN/keys account\n",
        "ASIAPROC0X",
    ),
    process(
        "the profile's account",
        "[profile NAME]\naws_account_id = 123456789012\ncredential_process = BIN/keys plain\n",
        "ASIAPROC0X",
    ),
    process(
        "it wins over keys of the config file",
        "[profile NAME]\naws_access_key_id = AKIACONFIG0000000001\naws_secret_access_key = c\ncredential_process = BIN/keys plain\n",
        "ASIAPROC0X",
    ),
    Case {
        name: "it loses to keys of the credentials file",
        config: "[profile NAME]\ncredential_process = BIN/keys plain\n",
        credentials: KEYS,
        env: &[],
        named: true,
        yields: "AKIAFILE",
    },
    Case {
        name: "it may stand in the credentials file",
        config: "",
        credentials: "[NAME]\ncredential_process = BIN/keys plain 1 2 3\n",
        env: &[],
        named: true,
        yields: "ASIAPROC3X",
    },
    Case {
        name: "it is not in the way of keys in the environment, if a profile is named",
        config: "[profile NAME]\ncredential_process = BIN/keys plain\n",
        credentials: "",
        env: &[("AWS_ACCESS_KEY_ID", "AKIAENV0000000000001"), ("AWS_SECRET_ACCESS_KEY", "e")],
        named: true,
        yields: "ASIAPROC0X",
    },
    Case {
        name: "the profile default",
        config: "[default]\ncredential_process = BIN/keys plain\n",
        credentials: "",
        env: &[],
        named: false,
        yields: "ASIAPROC0X",
    },
    process("a version that is a text", "[profile NAME]\ncredential_process = BIN/keys text\n", ""),
    process("an end without a zone", "[profile NAME]\ncredential_process = BIN/keys naive\n", ""),
    process("an end that was", "[profile NAME]\ncredential_process = BIN/keys past\n", ""),
    process("a key that is missing", "[profile NAME]\ncredential_process = BIN/keys less\n", ""),
    process("a page", "[profile NAME]\ncredential_process = BIN/keys page\n", ""),
    process("a program that fails", "[profile NAME]\ncredential_process = false\n", ""),
    process("no program", "[profile NAME]\ncredential_process = BIN/none\n", ""),
    process("an open quote", "[profile NAME]\ncredential_process = BIN/keys 'plain\n", ""),
    process(
        "a web identity",
        "[profile NAME]\nregion = eu-west-1\nrole_arn = ROLE\nweb_identity_token_file = TOKEN\n",
        "ASIAWEB",
    ),
    Case {
        name: "a web identity wins over keys",
        config: "[profile NAME]\nregion = eu-west-1\nrole_arn = ROLE\nrole_session_name = me\nweb_identity_token_file = TOKEN\n",
        credentials: KEYS,
        env: &[],
        named: true,
        yields: "ASIAWEB",
    },
    process(
        "a web identity without a role",
        "[profile NAME]\nregion = eu-west-1\nweb_identity_token_file = TOKEN\n",
        "",
    ),
    process(
        "a web identity without a token",
        "[profile NAME]\nregion = eu-west-1\nrole_arn = ROLE\nweb_identity_token_file = BIN/none\n",
        "",
    ),
    shell(
        "a web identity of the environment",
        &[("AWS_WEB_IDENTITY_TOKEN_FILE", "TOKEN"), ("AWS_ROLE_ARN", "ROLE")],
        "ASIAWEB",
    ),
    Case {
        name: "it wins over the keys of default",
        config: "",
        credentials: "[default]\naws_access_key_id = AKIADEFAULT000000001\naws_secret_access_key = d\n",
        env: &[("AWS_WEB_IDENTITY_TOKEN_FILE", "TOKEN"), ("AWS_ROLE_ARN", "ROLE")],
        named: false,
        yields: "ASIAWEB",
    },
    shell("it needs a role", &[("AWS_WEB_IDENTITY_TOKEN_FILE", "TOKEN")], ""),
    shell(
        "a container",
        &[
            ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "URL/container"),
            ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "good"),
        ],
        "ASIACONTAINER",
    ),
    Case {
        name: "a container, for a profile that says nothing",
        config: "[profile NAME]\nregion = eu-west-1\n",
        credentials: "",
        env: &[
            ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "URL/container"),
            ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "TOKEN"),
        ],
        named: true,
        yields: "ASIACONTAINER",
    },
    shell(
        "a container elsewhere",
        &[("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://localhost.example.com/container")],
        "",
    ),
    shell(
        "an instance",
        &[("AWS_EC2_METADATA_SERVICE_ENDPOINT", "URL"), ("AWS_EC2_METADATA_DISABLED", "false")],
        "ASIAINSTANCE",
    ),
];

/// Gives each who asks the same credentials.
fn server() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut asked = Vec::new();
            let mut piece = [0; 4096];
            while !is_whole(&asked) {
                match stream.read(&mut piece) {
                    Ok(length @ 1..) => asked.extend_from_slice(&piece[..length]),
                    _ => break,
                }
            }
            let asked = String::from_utf8_lossy(&asked).into_owned();
            let json = |id: &str| {
                format!(
                    r#"{{"Code":"Success","AccessKeyId":"{id}","SecretAccessKey":"s","Token":"t","Expiration":"2099-01-02T03:04:05Z"}}"#
                )
            };
            let body = match asked.split(' ').nth(1).unwrap_or_default() {
                "/container" => json("ASIACONTAINER0000001"),
                "/latest/api/token" => "v2".into(),
                "/latest/meta-data/iam/security-credentials/" => "Web".into(),
                "/latest/meta-data/iam/security-credentials/Web" => json("ASIAINSTANCE00000001"),
                _ => "<R><AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>ASIAWEB0000000000001</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>2099-01-02T03:04:05Z</Expiration></Credentials><AssumedRoleUser><AssumedRoleId>A:b</AssumedRoleId><Arn>arn:aws:sts::123456789012:assumed-role/Web/b</Arn></AssumedRoleUser></AssumeRoleWithWebIdentityResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></R>".replace("<R>", r#"<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">"#).replace("</R>", "</AssumeRoleWithWebIdentityResponse>"),
            };
            let _ = write!(
                stream,
                "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            );
        }
    });
    url
}

/// Whether a request has come whole: its head, and as much body as it says.
fn is_whole(asked: &[u8]) -> bool {
    let text = String::from_utf8_lossy(asked).to_lowercase();
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
    body.len() >= length.unwrap_or(0)
}

/// A world for a case.
fn world(case: &Case, url: &str) -> World {
    let world = World::new();
    for (name, answer) in ANSWERS {
        world.write(&format!("bin/keys.{name}"), answer);
    }
    world.write("bin/keys", PROGRAM);
    std::fs::set_permissions(world.path("bin/keys"), std::fs::Permissions::from_mode(0o755)).unwrap();
    world.write("token", "good");
    let bin = world.path("bin").to_string_lossy().into_owned();
    let token = world.path("token").to_string_lossy().into_owned();
    let filled = |text: &str| {
        text.replace("NAME", "p")
            .replace("BIN", &bin)
            .replace("TOKEN", &token)
            .replace("URL", url)
            .replace("ROLE", ROLE)
    };
    let path = format!("{bin}:{}", world.var("PATH").unwrap_or_default());
    let world =
        world.env("PATH", &path).env("AWS_ENDPOINT_URL_STS", url).env("AWS_DEFAULT_REGION", "eu-west-1");
    let world = world.config(&filled(case.config)).credentials(&filled(case.credentials));
    for file in ["config", "credentials"] {
        let path = world.path(&format!("home/.aws/{file}"));
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    case.env.iter().fold(world, |world, (name, value)| world.env(name, &filled_value(value, &token, url)))
}

/// Names of variables hold words that a case would fill.
fn filled_value(value: &str, token: &str, url: &str) -> String {
    match value {
        "TOKEN" => token.to_owned(),
        "ROLE" => ROLE.to_owned(),
        _ => value.replace("URL", url),
    }
}

#[test]
fn the_same_files_yield_the_same_keys() {
    let Some(python) = python() else { return };
    let url = server();
    let failed: Vec<String> = std::thread::scope(|scope| {
        let halves = CASES.chunks(CASES.len().div_ceil(4)).map(|cases| {
            let (python, url) = (&python, &url);
            scope
                .spawn(move || cases.iter().filter_map(|case| differs(case, python, url)).collect::<Vec<_>>())
        });
        halves.collect::<Vec<_>>().into_iter().flat_map(|half| half.join().unwrap()).collect()
    });
    assert!(failed.is_empty(), "{}", failed.join("\n\n"));
}

/// How awsenv and botocore differ in a case, or from what it should yield.
fn differs(case: &Case, python: &Path, url: &str) -> Option<String> {
    let world = world(case, url);
    let mut command = world.command_of(python);
    command.args(["-c", BOTOCORE]).args(case.named.then_some("p"));
    let theirs = world.finish(case.name, &mut command);
    let ours = world.run(if case.named { "export p --format json" } else { "export --format json" });
    let read = |text: &str| -> Option<Value> {
        let mut told: Value = serde_json::from_str(text).ok()?;
        let fields = ["access_key_id", "secret_access_key", "session_token", "account_id", "expiration"];
        told.as_object_mut()?.retain(|key, _| fields.contains(&key.as_str()));
        if let Some(end) = told["expiration"].as_str() {
            let end: chrono::DateTime<chrono::Utc> = end.parse().ok()?;
            #[expect(clippy::cast_precision_loss, reason = "seconds of this century")]
            let end = end.timestamp() as f64;
            told["expiration"] = end.into();
        }
        Some(told)
    };
    let (their_keys, our_keys) = (read(&theirs.stdout), read(&ours.stdout));
    let id = our_keys.as_ref().and_then(|keys| keys["access_key_id"].as_str()).unwrap_or_default();
    let is_right = id.starts_with(case.yields) && id.is_empty() == case.yields.is_empty();
    let same = their_keys == our_keys && (theirs.code == 0) == (ours.code == 0);
    (!is_right || !same).then(|| format!("{}:\nbotocore: {theirs}\nawsenv: {ours}", case.name))
}
