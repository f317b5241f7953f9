//! Someone at a browser: plain HTTP over a socket, a browser's headers, and the choices a person makes.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;
use url::Url;

/// A person with a browser. Every method blocks until the page is there.
pub(crate) struct Person {
    /// How long to wait for the next bytes of a page.
    patience: Duration,
}

/// What the browser ended on.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    /// Where it came from, after redirects.
    pub(crate) url: String,
    pub(crate) status: u16,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Page {
    /// The value of the first header of this lower-case name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }
}

/// The headers of a browser that follows a link.
const NAVIGATES: &[(&str, &str)] = &[
    ("User-Agent", "Mozilla/5.0 (simulated person)"),
    ("Accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"),
    ("Sec-Fetch-Site", "cross-site"),
    ("Sec-Fetch-Mode", "navigate"),
    ("Sec-Fetch-Dest", "document"),
];

impl Person {
    /// A person who waits 30 seconds.
    pub(crate) fn new() -> Self {
        Self::patient(Duration::from_secs(30))
    }

    /// A person who waits this long.
    pub(crate) fn patient(patience: Duration) -> Self {
        Self { patience }
    }

    /// Opens the authorize URL, continues as the first identity, and follows where that leads.
    pub(crate) fn approve(&self, url: &str) -> Result<Page, String> {
        self.follow(&self.choose(url, |_| Ok("0".to_owned()))?)
    }

    /// The same as the identity of this ARN.
    pub(crate) fn approve_as(&self, url: &str, arn: &str) -> Result<Page, String> {
        self.follow(&self.choose(url, |page| button_of(page, arn))?)
    }

    /// Opens the authorize URL, cancels, and follows where that leads.
    pub(crate) fn cancel(&self, url: &str) -> Result<Page, String> {
        self.follow(&self.choose(url, |_| Ok("cancel".to_owned()))?)
    }

    /// Opens the authorize URL, continues as the first identity, and returns where that leads, not going there.
    pub(crate) fn location(&self, url: &str) -> Result<String, String> {
        self.choose(url, |_| Ok("0".to_owned()))
    }

    /// Continues as the first identity for another device, and returns the code that is shown.
    pub(crate) fn code(&self, url: &str) -> Result<String, String> {
        let page = self.approve(url)?;
        between(&page.body, "<code id=\"code\">", "</code>")
            .map(str::to_owned)
            .ok_or("no code is shown".to_owned())
    }

    /// Opens the page of a device with its code in the URL (`verificationUriComplete`), and allows it.
    pub(crate) fn approve_device(&self, url: &str) -> Result<Page, String> {
        self.approve(url)
    }

    /// Opens the page of a device (`verificationUri`), enters its code, and allows it.
    pub(crate) fn enter_code(&self, url: &str, code: &str) -> Result<Page, String> {
        let page = self.get(url, NAVIGATES)?;
        if !page.body.contains("name=\"user_code\"") {
            return Err(format!("the page, {}, asks for no code", page.status));
        }
        self.approve(&format!("{url}?user_code={code}"))
    }

    /// Opens the page of a device with its code in the URL, and denies it.
    pub(crate) fn deny_device(&self, url: &str) -> Result<Page, String> {
        self.cancel(url)
    }

    /// Gets a URL with these headers and no others but `Host`, unless it is among them. Follows nothing.
    pub(crate) fn get(&self, url: &str, headers: &[(&str, &str)]) -> Result<Page, String> {
        self.send("GET", url, headers, "")
    }

    /// Sends any request, as [`Person::get`] does.
    pub(crate) fn send(
        &self,
        method: &str,
        url: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Result<Page, String> {
        exchange(method, url, headers, body, self.patience).map_err(|why| format!("{method} {url}: {why}"))
    }

    /// Opens the authorize URL and presses a button of it; returns where that leads.
    fn choose(&self, url: &str, button: impl Fn(&str) -> Result<String, String>) -> Result<String, String> {
        let page = self.get(url, NAVIGATES)?;
        if page.status != 200 {
            return Err(format!("the sign-in page answers {}", page.status));
        }
        let ticket = between(&page.body, "name=\"ticket\" value=\"", "\"").ok_or("the page has no form")?;
        let action = between(&page.body, "action=\"", "\"").ok_or("the form leads nowhere")?;
        let action = Url::parse(url).and_then(|url| url.join(action)).map_err(|why| why.to_string())?;
        let mut headers = NAVIGATES.to_vec();
        headers.push(("Content-Type", "application/x-www-form-urlencoded"));
        let form = format!("ticket={ticket}&choice={}", button(&page.body)?);
        let answer = self.send("POST", action.as_str(), &headers, &form)?;
        answer.header("location").map(str::to_owned).ok_or(format!("the button answers {}", answer.status))
    }

    /// Goes to a URL, and on where it redirects.
    fn follow(&self, url: &str) -> Result<Page, String> {
        let mut url = url.to_owned();
        for _ in 0..10 {
            let page = self.get(&url, NAVIGATES)?;
            match page.header("location").filter(|_| (300..400).contains(&page.status)) {
                None => return Ok(page),
                Some(next) => {
                    url = Url::parse(&url)
                        .and_then(|url| url.join(next))
                        .map_err(|why| why.to_string())?
                        .into();
                }
            }
        }
        Err("the page redirects without end".to_owned())
    }
}

/// The value of the button that continues as this ARN.
fn button_of(page: &str, arn: &str) -> Result<String, String> {
    let title = format!("title=\"{}\"", super::page::escape(arn));
    let tag =
        page.split("<button ").find(|tag| tag.contains(&title)).ok_or(format!("{arn} is not on the page"))?;
    between(tag, "value=\"", "\"").map(str::to_owned).ok_or("the button has no value".to_owned())
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    text.split_once(before)?.1.split_once(after).map(|(found, _)| found)
}

/// One request on a connection of its own.
fn exchange(
    method: &str,
    url: &str,
    headers: &[(&str, &str)],
    body: &str,
    patience: Duration,
) -> Result<Page, String> {
    let parsed = Url::parse(url).map_err(|why| why.to_string())?;
    let host = parsed.host_str().ok_or("the URL has no host")?;
    let port = parsed.port_or_known_default().ok_or("the URL has no port")?;
    let target = &parsed[url::Position::BeforePath..url::Position::AfterQuery];
    let mut lines = vec![format!("{method} {target} HTTP/1.1")];
    if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
        lines.push(format!("Host: {host}:{port}"));
    }
    lines.extend(headers.iter().map(|(name, value)| format!("{name}: {value}")));
    if !body.is_empty() {
        lines.push(format!("Content-Length: {}", body.len()));
    }
    lines.push(format!("Connection: close\r\n\r\n{body}"));
    let request = lines.join("\r\n");

    let fail = |why: std::io::Error| why.to_string();
    let mut stream = TcpStream::connect((host, port)).map_err(fail)?;
    stream.set_read_timeout(Some(patience)).map_err(fail)?;
    stream.write_all(request.as_bytes()).map_err(fail)?;
    let mut answer = Vec::new();
    let mut part = vec![0; 1 << 16];
    // a server may leave the connection open although it was asked to close it
    while whole(&answer).is_none_or(|length| answer.len() < length) {
        match stream.read(&mut part).map_err(fail)? {
            0 => break,
            length => answer.extend_from_slice(&part[..length]),
        }
    }
    read(url, &answer).ok_or(format!("the answer is not HTTP: {} bytes", answer.len()))
}

/// How long an answer is that tells its length, once its head is there.
fn whole(answer: &[u8]) -> Option<usize> {
    let end = answer.windows(4).take(1 << 20).position(|bytes| bytes == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&answer[..end]).ok()?;
    let mut headers = head.lines().filter_map(|line| line.split_once(':'));
    let (_, length) = headers.find(|(name, _)| name.eq_ignore_ascii_case("content-length"))?;
    Some(end + 4 + length.trim().parse::<usize>().ok()?)
}

/// Reads an answer that is whole.
fn read(url: &str, answer: &[u8]) -> Option<Page> {
    let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&answer[..end]).ok()?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers: Vec<_> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
        .collect();
    let mut page = Page { url: url.to_owned(), status, headers, body: String::new() };
    let body = &answer[end + 4..];
    let body = match (page.header("transfer-encoding"), page.header("content-length")) {
        (Some("chunked"), _) => join_chunks(body)?,
        (_, Some(length)) => body.get(..length.parse().ok()?)?.to_vec(),
        _ => body.to_vec(),
    };
    page.body = String::from_utf8_lossy(&body).into_owned();
    Some(page)
}

fn join_chunks(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut joined = Vec::new();
    loop {
        let end = rest.windows(2).position(|bytes| bytes == b"\r\n")?;
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..end]).ok()?, 16).ok()?;
        if size == 0 {
            return Some(joined);
        }
        joined.extend(rest.get(end + 2..end + 2 + size)?);
        rest = rest.get(end + 4 + size..)?;
    }
}
