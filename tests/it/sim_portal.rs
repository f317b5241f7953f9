//! The simulator's portal gives credentials and lists to the bearer of a token, and to nobody else.

use crate::sim::{ALICE, Fault, Op, Page, Person, Sim};
use crate::sim_faults::{borrowed, call, signed_at};
use crate::sim_oidc::token;
use crate::sim_self::{NOW, assert_refused, sim};
use serde_json::{Value, json};

const ADMIN: &str = "/federation/credentials?role_name=Admin&account_id=123456789012";

fn get(sim: &Sim, token: &str, path: &str) -> Page {
    Person::new().get(&format!("{}{path}", sim.url()), &[("x-amz-sso_bearer_token", token)]).unwrap()
}

fn good(page: &Page) -> Value {
    assert_eq!(page.status, 200, "{}", page.body);
    serde_json::from_str(&page.body).expect("the answer is JSON")
}

fn refused(sim: &Sim, page: &Page, (status, kind): (u16, &str), why: &str) {
    assert_refused(sim, page, status, &format!(r#""__type":"{kind}""#), why);
    assert_eq!(page.header("x-amzn-errortype"), Some(kind));
}

const INVALID: (u16, &str) = (400, "InvalidRequestException");
const UNAUTHORIZED: (u16, &str) = (401, "UnauthorizedException");
const FORBIDDEN: (u16, &str) = (403, "ForbiddenException");
const TOO_MANY: (u16, &str) = (429, "TooManyRequestsException");

#[test]
fn credentials_of_assigned_roles_are_given_and_known_to_sts() {
    let sim = sim();
    sim.assign("123456789012", "dev", "Admin");
    sim.assign("012345678901", "", "Power+x=,.@-");
    sim.role_lifetime(60);
    let token = token(&sim);
    let answer = good(&get(&sim, &token, ADMIN));
    let found = &answer["roleCredentials"];
    assert_eq!(found["expiration"], (NOW + 60) * 1000);
    let who = |answer: &Value| {
        let [id, secret, token] = ["accessKeyId", "secretAccessKey", "sessionToken"]
            .map(|name| answer["roleCredentials"][name].as_str().unwrap());
        let body = "Action=GetCallerIdentity&Version=2011-06-15";
        call(&sim, &borrowed(&signed_at("20300102T030405Z", &sim, (id, secret, Some(token)), body)), body)
    };
    assert!(who(&answer).body.contains("<Arn>arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_Admin_"));
    let power = ADMIN.replace("Admin", "Power%2Bx%3D%2C.%40-").replace("123456789012", "012345678901");
    assert!(who(&good(&get(&sim, &token, &power))).body.contains("<Account>012345678901<"));
    sim.fault(Op::RoleCredentials, Fault::Identity(ALICE.into()));
    assert!(who(&good(&get(&sim, &token, ADMIN))).body.contains(ALICE));
    sim.fault(Op::RoleCredentials, Fault::Field("roleCredentials.expiration".into(), json!("soon")));
    assert_eq!(good(&get(&sim, &token, ADMIN))["roleCredentials"]["expiration"], "soon");

    let header = [("x-amz-sso_bearer_token", token.as_str())];
    let url = format!("{}{ADMIN}", sim.url());
    let twice = Person::new().get(&url, &[header[0], header[0]]).unwrap();
    refused(&sim, &twice, UNAUTHORIZED, "no one bearer token");
    let signed = Person::new().get(&url, &[header[0], ("Authorization", "Bearer x")]).unwrap();
    refused(&sim, &signed, INVALID, "Authorization header");
    refused(&sim, &Person::new().get(&url, &[]).unwrap(), UNAUTHORIZED, "no one bearer token");
    refused(&sim, &get(&sim, "x", ADMIN), UNAUTHORIZED, "is unknown");
    for (path, kind, why) in [
        (ADMIN.replace("Admin", "admin"), FORBIDDEN, "admin of 123456789012 is not assigned"),
        (ADMIN.replace("123456789012", "012345678901"), FORBIDDEN, "is not assigned"),
        (power.replace("%2B", "+"), FORBIDDEN, "is not assigned"),
        (ADMIN.replace("123456789012", "12345678901"), INVALID, "twelve digits"),
        (ADMIN.replace("account_id", "account"), INVALID, "account is unknown"),
        (format!("{ADMIN}&role_name=Admin"), INVALID, "there twice"),
        ("/federation/credentials?role_name=Admin".to_owned(), INVALID, "are not account_id, role_name"),
    ] {
        refused(&sim, &get(&sim, &token, &path), kind, why);
    }
    sim.unassign("123456789012", "Admin");
    refused(&sim, &get(&sim, &token, ADMIN), FORBIDDEN, "is not assigned");
    sim.advance(3600);
    refused(&sim, &get(&sim, &token, ADMIN), UNAUTHORIZED, "token has expired");
}

#[test]
fn lists_come_in_pages() {
    let sim = sim();
    let token = token(&sim);
    assert_eq!(
        good(&get(&sim, &token, "/assignment/accounts")),
        json!({"accountList": [], "nextToken": null})
    );
    for account in 0..5 {
        for role in ["Admin", "Read"] {
            sim.assign(&format!("11111111111{account}"), if account == 4 { "" } else { "dev" }, role);
        }
    }
    sim.page_size(2);
    let (mut pages, mut next) = (Vec::new(), String::new());
    loop {
        let page = good(&get(&sim, &token, &format!("/assignment/accounts{next}")));
        let token = page["nextToken"].as_str().map(str::to_owned);
        pages.push(page["accountList"].as_array().unwrap().clone());
        let Some(token) = token else { break };
        next = format!("?next_token={}", token.replace('=', "%3D"));
    }
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [2, 2, 1]);
    let first = json!({"accountId": "111111111110", "accountName": "dev", "emailAddress": "111111111110@example.com"});
    assert_eq!((&pages[0][0], &pages[2][0]), (&first, &json!({"accountId": "111111111114"})));
    assert_eq!(good(&get(&sim, &token, "/assignment/accounts?max_result=100"))["nextToken"], Value::Null);

    let roles = "/assignment/roles?account_id=111111111111";
    assert_eq!(
        good(&get(&sim, &token, &format!("{roles}&max_result=1")))["roleList"],
        json!([{"roleName": "Admin", "accountId": "111111111111"}])
    );
    for (path, kind, why) in [
        (roles.replace("1111111111", "2222222222"), FORBIDDEN, "nothing of"),
        ("/assignment/roles".to_owned(), INVALID, "are not account_id"),
        (format!("{roles}&max_result=0"), INVALID, "1 to 100"),
        (format!("{roles}&max_result=101"), INVALID, "1 to 100"),
        (format!("{roles}{}", next.replace('?', "&")), INVALID, "next_token was never issued"),
        (format!("{roles}&role_name=Admin"), INVALID, "role_name is unknown"),
    ] {
        refused(&sim, &get(&sim, &token, &path), kind, why);
    }
    sim.fault(Op::PortalLists, Fault::Status(503));
    assert_eq!(get(&sim, &token, roles).status, 503);
    sim.portal_rate(2);
    sim.advance(1);
    assert_eq!([(); 3].map(|()| get(&sim, &token, roles).status), [200, 200, 429]);
    refused(&sim, &get(&sim, &token, roles), TOO_MANY, "came in this second");
    sim.advance(1);
    assert_eq!(get(&sim, &token, roles).status, 200);
    assert_eq!(sim.count("sso ListAccounts") + sim.count("sso ListAccountRoles"), sim.count("sso List"));
}

#[test]
fn a_token_ends_with_its_session() {
    let sim = sim();
    sim.assign("123456789012", "dev", "Admin");
    let (mine, other) = (token(&sim), token(&sim));
    let logout = |token: &str, body: &str| {
        let url = format!("{}/logout", sim.url());
        Person::new().send("POST", &url, &[("x-amz-sso_bearer_token", token)], body).unwrap()
    };
    sim.fault(Op::PortalLogout, Fault::Status(500));
    assert_eq!(logout(&mine, "").status, 500);
    refused(&sim, &logout(&mine, "{}"), INVALID, "a body");
    assert_eq!(get(&sim, &mine, ADMIN).status, 200);
    let page = logout(&mine, "");
    assert_eq!((page.status, page.body.as_str()), (200, ""));
    refused(&sim, &get(&sim, &mine, ADMIN), UNAUTHORIZED, "session is over");
    refused(&sim, &logout(&mine, ""), UNAUTHORIZED, "session is over");
    assert_eq!(get(&sim, &other, ADMIN).status, 200);
    sim.revoke_access_tokens();
    refused(&sim, &get(&sim, &other, ADMIN), UNAUTHORIZED, "is unknown");
    let last = token(&sim);
    sim.end_sso_sessions();
    refused(&sim, &get(&sim, &last, ADMIN), UNAUTHORIZED, "session is over");
    assert_eq!(sim.count("sso Logout"), 4);
}
