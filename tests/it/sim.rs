//! The simulator refuses what AWS refuses, takes what AWS takes, and fails as it is told to.

use crate::sim::{ALICE, Page, Person, Sim};
use base64::{Engine, engine::general_purpose::STANDARD, engine::general_purpose::URL_SAFE_NO_PAD};
use p256::ecdsa::{Signature, SigningKey, signature::Signer};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpListener;

const VERIFIER: &str = "eFF1SuzEEd3Y.S3GmL2gbsQmX~t52vGb6pNsdZEkOeJFdkhvajwK8HBm2nXPM99R";
const CHALLENGE: &str = "98f4OW1h1Q51dFYm_6j9GRC4wbVhNM2NVrZnwnYSI2s";
const STATE: &str = "0f8fad5b-d9cb-469f-a165-70867728950e";
const SAME_DEVICE: &str = "arn:aws:signin:::devtools/same-device";
const CALLBACK: &str = "http://127.0.0.1:46115/oauth/callback";
pub(crate) const NOW: i64 = 1_893_553_445; // 2030-01-02T03:04:05Z
pub(crate) const BOB: &str = "arn:aws:iam::210987654321:user/bob";

pub(crate) fn sim() -> Sim {
    let sim = Sim::start();
    sim.set_now(NOW);
    sim
}

pub(crate) fn authorize_url(sim: &Sim) -> String {
    format!(
        "{}/v1/authorize?response_type=code&client_id=arn%3Aaws%3Asignin%3A%3A%3Adevtools%2Fsame-device&state={STATE}\
         &code_challenge_method=SHA-256&scope=openid&redirect_uri=http%3A%2F%2F127.0.0.1%3A46115%2Foauth%2Fcallback\
         &code_challenge={CHALLENGE}",
        sim.url()
    )
}

pub(crate) fn code(sim: &Sim) -> String {
    let location = Person::new().location(&authorize_url(sim)).expect("the page is shown");
    let code = location.split(['=', '&']).nth(1);
    code.expect("there is a code").to_owned()
}

/// A client that does all as it should, but for what a test changes.
pub(crate) struct Client {
    key: SigningKey,
    jti: u32,
}

impl Client {
    pub(crate) fn new(seed: u8) -> Self {
        Self { key: SigningKey::from_slice(&[seed; 32]).expect("a key"), jti: u32::from(seed) << 16 }
    }

    /// The header and the claims of a good proof.
    fn parts(&mut self, sim: &Sim) -> (Value, Value) {
        let point = self.key.verifying_key().to_sec1_point(false);
        let [x, y] =
            [&point.as_bytes()[1..33], &point.as_bytes()[33..]].map(|bytes| URL_SAFE_NO_PAD.encode(bytes));
        self.jti += 1;
        let header =
            json!({"typ": "dpop+jwt", "alg": "ES256", "jwk": {"kty": "EC", "x": x, "y": y, "crv": "P-256"}});
        let url = format!("{}/v1/token", sim.url());
        let claims = json!({"htm": "POST", "htu": url, "iat": NOW, "jti": self.jti.to_string()});
        (header, claims)
    }

    fn sign(&self, header: &Value, claims: &Value) -> String {
        let text = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string())).join(".");
        let signature: Signature = self.key.sign(text.as_bytes());
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()))
    }

    pub(crate) fn proof(&mut self, sim: &Sim) -> String {
        let (header, claims) = self.parts(sim);
        self.sign(&header, &claims)
    }

    pub(crate) fn post(&mut self, sim: &Sim, body: &Value) -> Page {
        let proof = self.proof(sim);
        post(sim, &[("Content-Type", "application/json"), ("DPoP", &proof)], body)
    }

    pub(crate) fn login(&mut self, sim: &Sim) -> Value {
        let page = self.post(sim, &redemption(&code(sim)));
        assert_eq!(page.status, 200, "{:?}", sim.refusals());
        serde_json::from_str(&page.body).expect("the answer is JSON")
    }
}

fn post(sim: &Sim, headers: &[(&str, &str)], body: &Value) -> Page {
    Person::new()
        .send("POST", &format!("{}/v1/token", sim.url()), headers, &body.to_string())
        .expect("sign-in answers")
}

pub(crate) fn redemption(code: &str) -> Value {
    json!({
        "clientId": SAME_DEVICE, "grantType": "authorization_code",
        "code": code, "codeVerifier": VERIFIER, "redirectUri": CALLBACK,
    })
}

pub(crate) fn renewal(answer: &Value) -> Value {
    json!({"clientId": SAME_DEVICE, "refreshToken": answer["refreshToken"], "grantType": "refresh_token"})
}

fn set(mut value: Value, name: &str, to: &str) -> Value {
    value[name] = to.into();
    value
}

/// The status, the `error` of the answer, and that the last refusal tells `why`.
pub(crate) fn assert_refused(sim: &Sim, page: &Page, status: u16, error: &str, why: &str) {
    let told = sim.refusals().pop().unwrap_or_default();
    assert!(told.contains(why), "refused because `{told}`, not `{why}`");
    assert_eq!(page.status, status, "{told}");
    assert!(page.body.contains(error), "{} lacks {error}: {told}", page.body);
}

#[test]
fn the_authorize_url_is_taken_only_as_the_aws_cli_writes_it() {
    let sim = sim();
    let good = authorize_url(&sim);
    for (from, to, why) in [
        ("SHA-256", "S256", "code_challenge_method is S256"),
        ("scope=openid", "scope=openid%20aws", "scope is"),
        (CHALLENGE, &format!("{CHALLENGE}%3D"), "code_challenge is"),
        (CHALLENGE, &CHALLENGE[1..], "code_challenge is"),
        (CHALLENGE, &CHALLENGE.replace('_', "%2F"), "code_challenge is"),
        ("response_type=code", "response_type=token", "response_type is"),
        ("same-device", "no-device", "client_id is"),
        ("%3A%3A%3A", ":::", "client_id is percent-encoded"),
        ("%2F", "%2f", "client_id is percent-encoded"),
        ("127.0.0.1%3A46115", "localhost%3A46115", "redirect_uri is"),
        ("46115", "046115", "redirect_uri is"),
        ("oauth%2Fcallback", "callback", "redirect_uri is"),
        (STATE, "abc", "state is"),
        (STATE, &STATE.to_uppercase(), "state is"),
        (STATE, &STATE.replace("-469f", "-169f"), "state is"),
        ("&scope=openid", "", "the parameters are not"),
        ("&scope=openid", "&scope=openid&nonce=1", "the parameters are not"),
        (
            "&code_challenge_method=SHA-256&scope=openid",
            "&scope=openid&code_challenge_method=SHA-256",
            "the parameters are not",
        ),
    ] {
        let page = Person::new().get(&good.replacen(from, to, 1), &[]).unwrap();
        assert_refused(&sim, &page, 400, "HTTP Status 400", why);
    }
    assert!(Person::new().get(&good, &[]).unwrap().body.contains("Continue as Admin/alice"));
    assert!(Person::new().approve(&good.replace("SHA-256", "S256")).unwrap_err().contains("400"));
    assert_eq!(sim.count("signin Authorize"), 20);
}

#[test]
fn a_person_is_sent_back_with_a_code_or_with_a_refusal() {
    let sim = sim();
    sim.identity(BOB);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let url = authorize_url(&sim).replace("46115", &port);
    let client = std::thread::spawn(move || {
        [(); 3].map(|()| {
            let (mut stream, _) = listener.accept().unwrap();
            let mut bytes = [0; 4096];
            let length = stream.read(&mut bytes).unwrap();
            stream
                .write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nDone\r\n0\r\n\r\n")
                .unwrap();
            String::from_utf8_lossy(&bytes[..length]).into_owned()
        })
    });
    let pages =
        [Person::new().approve(&url), Person::new().approve_as(&url, BOB), Person::new().cancel(&url)]
            .map(Result::unwrap);
    assert!(pages.iter().all(|page| page.status == 200 && page.body == "Done"), "{pages:?}");
    assert!(pages[0].url.contains("/oauth/callback?code="), "{pages:?}");
    assert!(Person::new().approve_as(&url, "arn:aws:iam::1:root").unwrap_err().contains("not on the page"));

    let [alice, bob, cancelled] = client.join().unwrap();
    for wanted in [
        "GET /oauth/callback?code=",
        &format!("&state={STATE} HTTP"),
        "Sec-Fetch-Mode: navigate",
        &format!("Host: 127.0.0.1:{port}"),
    ] {
        assert!(alice.contains(wanted) && bob.contains(wanted), "{alice} {bob}");
    }
    assert!(
        cancelled.starts_with(&format!("GET /oauth/callback?error=access_denied&state={STATE} ")),
        "{cancelled}"
    );

    let base = sim.url().replace("http://", "");
    let remote = authorize_url(&sim).replace("same-device", "cross-device").replace(
        "127.0.0.1%3A46115%2Foauth%2Fcallback",
        &format!("{}%2Fv1%2Fsessions%2Fconfirmation", base.replace(':', "%3A")),
    );
    let shown = String::from_utf8(STANDARD.decode(Person::new().code(&remote).unwrap()).unwrap()).unwrap();
    assert!(shown.starts_with(&format!("state={STATE}&code=")), "{shown}");
    assert!(sim.secrets().contains(&shown.split_once("&code=").unwrap().1.to_owned()));
    assert!(Person::new().cancel(&remote).unwrap().body.contains("You chose not to continue"));
}

#[test]
fn a_proof_is_taken_only_when_all_of_it_is_right() {
    let sim = sim();
    let mut client = Client::new(7);
    let body = redemption(&code(&sim));
    let (header, claims) = client.parts(&sim);
    let with = |value: &Value, path: &str, to: Value| {
        let mut value = value.clone();
        *value.pointer_mut(path).unwrap() = to;
        value
    };
    let extra = |name: &str| {
        let mut claims = claims.clone();
        claims[name] = 1.into();
        claims
    };
    let url = format!("{}/v1/token", sim.url());
    let x = header["jwk"]["x"].as_str().unwrap();
    for (header, claims, why) in [
        (with(&header, "/typ", "JWT".into()), claims.clone(), "typ"),
        (with(&header, "/alg", "ES384".into()), claims.clone(), "alg"),
        (with(&header, "/jwk/crv", "P-384".into()), claims.clone(), "P-256"),
        (with(&header, "/jwk/x", format!("{x}=").into()), claims.clone(), "not base64url"),
        (with(&header, "/jwk/x", x[..40].into()), claims.clone(), "30 bytes of x"),
        (with(&header, "/jwk/y", x.into()), claims.clone(), "not a point"),
        (
            with(&header, "/jwk", Client::new(8).parts(&sim).0["jwk"].clone()),
            claims.clone(),
            "not signed by its key",
        ),
        (header.clone(), with(&claims, "/htm", "GET".into()), "for method"),
        (header.clone(), with(&claims, "/htu", format!("{url}/").into()), "is for"),
        (header.clone(), with(&claims, "/htu", url.replace("127.0.0.1", "localhost").into()), "is for"),
        (header.clone(), with(&claims, "/iat", 1.5.into()), "whole number"),
        (header.clone(), with(&claims, "/jti", "".into()), "id that is not"),
        (header.clone(), extra("ath"), "ath"),
        (header.clone(), extra("nonce"), "nonce"),
        (header.clone(), extra("exp"), "exp"),
    ] {
        let proof = client.sign(&header, &claims);
        let page = post(&sim, &[("Content-Type", "application/json"), ("DPoP", &proof)], &body);
        assert_refused(&sim, &page, 400, "INVALID_REQUEST", why);
    }
    for off in [301, -301] {
        let (header, claims) = client.parts(&sim);
        let proof = client.sign(&header, &with(&claims, "/iat", (NOW + off).into()));
        let page = post(&sim, &[("Content-Type", "application/json"), ("DPoP", &proof)], &body);
        assert_refused(&sim, &page, 401, "TOKEN_EXPIRED", &format!("{off} s from"));
        assert_eq!(page.header("x-amzn-errortype"), Some("AccessDeniedException"));
    }

    let good = client.proof(&sim);
    let (text, signature) = good.rsplit_once('.').unwrap();
    let raw = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let der = URL_SAFE_NO_PAD.encode(Signature::from_slice(&raw).unwrap().to_der());
    let swapped = URL_SAFE_NO_PAD.encode([&raw[32..], &raw[..32]].concat());
    let json = ("Content-Type", "application/json");
    for (headers, why) in [
        (vec![json], "proof is missing"),
        (vec![json, ("DPoP", &good), ("DPoP", &good)], "several proofs"),
        (vec![json, ("DPoP", &format!("{text}.{der}"))], "not 64"),
        (vec![json, ("DPoP", &format!("{text}.{swapped}"))], "not signed by its key"),
        (vec![json, ("DPoP", &format!("{good}="))], "not base64url"),
        (vec![json, ("DPoP", text)], "three parts"),
        (vec![json, ("DPoP", &good), ("Authorization", "Bearer x")], "Authorization"),
        (vec![("Content-Type", "application/x-www-form-urlencoded"), ("DPoP", &good)], "of type"),
    ] {
        assert_refused(&sim, &post(&sim, &headers, &body), 400, "INVALID_REQUEST", why);
    }
    assert_eq!(post(&sim, &[json, ("DPoP", &good)], &body).status, 200, "{:?}", sim.refusals());
    assert_refused(
        &sim,
        &post(&sim, &[json, ("DPoP", &good)], &body),
        400,
        "INVALID_REQUEST",
        "repeats the id",
    );
}

#[test]
fn a_code_is_redeemed_once_by_who_asked_for_it() {
    let sim = sim();
    let mut client = Client::new(7);
    let good = redemption(&code(&sim));
    for (body, why) in [
        (set(good.clone(), "codeVerifier", &VERIFIER.replace('e', "f")), "does not fit"),
        (set(good.clone(), "codeVerifier", &VERIFIER[..42]), "42 bytes"),
        (set(good.clone(), "codeVerifier", &"a".repeat(129)), "129 bytes"),
        (set(good.clone(), "codeVerifier", &VERIFIER.replace('~', "+")), "must not"),
        (set(good.clone(), "redirectUri", "http://127.0.0.1:46116/oauth/callback"), "another redirectUri"),
        (set(good.clone(), "clientId", "arn:aws:signin:::devtools/cross-device"), "another clientId"),
        (set(good.clone(), "code", "nonsense"), "never issued"),
        (set(good.clone(), "grantType", "password"), "grantType is"),
        (set(good.clone(), "scope", "openid"), "a field scope"),
        (json!([good.clone()]), "not an object"),
    ] {
        assert_refused(&sim, &client.post(&sim, &body), 400, "INVALID_REQUEST", why);
    }
    let page = client.post(&sim, &good);
    let answer: Value = serde_json::from_str(&page.body).unwrap();
    assert_eq!(page.header("date"), Some("Wed, 02 Jan 2030 03:04:05 GMT"));
    assert_eq!((&answer["tokenType"], &answer["expiresIn"]), (&json!("aws_sigv4"), &json!(900)));
    let [id, secret, token] = ["accessKeyId", "secretAccessKey", "sessionToken"]
        .map(|name| answer["accessToken"][name].as_str().unwrap());
    assert!(id.len() == 20 && id.starts_with("ASIA"), "{id}");
    assert!(secret.len() == 40 && secret.contains('/') && secret.contains('+'), "{secret}");
    assert!(token.len() > 300 && ['/', '+', '='].iter().all(|&sign| token.contains(sign)), "{token}");
    let claims = answer["idToken"].as_str().unwrap().split('.').nth(1).unwrap();
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap();
    assert_eq!(
        (&claims["sub"], &claims["aud"], &claims["iat"]),
        (&json!(ALICE), &json!(SAME_DEVICE), &json!(NOW))
    );
    for name in [
        secret,
        token,
        answer["refreshToken"].as_str().unwrap(),
        answer["idToken"].as_str().unwrap(),
        good["code"].as_str().unwrap(),
    ] {
        assert!(sim.secrets().iter().any(|known| known == name), "{name}");
    }

    assert_refused(&sim, &client.post(&sim, &good), 400, "INVALID_REQUEST", "the code is spent");
    sim.code_lifetime(10);
    let late = redemption(&code(&sim));
    sim.advance(10);
    assert_refused(&sim, &client.post(&sim, &late), 401, "AUTHCODE_EXPIRED", "has expired");
}

#[test]
fn a_refresh_token_is_good_once_for_its_key_while_the_login_lasts() {
    let sim = sim();
    sim.login_lifetime(200);
    sim.expires_in(60);
    let mut client = Client::new(7);
    let first = client.login(&sim);
    let good = renewal(&first);
    let stranger = Client::new(8).post(&sim, &good);
    assert_refused(&sim, &stranger, 400, "INVALID_REQUEST", "another key");
    for (name, to, why) in [
        ("clientId", "x", "another clientId"),
        ("refreshToken", "x", "never issued"),
        ("code", "x", "a field code"),
    ] {
        assert_refused(&sim, &client.post(&sim, &set(good.clone(), name, to)), 400, "INVALID_REQUEST", why);
    }
    let second: Value = serde_json::from_str(&client.post(&sim, &good).body).unwrap();
    assert!(
        second["idToken"].is_null()
            && second["expiresIn"] == 60
            && second["refreshToken"] != first["refreshToken"]
    );
    assert_ne!(second["accessToken"]["accessKeyId"], first["accessToken"]["accessKeyId"]);
    assert_refused(&sim, &client.post(&sim, &good), 400, "INVALID_REQUEST", "is spent");
    sim.single_use_refresh(false);
    assert_eq!(client.post(&sim, &good).status, 200);
    sim.advance(200);
    assert_refused(&sim, &client.post(&sim, &renewal(&second)), 401, "TOKEN_EXPIRED", "login ended");
    assert_eq!(sim.now(), NOW + 200);
    assert_eq!(sim.count("signin CreateOAuth2Token refresh_token"), 8);
}
