//! `exec --server`: a command fetches credentials that are renewed for as long as it runs, and finds no others first.

use crate::clients::{is_here, javascript, python};
use crate::crowd::{DEV, awsenv, end, expire, signal, signed_in};
use crate::world::{ALICE, Output, World, eventually, has};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;

fn exec(world: &World, flags: &[&str], argv: &[&str]) -> Output {
    let mut command = world.command();
    command.args(["exec", "--server"]).args(flags).args(["dev", "--"]).args(argv);
    world.finish("exec --server", &mut command)
}

#[test]
fn a_command_gets_the_server_and_no_keys() {
    let world = signed_in()
        .env("AWS_ACCESS_KEY_ID", "AKIAOLD")
        .env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "")
        .env("AWS_PROFILE", "other");
    let ran = exec(&world, &[], &["env"]);
    assert_eq!(ran.code, 0, "{ran}");
    let names: Vec<&str> = ran.stdout.lines().filter_map(|line| Some(line.split_once('=')?.0)).collect();
    for name in [
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN",
        "AWS_REGION",
        "AWSENV_PROFILE",
    ] {
        assert!(names.contains(&name), "{name}: {ran}");
    }
    for name in [
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_PROFILE",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "AWSENV_RESTORE",
        "AWS_CREDENTIAL_EXPIRATION",
    ] {
        assert!(!names.contains(&name), "{name}: {ran}");
    }
    assert_eq!(exec(&world, &[], &["sh", "-c", "exit 42"]).code, 42);
    assert_eq!(exec(&world, &[], &["no-such-command"]).code, 127);
    let both = exec(&world, &["--ephemeral"], &["true"]);
    assert_eq!(both.code, 125, "{both}");
}

#[test]
fn the_port_is_closed_when_the_command_ends_or_we_are_killed() {
    let world = signed_in();
    let ran = exec(&world, &[], &["sh", "-c", "echo $AWS_CONTAINER_CREDENTIALS_FULL_URI"]);
    let authority =
        |url: &str| url.trim().strip_prefix("http://").unwrap().split('/').next().unwrap().to_owned();
    assert!(TcpStream::connect(authority(&ran.stdout)).is_err());

    let file = world.path("url");
    let script = format!(
        "echo $AWS_CONTAINER_CREDENTIALS_FULL_URI > {0}.new; mv {0}.new {0}; exec sleep 60",
        file.display()
    );
    let mut child = awsenv(&world, &["exec", "--server", "dev", "--", "sh", "-c", &script]);
    eventually("the command runs", || file.exists());
    let authority = authority(&std::fs::read_to_string(&file).unwrap());
    assert!(TcpStream::connect(&authority).is_ok());
    signal(&child, rustix::process::Signal::KILL);
    child.wait().unwrap();
    assert!(TcpStream::connect(&authority).is_err());
}

/// Asks AWS again and again for so many seconds; says with how many keys, at the end.
const BOTO3: &str = "\
import boto3, sys, time
sts, keys = boto3.client('sts'), set()
end = time.time() + float(sys.argv[1])
while True:
    print(sts.get_caller_identity()['Arn'])
    keys.add(sts._request_signer._credentials.access_key)
    if time.time() > end: break
    time.sleep(0.3)
print(len(keys))
";

fn keys_of_alice(ran: &Output) -> usize {
    assert_eq!(ran.code, 0, "{ran}");
    let mut lines: Vec<&str> = ran.stdout.lines().collect();
    let keys = lines.pop().and_then(|count| count.parse().ok()).unwrap_or_default();
    assert!(!lines.is_empty() && lines.iter().all(|arn| *arn == ALICE), "{ran}");
    keys
}

#[test]
fn boto3_runs_for_longer_than_three_lifetimes() {
    let Some(python) = python() else { return };
    let world = signed_in();
    world.sim.expires_in(6);
    expire(&world.token_file());
    let ran = exec(&world, &["--min-ttl", "0"], &[python.to_str().unwrap(), "-c", BOTO3, "20"]);
    assert!(keys_of_alice(&ran) >= 3, "{ran}");
}

#[test]
fn keys_of_the_users_default_profile_are_not_taken_first() {
    let Some(python) = python() else { return };
    let python = python.to_str().unwrap().to_owned();
    let keys = "[default]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n[other]\naws_access_key_id = AKIAIOSFODNN7OTHERS0\n";
    let config = format!("# mine\n[default]\nregion = us-west-2\ncredential_process = false\n{DEV}");
    let world = World::new().config(&config).credentials(keys);
    assert_eq!(world.run("login dev").code, 0);
    let ran = exec(&world, &[], &[&python, "-c", BOTO3, "0"]);
    keys_of_alice(&ran);
    assert!(ran.stderr.contains("`default` in the config file has credentials"), "{ran}");
    assert!(ran.stderr.contains("`default` in the credentials file has credentials"), "{ran}");

    let copies = exec(
        &world,
        &[],
        &[
            "sh",
            "-c",
            "cat $AWS_CONFIG_FILE $AWS_SHARED_CREDENTIALS_FILE; stat -c %a $AWS_SHARED_CREDENTIALS_FILE; echo $AWS_CONFIG_FILE",
        ],
    );
    assert!(copies.stdout.contains("# mine") && copies.stdout.contains("region = us-west-2"), "{copies}");
    assert!(copies.stdout.contains("AKIAIOSFODNN7OTHERS0"), "the other profiles stay: {copies}");
    assert!(
        !copies.stdout.contains("AKIAIOSFODNN7EXAMPLE") && !copies.stdout.contains("credential_process"),
        "{copies}"
    );
    assert!(copies.stdout.contains("\n600\n"), "{copies}");
    assert!(!Path::new(copies.stdout.lines().last().unwrap()).exists(), "they are gone with the command");
    assert_eq!(world.read("home/.aws/credentials"), keys);

    let strict = exec(&world, &["--strict"], &["true"]);
    assert_eq!((strict.code, strict.stdout.as_str()), (125, ""), "{strict}");
    let innocent = signed_in();
    let strict = exec(&innocent, &["--strict"], &["sh", "-c", "echo ${AWS_CONFIG_FILE-none}"]);
    assert_eq!((strict.code, strict.stdout.as_str()), (0, "none\n"), "{strict}");
}

#[test]
fn the_sdk_for_javascript_runs_for_longer_than_three_lifetimes() {
    let Some(modules) = javascript() else { return };
    let world = signed_in().env("NODE_PATH", &modules);
    world.sim.expires_in(6);
    expire(&world.token_file());
    let script = "\
const { STSClient, GetCallerIdentityCommand } = require('@aws-sdk/client-sts');
const client = new STSClient({ region: 'eu-west-1' });
const keys = new Set();
const end = Date.now() + 20000;
const ask = async () => {
  console.log((await client.send(new GetCallerIdentityCommand({}))).Arn);
  keys.add((await client.config.credentials()).accessKeyId);
  if (Date.now() < end) return setTimeout(ask, 300);
  console.log(keys.size);
};
ask();
";
    let ran = exec(&world, &["--min-ttl", "0"], &["node", "-e", script]);
    assert!(keys_of_alice(&ran) >= 3, "{ran}");
}

#[test]
fn the_aws_cli_fetches_from_it() {
    if !has("aws")
        || !is_here("the AWS CLI", {
            let mut aws = Command::new("aws");
            aws.arg("--version");
            aws
        })
    {
        return;
    }
    let world = signed_in();
    let url = world.sim.url().to_owned();
    let ran = exec(
        &world,
        &[],
        &["aws", "--endpoint-url", &url, "sts", "get-caller-identity", "--query", "Arn", "--output", "text"],
    );
    assert_eq!((ran.code, ran.stdout.trim()), (0, ALICE), "{ran}");
}

#[test]
fn two_hundred_at_once_renew_once() {
    let _turn = crate::crowd::turn();
    let world = signed_in();
    expire(&world.token_file());
    let count = if crate::crowd::long() { 200 } else { 60 };
    let (ran, _) = crate::crowd::together(&world, count, &["exec", "dev", "--", "true"]);
    assert!(ran.iter().all(|ran| ran.code == 0), "{:?}", ran.iter().find(|ran| ran.code != 0));
    assert_eq!(world.sim.count("signin CreateOAuth2Token refresh_token"), 1);
    let left = end(awsenv(&world, &["exec", "--server", "dev", "--", "true"]));
    assert_eq!(left.code, 0, "{left:?}");
}
