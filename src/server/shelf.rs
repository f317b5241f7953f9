//! What a server hands out: put there by whoever renews it.

use crate::host::clock;
use crate::model::{AccountId, Credentials, Secret, time};
use chrono::TimeDelta;
use hyper::body::Bytes;
use serde::Serialize;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Credentials, and when somebody last came for them.
pub(crate) struct Shelf {
    inner: Mutex<Inner>,
}

struct Inner {
    credentials: Option<Credentials>,
    /// On the clock since boot.
    asked: Duration,
}

/// Source: AWS SDKs and Tools Reference Guide, "Container credential provider". botocore fails without `Token`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Answer<'a> {
    access_key_id: &'a str,
    secret_access_key: &'a str,
    token: &'a str,
    expiration: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    account_id: Option<&'a str>,
}

impl Shelf {
    pub(crate) fn new(credentials: Credentials) -> Shelf {
        Shelf { inner: Mutex::new(Inner { credentials: Some(credentials), asked: clock::boot() }) }
    }

    pub(crate) fn put(&self, credentials: Credentials) {
        self.lock().credentials = Some(credentials);
    }

    /// For how long nobody has come.
    pub(crate) fn idle(&self) -> Duration {
        clock::boot().saturating_sub(self.lock().asked)
    }

    /// The answer to a client, unless what is there has ended. What has no end is given one, since clients want it.
    pub(super) fn answer(&self) -> Option<Bytes> {
        let now = clock::now();
        let mut inner = self.lock();
        inner.asked = clock::boot();
        let credentials = inner.credentials.as_ref()?;
        let end = credentials.expiration.unwrap_or(now + TimeDelta::hours(1));
        let answer = Answer {
            access_key_id: &credentials.access_key_id,
            secret_access_key: credentials.secret_access_key.expose(),
            token: credentials.session_token.as_ref().map_or("", Secret::expose),
            expiration: time::format(end),
            account_id: credentials.account.as_ref().map(AccountId::as_str),
        };
        (end > now).then(|| serde_json::to_vec(&answer).ok().map(Bytes::from)).flatten()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
