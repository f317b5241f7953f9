//! What a run of awsenv left, as one value.

use std::fmt;

/// What a run left: stdout, then stderr behind a ruler, then the exit code. Homes, ports and secrets are replaced.
#[must_use]
pub(crate) struct Output {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) shown: String,
}

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

/// A line without what differs from run to run.
pub(crate) fn normal_line(line: &str) -> String {
    let shown = match line.split_once("/v1/authorize?") {
        Some((before, _)) => format!("{before}/v1/authorize?…"),
        None => match line.split_once("AWSENV_RESTORE='") {
            Some((before, _)) => format!("{before}AWSENV_RESTORE='…';"),
            None => match line.find("ASIA") {
                Some(at) if line.len() >= at + 20 => format!("{}ASIA…{}", &line[..at], &line[at + 20..]),
                _ => line.to_owned(),
            },
        },
    };
    format!("{shown}\n")
}
