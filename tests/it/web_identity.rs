//! Roles for who holds a token of another house: of a profile, and of the environment.

use crate::sim::{Fault, Op};
use crate::world::World;
use serde_json::Value;

const NOW: i64 = 1_893_553_445; // 2030-01-02T03:04:05Z
const ROLE: &str = "arn:aws:iam::123456789012:role/path/Pod";
const FILE: &str = "AWS_WEB_IDENTITY_TOKEN_FILE";

/// A world with a token that is good for the role, and `[profile pod]` with these lines more.
fn world(more: &str) -> World {
    let world = World::new().at(NOW);
    world.write("token", "jwt.of.pod\n");
    world.sim.web_identity("jwt.of.pod", ROLE);
    let token = world.path("token");
    let config =
        format!("[profile pod]\nrole_arn = {ROLE}\nweb_identity_token_file = {}\n{more}", token.display());
    world.config(&config)
}

fn told(world: &World, line: &str) -> Value {
    let output = world.run(line);
    assert_eq!((output.code, output.stderr.as_str()), (0, ""), "{output}");
    serde_json::from_str(&output.stdout).unwrap()
}

/// The parameters of the last call.
fn asked(world: &World) -> Vec<(String, String)> {
    world.sim.requests().pop().unwrap().1
}

#[test]
fn a_profile_trades_its_token_for_the_role() {
    let world = world("region = eu-west-1\n");
    let told = told(&world, "export pod --format json");
    for (key, value) in [
        ("identity", "Pod"),
        ("account_id", "123456789012"),
        ("expiration", "2030-01-02T04:04:05Z"),
        ("refresh_at", "2030-01-02T03:49:05Z"),
    ] {
        assert_eq!(told[key], value, "{key}");
    }
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let expected = [
        pair("Action", "AssumeRoleWithWebIdentity"),
        pair("Version", "2011-06-15"),
        pair("RoleArn", ROLE),
        pair("RoleSessionName", "awsenv"),
        pair("WebIdentityToken", "jwt.of.pod\n"),
    ];
    assert_eq!(asked(&world), expected, "the token goes as it stands in its file");
    assert_eq!(world.sim.calls(), ["sts AssumeRoleWithWebIdentity"]);
    assert!(world.run("list").stdout.contains("web identity"));
    assert_eq!(world.run("login pod").code, 0);
}

#[test]
fn the_session_has_the_name_that_the_profile_gives_it() {
    let world = world("role_session_name = my.pod@x\n");
    told(&world, "export pod --format json");
    assert!(asked(&world).contains(&("RoleSessionName".into(), "my.pod@x".into())));
    let world = world.env("USER", "me").env("HOSTNAME", "box");
    let config = world.read("home/.aws/config").replace("role_session_name = my.pod@x\n", "");
    world.write("home/.aws/config", &config);
    told(&world, "export pod --format json");
    assert!(asked(&world).contains(&("RoleSessionName".into(), "me@box".into())));
}

#[test]
fn a_role_is_assumed_with_a_web_identity_and_lasts_an_hour() {
    let world = world("");
    let other = "arn:aws:iam::210987654321:role/Other";
    world.sim.role(other).trusts("123456789012").max_duration(43_200);
    let config = world.read("home/.aws/config");
    let role =
        format!("[profile other]\nrole_arn = {other}\nsource_profile = pod\nduration_seconds = 7200\n");
    world.write("home/.aws/config", &(config + &role));
    let output = world.run("export other --format json");
    assert!(output.code == 0 && output.stderr.contains("which AWS limits to 1h"), "{output}");
    assert!(output.stdout.contains("2030-01-02T04:04:05Z"), "{output}");
    assert_eq!(world.sim.calls(), ["sts AssumeRoleWithWebIdentity", "sts AssumeRole"]);
}

#[test]
fn the_environment_says_it_where_nothing_names_a_profile() {
    let world = world("");
    let token = world.path("token").to_string_lossy().into_owned();
    let world = world.env(FILE, &token).env("AWS_ROLE_ARN", ROLE).env("AWS_ROLE_SESSION_NAME", "env");
    assert_eq!(told(&world, "export --format json")["identity"], "Pod");
    assert!(asked(&world).contains(&("RoleSessionName".into(), "env".into())));
    let loaded = world.run("export --shell bash");
    assert!(loaded.stdout.contains("export AWS_ACCESS_KEY_ID='ASIA"), "{loaded}");

    let keys = "aws_access_key_id = AKIAFILE000000000001\naws_secret_access_key = s\n";
    let world = world.credentials(&format!("[default]\n{keys}[keys]\n{keys}"));
    assert_eq!(
        told(&world, "export --format json")["identity"],
        "Pod",
        "it goes before the keys of `default`"
    );
    assert_eq!(told(&world, "export keys --format json")["access_key_id"], "AKIAFILE000000000001");
    let calls = world.sim.calls().len();
    let world = world.env("AWS_PROFILE", "keys");
    assert_eq!(told(&world, "export --format json")["access_key_id"], "AKIAFILE000000000001");
    let world = world.without("AWS_PROFILE").env("AWS_ACCESS_KEY_ID", "AKIAENV0000000000001");
    let world = world.env("AWS_SECRET_ACCESS_KEY", "s");
    assert_eq!(told(&world, "export --format json")["access_key_id"], "AKIAENV0000000000001");
    assert_eq!(world.sim.calls().len(), calls);

    let world = world.without("AWS_ACCESS_KEY_ID").env("AWS_ROLE_ARN", "");
    let output = world.run("export --shell bash");
    assert!(output.code == 3 && output.stderr.contains("no `AWS_ROLE_ARN` names its role"), "{output}");
    let world = world.without("AWS_ROLE_ARN");
    world.write(
        "home/.aws/config",
        &format!("[default]\nrole_arn = {ROLE}\nweb_identity_token_file = /none\n"),
    );
    assert_eq!(told(&world, "export --format json")["identity"], "Pod", "`default` fills what is left out");
}

#[test]
fn what_cannot_be_is_told_before_anything_is_sent() {
    let file = |line: &str| format!("[profile pod]\n{line}\n");
    let role = format!("role_arn = {ROLE}\n");
    for (config, told) in [
        (file("web_identity_token_file = /x"), "names a token, and no `role_arn` names its role"),
        (file(&format!("{role}web_identity_token_file =")), "is empty"),
        (file(&format!("{role}web_identity_token_file = token")), "not an absolute path"),
        (file(&format!("{role}web_identity_token_file = ~/token")), "not an absolute path"),
        (file(&format!("{role}web_identity_token_file = /no/such/token")), "which is not there"),
        (file(&format!("{role}web_identity_token_file = /")), "which cannot be read"),
        (file(&format!("{role}web_identity_token_file = /dev/null")), "which cannot be read"),
        (
            file("role_arn = arn:aws:iam::123456789012:user/x\nweb_identity_token_file = /x"),
            "is not the ARN of a role",
        ),
        (
            file("role_arn = arn:aws:iam::123456789012:role/a b\nweb_identity_token_file = /x"),
            "is not the ARN of a role",
        ),
        (file(&format!("{role}role_session_name = a b\nweb_identity_token_file = /x")), "2 to 64 letters"),
        (file("role_arn = arn:aws-none:iam::123456789012:role/x\nweb_identity_token_file = /x"), "aws-none"),
    ] {
        let world = World::new().config(&config);
        let output = world.run("export pod");
        assert_eq!((output.code, output.stdout.as_str()), (3, "false;\n"), "{config}: {output}");
        assert!(output.stderr.contains(told), "{config}: {output}");
        assert_eq!(world.sim.calls().len(), 0);
    }
    let world = world("");
    for bytes in [&b" \n"[..], b"\xff\xfe", &vec![b'x'; 100_000]] {
        std::fs::write(world.path("token"), bytes).unwrap();
        assert_eq!(world.run("export pod").code, 3);
    }
}

#[test]
fn refusals_are_explained_and_show_no_token() {
    let error = |error: &str| Fault::Error { status: 400, error: error.into(), message: "because".into() };
    for (code, exit, told) in [
        ("InvalidIdentityToken", 5, "AWS does not take the token in "),
        ("ExpiredTokenException", 5, "has ended"),
        ("IDPRejectedClaim", 5, "has rejected it"),
        ("AccessDenied", 5, "does not let in the holder"),
        ("IDPCommunicationError", 6, "AWS could not reach the issuer"),
        ("ValidationError", 5, "STS refused the request"),
    ] {
        let world = world("");
        world.sim.fault_always(Op::WebIdentity, error(code));
        let output = world.run("export pod");
        assert_eq!((output.code, output.stdout.as_str()), (exit, "false;\n"), "{output}");
        assert!(
            output.stderr.contains(told) && output.stderr.contains(&format!("{code}: because")),
            "{output}"
        );
        assert!(!output.stderr.contains("jwt.of.pod"), "{output}");
        assert_eq!(world.sim.calls().len(), if code == "IDPCommunicationError" { 3 } else { 1 }, "{code}");
    }
    let world = world("");
    world.sim.expire_web_identity("jwt.of.pod");
    assert_eq!(world.run("export pod").code, 5);
    world.write("token", "jwt.new");
    world.sim.web_identity("jwt.new", ROLE);
    world.sim.fault(Op::WebIdentity, error("IDPCommunicationError"));
    world.sim.fault(Op::WebIdentity, Fault::Status(503));
    told(&world, "export pod --format json");
}
