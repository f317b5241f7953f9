//! What the simulator remembers: its clock, its rules, whom it knows, what it issued, what it saw.

use super::{ALICE, fault::Faults, iam::Iam, metadata::Metadata, sso::Sso};
use base64::{Engine, engine::general_purpose::STANDARD};
use rand::{TryRng, rngs::SysRng};
use std::collections::{HashMap, HashSet};
use std::time::{Duration, UNIX_EPOCH};

pub(super) struct State {
    /// The base URL, as clients are told it.
    pub(super) url: String,
    pub(super) clock: Clock,
    pub(super) rules: Rules,
    pub(super) latency: Duration,
    pub(super) faults: Faults,
    /// Who can sign in, in the order of the page.
    pub(super) identities: Vec<String>,
    /// Sign-in pages shown, by their ticket.
    pub(super) tickets: HashMap<String, Authorization>,
    pub(super) codes: HashMap<String, Code>,
    pub(super) refresh_tokens: HashMap<String, RefreshToken>,
    /// Ids of all proofs ever shown.
    pub(super) proofs: HashSet<String>,
    pub(super) keys: Keys,
    pub(super) iam: Iam,
    pub(super) sso: Sso,
    pub(super) metadata: Metadata,
    /// How many calls wait for their answer now, and how many did at most.
    pub(super) at_once: (usize, usize),
    /// The calls seen, each with its parameters.
    pub(super) requests: Vec<(String, Vec<(String, String)>)>,
    pub(super) refusals: Vec<String>,
    pub(super) secrets: Vec<String>,
}

/// How long things last, in seconds, and whether a refresh token is good once only.
pub(super) struct Rules {
    pub(super) expires_in: i64,
    pub(super) code_lifetime: i64,
    pub(super) login_lifetime: i64,
    pub(super) single_use_refresh: bool,
}

/// What a client asked for at the authorize URL.
#[derive(Clone)]
pub(super) struct Authorization {
    pub(super) client_id: String,
    pub(super) redirect_uri: String,
    pub(super) state: String,
    pub(super) challenge: String,
}

/// An authorization code: what it is bound to, and whether it was spent.
#[derive(Clone)]
pub(super) struct Code {
    pub(super) asked: Authorization,
    pub(super) identity: String,
    pub(super) expires: i64,
    pub(super) spent: bool,
}

/// A refresh token: what it is bound to, and whether it was spent.
#[derive(Clone)]
pub(super) struct RefreshToken {
    pub(super) client_id: String,
    pub(super) identity: String,
    /// RFC 7638 thumbprint of the key that proved itself when the code was redeemed.
    pub(super) thumbprint: String,
    /// When the login ends, however often it is refreshed.
    pub(super) ends: i64,
    pub(super) spent: bool,
}

impl State {
    pub(super) fn new() -> Self {
        Self {
            url: String::new(),
            clock: Clock { stopped: None, offset: 0 },
            rules: Rules {
                expires_in: 900,
                code_lifetime: 300,
                login_lifetime: 12 * 3600,
                single_use_refresh: true,
            },
            latency: Duration::ZERO,
            faults: Faults::default(),
            identities: vec![ALICE.to_owned()],
            tickets: HashMap::new(),
            codes: HashMap::new(),
            refresh_tokens: HashMap::new(),
            proofs: HashSet::new(),
            keys: Keys::default(),
            iam: Iam::default(),
            sso: Sso::new(),
            metadata: Metadata::new(),
            at_once: (0, 0),
            requests: Vec::new(),
            refusals: Vec::new(),
            secrets: Vec::new(),
        }
    }

    /// Issues temporary credentials to `identity`, ending at `expires`, and remembers them.
    pub(super) fn issue(&mut self, identity: &str, expires: i64) -> (String, String, String) {
        let id = format!("ASIA{}", random_text(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16));
        let secret = secret_text(40, "");
        let token = secret_text(380, "IQoJb3JpZ2luX2VjE") + "==";
        self.keys.temporary(&id, &secret, &token, identity, expires);
        self.secrets.extend([secret.clone(), token.clone()]);
        (id, secret, token)
    }
}

/// The simulator's own clock: the machine's, moved, or one that stands still.
pub(super) struct Clock {
    stopped: Option<i64>,
    offset: i64,
}

impl Clock {
    pub(super) fn set(&mut self, seconds: i64) {
        *self = Self { stopped: Some(seconds), offset: 0 };
    }

    pub(super) fn advance(&mut self, seconds: i64) {
        self.offset += seconds;
    }

    pub(super) fn now(&self) -> i64 {
        let base = self.stopped.unwrap_or_else(|| {
            let age = UNIX_EPOCH.elapsed().expect("the machine's clock is past 1970");
            i64::try_from(age.as_secs()).expect("the machine's clock is before the end of time")
        });
        base + self.offset
    }
}

/// The access keys known to STS, by their ids.
#[derive(Default)]
pub(super) struct Keys(HashMap<String, Key>);

#[derive(Clone)]
pub(super) struct Key {
    pub(super) secret: String,
    /// The session token and the end of temporary credentials; long-term ones have neither.
    pub(super) session: Option<(String, i64)>,
    pub(super) identity: String,
    /// The serial number of the MFA device that was used for them.
    pub(super) mfa: Option<String>,
}

impl Keys {
    pub(super) fn long_term(&mut self, id: &str, secret: &str, identity: &str) {
        let key = Key { secret: secret.to_owned(), session: None, identity: identity.to_owned(), mfa: None };
        self.0.insert(id.to_owned(), key);
    }

    pub(super) fn temporary(&mut self, id: &str, secret: &str, token: &str, identity: &str, expires: i64) {
        let session = Some((token.to_owned(), expires));
        let key = Key { secret: secret.to_owned(), session, identity: identity.to_owned(), mfa: None };
        self.0.insert(id.to_owned(), key);
    }

    /// Remembers that an MFA device was used for these credentials.
    pub(super) fn used_mfa(&mut self, id: &str, serial: Option<String>) {
        self.0.get_mut(id).expect("the credentials were issued").mfa = serial;
    }

    pub(super) fn find(&self, id: &str) -> Option<&Key> {
        self.0.get(id)
    }
}

/// `count` random characters of `alphabet`, whose length divides 256.
pub(super) fn random_text(alphabet: &[u8], count: usize) -> String {
    let mut bytes = vec![0; count];
    SysRng.try_fill_bytes(&mut bytes).expect("the system gives random bytes");
    bytes.iter().map(|&byte| char::from(alphabet[usize::from(byte) % alphabet.len()])).collect()
}

/// `count` random characters safe in a URL.
pub(super) fn url_text(count: usize) -> String {
    random_text(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", count)
}

/// `count` random characters of base64 behind `prefix`, with a `/` and a `+` among them, for these break naive
/// quoting and URL encoding.
fn secret_text(count: usize, prefix: &str) -> String {
    let mut bytes = vec![0; count];
    loop {
        SysRng.try_fill_bytes(&mut bytes).expect("the system gives random bytes");
        let text = &STANDARD.encode(&bytes)[..count];
        if text.contains('/') && text.contains('+') {
            return format!("{prefix}{text}");
        }
    }
}
