//! Listening on this computer alone: one port of the loopback, small requests, no connection that lasts.

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::Future;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::net::TcpListener;

const HEADER_TIME: Duration = Duration::from_secs(5);
const LARGEST_REQUEST: usize = 8 * 1024;
const MOST_CONNECTIONS: usize = 32;

/// Binds 127.0.0.1 (only where that is missing, `[::1]`) on a free port: the listener, and the authority by which a
/// client on this computer names it.
pub(crate) async fn bind() -> std::io::Result<(TcpListener, String)> {
    let v4 = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await;
    let listener = match v4 {
        Ok(listener) => listener,
        Err(_) => TcpListener::bind(SocketAddr::from((Ipv6Addr::LOCALHOST, 0))).await?,
    };
    let authority = listener.local_addr()?.to_string();
    Ok((listener, authority))
}

/// Serves until it is dropped. A connection is good for one request; of too many, the longest idle one is closed, for a
/// real client speaks at once.
pub(crate) async fn serve<F, A>(listener: TcpListener, answer: F)
where
    F: Fn(Request<Incoming>) -> A + Clone + Send + 'static,
    A: Future<Output = Response<Full<Bytes>>> + Send + 'static,
{
    let mut open: VecDeque<Open> = VecDeque::new();
    let mut tasks = tokio::task::JoinSet::new(); // they end with us
    loop {
        while tasks.try_join_next().is_some() {}
        open.retain(|connection| !connection.handle.is_finished());
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(20)).await; // out of descriptors: some will be closed
            continue;
        };
        open.retain(|connection| !connection.handle.is_finished());
        if open.len() >= MOST_CONNECTIONS
            && let Some(idle) = open.iter().position(|connection| !connection.busy.load(Ordering::Relaxed))
        {
            open.remove(idle).inspect(|connection| connection.handle.abort());
        }
        let busy = Arc::new(AtomicBool::new(false));
        let (answer, mark) = (answer.clone(), Arc::clone(&busy));
        let service = hyper::service::service_fn(move |request| {
            mark.store(true, Ordering::Relaxed);
            let answer = answer(request);
            async move { Ok::<_, Infallible>(answer.await) }
        });
        let handle = tasks.spawn(async move {
            let connection = hyper::server::conn::http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEADER_TIME)
                .max_buf_size(LARGEST_REQUEST)
                .keep_alive(false)
                .serve_connection(TokioIo::new(stream), service);
            let _ = connection.await;
        });
        open.push_back(Open { handle, busy });
    }
}

struct Open {
    handle: tokio::task::AbortHandle,
    busy: Arc<AtomicBool>,
}
