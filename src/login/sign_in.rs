//! `aws login`: console sign-in, with a browser on this computer or on another one.

use super::here::{self, Way};
use super::loopback::{Callback, Loopback};
use super::page::Page;
use super::pkce;
use crate::aws::dpop::DpopKey;
use crate::aws::signin::{self, Grant, Tokens};
use crate::aws::{Endpoint, Fault};
use crate::error::{Error, Kind, Result};
use crate::host::browser::Browser;
use crate::host::{Host, random};
use crate::model::{Arn, ProfileName, Secret, same, text};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The one silent failure: AWS shows it as a bare HTTP 400 page.
const LACKS_PERMISSION: &str = "If the browser shows a bare HTTP 400 page, this identity lacks \
    `signin:AuthorizeOAuth2Access`: an administrator attaches SignInLocalDevelopmentAccess";

/// How often a code may be pasted.
const PASTES: usize = 3;

/// What to sign in to.
pub(crate) struct Wanted<'a> {
    pub(crate) profile: &'a ProfileName,
    pub(crate) endpoint: &'a Endpoint,
    pub(crate) way: Way<'a>,
    /// The command that starts over.
    pub(crate) again: &'a str,
}

/// Who signed in, and what that yielded.
pub(crate) struct SignedIn {
    pub(crate) session: Arn,
    pub(crate) tokens: Tokens,
    pub(crate) id_token: Secret,
    pub(crate) client_id: &'static str,
    pub(crate) key: DpopKey,
}

/// One attempt: what must match at its end.
struct Attempt {
    state: String,
    verifier: Secret,
    key: DpopKey,
}

/// Signs in. Nothing is stored.
pub(crate) fn sign_in(host: &Host, wanted: &Wanted) -> Result<SignedIn> {
    let attempt = Attempt { state: random::uuid()?, verifier: pkce::verifier()?, key: DpopKey::generate()? };
    match &wanted.way {
        Way::Remote => remote(host, wanted, attempt),
        Way::Browser(browser) => host.network().block_on(here(host, wanted, attempt, Some(browser)))?,
        Way::Page => host.network().block_on(here(host, wanted, attempt, None))?,
    }
}

async fn here(
    host: &Host,
    wanted: &Wanted<'_>,
    attempt: Attempt,
    browser: Option<&Browser<'_>>,
) -> Result<SignedIn> {
    let mut loopback = Loopback::bind(&attempt.state).await?;
    let redirect_uri = loopback.redirect_uri();
    let url = authorize_url(wanted, &attempt, signin::SAME_DEVICE, &redirect_uri);
    here::open(host, browser, &url);
    let callback = here::wait(host, &mut loopback, Some(LACKS_PERMISSION)).await?;
    let outcome = match callback {
        Callback::Code(code) => {
            exchange(host, wanted, attempt, signin::SAME_DEVICE, &code, &redirect_uri).await
        }
        Callback::Ended(error) => Err(ended(&error, wanted)),
    };
    let page = match &outcome {
        Ok(signed_in) => Page::signed_in(signed_in.session.as_str(), wanted.profile.as_str()),
        Err(error) => Page::failed(error.message()),
    };
    loopback.end(page).await;
    outcome
}

/// The sentence for a redirect that brought no code.
fn ended(error: &str, wanted: &Wanted) -> Error {
    let again = format!("start again: {}", wanted.again);
    match error {
        "access_denied" => Error::new(Kind::Refused, "the sign-in was cancelled in the browser").hint(again),
        "invalid_scope" | "unauthorized_client" => {
            Error::new(Kind::Refused, "AWS Sign-In does not let this identity use command-line tools")
                .hint(signin::PERMISSIONS)
        }
        "server_error" | "temporarily_unavailable" => {
            Error::new(Kind::Unreachable, "AWS Sign-In has a fault of its own").hint(again)
        }
        _ => {
            Error::new(Kind::Refused, "AWS Sign-In ended the sign-in").because(text::field(error)).hint(again)
        }
    }
}

fn remote(host: &Host, wanted: &Wanted, attempt: Attempt) -> Result<SignedIn> {
    let redirect_uri = signin::confirmation_uri(wanted.endpoint);
    let url = authorize_url(wanted, &attempt, signin::CROSS_DEVICE, &redirect_uri);
    host.say("to sign in, go to this page in any browser, and copy the code that it ends with:");
    host.say(format!("\n{url}\n"));
    let instead = "run it in a terminal: the code is pasted there";
    let mut last = Error::new(Kind::Refused, "no code was given");
    for _ in 0..PASTES {
        let pasted = host.term.ask_pasted("authorization code: ", instead)?;
        match pasted_code(&pasted, &attempt.state) {
            Ok(code) => {
                let work = exchange(host, wanted, attempt, signin::CROSS_DEVICE, &code, &redirect_uri);
                return host.network().block_on(work)?;
            }
            Err(why) => {
                host.say(format!("{why}; paste it once more, whole"));
                last = Error::new(Kind::Refused, format!("no code was right: {why}"));
            }
        }
    }
    Err(last.hint(format!("start again: {}", wanted.again)))
}

/// The code in a paste: base64 of `state=…&code=…`, with or without padding, blanks and line breaks anywhere.
fn pasted_code(pasted: &str, state: &str) -> Result<Secret, &'static str> {
    let text: String = pasted.chars().filter(|c| !c.is_whitespace()).collect();
    if text.is_empty() {
        return Err("that was empty");
    }
    let query = if text.contains("code=") && text.contains("state=") {
        text.rsplit('?').next().unwrap_or_default().to_owned()
    } else {
        let unpadded = text.trim_end_matches('=').replace('-', "+").replace('_', "/");
        let padded = format!("{unpadded}{}", "=".repeat((4 - unpadded.len() % 4) % 4));
        let decoded = STANDARD.decode(padded).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        decoded.ok_or("that is not a code of AWS Sign-In")?
    };
    let field = |name| url::form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name);
    let (Some((_, got)), Some((_, code))) = (field("state"), field("code")) else {
        return Err("that is not a code of AWS Sign-In");
    };
    if !same(&got, state) {
        return Err("that code is of another sign-in");
    }
    if code.is_empty() || code.len() > 4096 {
        return Err("that is not a code of AWS Sign-In");
    }
    Ok(Secret::new(code))
}

fn authorize_url(wanted: &Wanted, attempt: &Attempt, client_id: &str, redirect_uri: &str) -> String {
    let challenge = pkce::challenge(&attempt.verifier);
    signin::authorize_url(wanted.endpoint, client_id, &attempt.state, redirect_uri, &challenge)
}

/// Trades the code for tokens, and reads who signed in.
async fn exchange(
    host: &Host,
    wanted: &Wanted<'_>,
    attempt: Attempt,
    client_id: &'static str,
    code: &Secret,
    redirect_uri: &str,
) -> Result<SignedIn> {
    let grant = Grant::Code { code, verifier: &attempt.verifier, redirect_uri };
    let tokens = signin::token(host, wanted.endpoint, client_id, &grant, &attempt.key)
        .await
        .map_err(|fault| signin::explain(fault, true, wanted.again).1)?;
    let wrong = |why: String| Fault::Nonsense(why).into_error("AWS Sign-In");
    let id_token = tokens.id_token.clone().ok_or_else(|| wrong("the answer has no `idToken`".into()))?;
    let session = signin::subject(&id_token).and_then(|subject| subject.parse()).map_err(wrong)?;
    Ok(SignedIn { session, tokens, id_token, client_id, key: attempt.key })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_paste_is_read_however_it_was_copied() {
        let whole = STANDARD.encode("state=s-1&code=c%2Fd+e");
        let code = |pasted: &str| pasted_code(pasted, "s-1").map(|code| code.expose().to_owned());
        let good = Ok("c/d e".to_owned());
        assert_eq!(code(&whole), good);
        assert_eq!(code(whole.trim_end_matches('=')), good, "padding lost");
        assert_eq!(code(&format!("  {}\r\n {}\n", &whole[..7], &whole[7..])), good, "broken and padded");
        assert_eq!(code("state=s-1&code=c%2Fd+e"), good, "decoded by the person");
        assert_eq!(code(&STANDARD.encode("state=other&code=c")), Err("that code is of another sign-in"));
        for bad in ["%%%", "c3RhdGU9", &STANDARD.encode("state=s-1"), &STANDARD.encode([0xff, 0xfe]), "x"] {
            assert_eq!(code(bad), Err("that is not a code of AWS Sign-In"), "{bad}");
        }
        assert_eq!(code(" \n"), Err("that was empty"));
    }
}
