//! The simulator's OIDC registers, asks the person, and gives tokens as AWS does, and refuses what AWS refuses.

use crate::sim::{Fault, Op, Page, Person, Sim};
use crate::sim_self::{NOW, assert_refused, sim};
use serde_json::{Value, json};

const START: &str = "https://d-1234567890.awsapps.com/start";
const DEVICE: &str = "urn:ietf:params:oauth:grant-type:device_code";
const VERIFIER: &str = "eFF1SuzEEd3Y.S3GmL2gbsQmX~t52vGb6pNsdZEkOeJFdkhvajwK8HBm2nXPM99R";
const CHALLENGE: &str = "98f4OW1h1Q51dFYm_6j9GRC4wbVhNM2NVrZnwnYSI2s";
const STATE: &str = "0f8fad5b-d9cb-469f-a165-70867728950e";
const CALLBACK: &str = "http://127.0.0.1:46115/oauth/callback";

fn post(sim: &Sim, path: &str, body: &Value) -> Page {
    let json = [("Content-Type", "application/json")];
    let url = format!("{}{path}", sim.url());
    Person::new().send("POST", &url, &json, &body.to_string()).expect("OIDC answers")
}

fn good(page: &Page) -> Value {
    assert_eq!(page.status, 200, "{}", page.body);
    serde_json::from_str(&page.body).expect("the answer is JSON")
}

fn refused(sim: &Sim, page: &Page, error: &str, why: &str) {
    let kind: String = error.split('_').map(|word| word[..1].to_uppercase() + &word[1..]).collect();
    let kind = kind + "Exception";
    let status = if error == "invalid_client" { 401 } else { 400 };
    assert_refused(sim, page, status, &format!(r#"{{"error":"{error}","error_description":""#), why);
    assert_eq!(page.header("x-amzn-errortype"), Some(kind.as_str()));
}

fn for_device() -> Value {
    json!({"clientName": "botocore-client-dev", "clientType": "public", "scopes": ["sso:account:access"]})
}

fn for_browser() -> Value {
    json!({
        "clientName": "botocore-client-dev", "clientType": "public",
        "grantTypes": ["authorization_code", "refresh_token"],
        "redirectUris": ["http://127.0.0.1/oauth/callback"], "issuerUrl": START, "scopes": ["sso:account:access"],
    })
}

/// A registered client.
struct Client<'a> {
    sim: &'a Sim,
    known: Value,
}

impl<'a> Client<'a> {
    fn register(sim: &'a Sim, body: &Value) -> Self {
        Self { sim, known: good(&post(sim, "/client/register", body)) }
    }

    /// A body with these fields beside the client's own.
    fn body(&self, fields: Value) -> Value {
        let mut body =
            json!({"clientId": self.known["clientId"], "clientSecret": self.known["clientSecret"]});
        body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        body
    }

    fn start(&self) -> Value {
        good(&post(self.sim, "/device_authorization", &self.body(json!({"startUrl": START}))))
    }

    fn poll(&self, device: &Value) -> Page {
        self.token(json!({"grantType": DEVICE, "deviceCode": device["deviceCode"]}))
    }

    fn token(&self, fields: Value) -> Page {
        post(self.sim, "/token", &self.body(fields))
    }

    fn refresh(&self, token: &Value) -> Page {
        self.token(json!({"grantType": "refresh_token", "refreshToken": token["refreshToken"]}))
    }

    fn url(&self) -> String {
        format!(
            "{}/authorize?response_type=code&client_id={}&redirect_uri=http%3A%2F%2F127.0.0.1%3A46115%2Foauth%2Fcallback\
             &state={STATE}&code_challenge_method=S256&scopes=sso%3Aaccount%3Aaccess&code_challenge={CHALLENGE}",
            self.sim.url(),
            self.known["clientId"].as_str().unwrap()
        )
    }

    fn redemption(&self) -> Value {
        let location = Person::new().location(&self.url()).expect("the page is shown");
        let (_, code) = location.split_once(&format!("{CALLBACK}?code=")).expect("there is a code");
        let code = code.strip_suffix(&format!("&state={STATE}")).expect("the state comes last");
        json!({"grantType": "authorization_code", "redirectUri": CALLBACK, "codeVerifier": VERIFIER, "code": code})
    }
}

/// A token of a device that somebody allowed.
pub(crate) fn token(sim: &Sim) -> String {
    let client = Client::register(sim, &for_device());
    let device = client.start();
    sim.answer_device(device["userCode"].as_str().unwrap(), true).unwrap();
    good(&client.poll(&device))["accessToken"].as_str().unwrap().to_owned()
}

fn with(body: &Value, name: &str, to: Value) -> Value {
    let mut body = body.clone();
    body[name] = to;
    body
}

fn without(body: &Value, name: &str) -> Value {
    let mut body = body.clone();
    body.as_object_mut().unwrap().remove(name);
    body
}

#[test]
fn a_client_registers_only_as_the_aws_cli_does() {
    let sim = sim();
    let (device, browser) = (&for_device(), &for_browser());
    for (body, error, why) in [
        (without(device, "clientName"), "invalid_request", "no clientName"),
        (with(device, "clientType", "confidential".into()), "invalid_client_metadata", "not public"),
        (with(device, "scopes", "sso:account:access".into()), "invalid_request", "no list"),
        (with(device, "scopes", json!([])), "invalid_request", "no list"),
        (with(device, "scopes", json!(["sso account"])), "invalid_scope", "scopes are"),
        (with(device, "issuerUrl", START.into()), "invalid_request", "without grantTypes"),
        (with(device, "scope", "x".into()), "invalid_request", "a field scope"),
        (with(browser, "grantTypes", json!(["password"])), "unsupported_grant_type", "grantTypes are"),
        (with(browser, "issuerUrl", "https://d-0.awsapps.com/start".into()), "invalid_request", "is unknown"),
        (without(browser, "scopes"), "invalid_scope", "no scopes"),
        (without(browser, "redirectUris"), "invalid_redirect_uri", "redirectUris are"),
        (json!([1]), "invalid_request", "not an object"),
    ] {
        refused(&sim, &post(&sim, "/client/register", &body), error, why);
    }
    for uri in ["http://localhost/oauth/callback", "https://127.0.0.1/oauth/callback", "http://127.0.0.1/"] {
        let body = with(browser, "redirectUris", json!([uri]));
        refused(&sim, &post(&sim, "/client/register", &body), "invalid_redirect_uri", uri);
    }
    let url = format!("{}/client/register", sim.url());
    let page =
        Person::new().send("POST", &url, &[("Content-Type", "text/plain")], &device.to_string()).unwrap();
    refused(&sim, &page, "invalid_request", "of type");

    sim.start_url("https://d-0.awsapps.com/start");
    let other = with(browser, "issuerUrl", "https://d-0.awsapps.com/start/#/".into());
    let known = Client::register(&sim, &other).known;
    assert_eq!(known["clientSecretExpiresAt"], NOW + 90 * 86_400);
    assert!(sim.secrets().iter().any(|secret| known["clientSecret"] == secret.as_str()));
    let (call, sent) = sim.requests().pop().unwrap();
    assert_eq!((call.as_str(), sent[0].1.as_str()), ("oidc RegisterClient", "botocore-client-dev"));
    assert_eq!(sent[2].1, r#"["authorization_code","refresh_token"]"#);
}

#[test]
fn a_device_gets_a_token_when_the_person_allows_it() {
    let sim = sim();
    let client = Client::register(&sim, &for_device());
    let start = client.body(json!({"startUrl": START}));
    for (body, error, why) in [
        (with(&start, "startUrl", "https://d-0.awsapps.com/start".into()), "invalid_request", "is unknown"),
        (with(&start, "clientSecret", "x".into()), "invalid_client", "is another"),
        (with(&start, "clientId", "x".into()), "invalid_client", "client is unknown"),
        (with(&start, "scopes", json!([])), "invalid_request", "a field scopes"),
        (
            Client::register(&sim, &for_browser()).body(json!({"startUrl": START})),
            "unauthorized_client",
            "for a browser",
        ),
    ] {
        refused(&sim, &post(&sim, "/device_authorization", &body), error, why);
    }
    let device = client.start();
    assert_eq!((&device["interval"], &device["expiresIn"]), (&json!(5), &json!(600)));
    refused(&sim, &client.poll(&device), "authorization_pending", "nobody has answered");
    sim.advance(4);
    refused(&sim, &client.poll(&device), "slow_down", "Some(4) s after");
    sim.advance(9);
    refused(&sim, &client.poll(&device), "slow_down", "not 10");
    sim.advance(15);
    refused(&sim, &client.poll(&device), "authorization_pending", "nobody has answered");
    let stranger = Client::register(&sim, &for_device());
    refused(&sim, &stranger.poll(&device), "invalid_grant", "another client");
    refused(&sim, &client.poll(&json!({"deviceCode": "x"})), "invalid_grant", "never issued");

    let [page, whole, code] = ["verificationUri", "verificationUriComplete", "userCode"]
        .map(|name| device[name].as_str().unwrap().to_owned());
    assert_eq!(whole, format!("{page}?user_code={code}"));
    assert!(Person::new().get(&whole, &[]).unwrap().body.contains("botocore-client-dev asks"));
    assert!(Person::new().enter_code(&page, "BCDF-BCDF").unwrap_err().contains("400"));
    assert!(Person::new().enter_code(&page, &code).unwrap().body.contains("Access allowed"));
    assert!(Person::new().approve_device(&whole).unwrap_err().contains("400"));
    let answer = good(&client.poll(&device));
    assert_eq!((&answer["tokenType"], &answer["expiresIn"]), (&json!("Bearer"), &json!(3600)));
    assert!(answer["refreshToken"].is_string() && answer["idToken"].is_null());
    refused(&sim, &client.poll(&device), "invalid_grant", "is spent");

    let denied = client.start();
    let url = denied["verificationUriComplete"].as_str().unwrap();
    assert!(Person::new().deny_device(url).unwrap().body.contains("Access denied"));
    refused(&sim, &client.poll(&denied), "access_denied", "denied");
    sim.device_lifetime(60);
    sim.device_interval(1);
    let late = client.start();
    sim.advance(60);
    refused(&sim, &client.poll(&late), "expired_token", "has expired");
    assert!(sim.answer_device(late["userCode"].as_str().unwrap(), true).is_err());

    let plain = Client::register(&sim, &without(&for_device(), "scopes"));
    let device = plain.start();
    Person::new().approve_device(device["verificationUriComplete"].as_str().unwrap()).unwrap();
    assert!(good(&plain.poll(&device)).get("refreshToken").is_none());
    sim.registration_lifetime(60);
    let short = Client::register(&sim, &for_device());
    sim.advance(60);
    refused(&sim, &short.poll(&device), "invalid_client", "registration has expired");
}

#[test]
fn a_browser_is_sent_only_as_the_aws_cli_sends_it() {
    let sim = sim();
    let client = Client::register(&sim, &for_browser());
    let url = client.url();
    let id = client.known["clientId"].as_str().unwrap();
    let device = Client::register(&sim, &for_device()).known["clientId"].as_str().unwrap().to_owned();
    for (from, to, why) in [
        ("S256", "SHA-256", "code_challenge_method is"),
        ("response_type=code", "response_type=token", "response_type is"),
        (id, &device, "of no client with a browser"),
        ("127.0.0.1%3A46115", "localhost%3A46115", "redirect_uri is"),
        ("%3A46115%2F", "%2F", "redirect_uri is"),
        (STATE, "abc", "state is"),
        ("scopes=sso", "scopes=sso%3Aother%20sso", "scopes is"),
        ("scopes=", "scope=", "the parameters are not"),
        ("sso%3Aaccount", "sso:account", "percent-encoded"),
        (CHALLENGE, &CHALLENGE[1..], "code_challenge is"),
        ("&code_challenge=", "&nonce=1&code_challenge=", "the parameters are not"),
    ] {
        let page = Person::new().get(&url.replacen(from, to, 1), &[]).unwrap();
        assert_refused(&sim, &page, 400, "HTTP Status 400", why);
    }
    assert!(Person::new().cancel(&url).unwrap_err().contains("error=access_denied&state="));
    sim.fault(Op::Authorize, Fault::Status(503));
    assert_eq!(Person::new().get(&url, &[]).unwrap().status, 503);
    assert_eq!(sim.count("oidc Authorize"), 13);

    let redemption = client.redemption();
    let stranger = Client::register(&sim, &for_browser());
    refused(&sim, &stranger.token(redemption.clone()), "invalid_grant", "another client");
    for (name, to, error, why) in [
        ("codeVerifier", VERIFIER.replace('e', "f"), "invalid_grant", "does not fit"),
        ("codeVerifier", VERIFIER[..42].to_owned(), "invalid_request", "43 to 128"),
        ("redirectUri", CALLBACK.replace('5', "6"), "invalid_grant", "another redirectUri"),
        ("code", "x".to_owned(), "invalid_grant", "never issued"),
        ("grantType", "password".to_owned(), "unsupported_grant_type", "grantType is"),
        ("scope", "x".to_owned(), "invalid_request", "a field scope"),
    ] {
        refused(&sim, &client.token(with(&redemption, name, to.into())), error, why);
    }
    assert_eq!(client.token(redemption.clone()).status, 200);
    refused(&sim, &client.token(redemption), "invalid_grant", "code is spent");
    let late = client.redemption();
    sim.advance(300);
    refused(&sim, &client.token(late), "invalid_grant", "code has expired");
}

#[test]
fn a_refresh_token_is_good_once_while_the_session_lasts() {
    let sim = sim();
    sim.sso_token_lifetime(60);
    sim.sso_session_lifetime(100);
    let client = Client::register(&sim, &for_browser());
    let first = good(&client.token(client.redemption()));
    let stranger = Client::register(&sim, &for_browser());
    refused(&sim, &stranger.refresh(&first), "invalid_grant", "another client");
    refused(&sim, &client.refresh(&json!({"refreshToken": "x"})), "invalid_grant", "never issued");
    sim.fault(
        Op::OidcRefresh,
        Fault::Error { status: 500, error: "server_error".into(), message: "m".into() },
    );
    let page = client.refresh(&first);
    assert_eq!((page.status, page.header("x-amzn-errortype")), (500, Some("InternalServerException")));
    sim.advance(50);
    let second = good(&client.refresh(&first));
    assert_eq!((&first["expiresIn"], &second["expiresIn"]), (&json!(60), &json!(50)));
    assert!(second["refreshToken"].is_string() && second["refreshToken"] != first["refreshToken"]);
    refused(&sim, &client.refresh(&first), "invalid_grant", "is spent");
    sim.single_use_refresh(false);
    sim.fault(Op::OidcRefresh, Fault::Field("refreshToken".into(), Value::Null));
    assert!(good(&client.refresh(&first)).get("refreshToken").is_none());
    sim.advance(50);
    refused(&sim, &client.refresh(&second), "invalid_grant", "session is over");
    let next = good(&client.token(client.redemption()));
    sim.end_sso_sessions();
    refused(&sim, &client.refresh(&next), "invalid_grant", "session is over");
    for (op, path) in [(Op::Register, "/client/register"), (Op::Device, "/device_authorization")] {
        sim.fault(op, Fault::Status(503));
        let body = if op == Op::Device { for_browser() } else { for_device() };
        let page = post(&sim, path, &body);
        assert_eq!(page.status, if op == Op::Device { 400 } else { 503 }, "what is wrong is judged first");
    }
    sim.fault(Op::OidcToken, Fault::Html);
    assert!(client.token(client.redemption()).body.contains("Hotel"));
}
