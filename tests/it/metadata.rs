//! The credentials of a container and of an instance: where they are asked for, and where they never are.

use crate::sim::{Fault, Op};
use crate::world::World;
use serde_json::Value;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::time::{Duration, Instant};

const NOW: i64 = 1_893_553_445; // 2030-01-02T03:04:05Z
const ROLE: &str = "arn:aws:iam::123456789012:role/path/Web";
const FULL: &str = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
const TOKEN: &str = "AWS_CONTAINER_AUTHORIZATION_TOKEN";
const TOKEN_FILE: &str = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE";
const ENDPOINT: &str = "AWS_EC2_METADATA_SERVICE_ENDPOINT";

/// In a container that has a role.
fn container() -> World {
    let world = World::new().config("[profile plain]\nregion = eu-west-1\n").at(NOW);
    world.sim.container(ROLE, None);
    let url = format!("{}/container/credentials", world.sim.url());
    world.env(FULL, &url)
}

/// On an instance that has a role.
fn instance() -> World {
    let world = World::new().config("[profile plain]\nregion = eu-west-1\n").at(NOW);
    world.sim.instance(ROLE);
    let url = world.sim.url().to_owned();
    world.without("AWS_EC2_METADATA_DISABLED").env(ENDPOINT, &url)
}

fn told(world: &World, line: &str) -> Value {
    let output = world.run(line);
    assert_eq!((output.code, output.stderr.as_str()), (0, ""), "{output}");
    serde_json::from_str(&output.stdout).unwrap()
}

#[test]
fn a_container_has_its_role_without_a_profile_and_with_one_that_says_nothing() {
    let world = container();
    for (line, profile, region) in [
        ("export --format json", Value::Null, Value::Null),
        ("export plain --format json", "plain".into(), "eu-west-1".into()),
    ] {
        let told = told(&world, line);
        for (key, value) in [
            ("profile", profile),
            ("region", region),
            ("identity", "Web".into()),
            ("account_id", "123456789012".into()),
            ("expiration", "2030-01-02T09:04:05Z".into()),
            ("refresh_at", "2030-01-02T08:49:05Z".into()),
        ] {
            assert_eq!(told[key], value, "{line}: {key}");
        }
    }
    assert!(world.run("export --shell bash").stdout.contains("export AWS_ACCESS_KEY_ID='ASIA"));
    assert!(world.run("list").stdout.contains("container"));
    assert_eq!(world.files(), [".aws/config"], "nothing is kept");
    #[cfg(unix)]
    {
        let output =
            world.finish("exec", world.command().args(["exec", "--", "sh", "-c", "env | cut -d= -f1"]));
        assert!(output.stdout.contains("AWS_SESSION_TOKEN\n") && !output.stdout.contains(FULL), "{output}");
    }
}

#[test]
fn a_container_is_not_asked_where_something_else_is_said() {
    let keys = "aws_access_key_id = AKIAFILE000000000001\naws_secret_access_key = s\n";
    let world = container().credentials(&format!("[default]\n{keys}[keys]\n{keys}"));
    for line in ["export --format json", "export keys --format json"] {
        assert_eq!(told(&world, line)["access_key_id"], "AKIAFILE000000000001", "{line}");
    }
    let world =
        container().env("AWS_ACCESS_KEY_ID", "AKIAENV0000000000001").env("AWS_SECRET_ACCESS_KEY", "s");
    assert_eq!(told(&world, "export --format json")["access_key_id"], "AKIAENV0000000000001");
    assert_eq!(world.run("export none --format json").code, 3);
    assert_eq!(world.sim.calls().len(), 0);
}

#[test]
fn a_container_is_shown_its_token_as_it_stands_there_now() {
    let world = container();
    world.sim.container(ROLE, Some("Bearer one="));
    let world = world.env(TOKEN, "Bearer one=");
    told(&world, "export --format json");
    let file = world.path("token");
    let world = world.env(TOKEN_FILE, &file.to_string_lossy());
    let refused = |output: crate::world::Output, told: &str| {
        assert_eq!((output.code, output.stdout.as_str()), (3, "false;\n"), "{output}");
        assert!(output.stderr.contains(TOKEN_FILE) && output.stderr.contains(told), "{output}");
        assert!(!output.stderr.contains("Bearer"), "{output}");
    };
    refused(world.run("export --shell bash"), "is not there");
    world.write("token", "Bearer one=\n");
    refused(world.run("export --shell bash"), "holds the end of a line");
    world.write("token", "Bearer \u{e9}");
    refused(world.run("export --shell bash"), "holds characters that no header may");
    world.sim.container(ROLE, Some("Bearer two="));
    world.write("token", "Bearer two=");
    told(&world, "export --format json");
    world.write("token", "Bearer three=");
    let output = world.run("export --format json");
    assert!(
        output.code == 5 && output.stderr.contains(&format!("hint: look at its token: {TOKEN_FILE}")),
        "{output}"
    );
    assert!(!output.stderr.contains("Bearer"), "{output}");
}

#[test]
fn a_container_that_fails_is_asked_three_times() {
    let world = container();
    world.sim.fault(Op::Container, Fault::Status(500));
    world.sim.fault(Op::Container, Fault::Garbage);
    told(&world, "export --format json");
    assert_eq!(world.sim.count("container"), 3);
    world.sim.fault(Op::Container, Fault::Silent);
    let started = Instant::now();
    told(&world, "export --format json");
    assert!((2..5).contains(&started.elapsed().as_secs()), "{:?}", started.elapsed());
}

#[test]
fn what_a_container_answers_is_read_strictly() {
    let world = container();
    let field = |name: &str, value: Value| Fault::Field(name.into(), value);
    for (fault, code, told) in [
        (field("Token", Value::Null), 6, "it has no `Token`"),
        (field("Expiration", Value::Null), 6, "it has no `Expiration`"),
        (field("Expiration", "soon".into()), 6, "is not a time with a zone"),
        (field("AccessKeyId", "A$(id)".into()), 6, "the access key id is not one"),
        (field("Expiration", "2030-01-02T03:04:04Z".into()), 1, "gives credentials that ended 1s ago"),
        (field("Code", "Failed".into()), 5, "caused by: Failed"),
    ] {
        world.sim.fault(Op::Container, fault);
        let output = world.run("export --shell bash");
        assert_eq!((output.code, output.stdout.as_str()), (code, "false;\n"), "{told}: {output}");
        assert!(output.stderr.contains(told), "{told}: {output}");
    }
    let elsewhere = format!("{}/container/credentials?moved", world.sim.url());
    world.sim.fault_always(Op::Container, Fault::Redirect(elsewhere));
    let asked = world.sim.count("container");
    assert_eq!(world.run("export --shell bash").code, 5);
    assert_eq!(world.sim.count("container"), asked + 3, "a redirect is not followed");
}

#[test]
fn a_container_is_asked_at_no_other_host_and_by_no_proxy() {
    let world = container();
    let dead = TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy = format!("http://{}", dead.local_addr().unwrap());
    let mut world = ["http_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"]
        .into_iter()
        .fold(world, |world, name| world.env(name, &proxy));
    told(&world, "export --format json");
    dead.set_nonblocking(true).unwrap();
    assert!(dead.accept().is_err(), "the proxy was asked");
    for url in
        ["http://example.com/", "http://10.0.0.1/", "http://localhost.example.com/", "http://0x7f.1/", "x"]
    {
        world = world.env(FULL, url);
        let output = world.run("export --shell bash");
        assert!(output.code == 3 && output.stderr.contains(FULL), "{url}: {output}");
    }
    let world = world.env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", ".example.com/");
    let output = world.run("export --shell bash");
    assert!(output.code == 3 && output.stderr.contains("does not begin with a slash"), "{output}");
}

#[test]
fn an_instance_has_its_role() {
    let world = instance();
    world.sim.metadata_lifetime(120);
    for line in ["export --format json", "export plain --format json"] {
        let told = told(&world, line);
        assert_eq!((&told["identity"], &told["account_id"]), (&"Web".into(), &Value::Null), "{line}");
        assert_eq!(told["expiration"], "2030-01-02T03:06:05Z", "the end is the true one, however near");
    }
    assert_eq!(world.sim.calls()[..3], ["imds Token", "imds Role", "imds Credentials"]);
    let asked = world.sim.calls().len();
    assert!(world.run("list").stdout.contains("instance metadata"));
    assert_eq!(world.sim.calls().len(), asked, "to list them asks nobody");

    let url = world.sim.url().to_owned();
    let world = world.without(ENDPOINT);
    world.write("home/.aws/config", &format!("[profile plain]\nec2_metadata_service_endpoint = {url}/\n"));
    assert_eq!(told(&world, "export plain --format json")["identity"], "Web");
}

#[test]
fn an_instance_that_gives_nothing_says_why() {
    let mut world = instance();
    for (op, fault, code, told) in [
        (Op::ImdsRole, Fault::Status(404), 3, "this instance has no role"),
        (Op::ImdsRole, Fault::Html, 6, "is not the name of a role"),
        (Op::ImdsToken, Fault::Status(400), 5, "refused the request"),
        (Op::ImdsToken, Fault::Garbage, 6, "is no token"),
        (Op::ImdsCredentials, Fault::Field("Code".into(), "Failed".into()), 5, "caused by: Failed"),
        (Op::ImdsCredentials, Fault::Field("Token".into(), Value::Null), 6, "it has no `Token`"),
        (
            Op::ImdsCredentials,
            Fault::Field("Expiration".into(), "2030-01-02T03:04:05Z".into()),
            1,
            "ended 0s ago",
        ),
        (Op::ImdsCredentials, Fault::Status(500), 6, "has a fault of its own"),
    ] {
        world.sim.fault(op, fault);
        let output = world.run("export --shell bash");
        assert_eq!((output.code, output.stdout.as_str()), (code, "false;\n"), "{told}: {output}");
        assert!(output.stderr.contains(told), "{told}: {output}");
    }
    world = world.env("AWS_METADATA_SERVICE_NUM_ATTEMPTS", "2");
    world.sim.fault(Op::ImdsCredentials, Fault::Status(500));
    told(&world, "export --format json");
    for (name, value) in [
        ("AWS_METADATA_SERVICE_TIMEOUT", "0"),
        ("AWS_METADATA_SERVICE_NUM_ATTEMPTS", "many"),
        (ENDPOINT, "http://10.0.0.1/"),
    ] {
        let output = instance().env(name, value).run("export --shell bash");
        assert!(output.code == 3 && output.stderr.contains(name), "{output}");
    }
    let output = instance().env("AWS_EC2_METADATA_DISABLED", "TRUE").run("export plain");
    assert!(output.code == 3 && output.stderr.contains("says nothing of credentials"), "{output}");
}

const OLD: &str = r#"{"Code":"Success","AccessKeyId":"ASIAOLD0000000000001","SecretAccessKey":"s","Token":"t","Expiration":"2030-01-02T04:04:05Z"}"#;

/// A metadata service that knows no tokens: `token` is its answer to who asks for one; empty, it is silent.
fn old_service(token: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            std::thread::spawn(move || {
                let mut asked = vec![0; 4096];
                let length = stream.read(&mut asked).unwrap_or(0);
                let asked = String::from_utf8_lossy(&asked[..length]).into_owned();
                let (status, body) = if asked.starts_with("PUT ") {
                    if token.is_empty() {
                        std::thread::sleep(Duration::from_secs(3));
                    }
                    (token, "")
                } else if asked.starts_with("GET /latest/meta-data/iam/security-credentials/ ") {
                    ("200 OK", "Old")
                } else {
                    ("200 OK", OLD)
                };
                let length = body.len();
                let _ = write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {length}\r\n\r\n{body}");
            });
        }
    });
    url
}

#[test]
fn an_old_service_is_asked_without_a_token_unless_that_is_disabled() {
    for token in ["403 Forbidden", "404 Not Found", "405 Method Not Allowed", ""] {
        let world = instance().env(ENDPOINT, &old_service(token));
        assert_eq!(told(&world, "export --format json")["access_key_id"], "ASIAOLD0000000000001", "{token}");
    }
    let world = instance().env(ENDPOINT, &old_service("404 Not Found"));
    world.write("home/.aws/config", "[profile plain]\nec2_metadata_v1_disabled = true\n");
    for (world, line) in [
        (world, "export plain --shell bash"),
        (
            instance()
                .env(ENDPOINT, &old_service("404 Not Found"))
                .env("AWS_EC2_METADATA_V1_DISABLED", "true"),
            "export --shell bash",
        ),
    ] {
        let output = world.run(line);
        assert!(output.code == 6 && output.stderr.contains("IMDSv1 is disabled"), "{output}");
    }
}

#[test]
fn nobody_waits_for_a_service_that_is_not_there() {
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let started = Instant::now();
    let output = instance().env(ENDPOINT, &format!("http://{gone}/")).run("export --shell bash");
    assert_eq!(output.code, 6, "{output}");
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());

    let vendor = std::fs::read_to_string("/sys/class/dmi/id/sys_vendor").unwrap_or_default();
    if vendor.trim() != "Amazon EC2" {
        let started = Instant::now();
        let output = instance().without(ENDPOINT).run("export plain");
        assert!(output.code == 3 && output.stderr.contains("says nothing of credentials"), "{output}");
        assert!(started.elapsed() < Duration::from_millis(500), "{:?}", started.elapsed());
    }
}

#[test]
fn a_role_is_assumed_with_the_credential_source_that_the_profile_names() {
    let role = "arn:aws:iam::210987654321:role/Other";
    for (source, world, calls) in [("EcsContainer", container(), 1), ("Ec2InstanceMetadata", instance(), 3)] {
        world.sim.role(role).trusts("123456789012");
        let profile = format!("[profile other]\nrole_arn = {role}\ncredential_source = {source}\n");
        world.write("home/.aws/config", &profile);
        let told = told(&world, "export other --format json");
        assert_eq!(
            (&told["identity"], &told["account_id"]),
            (&"Other".into(), &"210987654321".into()),
            "{source}"
        );
        assert_eq!(world.sim.calls().len(), calls + 1, "{source}");
        assert_eq!(world.sim.calls().last().unwrap(), "sts AssumeRole", "{source}");
    }
    for (source, world, told) in [
        ("EcsContainer", World::new(), "there are no credentials of a container"),
        ("Ec2InstanceMetadata", World::new(), "AWS_EC2_METADATA_DISABLED is set"),
        ("ecscontainer", container(), "ecscontainer"),
    ] {
        let profile = format!("[profile other]\nrole_arn = {role}\ncredential_source = {source}\n");
        let output = world.config(&profile).run("export other");
        assert_eq!((output.code, output.stdout.as_str()), (3, "false;\n"), "{output}");
        assert!(output.stderr.contains(told), "{output}");
    }
}
