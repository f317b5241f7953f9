//! The listener that a browser returns to, abused: a sign-in ends only by the right redirect.

use crate::crowd::{DEV, Ran, end, signal, start, turn};
use crate::sim::{Page, Person};
use crate::world::{World, eventually};
use rustix::process::Signal;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Child;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// A sign-in that waits for its browser, and where its browser would be sent.
struct Waiting {
    world: World,
    child: Child,
    /// `http://127.0.0.1:PORT/oauth/callback?code=…&state=…`
    redirect: String,
    authority: String,
    state: String,
}

/// What browsers send with a navigation.
const NAVIGATES: [(&str, &str); 2] = [("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "document")];

impl Waiting {
    /// Starts `awsenv login dev`, and answers its page without going back.
    fn new() -> Waiting {
        Waiting::started_by(&[])
    }

    /// The same, started by another program, such as `nohup`.
    fn started_by(before: &[&str]) -> Waiting {
        let (send, opened): (_, Receiver<String>) = channel();
        let send = std::sync::Mutex::new(send);
        let world = World::new()
            .config(DEV)
            .person(move |_, url| drop(send.lock().expect("the listener is there").send(url)));
        let child = match before {
            [] => start(world.command().args(["login", "dev"])),
            [program, args @ ..] => {
                let mut command = world.command_of(std::path::Path::new(program));
                start(command.args(args).args(["awsenv", "login", "dev"]))
            }
        };
        let url = opened.recv_timeout(Duration::from_secs(10)).expect("a browser opens");
        let redirect = Person::new().location(&url).expect("the listener is there");
        let parsed = url::Url::parse(&redirect).expect("the listener is there");
        let authority = format!("127.0.0.1:{}", parsed.port().expect("the listener is there"));
        let state = parsed
            .query_pairs()
            .find(|(name, _)| name == "state")
            .expect("the listener is there")
            .1
            .into_owned();
        Waiting { world, child, redirect, authority, state }
    }

    fn url(&self, target: &str) -> String {
        format!("http://{}{target}", self.authority)
    }

    fn get(url: &str, headers: &[(&str, &str)]) -> Page {
        Person::patient(Duration::from_secs(10)).get(url, headers).expect("the listener is there")
    }

    /// Sends bytes as they are, and returns what comes back until the other side closes.
    fn raw(&self, bytes: &[u8]) -> String {
        let mut stream = TcpStream::connect(&*self.authority).expect("the listener is there");
        stream.set_read_timeout(Some(Duration::from_secs(8))).expect("the listener is there");
        let _ = stream.write_all(bytes); // it may close before it has read all
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    }

    fn waits(&mut self) -> bool {
        self.child.try_wait().expect("the listener is there").is_none()
            && self.world.sim.count("signin CreateOAuth2Token") == 0
    }

    /// Goes where the browser is sent, and on to the last page.
    fn come_back(&self) -> Page {
        let page = Self::get(&self.redirect, &NAVIGATES);
        assert_eq!((page.status, page.header("location")), (303, Some("/oauth/result")), "{page:?}");
        Self::get(&self.url("/oauth/result"), &NAVIGATES)
    }

    /// The sign-in goes on to its end, and has said no more than it always says.
    fn succeeds(mut self) -> Ran {
        assert!(self.waits(), "it waits for the right redirect");
        let page = self.come_back();
        assert!(page.status == 200 && page.body.contains("Signed in"), "{page:?}");
        let ran = end(self.child);
        assert_eq!(ran.code, 0, "{ran:?}");
        let lines: Vec<_> = ran.stderr.lines().filter(|line| !line.is_empty()).collect();
        assert_eq!(lines.len(), 4, "{lines:?}"); // the tie, the page's announcement and URL, the result
        assert_eq!(self.world.sim.count("signin CreateOAuth2Token"), 1);
        ran
    }
}

#[test]
fn idle_connections_hold_nothing_up() {
    let _turn = turn();
    for count in [1, 32, 500] {
        let waiting = Waiting::new();
        let idle: Vec<_> = (0..count).map(|_| TcpStream::connect(&*waiting.authority).unwrap()).collect();
        let started = Instant::now();
        waiting.succeeds();
        assert!(started.elapsed() < Duration::from_secs(2), "{count}: {:?}", started.elapsed());
        println!("{count} idle connections: back in {:.0?}", started.elapsed());
        drop(idle);
    }
}

#[test]
fn half_a_request_holds_nothing_up_and_is_closed() {
    let waiting = Waiting::new();
    let mut slow: Vec<_> = (0..40).map(|_| TcpStream::connect(&*waiting.authority).unwrap()).collect();
    for stream in &mut slow {
        let _ = stream.write_all(b"GET /oauth/callback?code=x HTTP/1.1\r\nHost: ");
    }
    let started = Instant::now();
    let mut silent = TcpStream::connect(&*waiting.authority).unwrap();
    for stream in [slow.last_mut().unwrap(), &mut silent] {
        stream.set_read_timeout(Some(Duration::from_secs(9))).unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        assert!(started.elapsed() < Duration::from_secs(7), "closed after {:?}", started.elapsed());
    }
    waiting.succeeds();
}

#[test]
fn a_thousand_wrong_states_change_nothing() {
    let _turn = turn();
    let waiting = Waiting::new();
    for number in 0..1000 {
        let url = waiting
            .url(&format!("/oauth/callback?code=stolen&state={number:08}-0000-4000-8000-000000000000"));
        let page = Waiting::get(&url, &NAVIGATES);
        assert_eq!((page.status, &*page.body), (400, ""));
    }
    waiting.succeeds();
}

#[test]
fn only_the_exact_request_counts() {
    let mut waiting = Waiting::new();
    let (query, state) = (waiting.redirect.split_once('?').unwrap().1.to_owned(), waiting.state.clone());
    let right = waiting.redirect.clone();
    for (target, status) in [
        (format!("/?{query}"), 404),
        (format!("/oauth/callback/?{query}"), 404),
        (format!("/oauth/Callback?{query}"), 404),
        (format!("//oauth/callback?{query}"), 404),
        (format!("/oauth/../oauth/callback?{query}"), 404),
        (format!("/oauth%2Fcallback?{query}"), 404),
        ("/oauth/result".to_owned(), 404),
        ("/favicon.ico".to_owned(), 404),
        ("/".to_owned(), 404),
        ("/oauth/callback".to_owned(), 400),
        ("/oauth/callback?error=access_denied".to_owned(), 400),
        ("/oauth/callback?error=access_denied&state=".to_owned(), 400),
        (format!("/oauth/callback?error=access_denied&state={state}x"), 400),
        (format!("/oauth/callback?code=c&state={}", &state[1..]), 400),
        (format!("/oauth/callback?code=c&state={}", state.to_uppercase()), 400),
        (format!("/oauth/callback?{query}&state=other"), 400),
        (format!("/oauth/callback?{query}&code=other"), 400),
        (format!("/oauth/callback?{query}&error=access_denied"), 400),
        (format!("/oauth/callback?state={state}"), 400),
        (format!("/oauth/callback?code=&state={state}"), 400),
        (format!("/oauth/callback?state={state}&code={}", "c".repeat(5000)), 400),
    ] {
        let answer = waiting.raw(
            format!("GET {target} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", waiting.authority)
                .as_bytes(),
        );
        let shown = &target[..target.len().min(80)];
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{shown}: {answer}");
        assert!(answer.ends_with("\r\n\r\n"), "{shown}: it says nothing: {answer}");
    }
    for method in ["POST", "HEAD", "OPTIONS", "PUT", "DELETE", "get", "BREW"] {
        let answer = Person::new().send(method, &right, &[], "").unwrap();
        assert_eq!(answer.status, 405, "{method}");
        assert!(answer.headers.iter().all(|(name, _)| !name.starts_with("access-control")), "{method}");
    }
    let port = waiting.authority.split_once(':').unwrap().1.to_owned();
    for host in ["evil.example", &format!("localhost:{port}"), "127.0.0.1", &format!("127.0.0.1.:{port}"), ""]
    {
        assert_eq!(Waiting::get(&right, &[("Host", host)]).status, 403, "Host: {host}");
    }
    let without = format!("GET /oauth/callback?{query} HTTP/1.0\r\n\r\n");
    assert!(waiting.raw(without.as_bytes()).starts_with("HTTP/1.0 403 "), "no Host");
    for (name, value) in [
        ("Sec-Fetch-Mode", "no-cors"),
        ("Sec-Fetch-Mode", "cors"),
        ("Sec-Fetch-Dest", "image"),
        ("Sec-Fetch-Dest", "iframe"),
        ("Sec-Fetch-Dest", "empty"),
    ] {
        assert_eq!(Waiting::get(&right, &[(name, value)]).status, 403, "{name}: {value}");
    }
    let twice =
        format!("GET /oauth/callback?{query} HTTP/1.1\r\nHost: {0}\r\nHost: evil\r\n\r\n", waiting.authority);
    let answer = waiting.raw(twice.as_bytes());
    assert!(
        answer.starts_with("HTTP/1.1 403 ") || answer.starts_with("HTTP/1.1 400 "),
        "two Hosts: {answer}"
    );
    assert!(waiting.waits());
    waiting.succeeds();
}

#[test]
fn what_is_no_request_is_closed() {
    let _turn = turn();
    let mut waiting = Waiting::new();
    let query = waiting.redirect.split_once('?').unwrap().1.to_owned();
    let head = format!("Host: {}\r\n", waiting.authority);
    let many: String = (0..1000).map(|n| format!("X-{n}: {}\r\n", "v".repeat(20))).collect();
    let long = format!("GET /oauth/callback?{}", "a".repeat(10 << 20));
    let hello = [0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3, 0, 0, 0, 0, 0, 0xff, 0xff];
    for (what, bytes) in [
        ("10 MB request line", long.into_bytes()),
        ("1,000 headers", format!("GET /oauth/callback?{query} HTTP/1.1\r\n{head}{many}\r\n").into_bytes()),
        ("HTTP/0.9", format!("GET /oauth/callback?{query}\r\n").into_bytes()),
        ("TLS hello", hello.to_vec()),
        ("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec()),
        ("bare CR", format!("GET /oauth/callback?{query} HTTP/1.1\r{head}\r\r").into_bytes()),
        ("header split", format!("GET /oauth/callback?{query}\r\nX: y HTTP/1.1\r\n{head}\r\n").into_bytes()),
        (
            "space in name",
            format!("GET /oauth/callback?{query} HTTP/1.1\r\nHost : x\r\n{head}\r\n").into_bytes(),
        ),
        ("folded", format!("GET /oauth/callback?{query} HTTP/1.1\r\nX: a\r\n b\r\n{head}\r\n").into_bytes()),
        ("NUL", format!("GET /oauth/\0callback?{query} HTTP/1.1\r\n{head}\r\n").into_bytes()),
        ("noise", (0..=255).cycle().take(4096).collect()),
    ] {
        let answer = waiting.raw(&bytes);
        let refused =
            answer.is_empty() || answer.starts_with("HTTP/1.1 4") || answer.starts_with("HTTP/1.0 4");
        assert!(refused, "{what}: {answer}");
        assert!(waiting.waits(), "{what}");
    }
    let status = std::fs::read_to_string(format!("/proc/{}/status", waiting.child.id())).unwrap_or_default();
    if let Some(peak) = status.lines().find_map(|line| line.strip_prefix("VmHWM:")) {
        let peak: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
        println!("peak memory of a sign-in under abuse: {} MB", peak >> 10);
        assert!(peak < 32 << 10, "{peak} kB");
    }
    let smuggled = format!(
        "POST /oauth/callback HTTP/1.1\r\n{head}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n\
         GET /oauth/callback?{query} HTTP/1.1\r\n{head}\r\n"
    );
    let answer = waiting.raw(smuggled.as_bytes());
    assert!(!answer.contains(" 303 "), "{answer}");
    waiting.succeeds();
}

#[test]
fn the_right_redirect_counts_once() {
    let mut waiting = Waiting::new();
    waiting.world.sim.latency(Duration::from_millis(700));
    assert_eq!(Waiting::get(&waiting.redirect, &NAVIGATES).status, 303);
    assert_eq!(Waiting::get(&waiting.redirect, &NAVIGATES).status, 404, "the second time");
    let page = Waiting::get(&waiting.url("/oauth/result"), &NAVIGATES);
    assert!(page.body.contains("Signed in"), "{page:?}");
    for name in ["content-security-policy", "cache-control", "x-frame-options", "referrer-policy"] {
        assert!(page.header(name).is_some(), "{name}");
    }
    eventually("it ends", || waiting.child.try_wait().unwrap().is_some());
    assert!(TcpStream::connect(&*waiting.authority).is_err(), "the port is closed");
    assert_eq!(waiting.world.sim.count("signin CreateOAuth2Token"), 1);
}

#[test]
fn the_page_tells_the_truth_about_an_exchange_that_fails() {
    let waiting = Waiting::new();
    let fault = crate::sim::Fault::Error {
        status: 400,
        error: "INVALID_REQUEST".into(),
        message: "<script>alert(1)</script>\u{1b}]0;x\u{7}".into(),
    };
    waiting.world.sim.fault(crate::sim::Op::Token, fault);
    let page = waiting.come_back();
    assert!(page.body.contains("Not signed in") && !page.body.contains("<script"), "{page:?}");
    let ran = end(waiting.child);
    assert_eq!((ran.code, &*ran.stdout), (5, "false;\n"), "{ran:?}");
    assert!(!ran.stderr.contains(['\u{1b}', '\u{7}']), "{ran:?}");
}

/// The listeners in the tables of the system: address and port, as there in hexadecimal.
fn listeners(port: u16) -> Vec<String> {
    let wanted = format!(":{port:04X}");
    let mut found = Vec::new();
    for table in ["/proc/net/tcp", "/proc/net/tcp6"] {
        for line in std::fs::read_to_string(table).unwrap_or_default().lines().skip(1) {
            let fields: Vec<_> = line.split_whitespace().collect();
            if fields[1].ends_with(&wanted) && fields[3] == "0A" {
                found.push(fields[1].to_owned());
            }
        }
    }
    found
}

#[test]
fn only_the_loopback_address_is_listened_on() {
    let mut waiting = Waiting::new();
    let port: u16 = waiting.authority.split_once(':').unwrap().1.parse().unwrap();
    assert_eq!(listeners(port), [format!("0100007F:{port:04X}")]);
    assert!(TcpStream::connect(("::1", port)).is_err());
    assert!(waiting.waits());
    waiting.succeeds();
    assert!(listeners(port).is_empty());
}

#[test]
fn ctrl_c_leaves_nothing() {
    for sent in [Signal::INT, Signal::TERM, Signal::HUP] {
        let waiting = Waiting::new();
        let before = waiting.world.files();
        signal(&waiting.child, sent);
        let ran = end(waiting.child);
        assert_eq!((ran.signal, &*ran.stdout), (Some(sent.as_raw()), "false;\n"), "{ran:?}");
        assert!(TcpStream::connect(&*waiting.authority).is_err(), "the port is closed");
        let tokens: Vec<_> =
            waiting.world.files().into_iter().filter(|name| name.contains(".json")).collect();
        assert!(tokens.is_empty(), "before {before:?}, after {tokens:?}");
        let left: Vec<_> = waiting.world.files().into_iter().filter(|name| name.contains(".tmp")).collect();
        assert!(left.is_empty(), "{left:?}");
    }
}

#[test]
fn a_signal_that_whoever_started_us_ignores_is_ignored() {
    let waiting = Waiting::started_by(&["/bin/sh", "-c", "trap '' HUP; exec \"$@\"", "sh"]);
    signal(&waiting.child, Signal::HUP);
    let page = Waiting::get(&waiting.redirect, &NAVIGATES);
    assert_eq!(page.status, 303, "{}", page.body);
    let ran = end(waiting.child);
    assert_eq!((ran.code, ran.signal), (0, None), "{ran:?}");
}
