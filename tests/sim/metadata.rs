//! Credentials from the place a program runs in: an instance (`IMDSv2`), and a container.

use super::Sim;
use super::fault::{Fault, Format, Refusal};
use super::http::{Act, Answer, Ask};
use super::route::Turn;
use super::state::{State, url_text};
use chrono::DateTime;
use serde_json::{Value, json};
use std::collections::HashMap;

/// Where the name of an instance's role is, and behind it its credentials.
pub(super) const ROLE: &str = "/latest/meta-data/iam/security-credentials/";

/// How long a token of an instance may last (seconds).
const LONGEST: i64 = 21_600;

pub(super) struct Metadata {
    on: bool,
    /// The role of the instance.
    instance: Option<String>,
    /// The role of the container, and what must be shown for it.
    container: Option<(String, Option<String>)>,
    lifetime: i64,
    /// When the tokens of the instance end.
    tokens: HashMap<String, i64>,
}

impl Metadata {
    pub(super) fn new() -> Self {
        Self { on: true, instance: None, container: None, lifetime: 6 * 3600, tokens: HashMap::new() }
    }
}

impl Sim {
    /// Gives the instance a role: `PUT /latest/api/token` and so on, below the URL of the simulator.
    pub(crate) fn instance(&self, role_arn: &str) {
        self.state().metadata.instance = Some(role_arn.to_owned());
    }

    /// Switches the metadata of the instance off, as its owner can, or on again.
    pub(crate) fn imds(&self, on: bool) {
        self.state().metadata.on = on;
    }

    /// Gives the container a role, for who shows `authorization` if there is one: `GET /container/credentials`.
    pub(crate) fn container(&self, role_arn: &str, authorization: Option<&str>) {
        self.state().metadata.container = Some((role_arn.to_owned(), authorization.map(str::to_owned)));
    }

    /// How long credentials of the instance and of the container last (seconds; 6 hours unless told).
    pub(crate) fn metadata_lifetime(&self, seconds: i64) {
        self.state().metadata.lifetime = seconds;
    }
}

/// Gives a token of the instance.
pub(super) fn token(state: &mut State, ask: &Ask, turn: &Turn) -> Result<Act, Refusal> {
    reachable(state)?;
    if !ask.all("x-forwarded-for").is_empty() {
        return Err(no(403, "there is an X-Forwarded-For header"));
    }
    let seconds = ask.one("x-aws-ec2-metadata-token-ttl-seconds").and_then(|text| text.parse().ok());
    let seconds = seconds.filter(|seconds| (1..=LONGEST).contains(seconds));
    let seconds = seconds.ok_or_else(|| no(400, "the token is to last no number of seconds up to 21600"))?;
    if let Some(act) = turn.instead(Format::Page) {
        return Ok(act);
    }
    let token = url_text(55) + "=";
    state.secrets.push(token.clone());
    state.metadata.tokens.insert(token.clone(), turn.now + seconds);
    let answer = Answer::new(200, "text/plain", token);
    Ok(answer.with("x-aws-ec2-metadata-token-ttl-seconds", &seconds.to_string()).into())
}

/// Names the role of the instance.
pub(super) fn role(state: &mut State, ask: &Ask, turn: &Turn) -> Result<Act, Refusal> {
    let role = role_of(state, ask, turn)?;
    if let Some(act) = turn.instead(Format::Page) {
        return Ok(act);
    }
    Ok(Answer::new(200, "text/plain", name_of(&role)).into())
}

/// Gives the credentials of the instance's role.
pub(super) fn of_instance(state: &mut State, ask: &Ask, turn: &Turn) -> Result<Act, Refusal> {
    let role = role_of(state, ask, turn)?;
    if ask.path.strip_prefix(ROLE) != Some(name_of(&role)) {
        return Err(no(404, "the instance has another role"));
    }
    if let Some(act) = turn.instead(Format::Page) {
        return Ok(act);
    }
    let more = json!({"Code": "Success", "LastUpdated": moment(turn.now), "Type": "AWS-HMAC"});
    Ok(credentials(state, turn, &role, "i-0123456789abcdef0", more))
}

/// Gives the credentials of the container's role.
pub(super) fn of_container(state: &mut State, ask: &Ask, turn: &Turn) -> Result<Act, Refusal> {
    let refuse = |status, code, why: &str| Err(Refusal::new(status, "", code, "No credentials", why));
    let Some((role, wanted)) = state.metadata.container.clone() else {
        return refuse(404, "ResourceNotFound", "the container has no role");
    };
    if ask.path != "/container/credentials" {
        return refuse(404, "ResourceNotFound", "the credentials are elsewhere");
    }
    if wanted.is_some() && ask.one("authorization") != wanted.as_deref() {
        return refuse(401, "Unauthorized", "the Authorization is missing, or another");
    }
    if let Some(act) = turn.instead(Format::Container) {
        return Ok(act);
    }
    let account = role.split(':').nth(4).unwrap_or_default();
    let more = json!({"AccountId": account, "RoleArn": role});
    Ok(credentials(state, turn, &role, "0123456789abcdef", more))
}

/// Issues credentials of a session of a role, with what else the answer holds.
fn credentials(state: &mut State, turn: &Turn, role: &str, session: &str, more: Value) -> Act {
    let parts: Vec<_> = role.split(':').collect();
    let [partition, account] = [1, 4].map(|at| parts.get(at).copied().unwrap_or_default());
    let own = format!("arn:{partition}:sts::{account}:assumed-role/{}/{session}", name_of(role));
    let identity = match &turn.fault {
        Some(Fault::Identity(other)) => other,
        _ => &own,
    };
    let expires = turn.now + state.metadata.lifetime;
    let (id, secret, token) = state.issue(identity, expires);
    let mut answer = more.as_object().cloned().unwrap_or_default();
    for (name, value) in
        [("AccessKeyId", id), ("SecretAccessKey", secret), ("Token", token), ("Expiration", moment(expires))]
    {
        answer.insert(name.to_owned(), value.into());
    }
    turn.alter(&mut answer);
    Answer::json(answer).into()
}

/// The role of the instance, for who shows a token.
fn role_of(state: &State, ask: &Ask, turn: &Turn) -> Result<String, Refusal> {
    reachable(state)?;
    let shown = ask.one("x-aws-ec2-metadata-token").ok_or_else(|| no(401, "there is no one token"))?;
    let ends = state.metadata.tokens.get(shown).ok_or_else(|| no(401, "the token is unknown"))?;
    if turn.now >= *ends {
        return Err(no(401, "the token has expired"));
    }
    state.metadata.instance.clone().ok_or_else(|| no(404, "the instance has no role"))
}

fn reachable(state: &State) -> Result<(), Refusal> {
    if state.metadata.on { Ok(()) } else { Err(no(403, "the metadata of the instance is switched off")) }
}

/// The name of a role, without its path.
fn name_of(role: &str) -> &str {
    role.rsplit('/').next().unwrap_or_default()
}

fn moment(seconds: i64) -> String {
    let time = DateTime::from_timestamp(seconds, 0).expect("the simulator's clock is within reason");
    time.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn no(status: u16, why: &str) -> Refusal {
    Refusal::new(status, "", "", "", why)
}
