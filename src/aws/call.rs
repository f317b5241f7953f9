//! One call: sent, sent again where that is safe, its clock read, its answer told from a captive portal's.

use super::fault::{Fault, Refusal};
use crate::host::Host;
use crate::host::http::{Answer, Request, Trouble, What};
use std::time::Duration;

/// No call takes longer, retries included.
const WHOLE_CALL: Duration = Duration::from_secs(28);

/// How often at most a call is sent.
const ATTEMPTS: u32 = 3;

/// When a request may be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resend {
    /// Only if no connection was made: what it carries is good once.
    BeforeSending,
    /// Once more after a broken connection or a server fault: the service answers a repeat as it answered first.
    Once,
    /// As often as the schedule allows: it changes nothing.
    Always,
}

/// Sends what `make` makes (anew for every attempt: proofs and dates are good once), and returns the answer if
/// its status is 2xx or 4xx but 429.
pub(crate) async fn send(
    host: &Host,
    resend: Resend,
    mut make: impl FnMut() -> Result<Request, Fault>,
) -> Result<Answer, Fault> {
    let started = host.clock.boot();
    let mut sent = 0;
    let mut attempt = 0;
    loop {
        attempt += 1;
        let request = make()?;
        let url = request.url.clone();
        let name = url.host_str().unwrap_or_default().to_owned();
        let left = WHOLE_CALL.saturating_sub(host.clock.boot().saturating_sub(started));
        let outcome =
            tokio::time::timeout(left, host.network().send(host, request)).await.unwrap_or_else(|_| {
                Err(Trouble { what: What::Broken, why: format!("{name} did not answer in time") })
            });
        let past = host.clock.boot().saturating_sub(started);
        host.debug(|| match &outcome {
            Ok(answer) => format!("{name}{} answered {} after {past:.1?}", url.path(), answer.status),
            Err(trouble) => format!("{name}{}: {} after {past:.1?}", url.path(), trouble.why),
        });
        sent += u32::from(!matches!(outcome, Err(Trouble { what: What::NotConnected, .. })));
        let may_resend = match resend {
            Resend::BeforeSending => sent == 0,
            Resend::Once => sent <= 1,
            Resend::Always => true,
        };
        let (fault, pause) = match outcome {
            Ok(answer) => {
                if let Some(date) = answer.date {
                    host.clock.learn(date);
                }
                if answer.status != 429 && answer.status < 500 {
                    return check(answer, &name);
                }
                let asked = answer.retry_after.map(|pause| pause.min(Duration::from_secs(10)));
                (Fault::Refused(json_refusal(&answer)), asked)
            }
            Err(trouble) if matches!(trouble.what, What::TooLarge | What::Settings) => {
                return Err(trouble.into());
            }
            Err(trouble) => (trouble.into(), None),
        };
        let pause = pause.unwrap_or_else(|| backoff(attempt));
        if !may_resend || attempt == ATTEMPTS || past + pause >= WHOLE_CALL {
            return Err(fault);
        }
        tokio::time::sleep(pause).await;
    }
}

/// Full jitter below 100 ms · 3ⁿ, at most 5 s.
fn backoff(attempt: u32) -> Duration {
    let most = 100 * 3u64.pow(attempt).min(50);
    let dice =
        crate::host::random::bytes::<2>().map_or(u64::from(u16::MAX), |b| u64::from(u16::from_le_bytes(b)));
    Duration::from_millis(most * dice / u64::from(u16::MAX))
}

/// Refuses redirects and web pages: neither comes from an API.
fn check(answer: Answer, name: &str) -> Result<Answer, Fault> {
    if (300..400).contains(&answer.status) {
        return Err(Fault::Nonsense(format!("{name} answered with a redirect, which was not followed")));
    }
    let start = answer.body.trim_ascii_start();
    let head = String::from_utf8_lossy(&start[..start.len().min(15)]).to_lowercase();
    if head.starts_with("<!doctype html") || head.starts_with("<html") {
        let why = format!("an HTML page came from {name} (a captive portal or a proxy?)");
        return Err(Fault::Nonsense(why));
    }
    Ok(answer)
}

/// The refusal in a JSON answer: `error`, else the exception's name.
///
/// Source: AWS Sign-In API, `{"error": "TOKEN_EXPIRED", "message": "…"}`, header `x-amzn-ErrorType`.
pub(crate) fn json_refusal(answer: &Answer) -> Refusal {
    let body: serde_json::Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let field = |names: &[&str]| {
        names.iter().find_map(|name| body.get(name).and_then(|value| value.as_str())).map(str::to_owned)
    };
    let header = answer.error_type.as_deref().and_then(|kind| kind.split(':').next()).map(str::to_owned);
    Refusal {
        status: answer.status,
        code: field(&["error", "__type", "code"]).or(header).unwrap_or_default(),
        message: field(&["message", "Message", "error_description"]).unwrap_or_default(),
        request_id: None,
    }
}
