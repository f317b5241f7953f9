//! Credentials that STS issued, in the AWS CLI's format: a role's, in its cache or in ours; an MFA session's, in ours.

use super::entry::{self, Entry};
use super::{Slot, json};
use crate::host::fs::{self, Replace};
use crate::model::{AccountId, Credentials, Secret, time};
use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

/// One file, read.
#[derive(Clone)]
pub(crate) struct Issued {
    pub(crate) credentials: Credentials,
    /// The ARN of the session in a role.
    pub(crate) arn: Option<String>,
    /// Which slot it was written for, in files of ours.
    key: Option<String>,
    /// When it was received: when the file was written.
    pub(crate) received: DateTime<Utc>,
}

impl Issued {
    /// Reads a file of ours. One that does not bear its slot's key is missing: somebody moved it there.
    pub(crate) fn read_own(slot: &Slot) -> Entry<Issued> {
        match Issued::read(slot) {
            Entry::Found(issued) if issued.key.as_ref() != Some(&slot.key) => Entry::Missing,
            entry => entry,
        }
    }

    /// Reads a file of the AWS CLI's. One that does not say whose session it holds is missing.
    pub(crate) fn read_shared(slot: &Slot) -> Entry<Issued> {
        match Issued::read(slot) {
            Entry::Found(issued) if issued.arn.is_none() => Entry::Missing,
            entry => entry,
        }
    }

    fn read(slot: &Slot) -> Entry<Issued> {
        entry::read(slot, |contents| Issued::parse(&contents.bytes, contents.modified))
    }

    fn parse(bytes: &[u8], received: DateTime<Utc>) -> Result<Issued, String> {
        let value: Value = serde_json::from_slice(bytes).map_err(|_| match bytes {
            [] => "it is empty".to_owned(),
            _ => "it is not JSON".to_owned(),
        })?;
        let Some(Value::Object(inner)) = value.get("Credentials") else {
            return Err("it has no `Credentials`".into());
        };
        let text = |name: &str| match inner.get(name) {
            Some(Value::String(text)) => Ok(text.as_str()),
            _ => Err(format!("its `Credentials` have no `{name}`")),
        };
        let expiration = time::parse(text("Expiration")?).map_err(|why| format!("`Expiration`: {why}"))?;
        let arn = value.pointer("/AssumedRoleUser/Arn").and_then(Value::as_str).map(str::to_owned);
        let of_arn = || arn.as_deref().and_then(|arn| arn.split(':').nth(4));
        let account: Option<AccountId> =
            text("AccountId").ok().or_else(of_arn).and_then(|account| account.parse().ok());
        let credentials = Credentials::new(
            text("AccessKeyId")?,
            Secret::new(text("SecretAccessKey")?),
            Some(Secret::new(text("SessionToken")?)),
            Some(expiration),
            account,
        )?;
        let key = value.get("Key").and_then(Value::as_str).map(str::to_owned);
        Ok(Issued { credentials, arn, key, received })
    }
}

/// What is written: credentials and, for a role, whose session they are.
pub(crate) struct New<'a> {
    pub(crate) credentials: &'a Credentials,
    /// The session's id and ARN.
    pub(crate) role_user: Option<(&'a str, &'a str)>,
    pub(crate) request_id: &'a str,
}

impl New<'_> {
    /// Writes a file of the AWS CLI's.
    pub(crate) fn write(&self, slot: &Slot) -> std::io::Result<()> {
        write(slot, self.fields())
    }

    /// Writes a file of ours, which bears its slot's key.
    pub(crate) fn write_own(&self, slot: &Slot) -> std::io::Result<()> {
        let mut fields = self.fields();
        fields.insert("Key".into(), slot.key().into());
        write(slot, fields)
    }

    fn fields(&self) -> Map<String, Value> {
        let mut inner = Map::new();
        put_credentials(&mut inner, self.credentials);
        let mut fields = Map::new();
        fields.insert("Credentials".into(), inner.into());
        if let Some((id, arn)) = self.role_user {
            fields.insert("AssumedRoleUser".into(), json!({ "AssumedRoleId": id, "Arn": arn }));
        }
        let metadata = json!({
            "RequestId": self.request_id, "HTTPStatusCode": 200, "HTTPHeaders": {}, "RetryAttempts": 0,
        });
        fields.insert("ResponseMetadata".into(), metadata);
        fields
    }
}

/// Puts credentials into the `Credentials` of a file of the AWS CLI's; what else stands there stays.
pub(crate) fn put_credentials(inner: &mut Map<String, Value>, credentials: &Credentials) {
    let mut put = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            inner.insert(name.to_owned(), value.into());
        }
    };
    put("AccessKeyId", Some(credentials.access_key_id.clone()));
    put("SecretAccessKey", Some(credentials.secret_access_key.expose().to_owned()));
    put("SessionToken", credentials.session_token.as_ref().map(|token| token.expose().to_owned()));
    put("Expiration", credentials.expiration.map(time::format));
    put("AccountId", credentials.account.as_ref().map(ToString::to_string));
}

fn write(slot: &Slot, fields: Map<String, Value>) -> std::io::Result<()> {
    let Some(path) = slot.file() else { return Ok(()) };
    fs::replace_private(&path, &json::dumps(&fields.into()), Replace::Quick)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::{Fake, Host};

    /// Source: the names that botocore gave to its files (`vectors.json`, `assume_role` and `web_identity`).
    #[test]
    fn file_names_equal_the_aws_clis() {
        let env = vec![("HOME".to_owned(), std::env::temp_dir().to_string_lossy().into_owned())];
        let host = Host::fake(Fake { env, ..Fake::default() });
        for (parameters, stem) in [
            (
                r#"{"RoleArn": "arn:aws:iam::123456789012:role/RoleA"}"#,
                "330942beff5b0648244cebd8031e0bfca87ac4a0",
            ),
            (
                r#"{"RoleArn": "arn:aws:iam::123456789012:role/RoleA", "RoleSessionName": "me"}"#,
                "c1912f7aa74d0503575425cde7c405e0222f1b39",
            ),
            (
                r#"{"DurationSeconds": 1800, "ExternalId": "ext-1", "RoleArn": "arn:aws:iam::123456789012:role/RoleA", "RoleSessionName": "me"}"#,
                "8229bf975ee29246f44418c8407962f962272d31",
            ),
            (
                r#"{"RoleArn": "arn:aws:iam::123456789012:role/RoleA", "SerialNumber": "arn:aws:iam::123456789012:mfa/alice"}"#,
                "1916d4ccefd31fdfca57839f73b08e6431952dc0",
            ),
            (
                r#"{"DurationSeconds": 43200, "RoleArn": "arn:aws:iam::123456789012:role/RoleA", "SerialNumber": "arn:aws:iam::123456789012:mfa/alice"}"#,
                "1eb107871c7f52735270ecddc5f855e3f2e1c207",
            ),
            (
                r#"{"ExternalId": "a/b:c=d", "RoleArn": "arn:aws:iam::123456789012:role/RoleA"}"#,
                "80f16e0670e9036df88c0c8915fb53b567de209d",
            ),
            (
                r#"{"DurationSeconds": 900, "RoleArn": "arn:aws:iam::123456789012:role/RoleA"}"#,
                "e28be3e208b42eb2e6bb57b4beecefd93533d28d",
            ),
            (
                r#"{"RoleArn": "arn:aws-cn:iam::123456789012:role/path/to/Röle"}"#,
                "8f83cd8c9f2af8e2e41e77da59256cd1897b26ad",
            ),
            (
                r#"{"RoleArn": "arn:aws:iam::123456789012:role/RoleB"}"#,
                "aef2522db9da533f72e8e67a2e92ab98097958c8",
            ),
            (
                r#"{"Policy": {"Statement": [{"Action": "*", "Effect": "Deny", "Resource": "*"}], "Version": "2012-10-17"}, "RoleArn": "arn:aws:iam::123456789012:role/RoleA"}"#,
                "77775040ee3b0478a6250df08919004487f7f9e9",
            ),
            (
                r#"{"ExternalId": "e\"q\\u", "RoleArn": "arn:aws:iam::123456789012:role/RoleA", "RoleSessionName": "alice@example.com", "SerialNumber": "GAHT12345678"}"#,
                "dbd05605150fc6140de976fb66d00cd4ec1ff5f3",
            ),
            (
                r#"{"RoleArn": "arn:aws:iam::123456789012:role/RoleW"}"#,
                "0b2a162774984cb88bb4a196fde302467e3fed55",
            ),
            (
                r#"{"RoleArn": "arn:aws:iam::123456789012:role/RoleW", "RoleSessionName": "w-s"}"#,
                "9bb670d1951ba5552fb7480d6fbd360c932ddc3d",
            ),
        ] {
            let slot = Slot::cli_role(&host, &serde_json::from_str(parameters).unwrap());
            assert_eq!(slot.key(), stem, "{parameters}");
        }
    }

    #[test]
    fn no_two_lists_of_parts_share_a_name() {
        let host = Host::fake(Fake::default());
        let key = |parts: &[&str]| Slot::own(&host, "role", parts).key;
        assert_ne!(key(&["ab", "c"]), key(&["a", "bc"]));
        assert_ne!(key(&["a", ""]), key(&["a"]));
        assert_ne!(key(&["1:a"]), key(&["a"]));
    }

    #[test]
    fn every_spelling_of_an_expiration_is_read() {
        for end in ["2026-11-21T00:42:23+00:00", "2026-11-21T00:42:23Z", "2026-11-21T00:42:23UTC"] {
            let text = format!(
                r#"{{"Credentials": {{"AccessKeyId": "ASIAFAKE000000000001", "SecretAccessKey": "s", "SessionToken": "t", "Expiration": "{end}"}}, "AssumedRoleUser": {{"Arn": "arn:aws:sts::012345678901:assumed-role/R/s"}}}}"#
            );
            let issued = Issued::parse(text.as_bytes(), DateTime::UNIX_EPOCH).unwrap();
            assert_eq!(time::format(issued.credentials.expiration.unwrap()), "2026-11-21T00:42:23Z");
            assert_eq!(issued.credentials.account.unwrap().as_str(), "012345678901");
        }
    }
}
