//! The token file of a console sign-in, as the AWS CLI and the SDKs read and write it.

use super::entry::{self, Entry};
use super::{Slot, json};
use crate::host::Host;
use crate::host::fs::{self, Replace};
use crate::model::{AccountId, Credentials, Secret, time};
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

/// One token file. Keys that awsenv does not know survive a rewrite, in their order.
#[derive(Clone)]
pub(crate) struct LoginToken {
    fields: Map<String, Value>,
    /// When the file was written: when its credentials were received.
    pub(crate) received: DateTime<Utc>,
}

/// What a new sign-in yields.
pub(crate) struct NewToken<'a> {
    pub(crate) credentials: &'a Credentials,
    pub(crate) client_id: &'a str,
    pub(crate) refresh_token: &'a Secret,
    pub(crate) id_token: &'a Secret,
    pub(crate) dpop_key: &'a Secret,
    pub(crate) region: &'a str,
}

impl LoginToken {
    /// The file's content after a sign-in. `signInRegion` is where the refresh token is good; botocore reads it too.
    pub(crate) fn new(token: &NewToken, now: DateTime<Utc>) -> LoginToken {
        let mut fields = Map::new();
        let mut put = |name: &str, value: Value| fields.insert(name.to_owned(), value);
        put("accessToken", Value::Null);
        put("tokenType", "aws_sigv4".into());
        put("clientId", token.client_id.into());
        put("refreshToken", token.refresh_token.expose().into());
        put("idToken", token.id_token.expose().into());
        put("dpopKey", token.dpop_key.expose().into());
        put("signInRegion", token.region.into());
        let mut new = LoginToken { fields, received: now };
        new.set_credentials(token.credentials);
        new
    }

    /// Reads the token of a slot.
    pub(crate) fn read(slot: &Slot) -> Entry<LoginToken> {
        entry::read(slot, |contents| {
            let token = LoginToken::parse(&contents.bytes, contents.modified)?;
            token.check()?;
            Ok(token)
        })
    }

    fn parse(bytes: &[u8], received: DateTime<Utc>) -> Result<LoginToken, String> {
        let value: Value = serde_json::from_slice(bytes).map_err(|_| match bytes {
            [] => "it is empty".to_owned(),
            _ => "it is not JSON".to_owned(),
        })?;
        match value {
            Value::Object(fields) => Ok(LoginToken { fields, received }),
            _ => Err("it is not a JSON object".into()),
        }
    }

    /// Whether every field that is ever needed is there, and is what it should be.
    fn check(&self) -> Result<(), String> {
        self.credentials()?;
        self.client_id()?;
        self.refresh_token()?;
        self.dpop_key().map(drop)
    }

    /// Writes the token. The old file stays if that fails.
    pub(crate) fn write(&self, slot: &Slot) -> std::io::Result<()> {
        let no_place = || std::io::Error::other("there is no home directory that is ours");
        let path = slot.file().ok_or_else(no_place)?;
        fs::replace_private(&path, &json::dumps(&Value::Object(self.fields.clone())), Replace::Durable)
    }

    /// The credentials inside, with their account and expiration.
    pub(crate) fn credentials(&self) -> Result<Credentials, String> {
        let Some(Value::Object(inner)) = self.fields.get("accessToken") else {
            return Err("it has no `accessToken`".into());
        };
        let text = |name: &str| match inner.get(name) {
            Some(Value::String(text)) => Ok(text.as_str()),
            _ => Err(format!("its `accessToken` has no `{name}`")),
        };
        let expiration = time::parse(text("expiresAt")?).map_err(|why| format!("`expiresAt`: {why}"))?;
        let account: AccountId = text("accountId")?.parse()?;
        Credentials::new(
            text("accessKeyId")?,
            Secret::new(text("secretAccessKey")?),
            Some(Secret::new(text("sessionToken")?)),
            Some(expiration),
            Some(account),
        )
    }

    /// Puts new credentials in; fields beside them in `accessToken` stay.
    pub(crate) fn set_credentials(&mut self, credentials: &Credentials) {
        let slot = self.fields.entry("accessToken").or_insert(Value::Null);
        if !slot.is_object() {
            *slot = Value::Object(Map::new());
        }
        let Value::Object(inner) = slot else { return };
        let mut put = |name: &str, value: Option<String>| {
            if let Some(value) = value {
                inner.insert(name.to_owned(), value.into());
            }
        };
        put("accessKeyId", Some(credentials.access_key_id.clone()));
        put("secretAccessKey", Some(credentials.secret_access_key.expose().to_owned()));
        put("sessionToken", credentials.session_token.as_ref().map(|token| token.expose().to_owned()));
        put("accountId", credentials.account.as_ref().map(ToString::to_string));
        put("expiresAt", credentials.expiration.map(time::format));
    }

    pub(crate) fn client_id(&self) -> Result<&str, String> {
        self.text("clientId")
    }

    pub(crate) fn refresh_token(&self) -> Result<Secret, String> {
        self.text("refreshToken").map(Secret::new)
    }

    pub(crate) fn set_refresh_token(&mut self, token: &Secret) {
        self.fields.insert("refreshToken".into(), token.expose().into());
    }

    pub(crate) fn dpop_key(&self) -> Result<Secret, String> {
        self.text("dpopKey").map(Secret::new)
    }

    /// Where the refresh token is good, if the tool that signed in wrote it.
    pub(crate) fn sign_in_region(&self) -> Option<&str> {
        self.text("signInRegion").ok()
    }

    fn text(&self, name: &str) -> Result<&str, String> {
        match self.fields.get(name) {
            Some(Value::String(text)) if !text.is_empty() => Ok(text),
            _ => Err(format!("it has no `{name}`")),
        }
    }
}

/// The slots of every console sign-in that is kept on this machine.
pub(crate) fn all(host: &Host) -> Vec<Slot> {
    super::slots(super::login_dir(host), 64)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file of the AWS CLI's, with keys that nobody knows.
    const FILE: &str = r#"{"accessToken": {"accessKeyId": "ASIAFAKE000000000001", "secretAccessKey": "fakeSecret/1+094f745889b812a3", "sessionToken": "fake//token+==", "accountId": "123456789012", "expiresAt": "2026-11-21T00:19:49Z", "inner": [1]}, "tokenType": "aws_sigv4", "clientId": "arn:aws:signin:::devtools/same-device", "refreshToken": "fake-refresh-1", "idToken": "e30.e30.e30", "dpopKey": "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n", "future": {"x": "\u00e9"}}"#;

    #[test]
    fn a_file_of_the_aws_cli_is_rewritten_byte_for_byte() {
        let token = LoginToken::parse(FILE.as_bytes(), DateTime::UNIX_EPOCH).unwrap();
        assert!(token.check().is_ok());
        let rewritten = json::dumps(&Value::Object(token.fields));
        assert_eq!(String::from_utf8(rewritten).unwrap(), FILE);
    }

    #[test]
    fn a_renewal_changes_only_what_was_renewed() {
        let mut token = LoginToken::parse(FILE.as_bytes(), DateTime::UNIX_EPOCH).unwrap();
        let expiration = time::parse("2026-11-21T00:34:49Z").ok();
        let new = Credentials::new(
            "ASIAFAKE000000000002",
            Secret::new("other"),
            Some(Secret::new("t2")),
            expiration,
            None,
        )
        .unwrap();
        token.set_credentials(&new);
        token.set_refresh_token(&Secret::new("fake-refresh-2"));
        let expected = FILE
            .replace("ASIAFAKE000000000001", "ASIAFAKE000000000002")
            .replace("fakeSecret/1+094f745889b812a3", "other")
            .replace("fake//token+==", "t2")
            .replace("00:19:49Z", "00:34:49Z")
            .replace("fake-refresh-1", "fake-refresh-2");
        assert_eq!(String::from_utf8(json::dumps(&Value::Object(token.fields))).unwrap(), expected);
    }

    #[test]
    fn every_needed_field_is_missed_by_name() {
        for name in [
            "accessKeyId",
            "secretAccessKey",
            "sessionToken",
            "accountId",
            "expiresAt",
            "clientId",
            "refreshToken",
            "dpopKey",
        ] {
            let file = FILE.replace(&format!("\"{name}\""), "\"x\"");
            let why = LoginToken::parse(file.as_bytes(), DateTime::UNIX_EPOCH).unwrap().check().unwrap_err();
            assert!(why.contains(name), "{name}: {why}");
        }
        for bad in ["", "[]", "null", "\"x\"", "{", "\0\0", "\u{feff}{}"] {
            let read =
                LoginToken::parse(bad.as_bytes(), DateTime::UNIX_EPOCH).and_then(|token| token.check());
            assert!(read.is_err(), "{bad:?}");
        }
    }
}
