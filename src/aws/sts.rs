//! AWS Security Token Service: who one is, a role's credentials, an MFA session's.

use super::call::{self, Resend};
use super::fault::{Fault, Refusal};
use super::{Endpoint, sigv4};
use crate::host::Host;
use crate::host::http::{Answer, Request};
use crate::model::{AccountId, Credentials, Region, Secret, text, time};
use chrono::TimeDelta;
use quick_xml::events::Event;
use std::collections::BTreeMap;

/// Asks `GetCallerIdentity`: the ARN that these credentials act as. Needs no permission.
pub(crate) async fn caller_identity(
    host: &Host,
    endpoint: &Endpoint,
    region: &Region,
    credentials: &Credentials,
) -> Result<String, Fault> {
    let body = form("GetCallerIdentity", &[]);
    let fields = query(host, endpoint, region, credentials, &body, Resend::Always).await?;
    fields.get("Arn").cloned().ok_or_else(|| {
        Fault::Nonsense(format!("the answer of {} to GetCallerIdentity has no `Arn`", endpoint.name()))
    })
}

/// A device and the code that it shows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mfa<'a> {
    pub(crate) serial: &'a str,
    pub(crate) code: &'a Secret,
}

/// What a role is assumed with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AssumeRole<'a> {
    pub(crate) role: &'a str,
    pub(crate) session_name: &'a str,
    pub(crate) duration: Option<TimeDelta>,
    pub(crate) external_id: Option<&'a str>,
    pub(crate) mfa: Option<Mfa<'a>>,
    pub(crate) policy: Option<&'a str>,
    pub(crate) tags: &'a [(String, String)],
    pub(crate) source_identity: Option<&'a str>,
}

/// What STS issued.
#[derive(Debug)]
pub(crate) struct Issued {
    /// Their end is told in this machine's clock.
    pub(crate) credentials: Credentials,
    /// The id and the ARN of the session in a role.
    pub(crate) role_user: Option<(String, String)>,
    pub(crate) request_id: String,
}

/// Asks `AssumeRole`.
pub(crate) async fn assume_role(
    host: &Host,
    endpoint: &Endpoint,
    region: &Region,
    credentials: &Credentials,
    asked: &AssumeRole<'_>,
) -> Result<Issued, Fault> {
    let duration = asked.duration.map(|duration| duration.num_seconds().to_string());
    let mut fields = vec![("RoleArn", Some(asked.role)), ("RoleSessionName", Some(asked.session_name))];
    fields.push(("DurationSeconds", duration.as_deref()));
    fields.push(("ExternalId", asked.external_id));
    fields.push(("SerialNumber", asked.mfa.map(|mfa| mfa.serial)));
    fields.push(("TokenCode", asked.mfa.map(|mfa| mfa.code.expose())));
    fields.push(("Policy", asked.policy));
    fields.push(("SourceIdentity", asked.source_identity));
    let names: Vec<[String; 2]> = (1..=asked.tags.len())
        .map(|at| [format!("Tags.member.{at}.Key"), format!("Tags.member.{at}.Value")])
        .collect();
    for ([key_name, value_name], (key, value)) in names.iter().zip(asked.tags) {
        fields.push((key_name, Some(key)));
        fields.push((value_name, Some(value)));
    }
    let resend = if asked.mfa.is_some() { Resend::BeforeSending } else { Resend::Always };
    let body = form("AssumeRole", &fields);
    let fields = query(host, endpoint, region, credentials, &body, resend).await?;
    issued(host, endpoint, "AssumeRole", &fields)
}

/// Asks `GetSessionToken`, with an MFA code.
pub(crate) async fn session_token(
    host: &Host,
    endpoint: &Endpoint,
    region: &Region,
    credentials: &Credentials,
    duration: TimeDelta,
    mfa: Mfa<'_>,
) -> Result<Issued, Fault> {
    let duration = duration.num_seconds().to_string();
    let fields = [
        ("DurationSeconds", Some(&*duration)),
        ("SerialNumber", Some(mfa.serial)),
        ("TokenCode", Some(mfa.code.expose())),
    ];
    let body = form("GetSessionToken", &fields);
    let fields = query(host, endpoint, region, credentials, &body, Resend::BeforeSending).await?;
    issued(host, endpoint, "GetSessionToken", &fields)
}

pub(super) fn form(action: &str, fields: &[(&str, Option<&str>)]) -> String {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.append_pair("Action", action).append_pair("Version", "2011-06-15");
    for (name, value) in fields {
        if let Some(value) = value {
            form.append_pair(name, value);
        }
    }
    form.finish()
}

pub(super) fn issued(
    host: &Host,
    endpoint: &Endpoint,
    action: &str,
    fields: &BTreeMap<String, String>,
) -> Result<Issued, Fault> {
    let nonsense = |why: String| Fault::Nonsense(format!("{} to {action}: {why}", endpoint.name()));
    let need = |name: &str| fields.get(name).ok_or_else(|| nonsense(format!("there is no `{name}`")));
    let end = time::parse(need("Expiration")?).map_err(nonsense)?;
    let arn = fields.get("Arn");
    let account: Option<AccountId> =
        arn.and_then(|arn| arn.split(':').nth(4)).and_then(|account| account.parse().ok());
    let credentials = Credentials::new(
        need("AccessKeyId")?,
        Secret::new(need("SecretAccessKey")?.as_str()),
        Some(Secret::new(need("SessionToken")?.as_str())),
        Some(end - host.clock.skew()),
        account,
    );
    Ok(Issued {
        credentials: credentials.map_err(nonsense)?,
        role_user: fields.get("AssumedRoleId").cloned().zip(arn.cloned()),
        request_id: fields.get("RequestId").cloned().unwrap_or_default(),
    })
}

/// Sends a signed query; the answer's leaves by name. Corrects a wrong clock once.
async fn query(
    host: &Host,
    endpoint: &Endpoint,
    region: &Region,
    credentials: &Credentials,
    body: &str,
    resend: Resend,
) -> Result<BTreeMap<String, String>, Fault> {
    let mut answer = ask(host, endpoint, region, credentials, body, resend).await?;
    let skewed = |refusal: &Refusal| {
        ["RequestTimeTooSkewed", "RequestExpired", "SignatureDoesNotMatch", "InvalidSignatureException"]
            .iter()
            .any(|code| refusal.is(code))
    };
    if answer.status >= 400 && skewed(&refusal(&answer)) && !host.clock.skew().is_zero() {
        answer = ask(host, endpoint, region, credentials, body, resend).await?;
    }
    if answer.status >= 400 {
        return Err(Fault::Refused(refusal(&answer)));
    }
    leaves(&answer.body).map_err(|why| Fault::Nonsense(format!("{}: {why}", endpoint.name())))
}

async fn ask(
    host: &Host,
    endpoint: &Endpoint,
    region: &Region,
    credentials: &Credentials,
    body: &str,
    resend: Resend,
) -> Result<Answer, Fault> {
    let url = endpoint.join("/");
    call::send(host, resend, || {
        let now = host.clock.server_now();
        Ok(Request {
            method: reqwest::Method::POST,
            url: url.clone(),
            headers: sigv4::sign(credentials, region, "sts", &url, body.as_bytes(), now),
            body: body.as_bytes().to_vec(),
            ca_bundle: endpoint.ca_bundle.clone(),
        })
    })
    .await
}

pub(super) fn refusal(answer: &Answer) -> Refusal {
    let fields = leaves(&answer.body).unwrap_or_default();
    let field = |name: &str| fields.get(name).cloned();
    Refusal {
        status: answer.status,
        code: field("Code").unwrap_or_default(),
        message: field("Message").unwrap_or_default(),
        request_id: field("RequestId"),
    }
}

/// The text of every element that holds no other, by the element's name; the first of a name wins.
pub(super) fn leaves(xml: &[u8]) -> Result<BTreeMap<String, String>, String> {
    let xml = std::str::from_utf8(xml).map_err(|_| "the answer is not UTF-8".to_owned())?;
    let bad = |e: &dyn std::fmt::Display| {
        format!("the answer is not the XML it should be: {}", text::field(&e.to_string()))
    };
    let mut reader = quick_xml::Reader::from_str(xml);
    let mut found = BTreeMap::new();
    let mut at: Option<String> = None;
    let mut held = String::new();
    loop {
        match reader.read_event().map_err(|e| bad(&e))? {
            Event::Start(tag) => {
                at = Some(tag.local_name().as_ref().to_owned());
                held.clear();
            }
            Event::Text(more) => held.push_str(&more),
            Event::GeneralRef(name) => {
                let name = format!("&{};", &*name);
                held.push_str(&quick_xml::escape::unescape(&name).map_err(|e| bad(&e))?);
            }
            Event::End(_) => {
                if let Some(name) = at.take() {
                    found.entry(name).or_insert_with(|| held.trim().to_owned());
                }
            }
            Event::Eof => break,
            _ => {}
        }
    }
    if found.is_empty() { Err("the answer is empty".into()) } else { Ok(found) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaves_are_found_by_name_with_their_entities() {
        let xml = br#"<R xmlns="x"><Error><Code>AccessDenied</Code><Message>User &amp; &lt;b&gt; &#233;</Message></Error>
            <RequestId>r-1</RequestId></R>"#;
        let leaves = leaves(xml).unwrap();
        assert_eq!(leaves["Code"], "AccessDenied");
        assert_eq!(leaves["Message"], "User & <b> é");
        assert_eq!(leaves["RequestId"], "r-1");
        for bad in [&b"<a><b></a>"[..], b"", b"\xff\xfe", b"{}"] {
            assert!(super::leaves(bad).is_err(), "{}", String::from_utf8_lossy(bad));
        }
    }
}
