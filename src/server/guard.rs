//! Who may ask: a program on this computer that was told the path and the token. No page of a browser.

use crate::host::clock;
use crate::model::{Secret, same};
use hyper::body::Incoming;
use hyper::header::HeaderValue;
use hyper::{Method, Request, StatusCode};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// So many wrong tokens in a minute, and even a right one has to wait.
const MOST_WRONG: usize = 20;
const MINUTE: Duration = Duration::from_secs(60);

/// What browsers send and SDKs do not.
const BROWSERS: [&str; 7] = [
    "origin",
    "referer",
    "cookie",
    "sec-fetch-site",
    "sec-fetch-mode",
    "sec-fetch-dest",
    "access-control-request-method",
];

pub(super) struct Guard {
    authority: String,
    path: String,
    token: Secret,
    /// When wrong tokens came, on the clock since boot.
    wrong: Mutex<Vec<Duration>>,
}

impl Guard {
    pub(super) fn new(path: String, token: Secret) -> Guard {
        Guard { authority: String::new(), path, token, wrong: Mutex::default() }
    }

    /// The same, for a server of that address.
    pub(super) fn at(self, authority: String) -> Guard {
        Guard { authority, ..self }
    }

    /// # Errors
    /// The status for who may not.
    pub(super) fn admits(&self, request: &Request<Incoming>) -> Result<(), StatusCode> {
        let all = |name: &str| request.headers().get_all(name).iter().map(HeaderValue::as_bytes);
        if !all("host").eq([self.authority.as_bytes()])
            || BROWSERS.into_iter().any(|name| all(name).next().is_some())
        {
            return Err(StatusCode::FORBIDDEN);
        }
        if request.method() != Method::GET {
            return Err(StatusCode::METHOD_NOT_ALLOWED);
        }
        if request.uri().path() != self.path || request.uri().query().is_some() {
            return Err(StatusCode::NOT_FOUND);
        }
        let mut tokens = all("authorization").map(std::str::from_utf8);
        let is_right = match (tokens.next(), tokens.next()) {
            (Some(Ok(token)), None) => same(token, self.token.expose()),
            _ => false,
        };
        let mut wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        let now = clock::boot();
        wrong.retain(|at| now.saturating_sub(*at) < MINUTE);
        if wrong.len() >= MOST_WRONG {
            return Err(StatusCode::TOO_MANY_REQUESTS);
        }
        if is_right {
            return Ok(());
        }
        wrong.push(now);
        Err(StatusCode::UNAUTHORIZED)
    }
}
