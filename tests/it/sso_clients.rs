//! Real clients of AWS with the Identity Center files that awsenv leaves, and awsenv with theirs.

use crate::clients::python;
use crate::sim::Person;
use crate::sso::{TOKEN, json, kept, world};
use crate::world::World;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::process::Stdio;

/// Who AWS says that the role of `dev` is.
const ROLE: &str = "arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_Admin_";

/// Signs in as the AWS CLI does, by boto3's client of the service, and writes the token as the AWS CLI writes it: in
/// place, with its keys in its order. Prints the page to go to.
const CLI: &str = "\
import boto3, datetime, hashlib, json, os, time
session = boto3.Session(profile_name='dev')
oidc = session.client('sso-oidc', region_name='eu-west-1')
client = oidc.register_client(clientName='botocore-client-corp', clientType='public', scopes=['sso:account:access'])
who = dict(clientId=client['clientId'], clientSecret=client['clientSecret'])
start_url = 'https://d-1234567890.awsapps.com/start'
device = oidc.start_device_authorization(startUrl=start_url, **who)
print(device['verificationUriComplete'], flush=True)
while True:
    try:
        token = oidc.create_token(
            grantType='urn:ietf:params:oauth:grant-type:device_code', deviceCode=device['deviceCode'], **who)
        break
    except (oidc.exceptions.AuthorizationPendingException, oidc.exceptions.SlowDownException):
        time.sleep(device['interval'])
at = lambda instant: instant.strftime('%Y-%m-%dT%H:%M:%SZ')
expires = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=token['expiresIn'])
ends = datetime.datetime.fromtimestamp(client['clientSecretExpiresAt'], datetime.timezone.utc)
directory = os.path.expanduser('~/.aws/sso/cache')
os.makedirs(directory, exist_ok=True)
with open(os.path.join(directory, hashlib.sha1(b'corp').hexdigest() + '.json'), 'w') as file:
    json.dump({
        'startUrl': start_url, 'region': 'eu-west-1', 'accessToken': token['accessToken'], 'expiresAt': at(expires),
        **who, 'registrationExpiresAt': at(ends), 'refreshToken': token['refreshToken']}, file)
";

fn renewals(world: &World) -> usize {
    world.sim.count("oidc CreateToken refresh_token")
}

/// Changes a field of a file as another program would.
fn change(world: &World, file: &str, field: &str, value: &str) {
    let mut changed = json(world, file);
    changed[field] = value.into();
    world.write(file, &changed.to_string());
}

#[test]
fn boto3_uses_a_session_and_renews_it_and_awsenv_goes_on_from_there() {
    let Some(python) = python() else { return };
    let world = world();
    assert_eq!(world.run("login dev").code, 0);
    let output = world.boto3(&python, "dev");
    assert!(output.stdout.starts_with(ROLE), "{output}");
    assert_eq!((renewals(&world), world.opened()), (0, 1));

    change(&world, TOKEN, "expiresAt", "2026-01-02T03:04:05Z");
    let ended = json(&world, TOKEN)["refreshToken"].clone();
    let output = world.boto3(&python, "dev");
    assert!(output.stdout.starts_with(ROLE) && renewals(&world) == 1, "{output}");
    assert_ne!(json(&world, TOKEN)["refreshToken"], ended);

    change(&world, TOKEN, "expiresAt", "2026-01-02T03:04:05Z");
    let output = world.run("export prod --format json");
    assert_eq!((output.code, renewals(&world)), (0, 2), "what boto3 wrote, awsenv renews: {output}");
    assert!(world.boto3(&python, "dev").stdout.starts_with(ROLE));
    assert_eq!((renewals(&world), world.sim.refusals().len()), (2, 0), "{:?}", world.sim.refusals());
}

#[test]
fn awsenv_uses_a_sign_in_of_another_tool() {
    let Some(python) = python() else { return };
    let world = world();
    let mut client = world.alone(&python);
    client.args(["-c", CLI]).stdout(Stdio::piped());
    let mut child = client.spawn().unwrap();
    let url = BufReader::new(child.stdout.take().unwrap()).lines().next().unwrap().unwrap();
    Person::new().approve_device(&url).unwrap();
    assert!(child.wait().unwrap().success());

    let output = world.run("login dev");
    assert_eq!((output.code, world.opened()), (0, 0), "{output}");
    change(&world, TOKEN, "expiresAt", "2026-01-02T03:04:05UTC");
    let output = world.run("export prod");
    assert_eq!((output.code, renewals(&world)), (0, 1), "an older spelling: {output}");
    assert_eq!(json(&world, TOKEN)["expiresAt"].as_str().unwrap().len(), "2026-01-02T03:04:05Z".len());
    assert!(world.boto3(&python, "dev").stdout.starts_with(ROLE), "what awsenv renewed, boto3 uses");
    assert_eq!(renewals(&world), 1);
    assert_eq!(world.run("logout dev").code, 0);
    assert_eq!((world.sim.count("sso Logout"), world.path(TOKEN).exists()), (1, false));
}

#[test]
fn the_files_are_spelled_as_pythons_and_are_private() {
    let Some(python) = python() else { return };
    let world = world();
    assert_eq!(world.run("login dev").code, 0);
    let files: Vec<_> = kept(&world).into_iter().filter(|file| file.ends_with(".json")).collect();
    assert_eq!(files.len(), 3);
    for file in files {
        let path = world.path(&format!("home/{file}"));
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let same =
            "import json, sys; text = open(sys.argv[1]).read(); assert json.dumps(json.loads(text)) == text";
        let mut dumps = world.alone(&python);
        let output = world.finish("json.dumps", dumps.args(["-c", same]).arg(&path));
        assert_eq!(output.code, 0, "{file}: {output}");
    }
}
