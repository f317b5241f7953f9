//! Chains of profiles at random, resolved by awsenv and by botocore: the same roles, by the same keys, in the same order.

use crate::clients::python;
use crate::crowd::long;
use crate::world::World;
use std::io::Write as _;
use std::process::{Command, Stdio};

/// The keys that the environment has.
const ENVIRONMENT: &str = "AKIAENVIRONMENT00001";

/// A generator of the test's own: the same cases each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    fn percent(&mut self, chance: u64) -> bool {
        self.below(100) < chance
    }
}

fn key(at: u64, file: char) -> String {
    format!("AKIA{file}PROFILE00000000{at}")
}

/// The two files of one case: seven profiles that name one another, some of them wrongly.
fn case(dice: &mut Dice) -> (String, String) {
    let (mut config, mut credentials) = (String::new(), String::new());
    let keys = |dice: &mut Dice, file: char, at: u64| match dice.below(12) {
        0 => "aws_secret_access_key = s\n".to_owned(),
        1 => format!("aws_access_key_id = {}\n", key(at, file)),
        _ => format!("aws_access_key_id = {}\naws_secret_access_key = s\n", key(at, file)),
    };
    for at in 0..7 {
        config += &format!("[profile p{at}]\nregion = eu-west-1\n");
        if dice.percent(70) {
            config += &format!("role_arn = arn:aws:iam::123456789012:role/R{at}\n");
        }
        if dice.percent(70) {
            let source = if dice.percent(25) { at } else { dice.below(8) };
            config += &format!("source_profile = p{source}\n");
            if dice.percent(5) {
                config += "credential_source = Environment\n";
            }
        } else if dice.percent(60) {
            let named = ["Environment", "Environment", "environment", "Nowhere"];
            config += &format!("credential_source = {}\n", named[usize::try_from(dice.below(4)).unwrap()]);
        }
        if dice.percent(20) {
            config += &keys(dice, 'C', at);
        }
        if dice.percent(20) {
            credentials += &format!("[p{at}]\n{}", keys(dice, 'S', at));
        }
    }
    (config, credentials)
}

#[test]
fn awsenv_goes_the_way_that_botocore_goes() {
    let Some(python) = python() else { return };
    let mut dice = Dice(20);
    let cases: Vec<_> = (0..if long() { 1_000 } else { 100 }).map(|_| case(&mut dice)).collect();
    let mut oracle = Command::new(python)
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/oracle/botocore_roles.py"))
        .env_clear()
        .envs([("AWS_ACCESS_KEY_ID", ENVIRONMENT), ("AWS_SECRET_ACCESS_KEY", "s")])
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = oracle.stdin.take().unwrap();
    let lines: String = cases
        .iter()
        .map(|(config, credentials)| {
            let case = serde_json::json!({ "config": config, "credentials": credentials, "profile": "p0" });
            format!("{case}\n")
        })
        .collect();
    let writer = std::thread::spawn(move || stdin.write_all(lines.as_bytes()));
    let answers = oracle.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    let answers = String::from_utf8(answers.stdout).unwrap();
    assert_eq!(answers.lines().count(), cases.len());

    let mut good = 0;
    for ((config, credentials), answer) in cases.iter().zip(answers.lines()) {
        let answer: serde_json::Value = serde_json::from_str(answer).unwrap();
        let theirs: Option<Vec<String>> = answer["calls"]
            .as_array()
            .map(|calls| calls.iter().map(|call| call[1].as_str().unwrap_or_default().to_owned()).collect());
        let signer = answer["calls"][0][0].as_str().map(str::to_owned);

        let world = World::new().config(config).credentials(credentials);
        let world = world.env("AWS_ACCESS_KEY_ID", ENVIRONMENT).env("AWS_SECRET_ACCESS_KEY", "s");
        // only the signer that botocore chose is known, so another would be refused
        if let Some(signer) = &signer {
            world.sim.key(signer, "s", "arn:aws:iam::123456789012:user/bob");
        }
        for at in 0..7 {
            drop(world.sim.role(&format!("arn:aws:iam::123456789012:role/R{at}")).trusts("123456789012"));
        }
        let output = world.run("export p0");
        let requests = world.sim.requests();
        let arn = |fields: &[(String, String)]| {
            fields.iter().find(|(name, _)| name == "RoleArn").map(|(_, arn)| arn.clone())
        };
        let ours = (output.code == 0)
            .then(|| requests.iter().filter_map(|(_, fields)| arn(fields)).collect::<Vec<_>>());
        assert_eq!(ours, theirs, "{config}\n---\n{credentials}\n---\n{answer}\n---\n{output}");
        good += usize::from(theirs.is_some_and(|calls| !calls.is_empty()));
    }
    assert!(good > 20, "enough of the cases lead somewhere: {good}");
}
