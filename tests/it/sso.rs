//! Signing in to IAM Identity Center: with a browser that comes back, with a device code, once for all who want it.

use crate::sim::{Fault, Op};
use crate::world::World;
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::sync::{Arc, Mutex};

/// A session with two profiles, and two legacy profiles of the same portal.
pub(crate) const CONFIG: &str = "\
[profile dev]
sso_session = corp
sso_account_id = 123456789012
sso_role_name = Admin
region = eu-central-1
[profile prod]
sso_session = corp
sso_account_id = 000000000001
sso_role_name = Read+Only=x
[profile token]
sso_session = corp
[sso-session corp]
sso_start_url = https://d-1234567890.awsapps.com/start
sso_region = eu-west-1
sso_registration_scopes = sso:account:access
[profile old]
sso_start_url = https://d-1234567890.awsapps.com/start
sso_region = eu-west-1
sso_account_id = 123456789012
sso_role_name = Admin
[profile old2]
sso_start_url = https://d-1234567890.awsapps.com/start
sso_region = eu-west-1
sso_account_id = 000000000001
sso_role_name = Read+Only=x
";

/// The token file of `corp`, and that of the start URL.
pub(crate) const TOKEN: &str = "home/.aws/sso/cache/ee0bfd2552fbd840c02cc48b6e823320543c450f.json";
pub(crate) const OLD_TOKEN: &str = "home/.aws/sso/cache/7487b5b67d5fa1132cf33fa93ae51ef38cc37752.json";

/// A world in which the roles of those profiles are assigned.
pub(crate) fn world() -> World {
    let world = World::new().config(CONFIG);
    world.sim.assign("123456789012", "Development", "Admin");
    world.sim.assign("000000000001", "Production", "Read+Only=x");
    world.sim.device_interval(1);
    world
}

/// A file of a world, as JSON.
pub(crate) fn json(world: &World, file: &str) -> Value {
    serde_json::from_str(&world.read(file)).unwrap_or_else(|e| panic!("{file}: {e}: {:?}", world.files()))
}

/// The names of all files but locks.
pub(crate) fn kept(world: &World) -> Vec<String> {
    let is_data = |file: &String| !file.ends_with(".lock") && !file.ends_with(".fail");
    world.files().into_iter().filter(is_data).collect()
}

#[test]
fn a_browser_comes_back_and_the_role_is_confirmed() {
    let world = world();
    let output = world.run("login dev");
    assert_eq!(output.code, 0, "{output}");
    assert_eq!(
        world.sim.calls(),
        [
            "oidc RegisterClient",
            "oidc Authorize",
            "oidc CreateToken authorization_code",
            "sso GetRoleCredentials",
            "sts GetCallerIdentity",
        ]
    );
    assert!(world.sim.refusals().is_empty(), "{:?}", world.sim.refusals());
    for set in ["AWSENV_IDENTITY='Admin'", "AWS_ACCOUNT_ID='123456789012'", "AWS_REGION='eu-central-1'"] {
        assert!(output.stdout.contains(set), "{output}");
    }
    assert!(output.stderr.contains("dev: Admin in 123456789012 eu-central-1 (1h left)"), "{output}");

    let token = json(&world, TOKEN);
    let keys: Vec<_> = token.as_object().unwrap().keys().map(String::as_str).collect();
    let cli = [
        "startUrl",
        "region",
        "accessToken",
        "expiresAt",
        "clientId",
        "clientSecret",
        "registrationExpiresAt",
    ];
    assert_eq!(keys, [&cli[..], &["refreshToken"]].concat());
    assert_eq!(
        kept(&world),
        [
            ".aws/cli/cache/8457bc68cf9d4aa8d629a61563948e8bd3159d49.json",
            ".aws/config",
            ".aws/sso/cache/c6a06e42182fb324db02aec3d36dc183754bc04e.json",
            ".aws/sso/cache/ee0bfd2552fbd840c02cc48b6e823320543c450f.json",
        ]
    );

    let calls = world.sim.calls().len();
    let again = world.run("login dev");
    assert_eq!((again.code, world.opened(), world.sim.calls().len()), (0, 1, calls), "{again}");
    let prod = world.run("login prod");
    assert_eq!((prod.code, world.opened(), world.sim.calls().len()), (0, 1, calls + 1), "{prod}");
    assert!(prod.stdout.contains("AWSENV_IDENTITY='Read+Only=x'"), "{prod}");
}

#[test]
fn a_registration_is_used_again_by_its_own_flow() {
    let world = world();
    let registrations = || world.sim.count("oidc RegisterClient");
    assert_eq!((world.run("login dev").code, registrations()), (0, 1));
    assert_eq!((world.run("login dev --force").code, registrations()), (0, 1));
    world.sim.registration_lifetime(60);
    assert_eq!((world.run("login old").code, registrations()), (0, 2));
    assert_eq!((world.run("login old --force").code, registrations()), (0, 3), "it would end too soon");
}

#[test]
fn whoever_declines_is_told_so_and_nothing_is_kept() {
    let world = world().person(|person, url| drop(person.cancel(&url)));
    for profile in ["dev", "old"] {
        let output = world.run(&format!("login {profile}"));
        assert_eq!((output.code, output.stdout.as_str()), (5, "false;\n"), "{output}");
        assert!(output.stderr.contains("in the browser"), "{output}");
        assert!(!world.path(TOKEN).exists() && !world.path(OLD_TOKEN).exists());
    }
}

#[test]
fn a_legacy_profile_signs_in_by_device_code_and_opens_its_fellows() {
    let opened = Arc::new(Mutex::new(String::new()));
    let seen = Arc::clone(&opened);
    let world = world().person(move |person, url| {
        *seen.lock().unwrap() = url.clone();
        drop(person.approve_device(&url));
    });
    let output = world.run("login old");
    assert_eq!(output.code, 0, "{output}");
    let lines: Vec<&str> = output.stderr.lines().collect();
    let url = opened.lock().unwrap().clone();
    assert!(lines.contains(&url.as_str()), "the URL stands alone: {output}");
    let code = url.split("user_code=").nth(1).unwrap();
    let spaced = code.chars().map(String::from).collect::<Vec<_>>().join(" ");
    assert!(lines.contains(&format!("    {spaced}").as_str()), "the code stands alone: {output}");
    assert!(output.stderr.contains("this sign-in also opens: old2\n"), "{output}");
    assert!(output.stderr.contains("it ends by itself: with an `[sso-session]`"), "{output}");
    let fellow = world.run("export old2");
    assert_eq!((fellow.code, world.opened()), (0, 1), "{fellow}");
    assert_eq!(world.run("export dev").code, 4, "a session is something else");
    assert!(json(&world, OLD_TOKEN)["accessToken"].is_string());
}

#[test]
fn a_browser_elsewhere_approves_what_a_real_process_shows() {
    let world = world().no_browser();
    let mut awsenv = world.command();
    awsenv.args(["login", "dev", "--remote"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = awsenv.spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
    let url = lines.by_ref().find(|line| line.starts_with("http")).unwrap();
    let code = lines.by_ref().find(|line| line.contains(" - ")).unwrap().replace(' ', "");
    let page = url.split('?').next().unwrap();
    crate::sim::Person::new().enter_code(page, &code).unwrap();
    let rest: Vec<String> = lines.collect();
    let done = child.wait_with_output().unwrap();
    assert!(done.status.success(), "{rest:?}");
    assert!(String::from_utf8_lossy(&done.stdout).contains("AWSENV_IDENTITY='Admin'"));
    assert_eq!(world.opened(), 0);
    assert!(json(&world, TOKEN)["refreshToken"].is_string(), "a session can be renewed, whatever the flow");
}

#[test]
fn polling_keeps_to_the_interval_and_outlasts_faults() {
    let error = |status, error: &str| Fault::Error { status, error: error.into(), message: String::new() };
    let world = world();
    world.sim.fault(Op::OidcToken, error(400, "authorization_pending"));
    world.sim.fault(Op::OidcToken, Fault::Reset);
    world.sim.fault(Op::OidcToken, Fault::Status(500));
    let started = std::time::Instant::now();
    let output = world.run("login old");
    assert_eq!((output.code, world.sim.count("oidc CreateToken device_code")), (0, 4), "{output}");
    assert!(started.elapsed().as_secs() >= 4, "one second before each");
    assert!(world.sim.refusals().iter().all(|why| why.contains("a fault was asked for")));
    for (code, told, exit) in [
        ("expired_token", "nobody approved the sign-in in time", 4),
        ("access_denied", "the sign-in was declined in the browser", 5),
        ("invalid_grant", "was used before, or is too old", 5),
        ("invalid_client", "does not know awsenv's registration", 5),
    ] {
        world.sim.fault(Op::OidcToken, error(400, code));
        let output = world.run("login old --force");
        assert_eq!((output.code, output.stdout.as_str()), (exit, "false;\n"), "{output}");
        assert!(output.stderr.contains(told), "{output}");
    }
}

#[test]
fn a_code_that_nobody_approves_ends() {
    let world = world().person(|_, _| ());
    world.sim.device_lifetime(2);
    let output = world.run("login old");
    assert_eq!(output.code, 4, "{output}");
    assert!(output.stderr.contains("nobody approved the sign-in in time"), "{output}");
}

#[test]
fn a_registration_that_is_not_known_any_more_is_made_anew() {
    let world = world();
    assert_eq!(world.run("login old").code, 0);
    let registration = kept(&world).into_iter().find(|file| {
        file.contains("sso/cache")
            && !json(&world, &format!("home/{file}"))["clientId"].is_null()
            && json(&world, &format!("home/{file}"))["accessToken"].is_null()
    });
    let registration = format!("home/{}", registration.unwrap());
    let mut changed = json(&world, &registration);
    changed["clientId"] = "forgotten".into();
    world.write(&registration, &changed.to_string());
    assert_eq!((world.run("login old --force").code, world.sim.count("oidc RegisterClient")), (0, 2));
    assert_ne!(json(&world, &registration)["clientId"], "forgotten");
}

#[test]
fn a_page_that_is_not_awss_is_never_opened() {
    for page in [
        "https://evil.example/device",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "http://device.sso.eu-west-1.amazonaws.com/",
        "-flag",
        "https://awsapps.com.evil.example/ \"'",
    ] {
        for field in ["verificationUri", "verificationUriComplete"] {
            let world = world();
            world.sim.fault(Op::Device, Fault::Field(field.into(), page.into()));
            let output = world.run("login old");
            assert_eq!((output.code, world.opened()), (5, 0), "{field} {page}: {output}");
            assert!(output.stderr.contains("neither AWS's nor that of `sso_start_url`"), "{output}");
        }
    }
    let world = world();
    let own = json!("https://d-1234567890.awsapps.com/start/#/device?user_code=BCDF-GHJK");
    world.sim.fault(Op::Device, Fault::Field("verificationUriComplete".into(), own));
    world.sim.device_lifetime(1);
    assert_eq!(world.run("login old").code, 4);
    assert_eq!(world.opened(), 1);
}

#[test]
fn a_role_of_somebody_else_is_the_end_and_nothing_is_kept() {
    let world = world();
    let other = "arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_Other_0123456789abcdef/alice";
    world.sim.fault(Op::RoleCredentials, Fault::Identity(other.into()));
    let output = world.run("login dev");
    assert_eq!((output.code, output.stdout.as_str()), (1, "false;\n"), "{output}");
    assert!(
        output.stderr.contains("asked for: Admin in 123456789012") && output.stderr.contains(other),
        "{output}"
    );
    let credentials = kept(&world).into_iter().filter(|file| file.contains("cli/cache"));
    assert_eq!((world.path(TOKEN).exists(), credentials.count()), (false, 0), "{:?}", world.files());

    world.sim.fault_always(Op::CallerIdentity, Fault::Status(503));
    let output = world.run("login dev");
    assert_eq!(output.code, 0, "{output}");
    assert!(output.stderr.contains("warning: it could not be confirmed who you are"), "{output}");
}

#[test]
fn a_sign_in_is_kept_although_the_role_is_not_given() {
    let world = world();
    world.sim.unassign("123456789012", "Admin");
    let output = world.run("login dev");
    assert_eq!((output.code, output.stdout.as_str()), (5, "false;\n"), "{output}");
    assert!(
        output.stderr.contains("the role `Admin` in account 123456789012 is not yours to take"),
        "{output}"
    );
    assert_eq!((world.run("login prod").code, world.opened()), (0, 1));
}

#[test]
fn a_profile_of_a_session_alone_signs_in_and_says_so() {
    let world = world();
    let output = world.run("login token");
    assert_eq!((output.code, output.stdout.as_str()), (0, ""), "{output}");
    assert!(output.stderr.contains("`token` names no account and no role: it is signed in"), "{output}");
    let again = world.run("login token");
    assert_eq!((again.code, world.opened()), (0, 1), "{again}");
    assert!(again.stderr.contains("`token` is signed in already"), "{again}");
    let export = world.run("export token");
    assert_eq!(export.code, 3, "{export}");
    assert!(
        export.stderr.contains("~/.aws/config:10, [profile token]: `token` names no account and no role"),
        "{export}"
    );
    assert_eq!((world.run("export dev").code, world.opened()), (0, 1));
}

#[test]
fn five_who_want_it_at_once_open_one_browser() {
    let world = world();
    let outputs: Vec<_> = std::thread::scope(|scope| {
        let profiles = ["dev", "prod", "dev", "prod", "dev"];
        let world = &world;
        let runs = profiles.map(|profile| scope.spawn(move || world.run(&format!("login {profile}"))));
        runs.into_iter().map(|run| run.join().unwrap()).collect()
    });
    for output in &outputs {
        assert_eq!(output.code, 0, "{output}");
    }
    assert_eq!(
        (world.opened(), world.sim.count("oidc CreateToken"), world.sim.count("sso GetRole")),
        (1, 1, 2)
    );
}

#[test]
fn an_ephemeral_sign_in_leaves_nothing() {
    let world = world();
    for profile in ["dev", "old"] {
        let output = world.run(&format!("login {profile} --ephemeral"));
        assert_eq!(output.code, 0, "{output}");
        assert!(output.stdout.contains("AWSENV_EPHEMERAL='1'"), "{output}");
        assert_eq!(world.files(), [".aws/config"]);
    }
}

#[test]
fn what_a_profile_cannot_say_is_named_before_anybody_is_asked() {
    for (line, told) in [
        (
            "sso_session = crop",
            "~/.aws/config:2, [profile p]: `sso_session` is `crop`, which is no `[sso-session]` section",
        ),
        (
            "sso_session = corp\nsso_region = us-east-1",
            "~/.aws/config:3, [profile p]: `sso_region` is `us-east-1`, but `eu-west-1`",
        ),
        ("sso_start_url = https://x.awsapps.com/start", "there is no `sso_region`"),
        ("sso_start_url = http://x/start\nsso_region = eu-west-1", "not the URL of a page"),
        (
            "sso_session = corp\nsso_role_name = R",
            "~/.aws/config:3: `p` has `sso_role_name` but no `sso_account_id`",
        ),
        ("sso_account_id = 123456789012\nsso_role_name = R", "no `sso_session` that leads there"),
    ] {
        let world = World::new().config(&format!("[profile p]\n{line}\n{CONFIG}"));
        for command in ["login p", "export p"] {
            let output = world.run(command);
            assert_eq!((output.code, output.stdout.as_str()), (3, "false;\n"), "{line}: {output}");
            assert!(output.stderr.contains(told), "{line}: {output}");
        }
        assert_eq!((world.opened(), world.sim.calls().len()), (0, 0));
    }
}
