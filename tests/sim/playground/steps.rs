//! The steps of the story. Each can be made to go wrong, and then its own checks find it.

use crate::demo::{Stage, Step, equal, holds};
use crate::sim::{ALICE, Fault, Op, Person};
use std::collections::BTreeMap;
use std::time::Duration;

const AUTHORIZE: &str = "signin Authorize";
const CODE: &str = "signin CreateOAuth2Token authorization_code";
const REFRESH: &str = "signin CreateOAuth2Token refresh_token";
const WHO: &str = "sts GetCallerIdentity";

/// Set in the shell before awsenv comes, as if by hand.
const BY_HAND: &str = "AWS_PROFILE=elsewhere";

pub(crate) const STEPS: &[Step] = &[
    Step {
        name: "login",
        tells: "a browser opens, a person approves, and this shell has the credentials",
        play: login,
        sabotage: |stage| fault(stage, Op::Token, refused()),
    },
    Step {
        name: "variables",
        tells: "every program that this shell starts finds them",
        play: variables,
        sabotage: |stage| stage.behind_the_scenes("unset AWS_SESSION_TOKEN"),
    },
    Step {
        name: "status",
        tells: "what this shell holds, told without asking AWS",
        play: status,
        sabotage: |stage| stage.behind_the_scenes("export AWS_ACCESS_KEY_ID=ASIAANOTHER"),
    },
    Step {
        name: "exec",
        tells: "one command has the identity, and the shell has nothing of it",
        play: exec,
        sabotage: |stage| fault(stage, Op::CallerIdentity, refused()),
    },
    Step {
        name: "cached",
        tells: "signed in already, nobody is asked",
        play: cached,
        sabotage: |stage| {
            let token = stage.tokens().pop().ok_or("there is no token")?;
            std::fs::remove_file(stage.home.dir().join(token)).map_err(|e| e.to_string())
        },
    },
    Step {
        name: "renewal",
        tells: "credentials near their end are renewed, once for five programs, and nobody is asked",
        play: renewal,
        sabotage: |stage| fault(stage, Op::Refresh, refused()),
    },
    Step {
        name: "unset",
        tells: "the shell is what it was before awsenv",
        play: unset,
        sabotage: |stage| stage.behind_the_scenes("export AWSENV_RESTORE=nonsense"),
    },
    Step {
        name: "logout",
        tells: "the token is gone, and what needs it says so",
        play: logout,
        sabotage: |stage| stage.behind_the_scenes("export AWS_LOGIN_CACHE_DIRECTORY=/elsewhere"),
    },
    Step {
        name: "failure",
        tells: "a sign-in that fails cannot be missed by the line that evaluates it",
        play: failure,
        sabotage: |stage| fault(stage, Op::Token, Fault::Headers(1)), // a true answer goes before the refusal
    },
    Step {
        name: "remote",
        tells: "a browser elsewhere shows a code, which is pasted here",
        play: remote,
        sabotage: |stage| {
            stage.sim.code_lifetime(0);
            Ok(())
        },
    },
    Step {
        name: "ephemeral",
        tells: "a sign-in that leaves no file",
        play: ephemeral,
        sabotage: |stage| fault(stage, Op::Token, Fault::Identity("arn:aws:iam::1:user/mallory".to_owned())),
    },
];

#[expect(clippy::unnecessary_wraps, reason = "a sabotage can fail")]
fn fault(stage: &mut Stage, op: Op, fault: Fault) -> Result<(), String> {
    stage.sim.fault(op, fault);
    Ok(())
}

/// AWS says no.
fn refused() -> Fault {
    let (error, message) =
        ("USER_CREDENTIALS_CHANGED".to_owned(), "The user's credentials changed.".to_owned());
    Fault::Error { status: 401, error, message }
}

fn login(stage: &mut Stage) -> Result<(), String> {
    stage.types(&format!("export {BY_HAND}"))?;
    let ran = stage.types("eval \"$(awsenv login dev --region eu-central-1)\"")?;
    equal("the shell goes on with 0", &ran.code, &0)?;
    stage.aws_was_asked(&[AUTHORIZE, CODE, WHO])?;
    equal("the token is kept in ~/.aws/login/cache", &stage.tokens().len(), &1)?;
    let wanted = format!("[profile dev]\nlogin_session = {ALICE}\nregion = eu-central-1\n");
    equal("the profile is in ~/.aws/config", &stage.config(), &wanted)
}

fn variables(stage: &mut Stage) -> Result<(), String> {
    let shown = "env | grep -E '^AWS(ENV)?_' | grep -vE '_(KEY|TOKEN|RESTORE|URL_[A-Z]+)=' | sort";
    stage.types(shown)?;
    let vars = stage.variables()?;
    let (token, secrets) = (stage.token()?, stage.sim.secrets());
    let issued = |name: &str| vars.get(name).is_some_and(|value| secrets.contains(value));
    equal("AWS_ACCESS_KEY_ID is the token's", &vars.get("AWS_ACCESS_KEY_ID"), &id_of(&token).as_ref())?;
    holds("AWS_SECRET_ACCESS_KEY is one that AWS issued", issued("AWS_SECRET_ACCESS_KEY"))?;
    holds("AWS_SESSION_TOKEN is one that AWS issued", issued("AWS_SESSION_TOKEN"))?;
    for (name, value) in [
        ("AWS_REGION", "eu-central-1"),
        ("AWS_DEFAULT_REGION", "eu-central-1"),
        ("AWS_ACCOUNT_ID", "123456789012"),
        ("AWSENV_PROFILE", "dev"),
    ] {
        let found = vars.get(name).map(String::as_str);
        equal(&format!("{name} is {value}"), &found, &Some(value))?;
    }
    holds("AWS_PROFILE is unset: it could mean somebody else", !vars.contains_key("AWS_PROFILE"))?;
    let who = stage.types("aws-whoami")?;
    equal("AWS takes them", &who.shown.trim(), &ALICE)?;
    stage.aws_was_asked(&[WHO])
}

fn status(stage: &mut Stage) -> Result<(), String> {
    stage.types("awsenv status")?;
    let file = stage.home.beside("status.json");
    let token = stage.token()?;
    stage.behind_the_scenes(&format!("awsenv status --json > '{}'", file.display()))?;
    let text = std::fs::read_to_string(file).map_err(|e| e.to_string())?;
    let told: serde_json::Value = serde_json::from_str(&text).map_err(|e| e.to_string())?;
    for (name, value) in [
        ("profile", "dev"),
        ("account_id", "123456789012"),
        ("identity", "Admin"),
        ("region", "eu-central-1"),
    ] {
        equal(&format!("its {name} is {value}"), &told[name].as_str(), &Some(value))?;
    }
    let id = id_of(&token);
    equal("its access key is the token's", &told["access_key_id"].as_str(), &id.as_deref())?;
    let left = told["seconds_left"].as_i64().unwrap_or(0);
    holds("its credentials last up to 15 minutes", (800..=900).contains(&left))?;
    stage.aws_was_asked(&[])
}

fn exec(stage: &mut Stage) -> Result<(), String> {
    let loaded = aws_of(&stage.variables()?);
    stage.types("eval \"$(awsenv unset)\"")?;
    let bare = stage.variables()?;
    holds("the shell has no credentials", !bare.contains_key("AWS_ACCESS_KEY_ID"))?;
    let ran = stage.types("awsenv exec dev -- aws-whoami")?;
    equal("the command says who it is", &ran.shown.trim(), &ALICE)?;
    stage.aws_was_asked(&[WHO])?;
    let ran = stage.types("awsenv exec dev -- sh -c 'exit 42'")?;
    equal("its exit code is the command's", &ran.code, &42)?;
    holds("the shell has none still", stage.variables()? == bare)?;
    stage.types("eval \"$(awsenv export dev)\"")?;
    let again = aws_of(&stage.variables()?);
    holds("export loads the shell again as login did", again == loaded)?;
    stage.aws_was_asked(&[])
}

fn cached(stage: &mut Stage) -> Result<(), String> {
    let before = stage.variables()?.get("AWS_ACCESS_KEY_ID").cloned();
    let ran = stage.types("eval \"$(awsenv login dev)\"")?;
    equal("the shell goes on with 0", &ran.code, &0)?;
    stage.aws_was_asked(&[])?;
    holds("the credentials are the same", stage.variables()?.get("AWS_ACCESS_KEY_ID").cloned() == before)
}

fn renewal(stage: &mut Stage) -> Result<(), String> {
    stage.sim.expires_in(6); // in the place of 900; due for renewal after two thirds
    let ran = stage.types("eval \"$(awsenv login dev --force)\"")?;
    equal("signed in again, for credentials of 6 seconds", &ran.code, &0)?;
    stage.aws_was_asked(&[AUTHORIZE, CODE, WHO])?;
    let before = id_of(&stage.token()?);
    std::thread::sleep(Duration::from_millis(4200));
    stage.sim.expires_in(900);
    let all = "(for n in 1 2 3 4 5; do awsenv exec dev -- sh -c 'echo $AWS_ACCESS_KEY_ID' & done; wait)";
    let ran = stage.types(all)?;
    stage.aws_was_asked(&[REFRESH])?;
    let renewed = id_of(&stage.token()?).ok_or("the token has no key")?;
    holds("the token on disk is a new one", Some(&renewed) != before.as_ref())?;
    equal("all five have it", &ran.shown.lines().filter(|line| *line == renewed).count(), &5)?;
    stage.types("eval \"$(awsenv login dev)\"")?;
    equal("and so has the shell", &stage.variables()?.get("AWS_ACCESS_KEY_ID"), &Some(&renewed))?;
    stage.aws_was_asked(&[])
}

fn unset(stage: &mut Stage) -> Result<(), String> {
    let ran = stage.types("eval \"$(awsenv unset)\"")?;
    equal("the shell goes on with 0", &ran.code, &0)?;
    let left = aws_of(&stage.variables()?);
    let (name, value) = BY_HAND.split_once('=').unwrap_or_default();
    let wanted = BTreeMap::from([(name.to_owned(), value.to_owned())]);
    equal(&format!("all that is left is {BY_HAND}, which was set by hand"), &left, &wanted)?;
    equal("still signed in: the token stays", &stage.tokens().len(), &1)?;
    stage.aws_was_asked(&[])
}

fn logout(stage: &mut Stage) -> Result<(), String> {
    stage.types("eval \"$(awsenv export dev)\"")?;
    let ran = stage.types("eval \"$(awsenv logout dev)\"")?;
    equal("the shell goes on with 0", &ran.code, &0)?;
    holds("no token is left", stage.tokens().is_empty())?;
    holds("the shell has no credentials", !stage.variables()?.contains_key("AWS_ACCESS_KEY_ID"))?;
    let ran = stage.types("awsenv export dev --format json")?;
    equal("export ends with 4: sign-in needed", &ran.code, &4)?;
    stage.aws_was_asked(&[])
}

fn failure(stage: &mut Stage) -> Result<(), String> {
    let before = stage.variables()?;
    stage.sim.fault(Op::Token, refused());
    let mark = stage.home.beside("wrong");
    let ran = stage.types("eval \"$(awsenv login dev)\" && touch ../wrong")?;
    holds("what comes after && is not done", !mark.exists() && ran.code != 0)?;
    stage.aws_was_asked(&[AUTHORIZE, CODE])?;
    holds("the shell is what it was", stage.variables()? == before)?;
    holds("no token is kept", stage.tokens().is_empty())
}

fn remote(stage: &mut Stage) -> Result<(), String> {
    stage.begins("eval \"$(awsenv login dev --remote)\"")?;
    let before = stage.asked("authorization code: ")?;
    let url = before.lines().find(|line| line.contains("/v1/authorize?")).ok_or("no page is named")?;
    let code = Person::new().code(url.trim())?;
    stage.answers(&code, "(the code that the page shows)")?;
    let ran = stage.ends()?;
    equal("the shell goes on with 0", &ran.code, &0)?;
    stage.aws_was_asked(&[AUTHORIZE, CODE, WHO])?;
    let token = stage.token()?;
    let client = Some("arn:aws:signin:::devtools/cross-device");
    equal("the token is one for another device", &token["clientId"].as_str(), &client)?;
    let vars = stage.variables()?;
    equal("the shell has it", &vars.get("AWS_ACCESS_KEY_ID"), &id_of(&token).as_ref())
}

fn ephemeral(stage: &mut Stage) -> Result<(), String> {
    stage.types("eval \"$(awsenv logout dev)\"")?;
    let before = (kept(stage), stage.config());
    let ran = stage.types("eval \"$(awsenv login guest --ephemeral --region us-west-2)\"")?;
    equal("the shell goes on with 0", &ran.code, &0)?;
    stage.aws_was_asked(&[AUTHORIZE, CODE, WHO])?;
    let who = stage.types("aws-whoami")?;
    equal("the shell has the identity", &who.shown.trim(), &ALICE)?;
    stage.aws_was_asked(&[WHO])?;
    holds("no file came, and ~/.aws/config is as before", before == (kept(stage), stage.config()))
}

/// The files of the home.
fn kept(stage: &Stage) -> Vec<std::path::PathBuf> {
    stage.home.files()
}

/// The access key id in a token.
fn id_of(token: &serde_json::Value) -> Option<String> {
    token["accessToken"]["accessKeyId"].as_str().map(str::to_owned)
}

/// The variables of AWS and of awsenv, but for where the simulator is.
fn aws_of(vars: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut vars = vars.clone();
    vars.retain(|name, _| name.starts_with("AWS") && !name.starts_with("AWS_ENDPOINT_URL"));
    vars
}
