//! The way to AWS: certificates, proxies, names, and no network at all.

use crate::crowd::{awsenv, end, expire, signed_in};
use crate::world::World;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::time::{Duration, Instant};

/// Where nothing is. (A proxy is asked for it by name; by RFC 2606 no name server knows it.)
const NOWHERE: &str = "https://signin.example.invalid";

/// Signed in, expired, and AWS Sign-In is at `NOWHERE`.
fn away() -> World {
    let world = signed_in();
    expire(&world.token_file());
    ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"]
        .into_iter()
        .fold(world, World::without)
        .env("AWS_ENDPOINT_URL_SIGNIN", NOWHERE)
}

/// A port of this computer on which nobody listens.
fn dead_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .expect("a port of this computer")
        .local_addr()
        .expect("a port of this computer")
        .port()
}

/// A server that answers every connection with these bytes; what it was sent first goes to the channel.
fn server(answer: &'static [u8]) -> (u16, std::sync::mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port of this computer");
    let port = listener.local_addr().expect("a port of this computer").port();
    let (send, sent) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut first = vec![0; 4096];
            let length = stream.read(&mut first).unwrap_or(0);
            first.truncate(length);
            let _ = stream.write_all(answer);
            if send.send(String::from_utf8_lossy(&first).into_owned()).is_err() {
                return;
            }
        }
    });
    (port, sent)
}

#[test]
fn a_bundle_of_certificates_that_is_none_is_named() {
    let world = away();
    world.write("empty.pem", "");
    world.write("text.pem", "no certificate\n");
    world.write("bad.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    world.write("cut.pem", "-----BEGIN CERTIFICATE-----\nMIIB");
    let mut world = world;
    for name in ["missing.pem", "empty.pem", "text.pem", "bad.pem", "cut.pem", "home"] {
        let path = world.path(name).to_string_lossy().into_owned();
        world = world.env("AWS_CA_BUNDLE", &path);
        let output = world.run("export dev");
        assert_eq!((output.code, &*output.stdout), (3, "false;\n"), "{name}: {output}");
        assert!(output.stderr.contains(&path), "{name}: {output}");
    }
}

#[test]
fn a_proxy_that_does_not_work_is_blamed_without_its_password() {
    let (no, _sent) = server(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n");
    let (mad, _sent) = server(b"SSH-2.0-OpenSSH_9.2\r\n");
    for (what, port) in [("dead", dead_port()), ("407", no), ("no proxy", mad)] {
        for variable in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"] {
            let world = away().env(variable, &format!("http://user:hunter2@127.0.0.1:{port}"));
            let started = Instant::now();
            let output = world.run("export dev");
            assert_eq!((output.code, &*output.stdout), (6, "false;\n"), "{what}: {output}");
            assert!(output.stderr.contains("proxy"), "{what}: {output}");
            assert!(!output.stderr.contains("hunter2"), "{what}: {output}");
            assert!(started.elapsed() < Duration::from_secs(4), "{what}: {:?}", started.elapsed());
        }
    }
    for bad in ["http://[", "::::", "ftp://user:hunter2@x"] {
        let output = away().env("HTTPS_PROXY", bad).run("export dev");
        assert!([3, 6].contains(&output.code) && output.stderr.contains("HTTPS_PROXY"), "{bad}: {output}");
        assert!(!output.stderr.contains("hunter2"), "{bad}: {output}");
    }
}

#[test]
fn a_proxy_is_asked_for_the_host_unless_it_is_excepted() {
    let (port, sent) = server(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n");
    let world = away().env("HTTPS_PROXY", &format!("http://127.0.0.1:{port}"));
    assert_eq!(world.run("export dev").code, 6);
    let asked = sent.recv_timeout(Duration::from_secs(5)).unwrap();
    assert!(asked.starts_with("CONNECT signin.example.invalid:443 HTTP/1.1\r\n"), "{asked}");
    while sent.try_recv().is_ok() {}
    let mut world = world;
    for except in ["signin.example.invalid", ".example.invalid", "example.invalid", "*"] {
        world = world.env("NO_PROXY", except);
        assert_eq!(world.run("export dev").code, 6);
        assert!(sent.recv_timeout(Duration::from_millis(50)).is_err(), "NO_PROXY={except}");
    }
}

#[test]
fn this_computer_is_never_asked_through_a_proxy() {
    let world = signed_in();
    expire(&world.token_file());
    let dead = format!("http://127.0.0.1:{}", dead_port());
    let world = world.env("HTTPS_PROXY", &dead).env("HTTP_PROXY", &dead).env("ALL_PROXY", &dead);
    let output = world.run("export dev");
    assert_eq!(output.code, 0, "{output}");
}

#[test]
fn a_port_that_nobody_listens_on_fails_at_once() {
    let world = away().env("AWS_ENDPOINT_URL_SIGNIN", &format!("http://127.0.0.1:{}", dead_port()));
    let started = Instant::now();
    let output = world.run("export dev");
    assert_eq!(output.code, 6, "{output}");
    assert!(output.stderr.contains("cannot be reached"), "{output}");
    assert!(started.elapsed() < Duration::from_secs(4), "{:?}", started.elapsed());
}

#[test]
fn what_does_not_speak_tls_is_told() {
    let (port, _sent) = server(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    let world = away().env("AWS_ENDPOINT_URL_SIGNIN", &format!("https://127.0.0.1:{port}"));
    let output = world.run("export dev");
    assert_eq!(output.code, 6, "{output}");
}

#[test]
fn an_endpoint_in_clear_text_is_refused() {
    for url in [
        "http://10.1.2.3",
        "http://signin.example.invalid",
        "ftp://127.0.0.1",
        "file:///etc/passwd",
        "no url",
    ] {
        let output = away().env("AWS_ENDPOINT_URL_SIGNIN", url).run("export dev");
        assert_eq!(output.code, 3, "{url}: {output}");
        assert!(output.stderr.contains("AWS_ENDPOINT_URL_SIGNIN"), "{url}: {output}");
    }
}

#[test]
fn a_name_that_nobody_knows_is_told() {
    let started = Instant::now();
    let ran = end(awsenv(&away(), &["export", "dev"]));
    assert_eq!(ran.code, 6, "{ran:?}");
    assert!(ran.stderr.contains("signin.example.invalid"), "{ran:?}");
    assert!(started.elapsed() < Duration::from_secs(15), "{:?}", started.elapsed());
    println!("an unknown name: {:.1?}: {}", started.elapsed(), ran.stderr);
}
