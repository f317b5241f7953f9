//! Real clients of AWS with the files that awsenv leaves, and awsenv with theirs.

use crate::world::{ALICE, Output, World};
use serde_json::{Map, Value};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

const DEV: &str =
    "[profile dev]\nlogin_session = arn:aws:sts::123456789012:assumed-role/Admin/alice\nregion = eu-west-1\n";

/// Prints who AWS says that we are, and by which access key.
const BOTO3: &str = "\
import boto3, sys
session = boto3.Session(profile_name=sys.argv[1] if len(sys.argv) > 1 else None)
print(session.client('sts').get_caller_identity()['Arn'])
print(session.get_credentials().get_frozen_credentials().access_key)
";

/// The same with the cache of roles that the AWS CLI gives to botocore.
///
/// Source: `awscli/customizations/assumerole.py`.
const CLI: &str = "\
import botocore.session, botocore.utils, os, sys
session = botocore.session.Session(profile=sys.argv[1])
cache = botocore.utils.JSONFileCache(os.path.expanduser('~/.aws/cli/cache'))
session.get_component('credential_provider').get_provider('assume-role').cache = cache
print(session.create_client('sts').get_caller_identity()['Arn'])
print(session.get_credentials().get_frozen_credentials().access_key)
";

/// The same with the AWS SDK for JavaScript; the first argument says where the credentials come from.
const JAVASCRIPT: &str = "\
const { STSClient, GetCallerIdentityCommand } = require('@aws-sdk/client-sts');
const { fromLoginCredentials, fromIni } = require('@aws-sdk/credential-providers');
const [way, profile] = process.argv.slice(-2);
const from = { login: () => fromLoginCredentials({ profile }), ini: () => fromIni({ profile }) };
const client = new STSClient({ region: 'eu-west-1', ...(from[way] && { credentials: from[way]() }) });
client.send(new GetCallerIdentityCommand({})).then(async ({ Arn }) => {
  console.log(`${Arn}\\n${(await client.config.credentials()).accessKeyId}`);
});
";

/// Whether a client is here. Its lack is a failure with `CI=true`, else it is said.
pub(crate) fn is_here(what: &str, mut test: Command) -> bool {
    let here = test.output().is_ok_and(|output| output.status.success());
    assert!(here || std::env::var("CI").as_deref() != Ok("true"), "{what} is needed in CI: run tests/run");
    if !here {
        println!("not run here: {what}");
    }
    here
}

/// The Python that has boto3: `AWSENV_TEST_PYTHON`, else `python3`.
pub(crate) fn python() -> Option<PathBuf> {
    let python = PathBuf::from(std::env::var("AWSENV_TEST_PYTHON").unwrap_or_else(|_| "python3".into()));
    let mut test = Command::new(&python);
    test.args(["-c", "import boto3, awscrt"]);
    is_here("boto3", test).then_some(python)
}

/// Where `AWSENV_TEST_NODE_PATH` says that the AWS SDK for JavaScript is.
pub(crate) fn javascript() -> Option<String> {
    let modules = std::env::var("AWSENV_TEST_NODE_PATH").unwrap_or_default();
    let mut test = Command::new("node");
    test.env("NODE_PATH", &modules).args(["-e", "require('@aws-sdk/credential-providers')"]);
    is_here("AWS SDK for JavaScript", test).then_some(modules)
}

impl World {
    /// A client in this world, where there is no awsenv.
    pub(crate) fn alone(&self, program: &Path) -> Command {
        let mut command = self.command_of(program);
        command.env("PATH", self.var("PATH").unwrap_or_default());
        command
    }

    pub(crate) fn boto3(&self, python: &Path, profile: &str) -> Output {
        self.finish("boto3", self.alone(python).args(["-c", BOTO3, profile]))
    }

    fn node(&self, modules: &str, way: &str) -> Output {
        let mut node = self.alone(Path::new("node"));
        self.finish("node", node.env("NODE_PATH", modules).args(["-e", JAVASCRIPT, way, "dev"]))
    }

    fn token(&self) -> Map<String, Value> {
        serde_json::from_str(&std::fs::read_to_string(self.token_file()).unwrap()).unwrap()
    }

    /// The access key in the token file.
    fn key(&self) -> String {
        self.token()["accessToken"]["accessKeyId"].as_str().unwrap().to_owned()
    }

    /// Changes the token file as another program would.
    fn change_token(&self, change: impl Fn(&mut Map<String, Value>)) {
        let mut token = self.token();
        change(&mut token);
        std::fs::write(self.token_file(), serde_json::to_vec(&token).unwrap()).unwrap();
    }

    /// Has the credentials end.
    fn expire(&self) {
        self.change_token(|token| token["accessToken"]["expiresAt"] = "2026-01-02T03:04:05Z".into());
    }

    fn renewals(&self) -> usize {
        self.sim.count("signin CreateOAuth2Token refresh_token")
    }

    /// awsenv hands out what is in the token file, and asks nobody for it.
    fn uses_the_file_as_it_is(&self) {
        let calls = self.sim.calls().len();
        let exported = self.run("export dev --format json");
        let exported: Value = serde_json::from_str(&exported.stdout).unwrap_or_else(|_| panic!("{exported}"));
        assert_eq!(exported["access_key_id"], self.key());
        assert_eq!(self.sim.calls().len(), calls, "{:?}", self.sim.calls());
    }
}

/// A world in which `dev` is signed in.
fn signed_in() -> World {
    let world = World::new().config(DEV);
    let output = world.run("login dev");
    assert_eq!(output.code, 0, "{output}");
    world
}

/// What a client prints that is Alice and has the key of the token file.
fn alice(world: &World) -> String {
    format!("{ALICE}\n{}\n", world.key())
}

#[test]
fn the_token_file_is_laid_out_as_the_aws_clis() {
    let Some(python) = python() else { return };
    let world = signed_in();
    let file = world.token_file();
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(
        file.file_name().unwrap(),
        "68afef069a49e0c940bc8515a36649850d686bdd2e3c07927360d151553fc4d3.json"
    );
    let token = world.token();
    let cli = ["accessToken", "tokenType", "clientId", "refreshToken", "idToken", "dpopKey"];
    let keys: Vec<_> = token.keys().map(String::as_str).collect();
    assert_eq!(keys, [&cli[..], &["signInRegion"]].concat());
    let inner: Vec<_> = token["accessToken"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(inner, ["accessKeyId", "secretAccessKey", "sessionToken", "accountId", "expiresAt"]);
    let pem = token["dpopKey"].as_str().unwrap();
    assert!(pem.starts_with("-----BEGIN EC PRIVATE KEY-----\n"), "SEC1, which every SDK reads");
    assert!(pem.ends_with("\n-----END EC PRIVATE KEY-----\n"));

    let same =
        "import json, sys; text = open(sys.argv[1]).read(); assert json.dumps(json.loads(text)) == text";
    let mut dumps = world.alone(&python);
    let output = world.finish("json.dumps", dumps.args(["-c", same]).arg(&file));
    assert_eq!(output.code, 0, "blanks and escapes are Python's: {output}");
}

#[test]
fn boto3_uses_a_sign_in_and_renews_it_and_awsenv_goes_on_from_there() {
    let Some(python) = python() else { return };
    let world = signed_in();
    let output = world.boto3(&python, "dev");
    assert_eq!((output.stdout.as_str(), world.renewals()), (alice(&world).as_str(), 0), "{output}");

    world.change_token(|token| drop(token.insert("future".into(), serde_json::json!({"x": "é 🔑"}))));
    world.expire();
    let ended = world.key();
    let output = world.boto3(&python, "dev");
    assert_eq!((output.stdout.as_str(), world.renewals()), (alice(&world).as_str(), 1), "{output}");
    assert_ne!(world.key(), ended);
    world.uses_the_file_as_it_is();

    world.expire();
    let output = world.run("export dev --format json");
    assert_eq!((output.code, world.renewals()), (0, 2), "{output}");
    assert_eq!(world.boto3(&python, "dev").stdout, alice(&world));
    assert_eq!(world.renewals(), 2, "boto3 uses what awsenv renewed");
    assert_eq!(world.token()["future"]["x"], "é 🔑", "a key that nobody knows outlives both");
    assert_eq!(std::fs::metadata(world.token_file()).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(world.sim.refusals().is_empty(), "{:?}", world.sim.refusals());
}

#[test]
fn the_sdk_for_javascript_uses_a_sign_in_and_renews_it_and_awsenv_goes_on_from_there() {
    let Some(modules) = javascript() else { return };
    let world = signed_in().env("AWS_PROFILE", "dev");
    for way in ["login", "ini", "default chain"] {
        let output = world.node(&modules, way);
        assert_eq!(
            (output.stdout.as_str(), world.renewals()),
            (alice(&world).as_str(), 0),
            "{way}: {output}"
        );
    }

    world.change_token(|token| drop(token.insert("future".into(), 1.into())));
    world.expire();
    let output = world.node(&modules, "ini");
    assert_eq!((output.stdout.as_str(), world.renewals()), (alice(&world).as_str(), 1), "{output}");
    world.uses_the_file_as_it_is();

    world.expire();
    assert_eq!(world.run("export dev --format json").code, 0);
    assert_eq!((world.node(&modules, "login").stdout, world.renewals()), (alice(&world), 2));
    assert_eq!(world.token()["future"], 1);
    assert!(world.sim.refusals().is_empty(), "{:?}", world.sim.refusals());
}

/// A profile for tools that know no `login_session`.
const BRIDGE: &str =
    "[profile bridge]\nregion = eu-west-1\ncredential_process = awsenv export dev --format process\n";

#[test]
fn a_credential_process_brings_a_sign_in_to_boto3() {
    let Some(python) = python() else { return };
    let world = signed_in().config(&format!("{DEV}{BRIDGE}"));
    let mut client = world.command_of(&python);
    let output = world.finish("boto3", client.args(["-c", BOTO3, "bridge"]));
    assert_eq!(output.stdout, alice(&world), "{output}");

    world.expire();
    let output = world.finish("boto3", client.args(["-c", BOTO3, "bridge"]));
    assert_eq!((output.stdout, world.renewals()), (alice(&world), 1));
}

#[test]
fn a_credential_process_brings_a_sign_in_to_the_aws_cli() {
    let mut test = Command::new("aws");
    test.arg("--version");
    if !is_here("AWS CLI", test) {
        return;
    }
    let world = signed_in().config(&format!("{DEV}{BRIDGE}"));
    let identity = |profile: &str| {
        let mut aws = world.command_of(Path::new("aws"));
        aws.env("AWS_PAGER", "").args(["sts", "get-caller-identity", "--output", "text", "--query", "Arn"]);
        // AWS CLI 2.9 knows the endpoint of a service by this flag alone
        aws.args(["--endpoint-url", world.sim.url(), "--profile", profile]);
        world.finish("aws", &mut aws)
    };
    let output = identity("bridge");
    assert_eq!(output.stdout, format!("{ALICE}\n"), "{output}");
    if reads_login_sessions() {
        let output = identity("dev");
        assert_eq!(output.stdout, format!("{ALICE}\n"), "{output}");
    } else {
        println!("not run here: AWS CLI 2.32+");
    }
}

/// Whether `aws` is 2.32 or newer: "aws-cli/2.36.7 Python/…".
fn reads_login_sessions() -> bool {
    let output = Command::new("aws").arg("--version").output().unwrap();
    let version = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut numbers = version.trim_start_matches("aws-cli/").split('.').map(str::parse::<u32>);
    matches!((numbers.next(), numbers.next()), (Some(Ok(2)), Some(Ok(32..))))
}

#[test]
fn exec_brings_a_sign_in_to_boto3_without_a_profile() {
    let Some(python) = python() else { return };
    let world = signed_in();
    let mut awsenv = world.command();
    let output = world.finish("boto3", awsenv.args(["exec", "dev", "--"]).arg(&python).args(["-c", BOTO3]));
    assert_eq!(output.stdout, alice(&world), "{output}");
}

#[test]
fn boto3_finds_a_profile_by_any_name_that_awsenv_gave_it() {
    let Some(python) = python() else { return };
    let names = [
        "my team",
        "it's",
        "say \"hi\"",
        "日本 🔑",
        "a]b",
        "a#b",
        "x;y",
        "$HOME",
        "back\\slash",
        "-dash",
        "a: = b",
    ];
    let world = World::new();
    for name in names {
        let login = world.run(&format!("login --region eu-west-1 -- {}", shell_words::quote(name)));
        assert_eq!(login.code, 0, "{name}: {login}");
    }
    let seen = "\
import boto3, sys
for name in sys.argv[1:]:
    print(name, boto3.Session(profile_name=name).client('sts').get_caller_identity()['Arn'])
";
    let output = world.finish("boto3", world.alone(&python).args(["-c", seen]).args(names));
    let expected: String = names.iter().map(|name| format!("{name} {ALICE}\n")).collect();
    assert_eq!(output.stdout, expected, "{output}\n{}", world.read("home/.aws/config"));
    let listed = "import boto3, json; print(json.dumps(boto3.Session().available_profiles))";
    let listed = world.finish("boto3", world.alone(&python).args(["-c", listed]));
    let listed: Vec<String> = serde_json::from_str(&listed.stdout).unwrap();
    assert_eq!(listed, names);
}

#[test]
fn a_role_that_awsenv_assumed_is_the_aws_clis_and_the_other_way_round() {
    let Some(python) = python() else { return };
    let role = "arn:aws:iam::123456789012:role/team/Ops";
    let world = || {
        let world = World::new()
            .config(&format!(
                "[profile ops]\nrole_arn = {role}\nsource_profile = user\nregion = eu-west-1\nrole_session_name = me\n\
                 external_id = x/1\nduration_seconds = 1800\n"
            ))
            .credentials("[user]\naws_access_key_id = AKIABOB0000000000001\naws_secret_access_key = bobsecret\n");
        world.sim.key("AKIABOB0000000000001", "bobsecret", "arn:aws:iam::123456789012:user/bob");
        drop(world.sim.role(role).trusts("123456789012").external_id("x/1"));
        world
    };
    let cli = |world: &World| world.finish("the AWS CLI", world.alone(&python).args(["-c", CLI, "ops"]));
    let key = |output: &Output| output.stdout.lines().nth(1).unwrap_or_default().to_owned();

    let first = world();
    let exported = first.run("export ops --format json");
    let used = cli(&first);
    assert_eq!((exported.code, used.code), (0, 0), "{used}");
    assert_eq!(used.stdout.lines().next(), Some("arn:aws:sts::123456789012:assumed-role/Ops/me"));
    assert!(exported.stdout.contains(&key(&used)), "{exported}\n{used}");
    assert_eq!(first.sim.calls(), ["sts AssumeRole", "sts GetCallerIdentity"]);

    let second = world();
    let used = cli(&second);
    let exported = second.run("export ops --format json");
    assert!(used.code == 0 && exported.stdout.contains(&key(&used)), "{exported}\n{used}");
    assert_eq!(second.sim.calls(), ["sts AssumeRole", "sts GetCallerIdentity"]);
}
