//! What the OIDC service refuses, and what follows from it.

use crate::aws::fault::{Fault, Refusal};
use crate::aws::portal::SERVICE;
use crate::error::{Error, Kind};
use crate::host::http::Answer;
use serde_json::Value;

/// The refusal in an answer, its code in OAuth's words whatever way it was told: the header `x-amzn-ErrorType`,
/// `__type`, `code`, `error`.
///
/// Source: AWS CLI, `parsers.py`, `BaseJSONParser._inject_error_code`.
pub(super) fn refusal(answer: &Answer) -> Refusal {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let field = |name: &str| body.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let header = answer.error_type.as_deref().and_then(|kind| kind.split(':').next());
    let exception = header
        .filter(|kind| !kind.trim().is_empty())
        .or_else(|| field("__type").and_then(|kind| kind.rsplit('#').next()))
        .or_else(|| field("code"));
    let code = match exception {
        Some(exception) => oauth(exception.trim()),
        None => field("error").unwrap_or_default().to_owned(),
    };
    let words = ["error_description", "message", "Message"].iter().find_map(|name| field(name));
    Refusal { status: answer.status, code, message: words.unwrap_or_default().to_owned(), request_id: None }
}

/// `InvalidGrantException` in OAuth's spelling: `invalid_grant`.
fn oauth(exception: &str) -> String {
    let name = exception.strip_suffix("Exception").unwrap_or(exception);
    name.char_indices().fold(String::new(), |mut code, (at, c)| {
        if c.is_ascii_uppercase() && at > 0 {
            code.push('_');
        }
        code.push(c.to_ascii_lowercase());
        code
    })
}

/// What was asked when it refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// A client, or a device code, or the code of a device.
    Device,
    /// The same on the way with a browser that comes back.
    Code,
    Refresh,
}

/// The sentence for each refusal. `again` is the command that signs in.
pub(crate) fn explain(fault: Fault, asked: Asked, again: &str) -> Error {
    let Some(refusal) = fault.refusal().filter(|it| it.status < 429).cloned() else {
        return fault.into_error(SERVICE);
    };
    let of = |kind, message: &str| Error::new(kind, message).because(refusal.words());
    let start_over = format!("start again: {again}");
    match (refusal.code.as_str(), asked) {
        (
            "invalid_grant" | "expired_token" | "invalid_client" | "unauthorized_client" | "access_denied",
            Asked::Refresh,
        ) => of(Kind::LoginRequired, "the sign-in has ended").hint(format!("sign in: {again}")),
        ("access_denied", _) => of(Kind::Refused, "the sign-in was declined in the browser").hint(start_over),
        ("expired_token", _) => {
            of(Kind::LoginRequired, "nobody approved the sign-in in time").hint(start_over)
        }
        ("invalid_grant", _) => {
            of(Kind::Refused, "the code of this sign-in was used before, or is too old").hint(start_over)
        }
        ("invalid_client", _) => {
            of(Kind::Refused, "Identity Center does not know awsenv's registration any more").hint(start_over)
        }
        ("invalid_scope", _) => {
            of(Kind::Refused, "Identity Center does not grant a scope that was asked for")
                .hint("check `sso_registration_scopes`")
        }
        (
            "unauthorized_client"
            | "unsupported_grant_type"
            | "invalid_client_metadata"
            | "invalid_redirect_uri",
            _,
        ) => {
            let error = of(Kind::Refused, "Identity Center does not offer this kind of sign-in here");
            match asked {
                Asked::Code => error.hint(format!("sign in with a code that is shown: {again} --remote")),
                _ => error.hint("check `sso_start_url` and `sso_region`"),
            }
        }
        ("invalid_request" | "invalid_request_region", _) => {
            of(Kind::Refused, "Identity Center found the request invalid")
                .hint("check `sso_start_url` and `sso_region`")
        }
        _ => fault.into_error(SERVICE),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_the_same_however_it_is_told() {
        let of = |header: Option<&str>, body: &str| {
            let answer = Answer {
                status: 400,
                date: None,
                retry_after: None,
                error_type: header.map(str::to_owned),
                body: body.as_bytes().to_vec(),
            };
            refusal(&answer).code
        };
        for (exception, code) in [
            ("AuthorizationPendingException", "authorization_pending"),
            ("SlowDownException", "slow_down"),
            ("ExpiredTokenException", "expired_token"),
            ("AccessDeniedException", "access_denied"),
            ("InvalidGrantException", "invalid_grant"),
            ("InvalidClientException", "invalid_client"),
            ("UnauthorizedClientException", "unauthorized_client"),
            ("UnsupportedGrantTypeException", "unsupported_grant_type"),
            ("InvalidScopeException", "invalid_scope"),
            ("InvalidRequestException", "invalid_request"),
            ("InvalidClientMetadataException", "invalid_client_metadata"),
            ("InvalidRedirectUriException", "invalid_redirect_uri"),
        ] {
            assert_eq!(of(Some(&format!("{exception}:http://x/")), "{\"error\":\"other\"}"), code);
            assert_eq!(of(None, &format!("{{\"__type\":\"com.amazonaws.sso#{exception}\"}}")), code);
            assert_eq!(of(None, &format!("{{\"code\":\"{exception}\",\"error\":\"other\"}}")), code);
            assert_eq!(of(None, &format!("{{\"error\":\"{code}\"}}")), code);
        }
        assert_eq!(of(None, "<html>"), "");
    }

    #[test]
    fn what_follows_from_a_refusal_depends_on_what_was_asked() {
        let of = |code: &str, status, asked| {
            let refusal = Refusal { status, code: code.into(), message: String::new(), request_id: None };
            explain(Fault::Refused(refusal), asked, "awsenv login dev").kind
        };
        for code in ["invalid_grant", "expired_token", "invalid_client"] {
            assert_eq!(of(code, 400, Asked::Refresh), Kind::LoginRequired, "{code}");
        }
        assert_eq!(of("invalid_grant", 400, Asked::Code), Kind::Refused);
        assert_eq!(of("access_denied", 400, Asked::Device), Kind::Refused);
        assert_eq!(of("expired_token", 400, Asked::Device), Kind::LoginRequired);
        assert_eq!(of("slow_down", 429, Asked::Refresh), Kind::Refused, "asked too often is not signed out");
        assert_eq!(of("internal_server", 500, Asked::Refresh), Kind::Unreachable);
    }
}
