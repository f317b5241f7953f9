//! cmd, the command prompt of Windows: `set "NAME=…"`.

use super::dialect::{Dialect, Facts, is_plain};
use crate::error::{Error, Kind, Result};
use crate::model::{Change, EnvDelta};

pub(super) struct Cmd;

/// The longest line that cmd reads.
const LONGEST: usize = 8191;

impl Dialect for Cmd {
    fn name(&self) -> &'static str {
        "cmd"
    }

    /// An empty value takes the variable away: cmd has no empty ones. No `@` stands before `set`: the line of
    /// [`Dialect::line`] has one, and cmd would look for a program of the name `@set`.
    fn spell(&self, delta: &EnvDelta, _: Option<&Facts>) -> Result<String> {
        let mut text = String::new();
        for (name, change) in delta.iter() {
            let value = match change {
                Change::Set(value) => value.expose(),
                Change::Unset => "",
            };
            let line = format!("set \"{name}={value}\"");
            let why = refused(value).or((line.len() > LONGEST).then_some("more than fits in a line of cmd"));
            if let Some(why) = why {
                return Err(Error::new(Kind::Failed, format!("`{name}` holds {why}"))
                    .hint("use PowerShell, or run the program itself with the credentials: awsenv exec"));
            }
            text.extend([&line, "\n"]);
        }
        Ok(text)
    }

    fn is_shell(&self) -> bool {
        true
    }

    /// What is refused of values cannot be in the word either.
    fn word(&self, raw: &str) -> String {
        if is_plain(raw) {
            return raw.to_owned();
        }
        // a backslash before the closing quote would make the quote a part of the word
        let slashes = raw.len() - raw.trim_end_matches('\\').len();
        format!("\"{raw}{}\"", "\\".repeat(slashes))
    }

    /// For the prompt; in a batch file each `%` is doubled.
    fn line(&self, command: &str) -> String {
        format!("for /f \"delims=\" %i in ('{command}') do @%i")
    }
}

/// Why cmd cannot be told a value exactly. There are escapes for some of it, but which ones depends on whether the
/// text is typed, in a batch file or out of `for`, and on a setting (delayed expansion).
fn refused(value: &str) -> Option<&'static str> {
    if value.contains(['%', '!', '"', '^', '&', '<', '>', '|']) {
        Some("one of % ! \" ^ & < > |, which cmd takes for its own")
    } else if !value.is_ascii() {
        // in cmd's usual code pages UTF-8 arrives as other characters
        Some("a character that is not ASCII, which cmd would change")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::super::{find, line_to_type, render};
    use crate::model::{Change, EnvDelta, Secret};

    fn spelt(value: &str) -> Result<String, String> {
        let delta = EnvDelta::of(vec![
            ("AWS_PROFILE", Change::Unset),
            ("AWSENV_PROFILE", Change::Set(Secret::new(value))),
        ]);
        render(find("cmd").unwrap(), &delta, None).map_err(|refused| refused.render())
    }

    #[test]
    fn a_value_stands_as_it_is_or_is_refused() {
        for value in ["dev", "a b ", "it's (x) ; `id` $HOME {a,b} ~ * ? # = , @ -n", r"back\slash\"] {
            let expected = format!("set \"AWS_PROFILE=\"\nset \"AWSENV_PROFILE={value}\"\n");
            assert_eq!(spelt(value).unwrap(), expected);
        }
        for bad in ["%PATH%", "a!b", "a\"b", "^", "a&b", "a<b", "a>b", "a|b", "é", "日本"] {
            let refused = spelt(bad).unwrap_err();
            assert!(
                refused.contains("`AWSENV_PROFILE` holds") && refused.contains("awsenv exec"),
                "{refused}"
            );
            assert!(!refused.contains(&format!("`{bad}`")), "{refused}");
        }
        assert!(spelt(&"x".repeat(8_000)).is_ok() && spelt(&"x".repeat(8_200)).is_err());
    }

    #[test]
    fn the_line_fits_the_prompt() {
        let line =
            |profile: &str| line_to_type(find("cmd").unwrap(), &["login"], Some(&profile.parse().unwrap()));
        assert_eq!(line("dev"), "for /f \"delims=\" %i in ('awsenv login dev') do @%i");
        assert_eq!(line(r"a b\"), "for /f \"delims=\" %i in ('awsenv login \"a b\\\\\"') do @%i");
    }
}
