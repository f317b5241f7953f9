//! The simulator's STS verifies signatures, and every fault strikes as it is described.

use crate::sim::{ALICE, Fault, Op, Page, Person, Sim};
use crate::sim_self::{BOB, Client, NOW, assert_refused, authorize_url, code, redemption, renewal, sim};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

const FORM: &str = "application/x-www-form-urlencoded; charset=utf-8";
const WHO: &str = "Action=GetCallerIdentity&Version=2011-06-15";
pub(crate) const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const MOMENT: &str = "20300102T030405Z";

pub(crate) fn call(sim: &Sim, headers: &[(&str, &str)], body: &str) -> Page {
    Person::new().send("POST", &format!("{}/", sim.url()), headers, body).expect("STS answers")
}

/// A signed `GetCallerIdentity` at [`MOMENT`], its headers in order.
fn signed(sim: &Sim, id: &str, secret: &str, token: Option<&str>) -> Vec<(&'static str, String)> {
    signed_at(MOMENT, sim, (id, secret, token), WHO)
}

/// The headers of a call of STS, signed, in order.
pub(crate) fn signed_at(
    moment: &str,
    sim: &Sim,
    (id, secret, token): (&str, &str, Option<&str>),
    body: &str,
) -> Vec<(&'static str, String)> {
    let host = sim.url().replace("http://", "");
    let mut headers =
        vec![("content-type", FORM.to_owned()), ("host", host), ("x-amz-date", moment.to_owned())];
    headers.extend(token.map(|token| ("x-amz-security-token", token.to_owned())));
    let names = headers.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";");
    let lines = headers.iter().map(|(name, value)| format!("{name}:{value}")).collect::<Vec<_>>().join("\n");
    let canonical = format!("POST\n/\n\n{lines}\n\n{names}\n{}", hex(&Sha256::digest(body)));
    let scope = format!("{}/eu-west-1/sts/aws4_request", &moment[..8]);
    let text = format!("AWS4-HMAC-SHA256\n{moment}\n{scope}\n{}", hex(&Sha256::digest(canonical)));
    let key = scope.split('/').fold(format!("AWS4{secret}").into_bytes(), |key, part| hmac(&key, part));
    let signature = hex(&hmac(&key, &text));
    let value =
        format!("AWS4-HMAC-SHA256 Credential={id}/{scope}, SignedHeaders={names}, Signature={signature}");
    headers.push(("authorization", value));
    headers
}

fn hmac(key: &[u8], text: &str) -> Vec<u8> {
    Hmac::<Sha256>::new_from_slice(key)
        .expect("any length will do")
        .chain_update(text)
        .finalize()
        .into_bytes()
        .to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

pub(crate) fn borrowed<'a>(headers: &'a [(&'static str, String)]) -> Vec<(&'a str, &'a str)> {
    headers.iter().map(|(name, value)| (*name, value.as_str())).collect()
}

fn who(sim: &Sim, answer: &Value) -> Page {
    let [id, secret, token] = ["accessKeyId", "secretAccessKey", "sessionToken"]
        .map(|name| answer["accessToken"][name].as_str().unwrap_or_default());
    call(sim, &borrowed(&signed(sim, id, secret, Some(token))), WHO)
}

#[test]
fn the_published_signatures_are_verified() {
    let sim = sim();
    let role = "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws-cn%3Aiam%3A%3A123456789012%3Arole%2FRoleA\
                &RoleSessionName=me";
    let mfa = "Action=GetSessionToken&Version=2011-06-15&SerialNumber=arn%3Aaws%3Aiam%3A%3A123456789012%3Amfa%2Falice\
               &TokenCode=123456";
    for (host, region, token, body, why, signature) in [
        (
            "sts.us-east-1.amazonaws.com",
            "us-east-1",
            "",
            WHO,
            "",
            "31a53dffa2a862b2d2bc284346c53a4ed89acdd2f90e3bfe53a65089e513ddd2",
        ),
        (
            "sts.us-east-1.amazonaws.com",
            "us-east-1",
            "FakeSessionToken/+==",
            WHO,
            "",
            "d4ea4bb065dc9083160810495e98255843ec58a875906519d2684dd0189e70a8",
        ),
        (
            "sts.cn-north-1.amazonaws.com.cn",
            "cn-north-1",
            "",
            role,
            "the role is unknown",
            "0154bee7d0d21da7fa7de5988a1f63e8d792347cfa5b7e98f37ce073b6e6a23f",
        ),
        (
            "127.0.0.1:8933",
            "us-east-1",
            "",
            mfa,
            "has no device",
            "3eda2b62e0305bc8abb4aeed856e5884d009cb12ab5df3619d522c679976d3e1",
        ),
    ] {
        let mut headers = vec![("Host", host), ("Content-Type", FORM), ("X-Amz-Date", MOMENT)];
        let mut names = "content-type;host;x-amz-date".to_owned();
        if token.is_empty() {
            sim.key("AKIDEXAMPLE", SECRET, BOB);
        } else {
            sim.temporary_key("AKIDEXAMPLE", SECRET, token, ALICE, NOW + 60);
            headers.push(("X-Amz-Security-Token", token));
            names += ";x-amz-security-token";
        }
        let scope = format!("AKIDEXAMPLE/20300102/{region}/sts/aws4_request");
        let value =
            format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders={names}, Signature={signature}");
        headers.push(("Authorization", &value));
        let page = call(&sim, &headers, body);
        if body == WHO {
            assert_eq!(page.status, 200, "{:?}", sim.refusals());
        } else {
            assert_refused(&sim, &page, 403, "AccessDenied", why);
        }
    }
    let calls = ["sts GetCallerIdentity", "sts GetCallerIdentity", "sts AssumeRole", "sts GetSessionToken"];
    assert_eq!(sim.calls(), calls);
}

#[test]
fn a_signature_is_taken_only_when_all_of_it_is_right() {
    let sim = sim();
    sim.key("AKIDBOB", SECRET, BOB);
    sim.temporary_key("ASIAALICE", SECRET, "tok/+==", ALICE, NOW + 60);
    let good = signed(&sim, "ASIAALICE", SECRET, Some("tok/+=="));
    let page = call(&sim, &borrowed(&good), WHO);
    assert!(
        page.status == 200 && page.body.contains(&format!("<Arn>{ALICE}</Arn>")),
        "{page:?} {:?}",
        sim.refusals()
    );
    assert!(
        page.body.contains("<Account>123456789012</Account>") && page.body.contains(":alice</UserId>"),
        "{page:?}"
    );

    let mismatch = "<Code>SignatureDoesNotMatch</Code>";
    let invalid = "<Code>InvalidClientTokenId</Code>";
    let without = |name: &str| good.iter().filter(|(found, _)| *found != name).cloned().collect::<Vec<_>>();
    let with = |name: &str, value: &str| {
        let mut headers = good.clone();
        headers.iter_mut().filter(|(found, _)| *found == name).for_each(|(_, old)| *old = value.to_owned());
        headers
    };
    let authorization = &good[4].1;
    let changed = |from: &str, to: &str| with("authorization", &authorization.replace(from, to));
    let more = |name, value: &str| [good.clone(), vec![(name, value.to_owned())]].concat();
    for (headers, body, status, code, why) in [
        (signed(&sim, "ASIAALICE", "wrong", Some("tok/+==")), WHO, 403, mismatch, "should be"),
        (good.clone(), "Action=GetCallerIdentity&Version=2011-06-15&X=1", 403, mismatch, "should be"),
        (signed(&sim, "ASIANOBODY", SECRET, Some("tok/+==")), WHO, 403, invalid, "unknown"),
        (signed(&sim, "ASIAALICE", SECRET, None), WHO, 403, invalid, "session token is missing"),
        (signed(&sim, "ASIAALICE", SECRET, Some("tok")), WHO, 403, invalid, "another than"),
        (signed(&sim, "AKIDBOB", SECRET, Some("tok/+==")), WHO, 403, invalid, "long-term"),
        (without("x-amz-date"), WHO, 403, mismatch, "no one x-amz-date"),
        (with("x-amz-date", "2030-01-02T03:04:05Z"), WHO, 403, mismatch, "x-amz-date is"),
        (with("x-amz-date", "20300103T030405Z"), WHO, 403, mismatch, "the scope is of 20300102"),
        (with("content-type", "application/x-www-form-urlencoded"), WHO, 403, mismatch, "should be"),
        (with("content-type", "application/json"), WHO, 400, "<Code>MissingAction</Code>", "of type"),
        (changed("host;", ""), WHO, 403, mismatch, "host is not signed"),
        (changed(";x-amz-security-token", ""), WHO, 403, mismatch, "x-amz-security-token is not signed"),
        (changed("content-type;host", "host;content-type"), WHO, 403, mismatch, "not in order"),
        (more("x-amz-meta", "1"), WHO, 403, mismatch, "x-amz-meta is not signed"),
        (changed("eu-west-1", "us-east-1"), WHO, 403, mismatch, "should be"),
        (changed("eu-west-1", "EU"), WHO, 403, mismatch, "region EU"),
        (changed("/sts/", "/iam/"), WHO, 403, mismatch, "service iam"),
        (changed("/aws4_request", ""), WHO, 400, "<Code>IncompleteSignature</Code>", "Credential is not"),
        (changed("SHA256", "SHA1"), WHO, 400, "<Code>IncompleteSignature</Code>", "algorithm"),
        (without("authorization"), WHO, 403, "<Code>MissingAuthenticationToken</Code>", "not signed"),
        (good.clone(), "Version=2011-06-15", 400, "<Code>MissingAction</Code>", "no Action"),
    ] {
        assert_refused(&sim, &call(&sim, &borrowed(&headers), body), status, code, why);
    }
    for (moment, code) in [(901, mismatch), (-901, mismatch), (60, "<Code>ExpiredToken</Code>")] {
        sim.set_now(NOW + moment);
        assert_refused(&sim, &call(&sim, &borrowed(&good), WHO), 403, code, "");
    }
}

#[test]
fn faults_that_replace_an_answer_spend_nothing() {
    let sim = sim();
    let mut client = Client::new(7);
    let body = redemption(&code(&sim));
    let error = Fault::Error { status: 429, error: "rate_exceeded".into(), message: "slow <down>".into() };
    let deep = "[".repeat(1000);
    for (fault, status, wanted) in [
        (error.clone(), 429, r#"{"error":"rate_exceeded","message":"slow <down>"}"#),
        (Fault::Status(503), 503, ""),
        (Fault::Redirect("http://127.0.0.1:1/".into()), 302, ""),
        (Fault::Html, 200, "Hotel Wi-Fi"),
        (Fault::DeepJson(1000), 200, deep.as_str()),
        (Fault::Garbage, 200, "\u{fffd}"),
        (Fault::Json(json!({"a": 1})), 200, r#"{"a":1}"#),
    ] {
        sim.fault(Op::Token, fault.clone());
        let page = client.post(&sim, &body);
        assert!(page.status == status && page.body.contains(wanted), "{fault:?}: {page:?}");
    }
    for fault in [Fault::Silent, Fault::Reset] {
        sim.fault(Op::Token, fault.clone());
        assert_eq!(raw(&mut client, &sim, &body, 100_000).len(), 0, "{fault:?}");
    }
    sim.fault(Op::Token, Fault::Huge);
    assert_eq!(raw(&mut client, &sim, &body, 5 << 20).len(), 5 << 20);
    sim.fault(Op::Token, Fault::GzipBomb);
    let bomb = raw(&mut client, &sim, &body, 2 << 20);
    assert!(bomb.windows(3).any(|bytes| bytes == [0x1f, 0x8b, 8]) && bomb.len() == 2 << 20);

    sim.fault_always(Op::Token, error.clone());
    assert_eq!([client.post(&sim, &body).status, client.post(&sim, &body).status], [429, 429]);
    sim.clear_faults();
    let answer = client.login(&sim);

    sim.fault(Op::Authorize, error.clone());
    assert_eq!(Person::new().get(&authorize_url(&sim), &[]).unwrap().status, 429);
    sim.fault(Op::CallerIdentity, error);
    let page = who(&sim, &answer);
    assert!(page.status == 429 && page.body.contains("<Message>slow &lt;down&gt;</Message>"), "{page:?}");
    assert!(sim.refusals().is_empty(), "{:?}", sim.refusals());
}

#[test]
fn faults_that_alter_an_answer_leave_the_rest_true() {
    let sim = sim();
    let mut client = Client::new(7);
    sim.fault(Op::Token, Fault::Identity(BOB.into()));
    let login = client.login(&sim);
    let claims = login["idToken"].as_str().unwrap().to_owned();
    assert!(claims.contains(
        &base64::Engine::encode(
            &base64::engine::general_purpose::URL_SAFE_NO_PAD,
            format!("{{\"sub\":\"{BOB}")
        )[..40]
    ));
    assert!(who(&sim, &login).body.contains(ALICE));
    sim.fault(Op::CallerIdentity, Fault::Identity(BOB.into()));
    assert!(who(&sim, &login).body.contains("<Account>210987654321</Account>"));

    sim.single_use_refresh(false);
    let renew = renewal(&login);
    sim.fault(Op::Refresh, Fault::Field("expiresIn".into(), json!("soon")));
    assert!(client.post(&sim, &renew).body.contains(r#""expiresIn":"soon""#));
    sim.fault(Op::Refresh, Fault::Field("tokenType".into(), Value::Null));
    assert!(!client.post(&sim, &renew).body.contains("tokenType"));
    sim.fault(Op::Refresh, Fault::Field("accessToken.sessionToken".into(), json!("a b'c")));
    assert!(client.post(&sim, &renew).body.contains(r#""sessionToken":"a b'c"}"#));
    sim.fault(Op::Refresh, Fault::Headers(50));
    let page = client.post(&sim, &renew);
    assert!(page.status == 200 && page.header("x-sim-49").is_some(), "{page:?}");
    sim.fault(Op::Refresh, Fault::Date(-3600));
    let page = client.post(&sim, &renew);
    assert_refused(&sim, &page, 401, "TOKEN_EXPIRED", "3600 s from");
    assert_eq!(page.header("date"), Some("Wed, 02 Jan 2030 02:04:05 GMT"));

    let whole = raw(&mut client, &sim, &renew, 100_000).len();
    sim.fault(Op::Refresh, Fault::Truncated);
    let half = raw(&mut client, &sim, &renew, 100_000).len();
    assert!(half > 300 && half < whole - 300, "{half} of {whole} bytes");
    sim.fault(Op::Refresh, Fault::Drip);
    let drops = raw(&mut client, &sim, &renew, 100_000);
    assert!(drops.ends_with(b"\r\n\r\n{"), "{}", String::from_utf8_lossy(&drops));

    sim.fault(Op::Refresh, Fault::Slow(Duration::from_millis(700)));
    assert_eq!(raw(&mut client, &sim, &renew, 100_000).len(), 0, "nothing comes in half a second");
    sim.latency(Duration::from_millis(700));
    assert_eq!(raw(&mut client, &sim, &renew, 100_000).len(), 0, "nothing comes in half a second");
}

/// What comes of a token call within half a second of silence, or until the end, or `most` bytes.
fn raw(client: &mut Client, sim: &Sim, body: &Value, most: usize) -> Vec<u8> {
    let host = sim.url().replace("http://", "");
    let (proof, body) = (client.proof(sim), body.to_string());
    let mut stream = TcpStream::connect(&host).expect("the simulator listens");
    stream.set_read_timeout(Some(Duration::from_millis(500))).expect("a time is set");
    let head = format!("POST /v1/token HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nDPoP: {proof}\r\n");
    let rest = format!("Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    stream.write_all((head + &rest).as_bytes()).expect("the simulator reads");
    let mut bytes = Vec::new();
    let _ = stream.take(most as u64).read_to_end(&mut bytes);
    bytes
}

#[test]
fn hundreds_are_served_at_once_and_the_end_closes_the_port() {
    let sim = sim();
    sim.identities(&[BOB]);
    let host = sim.url().replace("http://", "");
    let mut idle: Vec<_> = (0..200).map(|_| TcpStream::connect(&host).unwrap()).collect();
    assert!(Person::new().get(&authorize_url(&sim), &[]).unwrap().body.contains("Continue as bob"));
    for stream in &mut idle {
        write!(stream, "GET /nothing HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").unwrap();
    }
    for stream in &mut idle {
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        assert!(text.starts_with("HTTP/1.1 404"), "{text}");
    }
    let services = ["SIGNIN", "STS", "SSO", "SSO_OIDC"];
    let expected = services.map(|name| (format!("AWS_ENDPOINT_URL_{name}"), sim.url().to_owned()));
    assert!(sim.env().into_iter().map(|(name, url)| (name.to_owned(), url)).eq(expected), "{:?}", sim.env());
    drop(sim);
    assert!(TcpStream::connect(&host).is_err());
    assert!(Sim::start().now() > 1_700_000_000);
}
