//! The credentials of a role, in the AWS CLI's cache of credentials.

use super::{object, text, write};
use crate::cache::Slot;
use crate::cache::entry::{self, Entry};
use crate::cache::issued::put_credentials;
use crate::host::Host;
use crate::host::fs::Replace;
use crate::model::{AccountId, Credentials, Secret, SsoRole, time};
use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

/// What tells these from credentials of other kinds: `aws sso logout` removes them.
const PROVIDER_TYPE: &str = "sso";

/// Credentials, and when they were received.
pub(crate) struct RoleCredentials {
    pub(crate) credentials: Credentials,
    pub(crate) received: DateTime<Utc>,
}

/// Reads the credentials of a role. Those of another account, under a name that is not theirs, are damaged.
pub(crate) fn read(slot: &Slot, role: &SsoRole) -> Entry<RoleCredentials> {
    entry::read(slot, |contents| {
        let credentials = parse(&contents.bytes, role)?;
        Ok(RoleCredentials { credentials, received: contents.modified })
    })
}

fn parse(bytes: &[u8], role: &SsoRole) -> Result<Credentials, String> {
    let fields = object(bytes)?;
    let is_other = fields.get("ProviderType").is_some_and(|kind| kind != PROVIDER_TYPE);
    if is_other || fields.contains_key("AssumedRoleUser") {
        return Err("it is not of Identity Center".into());
    }
    let Some(Value::Object(inner)) = fields.get("Credentials") else {
        return Err("it has no `Credentials`".into());
    };
    let expiration = time::parse(text(inner, "Expiration")?).map_err(|why| format!("`Expiration`: {why}"))?;
    let account: Option<AccountId> = text(inner, "AccountId").ok().map(str::parse).transpose()?;
    if account.is_some_and(|account| account != role.account) {
        return Err(format!("it is not of account {}", role.account));
    }
    Credentials::new(
        text(inner, "AccessKeyId")?,
        Secret::new(text(inner, "SecretAccessKey")?),
        Some(Secret::new(text(inner, "SessionToken")?)),
        Some(expiration),
        Some(role.account.clone()),
    )
}

/// When the credentials of a file end, whosever they are.
pub(crate) fn expiration(slot: &Slot) -> Option<DateTime<Utc>> {
    let contents = crate::host::fs::read_private(&slot.file()?).ok().flatten()?;
    let fields = object(&contents.bytes).ok()?;
    time::parse(text(fields.get("Credentials")?.as_object()?, "Expiration").ok()?).ok()
}

/// Keeps the credentials of a role; keys that awsenv does not know stay.
pub(crate) fn keep(slot: &Slot, credentials: &Credentials) -> std::io::Result<()> {
    let old = slot.file().and_then(|path| crate::host::fs::read_private(&path).ok().flatten());
    let old = old.and_then(|old| object(&old.bytes).ok()).unwrap_or_default();
    write(slot, &with(old, credentials), Replace::Quick)
}

fn with(mut fields: Map<String, Value>, credentials: &Credentials) -> Map<String, Value> {
    fields.insert("ProviderType".into(), PROVIDER_TYPE.into());
    let slot = fields.entry("Credentials").or_insert_with(|| json!({}));
    if !slot.is_object() {
        *slot = json!({});
    }
    if let Value::Object(inner) = slot {
        put_credentials(inner, credentials);
    }
    fields
}

/// The slots of all credentials that came from Identity Center, whoever fetched them.
pub(crate) fn all(host: &Host) -> Vec<Slot> {
    let of_sso = |slot: &Slot| {
        let contents = crate::host::fs::read_private(&slot.file().unwrap_or_default()).ok().flatten();
        let fields = contents.and_then(|contents| object(&contents.bytes).ok());
        fields.is_some_and(|fields| fields.get("ProviderType").is_some_and(|kind| kind == PROVIDER_TYPE))
    };
    crate::cache::slots(super::role_dir(host), 40).into_iter().filter(of_sso).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::json::dumps;

    /// A file of the AWS CLI's, with keys that nobody knows.
    const FILE: &str = r#"{"ProviderType": "sso", "Credentials": {"AccessKeyId": "ASIAFAKE111300000000", "SecretAccessKey": "fakesecret/ReadOnly", "SessionToken": "faketoken==", "Expiration": "2026-11-21T00:35:19Z", "AccountId": "111111111113", "inner": 1}, "future": true}"#;

    fn role(account: &str) -> SsoRole {
        SsoRole { account: account.parse().unwrap(), name: "ReadOnly".into() }
    }

    #[test]
    fn a_file_of_the_aws_cli_is_rewritten_byte_for_byte() {
        let credentials = parse(FILE.as_bytes(), &role("111111111113")).unwrap();
        let written = |old| String::from_utf8(dumps(&Value::Object(with(old, &credentials)))).unwrap();
        assert_eq!(written(object(FILE.as_bytes()).unwrap()), FILE);
        assert_eq!(
            written(Map::new()),
            FILE.replace(r#", "inner": 1"#, "").replace(r#", "future": true"#, "")
        );
    }

    #[test]
    fn what_is_damaged_or_of_another_account_is_told() {
        let read = |file: &str| parse(file.as_bytes(), &role("111111111113")).map(drop);
        for spelling in ["2026-11-21T00:35:19UTC", "2026-11-21T00:35:19+00:00"] {
            assert!(read(&FILE.replace("2026-11-21T00:35:19Z", spelling)).is_ok(), "{spelling}");
        }
        assert!(
            read(&FILE.replace("\"AccountId\": \"111111111113\", ", "")).is_ok(),
            "older tools leave it out"
        );
        for name in ["Credentials", "AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"] {
            let why = read(&FILE.replace(&format!("\"{name}\""), "\"x\"")).unwrap_err();
            assert!(why.contains(name), "{name}: {why}");
        }
        assert!(parse(FILE.as_bytes(), &role("111111111112")).unwrap_err().contains("111111111112"));
        for bad in ["", "{", "[]", "null", "\0", &FILE.replace(":19Z", ":19"), &FILE.replace("ASIA", "$(x)")]
        {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
