//! The shell that was loaded, and after: `export`, `unset`, `logout`, `status`, `list`, in process.

use crate::world::World;
use expect_test::expect;

const DEV: &str =
    "[profile dev]\nlogin_session = arn:aws:sts::123456789012:assumed-role/Admin/alice\nregion = eu-west-1\n";
const NOW: i64 = 1_893_553_445;

/// A world in which `dev` is signed in.
fn signed_in() -> World {
    let world = World::new().config(DEV).at(NOW);
    assert_eq!(world.run("login dev").code, 0);
    world
}

#[test]
fn export_asks_nobody() {
    let world = World::new().config(DEV);
    expect![[r#"
        false;
        ---
        error: `dev` is not signed in
        hint: sign in: awsenv login dev
        [exit 4]"#]]
    .assert_eq(&world.run("export dev").to_string());
    assert_eq!(world.opened(), 0);
    assert_eq!(
        World::new().config(DEV).on_a_terminal().run("export dev").stdout,
        "",
        "a terminal evaluates nothing"
    );
}

#[test]
fn export_speaks_every_format() {
    let world = signed_in();
    for format in [
        "bash",
        "zsh",
        "fish",
        "powershell",
        "sh",
        "nushell",
        "elvish",
        "tcsh",
        "xonsh",
        "cmd",
        "json",
        "dotenv",
        "process",
        "docker",
        "github",
    ] {
        let output = world.run(&format!("export dev --format {format}"));
        assert_eq!(output.code, 0, "{format}: {output}");
        assert!(output.stdout.contains("ASIA"), "{format}: {output}");
    }
    let process: serde_json::Value =
        serde_json::from_str(&world.run("export dev --format process").stdout).unwrap();
    let keys: Vec<_> = process.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        keys,
        ["Version", "AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration", "AccountId"]
    );
    expect![[r#"
        false;
        ---
        error: there is no shell or format `bsah`
        hint: did you mean `bash`?
        [exit 2]"#]]
    .assert_eq(&world.run("export dev --format bsah").to_string());
}

#[test]
fn a_job_of_github_actions_masks_what_it_loads() {
    let world = World::new()
        .config("")
        .credentials("[keys]\naws_access_key_id = AKIAOLDKEY0000000001\naws_secret_access_key = s3cr3t\n");
    let outside = world.run("export keys --format github");
    assert!(outside.stderr.contains("nothing is masked") && !outside.stderr.contains("s3cr3t"), "{outside}");
    let job = world.env("GITHUB_ACTIONS", "true").run("export keys --format github --quiet");
    assert_eq!(job.code, 0, "{job}");
    assert_eq!(job.stderr, "::add-mask::AKIAOLDKEY0000000001\n::add-mask::s3cr3t\n");
    assert!(!job.stdout.contains("add-mask") && job.stdout.contains("\ns3cr3t\nAWSENV_"), "{job}");
}

#[test]
fn a_failure_is_a_statement_that_fails_in_the_shell_that_asked() {
    let world = World::new();
    for (shell, failure) in [
        ("bash", "false;\n"),
        ("zsh", "false;\n"),
        ("fish", "false;\n"),
        ("powershell", "throw 'awsenv failed';\n"),
        ("elvish", "fail 'awsenv failed';\n"),
        ("csh", "false;\n"),
        ("xonsh", "raise RuntimeError('awsenv failed');\n"),
        ("nu", ""),
        ("cmd", ""),
        ("json", ""),
        ("process", ""),
    ] {
        for command in ["export nope", "login --nonsense", "export dev --min-ttl soon", "logout nope"] {
            let output = world.run(&format!("{command} --shell {shell}"));
            assert_eq!(output.stdout, failure, "{command} in {shell}: {output}");
            assert_ne!(output.code, 0);
        }
    }
    assert_eq!(world.run("status --nonsense").stdout, "", "its output is for people");
}

#[test]
fn a_misspelt_name_gets_the_nearest() {
    let output = signed_in().run("export dve");
    expect![[r#"
        false;
        ---
        error: there is no profile `dve`
        hint: did you mean `dev`?
        [exit 3]"#]]
    .assert_eq(&output.to_string());
}

#[test]
fn unset_puts_back_what_was_there_after_any_number_of_switches() {
    let world = World::new()
        .config(&format!("{DEV}{}", DEV.replace("dev", "prod").replace("eu-west-1", "us-east-1")))
        .env("AWS_PROFILE", "mine")
        .env("AWS_SESSION_TOKEN", "")
        .env("AWS_REGION", "sa-east-1");
    let dev = world.run("login dev");
    let world = world.eval(&dev);
    assert_eq!((world.var("AWS_PROFILE"), world.var("AWS_REGION")), (None, Some("eu-west-1")));
    let prod = world.run("login prod");
    let world = world.eval(&prod);
    assert_eq!(world.var("AWS_DEFAULT_REGION"), Some("us-east-1"));
    let unset = world.run("unset");
    let world = world.eval(&unset);
    assert_eq!(world.var("AWS_PROFILE"), Some("mine"));
    assert_eq!(world.var("AWS_SESSION_TOKEN"), Some(""));
    assert_eq!((world.var("AWS_REGION"), world.var("AWS_DEFAULT_REGION")), (Some("sa-east-1"), None));
    for name in
        ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWSENV_PROFILE", "AWSENV_RESTORE", "AWS_SSO_PROFILE"]
    {
        assert_eq!(world.var(name), None, "{name}");
    }
    let again = world.run("unset");
    assert_eq!((again.code, again.stdout.as_str()), (0, ""), "{again}");
}

#[test]
fn a_region_set_by_hand_stays_where_the_profile_has_none() {
    let none = DEV.replace("region = eu-west-1\n", "");
    let world =
        World::new().config(&format!("{DEV}{}", none.replace("dev", "free"))).env("AWS_REGION", "sa-east-1");
    let free = world.run("login free");
    assert!(
        free.stdout.contains("AWS_REGION='sa-east-1'")
            && free.stdout.contains("AWS_DEFAULT_REGION='sa-east-1'")
    );
    let dev = world.run("login dev");
    assert!(dev.stderr.contains("region eu-west-1 takes the place of sa-east-1"), "{dev}");
    let world = world.eval(&dev);
    let back = world.run("export free");
    assert!(back.stdout.contains("AWS_REGION='sa-east-1'"), "what dev set is not by hand: {back}");
}

#[test]
fn logout_removes_the_token_and_clears_the_shell_of_it() {
    let world = signed_in();
    let loaded = world.run("login dev");
    let world = world.eval(&loaded);
    let output = world.run("logout dev");
    assert_eq!(output.code, 0, "{output}");
    assert!(
        output.stderr.contains("`dev` is signed out") && output.stderr.contains("work for 15m more"),
        "{output}"
    );
    assert!(world.files().iter().all(|file| !file.ends_with(".json")), "{:?}", world.files());
    assert_eq!(world.read("home/.aws/config"), DEV, "the profile stays");
    let world = world.eval(&output);
    assert_eq!((world.var("AWS_ACCESS_KEY_ID"), world.var("AWSENV_PROFILE")), (None, None));
    assert_eq!(world.run("export dev").code, 4);
    let again = world.run("logout dev");
    assert!(again.stderr.contains("was not signed in") && again.stdout.is_empty(), "{again}");
    assert_eq!(world.run("logout nope").code, 3);
}

#[test]
fn logout_of_another_profile_leaves_this_shell() {
    let other = "[profile other]\nlogin_session = arn:aws:iam::123456789012:user/bob\n";
    let world = World::new().config(&format!("{DEV}{other}"));
    let loaded = world.run("login dev");
    let world = world.eval(&loaded);
    let output = world.run("logout other");
    assert_eq!((output.code, output.stdout.as_str()), (0, ""), "{output}");
    let all = world.run("logout --all");
    assert!(all.stdout.contains("unset -v") && all.stderr.contains("1 sign-in was removed"), "{all}");
}

#[test]
fn list_tells_how_each_signs_in() {
    let world = signed_in();
    world.write(
        "home/.aws/config",
        &format!("{DEV}[profile late]\nlogin_session = arn:aws:iam::000000000001:root\n[profile corp]\nsso_session = c\nsso_account_id = 000000000002\nsso_role_name = Reader\n[profile hop]\nrole_arn = arn:aws:iam::000000000003:role/path/Deploy\nsource_profile = dev\n[profile bare]\nregion = us-east-1\n[profile evil\u{1b}[2J]\nregion = x\n"),
    );
    world.write(
        "home/.aws/credentials",
        "[keys]\naws_access_key_id = AKIAOLDKEY0000000001\naws_secret_access_key = s\n",
    );
    expect![[r#"
        dev   console sign-in  123456789012  Admin   eu-west-1  15m left
        late  console sign-in  000000000001  root    -          sign in
        corp  Identity Center  000000000002  Reader  -
        hop   assumed role     000000000003  Deploy  -          signed in
        bare  -                -             -       us-east-1
        keys  access keys      -             -       -
        ---
        warning: the profile name `evil\x1b[2J` holds the control character U+001B: no tool can be told to use it
        [exit 0]"#]]
    .assert_eq(&world.run("list").to_string());
    let told: serde_json::Value = serde_json::from_str(&world.run("list --json").stdout).unwrap();
    assert_eq!(told["version"], 1);
    assert_eq!(told["profiles"][0]["kind"], "console_sign_in");
    assert_eq!(told["profiles"][1]["signed_in"], false);
}

#[test]
fn status_tells_what_this_shell_holds() {
    let world = signed_in();
    let loaded = world.run("login dev");
    let world = world.eval(&loaded);
    expect![[r#"
        profile     dev                                          AWSENV_PROFILE
        account     123456789012                                 AWS_ACCOUNT_ID
        identity    Admin                                        AWSENV_IDENTITY
        region      eu-west-1                                    AWS_REGION
        access key  ASIA…                         AWS_ACCESS_KEY_ID
        ends        in 15m (2030-01-02T03:19:05Z), can be renewed from 5m before
        [exit 0]"#]]
    .assert_eq(&world.run("status").to_string());
    let told: serde_json::Value = serde_json::from_str(&world.run("status --json").stdout).unwrap();
    assert_eq!((&told["profile"], &told["seconds_left"]), (&"dev".into(), &900.into()));
    let world = world.env("AWS_PROFILE", "nope");
    let both = world.run("status");
    assert!(
        both.stdout.contains("AWS_PROFILE says `nope`, but the access keys in the environment win"),
        "{both}"
    );
    assert!(both.stdout.contains("there is no profile `nope`"), "{both}");
    let world = world.without("AWS_ACCESS_KEY_ID");
    assert!(world.run("status").stdout.contains("removed by hand"));
    assert!(World::new().run("status").stdout.contains("no AWS credentials"));
}

#[test]
fn settings_of_our_own_are_read() {
    let world = World::new().config(DEV).env("XDG_CONFIG_HOME", "");
    world.write(
        "home/.config/awsenv/config.ini",
        "[aliases]\nd = dev\n[colors]\nd* = red\n[defaults]\nregion = eu-central-1\n",
    );
    let output = world.run("login d");
    assert!(
        output.stdout.contains("AWSENV_PROFILE='dev'") && output.stdout.contains("AWSENV_COLOR='red'"),
        "{output}"
    );
    let new = world.run("login fresh");
    assert!(new.stdout.contains("AWS_REGION='eu-central-1'"), "{new}");
    world.write("home/.config/awsenv/config.ini", "[defaults]\nregoin = x\n");
    let wrong = world.run("export dev");
    assert_eq!(wrong.code, 3, "{wrong}");
    assert!(wrong.stderr.contains("~/.config/awsenv/config.ini, [defaults]: `regoin`"), "{wrong}");
}

#[test]
fn a_profile_can_ask_for_a_persons_word() {
    let world = World::new().config(&format!("{DEV}awsenv_confirm = true\n"));
    assert_eq!(world.run("login dev").code, 4);
    assert_eq!(world.run("exec dev -- true").code, 125);
    assert_eq!(world.run("login dev --yes").code, 0);
    assert_eq!(world.run("export dev").code, 0, "it asks nobody");
    let typed = World::new().config(&format!("{DEV}awsenv_confirm = true\n")).answers(&["prod"]);
    assert_eq!(typed.run("login dev").code, 1);
    let typed = World::new().config(&format!("{DEV}awsenv_confirm = true\n")).answers(&["dev"]);
    assert_eq!(typed.run("login dev").code, 0);
}

#[test]
fn what_must_last_longer_than_it_can_is_said_or_refused() {
    let world = signed_in();
    let typed = world.run("export dev --min-ttl 1h");
    assert_eq!((typed.code, typed.stdout.as_str()), (1, "false;\n"), "{typed}");
    assert!(typed.stderr.contains("those of a console sign-in last 15 minutes at most"), "{typed}");
    let world = world.env("AWSENV_MIN_TTL", "1h");
    let set = world.run("export dev");
    assert!(set.code == 0 && set.stderr.contains("warning"), "{set}");
    assert_eq!(world.env("AWSENV_MIN_TTL", "soon").run("export dev").code, 2);
}

#[test]
fn credentials_of_the_environment_are_exported_only_when_no_profile_is_named() {
    let keys = |world: World| {
        world.env("AWS_ACCESS_KEY_ID", "AKIAOLDKEY0000000001").env("AWS_SECRET_ACCESS_KEY", "s3cr3t")
    };
    let world = keys(World::new().config(DEV));
    let output = world.run("export --format process");
    assert!(output.code == 0 && output.stdout.contains("AKIAOLDKEY0000000001"), "{output}");
    assert_eq!(world.run("export dev --format process").code, 4, "never the answer for a named profile");
    assert_eq!(world.run("export").code, 2, "a shell has them already");
    let loaded = keys(World::new().config(DEV)).env("AWSENV_PROFILE", "dev");
    assert_eq!(
        loaded.run("export --format process").code,
        4,
        "a renewal never returns the shell's own old keys"
    );
}
