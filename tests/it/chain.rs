//! Chains of profiles: who signs for whom, as in the AWS CLI; and what is wrong with a chain, with file and line.

use crate::world::World;

const ROLE: &str = "role_arn = arn:aws:iam::123456789012:role/R";
const KEYS: &str = "aws_access_key_id = AKIAKEYS000000000001\naws_secret_access_key = s\n";

#[test]
fn what_is_wrong_with_a_chain_is_said_before_anything_is_asked() {
    for (config, told) in [
        (
            format!(
                "[profile p]\n{ROLE}\nsource_profile = q\ncredential_source = Environment\n[profile q]\n{KEYS}"
            ),
            "~/.aws/config:3: `source_profile` of `p` stands beside `credential_source` (~/.aws/config:4)",
        ),
        (
            format!("[profile p]\n{ROLE}\n"),
            "~/.aws/config:2: `role_arn` of `p` has neither `source_profile` nor `credential_source`",
        ),
        (
            format!("[profile p]\n{ROLE}\nsource_profile = quux\n[profile quuux]\n{KEYS}"),
            "~/.aws/config:3, [profile p]: `source_profile` is `quux`, and there is no such profile\nhint: did you mean `quuux`?",
        ),
        (
            format!("[profile p]\n{ROLE}\nsource_profile = q\n[profile q]\nregion = eu-west-1\n"),
            "~/.aws/config:4, [profile q]: `q` says nothing of credentials\n  caused by: `p` names it as its `source_profile`",
        ),
        (
            format!("[profile p]\n{ROLE}\nsource_profile = p\n"),
            "~/.aws/config:3, [profile p]: `source_profile` is `p`, which leads round in a circle\n  caused by: p → p",
        ),
        (
            format!("[profile p]\n{ROLE}\nsource_profile = q\n[profile q]\n{ROLE}\nsource_profile = p\n"),
            "~/.aws/config:6, [profile q]: `source_profile` is `p`, which leads round in a circle\n  caused by: p → q → p",
        ),
        (
            format!("[profile p]\n{ROLE}\nsource_profile = q\n[profile q]\n{ROLE}\nsource_profile = q\n"),
            "caused by: p → q → q",
        ),
        (
            format!("[profile p]\n{ROLE}\nsource_profile =\n"),
            "~/.aws/config:3: `source_profile` of `p` is empty",
        ),
        (
            format!("[profile p]\n{ROLE}\ncredential_source = environment\n"),
            "`credential_source` is `environment`, not one of `Environment`",
        ),
        (
            format!("[profile p]\nrole_arn =\nsource_profile = q\n[profile q]\n{KEYS}"),
            "~/.aws/config:2: `role_arn` of `p` is empty",
        ),
        (
            format!(
                "[profile p]\nrole_arn = arn:aws:iam::123456789012:role/R x\nsource_profile = q\n[profile q]\n{KEYS}"
            ),
            "holds blanks or control characters",
        ),
        (
            format!(
                "[profile p]\nrole_arn = arn:aws:iam::123456789012:role/R\n  x\nsource_profile = q\n[profile q]\n{KEYS}"
            ),
            "holds blanks or control characters",
        ),
        (
            format!(
                "[profile p]\nrole_arn = arn:aws-cn:iam::123456789012:role/R\nsource_profile = q\nregion = eu-west-1\n[profile q]\n{KEYS}"
            ),
            "`p` leads into the partition aws-cn, but region eu-west-1 is in aws",
        ),
        (
            format!(
                "[profile p]\nrole_arn = arn:aws-cn:iam::123456789012:role/R\nsource_profile = q\n[profile q]\n{KEYS}"
            ),
            "`p` leads into the partition aws-cn, and has no region",
        ),
        (
            format!("[profile p]\n{ROLE}\nsource_profile = q\nduration_seconds = 12h\n[profile q]\n{KEYS}"),
            "~/.aws/config:4, [profile p]: `duration_seconds` is `12h`, not a number of seconds",
        ),
        (
            format!("[profile p]\n{ROLE}\nsource_profile = q\nduration_seconds = 600\n[profile q]\n{KEYS}"),
            "`duration_seconds` is `600`, not from 900 to 43200",
        ),
        (
            format!("[profile p]\n{ROLE}\nsource_profile = q\nrole_session_name = a b\n[profile q]\n{KEYS}"),
            "`role_session_name` is `a b`, not 2 to 64",
        ),
        (
            format!("[profile p]\n{ROLE}\nsource_profile = q\nexternal_id = x\n[profile q]\n{KEYS}"),
            "`external_id` is `x`, not 2 to 1224",
        ),
        (
            format!("[profile p]\n{ROLE}\nsource_profile = q\nmfa_serial = 1 2\n[profile q]\n{KEYS}"),
            "`mfa_serial` is `1 2`, not an MFA device's ARN",
        ),
        (
            format!(
                "[profile p]\n{ROLE}\nsource_profile = q\n[profile q]\naws_access_key_id = AKIAKEYS000000000001\n"
            ),
            "`aws_access_key_id` has no `aws_secret_access_key` beside it",
        ),
        (long(41), "the end of a way over more than 40 roles"),
    ] {
        let world = World::new().config(&config);
        let output = world.run("export p");
        assert_eq!((output.code, output.stdout.as_str()), (3, "false;\n"), "{config}: {output}");
        assert!(output.shown.contains(told), "{config}: {output}");
        assert!(world.sim.calls().is_empty(), "{config}");
        assert_eq!(world.run("login p").code, 3, "{config}");
    }
}

/// A chain of so many roles below `p`, keys at its end.
fn long(roles: usize) -> String {
    let name = |at: usize| if at == 0 { "p".to_owned() } else { format!("p{at}") };
    let role = |at| {
        format!(
            "[profile {}]\nrole_arn = arn:aws:iam::123456789012:role/R{at}\nsource_profile = {}\n",
            name(at),
            name(at + 1)
        )
    };
    (0..roles).map(role).collect::<String>() + &format!("[profile {}]\n{KEYS}", name(roles))
}

#[test]
fn forty_roles_are_climbed() {
    let world = World::new().config(&long(40));
    world.sim.key("AKIAKEYS000000000001", "s", "arn:aws:iam::123456789012:user/bob");
    (0..40).for_each(|at| {
        drop(world.sim.role(&format!("arn:aws:iam::123456789012:role/R{at}")).trusts("123456789012"));
    });
    let output = world.run("export p");
    assert_eq!((output.code, world.sim.count("sts AssumeRole")), (0, 40), "{output}");
    assert!(output.stdout.contains("AWSENV_IDENTITY='R0'"), "{output}");
}

/// Source: botocore's `AssumeRoleProvider`, as `protocol/vectors.md` §10 has it from the real one.
#[test]
fn keys_stop_a_chain_only_behind_its_beginning() {
    let with = |id: &str| KEYS.replace("AKIAKEYS000000000001", id);
    let of = |config: &str| {
        let world = World::new().config(config);
        for (id, user) in
            [("AKIAKEYSP00000000001", "p"), ("AKIAKEYSQ00000000001", "q"), ("AKIAKEYSR00000000001", "r")]
        {
            world.sim.key(id, "s", &format!("arn:aws:iam::123456789012:user/{user}"));
        }
        for (role, trusted) in [("P", "q"), ("Q", "r"), ("S", "p")] {
            let trusted = format!("arn:aws:iam::123456789012:user/{trusted}");
            drop(world.sim.role(&format!("arn:aws:iam::123456789012:role/{role}")).trusts(&trusted));
        }
        world
    };
    let (p, q, r) =
        (with("AKIAKEYSP00000000001"), with("AKIAKEYSQ00000000001"), with("AKIAKEYSR00000000001"));
    // the named profile's own keys are nothing; those in the middle end the way, their role is not assumed
    let world = of(&format!(
        "[profile p]\n{p}role_arn = arn:aws:iam::123456789012:role/P\nsource_profile = q\n[profile q]\n{q}\
         role_arn = arn:aws:iam::123456789012:role/Q\nsource_profile = r\n[profile r]\n{r}"
    ));
    let output = world.run("export p");
    assert!(output.stdout.contains("AWSENV_IDENTITY='P'"), "{output}");
    assert_eq!(world.sim.calls(), ["sts AssumeRole"]);
    let output = world.run("export q");
    assert!(output.stdout.contains("AWSENV_IDENTITY='Q'"), "q itself is a role of r: {output}");
    // a profile may be its own source if keys stand beside the role
    let world =
        of(&format!("[profile p]\n{p}role_arn = arn:aws:iam::123456789012:role/S\nsource_profile = p\n"));
    let output = world.run("export p");
    assert!(output.stdout.contains("AWSENV_IDENTITY='S'"), "{output}");
}

#[test]
fn the_region_is_that_of_the_named_profile_then_the_shells() {
    let role = "role_arn = arn:aws:iam::123456789012:role/R\nsource_profile = q\n";
    let at = |own: &str, shell: &str| {
        let world = World::new()
            .config(&format!("[profile p]\n{role}{own}[profile q]\nregion = eu-north-1\n{KEYS}"))
            .env("AWS_REGION", shell);
        world.sim.key("AKIAKEYS000000000001", "s", "arn:aws:iam::123456789012:user/bob");
        drop(world.sim.role("arn:aws:iam::123456789012:role/R").trusts("123456789012"));
        let output = world
            .without("AWS_ENDPOINT_URL_STS")
            .env("HTTPS_PROXY", "http://127.0.0.1:9")
            .run("export p --debug");
        let host = output.stderr.split("sts.").nth(1).unwrap_or_default();
        host.split(['.', ':', '/']).next().unwrap_or_default().to_owned()
    };
    assert_eq!(at("region = ap-south-1\n", "us-west-2"), "ap-south-1");
    assert_eq!(at("", "us-west-2"), "us-west-2");
    assert_eq!(at("", ""), "us-east-1");
    assert_eq!(at("", "cn-north-1"), "us-east-1", "a shell in another partition does not count");
}

#[test]
fn a_chain_may_begin_in_identity_center() {
    let more =
        format!("[profile top]\n{ROLE}\nsource_profile = dev\nduration_seconds = 7200\nregion = eu-west-1\n");
    let config = format!("{}{more}", crate::sso::CONFIG);
    let world = crate::sso::world().config(&config);
    drop(world.sim.role("arn:aws:iam::123456789012:role/R").trusts("123456789012").max_duration(43_200));
    let export = world.run("export top");
    assert_eq!((export.code, export.stdout.as_str()), (4, "false;\n"), "{export}");
    let login = world.run("login top");
    assert_eq!((login.code, world.opened()), (0, 1), "{login}");
    assert!(login.stdout.contains("AWSENV_PROFILE='top'"), "{login}");
    assert!(login.stdout.contains("AWSENV_IDENTITY='R'"), "{login}");
    assert!(login.stderr.contains("AWS limits to 1h: not 2h"), "{login}");
    assert_eq!((world.run("export top").code, world.sim.count("sts AssumeRole")), (0, 1));
    assert_eq!(world.run("login dev --duration 1h").code, 2, "its permission set says how long");
    assert_eq!(world.run("logout top").code, 0);
    let after = world.run("export top");
    assert_eq!(after.code, 4, "what was assumed with it is forgotten: {after}");
}
