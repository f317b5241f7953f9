//! What comes of an Identity Center sign-in later: renewed, refused, damaged, shared, ended.

use crate::sim::{Fault, Op};
use crate::sso::{CONFIG, OLD_TOKEN, TOKEN, json, kept, world};
use crate::world::World;
use expect_test::expect;
use serde_json::Value;

const NOW: i64 = 1_893_553_445;

/// A world whose clock stands, in which `dev` is signed in; its role was fetched.
fn signed_in() -> World {
    let world = world().at(NOW);
    let output = world.run("login dev");
    assert_eq!(output.code, 0, "{output}");
    world
}

fn renewals(world: &World) -> usize {
    world.sim.count("oidc CreateToken refresh_token")
}

fn fetches(world: &World) -> usize {
    world.sim.count("sso GetRoleCredentials")
}

fn error(status: u16, error: &str) -> Fault {
    Fault::Error { status, error: error.into(), message: "told by the service".into() }
}

/// The file of role credentials of `dev`.
fn role_file(world: &World) -> String {
    let file =
        kept(world).into_iter().find(|file| file.contains("cli/cache")).expect("role credentials are kept");
    format!("home/{file}")
}

#[test]
fn role_credentials_are_fetched_when_due_and_the_token_renewed_when_due() {
    let world = signed_in();
    let world = world.at(NOW + 2699);
    assert_eq!((world.run("export dev").code, renewals(&world), fetches(&world)), (0, 0, 1), "fresh");
    let world = world.at(NOW + 2701);
    let output = world.run("export dev");
    assert_eq!((output.code, renewals(&world), fetches(&world)), (0, 1, 2), "15 minutes are left: {output}");
    assert!(output.stdout.contains(&format!("AWSENV_EXPIRES_AT='{}'", NOW + 2701 + 3600)), "{output}");
    assert_eq!(output.stderr, "");
    let world = world.at(NOW + 7200);
    assert_eq!(
        (world.run("export dev").code, renewals(&world), fetches(&world)),
        (0, 2, 3),
        "ended, and renewed"
    );
    assert!(world.sim.refusals().is_empty(), "{:?}", world.sim.refusals());
    let world = world.at(NOW + 8 * 3600 + 1);
    let output = world.run("export dev");
    expect![[r"
        false;
        ---
        error: the sign-in has ended
          caused by: invalid_grant: Invalid grant provided
        hint: sign in: awsenv login dev
        [exit 4]"]]
    .assert_eq(&output.to_string());
    assert_eq!((world.run("login dev").code, world.opened()), (0, 2));
}

#[test]
fn a_renewal_changes_only_what_was_renewed() {
    let world = signed_in();
    let mut token = json(&world, TOKEN);
    token["future"] = "é".into();
    world.write(TOKEN, &token.to_string());
    world.sim.single_use_refresh(false);
    world.sim.fault(Op::OidcRefresh, Fault::Field("refreshToken".into(), Value::Null));
    let world = world.at(NOW + 3000);
    assert_eq!((world.run("export dev").code, renewals(&world)), (0, 1));
    let renewed = json(&world, TOKEN);
    assert_eq!((&renewed["future"], &renewed["refreshToken"]), (&token["future"], &token["refreshToken"]));
    assert_ne!(renewed["accessToken"], token["accessToken"]);
    let world = world.at(NOW + 6500);
    assert_eq!((world.run("export dev").code, renewals(&world)), (0, 2), "the kept refresh token is good");
}

#[test]
fn a_renewal_that_fails_is_a_warning_while_the_token_lasts() {
    for fault in [Fault::Status(503), error(400, "invalid_grant"), error(429, "slow_down"), Fault::Html] {
        let world = signed_in().at(NOW + 3000);
        world.sim.fault_always(Op::OidcRefresh, fault);
        let output = world.run("export dev");
        assert_eq!((output.code, fetches(&world)), (0, 2), "{output}");
        assert!(output.stderr.starts_with("warning: the sign-in is not renewed, 10m left: "), "{output}");
        assert_eq!(output.stderr.lines().count(), 1, "{output}");
    }
    let world = signed_in().at(NOW + 3601);
    world.sim.fault_always(Op::OidcRefresh, Fault::Status(503));
    assert_eq!((world.run("export dev").code, fetches(&world)), (6, 1), "the token has ended");
}

#[test]
fn a_token_that_another_tool_renewed_is_taken_up() {
    let world = signed_in();
    let before = world.read(TOKEN);
    let world = world.at(NOW + 3000);
    assert_eq!(world.run("export dev").code, 0);
    let after = world.read(TOKEN);
    std::fs::remove_file(world.path(&role_file(&world))).unwrap();
    // the tool writes only after its answer: whoever reads meanwhile is refused
    world.write(TOKEN, &before);
    let file = world.path(TOKEN);
    let (output, ()) = std::thread::scope(|scope| {
        let run = scope.spawn(|| world.run("export dev"));
        while renewals(&world) < 2 {
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        std::fs::write(file, after).unwrap();
        (run.join().unwrap(), ())
    });
    assert_eq!((output.code, renewals(&world)), (0, 2), "{output}");
    assert_eq!(output.stderr, "");
}

#[test]
fn a_token_that_the_portal_refuses_is_renewed_once() {
    let world = signed_in();
    std::fs::remove_file(world.path(&role_file(&world))).unwrap();
    world.sim.revoke_access_tokens();
    let output = world.run("export dev");
    assert_eq!((output.code, renewals(&world), fetches(&world)), (0, 1, 3), "{output}");

    std::fs::remove_file(world.path(&role_file(&world))).unwrap();
    world.sim.end_sso_sessions();
    let output = world.run("export dev");
    assert_eq!((output.code, renewals(&world), fetches(&world)), (4, 2, 4), "{output}");
    assert!(output.stderr.contains("hint: sign in: awsenv login dev"), "{output}");

    world.sim.fault_always(Op::RoleCredentials, error(401, "UnauthorizedException"));
    let world = world.at(NOW + 1);
    assert_eq!(world.run("login dev").code, 4, "a portal that takes no token");
}

#[test]
fn what_the_portal_refuses_is_told_apart() {
    for (status, name, exit, told) in [
        (403, "ForbiddenException", 5, "the role `Admin` in account 123456789012 is not yours to take"),
        (404, "ResourceNotFoundException", 5, "there is no role `Admin` in account 123456789012"),
        (400, "InvalidRequestException", 5, "invalid"),
        (429, "TooManyRequestsException", 5, "is asked too often"),
        (500, "InternalServerException", 6, "has a fault of its own"),
    ] {
        let world = signed_in();
        std::fs::remove_file(world.path(&role_file(&world))).unwrap();
        world.sim.fault_always(Op::RoleCredentials, error(status, name));
        let login = world.run("login dev");
        assert_eq!((login.code, world.opened(), renewals(&world)), (exit, 1, 0), "{status}: {login}");
        assert!(login.stderr.contains(told), "{login}");
        assert!(!login.stderr.contains("awsenv login"), "{login}");
    }
}

#[test]
fn role_credentials_that_last_are_used_although_they_cannot_be_renewed() {
    let world = signed_in();
    std::fs::remove_file(world.path(TOKEN)).unwrap();
    assert_eq!((world.run("export dev").code, world.run("export dev").stderr.as_str()), (0, ""));
    let world = world.at(NOW + 3000);
    let output = world.run("export dev");
    assert_eq!(output.code, 0, "{output}");
    assert!(output.stderr.contains("warning: not renewed, 10m left: `dev` is not signed in"), "{output}");
}

#[test]
fn a_legacy_token_is_never_renewed() {
    let world = world();
    assert_eq!(world.run("login old").code, 0);
    let mut token = json(&world, OLD_TOKEN);
    token["refreshToken"] = "aor-from-somewhere".into();
    token["expiresAt"] = "2020-01-02T03:04:05Z".into();
    world.write(OLD_TOKEN, &token.to_string());
    let output = world.run("export old2");
    assert_eq!((output.code, renewals(&world), world.sim.count("sso")), (4, 0, 1), "{output}");
    assert!(output.stderr.contains("the sign-in of `old2` ended"), "{output}");
    assert!(output.stderr.contains("hint: sign in: awsenv login old2"), "{output}");
}

#[test]
fn damaged_files_are_fetched_again_or_signed_in_anew() {
    let damage = ["", "{\"ProviderType\": \"sso\"", "{}", "[]", "null", "\"x\"", "\u{feff}{}", "\0\0\0"];
    let world = signed_in();
    let file = role_file(&world);
    let good = world.read(&file);
    let year = |year: &str| good.replace("2030-01-02T", &format!("{year}-01-02T"));
    for bad in damage.iter().map(ToString::to_string).chain([good.replace(":05Z", ":05"), year("x")]) {
        world.write(&file, &bad);
        let output = world.run("export dev");
        assert_eq!(output.code, 0, "{bad}: {output}");
        assert_eq!(output.stderr.lines().count(), 1, "{bad}: {output}");
        assert!(output.stderr.contains("are fetched anew"), "{bad}: {output}");
        assert!(json(&world, &file)["Credentials"]["Expiration"].is_string());
    }
    world.write(&file, &year("9999"));
    assert_eq!(world.run("export dev").code, 0);
    assert_ne!(world.read(&file), year("9999"), "an end that cannot be is no reason to trust");

    std::fs::remove_file(world.path(&file)).unwrap();
    for bad in damage {
        world.write(TOKEN, bad);
        let output = world.run("export dev");
        assert_eq!(output.code, 4, "{bad}: {output}");
        assert!(output.stderr.contains("hint: sign in: awsenv login dev"), "{output}");
        assert_eq!(world.read(&format!("{TOKEN}.bad")), bad);
    }
}

#[test]
fn twenty_at_once_renew_once() {
    let world = signed_in().at(NOW + 4000);
    std::thread::scope(|scope| {
        let world = &world;
        let runs: Vec<_> = (0..20).map(|_| scope.spawn(move || world.run("export dev"))).collect();
        for run in runs {
            let output = run.join().unwrap();
            assert_eq!(output.code, 0, "{output}");
        }
    });
    assert_eq!((renewals(&world), fetches(&world)), (1, 2));
}

#[test]
fn logout_ends_the_session_at_aws_and_all_that_came_from_it() {
    let world = signed_in();
    assert_eq!(world.run("export prod").code, 0);
    let token = json(&world, TOKEN)["accessToken"].clone();
    let output = world.run("logout dev");
    expect![[r"
        ---
        `dev` is signed out of `corp`: token and role credentials on this computer were removed
        the same sign-in served: prod, token
        credentials that other shells hold work for 1h more; AWS cannot end them earlier
        [exit 0]"]]
    .assert_eq(&output.to_string());
    assert_eq!(world.sim.count("sso Logout"), 1);
    let left: Vec<_> = kept(&world).into_iter().filter(|file| file.ends_with(".json")).collect();
    assert_eq!(left.len(), 1, "the registration: {left:?}");
    assert!(!world.read(&format!("home/{}", left[0])).contains(token.as_str().unwrap()));
    assert_eq!(world.run("export prod").code, 4);
    assert!(world.run("logout dev").stderr.contains("`dev` was not signed in"));
}

#[test]
fn logout_goes_on_where_aws_cannot_be_told() {
    let world = signed_in();
    world.sim.fault_always(Op::PortalLogout, Fault::Status(503));
    let output = world.run("logout dev");
    assert_eq!(output.code, 0, "{output}");
    assert!(output.stderr.contains("warning: AWS could not be told that you sign out"), "{output}");
    assert!(!world.path(TOKEN).exists());

    let world = signed_in();
    world.sim.end_sso_sessions();
    let output = world.run("logout dev");
    assert!(!output.stderr.contains("warning"), "what is over needs no ending: {output}");
}

#[test]
fn logout_of_all_ends_every_kind() {
    let world = world();
    let console = "[profile web]\nregion = eu-west-1\n";
    let world = world.config(&format!("{CONFIG}{console}"));
    for profile in ["dev", "old", "web"] {
        assert_eq!(world.run(&format!("login {profile}")).code, 0);
    }
    world.write("home/.aws/cli/cache/0123456789012345678901234567890123456789.json", "{\"Credentials\": {}}");
    let output = world.run("logout --all");
    assert!(output.stderr.contains("3 sign-ins were removed"), "{output}");
    assert_eq!(world.sim.count("sso Logout"), 2);
    let left: Vec<_> = kept(&world).into_iter().filter(|file| file.ends_with(".json")).collect();
    assert_eq!(left.len(), 3, "two registrations, and what is not Identity Center's: {left:?}");
}

#[test]
fn list_and_status_tell_how_it_stands() {
    let world = signed_in();
    expect![[r"
        dev    Identity Center  123456789012  Admin        eu-central-1  1h left
        prod   Identity Center  000000000001  Read+Only=x  -             signed in
        token  Identity Center  -             -            -             signed in
        old    Identity Center  123456789012  Admin        -             sign in
        old2   Identity Center  000000000001  Read+Only=x  -             sign in
        [exit 0]"]]
    .assert_eq(&world.run("list").to_string());
    let told: Value = serde_json::from_str(&world.run("list --json").stdout).unwrap();
    assert_eq!(
        told["profiles"][1],
        serde_json::json!({
            "name": "prod", "kind": "identity_center", "account_id": "000000000001", "identity": "Read+Only=x",
            "region": null, "signed_in": true, "expiration": null,
        })
    );
    let world = world.env("AWS_PROFILE", "dev");
    expect![[r"
        profile     dev                                          AWS_PROFILE
        account     123456789012                                 ~/.aws/config:3
        identity    Admin                                        ~/.aws/config:4
        sign-in     there                                        Identity Center
        region      eu-central-1                                 ~/.aws/config:5
        [exit 0]"]]
    .assert_eq(&world.run("status").to_string());
}

/// A role upon the role of `dev`.
const HOP: &str = "[profile hop]\nrole_arn = arn:aws:iam::123456789012:role/Deploy\nsource_profile = dev\n";

#[test]
fn a_chain_signs_in_at_its_root_and_out_again() {
    let world = world().config(&format!("{CONFIG}{HOP}"));
    world.sim.role("arn:aws:iam::123456789012:role/Deploy").trusts("123456789012");
    let export = world.run("export hop");
    assert_eq!(export.code, 4, "{export}");
    let login = world.run("login hop");
    assert_eq!((login.code, world.opened(), world.sim.count("sts AssumeRole")), (0, 1, 1), "{login}");
    assert!(login.stdout.contains("AWSENV_IDENTITY='Deploy'"), "{login}");
    let again = world.run("login hop");
    assert_eq!((again.code, world.opened(), world.sim.count("sts AssumeRole")), (0, 1, 1), "{again}");
    assert_eq!((world.run("export dev").code, world.run("list").code, fetches(&world)), (0, 0, 1));
    let top = world.run("login dev --role arn:aws:iam::123456789012:role/Deploy");
    assert_eq!((top.code, world.opened(), fetches(&world)), (0, 1, 1), "{top}");
    let longer = world.run("login dev --duration 1h");
    assert_eq!(longer.code, 2, "{longer}");
    assert!(longer.stderr.contains("an administrator sets it"), "{longer}");

    let forced = world.run("login hop --force");
    assert_eq!((forced.code, world.opened(), fetches(&world)), (0, 2, 2), "{forced}");
    let output = world.run("logout hop");
    assert!(output.stderr.contains("the same sign-in served: dev, prod, token"), "{output}");
    assert_eq!((world.sim.count("sso Logout"), world.run("export dev").code), (1, 4));
    assert_eq!(world.run("export hop").code, 4, "what was assumed with it is gone too");

    let ephemeral = World::new().config(&format!("{CONFIG}{HOP}"));
    ephemeral.sim.assign("123456789012", "", "Admin");
    ephemeral.sim.role("arn:aws:iam::123456789012:role/Deploy").trusts("123456789012");
    let output = ephemeral.run("login hop --ephemeral");
    assert_eq!((output.code, ephemeral.files()), (0, vec![".aws/config".to_owned()]), "{output}");
}
