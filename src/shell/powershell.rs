//! PowerShell, 5.1 and later: `$env:NAME = '…'`.

use super::dialect::{Dialect, Facts, is_plain};
use super::hook::{Hook, indent};
use crate::error::Result;
use crate::model::{Change, EnvDelta};
use std::fmt::Write as _;

pub(super) struct PowerShell;

impl Dialect for PowerShell {
    fn name(&self) -> &'static str {
        "powershell"
    }

    fn aliases(&self) -> &'static [&'static str] {
        &["pwsh", "ps1"]
    }

    fn spell(&self, delta: &EnvDelta, _: Option<&Facts>) -> Result<String> {
        let mut text = String::new();
        let gone: Vec<_> = delta
            .iter()
            .filter(|(_, change)| matches!(change, Change::Unset))
            .map(|(name, _)| format!("'Env:{name}'"))
            .collect();
        if !gone.is_empty() {
            // not `$env:NAME = ''`: since 7.5 that leaves an empty variable
            let _ = writeln!(text, "Remove-Item {} -ErrorAction Ignore;", gone.join(", "));
        }
        for (name, value) in delta.set() {
            let _ = writeln!(text, "$env:{name} = {};", ascii(value.expose()));
        }
        Ok(text)
    }

    fn is_shell(&self) -> bool {
        true
    }

    fn failure(&self) -> &'static str {
        "throw 'awsenv failed';\n"
    }

    fn word(&self, raw: &str) -> String {
        if is_plain(raw) { raw.to_owned() } else { quote(raw) }
    }

    fn line(&self, command: &str) -> String {
        format!("{command} | Out-String | Invoke-Expression")
    }

    fn hook(&self) -> Option<&dyn Hook> {
        Some(self)
    }
}

impl Hook for PowerShell {
    fn script(&self) -> &'static str {
        include_str!("../../shell/awsenv.ps1")
    }

    fn completions(&self) -> &'static str {
        include_str!("../../completions/awsenv.ps1")
    }

    fn set(&self, name: &str, value: &str) -> String {
        format!("$global:{name} = {}\n", ascii(value))
    }

    fn define_fill(&self, body: &str) -> String {
        format!("function global:__awsenv_fill {{\n{}}}\n", indent(body))
    }

    fn if_any(&self, names: &[&str], then: &str) -> String {
        let names: Vec<String> = names.iter().map(|name| variable(name)).collect();
        format!("if ({}) {{\n{}}}\n", names.join(" -or "), indent(then))
    }

    fn append_text(&self, to: &str, text: &str) -> String {
        format!("{} += {}\n", variable(to), ascii(text))
    }

    fn append(&self, to: &str, name: &str) -> String {
        format!("{} += {}\n", variable(to), variable(name))
    }
}

/// A variable of the shell, or one of the environment.
fn variable(name: &str) -> String {
    let drive = if name.starts_with("__") { "global" } else { "env" };
    format!("${drive}:{name}")
}

/// A string in ASCII alone: `'caf' + [char]0xE9`.
///
/// PowerShell reads a program's output by the console's code page, so UTF-8 would arrive changed. Worse, in code
/// page 1252 the second byte of `ё` (D1 91) is U+2018, which ends a string: the rest would run as code.
fn ascii(raw: &str) -> String {
    let mut pieces = Vec::new();
    let mut run = String::new();
    for c in raw.chars() {
        if c.is_ascii() {
            run.push(c);
            continue;
        }
        // a sum that begins with a character would not be a string
        if !run.is_empty() || pieces.is_empty() {
            pieces.push(quote(&std::mem::take(&mut run)));
        }
        pieces.extend(c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("[char]0x{unit:04X}")));
    }
    if !run.is_empty() || pieces.is_empty() {
        pieces.push(quote(&run));
    }
    pieces.join(" + ")
}

/// Five characters end a single-quoted string, and each stands for itself when doubled.
fn quote(raw: &str) -> String {
    let mut quoted = String::with_capacity(raw.len() + 2);
    quoted.push('\'');
    for c in raw.chars() {
        if matches!(c, '\'' | '\u{2018}' | '\u{2019}' | '\u{201a}' | '\u{201b}') {
            quoted.push(c);
        }
        quoted.push(c);
    }
    quoted.push('\'');
    quoted
}
