//! The listener that a browser returns to: one path, one state, one code, and then it is gone.
//!
//! Whatever else comes (other pages, scanners, a browser's spare connections) is turned away, and the sign-in goes
//! on waiting. Nothing of a request is ever shown, neither in a page nor on the terminal.

use super::page::{self, Page};
use crate::error::{Error, Kind, Result};
use crate::host::listen;
use crate::model::{Secret, same};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::{Method, Request, Response, StatusCode};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::{mpsc, watch};

const CALLBACK: &str = "/oauth/callback";

/// Where the browser is sent, so that the code leaves the address bar.
const RESULT: &str = "/oauth/result";

/// How long the browser may take to fetch the last page, once there is one.
const LAST_PAGE: Duration = Duration::from_secs(3);

/// What the browser brought.
pub(crate) enum Callback {
    Code(Secret),
    /// AWS Sign-In ended it: the `error` of the redirect.
    Ended(String),
}

/// A bound listener, before and while it serves.
pub(crate) struct Loopback {
    authority: String,
    arrived: mpsc::Receiver<Callback>,
    page: watch::Sender<Option<Page>>,
    shown: mpsc::Receiver<()>,
    server: tokio::task::JoinHandle<()>,
}

struct Shared {
    authority: String,
    state: String,
    taken: AtomicBool,
    arrived: mpsc::Sender<Callback>,
    page: watch::Receiver<Option<Page>>,
    shown: mpsc::Sender<()>,
}

impl Loopback {
    /// Binds 127.0.0.1 (only where that is missing, `[::1]`) on a free port, and serves from then on.
    pub(crate) async fn bind(state: &str) -> Result<Loopback> {
        let no_port = |e: std::io::Error| {
            Error::new(Kind::Failed, "no port of this computer can be listened on")
                .because(e)
                .hint("sign in with a browser elsewhere: --remote")
        };
        let (listener, authority) = listen::bind().await.map_err(no_port)?;
        let (arrived_in, arrived) = mpsc::channel(1);
        let (page, page_out) = watch::channel(None);
        let (shown_in, shown) = mpsc::channel(1);
        let shared = Arc::new(Shared {
            authority: authority.clone(),
            state: state.to_owned(),
            taken: AtomicBool::new(false),
            arrived: arrived_in,
            page: page_out,
            shown: shown_in,
        });
        let answer = move |request| {
            let shared = Arc::clone(&shared);
            async move { answer(&shared, &request).await }
        };
        let server = tokio::spawn(listen::serve(listener, answer));
        Ok(Loopback { authority, arrived, page, shown, server })
    }

    pub(crate) fn redirect_uri(&self) -> String {
        format!("http://{}{CALLBACK}", self.authority)
    }

    /// Waits until the browser comes with the right state.
    pub(crate) async fn callback(&mut self) -> Option<Callback> {
        self.arrived.recv().await
    }

    /// Gives the waiting browser its last page, and closes the port.
    pub(crate) async fn end(mut self, page: Page) {
        self.page.send_replace(Some(page));
        let _ = tokio::time::timeout(LAST_PAGE, self.shown.recv()).await;
        // the last bytes leave with the connection's task
        tokio::time::sleep(Duration::from_millis(50)).await;
        self.server.abort();
    }
}

impl Drop for Loopback {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn answer(shared: &Shared, request: &Request<Incoming>) -> Response<Full<Bytes>> {
    let plain = |status| respond(status, None, String::new());
    let all = |name: &str| request.headers().get_all(name).iter().map(hyper::header::HeaderValue::as_bytes);
    let foreign = !all("host").eq([shared.authority.as_bytes()])
        || all("sec-fetch-mode").any(|mode| mode != b"navigate")
        || all("sec-fetch-dest").any(|dest| dest != b"document");
    if foreign {
        return plain(StatusCode::FORBIDDEN);
    }
    match (request.method(), request.uri().path()) {
        (&Method::GET, CALLBACK) => {}
        (&Method::GET, RESULT) if shared.taken.load(Ordering::SeqCst) => return result(shared).await,
        (_, CALLBACK | RESULT) if request.method() != Method::GET => {
            return plain(StatusCode::METHOD_NOT_ALLOWED);
        }
        _ => return plain(StatusCode::NOT_FOUND),
    }
    let query = request.uri().query().unwrap_or_default();
    let field = |name: &str| {
        let mut values = url::form_urlencoded::parse(query.as_bytes()).filter(|(key, _)| key == name);
        let value = values.next().map(|(_, value)| value.into_owned());
        value.filter(|_| values.next().is_none()) // a field given twice is none
    };
    if !field("state").is_some_and(|state| same(&state, &shared.state)) {
        return plain(StatusCode::BAD_REQUEST);
    }
    let callback = match (field("code"), field("error")) {
        (Some(code), None) if !code.is_empty() && code.len() <= 4096 => Callback::Code(Secret::new(code)),
        (None, Some(error)) => Callback::Ended(error),
        _ => return plain(StatusCode::BAD_REQUEST),
    };
    if shared.taken.swap(true, Ordering::SeqCst) {
        return plain(StatusCode::NOT_FOUND); // a code is good once
    }
    let _ = shared.arrived.send(callback).await;
    respond(StatusCode::SEE_OTHER, Some(RESULT), String::new())
}

/// Holds the browser until the sign-in has succeeded or failed, and tells which.
async fn result(shared: &Shared) -> Response<Full<Bytes>> {
    let mut page = shared.page.clone();
    let page = match page.wait_for(Option::is_some).await {
        Ok(page) => page.clone(),
        Err(_) => None,
    };
    let html = page.map(|page| page.html()).unwrap_or_default();
    let _ = shared.shown.try_send(());
    respond(StatusCode::OK, None, html)
}

fn respond(status: StatusCode, location: Option<&str>, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::builder().status(status);
    for (name, value) in page::headers() {
        response = response.header(name, value);
    }
    if let Some(location) = location {
        response = response.header("location", location);
    }
    response.body(Full::new(Bytes::from(body))).unwrap_or_default()
}
