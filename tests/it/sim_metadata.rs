//! The simulator's instance and container give credentials as AWS's do, and refuse what those refuse.

use crate::sim::{ALICE, Fault, Op, Page, Person, Sim};
use crate::sim_faults::{borrowed, call, signed_at};
use crate::sim_self::{NOW, assert_refused, sim};
use serde_json::Value;
use std::time::Duration;

const ROLE: &str = "arn:aws:iam::123456789012:role/path/Web";
const LIST: &str = "/latest/meta-data/iam/security-credentials/";
const CONTAINER: &str = "/container/credentials";

fn ask(sim: &Sim, method: &str, path: &str, headers: &[(&str, &str)]) -> Page {
    Person::new().send(method, &format!("{}{path}", sim.url()), headers, "").unwrap()
}

fn token(sim: &Sim, seconds: &str) -> Page {
    ask(sim, "PUT", "/latest/api/token", &[("X-aws-ec2-metadata-token-ttl-seconds", seconds)])
}

fn who(sim: &Sim, page: &Page) -> String {
    let answer: Value = serde_json::from_str(&page.body).unwrap();
    let [id, secret, token] =
        ["AccessKeyId", "SecretAccessKey", "Token"].map(|name| answer[name].as_str().unwrap());
    let body = "Action=GetCallerIdentity&Version=2011-06-15";
    call(sim, &borrowed(&signed_at("20300102T030405Z", sim, (id, secret, Some(token)), body)), body).body
}

#[test]
fn an_instance_gives_credentials_for_a_token() {
    let sim = sim();
    let no = |page: &Page, status: u16, why: &str| assert_refused(&sim, page, status, "HTTP Status", why);
    for seconds in ["0", "21601", "six hours", ""] {
        no(&token(&sim, seconds), 400, "up to 21600");
    }
    no(&ask(&sim, "PUT", "/latest/api/token", &[]), 400, "up to 21600");
    let forwarded = [("X-aws-ec2-metadata-token-ttl-seconds", "60"), ("X-Forwarded-For", "10.0.0.1")];
    no(&ask(&sim, "PUT", "/latest/api/token", &forwarded), 403, "X-Forwarded-For");
    no(&ask(&sim, "GET", "/latest/api/token", &[]), 404, "there is no GET");

    let shown = token(&sim, "60").body;
    let get = |path: &str| ask(&sim, "GET", path, &[("X-aws-ec2-metadata-token", &shown)]);
    no(&get(LIST), 404, "has no role");
    sim.instance(ROLE);
    assert_eq!(get(LIST).body, "Web");
    let whole = format!("{LIST}Web");
    sim.metadata_lifetime(120);
    let page = get(&whole);
    let answer: Value = serde_json::from_str(&page.body).unwrap();
    assert_eq!((&answer["Code"], &answer["Expiration"]), (&"Success".into(), &"2030-01-02T03:06:05Z".into()));
    assert!(who(&sim, &page).contains("arn:aws:sts::123456789012:assumed-role/Web/i-0123456789abcdef0"));
    no(&get(&format!("{LIST}path/Web")), 404, "another role");
    no(&ask(&sim, "GET", &whole, &[]), 401, "no one token");
    no(&ask(&sim, "GET", LIST, &[("X-aws-ec2-metadata-token", "x")]), 401, "is unknown");
    sim.fault(Op::ImdsCredentials, Fault::Field("Code".into(), "Failed".into()));
    assert!(get(&whole).body.contains(r#""Code":"Failed""#));
    for (op, path) in [(Op::ImdsRole, LIST), (Op::ImdsCredentials, &whole)] {
        sim.fault(op, Fault::Status(500));
        assert_eq!(get(path).status, 500);
    }
    sim.fault(Op::ImdsToken, Fault::Status(500));
    assert_eq!(token(&sim, "60").status, 500);
    sim.imds(false);
    no(&token(&sim, "60"), 403, "switched off");
    no(&get(&whole), 403, "switched off");
    sim.imds(true);
    sim.set_now(NOW + 60);
    no(&get(&whole), 401, "has expired");
    let count = |call: &str| sim.count(&format!("imds {call}"));
    assert_eq!([count("Token"), count("Role"), count("Credentials")], [9, 4, 7]);
}

#[test]
fn a_container_gives_credentials_for_what_it_was_told() {
    let sim = sim();
    let get = |headers: &[(&str, &str)]| ask(&sim, "GET", CONTAINER, headers);
    let no = |page: &Page, status: u16, why: &str| assert_refused(&sim, page, status, r#"{"code":""#, why);
    no(&get(&[]), 404, "has no role");
    sim.container(ROLE, None);
    assert!(who(&sim, &get(&[])).contains("assumed-role/Web/0123456789abcdef"));
    sim.container(ROLE, Some("Bearer of/this+token="));
    no(&get(&[]), 401, "missing, or another");
    no(&get(&[("Authorization", "of/this+token=")]), 401, "missing, or another");
    no(&ask(&sim, "GET", "/container/other", &[]), 404, "elsewhere");
    let shown = [("Authorization", "Bearer of/this+token=")];
    let answer: Value = serde_json::from_str(&get(&shown).body).unwrap();
    let expected = ("123456789012", ROLE, "2030-01-02T09:04:05Z");
    let found = ["AccountId", "RoleArn", "Expiration"].map(|name| answer[name].as_str().unwrap());
    assert_eq!((found[0], found[1], found[2]), expected);
    sim.fault(Op::Container, Fault::Identity(ALICE.into()));
    assert!(who(&sim, &get(&shown)).contains(ALICE));
    let error = Fault::Error { status: 429, error: "Slow".into(), message: "down".into() };
    sim.fault(Op::Container, error);
    assert_eq!(get(&shown).body, r#"{"code":"Slow","message":"down"}"#);
    assert_eq!(sim.count("container Credentials"), 8);
}

#[test]
fn calls_that_wait_at_once_are_counted() {
    let sim = sim();
    sim.container(ROLE, None);
    ask(&sim, "GET", CONTAINER, &[]);
    assert_eq!(sim.most_at_once(), 0, "it did not wait");
    sim.latency(Duration::from_millis(200));
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| ask(&sim, "GET", CONTAINER, &[]));
        }
    });
    ask(&sim, "GET", CONTAINER, &[]);
    assert_eq!(sim.most_at_once(), 3);
}
