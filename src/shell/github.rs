//! `github`: blocks for `$GITHUB_ENV`, so that the later steps of a GitHub Actions job have the credentials.
//!
//! ```sh
//! awsenv export dev --format github >> "$GITHUB_ENV"
//! ```
//!
//! stdout is the file's, so the masks (`::add-mask::…`) cannot go there: the runner would refuse the file. They go to
//! stderr, of which the runner reads every line for commands, as of stdout, and shows none of these; they count at
//! once, the file when the step ends. stderr must reach the runner: `2>&1` or `2>/dev/null` leave the log unmasked.
//! Outside a job (`GITHUB_ACTIONS` is not `true`) no mask is printed: there they would show what they hide.
//!
//! Source: actions/runner, `ScriptHandler` (both streams), `ActionCommand` (escapes), `FileCommandManager` (blocks).

use super::dialect::{Dialect, Facts, for_programs, needed};
use crate::error::Result;
use crate::host::{Host, random};
use crate::model::EnvDelta;
use std::fmt::Write as _;

pub(super) struct Github;

/// What the log must not show. The identifier is no secret, but AWS's own action masks it too.
const MASKED: [&str; 4] =
    ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN"];

impl Dialect for Github {
    fn name(&self) -> &'static str {
        "github"
    }

    /// A value is what stands between the first line and one that is the delimiter alone; nothing in it is special.
    fn spell(&self, delta: &EnvDelta, facts: Option<&Facts>) -> Result<String> {
        needed(self, facts)?;
        let end = format!("AWSENV_{}", random::hex(&random::bytes::<16>()?));
        let mut text = String::new();
        for (name, value) in for_programs(delta) {
            let _ = writeln!(text, "{name}<<{end}\n{}\n{end}", value.expose());
        }
        Ok(text)
    }

    fn announce(&self, host: &Host, delta: &EnvDelta) {
        if host.env.text("GITHUB_ACTIONS") == Some("true") {
            for mask in masks(delta) {
                host.term.command(&mask);
            }
        } else {
            host.warn("this is no job of GitHub Actions (GITHUB_ACTIONS is not `true`): nothing is masked");
        }
    }
}

/// The runner's commands that hide the values.
fn masks(delta: &EnvDelta) -> Vec<String> {
    delta
        .set()
        .filter(|(name, _)| MASKED.contains(name))
        .map(|(_, value)| format!("::add-mask::{}", value.expose().replace('%', "%25")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::{Facts, corpus, find, render};
    use crate::host::{Fake, Host};
    use crate::model::{Change, Credentials, EnvDelta, Secret};

    fn delta(value: &str) -> EnvDelta {
        EnvDelta::of(vec![
            ("AWS_VAULT", Change::Unset),
            ("AWS_ACCESS_KEY_ID", Change::Set(Secret::new("ASIAFAKE1111"))),
            ("AWS_SESSION_TOKEN", Change::Set(Secret::new("100%0A=="))),
            ("AWSENV_PROFILE", Change::Set(Secret::new(value))),
            ("AWSENV_RESTORE", Change::Set(Secret::new("e30"))),
        ])
    }

    fn spelt(value: &str) -> String {
        let credentials =
            Credentials::new("ASIAFAKE000000000001", Secret::new("s"), None, None, None).unwrap();
        let facts = Facts {
            profile: None,
            credentials: &credentials,
            identity: None,
            region: None,
            refresh_at: None,
        };
        render(find("github").unwrap(), &delta(value), Some(&facts)).unwrap()
    }

    /// Blocks of three lines, each with its delimiter, as the runner reads them.
    fn read(text: &str) -> Vec<(&str, &str)> {
        let lines: Vec<&str> = text.split_terminator('\n').collect();
        lines
            .chunks(3)
            .map(|block| {
                let (name, end) = block[0].split_once("<<").unwrap();
                assert!(end == block[2] && end.len() == 39, "{block:?}");
                (name, block[1])
            })
            .collect()
    }

    #[test]
    fn github_reads_every_value() {
        for value in corpus::all() {
            assert_eq!(
                read(&spelt(&value)),
                [
                    ("AWS_ACCESS_KEY_ID", "ASIAFAKE1111"),
                    ("AWS_SESSION_TOKEN", "100%0A=="),
                    ("AWSENV_PROFILE", value.as_str())
                ]
            );
        }
        assert_ne!(spelt("x"), spelt("x"), "nobody can know the delimiter");
    }

    #[test]
    fn a_job_masks_what_is_secret_and_nobody_else_sees_it() {
        let said = |vars: &[(&str, &str)]| {
            let env = vars.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            let host = Host::fake(Fake { env, ..Fake::default() });
            host.term.set_quiet(true);
            find("github").unwrap().announce(&host, &delta("dev"));
            host.written().1
        };
        assert_eq!(said(&[("GITHUB_ACTIONS", "true")]), "::add-mask::ASIAFAKE1111\n::add-mask::100%250A==\n");
        let outside = said(&[]);
        assert!(outside.starts_with("warning: ") && !outside.contains("FAKE"), "{outside}");
    }
}
