//! IAM Identity Center: what it knows, and what a test can tell it. OIDC gives tokens, the portal takes them.

mod authorize;
mod device;
mod portal;
mod register;
mod token;

pub(super) use authorize::{authorize, decide};
pub(super) use device::{decide_device, done, show_device, start_device};
pub(super) use portal::{accounts, logout, role_credentials, roles};
pub(super) use register::register;
pub(super) use token::{name as token_name, token};

use super::Sim;
use super::fault::Refusal;
use super::http::Ask;
use super::state::State;
use serde_json::{Map, Value};
use std::collections::HashMap;

const START_URL: &str = "https://d-1234567890.awsapps.com/start";

pub(super) struct Sso {
    rules: Rules,
    start_urls: Vec<String>,
    /// By their ids.
    clients: HashMap<String, Client>,
    /// By their user codes.
    devices: HashMap<String, Device>,
    /// Pages shown, by their tickets.
    tickets: HashMap<String, Asked>,
    codes: HashMap<String, Code>,
    sessions: Vec<Session>,
    access_tokens: HashMap<String, AccessToken>,
    refresh_tokens: HashMap<String, RefreshToken>,
    assignments: Vec<Assignment>,
    /// A second, and the calls of the portal in it.
    rate: (i64, usize),
}

/// How long things last, in seconds, and how much of them there is.
struct Rules {
    interval: i64,
    device: i64,
    registration: i64,
    token: i64,
    session: i64,
    role: i64,
    page: usize,
    rate: usize,
}

#[derive(Clone)]
struct Client {
    id: String,
    secret: String,
    name: String,
    scopes: Vec<String>,
    /// Whether it sends a person's browser, rather than show a code.
    browser: bool,
    expires: i64,
}

struct Device {
    code: String,
    client: String,
    expires: i64,
    /// The interval that polls must keep now, and when the last was.
    interval: i64,
    polled: Option<i64>,
    approved: Option<bool>,
    spent: bool,
}

/// What a client asked for at the authorize URL.
#[derive(Clone)]
struct Asked {
    client: String,
    redirect_uri: String,
    state: String,
    challenge: String,
}

struct Code {
    asked: Asked,
    expires: i64,
    spent: bool,
}

struct Session {
    ends: i64,
    /// Whether somebody signed out of it, or an administrator ended it.
    over: bool,
}

struct AccessToken {
    session: usize,
    expires: i64,
}

struct RefreshToken {
    session: usize,
    client: String,
    spent: bool,
}

struct Assignment {
    account: String,
    name: String,
    role: String,
}

impl Sso {
    pub(super) fn new() -> Self {
        Self {
            rules: Rules {
                interval: 5,
                device: 600,
                registration: 90 * 86_400,
                token: 3600,
                session: 8 * 3600,
                role: 3600,
                page: 20,
                rate: usize::MAX,
            },
            start_urls: vec![START_URL.to_owned()],
            clients: HashMap::new(),
            devices: HashMap::new(),
            tickets: HashMap::new(),
            codes: HashMap::new(),
            sessions: Vec::new(),
            access_tokens: HashMap::new(),
            refresh_tokens: HashMap::new(),
            assignments: Vec::new(),
            rate: (0, 0),
        }
    }

    /// Whether this is the start URL of an instance; what follows it in a browser may follow it.
    fn knows(&self, url: &str) -> bool {
        let plain = |url: &str| url.trim_end_matches(['/', '#']).to_owned();
        self.start_urls.iter().any(|known| plain(known) == plain(url))
    }

    /// Answers for the person at a device.
    fn decide(&mut self, user_code: &str, approved: bool, now: i64) -> Result<(), &'static str> {
        let device = self.devices.get_mut(user_code).ok_or("no device shows this code")?;
        match device.approved {
            None if now >= device.expires => Err("the code has expired"),
            None => {
                device.approved = Some(approved);
                Ok(())
            }
            Some(_) => Err("the code was answered before"),
        }
    }
}

impl Sim {
    /// Makes one more start URL known beside `https://d-1234567890.awsapps.com/start`.
    pub(crate) fn start_url(&self, url: &str) {
        self.state().sso.start_urls.push(url.to_owned());
    }

    /// Assigns a role of an account to whoever signs in; an account without a name is listed without one.
    pub(crate) fn assign(&self, account: &str, account_name: &str, role: &str) {
        let [account, name, role] = [account, account_name, role].map(str::to_owned);
        self.state().sso.assignments.push(Assignment { account, name, role });
    }

    /// Takes a role of an account away again.
    pub(crate) fn unassign(&self, account: &str, role: &str) {
        self.state().sso.assignments.retain(|one| one.account != account || one.role != role);
    }

    /// How long a device waits between two polls (seconds; 5 unless told).
    pub(crate) fn device_interval(&self, seconds: i64) {
        self.state().sso.rules.interval = seconds;
    }

    /// How long the code of a device lasts (seconds; 600 unless told).
    pub(crate) fn device_lifetime(&self, seconds: i64) {
        self.state().sso.rules.device = seconds;
    }

    /// How long a registration lasts (seconds; 90 days unless told).
    pub(crate) fn registration_lifetime(&self, seconds: i64) {
        self.state().sso.rules.registration = seconds;
    }

    /// How long an access token lasts (seconds; 3600 unless told), if the session does.
    pub(crate) fn sso_token_lifetime(&self, seconds: i64) {
        self.state().sso.rules.token = seconds;
    }

    /// How long after signing in a refresh still works (seconds; 8 hours unless told).
    pub(crate) fn sso_session_lifetime(&self, seconds: i64) {
        self.state().sso.rules.session = seconds;
    }

    /// How long credentials of a role last (seconds; 3600 unless told).
    pub(crate) fn role_lifetime(&self, seconds: i64) {
        self.state().sso.rules.role = seconds;
    }

    /// How many accounts or roles come at once if a client names no number (20 unless told).
    pub(crate) fn page_size(&self, entries: usize) {
        self.state().sso.rules.page = entries;
    }

    /// How many calls of the portal are answered within one second of the clock (all unless told).
    pub(crate) fn portal_rate(&self, calls: usize) {
        self.state().sso.rules.rate = calls;
    }

    /// Allows the device that shows this code, or denies it.
    pub(crate) fn answer_device(&self, user_code: &str, allow: bool) -> Result<(), &'static str> {
        let mut state = self.state();
        let now = state.clock.now();
        state.sso.decide(user_code, allow, now)
    }

    /// Ends all access tokens before their time; they can be refreshed.
    pub(crate) fn revoke_access_tokens(&self) {
        self.state().sso.access_tokens.clear();
    }

    /// Ends all sessions, as an administrator can: neither access nor refresh tokens of them are good any more.
    pub(crate) fn end_sso_sessions(&self) {
        self.state().sso.sessions.iter_mut().for_each(|session| session.over = true);
    }
}

/// The exception of the service's model for an `error`.
pub(super) fn exception(error: &str) -> &'static str {
    match error {
        "authorization_pending" => "AuthorizationPendingException",
        "slow_down" => "SlowDownException",
        "expired_token" => "ExpiredTokenException",
        "access_denied" => "AccessDeniedException",
        "invalid_grant" => "InvalidGrantException",
        "invalid_client" => "InvalidClientException",
        "unauthorized_client" => "UnauthorizedClientException",
        "unsupported_grant_type" => "UnsupportedGrantTypeException",
        "invalid_scope" => "InvalidScopeException",
        "invalid_client_metadata" => "InvalidClientMetadataException",
        "invalid_redirect_uri" => "InvalidRedirectUriException",
        "server_error" => "InternalServerException",
        _ => "InvalidRequestException",
    }
}

/// OIDC says no.
fn no(error: &str, told: &str, why: impl Into<String>) -> Refusal {
    let status = match error {
        "invalid_client" => 401,
        _ => 400,
    };
    Refusal::new(status, "", error, told, why)
}

fn invalid(why: impl Into<String>) -> Refusal {
    no("invalid_request", "Invalid request", why)
}

/// The fields of a request, which are these and perhaps some of those.
fn fields(ask: &Ask, needed: &[&str], optional: &[&str]) -> Result<Map<String, Value>, Refusal> {
    if !ask.all("authorization").is_empty() {
        return Err(invalid("there is an Authorization header"));
    }
    if ask.one("content-type") != Some("application/json") {
        return Err(invalid(format!("the body is of type {:?}", ask.all("content-type"))));
    }
    if !ask.query.is_empty() {
        return Err(invalid("there is a query"));
    }
    let fields: Map<String, Value> = serde_json::from_slice(&ask.body)
        .map_err(|why| invalid(format!("the body is not an object: {why}")))?;
    if let Some(name) = needed.iter().find(|&&name| !fields.contains_key(name)) {
        return Err(invalid(format!("there is no {name}")));
    }
    match fields.keys().find(|name| !needed.iter().chain(optional).any(|known| known == name)) {
        Some(name) => Err(invalid(format!("there is a field {name}"))),
        None => Ok(fields),
    }
}

/// A field that must be text.
fn text<'a>(fields: &'a Map<String, Value>, name: &str) -> Result<&'a str, Refusal> {
    let found = fields.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    found.ok_or_else(|| invalid(format!("{name} is no text")))
}

/// The client that a request names, if the secret is its own and its registration has not expired.
fn client(state: &State, fields: &Map<String, Value>, now: i64) -> Result<Client, Refusal> {
    let (id, secret) = (text(fields, "clientId")?, text(fields, "clientSecret")?);
    let refuse = |why: &str| no("invalid_client", "Invalid client provided", why);
    let client = state.sso.clients.get(id).ok_or_else(|| refuse("the client is unknown"))?;
    if client.secret != secret {
        return Err(refuse("the clientSecret is another"));
    }
    if now >= client.expires {
        return Err(refuse("the registration has expired"));
    }
    Ok(client.clone())
}
