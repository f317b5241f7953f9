//! A local server that hands credentials to programs on this computer, by the container protocol of AWS's SDKs. It asks
//! nobody: it hands out what lies on the shelf.

mod guard;
mod shelf;

use crate::error::{Error, Kind, Result};
use crate::host::{listen, random};
use crate::model::Secret;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use guard::Guard;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::{Request, Response, StatusCode};
pub(crate) use shelf::Shelf;
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use tokio::sync::oneshot;

/// A running server. Dropped, its port is closed.
pub(crate) struct Server {
    /// `AWS_CONTAINER_CREDENTIALS_FULL_URI`
    pub(crate) url: String,
    /// `AWS_CONTAINER_AUTHORIZATION_TOKEN`
    pub(crate) token: Secret,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// Starts a server in a thread of its own. `log` is told the status of each answer.
pub(crate) fn start(shelf: Arc<Shelf>, log: impl Fn(u16) + Send + Sync + 'static) -> Result<Server> {
    let path = format!("/v1/{}", random::hex(&random::bytes::<16>()?));
    let token = Secret::new(URL_SAFE_NO_PAD.encode(random::bytes::<32>()?));
    let guard = Guard::new(path.clone(), token.clone());
    let (bound_in, bound) = mpsc::channel();
    let (stop, stopped) = oneshot::channel();
    let thread = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let serve = async {
            let (listener, authority) = match listen::bind().await {
                Ok(bound) => bound,
                Err(e) => return drop(bound_in.send(Err(e))),
            };
            let (guard, log) = (Arc::new(guard.at(authority.clone())), Arc::new(log));
            let answer = move |request: Request<Incoming>| {
                let (shelf, guard, log) = (Arc::clone(&shelf), Arc::clone(&guard), Arc::clone(&log));
                async move {
                    let response = answer(&guard, &shelf, &request);
                    log(response.status().as_u16());
                    response
                }
            };
            let _ = bound_in.send(Ok(authority));
            tokio::select! {
                () = listen::serve(listener, answer) => {}
                _ = stopped => {}
            }
        };
        match runtime {
            Ok(runtime) => runtime.block_on(serve),
            Err(e) => drop(bound_in.send(Err(e))),
        }
    });
    let none = || Error::new(Kind::Failed, "no port of this computer can be listened on");
    let authority = bound.recv().map_err(|_| none())?.map_err(|e| none().because(e))?;
    Ok(Server { url: format!("http://{authority}{path}"), token, stop: Some(stop), thread: Some(thread) })
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn answer(guard: &Guard, shelf: &Shelf, request: &Request<Incoming>) -> Response<Full<Bytes>> {
    let (status, body) = match guard.admits(request) {
        Err(status) => (status, Bytes::new()),
        Ok(()) => match shelf.answer() {
            Some(answer) => (StatusCode::OK, answer),
            // a client tries again after this; the words are for whoever reads its error
            None => (
                StatusCode::SERVICE_UNAVAILABLE,
                Bytes::from_static(
                    br#"{"Code":"CredentialsUnavailable","Message":"awsenv has none that last: see where it runs"}"#,
                ),
            ),
        },
    };
    let response = Response::builder()
        .status(status)
        .header("content-type", "application/json")
        .header("cache-control", "no-store")
        .header("x-content-type-options", "nosniff");
    response.body(Full::new(body)).unwrap_or_default()
}
