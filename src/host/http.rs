//! HTTPS: one lazy client, hard limits, no redirects, and words for what can go wrong on the way.

use crate::host::Host;
use crate::model::text;
use chrono::{DateTime, Utc};
use std::cell::RefCell;
use std::collections::HashMap;
use std::error::Error as _;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::time::Duration;
use url::Url;

const CONNECT: Duration = Duration::from_secs(3);
const FIRST_BYTE: Duration = Duration::from_secs(10);
const WHOLE_ANSWER: Duration = Duration::from_secs(20);
const LARGEST_BODY: usize = 1024 * 1024;

/// A runtime and the clients that were needed so far.
pub(crate) struct Network {
    runtime: Option<tokio::runtime::Runtime>,
    clients: RefCell<HashMap<Route, reqwest::Client>>,
}

/// What makes one client differ from another.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Route {
    /// To this machine: no proxy, and nobody's certificate counts.
    Loopback,
    /// To a host that the caller vouches for.
    Direct {
        tls: bool,
        limit: Duration,
    },
    Far {
        ca_bundle: Option<PathBuf>,
    },
}

pub(crate) struct Request {
    pub(crate) method: reqwest::Method,
    pub(crate) url: Url,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
    /// Replaces the system's certificate authorities.
    pub(crate) ca_bundle: Option<PathBuf>,
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) date: Option<DateTime<Utc>>,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) error_type: Option<String>,
    pub(crate) body: Vec<u8>,
}

/// Why there is no answer.
#[derive(Clone, Debug)]
pub(crate) struct Trouble {
    pub(crate) what: What,
    pub(crate) why: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// No connection was made: nothing was sent.
    NotConnected,
    /// The connection broke, or nothing came in time: the request may have arrived.
    Broken,
    /// It answered with more than is ever right.
    TooLarge,
    /// The settings of this machine do not allow the request.
    Settings,
}

impl Network {
    pub(super) fn new() -> Network {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok();
        Network { runtime, clients: RefCell::default() }
    }

    /// Runs asynchronous work to its end.
    pub(crate) fn block_on<F: Future>(&self, work: F) -> crate::error::Result<F::Output> {
        let runtime = self.runtime.as_ref().ok_or_else(|| {
            crate::error::Error::new(
                crate::error::Kind::Failed,
                "the system has no room for a network runtime",
            )
        })?;
        Ok(runtime.block_on(work))
    }

    /// Sends one request, once.
    pub(crate) async fn send(&self, host: &Host, request: Request) -> Result<Answer, Trouble> {
        let route = if is_loopback(&request.url) {
            Route::Loopback
        } else {
            Route::Far { ca_bundle: request.ca_bundle.clone() }
        };
        self.take(host, &route, request).await
    }

    /// Sends one request, once, to a host that the caller vouches for: by plain http too, and never through a proxy.
    /// Neither connecting nor waiting for an answer takes longer than `limit`.
    pub(crate) async fn send_direct(
        &self,
        host: &Host,
        request: Request,
        limit: Duration,
    ) -> Result<Answer, Trouble> {
        let route = Route::Direct { tls: request.url.scheme() == "https", limit };
        self.take(host, &route, request).await
    }

    async fn take(&self, host: &Host, route: &Route, request: Request) -> Result<Answer, Trouble> {
        let client = self.client(host, route)?;
        let name = request.url.host_str().unwrap_or_default().to_owned();
        let mut builder = client.request(request.method, request.url);
        for (header, value) in request.headers {
            builder = builder.header(header, value);
        }
        let far = matches!(route, Route::Far { .. });
        let proxy = proxy_setting(host).filter(|_| far).map(|(variable, _)| variable);
        let excepted = exceptions(host).is_some();
        let trouble = |e: reqwest::Error| trouble(&e, &name, proxy, excepted);
        let mut response = builder.body(request.body).send().await.map_err(trouble)?;
        let header = |name: &str| Some(response.headers().get(name)?.to_str().ok()?.to_owned());
        let mut answer = Answer {
            status: response.status().as_u16(),
            date: header("date").and_then(|date| Some(DateTime::parse_from_rfc2822(&date).ok()?.to_utc())),
            retry_after: header("retry-after").and_then(|s| s.parse().ok()).map(Duration::from_secs),
            error_type: header("x-amzn-errortype"),
            body: Vec::new(),
        };
        while let Some(chunk) = response.chunk().await.map_err(trouble)? {
            if answer.body.len() + chunk.len() > LARGEST_BODY {
                let why = format!("{name} answered with more than {} KiB", LARGEST_BODY / 1024);
                return Err(Trouble { what: What::TooLarge, why });
            }
            answer.body.extend_from_slice(&chunk);
        }
        Ok(answer)
    }

    fn client(&self, host: &Host, route: &Route) -> Result<reqwest::Client, Trouble> {
        if let Some(client) = self.clients.borrow().get(route) {
            return Ok(client.clone());
        }
        let client = build(host, route)?;
        self.clients.borrow_mut().insert(route.clone(), client.clone());
        Ok(client)
    }
}

fn build(host: &Host, route: &Route) -> Result<reqwest::Client, Trouble> {
    let settings = |why: String| Trouble { what: What::Settings, why };
    // an error only says that a provider is there already
    let _ = rustls::crypto::ring::default_provider().install_default();
    #[expect(clippy::disallowed_methods, reason = "the door")]
    let mut builder = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(CONNECT)
        .read_timeout(FIRST_BYTE)
        .timeout(WHOLE_ANSWER)
        .pool_max_idle_per_host(0)
        .user_agent(concat!("awsenv/", env!("CARGO_PKG_VERSION")))
        .no_proxy();
    match route {
        Route::Loopback => builder = builder.tls_certs_only([]),
        Route::Direct { tls, limit } => {
            builder = builder.connect_timeout(*limit).read_timeout(*limit).timeout(*limit * 2);
            if !tls {
                builder = builder.tls_certs_only([]);
            }
        }
        Route::Far { ca_bundle } => {
            builder = builder.https_only(true);
            if let Some(path) = ca_bundle {
                builder = builder.tls_certs_only(certificates(path).map_err(settings)?);
            }
            if let Some(proxy) = proxy(host).map_err(settings)? {
                builder = builder.proxy(proxy);
            }
        }
    }
    builder.build().map_err(|e| {
        settings(match route {
            Route::Far { ca_bundle: Some(path) } => {
                format!("the CA bundle {} cannot be used: {}", path.display(), chain(&e))
            }
            _ => chain(&e),
        })
    })
}

/// Reads a CA bundle, refusing one that would silently trust nobody.
fn certificates(path: &Path) -> Result<Vec<reqwest::Certificate>, String> {
    let shown = path.display();
    let pem = std::fs::read(path).map_err(|e| format!("the CA bundle {shown} cannot be read: {e}"))?;
    let found = reqwest::Certificate::from_pem_bundle(&pem)
        .map_err(|e| format!("the CA bundle {shown} is no list of PEM certificates: {}", chain(&e)))?;
    if found.is_empty() {
        return Err(format!("the CA bundle {shown} holds no certificate"));
    }
    Ok(found)
}

/// The proxy for HTTPS, lower-case names first, as the AWS CLI has it.
fn proxy_setting(host: &Host) -> Option<(&'static str, &str)> {
    ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]
        .into_iter()
        .find_map(|name| Some((name, host.env.text(name)?)))
}

/// The hosts that are asked without it.
fn exceptions(host: &Host) -> Option<&str> {
    host.env.text("no_proxy").or_else(|| host.env.text("NO_PROXY"))
}

fn proxy(host: &Host) -> Result<Option<reqwest::Proxy>, String> {
    let Some((name, address)) = proxy_setting(host) else { return Ok(None) };
    let proxy =
        reqwest::Proxy::https(address).map_err(|_| format!("{name} is not the address of a proxy"))?;
    Ok(Some(proxy.no_proxy(exceptions(host).and_then(reqwest::NoProxy::from_string))))
}

/// Whether the URL leads to this machine, by an address that no name server decides.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

/// `proxy` is the variable that names one; whether it was used is not known if some hosts are excepted.
fn trouble(e: &reqwest::Error, name: &str, proxy: Option<&str>, excepted: bool) -> Trouble {
    let what = if e.is_connect() { What::NotConnected } else { What::Broken };
    let words = chain(e);
    let lower = words.to_lowercase();
    let whom = match proxy {
        Some(variable) if e.is_connect() && excepted => {
            format!("{name}, or the proxy of {variable} on the way to it")
        }
        Some(variable) if e.is_connect() => format!("the proxy of {variable} on the way to {name}"),
        _ => name.to_owned(),
    };
    let why = if lower.contains("proxy") || lower.contains("tunnel") {
        format!("the proxy on the way to {name} does not work: {words}")
    } else if lower.contains("certificate") || lower.contains("caused as end entity") {
        format!("{name} could not prove who it is: {words}")
    } else if e.is_timeout() {
        format!("{whom} did not answer in time")
    } else if (lower.contains("dns") || lower.contains("lookup")) && proxy.is_none() {
        format!("the name {name} cannot be resolved")
    } else {
        format!("{whom}: {words}")
    };
    Trouble { what, why }
}

/// The innermost reasons of an error, without the URL.
fn chain(e: &reqwest::Error) -> String {
    let mut words = Vec::new();
    let mut at = e.source();
    while let Some(source) = at {
        words.push(source.to_string());
        at = source.source();
    }
    let said = words.pop().unwrap_or_else(|| "the request failed".into());
    text::field(&said)
}
