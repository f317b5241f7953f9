//! The page that the browser ends on: small, self-contained, readable in light and dark.

use sha2::{Digest as _, Sha256};

/// What the page tells.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    good: bool,
    heading: &'static str,
    /// Below the heading, as markup.
    detail: String,
    next: &'static str,
}

const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#1b2430;--soft:#586474;--paper:#f3f5f8;--card:#fff;--line:#dde3ea;--good:#0f7544;--bad:#b3261e}\
@media(prefers-color-scheme:dark){:root{--ink:#e8edf3;--soft:#9ba8b7;--paper:#10151b;--card:#19212a;--line:#2c3743;--good:#4fc78d;--bad:#ff8f86}}\
*{box-sizing:border-box}\
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:clamp(.75rem,4vw,2rem);background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,sans-serif}\
main{width:100%;max-width:33rem;padding:clamp(1.5rem,7vw,2.5rem);background:var(--card);border:1px solid var(--line);border-radius:16px;box-shadow:0 10px 34px rgb(0 0 0/.07)}\
.good{--mark:var(--good)}.bad{--mark:var(--bad)}\
svg{display:block;width:3rem;height:3rem;color:var(--mark);fill:none;stroke:currentColor;stroke-width:2;stroke-linecap:round;stroke-linejoin:round}\
h1{margin:1rem 0 .5rem;font-size:1.5rem;line-height:1.25}\
p{margin:0;overflow-wrap:anywhere;text-wrap:pretty}\
dl{display:grid;grid-template-columns:max-content 1fr;gap:.35rem 1.25rem;margin:1rem 0 0}\
dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere;font-weight:500}\
@media(max-width:30rem){dl{grid-template-columns:1fr;gap:0}dd{margin-bottom:.6rem}}\
.next{margin-top:1.5rem;padding-top:1.25rem;border-top:1px solid var(--line);color:var(--soft)}";

/// A ring with a check mark, and one with a cross.
const MARKS: [&str; 2] = ["M7.5 12.5l3 3 6-6.5", "M8.5 8.5l7 7m0-7l-7 7"];

impl Page {
    /// Only after the exchange: who signed in.
    pub(crate) fn signed_in(who: &str, profile: &str) -> Page {
        let detail = format!(
            "<dl><dt>Profile</dt><dd>{}</dd><dt>Identity</dt><dd>{}</dd></dl>",
            escape(profile),
            // an ARN is best broken between its parts
            escape(who).replace(':', ":<wbr>").replace('/', "/<wbr>"),
        );
        let next = "awsenv goes on in the terminal; you can close this tab.";
        Page { good: true, heading: "Signed in", detail, next }
    }

    /// What went wrong, in the words that the terminal shows too.
    pub(crate) fn failed(why: &str) -> Page {
        let detail = format!("<p>{}</p>", escape(&sentence(why)));
        let next = "awsenv says in the terminal what to do next; you can close this tab.";
        Page { good: false, heading: "Not signed in", detail, next }
    }

    pub(super) fn html(&self) -> String {
        let (class, mark) = if self.good { ("good", MARKS[0]) } else { ("bad", MARKS[1]) };
        let Page { heading, detail, next, .. } = self;
        format!(
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>{heading} · awsenv</title>\
             <link rel=\"icon\" href=\"data:,\"><style>{STYLE}</style></head>\n<body><main class=\"{class}\">\
             <svg viewBox=\"0 0 24 24\" aria-hidden=\"true\"><circle cx=\"12\" cy=\"12\" r=\"10\"/><path d=\"{mark}\"/></svg>\
             <h1>{heading}</h1>{detail}<p class=\"next\">{next}</p></main></body></html>\n"
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
        assert!(html.contains("<dd>&lt;script&gt;alert(1)&lt;/<wbr>script&gt;</dd>"), "{html}");
        assert!(html.contains("<dd>a&amp;b\\x1b[2J</dd>"), "{html}");
        assert!(Page::failed("the sign-in was cancelled").html().contains("The sign-in was cancelled."));
    }

    #[test]
    fn the_policy_allows_just_our_style() {
        let [_, (_, policy), ..] = headers();
        assert!(policy.starts_with("default-src 'none'; style-src 'sha256-") && !policy.contains("unsafe"));
    }
}
