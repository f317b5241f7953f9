//! The AWS simulator: sign-in (`aws login`), IAM Identity Center and STS on a loopback port, for tests and for play.
//!
//! It shares nothing with `src/`. PKCE, proofs of possession and Signature Version 4 are derived here anew
//! from their specifications, and whatever AWS would refuse is refused, so that a mistake made in `src/` cannot
//! be made here as well and pass.
//!
//! ```text
//! http.rs      the listener: a request in, a reply out, and the faults of the wire
//! route.rs     which service a request is for, and the fault it meets
//!   signin.rs  GET /v1/authorize, POST /v1/token      dpop.rs    the proof of possession
//!   sts.rs     POST /  (one file an action: sts/)     sigv4.rs   the signature
//!                                                     iam.rs     roles, MFA devices, web identities
//!   sso.rs     IAM Identity Center (OIDC and the portal: sso/)
//!   metadata.rs  credentials of an instance and of a container
//!   page.rs    what a browser is shown                fault.rs   what can be made to go wrong
//!   state.rs   what the simulator remembers           person.rs  someone at a browser
//!                                                     whoami.rs  a client of STS
//! ```
//!
//! Every refusal tells the caller as little as AWS does; [`Sim::refusals`] tells a test the true reason.

mod dpop;
mod fault;
mod http;
mod iam;
mod metadata;
mod page;
mod person;
mod query;
mod route;
mod signin;
mod sigv4;
mod sso;
mod state;
mod sts;
pub(crate) mod whoami;

pub(crate) use fault::{Fault, Op};
pub(crate) use page::words;
pub(crate) use person::{Page, Person};

use state::State;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::oneshot;

/// The identity that signs in when a test names none.
pub(crate) const ALICE: &str = "arn:aws:sts::123456789012:assumed-role/Admin/alice";

/// A running simulator; it ends, with its port and all its connections, when dropped.
pub(crate) struct Sim {
    state: Arc<Mutex<State>>,
    url: String,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Sim {
    /// Starts a simulator on a free port of 127.0.0.1.
    pub(crate) fn start() -> Self {
        Self::on_port(0)
    }

    /// Starts a simulator on this port of 127.0.0.1; 0 is any free one.
    ///
    /// # Panics
    /// If the port is taken.
    pub(crate) fn on_port(port: u16) -> Self {
        let state = Arc::new(Mutex::new(State::new()));
        let (url, stop, thread) = http::serve(port, Arc::clone(&state));
        Self { state, url, stop: Some(stop), thread: Some(thread) }
    }

    /// Its base URL: scheme, host and port, without a slash at the end.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The variables that point a client here.
    pub(crate) fn env(&self) -> Vec<(&'static str, String)> {
        [
            "AWS_ENDPOINT_URL_SIGNIN",
            "AWS_ENDPOINT_URL_STS",
            "AWS_ENDPOINT_URL_SSO",
            "AWS_ENDPOINT_URL_SSO_OIDC",
        ]
        .map(|name| (name, self.url.clone()))
        .to_vec()
    }

    /// Offers one more identity on the sign-in page, below those already there.
    pub(crate) fn identity(&self, arn: &str) {
        self.state().identities.push(arn.to_owned());
    }

    /// Offers these identities and no other.
    pub(crate) fn identities(&self, arns: &[&str]) {
        self.state().identities = arns.iter().map(|&arn| arn.to_owned()).collect();
    }

    /// Makes long-term credentials known to STS.
    pub(crate) fn key(&self, id: &str, secret: &str, arn: &str) {
        self.state().keys.long_term(id, secret, arn);
    }

    /// Makes temporary credentials known to STS, ending at `expires` (Unix seconds).
    pub(crate) fn temporary_key(&self, id: &str, secret: &str, token: &str, arn: &str, expires: i64) {
        self.state().keys.temporary(id, secret, token, arn, expires);
    }

    /// Stops the clock at this moment (Unix seconds).
    pub(crate) fn set_now(&self, seconds: i64) {
        self.state().clock.set(seconds);
    }

    /// Moves the clock, running or stopped, by this many seconds; backwards too.
    pub(crate) fn advance(&self, seconds: i64) {
        self.state().clock.advance(seconds);
    }

    /// What the clock shows, in Unix seconds.
    pub(crate) fn now(&self) -> i64 {
        self.state().clock.now()
    }

    /// How long credentials from sign-in last (seconds; 900 unless told).
    pub(crate) fn expires_in(&self, seconds: i64) {
        self.state().rules.expires_in = seconds;
    }

    /// How long an authorization code lasts (seconds; 300 unless told).
    pub(crate) fn code_lifetime(&self, seconds: i64) {
        self.state().rules.code_lifetime = seconds;
    }

    /// How long after signing in a refresh still works (seconds; 43 200 unless told).
    pub(crate) fn login_lifetime(&self, seconds: i64) {
        self.state().rules.login_lifetime = seconds;
    }

    /// Whether a refresh token, of sign-in or of OIDC, is good once only, as it is unless told.
    pub(crate) fn single_use_refresh(&self, on: bool) {
        self.state().rules.single_use_refresh = on;
    }

    /// Delays every answer.
    pub(crate) fn latency(&self, latency: Duration) {
        self.state().latency = latency;
    }

    /// Has the next call of `op` meet this fault; calls after it meet those queued after it.
    pub(crate) fn fault(&self, op: Op, fault: Fault) {
        self.state().faults.queue(op, fault);
    }

    /// Has every call of `op` meet this fault, once the queued ones are used up.
    pub(crate) fn fault_always(&self, op: Op, fault: Fault) {
        self.state().faults.always(op, fault);
    }

    /// Forgets all faults.
    pub(crate) fn clear_faults(&self) {
        self.state().faults.clear();
    }

    /// The calls seen so far, in order, refused ones too: `signin Authorize`, `signin CreateOAuth2Token GRANT`,
    /// `sts ACTION`, `oidc Authorize`, `oidc RegisterClient`, `oidc StartDeviceAuthorization`, `oidc CreateToken GRANT`
    /// (`device_code` for short), `sso GetRoleCredentials` and the like, `imds Token`,
    /// `imds Role`, `imds Credentials`, `container Credentials`.
    pub(crate) fn calls(&self) -> Vec<String> {
        self.state().requests.iter().map(|(call, _)| call.clone()).collect()
    }

    /// The same, each with its parameters in their order: of the query, and of the form or the JSON in its body.
    pub(crate) fn requests(&self) -> Vec<(String, Vec<(String, String)>)> {
        self.state().requests.clone()
    }

    /// How many calls seen so far begin with `prefix`.
    pub(crate) fn count(&self, prefix: &str) -> usize {
        self.state().requests.iter().filter(|(call, _)| call.starts_with(prefix)).count()
    }

    /// How many calls waited for their answers at once, at most; only what is delayed waits ([`Sim::latency`]).
    pub(crate) fn most_at_once(&self) -> usize {
        self.state().at_once.1
    }

    /// Why each refused request was refused, in order.
    pub(crate) fn refusals(&self) -> Vec<String> {
        self.state().refusals.clone()
    }

    /// Every secret handed out so far: secret access keys, session tokens, refresh tokens, codes, id tokens.
    pub(crate) fn secrets(&self) -> Vec<String> {
        self.state().secrets.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

impl Drop for Sim {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The state, even after a panic elsewhere: that panic is the failure to report, not this lock.
fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
