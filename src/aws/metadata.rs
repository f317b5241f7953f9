//! Credentials from beside the machine: a container's endpoint, and an instance's metadata service (IMDS).
//!
//! Both are asked by plain http, at hosts that no packet leaves the machine's own network for, and never by a proxy.
//!
//! Source: botocore `utils.py`, `ContainerMetadataFetcher` and `InstanceMetadataFetcher`.

use super::call;
use super::fault::{Fault, Refusal};
use crate::host::Host;
use crate::host::http::{self, Answer, Request, Trouble, What};
use crate::model::{AccountId, Arn, Credentials, Object, Secret};
use reqwest::Method;
use std::time::Duration;
use url::Url;

/// The hosts of container endpoints: ECS, then EKS.
const CONTAINER_HOSTS: [&str; 3] = ["169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"];

/// The hosts of instance metadata.
const INSTANCE_HOSTS: [&str; 2] = ["169.254.169.254", "[fd00:ec2::254]"];

/// How long a container's endpoint may take to connect and to answer, how often it is asked, and when again.
const CONTAINER: (Duration, u32, Duration) = (Duration::from_secs(2), 3, Duration::from_secs(1));

/// How long a token for instance metadata lasts (seconds).
const TOKEN_LIFETIME: &str = "21600";

const ROLES: &str = "latest/meta-data/iam/security-credentials/";

/// The endpoint that `AWS_CONTAINER_CREDENTIALS_RELATIVE_URI` means.
///
/// # Errors
/// Anything but a path: what stands behind the host's name could change it.
pub(crate) fn relative(path: &str) -> Result<Url, String> {
    if !path.starts_with('/') {
        return Err("does not begin with a slash".into());
    }
    vouched(&format!("http://{}{path}", CONTAINER_HOSTS[0]), &CONTAINER_HOSTS)
}

/// The endpoint that `AWS_CONTAINER_CREDENTIALS_FULL_URI` means.
///
/// # Errors
/// Says why it may not be asked, in words that complete "the variable …".
pub(crate) fn full(url: &str) -> Result<Url, String> {
    vouched(url, &CONTAINER_HOSTS)
}

/// The base of an instance's metadata service; by plain http on this machine and at AWS's own hosts only.
///
/// # Errors
/// As [`full`].
pub(crate) fn instance_base(url: &str) -> Result<Url, String> {
    vouched(url, &[&INSTANCE_HOSTS[..], &CONTAINER_HOSTS[..]].concat())
}

/// The base of an instance's metadata service where nothing else is said.
pub(crate) fn own_base(ipv6: bool) -> Result<Url, String> {
    instance_base(&format!("http://{}/", INSTANCE_HOSTS[usize::from(ipv6)]))
}

/// A URL whose host may be given a token in clear text. Hosts are compared as they are written: no name server, and no
/// other way to write an address, leads anywhere else.
fn vouched(raw: &str, hosts: &[&str]) -> Result<Url, String> {
    let url: Url = raw.parse().map_err(|_| "is not a URL".to_owned())?;
    let named = url.host_str().unwrap_or_default();
    let written = raw.split_once("://").map_or("", |(_, rest)| rest);
    let written = written.split(['/', '?', '#']).next().unwrap_or_default();
    let port = written.rsplit_once(':').filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()));
    let written = port.map_or(written, |(host, _)| host);
    if named.is_empty() || !written.eq_ignore_ascii_case(named) {
        return Err("does not name its host plainly".into());
    }
    match url.scheme() {
        "https" => Ok(url),
        "http" if http::is_loopback(&url) || hosts.contains(&named) => Ok(url),
        "http" => {
            Err(format!("leads to `{named}`: by http only this machine is asked, and {}", hosts.join(", ")))
        }
        _ => Err("is neither https nor http".into()),
    }
}

/// Asks a container's endpoint: the credentials, and the role if it is told.
pub(crate) async fn container(
    host: &Host,
    url: &Url,
    token: Option<&Secret>,
) -> Result<(Credentials, Option<Arn>), Fault> {
    let (limit, attempts, pause) = CONTAINER;
    let mut attempt = 1;
    loop {
        let mut headers = vec![("accept", "application/json".to_owned())];
        headers.extend(token.map(|token| ("authorization", token.expose().to_owned())));
        let answer = send(host, Method::GET, url, headers, limit).await;
        let read = answer.and_then(|answer| if_ok(&answer).and_then(|()| read(url, &answer)));
        match read {
            Err(Fault::Refused(refusal)) if refusal.status == 200 => return Err(Fault::Refused(refusal)),
            Err(_) if attempt < attempts => tokio::time::sleep(pause).await,
            Err(fault) => return Err(fault),
            Ok(object) => {
                let role: Option<Arn> =
                    object.text("RoleArn").ok().flatten().and_then(|arn| arn.parse().ok());
                let account = object.account().or_else(|| Some(role.as_ref()?.account().clone()));
                let credentials = credentials(url, &object, account)?;
                return Ok((credentials, role));
            }
        }
        attempt += 1;
    }
}

/// How an instance's metadata service is asked.
#[derive(Clone, Debug)]
pub(crate) struct Instance {
    pub(crate) base: Url,
    /// How long it may take to connect and to answer.
    pub(crate) limit: Duration,
    pub(crate) attempts: u32,
    /// Whether it may be asked without a token, where it gives none (IMDSv1).
    pub(crate) v1: bool,
}

/// Asks for the instance's credentials and its role's name.
///
/// A refusal with status 404 means that the instance has no role.
pub(crate) async fn instance(host: &Host, imds: &Instance) -> Result<(Credentials, String), Fault> {
    let token = instance_token(host, imds).await?;
    let nonsense = |why: &str| Fault::Nonsense(format!("{}: {why}", name(&imds.base)));
    if token.is_none() && !imds.v1 {
        return Err(nonsense("it gives no token for IMDSv2, and IMDSv1 is disabled here"));
    }
    let headers =
        || token.iter().map(|token| ("x-aws-ec2-metadata-token", token.expose().to_owned())).collect();
    let listed = ask(host, imds, Method::GET, ROLES, &headers).await?;
    if_ok(&listed)?;
    let role = String::from_utf8_lossy(&listed.body).trim().to_owned();
    // it becomes part of a URL
    if role.is_empty() || !role.bytes().all(|b| b.is_ascii_alphanumeric() || b"_+=,.@-".contains(&b)) {
        return Err(nonsense("what it tells is not the name of a role"));
    }
    let answer = ask(host, imds, Method::GET, &format!("{ROLES}{role}"), &headers).await?;
    if_ok(&answer)?;
    let object = read(&imds.base, &answer)?;
    Ok((credentials(&imds.base, &object, object.account())?, role))
}

/// The token of IMDSv2; `None` where the AWS CLI would go on without: the service does not know of it, or its answer
/// does not reach us (a container that is one hop too far away).
async fn instance_token(host: &Host, imds: &Instance) -> Result<Option<Secret>, Fault> {
    let headers = || vec![("x-aws-ec2-metadata-token-ttl-seconds", TOKEN_LIFETIME.to_owned())];
    match ask(host, imds, Method::PUT, "latest/api/token", &headers).await {
        Ok(answer) if answer.status == 200 => {
            let token = String::from_utf8(answer.body).unwrap_or_default();
            let fits =
                !token.is_empty() && token.len() <= 4096 && token.bytes().all(|b| b.is_ascii_graphic());
            if fits {
                return Ok(Some(Secret::new(token)));
            }
            Err(Fault::Nonsense(format!("{}: what it gives is no token", name(&imds.base))))
        }
        Ok(answer) if answer.status == 400 => Err(Fault::Refused(call::json_refusal(&answer))),
        Ok(_) | Err(Fault::NoAnswer(Trouble { what: What::Broken, .. })) => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// Asks the metadata service, as often as it may be asked.
async fn ask(
    host: &Host,
    imds: &Instance,
    method: Method,
    path: &str,
    headers: &dyn Fn() -> Vec<(&'static str, String)>,
) -> Result<Answer, Fault> {
    let mut url = imds.base.clone();
    url.set_path(&format!("{}/{path}", imds.base.path().trim_end_matches('/')));
    let mut attempt = 1;
    loop {
        let answer = send(host, method.clone(), &url, headers(), imds.limit).await;
        let again = answer.as_ref().map_or(true, |answer| answer.status >= 500 || answer.status == 429);
        if !again || attempt >= imds.attempts {
            return answer;
        }
        attempt += 1;
    }
}

async fn send(
    host: &Host,
    method: Method,
    url: &Url,
    headers: Vec<(&'static str, String)>,
    limit: Duration,
) -> Result<Answer, Fault> {
    let request = Request { method, url: url.clone(), headers, body: Vec::new(), ca_bundle: None };
    let outcome = host.network().send_direct(host, request, limit).await;
    host.debug(|| match &outcome {
        Ok(answer) => format!("{}{} answered {}", name(url), url.path(), answer.status),
        Err(trouble) => format!("{}{}: {}", name(url), url.path(), trouble.why),
    });
    Ok(outcome?)
}

fn name(url: &Url) -> &str {
    url.host_str().unwrap_or_default()
}

fn if_ok(answer: &Answer) -> Result<(), Fault> {
    if answer.status == 200 { Ok(()) } else { Err(Fault::Refused(call::json_refusal(answer))) }
}

/// Reads an answer; one whose `Code` is not `Success` is a refusal.
fn read(url: &Url, answer: &Answer) -> Result<Object, Fault> {
    let nonsense = |why: String| Fault::Nonsense(format!("the answer of {}: {why}", name(url)));
    let object = Object::read(&answer.body).map_err(nonsense)?;
    let text = |key: &str| object.text(key).ok().flatten().map(str::to_owned);
    match text("Code").or_else(|| text("code")) {
        Some(code) if code != "Success" => {
            let message = text("Message").or_else(|| text("message")).unwrap_or_default();
            Err(Fault::Refused(Refusal { status: answer.status, code, message, request_id: None }))
        }
        _ => Ok(object),
    }
}

/// The credentials of an answer. All four parts must be there: both services issue only what ends.
fn credentials(url: &Url, object: &Object, account: Option<AccountId>) -> Result<Credentials, Fault> {
    let need = |key: &str| object.need(key).map(drop);
    let read =
        need("Token").and_then(|()| need("Expiration")).and_then(|()| object.credentials("Token", account));
    read.map_err(|why| Fault::Nonsense(format!("the answer of {}: {why}", name(url))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_taken_as_they_are_written() {
        for good in [
            "http://127.0.0.1/x?y=1",
            "http://127.1.2.3:8080",
            "http://localhost:1234/creds",
            "http://LOCALHOST/",
            "http://[::1]:80/",
            "http://169.254.170.2/v2/credentials/1",
            "http://169.254.170.23/v1/credentials",
            "http://[fd00:ec2::23]/v1/credentials",
            "https://example.com:8443/creds",
        ] {
            assert!(full(good).is_ok(), "{good}");
        }
        for bad in [
            "http://example.com/",
            "http://169.254.169.254/",
            "http://localhost.example.com/",
            "http://127.0.0.1.example.com/",
            "http://127.1/",
            "http://0x7f.0.0.1/",
            "http://2130706433/",
            "http://user@localhost/",
            "http://example.com@127.0.0.1/",
            "http://127.0.0.1\\@example.com/",
            "http:127.0.0.1/",
            "http:///127.0.0.1/",
            "http://169.254.170.2\t/",
            "http://169.254.170.02/",
            "http://[fd00:ec2:0::23]/",
            "ftp://127.0.0.1/",
            "file:///etc/passwd",
            "/v2/credentials",
            "",
        ] {
            assert!(full(bad).is_err(), "{bad}");
        }
        assert_eq!(relative("/v2/c?id=1").unwrap().as_str(), "http://169.254.170.2/v2/c?id=1");
        for bad in ["v2", ".example.com/", ":80@example.com/", ""] {
            assert!(relative(bad).is_err(), "{bad}");
        }
        assert_eq!(own_base(false).unwrap().as_str(), "http://169.254.169.254/");
        assert_eq!(own_base(true).unwrap().as_str(), "http://[fd00:ec2::254]/");
        assert!(instance_base("http://10.0.0.1/").is_err());
    }
}
