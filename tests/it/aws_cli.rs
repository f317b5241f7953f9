//! Every AWS CLI of this machine with the roles' credentials that awsenv keeps, and awsenv with theirs.
//!
//! An AWS CLI before 1.29 and 2.13 (Debian 12 has 2.9) reads no `AWS_ENDPOINT_URL`, and `--endpoint-url` is for the
//! command's own request alone. It reads rules of endpoints from `~/.aws/models`, and so finds the simulator too. Its
//! OIDC client is not needed here. AWS CLI 1 keeps no credentials of an Identity Center role.

use crate::sso;
use crate::world::{Output, World};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;

const ROLE: &str = "arn:aws:iam::123456789012:role/team/Ops";
const OPS: &str = "arn:aws:sts::123456789012:assumed-role/Ops/me\n";
const DEV: &str = "arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_Admin_";

/// An AWS CLI.
struct Aws {
    program: PathBuf,
    version: String,
}

impl Aws {
    /// Each on PATH; its lack is a failure with `CI=true`, else it is said.
    fn all() -> Vec<Aws> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let mut found: Vec<Aws> = Vec::new();
        for program in std::env::split_paths(&path).map(|dir| dir.join("aws")).filter(|it| it.is_file()) {
            let Ok(output) = Command::new(&program).arg("--version").output() else { continue };
            let told = String::from_utf8_lossy(&output.stdout).into_owned();
            let version =
                told.trim_start_matches("aws-cli/").split(' ').next().unwrap_or_default().to_owned();
            if output.status.success() && found.iter().all(|aws| aws.version != version) {
                found.push(Aws { program, version });
            }
        }
        assert!(!found.is_empty() || std::env::var("CI").as_deref() != Ok("true"), "AWS CLI is needed in CI");
        if found.is_empty() {
            println!("not run here: AWS CLI");
        }
        found
    }

    /// Whether it reads `AWS_ENDPOINT_URL`.
    fn reads_endpoints(&self) -> bool {
        let mut numbers = self.version.split('.').map(str::parse::<u32>);
        matches!(
            (numbers.next(), numbers.next()),
            (Some(Ok(1)), Some(Ok(29..))) | (Some(Ok(2)), Some(Ok(13..)))
        )
    }

    /// Those that keep the credentials of an Identity Center role.
    fn that_keep_identity_center() -> Vec<Aws> {
        let (can, cannot): (Vec<_>, Vec<_>) =
            Aws::all().into_iter().partition(|aws| !aws.version.starts_with("1."));
        for aws in cannot {
            println!("AWS CLI {} keeps no such credentials", aws.version);
        }
        can
    }

    /// Says where STS and the portal are.
    fn point(&self, world: &World) {
        if self.reads_endpoints() {
            return;
        }
        let endpoint =
            json!({ "conditions": [], "endpoint": { "url": world.sim.url() }, "type": "endpoint" });
        let rules = json!({ "version": "1.0", "parameters": {}, "rules": [endpoint] }).to_string();
        for service in ["sts/2011-06-15", "sso/2019-06-10"] {
            world.write(&format!("home/.aws/models/{service}/endpoint-rule-set-1.json"), &rules);
        }
    }

    fn who(&self, world: &World, profile: &str) -> Output {
        self.point(world);
        let mut aws = world.alone(Path::new(&self.program));
        aws.env("AWS_PAGER", "").args(["sts", "get-caller-identity", "--output", "text", "--query", "Arn"]);
        aws.args(["--profile", profile]);
        world.finish(&format!("aws {}", self.version), &mut aws)
    }
}

fn ops(more: &str) -> World {
    let world = World::new()
        .config(&format!(
            "[profile ops]\nrole_arn = {ROLE}\nsource_profile = user\nregion = eu-west-1\nrole_session_name = me\n{more}"
        ))
        .credentials("[user]\naws_access_key_id = AKIABOB0000000000001\naws_secret_access_key = bobsecret\n");
    world.sim.key("AKIABOB0000000000001", "bobsecret", "arn:aws:iam::123456789012:user/bob");
    drop(world.sim.role(ROLE).trusts("123456789012"));
    world
}

/// The access keys in `~/.aws/cli/cache`.
fn cached(world: &World) -> Vec<String> {
    let is_entry = |name: &String| name.starts_with(".aws/cli/cache/") && name.ends_with(".json");
    let key = |name: String| {
        let entry: Value = serde_json::from_str(&world.read(&format!("home/{name}"))).unwrap();
        entry["Credentials"]["AccessKeyId"].as_str().unwrap().to_owned()
    };
    world.files().into_iter().filter(is_entry).map(key).collect()
}

fn exported(world: &World, profile: &str) -> String {
    let output = world.run(&format!("export {profile} --format json"));
    let value: Value = serde_json::from_str(&output.stdout).unwrap_or_else(|_| panic!("{output}"));
    value["access_key_id"].as_str().unwrap().to_owned()
}

#[test]
fn an_aws_cli_uses_a_role_that_awsenv_assumed() {
    for aws in Aws::all() {
        let world = ops("");
        let key = exported(&world, "ops");
        assert_eq!(cached(&world), [key.as_str()]);
        let output = aws.who(&world, "ops");
        assert_eq!(output.stdout, OPS, "{}: {output}", aws.version);
        assert_eq!(world.sim.calls(), ["sts AssumeRole", "sts GetCallerIdentity"], "{}", aws.version);
        assert_eq!(cached(&world), [key]);
    }
}

#[test]
fn an_aws_cli_uses_an_identity_center_role_that_awsenv_fetched() {
    for aws in Aws::that_keep_identity_center() {
        let world = sso::world();
        assert_eq!(world.run("login dev").code, 0);
        let before = world.sim.calls().len();
        let output = aws.who(&world, "dev");
        assert!(output.stdout.starts_with(DEV), "{}: {output}", aws.version);
        assert_eq!(world.sim.calls()[before..], ["sts GetCallerIdentity"], "{}", aws.version);
    }
}

#[test]
fn an_aws_cli_uses_the_identity_center_token_of_a_sign_in_of_awsenvs() {
    for aws in Aws::that_keep_identity_center() {
        let world = sso::world();
        assert_eq!(world.run("login dev").code, 0);
        for file in world.files().iter().filter(|file| file.starts_with(".aws/cli/cache")) {
            std::fs::remove_file(world.path(&format!("home/{file}"))).unwrap();
        }
        let before = world.sim.calls().len();
        let output = aws.who(&world, "dev");
        assert!(output.stdout.starts_with(DEV), "{}: {output}", aws.version);
        let calls = ["sso GetRoleCredentials", "sts GetCallerIdentity"];
        assert_eq!(world.sim.calls()[before..], calls, "{}: nobody signs in again", aws.version);
    }
}

#[test]
fn awsenv_uses_a_role_that_an_aws_cli_assumed() {
    for aws in Aws::all() {
        let world = ops("");
        let output = aws.who(&world, "ops");
        assert_eq!(output.stdout, OPS, "{}: {output}", aws.version);
        assert_eq!(cached(&world), [exported(&world, "ops")]);
        assert_eq!(world.sim.count("sts AssumeRole"), 1, "{:?}", world.sim.calls());
    }
}

#[test]
fn awsenv_leaves_a_role_alone_that_an_aws_cli_may_have_assumed_as_another() {
    let other = format!(
        "[profile too]\nrole_arn = {ROLE}\nsource_profile = eve\nrole_session_name = me\nregion = eu-west-1\n\
         [profile eve]\naws_access_key_id = AKIAEVE0000000000001\naws_secret_access_key = evesecret\n"
    );
    for aws in Aws::all() {
        let world = ops(&other);
        world.sim.key("AKIAEVE0000000000001", "evesecret", "arn:aws:iam::123456789012:user/eve");
        assert_eq!(aws.who(&world, "too").stdout, OPS);
        let theirs = cached(&world);
        assert_ne!(theirs, [exported(&world, "ops")], "that is eve's");
        assert_eq!((cached(&world), world.sim.count("sts AssumeRole")), (theirs, 2));
    }
}

#[test]
fn awsenv_uses_an_identity_center_role_that_an_aws_cli_fetched() {
    for aws in Aws::that_keep_identity_center() {
        let world = sso::world();
        assert_eq!(world.run("login token").code, 0);
        assert_eq!((cached(&world).len(), world.sim.count("sso GetRoleCredentials")), (0, 0));
        let output = aws.who(&world, "dev");
        assert!(output.stdout.starts_with(DEV), "{}: {output}", aws.version);
        assert_eq!(cached(&world), [exported(&world, "dev")]);
        assert_eq!(world.sim.count("sso GetRoleCredentials"), 1, "{:?}", world.sim.calls());
    }
}
