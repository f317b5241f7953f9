//! `serve`: the local server, what it hands out, and to whom.

use crate::clients::python;
use crate::crowd::{expire, signal, signed_in, token_of};
use crate::sim::{Fault, Op};
use crate::world::{ALICE, World, eventually};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A running server, as whoever was told its variables knows it.
struct Served {
    process: Child,
    authority: String,
    path: String,
    token: String,
    said: std::thread::JoinHandle<String>,
}

impl Served {
    fn start(world: &World, flags: &[&str]) -> Served {
        let mut command = world.command();
        command.args(["serve", "dev", "--format", "dotenv"]).args(flags);
        let mut process =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut stderr = process.stderr.take().unwrap();
        let said = std::thread::spawn(move || {
            let mut said = String::new();
            let _ = stderr.read_to_string(&mut said);
            said
        });
        let mut value = |name: &str| loop {
            let line = lines.next().expect("the server says where it is").unwrap();
            if let Some(value) = line.strip_prefix(name) {
                return value.trim_matches(['=', '"']).to_owned();
            }
        };
        let url = value("AWS_CONTAINER_CREDENTIALS_FULL_URI");
        let token = value("AWS_CONTAINER_AUTHORIZATION_TOKEN");
        let (authority, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
        Served { process, authority: authority.to_owned(), path: format!("/{path}"), token, said }
    }

    /// Sends exactly this; the whole answer.
    fn send(&self, raw: &str) -> String {
        let mut stream = TcpStream::connect(&self.authority).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let _ = stream.write_all(raw.as_bytes());
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// A request with these headers; its status.
    fn status(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> String {
        let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let answer = self.send(&format!("{method} {path} HTTP/1.1\r\n{headers}\r\n"));
        assert!(!answer.contains("SecretAccessKey") || answer.starts_with("HTTP/1.1 200"), "{answer}");
        answer.get(9..12).unwrap_or("closed").to_owned()
    }

    fn get(&self) -> String {
        self.send(&format!(
            "GET {} HTTP/1.1\r\nHost: {}\r\nAuthorization: {}\r\n\r\n",
            self.path, self.authority, self.token
        ))
    }

    /// What a client is handed.
    fn answer(&self) -> serde_json::Value {
        let answer = self.get();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200"), "{answer}");
        serde_json::from_str(body).unwrap()
    }

    /// Ends it; what it said on stderr.
    fn ends(mut self) -> String {
        signal(&self.process, rustix::process::Signal::INT);
        self.process.wait().unwrap();
        self.said.join().unwrap()
    }
}

#[test]
fn what_is_handed_out_is_what_sdks_read() {
    let world = signed_in();
    let served = Served::start(&world, &[]);
    let answer = served.get();
    let head = answer.split("\r\n\r\n").next().unwrap().to_lowercase();
    assert!(head.contains("cache-control: no-store") && !head.contains("server:"), "{head}");
    assert!(!head.contains("access-control"), "no page of a browser may read it: {head}");
    let told = served.answer();
    let keys: Vec<&String> = told.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["AccessKeyId", "SecretAccessKey", "Token", "Expiration", "AccountId"]);
    assert!(token_of(&world).contains(told["AccessKeyId"].as_str().unwrap()));
    assert!(told["Expiration"].as_str().unwrap().ends_with('Z'));
    assert!(
        served.path.len() == "/v1/".len() + 32 && served.token.len() == 43,
        "{} {}",
        served.path,
        served.token
    );
    let authority = served.authority.clone();
    assert!(served.ends().contains("`dev` is served here"));
    assert!(TcpStream::connect(authority).is_err(), "its port is closed");
}

#[test]
fn nobody_else_gets_anything() {
    let world = signed_in();
    let served = Served::start(&world, &[]);
    let (host, token, path) = (&*served.authority, &*served.token, &*served.path);
    let right = [("Host", host), ("Authorization", token)];
    let port = host.split(':').nth(1).unwrap();
    let localhost = format!("localhost:{port}");
    assert_eq!(served.status("GET", path, &right), "200");
    // another name leads here too: whoever rebinds a DNS name has no other
    for host in ["evil.example", &localhost, "127.0.0.1", ""] {
        assert_eq!(served.status("GET", path, &[("Host", host), ("Authorization", token)]), "403", "{host}");
    }
    let two = [("Host", host), ("Host", "evil.example"), ("Authorization", token)];
    assert_ne!(served.status("GET", path, &two), "200");
    assert_ne!(served.status("GET", path, &[("Authorization", token)]), "200", "no host");
    for (name, value) in [
        ("Origin", "http://evil.example"),
        ("Origin", "null"),
        ("Referer", "http://127.0.0.1/"),
        ("Cookie", "a=b"),
        ("Sec-Fetch-Site", "none"),
        ("Sec-Fetch-Mode", "navigate"),
    ] {
        assert_eq!(served.status("GET", path, &[&right[..], &[(name, value)]].concat()), "403", "{name}");
    }
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "HEAD", "TRACE", "PATCH"] {
        assert_eq!(served.status(method, path, &right), "405", "{method}");
    }
    for other in [
        "/",
        "/v1",
        "/v1/",
        &path[..path.len() - 1],
        &format!("{path}/"),
        &format!("{path}?a"),
        "/latest/meta-data/",
    ] {
        assert_eq!(served.status("GET", other, &right), "404", "{other}");
    }
    let (longer, bearer, other_case) = (format!("{token}x"), format!("Bearer {token}"), token.to_lowercase());
    for wrong in ["", "x", &token[..42], &longer, &bearer, &other_case] {
        assert_eq!(served.status("GET", path, &[("Host", host), ("Authorization", wrong)]), "401", "{wrong}");
    }
    assert_eq!(served.status("GET", path, &[("Host", host)]), "401");
    let twice = [("Host", host), ("Authorization", token), ("Authorization", token)];
    assert_eq!(served.status("GET", path, &twice), "401");
    for raw in [
        format!(
            "GET {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: {token}\r\nX: {}\r\n\r\n",
            "x".repeat(100_000)
        ),
        "\u{16}\u{3}\u{1}\u{2}".to_owned(),
        "GET\r\n\r\n".to_owned(),
    ] {
        assert!(!served.send(&raw).contains("SecretAccessKey"), "{raw:.40}");
    }
    assert_eq!(served.status("GET", path, &right), "200", "it is still there");
    served.ends();
}

#[test]
fn who_guesses_is_slowed_down() {
    let world = signed_in();
    let served = Served::start(&world, &[]);
    let host = &*served.authority;
    let mut last = String::new();
    for _ in 0..25 {
        last = served.status("GET", &served.path, &[("Host", host), ("Authorization", "guess")]);
    }
    assert_eq!(last, "429");
    served.ends();
}

#[test]
fn idle_connections_keep_nobody_out() {
    let world = signed_in();
    let served = Served::start(&world, &[]);
    let idle: Vec<TcpStream> = (0..300).filter_map(|_| TcpStream::connect(&served.authority).ok()).collect();
    let start = Instant::now();
    served.answer();
    assert!(start.elapsed() < Duration::from_secs(5), "{:?} among {} idle ones", start.elapsed(), idle.len());
    for stream in &idle {
        let _ = stream.shutdown(Shutdown::Both);
    }
    served.ends();
}

#[test]
fn only_this_computer_can_connect() {
    let world = signed_in();
    let served = Served::start(&world, &[]);
    let port = served.authority.split(':').nth(1).unwrap();
    assert!(served.authority.starts_with("127.0.0.1:"));
    assert!(TcpStream::connect(format!("[::1]:{port}")).is_err());
    assert!(TcpStream::connect(format!("127.0.0.2:{port}")).is_err());
    served.ends();
}

#[test]
fn without_renewal_it_says_so_at_once_and_goes_on_when_somebody_has_signed_in() {
    let world = signed_in();
    world.sim.fault_always(
        Op::Refresh,
        Fault::Error { status: 400, error: "TOKEN_EXPIRED".into(), message: "sign in".into() },
    );
    // what is there ends in a moment
    let end = chrono::Utc::now() + chrono::TimeDelta::seconds(4);
    let text = crate::crowd::ends(&token_of(&world), &end.format("%Y-%m-%dT%H:%M:%SZ").to_string());
    std::fs::write(world.token_file(), text).unwrap();
    let served = Served::start(&world, &[]);
    served.answer();
    eventually("the credentials end", || served.get().starts_with("HTTP/1.1 503"));
    let start = Instant::now();
    assert!(served.get().starts_with("HTTP/1.1 503") && start.elapsed() < Duration::from_secs(1));
    let asked = world.sim.calls().len();
    std::thread::sleep(Duration::from_secs(5));
    assert!(world.sim.calls().len() <= asked + 1, "AWS is not asked again and again");
    world.sim.clear_faults();
    expire(&world.token_file());
    let login = world.run("login dev --force");
    assert_eq!(login.code, 0, "{login}");
    eventually("it hands out again", || served.get().starts_with("HTTP/1.1 200"));
    let said = served.ends();
    assert_eq!(said.matches("needs a sign-in").count(), 1, "{said}");
    assert!(said.contains("type in another terminal: awsenv login dev"), "{said}");
    assert!(said.contains("is renewed again"), "{said}");
}

#[test]
fn it_ends_when_nobody_comes() {
    let world = signed_in();
    let mut served = Served::start(&world, &["--idle", "1"]);
    eventually("it ends by itself", || served.process.try_wait().unwrap().is_some());
    assert!(served.process.wait().unwrap().success());
    assert!(served.said.join().unwrap().contains("nobody came for `dev`"));
}

#[test]
fn formats_tell_where_it_is() {
    let world = signed_in();
    for format in ["json", "process"] {
        let refused = world.finish("serve", world.command().args(["serve", "dev", "--format", format]));
        assert_eq!((refused.code, refused.stdout.as_str()), (2, ""), "{refused}");
    }
    let mut github = world.command();
    github.args(["serve", "dev", "--format", "github", "--idle", "1"]).env("GITHUB_ACTIONS", "true");
    let told = world.finish("serve", &mut github);
    let token =
        told.stdout.split_once("AWS_CONTAINER_AUTHORIZATION_TOKEN<<").unwrap().1.lines().nth(1).unwrap();
    assert!(told.stderr.contains(&format!("::add-mask::{token}\n")), "{told}");
    let unknown = world.finish("serve", world.command().args(["serve", "nope", "--no-login"]));
    assert_eq!(unknown.code, 3, "{unknown}");
}

#[test]
fn boto3_fetches_from_it_for_longer_than_credentials_last() {
    let Some(python) = python() else { return };
    let world = signed_in();
    world.sim.expires_in(6);
    expire(&world.token_file());
    let served = Served::start(&world, &["--verbose"]);
    let mut command: Command = world.command_of(&python);
    command
        .args([
            "-c",
            "\
import boto3, time
sts, keys = boto3.client('sts', region_name='eu-west-1'), set()
end = time.time() + 20
while time.time() < end:
    print(sts.get_caller_identity()['Arn'])
    keys.add(sts._request_signer._credentials.access_key)
    time.sleep(0.5)
print(len(keys) > 2)
",
        ])
        .env("AWS_CONTAINER_CREDENTIALS_FULL_URI", format!("http://{}{}", served.authority, served.path))
        .env("AWS_CONTAINER_AUTHORIZATION_TOKEN", &served.token)
        .env("AWS_CONFIG_FILE", "/nowhere")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/nowhere");
    let ran = world.finish("boto3 with the server", &mut command);
    assert_eq!(ran.code, 0, "{ran}\n{}", served.ends());
    let mut lines: Vec<&str> = ran.stdout.lines().collect();
    assert_eq!(lines.pop(), Some("True"), "{ran}");
    assert!(lines.len() > 20 && lines.iter().all(|arn| *arn == ALICE), "{ran}");
    let said = served.ends();
    assert!(said.contains(" 200"), "{said}");
}
