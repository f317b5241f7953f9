//! The simulator's STS gives sessions to whom AWS gives them, and to nobody else.

use crate::sim::{ALICE, Fault, Op, Page, Sim};
use crate::sim_faults::{SECRET, borrowed, call, signed_at};
use crate::sim_self::{BOB, NOW, assert_refused, sim};
use chrono::DateTime;
use serde_json::{Value, json};

const ROLE: &str = "arn:aws:iam::123456789012:role/path/to/Deploy";
const SESSION: &str = "arn:aws:sts::123456789012:assumed-role/Deploy/me";
const DEVICE: &str = "arn:aws:iam::210987654321:mfa/bob";
const CODES: [(&str, &str); 2] = [("SerialNumber", DEVICE), ("TokenCode", "123456")];

/// Credentials as a client holds them.
struct Creds(String, String, Option<String>);

impl Creds {
    /// Those in an answer.
    fn of(page: &Page) -> Self {
        assert_eq!(page.status, 200, "{}", page.body);
        let [id, secret, token] =
            ["AccessKeyId", "SecretAccessKey", "SessionToken"].map(|name| text(page, name));
        Self(id, secret, Some(token))
    }

    /// Calls an action, signed with them.
    fn call(&self, sim: &Sim, action: &str, parameters: &[(&str, &str)]) -> Page {
        let moment = DateTime::from_timestamp(sim.now(), 0).unwrap().format("%Y%m%dT%H%M%SZ").to_string();
        let body = body(action, parameters);
        call(sim, &borrowed(&signed_at(&moment, sim, (&self.0, &self.1, self.2.as_deref()), &body)), &body)
    }

    /// Assumes the role as `me`.
    fn assume(&self, sim: &Sim, more: &[(&str, &str)]) -> Page {
        self.call(sim, "AssumeRole", &[&[("RoleArn", ROLE), ("RoleSessionName", "me")], more].concat())
    }

    fn who(&self, sim: &Sim) -> Page {
        self.call(sim, "GetCallerIdentity", &[])
    }
}

fn body(action: &str, parameters: &[(&str, &str)]) -> String {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.append_pair("Action", action).append_pair("Version", "2011-06-15").extend_pairs(parameters).finish()
}

fn text(page: &Page, name: &str) -> String {
    let (_, rest) =
        page.body.split_once(&format!("<{name}>")).unwrap_or_else(|| panic!("{name}: {}", page.body));
    rest.split_once('<').unwrap().0.to_owned()
}

/// A simulator that knows a key of Bob.
fn bob() -> (Sim, Creds) {
    let sim = sim();
    sim.key("AKIDBOB", SECRET, BOB);
    (sim, Creds("AKIDBOB".to_owned(), SECRET.to_owned(), None))
}

#[test]
fn a_role_is_assumed_by_whom_it_trusts_and_as_long_as_it_says() {
    let (sim, bob) = bob();
    let denied = |page: &Page, why: &str| assert_refused(&sim, page, 403, "<Code>AccessDenied</Code>", why);
    denied(&bob.assume(&sim, &[]), "the role is unknown");
    sim.role(ROLE).trusts("arn:aws:iam::210987654321:user/bo").trusts("123456789012").external_id("ext/1");
    denied(&bob.assume(&sim, &[]), "does not trust");
    sim.role(ROLE).trusts(BOB).max_duration(7200);
    denied(&bob.assume(&sim, &[]), "the ExternalId is None");
    denied(&bob.assume(&sim, &[("ExternalId", "ext/2")]), "the ExternalId is Some");

    for (name, value, told) in [
        ("ExternalId", "e", "at 'externalId'"),
        ("RoleSessionName", "m", "length greater than or equal to 2"),
        ("RoleSessionName", "two words", "regular expression"),
        ("RoleSessionName", &"m".repeat(65), "less than or equal to 64"),
        ("RoleArn", "arn:aws:iam::123456789012:user/bob", "is invalid"),
        ("RoleArn", "arn:aws:iam::12345678901:role/Deploy", "is invalid"),
        ("DurationSeconds", "899", "greater than or equal to 900"),
        ("DurationSeconds", "43201", "less than or equal to 43200"),
        ("DurationSeconds", "1h", "integer"),
        ("DurationSeconds", "7201", "exceeds the MaxSessionDuration set for this role."),
        ("SourceIdentity", "a b", "at 'sourceIdentity'"),
        ("Tags.member.0.Key", "k", "Unexpected parameter"),
        ("PolicyArn.member.1.arn", "a", "Unexpected parameter"),
        ("Duration", "900", "Unexpected parameter"),
    ] {
        let mut all = vec![("RoleArn", ROLE), ("RoleSessionName", "me"), ("ExternalId", "ext/1")];
        all.retain(|(known, _)| *known != name);
        let page = bob.call(&sim, "AssumeRole", &[&all[..], &[(name, value)]].concat());
        assert!(page.status == 400 && page.body.contains("<Code>ValidationError</Code>"), "{name}: {page:?}");
        assert!(page.body.contains(&told.replace('\'', "&#39;")), "{told}: {page:?}");
    }
    for (more, code) in
        [(("Policy", "{}"), "MalformedPolicyDocument"), (("RoleArn", ROLE), "MalformedQueryString")]
    {
        assert_refused(&sim, &bob.assume(&sim, &[more]), 400, code, "");
    }

    let page = bob.assume(
        &sim,
        &[
            ("ExternalId", "ext/1"),
            ("DurationSeconds", "7200"),
            ("SourceIdentity", "bob"),
            ("Policy", r#"{"Version":"2012-10-17","Statement":[]}"#),
            ("Tags.member.1.Key", "team"),
            ("Tags.member.1.Value", "blue & green"),
        ],
    );
    assert_eq!((text(&page, "Arn").as_str(), text(&page, "SourceIdentity").as_str()), (SESSION, "bob"));
    assert_eq!(text(&page, "Expiration"), "2030-01-02T05:04:05Z");
    assert!(text(&page, "AssumedRoleId").starts_with("AROA") && page.body.contains("<PackedPolicySize>1<"));
    let (call, sent) = sim.requests().pop().unwrap();
    assert_eq!((call.as_str(), sent.len()), ("sts AssumeRole", 10));
    assert!(sent.contains(&("Tags.member.1.Value".to_owned(), "blue & green".to_owned())), "{sent:?}");
    let session = Creds::of(&page);
    assert_eq!(text(&session.who(&sim), "Arn"), SESSION);
    sim.advance(7200);
    assert_refused(&sim, &session.who(&sim), 403, "<Code>ExpiredToken</Code>", "have expired");
}

#[test]
fn a_session_of_a_role_chains_for_an_hour_at_most() {
    let (sim, bob) = bob();
    let next = "arn:aws-cn:iam::123456789012:role/Next";
    sim.role(ROLE).trusts("210987654321");
    sim.role(next).trusts(ROLE).max_duration(43_200);
    let first = Creds::of(&bob.assume(&sim, &[]));
    let go = |more: &[(&str, &str)]| {
        let names = [("RoleArn", next), ("RoleSessionName", "me")];
        first.call(&sim, "AssumeRole", &[&names, more].concat())
    };
    let told =
        "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.";
    assert_refused(&sim, &go(&[("DurationSeconds", "3601")]), 400, told, "by a session of a role");
    let page = go(&[("DurationSeconds", "3600")]);
    assert_eq!(text(&page, "Arn"), "arn:aws-cn:sts::123456789012:assumed-role/Next/me");
    assert_refused(&sim, &go(&CODES), 403, "unable to validate MFA code", "has no device");

    sim.temporary_key("ASIAALICE", SECRET, "tok", ALICE, NOW + 60);
    let alice = Creds("ASIAALICE".to_owned(), SECRET.to_owned(), Some("tok".to_owned()));
    sim.role(ROLE)
        .trusts(&ALICE.replace(":sts:", ":iam:").replace("assumed-role", "role").replace("/alice", ""));
    assert_eq!(alice.assume(&sim, &[]).status, 200);
    assert_eq!(alice.assume(&sim, &[("DurationSeconds", "3601")]).status, 400);

    sim.key("AKIDROOT", SECRET, "arn:aws:iam::210987654321:root");
    let root = Creds("AKIDROOT".to_owned(), SECRET.to_owned(), None);
    assert_refused(&sim, &root.assume(&sim, &[]), 403, "may not be assumed by root", "root account");
    let page = root.call(&sim, "GetSessionToken", &[("DurationSeconds", "7200")]);
    assert_eq!(text(&page, "Expiration"), "2030-01-02T04:04:05Z");
}

#[test]
fn an_mfa_code_is_good_once() {
    let (sim, bob) = bob();
    let denied = |page: &Page, told: &str, why: &str| assert_refused(&sim, page, 403, told, why);
    let invalid = "MultiFactorAuthentication failed with invalid MFA one time pass code.";
    sim.role(ROLE).trusts(BOB).requires_mfa(DEVICE);
    denied(&bob.assume(&sim, &CODES), "unable to validate MFA code", "has no device");
    sim.mfa(DEVICE, "123456");
    sim.mfa("arn:aws:iam::123456789012:mfa/alice", "123456");
    let theirs = [("SerialNumber", "arn:aws:iam::123456789012:mfa/alice"), CODES[1]];
    denied(&bob.assume(&sim, &theirs), "unable to validate MFA code", "has no device");
    denied(&bob.assume(&sim, &[]), "<Code>AccessDenied</Code>", "requires another MFA device");
    denied(&bob.assume(&sim, &CODES[..1]), "must provide both", "do not both come");
    denied(&bob.assume(&sim, &[CODES[0], ("TokenCode", "654321")]), invalid, "no code of");
    for code in ["12345", "1234567", "12 456"] {
        let page = bob.assume(&sim, &[CODES[0], ("TokenCode", code)]);
        assert_refused(&sim, &page, 400, "<Code>ValidationError</Code>", "TokenCode is");
    }
    assert_eq!(bob.assume(&sim, &CODES).status, 200);
    denied(&bob.assume(&sim, &CODES), invalid, "or spent");

    let plain = Creds::of(&bob.call(&sim, "GetSessionToken", &[]));
    denied(&plain.assume(&sim, &[]), "<Code>AccessDenied</Code>", "requires another MFA device");
    sim.mfa(DEVICE, "123456");
    let page = bob.call(&sim, "GetSessionToken", &CODES);
    assert_eq!(text(&page, "Expiration"), "2030-01-02T15:04:05Z");
    let session = Creds::of(&page);
    assert_eq!(text(&session.who(&sim), "Arn"), BOB);
    let role = Creds::of(&session.assume(&sim, &[]));
    denied(&bob.call(&sim, "GetSessionToken", &CODES), invalid, "or spent");
    for temporary in [&session, &role] {
        let page = temporary.call(&sim, "GetSessionToken", &[]);
        denied(&page, "Cannot call GetSessionToken with session credentials", "are temporary");
    }
    for (name, value) in [("DurationSeconds", "899"), ("DurationSeconds", "129601"), ("RoleArn", ROLE)] {
        let page = bob.call(&sim, "GetSessionToken", &[(name, value)]);
        assert_refused(&sim, &page, 400, "<Code>ValidationError</Code>", name);
    }
}

#[test]
fn a_web_identity_needs_no_signature_but_a_token_that_is_good_for_the_role() {
    let sim = sim();
    sim.web_identity("jwt.of.pod", ROLE);
    let form = [("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")];
    let go = |token: &str, role: &str, more: &[(&str, &str)]| {
        let names = [("RoleArn", role), ("RoleSessionName", "me"), ("WebIdentityToken", token)];
        call(&sim, &form, &body("AssumeRoleWithWebIdentity", &[&names, more].concat()))
    };
    let page = go("jwt.of.pod\n", ROLE, &[]);
    assert_eq!((text(&page, "Arn").as_str(), text(&page, "Provider").is_empty()), (SESSION, false));
    assert_eq!(text(&Creds::of(&page).who(&sim), "Arn"), SESSION);

    let other = ROLE.replace("Deploy", "Other");
    for (page, status, code, why) in [
        (go("jwt.of.other", ROLE, &[]), 400, "InvalidIdentityToken", "unknown"),
        (go("jwt.of.pod", &other, &[]), 403, "AccessDenied", "is good for"),
        (go("jwt.of.pod", ROLE, &[("DurationSeconds", "3601")]), 400, "ValidationError", "3600 allowed"),
        (go("jwt.of.pod", ROLE, &[("ExternalId", "ext")]), 400, "ValidationError", "takes no ExternalId"),
    ] {
        let told = sim.refusals();
        assert!(page.status == status && page.body.contains(&format!("<Code>{code}</Code>")), "{page:?}");
        assert!(told.iter().any(|told| told.contains(why)), "{told:?}");
    }
    sim.expire_web_identity("jwt.of.pod");
    assert_refused(&sim, &go("jwt.of.pod", ROLE, &[]), 400, "ExpiredTokenException", "has expired");
    let unsigned = call(&sim, &form, &body("AssumeRole", &[("RoleArn", ROLE), ("RoleSessionName", "me")]));
    assert_refused(&sim, &unsigned, 403, "MissingAuthenticationToken", "is not signed");
    assert_eq!(sim.calls().len(), sim.count("sts AssumeRole") + 1);
}

#[test]
fn sessions_meet_faults() {
    let (sim, bob) = bob();
    sim.role(ROLE).trusts(BOB).requires_mfa(DEVICE);
    sim.mfa(DEVICE, "123456");
    sim.fault(Op::AssumeRole, Fault::Status(503));
    assert_eq!(bob.assume(&sim, &CODES).status, 503);
    sim.fault(Op::AssumeRole, Fault::Field("Credentials.Expiration".into(), json!("soon")));
    assert_eq!(text(&bob.assume(&sim, &CODES), "Expiration"), "soon");
    sim.fault(Op::SessionToken, Fault::Field("SessionToken".into(), Value::Null));
    assert!(!bob.call(&sim, "GetSessionToken", &[]).body.contains("SessionToken>"));
    sim.web_identity("jwt", ROLE);
    sim.fault(Op::WebIdentity, Fault::Identity(ALICE.into()));
    let names = [("RoleArn", ROLE), ("RoleSessionName", "me"), ("WebIdentityToken", "jwt")];
    let page = bob.call(&sim, "AssumeRoleWithWebIdentity", &names);
    assert_eq!(text(&page, "Arn"), ALICE);
    assert_eq!(text(&Creds::of(&page).who(&sim), "Arn"), SESSION);
    assert!(bob.who(&sim).body.contains(BOB), "{:?}", sim.refusals());
}
