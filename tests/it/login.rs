//! `awsenv login`, in process: every way to sign in, and every way for it to fail.

use crate::world::{ALICE, World};
use expect_test::expect;

const DEV: &str =
    "[profile dev]\nlogin_session = arn:aws:sts::123456789012:assumed-role/Admin/alice\nregion = eu-west-1\n";

#[test]
fn a_profile_that_does_not_exist_is_made() {
    let world = World::new().at(1_893_553_445);
    expect![[r#"
        \builtin unset -v AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_SECURITY_TOKEN AWS_ACCESS_KEY AWS_SECRET_KEY AWS_CREDENTIAL_EXPIRATION AWS_SESSION_EXPIRATION AWS_ACCOUNT_ID AWS_PROFILE AWS_DEFAULT_PROFILE AWS_ROLE_ARN AWS_ROLE_SESSION_NAME AWS_WEB_IDENTITY_TOKEN_FILE AWS_CONTAINER_CREDENTIALS_RELATIVE_URI AWS_CONTAINER_CREDENTIALS_FULL_URI AWS_CONTAINER_AUTHORIZATION_TOKEN AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE AWS_CREDENTIAL_FILE AWS_VAULT AWSUME_PROFILE AWS_REGION AWS_DEFAULT_REGION AWS_SSO_PROFILE AWSENV_PROFILE AWSENV_ACCOUNT_ID AWSENV_IDENTITY AWSENV_EXPIRES_AT AWSENV_REFRESH_AT AWSENV_PREVIOUS AWSENV_COLOR AWSENV_EPHEMERAL AWSENV_RESTORE;
        \builtin export AWS_ACCESS_KEY_ID='ASIA…';
        \builtin export AWS_SECRET_ACCESS_KEY='[SECRET]';
        \builtin export AWS_SESSION_TOKEN='[SECRET]';
        \builtin export AWS_CREDENTIAL_EXPIRATION='2030-01-02T03:19:05Z';
        \builtin export AWS_ACCOUNT_ID='123456789012';
        \builtin export AWS_REGION='eu-west-1';
        \builtin export AWS_DEFAULT_REGION='eu-west-1';
        \builtin export AWS_SSO_PROFILE='dev';
        \builtin export AWSENV_PROFILE='dev';
        \builtin export AWSENV_ACCOUNT_ID='123456789012';
        \builtin export AWSENV_IDENTITY='Admin';
        \builtin export AWSENV_EXPIRES_AT='1893554345';
        \builtin export AWSENV_REFRESH_AT='1893554045';
        \builtin export AWSENV_RESTORE='…';
        ---
        opening the browser to sign in; if it does not open, go to this page on this computer:

        http://SIM/v1/authorize?…

        dev: Admin in 123456789012 eu-west-1 (15m left)
        [exit 0]"#]]
    .assert_eq(&world.run("login dev --region eu-west-1").to_string());
    assert_eq!(
        world.sim.calls(),
        ["signin Authorize", "signin CreateOAuth2Token authorization_code", "sts GetCallerIdentity"]
    );
    assert_eq!(
        world.read("home/.aws/config"),
        format!("[profile dev]\nlogin_session = {ALICE}\nregion = eu-west-1\n")
    );
}

#[test]
fn signed_in_already_nothing_opens_and_nobody_is_asked() {
    let world = World::new().config(DEV);
    assert_eq!(world.run("login dev").code, 0);
    let calls = world.sim.calls().len();
    let again = world.run("login dev");
    assert_eq!((again.code, world.opened(), world.sim.calls().len()), (0, 1, calls), "{again}");
}
