//! What a browser is shown: small pages that need nothing else, in light and dark.

use std::fmt::Write as _;

const STYLE: &str = "
:root { color-scheme: light dark; --ink: #16191f; --dim: #5f6b7a; --paper: #f4f6f9; --card: #fff; --line: #dfe3e8;
  --act: #b84a00; --on-act: #fff; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #eef1f5; --dim: #9aa5b4; --paper: #0f141a; --card: #192029; --line: #2c3642; --act: #ff9d45; --on-act: #16191f; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: clamp(12px, 4vw, 24px); background: var(--paper);
  color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { width: 100%; max-width: 460px; background: var(--card); border: 1px solid var(--line); border-radius: 14px;
  padding: clamp(20px, 7vw, 28px); box-shadow: 0 8px 30px rgb(0 0 0 / .08); }
h1 { font-size: 22px; line-height: 1.25; margin: 12px 0 6px; }
p { margin: 0 0 14px; color: var(--dim); }
.mark { display: inline-block; font-size: 12px; font-weight: 600; letter-spacing: .04em; padding: 3px 10px;
  border-radius: 99px; border: 1px dashed var(--act); color: var(--act); }
button { display: block; width: 100%; text-align: left; font: inherit; padding: 12px 16px; margin: 10px 0 0;
  border-radius: 10px; border: 1px solid var(--line); background: transparent; color: inherit; cursor: pointer; }
button b { display: block; } button small { display: block; color: inherit; opacity: .85; overflow-wrap: anywhere; }
button.first { background: var(--act); border-color: var(--act); color: var(--on-act); }
button.quiet { text-align: center; color: var(--dim); }
button:hover { filter: brightness(1.06); } button:focus-visible { outline: 3px solid var(--ink); outline-offset: 2px; }
code { display: block; padding: 14px; border-radius: 10px; border: 1px solid var(--line); background: var(--paper);
  overflow-wrap: anywhere; user-select: all; font: 13px/1.5 ui-monospace, monospace; }
footer { margin-top: 20px; padding-top: 14px; border-top: 1px solid var(--line); font-size: 13px; color: var(--dim);
  overflow-wrap: anywhere; }
";

/// The sign-in page: a button for each identity (`#continue`, `#continue-1`, …) and `#cancel`.
pub(super) fn authorize(ticket: &str, identities: &[String], cross_device: bool, returns_to: &str) -> String {
    let (title, client) = if cross_device {
        ("Sign in for another device", "You will be shown a code to carry to the device that asked.")
    } else {
        (
            "Sign in for local development",
            "A program on this computer asks for credentials of one of these identities.",
        )
    };
    let mut buttons = String::new();
    for (at, arn) in identities.iter().enumerate() {
        let (name, account) = names(arn);
        let id = if at == 0 { "continue".to_owned() } else { format!("continue-{at}") };
        let class = if at == 0 { " class=\"first\"" } else { "" };
        writeln!(
            buttons,
            "<button id=\"{id}\"{class} name=\"choice\" value=\"{at}\" title=\"{}\"><b>Continue as {}</b>\
             <small>Account {}</small><small>{}</small></button>",
            escape(arn),
            escape(name),
            escape(account),
            breakable(&escape(arn))
        )
        .expect("a String takes all that is written");
    }
    let returns_to = breakable(&escape(returns_to));
    choices(
        title,
        client,
        ["/v1/authorize/decision", ticket],
        &buttons,
        &format!("The answer goes to {returns_to}"),
    )
}

/// The page that asks whether a client may act for someone: buttons `#continue` and `#cancel`.
pub(super) fn consent(way: [&str; 2], client: &str, scopes: &[String], code: Option<&str>) -> String {
    let shown = code.map_or(String::new(), |code| format!("<code id=\"code\">{}</code>", escape(code)));
    let buttons =
        "<button id=\"continue\" class=\"first\" name=\"choice\" value=\"0\"><b>Allow access</b></button>\n";
    let words = format!(
        "{} asks to act for you. Allow it only if you have just started it{}.",
        escape(client),
        if code.is_some() { ", and it shows this code" } else { "" }
    );
    let scopes = if scopes.is_empty() { "no scope".to_owned() } else { escape(&scopes.join(" ")) };
    choices(
        "Allow access to your accounts?",
        &words,
        way,
        &[shown, buttons.to_owned()].concat(),
        &breakable(&scopes),
    )
}

/// The page that asks for the code of a device.
pub(super) fn ask_code() -> String {
    let form = "<form action=\"/device\"><input name=\"user_code\" autofocus autocomplete=\"off\">\
                <button class=\"first\"><b>Continue</b></button></form>";
    frame("Enter the code of your device", &format!("<p>It is shown where you started to sign in.</p>{form}"))
}

/// The page of someone who decided about a device.
pub(super) fn device_done(approved: bool) -> String {
    let title = if approved { "Access allowed" } else { "Access denied" };
    frame(title, "<p>You can return to the device that asked. This page can be closed.</p>")
}

/// A form of buttons that leads to a path with a ticket.
fn choices(title: &str, words: &str, [path, ticket]: [&str; 2], buttons: &str, footer: &str) -> String {
    let ticket = escape(ticket);
    frame(
        title,
        &format!(
            "<p>{words}</p>\n<form method=\"post\" action=\"{path}\">\n\
             <input type=\"hidden\" name=\"ticket\" value=\"{ticket}\">\n{buttons}\
             <button id=\"cancel\" class=\"quiet\" name=\"choice\" value=\"cancel\">Cancel</button>\n</form>\n\
             <footer>{footer}</footer>"
        ),
    )
}

/// The page that shows a code to be carried to another device, in `#code`.
pub(super) fn confirmation(code: &str) -> String {
    let body = "<p>Copy this code and paste it where you were asked for it.</p>";
    frame("Your authorization code", &format!("{body}\n<code id=\"code\">{}</code>", escape(code)))
}

/// The page of someone who chose not to sign in for another device.
pub(super) fn cancelled() -> String {
    frame("Nothing was shared", "<p>You chose not to continue. This page can be closed.</p>")
}

/// The bare page of a refused request.
pub(super) fn bare(status: u16) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><head><title>HTTP Status {status}</title></head><body><h1>HTTP Status {status}</h1></body></html>\n"
    )
}

/// What a network that wants money or a promise first answers in the place of AWS.
pub(super) fn captive_portal() -> String {
    frame(
        "Welcome to Hotel Wi-Fi",
        "<p>Accept the terms of use to go online.</p><form><button class=\"first\">Accept</button></form>",
    )
}

/// Text as HTML or XML holds it, between tags and in quotes.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(c),
        }
    }
    escaped
}

/// The words of a page, as one reads them: without its head, tags and runs of blanks.
pub(crate) fn words(html: &str) -> String {
    let body = html.split_once("<body").map_or(html, |(_, body)| body).replace("<wbr>", "");
    let texts = body.split('>').filter_map(|part| part.split('<').next());
    let text = texts.skip(1).flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ");
    [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")]
        .iter()
        .fold(text, |text, (from, to)| text.replace(from, to))
}

/// Escaped text that a narrow page breaks where its parts meet.
fn breakable(escaped: &str) -> String {
    escaped.replace(':', ":<wbr>").replace('/', "/<wbr>")
}

/// What a person calls an identity, and its account: role and session name, or the name alone.
fn names(arn: &str) -> (&str, &str) {
    let account = arn.split(':').nth(4).unwrap_or_default();
    let resource = arn.splitn(6, ':').nth(5).unwrap_or(arn);
    (resource.split_once('/').map_or(resource, |(_, name)| name), account)
}

fn frame(title: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n\
         <link rel=\"icon\" href=\"data:,\">\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n\
         <span class=\"mark\">SIMULATED AWS</span>\n<h1>{title}</h1>\n{body}\n</main>\n</body>\n</html>\n"
    )
}
