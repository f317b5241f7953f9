//! The listener: a request in, a reply out, and the faults of the wire.

use super::lock;
use super::route::{Wire, reply};
use super::state::State;
use chrono::DateTime;
use http_body_util::{BodyExt, Limited};
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper::{Request, Response, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use serde_json::{Map, Value};
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{mpsc, oneshot};

/// Bytes of a request's body that are read; more is refused.
const LONGEST_BODY: usize = 1 << 20;

/// Bytes of a [`Fault::Huge`](super::Fault::Huge) answer.
const HUGE: usize = 200 << 20;

/// Bytes that a [`Fault::GzipBomb`](super::Fault::GzipBomb) answer swells to.
const BOMB: usize = 1 << 30;

/// Starts the thread of a simulator: its base URL, what stops it, and the thread.
pub(super) fn serve(port: u16, state: Arc<Mutex<State>>) -> (String, oneshot::Sender<()>, JoinHandle<()>) {
    let (stop, stopped) = oneshot::channel();
    let (ready, started) = std::sync::mpsc::channel();
    let thread = thread::Builder::new().name("sim".to_owned()).spawn(move || {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime is made");
        runtime.block_on(async move {
            let listener = listen(port).expect("the port is free");
            let url = format!("http://{}", listener.local_addr().expect("a listener has an address"));
            lock(&state).url.clone_from(&url);
            ready.send(url).expect("the starter waits");
            tokio::select! {
                () = accept(&listener, &state) => {}
                _ = stopped => {}
            }
        });
    });
    let url = started.recv().expect("the simulator starts");
    (url, stop, thread.expect("a thread is made"))
}

fn listen(port: u16) -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    // So that a port asked for can be taken again at once; on Windows it would be shared with another process.
    socket.set_reuseaddr(cfg!(unix))?;
    socket.bind(([127, 0, 0, 1], port).into())?;
    socket.listen(1024)
}

async fn accept(listener: &TcpListener, state: &Arc<Mutex<State>>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                tokio::spawn(converse(stream, Arc::clone(state)));
            }
            // Out of file descriptors, most likely: some connection will end.
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
}

async fn converse(stream: TcpStream, state: Arc<Mutex<State>>) {
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| answer(request, Arc::clone(&state)));
    // A fault of the wire ends the connection with an error, and so does a client that hangs up: as wished.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

async fn answer(request: Request<Incoming>, state: Arc<Mutex<State>>) -> io::Result<Response<Flow>> {
    let ask = Ask::read(request).await?;
    let reply = reply(&mut lock(&state), &ask);
    if !reply.wait.is_zero() {
        let _waiting = Waiting::begin(&state);
        tokio::time::sleep(reply.wait).await;
    }
    let mut response = match reply.act {
        Act::Silent => std::future::pending().await,
        Act::Reset => return Err(io::ErrorKind::ConnectionReset.into()),
        Act::Answer(answer) => match reply.wire {
            Wire::Whole => answer.response(None),
            Wire::Drip => answer.response(Some(Pace::Drip)),
            Wire::Cut => answer.response(Some(Pace::Cut)),
        },
        Act::Huge => endless(&[], b"{\"accessToken\":\"", vec![b'a'; 1 << 16], HUGE >> 16),
        Act::GzipBomb => {
            let (head, period, swells_to) = gzip_of_blanks();
            let block = period.repeat(1 << 10);
            endless(&[("content-encoding", "gzip")], &head, block, BOMB / (swells_to << 10))
        }
    };
    let date = DateTime::from_timestamp(reply.now, 0).expect("the simulator's clock is within reason");
    let date = date.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    response.headers_mut().insert("date", date.parse().expect("a date is a header value"));
    Ok(response)
}

/// A call that waits for its answer, until it is dropped.
struct Waiting<'a>(&'a Mutex<State>);

impl<'a> Waiting<'a> {
    fn begin(state: &'a Mutex<State>) -> Self {
        let (now, most) = &mut lock(state).at_once;
        *now += 1;
        *most = (*most).max(*now);
        Self(state)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        lock(self.0).at_once.0 -= 1;
    }
}

/// A request, read whole.
pub(super) struct Ask {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) query: String,
    headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Ask {
    /// A request that is to be signed and sent.
    pub(super) fn new(method: &str, path: &str, headers: &[(&str, String)], body: &str) -> Self {
        Self {
            method: method.to_owned(),
            path: path.to_owned(),
            query: String::new(),
            headers: headers.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
            body: body.as_bytes().to_vec(),
        }
    }

    async fn read(request: Request<Incoming>) -> io::Result<Self> {
        let (parts, body) = request.into_parts();
        let body =
            Limited::new(body, LONGEST_BODY).collect().await.map_err(io::Error::other)?.to_bytes().to_vec();
        let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
        Ok(Self {
            method: parts.method.to_string(),
            path: parts.uri.path().to_owned(),
            query: parts.uri.query().unwrap_or_default().to_owned(),
            headers: parts
                .headers
                .iter()
                .map(|(name, value)| (name.to_string(), text(value.as_bytes())))
                .collect(),
            body,
        })
    }

    /// All headers, their names in lower case.
    pub(super) fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The values of the headers of this lower-case name.
    pub(super) fn all(&self, name: &str) -> Vec<&str> {
        self.headers().filter(|&(found, _)| found == name).map(|(_, value)| value).collect()
    }

    /// The value of the header of this lower-case name, if there is exactly one.
    pub(super) fn one(&self, name: &str) -> Option<&str> {
        match self.all(name)[..] {
            [value] => Some(value),
            _ => None,
        }
    }
}

/// What is done with a request.
pub(super) enum Act {
    Answer(Answer),
    Silent,
    Reset,
    Huge,
    GzipBomb,
}

/// An answer of HTTP.
pub(super) struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Answer {
    pub(super) fn new(status: u16, kind: &str, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: Vec::new(), body: body.into() }.with("content-type", kind)
    }

    /// 200 with this object.
    pub(super) fn json(object: Map<String, Value>) -> Self {
        Self::new(200, "application/json", Value::Object(object).to_string())
            .with("x-amzn-RequestId", &super::sts::request_id())
    }

    pub(super) fn html(status: u16, body: String) -> Self {
        Self::new(status, "text/html; charset=utf-8", body)
    }

    pub(super) fn redirect(url: &str) -> Self {
        Self::new(302, "text/plain", Vec::new()).with("location", url)
    }

    pub(super) fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(super) fn add_headers(&mut self, count: usize) {
        self.headers.extend((0..count).map(|n| (format!("x-sim-{n}"), "one header more".to_owned())));
    }

    /// The response, its body at once or at a pace.
    fn response(self, pace: Option<Pace>) -> Response<Flow> {
        let mut builder = Response::builder().status(self.status).header("content-length", self.body.len());
        builder = builder.header("cache-control", "no-store");
        for (name, value) in &self.headers {
            builder = builder.header(name, value);
        }
        let body = match pace {
            None => Flow::Whole(Some(self.body.into())),
            Some(pace) => paced(self.body, pace),
        };
        builder.body(body).expect("an answer is well formed")
    }
}

impl From<Answer> for Act {
    fn from(answer: Answer) -> Self {
        Self::Answer(answer)
    }
}

/// The body of an answer: whole, or as it comes.
enum Flow {
    Whole(Option<Bytes>),
    Parts(mpsc::Receiver<io::Result<Bytes>>),
}

impl Body for Flow {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        match &mut *self {
            Self::Whole(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Self::Parts(parts) => parts.poll_recv(cx).map(|part| part.map(|part| part.map(Frame::data))),
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Whole(None))
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)),
            Self::Parts(_) => SizeHint::default(),
        }
    }
}

#[derive(Clone, Copy)]
enum Pace {
    Drip,
    Cut,
}

/// Sends `body` one byte a second, or only half of it.
fn paced(body: Vec<u8>, pace: Pace) -> Flow {
    let (sender, parts) = mpsc::channel(1);
    tokio::spawn(async move {
        match pace {
            Pace::Drip => {
                for byte in body {
                    if sender.send(Ok(Bytes::from(vec![byte]))).await.is_err() {
                        return;
                    }
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            }
            Pace::Cut => {
                let _ = sender.send(Ok(Bytes::copy_from_slice(&body[..body.len() / 2]))).await;
                // Long enough for the half to leave before the connection is closed behind it.
                tokio::time::sleep(Duration::from_millis(20)).await;
                let _ = sender.send(Err(io::ErrorKind::BrokenPipe.into())).await;
            }
        }
    });
    Flow::Parts(parts)
}

/// 200 with `head` and `times` times `block`, made as it is taken.
fn endless(headers: &[(&str, &str)], head: &[u8], block: Vec<u8>, times: usize) -> Response<Flow> {
    let (sender, parts) = mpsc::channel(1);
    let (head, block) = (Bytes::copy_from_slice(head), Bytes::from(block));
    tokio::spawn(async move {
        let blocks = std::iter::repeat_n(block, times);
        for part in std::iter::once(head).chain(blocks) {
            if sender.send(Ok(part)).await.is_err() {
                return;
            }
        }
    });
    let mut builder = Response::builder().status(200).header("content-type", "application/json");
    for &(name, value) in headers {
        builder = builder.header(name, value);
    }
    builder.body(Flow::Parts(parts)).expect("an answer is well formed")
}

/// A gzip stream of blanks without an end: its head, the bytes to repeat, and how many blanks each repetition is.
///
/// One deflate block with the fixed Huffman codes (RFC 1951, 3.2.6): a literal blank, then "the last byte, 258
/// times" over and over. That is 13 bits, length code 285 (`11000101`) and distance code 0 (`00000`); eight of
/// them are 13 bytes. Three bits of block header and eight of the literal come before, so the bytes to repeat
/// are those behind a first round.
fn gzip_of_blanks() -> (Vec<u8>, Vec<u8>, usize) {
    let again = "1100010100000";
    let literal_blank = "01010000"; // 0x30 + 0x20: the codes of literals 0 to 143 begin at 0x30
    let bits = ["110", literal_blank, &again.repeat(24)].concat();
    let packed: Vec<u8> = bits.as_bytes().chunks(8).map(pack).collect();
    let mut head = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
    head.extend(&packed[..13]);
    (head, packed[13..26].to_vec(), 8 * 258)
}

/// Eight written bits as a byte, the first of them the lowest.
fn pack(bits: &[u8]) -> u8 {
    bits.iter().rev().fold(0, |byte, &bit| byte << 1 | u8::from(bit == b'1'))
}
