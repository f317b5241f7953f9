//! What IAM Identity Center yields, in the AWS CLI's caches: tokens, registrations, role credentials.
//!
//! Source: AWS CLI 2.36 and botocore 1.44, `utils.py`, `SSOTokenLoader`; `tokens.py`; `credentials.py`,
//! `SSOCredentialFetcher`. Names are SHA-1, which only has to tell files apart here.

pub(crate) mod registration;
pub(crate) mod role;
pub(crate) mod token;

use super::{Slot, aws_dir, json};
use crate::host::{Host, random};
use crate::model::{SsoRole, SsoSession};
use serde_json::{Map, Value};
use sha1::{Digest as _, Sha1};
use std::path::PathBuf;

fn sso_dir(host: &Host) -> Option<PathBuf> {
    aws_dir(host, "sso/cache")
}

fn role_dir(host: &Host) -> Option<PathBuf> {
    aws_dir(host, "cli/cache")
}

fn key(text: impl AsRef<[u8]>) -> String {
    random::hex(&Sha1::digest(text.as_ref()))
}

impl Slot {
    /// The token of a session: `~/.aws/sso/cache/<SHA-1 of the session's name or start URL>.json`.
    pub(crate) fn sso_token(host: &Host, session: &SsoSession) -> Slot {
        Slot { dir: sso_dir(host), key: key(session.key()) }
    }

    /// The lock of a sign-in to a session. (The token's own lock is that of its renewals, which are short.)
    pub(crate) fn sso_sign_in(host: &Host, session: &SsoSession) -> Slot {
        Slot { dir: sso_dir(host), key: key(format!("awsenv sign-in\n{}", session.key())) }
    }

    /// The registration of a session; the same for either flow.
    pub(crate) fn sso_registration(host: &Host, session: &SsoSession) -> Slot {
        let inputs = serde_json::json!({
            "region": session.region.as_str(),
            "scopes": session.scopes,
            "session_name": session.name,
            "startUrl": session.start_url,
            "tool": "botocore",
        });
        Slot { dir: sso_dir(host), key: key(json::dumps(&inputs)) }
    }

    /// The credentials of a role: `~/.aws/cli/cache/<SHA-1 of account, role and session>.json`.
    pub(crate) fn sso_role(host: &Host, session: &SsoSession, role: &SsoRole) -> Slot {
        let mut inputs = Map::new();
        inputs.insert("accountId".into(), role.account.as_str().into());
        inputs.insert("roleName".into(), role.name.as_str().into());
        match &session.name {
            Some(name) => inputs.insert("sessionName".into(), name.as_str().into()),
            None => inputs.insert("startUrl".into(), session.start_url.as_str().into()),
        };
        Slot { dir: role_dir(host), key: key(json::compact(&Value::Object(inputs))) }
    }
}

/// An object of a file, or why it is none.
fn object(bytes: &[u8]) -> Result<Map<String, Value>, String> {
    match serde_json::from_slice(bytes) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) => Err("it is not a JSON object".into()),
        Err(_) if bytes.is_empty() => Err("it is empty".into()),
        Err(_) => Err("it is not JSON".into()),
    }
}

fn text<'a>(fields: &'a Map<String, Value>, name: &str) -> Result<&'a str, String> {
    match fields.get(name) {
        Some(Value::String(text)) if !text.is_empty() => Ok(text),
        _ => Err(format!("it has no `{name}`")),
    }
}

/// Replaces the file of a slot. The old one stays if that fails.
fn write(slot: &Slot, fields: &Map<String, Value>, how: crate::host::fs::Replace) -> std::io::Result<()> {
    let no_place = || std::io::Error::other("there is no home directory that is ours");
    let path = slot.file().ok_or_else(no_place)?;
    crate::host::fs::replace_private(&path, &json::dumps(&Value::Object(fields.clone())), how)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::Fake;

    const URL: &str = "https://d-1234567890.awsapps.com/start";

    fn session(name: Option<&str>, start_url: &str, region: &str, scopes: Option<&[&str]>) -> SsoSession {
        SsoSession {
            name: name.map(str::to_owned),
            start_url: start_url.to_owned(),
            region: region.parse().unwrap(),
            scopes: scopes.map(|scopes| scopes.iter().map(ToString::to_string).collect()),
        }
    }

    /// Source: the names that AWS CLI 2.36.7 and botocore 1.44.5 gave to their files.
    #[test]
    fn file_names_equal_the_aws_clis() {
        let host = Host::fake(Fake::default());
        for (name, start_url, stem) in [
            (None, URL, "7487b5b67d5fa1132cf33fa93ae51ef38cc37752"),
            (None, "https://d-1234567890.awsapps.com/start/", "ae4321de83751a696d13fbefb87d776773c41e1c"),
            (None, "https://d-1234567890.awsapps.com/start#/", "a1c75994a810c1c468d3bd565eda2836303e6659"),
            (None, "https://my-sso-portal.awsapps.com/start", "c7aaaf71fcc8777ae2475525ed049d39fe16c484"),
            (None, "https://hoge.awsapps.com/start", "a41e9a3bf87a6660aa552d7ca59c9e4be8ffca30"),
            (None, "https://D-1234567890.awsapps.com/start", "abf74a9a5a0e9c7dfa9d913e3e3b6e8c485cf1d1"),
            (
                None,
                "https://start.us-gov-home.awsapps.com/directory/d-abc",
                "4b500441d3aa0ea93bebffe8212c25aeea07e88e",
            ),
            (Some("corp"), URL, "ee0bfd2552fbd840c02cc48b6e823320543c450f"),
            (Some("my-sso"), URL, "0ad374308c5a4e22f723adf10145eafad7c4031c"),
            (Some("hoge-dev"), URL, "37e0802c5752255fed6e8d2679634a5753e4905d"),
            (Some("my sso"), URL, "b3902c2d49b36c95af74dedb0f77c5828749e230"),
            (Some("会社"), URL, "96bbe7e673708b236089bf72271489990e43ab76"),
            (Some("会社 🚀"), URL, "839d5cd8cd8a675aa4c33ff64d3a53efac92d55f"),
            (Some("admin"), URL, "d033e22ae348aeb5660fc2140aec35850c4da997"),
        ] {
            assert_eq!(
                Slot::sso_token(&host, &session(name, start_url, "us-east-1", None)).key,
                stem,
                "{name:?}"
            );
        }
        let access = "sso:account:access";
        let completions = "codewhisperer:completions";
        for (name, start_url, region, scopes, stem) in [
            (None, URL, "us-east-1", None, "365414a68be7c9bfc776c660981dbdbd942acea4"),
            (None, URL, "us-west-2", None, "225cea3223477549ec6360de324e16697833f128"),
            (
                None,
                "https://my-sso-portal.awsapps.com/start/",
                "ap-northeast-1",
                None,
                "9ec746deddd5406291f93c306e346c18949cadfb",
            ),
            (Some("corp"), URL, "us-east-1", Some(&[access][..]), "bc8a1afdb0f5cdc2c789b8a6cd51898e2be3c37c"),
            (Some("corp"), URL, "us-east-1", None, "cfaf7ef4a0ec868a86f526a3143dcbf741b147ba"),
            (Some("corp"), URL, "us-east-1", Some(&[]), "544e8d0e5fa8efc92f9c0f7ecafcecce6ecf0539"),
            (
                Some("corp"),
                URL,
                "us-east-1",
                Some(&[access, completions]),
                "11fe633be4cdab70e547d24a429e91c569f180de",
            ),
            (
                Some("corp"),
                URL,
                "us-east-1",
                Some(&[completions, access]),
                "09faf5b134e1255762be47894072ebbe02b379d6",
            ),
            (Some("会社 🚀"), URL, "eu-west-1", Some(&[access]), "c060ad15c96bb60582611fd42e003c9c7cf2af4b"),
            (
                Some("a\"b\\c\t\u{7f}/é"),
                URL,
                "us-east-1",
                Some(&["x"]),
                "d80ecd612b7d447046d3714eca377422a9de9b6d",
            ),
        ] {
            let session = session(name, start_url, region, scopes);
            assert_eq!(Slot::sso_registration(&host, &session).key, stem, "{session:?}");
        }
        for (name, start_url, account, role, stem) in [
            (None, URL, "111111111112", "ReadOnly", "e02678156d4c3f2bffad55dd029c968335a67247"),
            (None, URL, "111111111111", "Admin", "286e93c3018b44f21e1f9bca8bfbca4be8834fc9"),
            (Some("corp"), URL, "111111111111", "Admin", "d7467b2ce0aaa46d5fc3753e3bbaaf372cba5c68"),
            (
                None,
                "https://my-sso-portal.awsapps.com/start/",
                "123456789012",
                "readOnly",
                "2b36c2325f6a03ac1cab02b31c8ffb4955f4a3d6",
            ),
            (
                Some("my sso"),
                URL,
                "000000000001",
                "AWSPowerUser+x=,.@-",
                "80c876692a7f36e9cef290745ea4f26709987b5b",
            ),
            (Some("会社"), URL, "123456789012", "管理者", "34e7e82d52e660538b0811a8cd7c2be412ac43d4"),
        ] {
            let role = SsoRole { account: account.parse().unwrap(), name: role.to_owned() };
            let session = session(name, start_url, "us-east-1", None);
            assert_eq!(Slot::sso_role(&host, &session, &role).key, stem, "{role:?}");
        }
    }

    #[test]
    fn the_files_stand_where_the_aws_cli_looks() {
        let home = std::env::temp_dir().to_string_lossy().into_owned();
        let host = Host::fake(Fake { env: vec![("HOME".into(), home.clone())], ..Fake::default() });
        if !crate::host::fs::is_ours(home.as_ref()) {
            return;
        }
        let session = session(Some("corp"), URL, "us-east-1", None);
        let token = Slot::sso_token(&host, &session).file().unwrap();
        assert!(token.ends_with(".aws/sso/cache/ee0bfd2552fbd840c02cc48b6e823320543c450f.json"), "{token:?}");
        let role = SsoRole { account: "111111111111".parse().unwrap(), name: "Admin".into() };
        let role = Slot::sso_role(&host, &session, &role).file().unwrap();
        assert!(role.ends_with(".aws/cli/cache/d7467b2ce0aaa46d5fc3753e3bbaaf372cba5c68.json"), "{role:?}");
    }
}
