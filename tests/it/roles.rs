//! Roles: who assumes them, what is kept of them, and what is wrong with a profile that names one.

use crate::sim::{Fault, Op};
use crate::world::{ALICE, World};
use expect_test::expect;

const USER: &str = "arn:aws:iam::123456789012:user/bob";
const ROLE_A: &str = "arn:aws:iam::123456789012:role/RoleA";
const ROLE_B: &str = "arn:aws:iam::210987654321:role/team/RoleB";
const KEYS: &str = "aws_access_key_id = AKIABOB0000000000001\naws_secret_access_key = bobsecret\n";
const CONFIG: &str = "[profile base]\nregion = eu-west-1\n[profile a]\nrole_arn = arn:aws:iam::123456789012:role/RoleA\n\
                      source_profile = base\nregion = eu-west-1\n[profile b]\nrole_arn = arn:aws:iam::210987654321:role/team/RoleB\n\
                      source_profile = a\nregion = us-west-2\n";

/// A user with long-term keys, role A that trusts them, role B that trusts role A.
fn world() -> World {
    of(CONFIG)
}

fn of(config: &str) -> World {
    let world = World::new().config(config).credentials(&format!("[base]\n{KEYS}")).env("USER", "bob");
    let world = world.env("HOSTNAME", "laptop.example.com");
    world.sim.key("AKIABOB0000000000001", "bobsecret", USER);
    world.sim.role(ROLE_A).trusts(USER).trusts("arn:aws:iam::123456789012:role/Admin").max_duration(43_200);
    world.sim.role(ROLE_B).trusts(ROLE_A).max_duration(43_200);
    world
}

/// The parameters of the last call, without `Action` and `Version`.
fn last(world: &World) -> String {
    let (_, fields) = world.sim.requests().pop().unwrap();
    let fields = fields.into_iter().filter(|(name, _)| name != "Action" && name != "Version");
    fields.map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ")
}

const ENTRY: &str = "home/.aws/cli/cache/330942beff5b0648244cebd8031e0bfca87ac4a0.json";

fn own(world: &World) -> Vec<String> {
    let role = ".local/state/awsenv/role/";
    world.files().into_iter().filter(|name| name.starts_with(role) && name.ends_with(".json")).collect()
}

#[test]
fn a_role_is_assumed_with_its_source_and_kept() {
    let world = world();
    let output = world.run("export a");
    assert_eq!(output.code, 0, "{output}");
    assert_eq!(output.stderr, "");
    for set in [
        "AWSENV_PROFILE='a'",
        "AWSENV_IDENTITY='RoleA'",
        "AWS_ACCOUNT_ID='123456789012'",
        "AWS_REGION='eu-west-1'",
    ] {
        assert!(output.stdout.contains(set), "{set}: {output}");
    }
    assert_eq!(world.sim.calls(), ["sts AssumeRole"]);
    assert_eq!(last(&world), format!("RoleArn={ROLE_A} RoleSessionName=bob@laptop"));
    let again = world.run("export a");
    assert_eq!((again.stdout == output.stdout, world.sim.calls().len()), (true, 1), "{again}");
}

#[test]
fn what_is_kept_is_the_aws_clis_and_a_new_process_of_either_uses_it() {
    let world = world();
    assert_eq!(world.run("export a").code, 0);
    let entry: serde_json::Value = serde_json::from_str(&world.read(ENTRY)).unwrap();
    let credentials: Vec<_> = entry["Credentials"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(credentials, ["AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration", "AccountId"]);
    assert_eq!(entry["AssumedRoleUser"]["Arn"], "arn:aws:sts::123456789012:assumed-role/RoleA/bob@laptop");
    assert_eq!(entry["ResponseMetadata"]["HTTPStatusCode"], 200);
    // the AWS CLI's alone is enough
    for name in own(&world) {
        std::fs::remove_file(world.path("home").join(name)).unwrap();
    }
    let again = world.run("export a");
    assert_eq!((again.code, world.sim.calls().len()), (0, 1), "{again}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |path: &str| std::fs::metadata(world.path(path)).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(ENTRY), mode("home/.local/state/awsenv/role")), (0o600, 0o700));
    }
}

#[test]
fn an_entry_that_another_source_may_have_made_is_not_used() {
    let rival = format!(
        "{CONFIG}[profile other]\n{}[profile a2]\nrole_arn = {ROLE_A}\nsource_profile = other\n",
        KEYS.replace("0001", "0002")
    );
    let world = of(&rival);
    world.sim.key("AKIABOB0000000000002", "bobsecret", "arn:aws:iam::123456789012:user/mallory");
    let first = world.run("export a");
    assert!(!world.path(ENTRY).exists(), "{first}");
    assert_eq!((first.code, own(&world).len()), (0, 1), "{first}");
    // the other source's answer is its own
    let denied = world.run("export a2");
    assert_eq!(denied.code, 5, "{denied}");
    assert!(
        denied.stderr.contains("AccessDenied") && denied.stderr.contains("RoleA cannot be assumed"),
        "{denied}"
    );
    assert_eq!(world.run("export a").stdout, first.stdout);
}

#[test]
fn an_entry_older_than_the_last_sign_in_is_not_used() {
    let world = of(&format!(
        "[profile dev]\nlogin_session = {ALICE}\nregion = eu-west-1\n[profile a]\nrole_arn = {ROLE_A}\nsource_profile = dev\n"
    ));
    assert_eq!(world.run("login dev").code, 0);
    assert_eq!(world.run("export a").code, 0);
    assert_eq!(world.sim.count("sts AssumeRole"), 1);
    for name in own(&world) {
        std::fs::remove_file(world.path("home").join(name)).unwrap();
    }
    assert_eq!(world.run("export a").code, 0);
    assert_eq!(world.sim.count("sts AssumeRole"), 1, "the AWS CLI's entry is newer than the sign-in");
    for name in own(&world) {
        std::fs::remove_file(world.path("home").join(name)).unwrap();
    }
    assert_eq!(world.run("login dev --force").code, 0);
    assert_eq!(world.run("export a").code, 0);
    assert_eq!(world.sim.count("sts AssumeRole"), 2, "now it is older");
}

#[test]
fn login_of_a_role_signs_in_at_the_root() {
    let config = format!(
        "[profile dev]\nlogin_session = {ALICE}\nregion = eu-west-1\n[profile a]\nrole_arn = {ROLE_A}\nsource_profile = dev\n"
    );
    let world = of(&config);
    let export = world.run("export a");
    assert_eq!((export.code, export.stdout.as_str()), (4, "false;\n"), "{export}");
    assert!(export.stderr.contains("hint: sign in: awsenv login dev"), "{export}");
    let login = world.run("login a");
    assert_eq!((login.code, world.opened()), (0, 1), "{login}");
    assert!(
        login.stdout.contains("AWSENV_PROFILE='a'") && login.stdout.contains("AWSENV_IDENTITY='RoleA'"),
        "{login}"
    );
    assert!(login.stderr.contains("a: RoleA in 123456789012"), "{login}");
    assert_eq!(world.run("login a").code, 0);
    assert_eq!((world.opened(), world.sim.count("sts AssumeRole")), (1, 1));
    let again = world.run("login a --force");
    assert_eq!((again.code, world.opened(), world.sim.count("sts AssumeRole")), (0, 2, 2), "{again}");
}

#[test]
fn a_logout_forgets_the_roles_that_were_assumed_with_the_sign_in() {
    for logout in ["logout dev", "logout --all"] {
        let world = of(&format!(
            "{CONFIG}[profile dev]\nlogin_session = {ALICE}\nregion = eu-west-1\n[profile c]\nrole_arn = {ROLE_A}\n\
             source_profile = dev\nrole_session_name = me\n"
        ));
        assert_eq!((world.run("login c").code, world.run("export a").code), (0, 0));
        let kept = |world: &World| own(world).len() + usize::from(world.path(ENTRY).exists());
        assert_eq!(kept(&world), 3);
        assert_eq!(world.run(logout).code, 0);
        assert_eq!(kept(&world), 2, "those of the access keys stay");
        assert_eq!((world.run("export c").code, world.run("export a").code), (4, 0));
    }
}

#[test]
fn an_ephemeral_role_leaves_nothing() {
    let world = of(&format!(
        "[profile dev]\nlogin_session = {ALICE}\nregion = eu-west-1\n[profile a]\nrole_arn = {ROLE_A}\nsource_profile = dev\n"
    ));
    let output = world.run("login a --ephemeral");
    assert_eq!(output.code, 0, "{output}");
    assert!(output.stdout.contains("AWSENV_IDENTITY='RoleA'"), "{output}");
    assert_eq!(world.files(), [".aws/config", ".aws/credentials"]);
}

#[test]
fn a_chain_is_limited_to_an_hour_and_says_so_once() {
    let world = of(&CONFIG.replace("source_profile = a\n", "source_profile = a\nduration_seconds = 7200\n"));
    let output = world.run("export b");
    assert_eq!(output.code, 0, "{output}");
    expect![[r"
        warning: `b` is assumed with the credentials of a role, which AWS limits to 1h: not 2h
    "]]
    .assert_eq(&output.stderr);
    assert_eq!(world.sim.calls(), ["sts AssumeRole", "sts AssumeRole"]);
    assert_eq!(last(&world), format!("RoleArn={ROLE_B} RoleSessionName=bob@laptop DurationSeconds=3600"));
    assert_eq!(world.run("export b").stderr, "", "the kept one is used without a word");
    assert!(output.stdout.contains("AWS_REGION='us-west-2'"), "{output}");
}

#[test]
fn settings_become_parameters() {
    let world = of(&format!(
        "{CONFIG}[profile set]\nrole_arn = {ROLE_A}\nsource_profile = base\nrole_session_name = me@x\nexternal_id = a/b:c=d\n\
         duration_seconds = 1800\n"
    ));
    world.sim.role(ROLE_A).external_id("a/b:c=d");
    let output = world.run("export set");
    assert_eq!(output.code, 0, "{output}");
    assert_eq!(
        last(&world),
        format!("RoleArn={ROLE_A} RoleSessionName=me@x DurationSeconds=1800 ExternalId=a/b:c=d")
    );
}

#[test]
fn flags_shape_one_run_and_are_kept_apart() {
    let world = world();
    let flags = "--duration 2h --tag team=red --tag a=b=c --source-identity bob --policy '{\"Version\":\"2012-10-17\",\"Statement\":[]}'";
    let output = world.run(&format!("export a {flags}"));
    assert_eq!(output.code, 0, "{output}");
    assert_eq!(
        last(&world),
        format!(
            "RoleArn={ROLE_A} RoleSessionName=bob@laptop DurationSeconds=7200 Policy={{\"Version\":\"2012-10-17\",\"Statement\":[]}} \
             SourceIdentity=bob Tags.member.1.Key=team Tags.member.1.Value=red Tags.member.2.Key=a Tags.member.2.Value=b=c"
        )
    );
    assert!(
        !output.stdout.contains("export AWSENV_REFRESH_AT"),
        "a renewal would not have the flags: {output}"
    );
    assert!(!world.path(ENTRY).exists());
    assert_eq!(world.run("export a").code, 0);
    assert_eq!(world.sim.count("sts AssumeRole"), 2);
    assert_eq!(world.run(&format!("export a {flags}")).code, 0);
    assert_eq!(world.sim.count("sts AssumeRole"), 2);
    let on_top = world.run(&format!("export base --role {ROLE_A}"));
    assert!(on_top.stdout.contains("AWSENV_IDENTITY='RoleA'"), "{on_top}");
    assert!(on_top.stdout.contains("AWSENV_PROFILE='base'"), "{on_top}");
}

#[test]
fn flags_that_do_not_fit_are_refused() {
    let world = world();
    for (line, told) in [
        ("export base --duration 1h", "the lifetime of the credentials of `base` cannot be chosen"),
        ("export a --duration 13h", "--duration of a role is 15m to 12h, not 13h"),
        ("export a --duration 5m", "--duration of a role is 15m to 12h, not 5m"),
        ("export base --tag a=b", "are for a role, and `base` has none"),
        ("export a --policy nonsense", "--policy is not a JSON object"),
        ("export a --tag nonsense", "is not KEY=VALUE"),
        ("export a --role nonsense", "is not the ARN of a role"),
        ("export a --role arn:aws-cn:iam::123456789012:role/R", "partition aws-cn"),
    ] {
        let output = world.run(line);
        assert!(matches!(output.code, 2 | 3) && output.stderr.contains(told), "{line}: {output}");
    }
    assert!(world.sim.calls().is_empty());
}

#[test]
fn a_damaged_entry_is_a_miss_and_one_warning() {
    let long = format!("{{\"Credentials\": {{\"AccessKeyId\": \"{}\"}}}}", "A".repeat(300_000));
    let good = |end: &str| {
        format!(
            "{{\"Credentials\": {{\"AccessKeyId\": \"ASIAFAKE000000000001\", \"SecretAccessKey\": \"s\", \"SessionToken\": \"t\", \"Expiration\": {end}}}}}"
        )
    };
    let naive = good("\"2030-01-01T00:00:00\"");
    let number = good("1893456000");
    let date = good("\"soon\"");
    for damaged in ["", "{", "{}", "[]", "null", "\"x\"", "\0\0", "\u{feff}{}", &long, &naive, &number, &date]
    {
        let world = world();
        assert_eq!(world.run("export a").code, 0);
        let own = own(&world).remove(0);
        world.write(&format!("home/{own}"), damaged);
        std::fs::remove_file(world.path(ENTRY)).unwrap();
        let output = world.run("export a");
        let what: String = damaged.chars().take(40).collect();
        assert_eq!((output.code, world.sim.calls().len()), (0, 2), "{what}: {output}");
        assert_eq!(output.stderr.matches("warning: ").count(), 1, "{what}: {output}");
        assert!(world.path(&format!("home/{own}.bad")).exists(), "{what}");
        assert_eq!(world.run("export a").stderr, "");
    }
    // year 9999: no role lasts so long
    let world = world();
    world.write(ENTRY, &good("\"9999-01-01T00:00:00Z\""));
    assert_eq!((world.run("export a").code, world.sim.calls().len()), (0, 1));
}

#[test]
fn an_entry_of_another_role_is_not_used() {
    let world = world();
    assert_eq!(world.run("export a").code, 0);
    let own = own(&world).remove(0);
    let other = own.replace(|c: char| c.is_ascii_digit(), "0");
    let text = world.read(&format!("home/{own}")).replace("role/RoleA/", "role/Other/");
    world.write(&format!("home/{own}"), &text);
    world.write(ENTRY, &text);
    assert_eq!((world.run("export a").code, world.sim.calls().len()), (0, 2), "{other}");
}

#[test]
fn what_still_lasts_is_used_when_aws_cannot_be_reached() {
    let world = world().at(1_800_000_000);
    let first = world.run("export a");
    let world = world.at(1_800_000_000 + 50 * 60);
    world.sim.fault_always(
        Op::AssumeRole,
        Fault::Error { status: 403, error: "AccessDenied".into(), message: "no".into() },
    );
    let output = world.run("export a");
    assert_eq!((output.code, &output.stdout), (0, &first.stdout), "{output}");
    assert!(output.stderr.contains("warning: not renewed, 10m left: "), "{output}");
    let world = world.at(1_800_000_000 + 61 * 60);
    assert_eq!(world.run("export a").code, 5);
}

#[test]
fn what_aws_has_against_a_role_is_explained() {
    for (status, code, message, kind, told) in [
        (
            400,
            "ValidationError",
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
            5,
            "maximum session duration",
        ),
        (
            403,
            "ExpiredToken",
            "The security token included in the request is expired",
            4,
            "sign in again: awsenv login a --force",
        ),
        (
            403,
            "InvalidClientTokenId",
            "The security token included in the request is invalid.",
            5,
            "AWS does not know the credentials",
        ),
        (
            403,
            "RegionDisabledException",
            "STS is not activated in this region",
            5,
            "STS is not enabled in eu-west-1",
        ),
        (400, "Throttling", "Rate exceeded", 5, "asked too often"),
    ] {
        let world = world();
        world.sim.fault_always(
            Op::AssumeRole,
            Fault::Error { status, error: code.into(), message: message.into() },
        );
        let output = world.run("export a");
        assert_eq!(output.code, kind, "{code}: {output}");
        assert!(output.stderr.contains(told), "{code}: {output}");
    }
}

#[test]
fn environment_credentials_sign_where_the_profile_says_so() {
    let world = of(&format!("[profile e]\nrole_arn = {ROLE_A}\ncredential_source = Environment\n"));
    let missing = world.run("export e");
    assert_eq!(missing.code, 3, "{missing}");
    let world =
        world.env("AWS_ACCESS_KEY_ID", "AKIABOB0000000000001").env("AWS_SECRET_ACCESS_KEY", "bobsecret");
    let output = world.run("export e");
    assert!(output.stdout.contains("AWSENV_IDENTITY='RoleA'"), "{output}");
}

#[test]
fn twenty_processes_assume_a_role_once() {
    let world = world();
    world.sim.latency(std::time::Duration::from_millis(300));
    let outputs: Vec<String> = std::thread::scope(|scope| {
        let runs: Vec<_> = (0..20).map(|_| scope.spawn(|| world.run("export a").stdout)).collect();
        runs.into_iter().map(|run| run.join().unwrap()).collect()
    });
    assert!(outputs.iter().all(|output| *output == outputs[0] && output.contains("RoleA")), "{outputs:?}");
    assert_eq!(world.sim.calls(), ["sts AssumeRole"]);
}

#[test]
fn without_a_home_nothing_is_kept_and_all_works() {
    let world = world();
    let config = world.path("home/.aws/config").to_string_lossy().into_owned();
    let credentials = world.path("home/.aws/credentials").to_string_lossy().into_owned();
    let world = world.env("AWS_CONFIG_FILE", &config).env("AWS_SHARED_CREDENTIALS_FILE", &credentials);
    let world = world.env("HOME", "/nonexistent");
    assert_eq!((world.run("export a").code, world.run("export b").code), (0, 0));
}
