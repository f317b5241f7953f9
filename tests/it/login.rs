//! `awsenv login`, in process: every way to sign in, and what is asked on the way.

use crate::world::{ALICE, World};
use expect_test::expect;

const DEV: &str =
    "[profile dev]\nlogin_session = arn:aws:sts::123456789012:assumed-role/Admin/alice\nregion = eu-west-1\n";

#[test]
fn a_profile_that_does_not_exist_is_made() {
    let world = World::new().at(1_893_553_445);
    expect![[r#"
        \builtin unset -v AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_SECURITY_TOKEN AWS_ACCESS_KEY AWS_SECRET_KEY AWS_CREDENTIAL_EXPIRATION AWS_SESSION_EXPIRATION AWS_ACCOUNT_ID AWS_PROFILE AWS_DEFAULT_PROFILE AWS_ROLE_ARN AWS_ROLE_SESSION_NAME AWS_WEB_IDENTITY_TOKEN_FILE AWS_CONTAINER_CREDENTIALS_RELATIVE_URI AWS_CONTAINER_CREDENTIALS_FULL_URI AWS_CONTAINER_AUTHORIZATION_TOKEN AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE AWS_CREDENTIAL_FILE AWS_VAULT AWSUME_PROFILE AWS_REGION AWS_DEFAULT_REGION AWS_SSO_PROFILE AWSENV_PROFILE AWSENV_ACCOUNT_ID AWSENV_IDENTITY AWSENV_KEY_ID AWSENV_EXPIRES_AT AWSENV_REFRESH_AT AWSENV_RENEWAL AWSENV_PREVIOUS AWSENV_COLOR AWSENV_EPHEMERAL AWSENV_PROMPT AWSENV_RESTORE;
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
        \builtin export AWSENV_KEY_ID='ASIA…';
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
    assert_eq!(world.run("login dev --force").code, 0);
    assert_eq!(world.opened(), 2, "--force signs in again");
}

#[test]
fn credentials_that_are_due_are_renewed_without_a_person() {
    let world = World::new().config(DEV).at(1_893_553_445);
    assert_eq!(world.run("login dev").code, 0);
    let world = world.at(1_893_553_445 + 601);
    let renewed = world.run("login dev");
    assert_eq!(
        (renewed.code, world.opened(), world.sim.count("signin CreateOAuth2Token refresh_token")),
        (0, 1, 1)
    );
    assert!(renewed.stdout.contains("AWSENV_EXPIRES_AT='1893554946'"), "{renewed}");
}

#[test]
fn when_the_sign_in_has_ended_the_browser_opens_again() {
    let world = World::new().config(DEV).at(1_893_553_445);
    assert_eq!(world.run("login dev").code, 0);
    let world = world.at(1_893_553_445 + 43_201);
    let again = world.run("login dev");
    assert_eq!((again.code, world.opened()), (0, 2), "{again}");
}

#[test]
fn a_region_is_asked_until_it_is_one() {
    let typed = |answers: &[&str]| {
        let world = World::new().answers(answers);
        let output = world.run("login dev");
        assert_eq!(output.code, 0, "{output}");
        let config = world.read("home/.aws/config");
        let region = config.lines().find_map(|line| line.strip_prefix("region = ")).map(str::to_owned);
        (region.unwrap_or_default(), output.stderr)
    };
    assert_eq!(typed(&[""]).0, "us-east-1");
    assert_eq!(typed(&[" EU-WEST-1 "]).0, "eu-west-1");
    assert_eq!(typed(&["mexico", "mx-"]).0, "mx-central-1");
    let (region, said) = typed(&["not a region; touch P", "eu-west", "eu-west-3"]);
    assert_eq!(region, "eu-west-3");
    assert!(
        said.contains("is not a region") && said.contains("several regions fit: eu-west-1 eu-west-2"),
        "{said}"
    );
    let (region, said) = typed(&["eu-wset-1", "n", "mars-west-1", "y"]);
    assert_eq!(region, "mars-west-1");
    assert!(said.contains("did you mean eu-west-1?"), "{said}");
}

#[test]
fn without_a_terminal_a_question_is_an_error_that_names_the_flag() {
    let world = World::new();
    expect![[r#"
        false;
        ---
        error: there is no terminal to ask on: region for `dev` [us-east-1]
        hint: name it: --region us-east-1
        [exit 2]"#]]
    .assert_eq(&world.run("login dev").to_string());
    assert!(world.files().iter().all(|file| file.ends_with(".lock")), "{:?}", world.files());
}

#[test]
fn a_browser_elsewhere_shows_a_code_to_paste() {
    let paste = |mangle: fn(String) -> String| {
        World::new().no_browser().types(move |question, said| {
            let url = said.lines().find(|line| line.starts_with("http"))?;
            let code = crate::sim::Person::new().code(url).ok()?;
            match question {
                0 => Some("that is no code".into()),
                1 => Some(
                    crate::sim::Person::new()
                        .code(&url.replace(
                            url.split("state=").nth(1)?.split('&').next()?,
                            "11111111-1111-4111-8111-111111111111",
                        ))
                        .ok()?,
                ),
                _ => Some(mangle(code)),
            }
        })
    };
    for mangle in [
        |code| code,
        |code: String| code.trim_end_matches('=').to_owned(),
        |code: String| format!("  {}\r\n{} \n", &code[..20], &code[20..]),
    ] as [fn(String) -> String; 3]
    {
        let world = paste(mangle);
        let output = world.run("login dev --region us-east-1");
        assert_eq!(output.code, 0, "{output}");
        assert!(output.stderr.contains("no browser can be opened here"), "{output}");
        assert!(output.stderr.contains("that is not a code of AWS Sign-In; paste it once more"), "{output}");
        assert!(output.stderr.contains("that code is of another sign-in"), "{output}");
    }
    let world = paste(|_| "never right".into());
    let output = world.run("login dev --region us-east-1 --remote");
    assert_eq!((output.code, output.stdout.as_str()), (5, "false;\n"), "{output}");
    assert_eq!(world.sim.count("signin CreateOAuth2Token"), 0);
}

#[test]
fn a_url_stands_alone_where_a_person_opens_it() {
    let world = World::new().person(|_, _| ()).types(|_, _| None);
    let output = world.run("login dev --region us-east-1 --remote");
    let urls: Vec<_> = output.stderr.lines().filter(|line| line.contains("http")).collect();
    assert_eq!(urls.len(), 1, "{output}");
    assert!(urls[0].starts_with("http") && !urls[0].contains(' '), "{output}");
    assert_eq!((output.code, world.opened()), (130, 0), "{output}");
}

#[test]
fn an_ephemeral_sign_in_leaves_nothing() {
    let world = World::new();
    let output = world.run("login dev --region us-east-1 --ephemeral");
    assert_eq!(output.code, 0, "{output}");
    assert_eq!(world.files(), Vec::<String>::new());
    assert!(
        output.stdout.contains("AWSENV_EPHEMERAL='1'") && !output.stdout.contains("export AWSENV_REFRESH_AT")
    );
    assert!(output.stdout.contains("AWS_REGION='us-east-1'"), "{output}");
    let world = World::new().config(DEV);
    let before = world.read("home/.aws/config");
    assert_eq!(world.run("login dev --ephemeral").code, 0);
    assert_eq!((world.read("home/.aws/config"), world.files()), (before, vec![".aws/config".to_owned()]));
}

#[test]
fn a_profile_tied_to_another_identity_is_given_away_only_with_a_word() {
    let tied = "[profile dev]\nlogin_session = arn:aws:iam::123456789012:user/bob\nregion = eu-west-1\n";
    let refused = World::new().config(tied).answers(&["maybe", "n"]);
    let output = refused.run("login dev");
    assert_eq!((output.code, output.stdout.as_str()), (1, "false;\n"), "{output}");
    assert!(output.stderr.contains("user/bob") && output.stderr.contains(ALICE), "{output}");
    assert_eq!(refused.read("home/.aws/config"), tied);
    assert!(!refused.files().iter().any(|file| file.ends_with(".json")), "{:?}", refused.files());

    let taken = World::new().config(tied).answers(&["y"]);
    assert_eq!(taken.run("login dev").code, 0);
    assert!(taken.read("home/.aws/config").contains(ALICE));
    let flagged = World::new().config(tied);
    assert_eq!(flagged.run("login dev --yes").code, 0);
    assert!(flagged.read("home/.aws/config").contains(ALICE));
    let silent = World::new().config(tied);
    assert_eq!(silent.run("login dev").code, 2, "nobody to ask");
    assert_eq!(silent.read("home/.aws/config"), tied);
}

#[test]
fn on_a_terminal_no_secret_is_shown_but_the_line_to_type() {
    let world = World::new().on_a_terminal();
    let output = world.run("login 'my dev' --region us-east-1");
    assert_eq!((output.code, output.stdout.as_str()), (0, ""), "{output}");
    assert!(
        output.stderr.contains("to load this shell, type:\n  eval \"$(awsenv login 'my dev')\"\n"),
        "{output}"
    );
    assert!(
        output.stderr.ends_with("in your shell's rc file:\n  eval \"$(awsenv init bash)\"\n"),
        "{output}"
    );
    let fish = world.run("login 'my dev' --shell fish");
    assert!(fish.stderr.contains("  awsenv login 'my dev' | source\n"), "{fish}");
    assert!(fish.stderr.ends_with("  awsenv init fish | source\n"), "{fish}");
    let sh = world.run("login 'my dev' --shell sh");
    assert!(sh.stderr.ends_with("type:\n  eval \"$(awsenv login 'my dev')\"\n"), "{sh}");
}

#[test]
fn any_name_makes_a_profile_that_is_found_again() {
    for name in
        ["a b", "it's", "$(touch P)", "日本 🚀", "a/b", "..", "profile x", "a]b", "x\"y", "#c", "a=b", "-x"]
    {
        let world = World::new();
        let quoted = format!("login --region us-east-1 -- {}", shell_words::quote(name));
        let output = world.run(&quoted);
        assert_eq!(output.code, 0, "{name}: {output}");
        assert!(!output.stderr.contains("warning"), "{name}: {output}");
        assert_eq!(
            world.run("list --names").stdout,
            format!("{name}\n"),
            "{}",
            world.read("home/.aws/config")
        );
        let cached = world.run(&quoted.replace("--region us-east-1 ", ""));
        assert_eq!((cached.code, world.opened()), (0, 1), "{name}: {cached}");
    }
}

#[test]
fn the_previous_profile_is_a_dash() {
    let world = World::new().config(&format!("{DEV}{}", DEV.replace("dev", "prod")));
    let dev = world.run("login dev");
    let world = world.eval(&dev);
    let prod = world.run("login prod");
    let world = world.eval(&prod);
    assert_eq!((world.var("AWSENV_PROFILE"), world.var("AWSENV_PREVIOUS")), (Some("prod"), Some("dev")));
    let back = world.run("login -");
    let world = world.eval(&back);
    assert_eq!((world.var("AWSENV_PROFILE"), world.var("AWSENV_PREVIOUS")), (Some("dev"), Some("prod")));
    assert_eq!(World::new().run("login -").code, 2);
}

#[test]
fn a_variable_that_was_set_later_goes_before_the_loaded_profile() {
    let world = World::new().config(&format!("{DEV}{}", DEV.replace("dev", "prod")));
    let dev = world.run("login dev");
    let world = world.eval(&dev).env("AWS_PROFILE", "prod");
    let output = world.run("login");
    assert!(output.stderr.contains("AWS_PROFILE says `prod`; this shell was loaded with `dev`"), "{output}");
    assert!(output.stdout.contains("AWSENV_PROFILE='prod'"), "{output}");
}

#[test]
fn a_lifetime_cannot_be_chosen() {
    let output = World::new().run("login dev --region us-east-1 --duration 1h");
    assert_eq!((output.code, output.stdout.as_str()), (2, "false;\n"), "{output}");
}

#[test]
fn a_profile_of_the_same_identity_in_another_region_is_named() {
    let world = World::new().config(&format!("{DEV}{}", DEV.replace("dev", "far").replace("eu-", "us-")));
    let output = world.run("login dev");
    assert!(output.stderr.contains("`far` shares this sign-in; its region is us-west-1"), "{output}");
    let far = world.run("login far --force");
    assert!(far.stderr.contains("`dev` shares this sign-in; its region is eu-west-1"), "{far}");
    assert!(std::fs::read_to_string(world.token_file()).unwrap().contains("\"signInRegion\": \"us-west-1\""));
}

#[test]
fn a_name_that_is_nearly_a_profiles_is_asked_about_in_passing() {
    let world = World::new().config(DEV);
    let output = world.run("login dve --region us-east-1");
    assert!(
        output.stderr.contains("no profile `dve` yet: it will be made (did you mean `dev`?)"),
        "{output}"
    );
    assert_eq!(output.code, 0, "{output}");
}
