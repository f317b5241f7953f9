//! What outlives a run: the AWS CLI's caches, by its names and in its formats, and the locks beside them.

pub(crate) mod cooldown;
pub(crate) mod entry;
pub(crate) mod flight;
pub(crate) mod issued;
pub(crate) mod json;
pub(crate) mod login;
pub(crate) mod sso;

use crate::host::{Host, fs, random};
use chrono::{DateTime, Utc};
use sha2::{Digest as _, Sha256};
use std::path::{Path, PathBuf};

/// The file of one cached thing, and what stands beside it.
#[derive(Clone, Debug)]
pub(crate) struct Slot {
    /// `None`: nothing can be kept (no home, or a home that is not ours).
    dir: Option<PathBuf>,
    key: String,
}

impl Slot {
    /// The token of a console sign-in: `~/.aws/login/cache/<SHA-256 of the session's ARN, hex>.json`.
    ///
    /// Source: AWS CLI, `LoginTokenLoader`; `AWS_LOGIN_CACHE_DIRECTORY` takes the directory's place.
    pub(crate) fn login(host: &Host, session: &str) -> Slot {
        Slot { dir: login_dir(host), key: random::hex(&Sha256::digest(session.as_bytes())) }
    }

    /// The lock of a sign-in whose identity is not known yet, by the name of its profile.
    pub(crate) fn sign_in(host: &Host, profile: &str) -> Slot {
        let digest = Sha256::digest(format!("awsenv sign-in\n{profile}").as_bytes());
        Slot { dir: login_dir(host), key: random::hex(&digest) }
    }

    /// What the AWS CLI keeps of a role: `~/.aws/cli/cache/<SHA-1 of the call's parameters, hex>.json`.
    ///
    /// Source: botocore `credentials.py`, `BaseAssumeRoleCredentialFetcher._create_cache_key`.
    pub(crate) fn cli_role(host: &Host, parameters: &serde_json::Value) -> Slot {
        let home = host.home().filter(|home| fs::is_ours(home));
        Slot {
            dir: home.map(|home| home.join(".aws").join("cli").join("cache")),
            key: random::hex(&sha1::Sha1::digest(json::dumps(parameters))),
        }
    }

    /// What awsenv keeps of its own, in a room of its state directory. The name is the hash of all `parts`, each with
    /// its length before it, so that no two lists are alike.
    pub(crate) fn own(host: &Host, room: &str, parts: &[&str]) -> Slot {
        let tuple: String = parts.iter().map(|part| format!("{}:{part}", part.len())).collect();
        Slot {
            dir: state_dir(host).map(|dir| dir.join(room)),
            key: random::hex(&Sha256::digest(tuple.as_bytes())),
        }
    }

    /// The same slot with nothing behind it: what is put there is gone at once.
    pub(crate) fn kept_nowhere(self) -> Slot {
        Slot { dir: None, ..self }
    }

    /// The name of the file without its end: what the slot is about, in one word.
    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    /// The file itself.
    pub(crate) fn file(&self) -> Option<PathBuf> {
        Some(self.dir.as_ref()?.join(format!("{}.json", self.key)))
    }

    fn beside(&self, what: &str) -> Option<PathBuf> {
        Some(self.dir.as_ref()?.join(format!(".{}.{what}", self.key)))
    }
}

/// A directory below `~/.aws`, or `None` where nothing may be kept.
fn aws_dir(host: &Host, below: &str) -> Option<PathBuf> {
    let home = host.home().filter(|home| fs::is_ours(home))?;
    Some(home.join(".aws").join(below))
}

/// The slots of every file of a directory whose name is `digits` hexadecimal ones and `.json`.
fn slots(dir: Option<PathBuf>, digits: usize) -> Vec<Slot> {
    let Some(dir) = dir else { return Vec::new() };
    let mut slots: Vec<Slot> = std::fs::read_dir(&dir)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name();
            let key = name.to_str()?.strip_suffix(".json")?;
            let hashed = key.len() == digits && key.bytes().all(|b| b.is_ascii_hexdigit());
            hashed.then(|| Slot { dir: Some(dir.clone()), key: key.to_owned() })
        })
        .collect();
    slots.sort_by(|a, b| a.key.cmp(&b.key));
    slots
}

/// When a file was written, if there is one.
pub(crate) fn modified(file: &Path) -> Option<DateTime<Utc>> {
    Some(std::fs::metadata(file).ok()?.modified().ok()?.into())
}

/// Removes the file of a slot. Whether there was one.
pub(crate) fn forget(slot: &Slot) -> std::io::Result<bool> {
    slot.file().map_or(Ok(false), |path| fs::remove(&path))
}

/// The directory of console sign-ins, or `None` where none may be kept.
pub(crate) fn login_dir(host: &Host) -> Option<PathBuf> {
    if let Some(dir) = host.env.text("AWS_LOGIN_CACHE_DIRECTORY") {
        return Some(host.env.expand(dir));
    }
    aws_dir(host, "login/cache")
}

/// awsenv's own directory: `AWSENV_STATE_HOME`, else `awsenv` in `XDG_STATE_HOME`, else in `~/.local/state` (Windows:
/// `LOCALAPPDATA`). A relative path counts as none: nothing depends on the working directory.
fn state_dir(host: &Host) -> Option<PathBuf> {
    let absolute = |name| host.env.path(name).filter(|dir| dir.is_absolute());
    if let Some(dir) = absolute("AWSENV_STATE_HOME") {
        return Some(dir);
    }
    let system = if cfg!(windows) { "LOCALAPPDATA" } else { "XDG_STATE_HOME" };
    let dir = absolute(system).or_else(|| {
        let home = host.home().filter(|home| fs::is_ours(home))?;
        Some(home.join(".local").join("state"))
    })?;
    Some(dir.join("awsenv"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::Fake;

    /// Source: the names that the AWS CLI gave to its files.
    #[test]
    fn file_names_equal_the_aws_clis() {
        let env = vec![("AWS_LOGIN_CACHE_DIRECTORY".to_owned(), "/c".to_owned())];
        let host = Host::fake(Fake { env, ..Fake::default() });
        for (session, stem) in [
            (
                "arn:aws:iam::0123456789012:user/Admin",
                "36db1d138ff460920374e4c3d8e01f53f9f73537e89c88d639f68393df0e2726",
            ),
            (
                "arn:aws:iam::000000000000:user/PowerUser",
                "d19c78f768c6a12874de5f41d7f22cbb834ba205704102da0db20d8496efecb5",
            ),
            (
                "arn:aws:sts::012345678910:assumed-role/Admin/admin",
                "4b0ba8f99f075c0633e122fd73346ce203a3faf18ea0310eb2d29df1bab2e255",
            ),
            (
                "arn:aws:sts::012345678901:assumed-role/Admin/admin",
                "add8528998c9e8ca82ded6609b6801f6adef91b1401e84c10f8ba31fdd59b1a0",
            ),
            (
                "arn:aws:sts::012345678901:assumed-role/Login/foo",
                "dc20b77cf4a41221fdcca546aac37c90023c4604971fcdd6df3ed8cec002a312",
            ),
            (
                "arn:aws:iam::123456789012:root",
                "1921ac8a06e305954f769df5e0f8b3d24ee1d6bf5231d901157e44d7c4d0f4cf",
            ),
            (
                "arn:aws:iam::123456789012:user/alice",
                "b7d71d383b9557a9bad4c3346c50365819226484c6824a0fdef66637be339db0",
            ),
            (
                "arn:aws:sts::123456789012:assumed-role/Admin/alice",
                "68afef069a49e0c940bc8515a36649850d686bdd2e3c07927360d151553fc4d3",
            ),
            (
                "arn:aws:sts::123456789012:federated-user/日本",
                "c81b2f4283fd2afb4f13cf36e7798dd0ccef25d2d4a6cca6f2ff1cfd6e5a597e",
            ),
        ] {
            let file = Slot::login(&host, session).file().unwrap();
            assert_eq!(file, PathBuf::from(format!("/c/{stem}.json")), "{session}");
        }
    }
}
