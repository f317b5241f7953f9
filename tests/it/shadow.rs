//! Other credentials beside a sign-in: found before the browser opens, named, and never used by accident.

use crate::world::World;
use expect_test::expect;

const SESSION: &str =
    "login_session = arn:aws:sts::123456789012:assumed-role/Admin/alice\nregion = eu-west-1\n";
const KEYS: &str = "aws_access_key_id = AKIAOLDKEY0000000001\naws_secret_access_key = oldsecret\n";

#[test]
fn keys_that_would_win_are_named_with_file_and_line() {
    let world = World::new()
        .config(&format!("[profile dev]\n{SESSION}"))
        .credentials(&format!("# old\n[dev]\n{KEYS}"));
    expect![[r#"
        false;
        ---
        error: `dev` has other credentials beside a sign-in, and tools would not agree which to use
          caused by: ~/.aws/credentials:3: `aws_access_key_id`: the AWS CLI, boto3 and their kind use these keys, the Rust SDK the sign-in
          caused by: ~/.aws/credentials:4: `aws_secret_access_key`
        hint: to sign in as `dev`, remove those lines
        hint: to keep it, sign in under another name: awsenv login dev-login
        [exit 3]"#]]
    .assert_eq(&world.run("login dev").to_string());
    assert_eq!((world.opened(), world.sim.calls().len()), (0, 0));
}

#[test]
fn every_other_kind_is_refused_before_the_browser_opens() {
    for line in [
        "aws_access_key_id = AKIAOLDKEY0000000001",
        "aws_secret_access_key = s",
        "aws_session_token = t",
        "role_arn = arn:aws:iam::123456789012:role/R",
        "source_profile = other",
        "credential_source = Environment",
        "sso_session = corp",
        "sso_start_url = https://x.awsapps.com/start",
        "sso_account_id = 123456789012",
        "sso_role_name = R",
        "credential_process = /bin/true",
        "web_identity_token_file = /x",
    ] {
        let world = World::new().config(&format!("[profile dev]\n{SESSION}{line}\n"));
        let output = world.run("login dev --region us-east-1");
        let key = line.split(' ').next().unwrap();
        assert_eq!(
            (output.code, output.stdout.as_str(), world.opened()),
            (3, "false;\n", 0),
            "{line}: {output}"
        );
        assert!(output.stderr.contains(&format!("~/.aws/config:4: `{key}`")), "{line}: {output}");
    }
}

#[test]
fn a_new_profile_whose_name_has_keys_is_refused() {
    let world = World::new().credentials(&format!("[dev]\n{KEYS}"));
    let output = world.run("login dev --region us-east-1");
    assert_eq!((output.code, world.opened()), (3, 0), "{output}");
    assert_eq!(world.read("home/.aws/config"), "");
}

#[test]
fn a_profile_of_keys_is_loaded_and_they_are_called_long_term() {
    let world =
        World::new().config("[profile old]\nregion = eu-west-1\n").credentials(&format!("[old]\n{KEYS}"));
    let output = world.run("login old");
    assert_eq!((output.code, world.opened(), world.sim.calls().len()), (0, 0, 0), "{output}");
    assert!(output.stderr.contains("long-term access keys (~/.aws/credentials:2)"), "{output}");
    assert!(output.stdout.contains("AWS_ACCESS_KEY_ID='AKIAOLDKEY0000000001'"), "{output}");
    assert!(!output.stdout.contains("export AWS_SESSION_TOKEN"), "{output}");
}

#[test]
fn export_gives_the_aws_clis_answer_with_one_warning() {
    let world =
        World::new().config(&format!("[profile dev]\n{SESSION}")).credentials(&format!("[dev]\n{KEYS}"));
    let output = world.run("export dev --format process");
    assert_eq!(output.code, 0, "{output}");
    assert!(output.stdout.contains("AKIAOLDKEY0000000001"), "{output}");
    assert_eq!(output.stderr.matches("warning").count(), 1, "{output}");

    let world = World::new().config(&format!("[profile dev]\n{SESSION}{KEYS}"));
    let output = world.run("export dev --format process");
    assert_eq!(output.code, 4, "in the config file a sign-in goes before keys: {output}");
}

#[test]
fn keys_without_a_partner_are_an_error_with_file_and_line() {
    let world = World::new().credentials("[dev]\naws_access_key_id = AKIAOLDKEY0000000001\n");
    let output = world.run("export dev");
    assert_eq!((output.code, output.stdout.as_str()), (3, "false;\n"), "{output}");
    assert!(output.stderr.contains("~/.aws/credentials:2"), "{output}");
}

#[test]
fn a_config_file_that_cannot_be_edited_is_said_before_the_browser_opens() {
    let world = World::new().config("[profile a]\nregion = x-1\nnonsense\n");
    let output = world.run("login dev --region us-east-1");
    assert_eq!((output.code, output.stdout.as_str(), world.opened()), (3, "false;\n", 0), "{output}");
    assert!(output.stderr.contains("error: ~/.aws/config:3"), "{output}");
    assert_eq!(world.run("login dev --region us-east-1 --ephemeral").code, 0, "it writes nothing");
}
