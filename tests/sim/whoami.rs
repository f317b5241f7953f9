//! A client of STS, as any AWS tool is one: signs `GetCallerIdentity` with what the environment holds.

use super::http::Ask;
use super::person::Person;
use super::sigv4;
use chrono::DateTime;
use std::time::UNIX_EPOCH;

/// Asks the STS that `AWS_ENDPOINT_URL_STS` names who the credentials of an environment are; the ARN.
pub(crate) fn ask(variable: impl Fn(&str) -> Option<String>) -> Result<String, String> {
    let var = |name: &str| variable(name).filter(|value| !value.is_empty());
    let need =
        |name: &str| var(name).ok_or_else(|| format!("{name} is not set: this shell has no credentials"));
    let id = need("AWS_ACCESS_KEY_ID")?;
    let secret = need("AWS_SECRET_ACCESS_KEY")?;
    let url = need("AWS_ENDPOINT_URL_STS")?;
    let region = var("AWS_REGION").or_else(|| var("AWS_DEFAULT_REGION")).unwrap_or("us-east-1".to_owned());

    let age = UNIX_EPOCH.elapsed().map_err(|e| e.to_string())?.as_secs();
    let now = i64::try_from(age).ok().and_then(|now| DateTime::from_timestamp(now, 0)).ok_or("no time")?;
    let moment = now.format("%Y%m%dT%H%M%SZ").to_string();
    let body = "Action=GetCallerIdentity&Version=2011-06-15";
    let host = url.split_once("://").map_or(url.as_str(), |(_, host)| host).trim_end_matches('/');
    let mut headers = vec![
        ("content-type", "application/x-www-form-urlencoded; charset=utf-8".to_owned()),
        ("host", host.to_owned()),
        ("x-amz-date", moment.clone()),
    ];
    headers.extend(var("AWS_SESSION_TOKEN").map(|token| ("x-amz-security-token", token)));
    let ask = Ask::new("POST", "/", &headers, body);
    headers.push(("authorization", sigv4::sign(&ask, &id, &secret, &region, "sts", &moment)?));

    let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let page = Person::new().send("POST", &format!("{}/", url.trim_end_matches('/')), &headers, body)?;
    let field = |name: &str| {
        let (_, rest) = page.body.split_once(&format!("<{name}>"))?;
        Some(rest.split_once('<')?.0.to_owned())
    };
    match field("Arn").filter(|_| page.status == 200) {
        Some(arn) => Ok(arn),
        None => Err(format!("STS says {}: {}", page.status, field("Code").unwrap_or_default())),
    }
}
