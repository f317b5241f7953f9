//! Another implementation of STS, that neither knows awsenv nor was written for it: moto, which checks signatures.

use crate::clients::{is_here, python};
use crate::world::{Output, World};
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const ROLE: &str = "arn:aws:iam::123456789012:role/Ops";
const ASSUMED: &str = "arn:aws:sts::123456789012:assumed-role/Ops/me";

/// Makes the user with a key, and a role that it may assume; prints the key.
const MAKE: &str = "\
import boto3, json, sys
iam = boto3.client('iam', region_name='us-east-1', endpoint_url=sys.argv[1],
                   aws_access_key_id='any', aws_secret_access_key='any')
policy = lambda **more: json.dumps({'Version': '2012-10-17', 'Statement': [{'Effect': 'Allow', **more}]})
iam.create_user(UserName='bob')
iam.put_user_policy(UserName='bob', PolicyName='sts', PolicyDocument=policy(Action='sts:*', Resource='*'))
trust = policy(Action='sts:AssumeRole', Principal={'AWS': 'arn:aws:iam::123456789012:user/bob'})
iam.create_role(RoleName='Ops', AssumeRolePolicyDocument=trust)
iam.put_role_policy(RoleName='Ops', PolicyName='sts', PolicyDocument=policy(Action='sts:*', Resource='*'))
key = iam.create_access_key(UserName='bob')['AccessKey']
print(key['AccessKeyId'], key['SecretAccessKey'])
";

/// A moto server; it ends with the test.
struct Moto {
    server: Child,
    port: u16,
}

impl Moto {
    fn start(python: &Path) -> Moto {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut server = Command::new(python);
        server.args(["-m", "moto.server", "-H", "127.0.0.1", "-p", &port.to_string()]);
        server.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let moto = Moto { server: server.spawn().unwrap(), port };
        for _ in 0..600 {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return moto;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("moto is not there after a minute");
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// From now on every request must bear a good signature and be allowed by a policy.
    fn check_signatures(&self) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let request = "POST /moto-api/reset-auth HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/plain\r\n\
                       Content-Length: 1\r\nConnection: close\r\n\r\n0";
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.lines().next().is_some_and(|line| line.contains(" 200 ")), "{answer}");
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// The Python that has moto beside boto3.
fn python_with_moto() -> Option<PathBuf> {
    let python = python()?;
    let mut test = Command::new(&python);
    test.args(["-c", "import moto.server"]);
    is_here("moto", test).then_some(python)
}

/// A world whose STS is moto, with profiles of bob: `ops` (a role), `mfa` (a session).
struct Bob {
    world: World,
    python: PathBuf,
    key: String,
    secret: String,
    _moto: Moto,
}

impl Bob {
    fn new() -> Option<Bob> {
        let python = python_with_moto()?;
        let moto = Moto::start(&python);
        let world = World::new()
            .config(&format!(
                "[profile ops]\nrole_arn = {ROLE}\nrole_session_name = me\nsource_profile = bob\nregion = eu-west-1\n\
                 [profile mfa]\nregion = eu-west-1\nmfa_serial = arn:aws:iam::123456789012:mfa/bob\n\
                 aws_access_key_id = KEY\naws_secret_access_key = SECRET\n"
            ))
            .env("AWS_ENDPOINT_URL_STS", &moto.url());
        let made = world.finish("MAKE", world.alone(&python).args(["-c", MAKE, &moto.url()]));
        let (key, secret) = made
            .stdout
            .trim()
            .split_once(' ')
            .map(|(key, secret)| (key.to_owned(), secret.to_owned()))
            .unwrap();
        let config = world.read("home/.aws/config").replace("KEY", &key).replace("SECRET", &secret);
        world.write("home/.aws/config", &config);
        moto.check_signatures();
        let bob = Bob { world, python, key, secret, _moto: moto };
        bob.has_the_secret(&bob.secret);
        Some(bob)
    }

    fn has_the_secret(&self, secret: &str) {
        let keys = format!("[bob]\naws_access_key_id = {}\naws_secret_access_key = {secret}\n", self.key);
        self.world.write("home/.aws/credentials", &keys);
    }

    /// awsenv as a real process.
    fn awsenv(&self, words: &[&str]) -> Output {
        self.world.finish(&format!("awsenv {}", words.join(" ")), self.world.command().args(words))
    }

    /// Who moto says that the holder of what was exported is.
    fn who(&self, exported: &Output) -> String {
        let who = "import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])";
        let mut boto3 = self.world.alone(&self.python);
        let held: serde_json::Value = serde_json::from_str(&exported.stdout).unwrap();
        for (name, field) in [
            ("AWS_ACCESS_KEY_ID", "access_key_id"),
            ("AWS_SECRET_ACCESS_KEY", "secret_access_key"),
            ("AWS_SESSION_TOKEN", "session_token"),
            ("AWS_REGION", "region"),
            ("AWS_DEFAULT_REGION", "region"),
        ] {
            boto3.env(name, held[field].as_str().unwrap());
        }
        self.world.finish("boto3", boto3.args(["-c", who])).stdout.trim().to_owned()
    }
}

#[test]
fn moto_takes_the_signatures_and_refuses_a_wrong_secret() {
    let Some(bob) = Bob::new() else { return };
    let exported = bob.awsenv(&["export", "ops", "--format", "json"]);
    assert_eq!(exported.code, 0, "{exported}");
    assert_eq!(bob.who(&exported), ASSUMED);
    let run =
        bob.awsenv(&["exec", "ops", "--", "sh", "-c", "echo $AWS_ACCOUNT_ID $AWSENV_IDENTITY $AWS_REGION"]);
    assert_eq!((run.code, run.stdout.as_str()), (0, "123456789012 Ops eu-west-1\n"), "{run}");

    let session = bob.awsenv(&["export", "mfa", "--mfa-code", "123456", "--format", "json"]);
    assert_eq!(session.code, 0, "{session}");
    let held: serde_json::Value = serde_json::from_str(&session.stdout).unwrap();
    assert!(held["session_token"].is_string() && held["access_key_id"] != bob.key.as_str(), "{session}");

    bob.world.write("home/.aws/config", &bob.world.read("home/.aws/config").replace("= me", "= you"));
    bob.has_the_secret(&format!("{}x", &bob.secret[1..]));
    let refused = bob.awsenv(&["export", "ops"]);
    assert_eq!((refused.code, refused.stdout.as_str()), (5, "false;\n"), "{refused}");
    assert!(refused.stderr.contains("SignatureDoesNotMatch"), "{refused}");
    assert!(!refused.stderr.contains(&bob.secret[1..]), "{refused}");
}
