//! The page that the browser ends on: small, self-contained, readable in light and dark.

use sha2::{Digest as _, Sha256};

/// What the page tells.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    good: bool,
    heading: String,
    detail: String,
}

const STYLE: &str = ":root{color-scheme:light dark;--ink:#1c2530;--soft:#5a6675;--paper:#f4f6f8;--card:#fff;--line:#dfe4ea;--good:#137a4b;--bad:#b3261e}\
@media(prefers-color-scheme:dark){:root{--ink:#e8edf2;--soft:#9aa7b5;--paper:#12171d;--card:#1b222b;--line:#2d3742;--good:#4cc38a;--bad:#ff8a80}}\
*{box-sizing:border-box}body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1.5rem;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,sans-serif}\
main{max-width:34rem;width:100%;background:var(--card);border:1px solid var(--line);border-radius:14px;padding:2.25rem 2.5rem}\
h1{margin:0 0 .75rem;font-size:1.4rem;line-height:1.3}.good h1{color:var(--good)}.bad h1{color:var(--bad)}\
p{margin:0;overflow-wrap:anywhere}p.next{margin-top:1.25rem;color:var(--soft)}footer{margin-top:1.75rem;color:var(--soft);font-size:.85rem}";

impl Page {
    /// Only after the exchange: who signed in.
    pub(crate) fn signed_in(who: &str, profile: &str) -> Page {
        let detail = format!("{who} is signed in for the profile “{profile}”.");
        Page { good: true, heading: "Signed in".into(), detail }
    }

    /// What went wrong, in the words that the terminal shows too.
    pub(crate) fn failed(why: &str) -> Page {
        Page { good: false, heading: "Not signed in".into(), detail: sentence(why) }
    }

    pub(super) fn html(&self) -> String {
        let (class, next) = if self.good {
            ("good", "You can close this tab and go back to the terminal.")
        } else {
            ("bad", "The terminal says what to do next. You can close this tab.")
        };
        let (heading, detail) = (escape(&self.heading), escape(&self.detail));
        format!(
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
             <title>{heading} · awsenv</title><link rel=\"icon\" href=\"data:,\"><style>{STYLE}</style></head>\
             <body class=\"{class}\"><main><h1>{heading}</h1><p>{detail}</p><p class=\"next\">{next}</p><footer>awsenv</footer></main></body></html>\n"
        )
    }
}

/// The headers that every answer of the listener bears.
pub(super) fn headers() -> [(&'static str, String); 6] {
    use base64::Engine as _;
    let style = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(STYLE));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{style}'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    [
        ("content-type", "text/html; charset=utf-8".into()),
        ("content-security-policy", policy),
        ("cache-control", "no-store".into()),
        ("x-content-type-options", "nosniff".into()),
        ("x-frame-options", "DENY".into()),
        ("referrer-policy", "no-referrer".into()),
    ]
}

/// A sentence of ours begins lower case and has no period; a page's does.
fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    let first = letters.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}

fn escape(text: &str) -> String {
    crate::model::text::clean(text)
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_from_outside_becomes_markup() {
        let html = Page::signed_in("<script>alert(1)</script>", "a&b\u{1b}[2J").html();
        assert!(html.contains("&lt;script&gt;alert(1)&lt;/script&gt;") && html.contains("a&amp;b\\x1b[2J"));
        assert!(Page::failed("the sign-in was cancelled").html().contains("The sign-in was cancelled."));
    }

    #[test]
    fn the_policy_allows_just_our_style() {
        let [_, (_, policy), ..] = headers();
        assert!(policy.starts_with("default-src 'none'; style-src 'sha256-") && !policy.contains("unsafe"));
    }
}
