//! AWS Security Token Service: who one is.

use super::call::{self, Resend};
use super::fault::{Fault, Refusal};
use super::{Endpoint, sigv4};
use crate::host::Host;
use crate::host::http::{Answer, Request};
use crate::model::{Credentials, Region, text};
use quick_xml::events::Event;
use std::collections::BTreeMap;

/// Asks `GetCallerIdentity`: the ARN that these credentials act as. Needs no permission.
pub(crate) async fn caller_identity(
    host: &Host,
    endpoint: &Endpoint,
    region: &Region,
    credentials: &Credentials,
) -> Result<String, Fault> {
    let fields =
        query(host, endpoint, region, credentials, "Action=GetCallerIdentity&Version=2011-06-15").await?;
    fields.get("Arn").cloned().ok_or_else(|| {
        Fault::Nonsense(format!("the answer of {} to GetCallerIdentity has no `Arn`", endpoint.name()))
    })
}

/// Sends a signed query; the answer's leaves by name. Corrects a wrong clock once.
async fn query(
    host: &Host,
    endpoint: &Endpoint,
    region: &Region,
    credentials: &Credentials,
    body: &str,
) -> Result<BTreeMap<String, String>, Fault> {
    let mut answer = ask(host, endpoint, region, credentials, body).await?;
    let skewed = |refusal: &Refusal| {
        ["RequestTimeTooSkewed", "RequestExpired", "SignatureDoesNotMatch", "InvalidSignatureException"]
            .iter()
            .any(|code| refusal.is(code))
    };
    if answer.status >= 400 && skewed(&refusal(&answer)) && !host.clock.skew().is_zero() {
        answer = ask(host, endpoint, region, credentials, body).await?;
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
) -> Result<Answer, Fault> {
    let url = endpoint.join("/");
    call::send(host, Resend::Always, || {
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
