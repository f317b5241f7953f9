//! `docker`: lines for `docker run --env-file`.

use super::dialect::{Dialect, Facts, for_programs, needed};
use crate::error::{Error, Kind, Result};
use crate::model::EnvDelta;
use std::fmt::Write as _;

pub(super) struct Docker;

impl Dialect for Docker {
    fn name(&self) -> &'static str {
        "docker"
    }

    /// The file has no quoting: a value is all that follows the first `=`, with its blanks and a `#`. Source: docker's
    /// command line, `pkg/kvfile`; podman, `pkg/env`, reads it alike.
    fn spell(&self, delta: &EnvDelta, facts: Option<&Facts>) -> Result<String> {
        needed(self, facts)?;
        let mut text = String::new();
        for (name, value) in for_programs(delta) {
            if in_quotes(value.expose()) {
                return Err(Error::new(
                    Kind::Failed,
                    format!("`{name}` begins and ends with a quote, which some versions of docker take away"),
                )
                .hint("run docker itself with the credentials: awsenv exec dev -- docker run -e AWS_ACCESS_KEY_ID …"));
            }
            let _ = writeln!(text, "{name}={}", value.expose());
        }
        Ok(text)
    }
}

/// Whether a reader that knows quotes would take some away. Most do not, so more quotes are no help.
fn in_quotes(value: &str) -> bool {
    value.len() > 1 && ['\'', '"'].iter().any(|quote| value.starts_with(*quote) && value.ends_with(*quote))
}

#[cfg(test)]
mod tests {
    use super::super::{Facts, corpus, find, render};
    use crate::error::Kind;
    use crate::model::{Change, Credentials, EnvDelta, Secret};

    fn spelt(value: &str) -> crate::error::Result<String> {
        let delta = EnvDelta::of(vec![
            ("AWS_VAULT", Change::Unset),
            ("AWS_ACCESS_KEY_ID", Change::Set(Secret::new("ASIAFAKE1111"))),
            ("AWSENV_PROFILE", Change::Set(Secret::new(value))),
            ("AWSENV_RESTORE", Change::Set(Secret::new("e30"))),
        ]);
        let credentials =
            Credentials::new("ASIAFAKE000000000001", Secret::new("s"), None, None, None).unwrap();
        let facts = Facts {
            profile: None,
            credentials: &credentials,
            identity: None,
            region: None,
            refresh_at: None,
        };
        render(find("docker").unwrap(), &delta, Some(&facts))
    }

    /// The file as docker's documentation tells it: no quotes, no escapes; a line that begins with `#` is a comment.
    fn read(text: &str) -> Vec<(&str, &str)> {
        text.lines()
            .map(str::trim_start)
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .map(|line| line.split_once('=').unwrap())
            .collect()
    }

    #[test]
    fn docker_reads_every_value_that_is_not_refused() {
        let mut refused = 0;
        for value in corpus::all() {
            match spelt(&value) {
                Ok(text) => assert_eq!(
                    read(&text),
                    [("AWS_ACCESS_KEY_ID", "ASIAFAKE1111"), ("AWSENV_PROFILE", value.as_str())]
                ),
                Err(error) => {
                    assert!(error.kind == Kind::Failed && error.message().contains("`AWSENV_PROFILE`"));
                    assert!(value.starts_with(['\'', '"']) && value.ends_with(['\'', '"']), "{value}");
                    refused += 1;
                }
            }
        }
        assert!((1..200).contains(&refused), "{refused}");
        assert!(spelt("\"").is_ok() && spelt("'a\"").is_ok() && spelt(" a # 'b' ").is_ok());
    }
}
