//! The registration of a client with Identity Center, kept for about 90 days.

use super::{object, text, write};
use crate::cache::Slot;
use crate::cache::entry::{self, Entry};
use crate::host::fs::Replace;
use crate::model::{Secret, SsoClient, SsoFlow, time};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value, json};

/// A registration that ends sooner is not used: it must outlive the sign-in.
const LEAST: TimeDelta = TimeDelta::minutes(15);

/// The grants of a client that signs in with a code; one that has none is for device codes.
const CODE_GRANTS: [&str; 2] = ["authorization_code", "refresh_token"];

/// The registration that is kept for a flow, if it lasts for more than 15 minutes.
///
/// One that cannot be read is none: it costs a request.
pub(crate) fn read(slot: &Slot, flow: SsoFlow, now: DateTime<Utc>) -> Option<SsoClient> {
    let parse = |bytes: &[u8]| {
        let fields = object(bytes)?;
        let client = SsoClient {
            id: text(&fields, "clientId")?.to_owned(),
            secret: Secret::new(text(&fields, "clientSecret")?),
            expires_at: time::parse(text(&fields, "expiresAt")?)?,
        };
        Ok((client, flow_of(&fields)))
    };
    match entry::read(slot, |contents| parse(&contents.bytes)) {
        Entry::Found((client, kept)) if kept == flow && client.expires_at - now > LEAST => Some(client),
        _ => None,
    }
}

fn flow_of(fields: &Map<String, Value>) -> SsoFlow {
    let grants = fields.get("grantTypes").and_then(Value::as_array);
    let has_code = grants.is_some_and(|grants| grants.iter().any(|grant| grant == CODE_GRANTS[0]));
    if has_code { SsoFlow::Code } else { SsoFlow::Device }
}

/// Keeps a registration. `scopes`: those that were asked for.
pub(crate) fn write_new(
    slot: &Slot,
    client: &SsoClient,
    scopes: &[String],
    flow: SsoFlow,
) -> std::io::Result<()> {
    write(slot, &fields(client, scopes, flow), Replace::Quick)
}

fn fields(client: &SsoClient, scopes: &[String], flow: SsoFlow) -> Map<String, Value> {
    let mut fields = Map::new();
    fields.insert("clientId".into(), client.id.as_str().into());
    fields.insert("clientSecret".into(), client.secret.expose().into());
    fields.insert("expiresAt".into(), time::format(client.expires_at).into());
    if !scopes.is_empty() {
        fields.insert("scopes".into(), json!(scopes));
    }
    if flow == SsoFlow::Code {
        fields.insert("grantTypes".into(), json!(CODE_GRANTS));
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::json::dumps;

    #[test]
    fn a_registration_is_laid_out_as_the_aws_clis_and_read_for_its_flow_alone() {
        let now = time::parse("2026-11-21T00:00:00Z").unwrap();
        let client = |expires_at| SsoClient { id: "cid".into(), secret: Secret::new("cs"), expires_at };
        let scopes = ["sso:account:access".to_owned()];
        let written = |scopes: &[String], flow| {
            String::from_utf8(dumps(&Value::Object(fields(&client(now), scopes, flow)))).unwrap()
        };
        assert_eq!(
            written(&scopes, SsoFlow::Code),
            r#"{"clientId": "cid", "clientSecret": "cs", "expiresAt": "2026-11-21T00:00:00Z", "scopes": ["sso:account:access"], "grantTypes": ["authorization_code", "refresh_token"]}"#
        );
        assert_eq!(
            written(&[], SsoFlow::Device),
            r#"{"clientId": "cid", "clientSecret": "cs", "expiresAt": "2026-11-21T00:00:00Z"}"#
        );
        let dir = std::env::temp_dir().join(format!("awsenv-registration-{}", std::process::id()));
        let slot = Slot { dir: Some(dir.clone()), key: "0".repeat(40) };
        for (flow, other) in [(SsoFlow::Code, SsoFlow::Device), (SsoFlow::Device, SsoFlow::Code)] {
            for (minutes, good) in [(15, false), (16, true), (-1, false)] {
                write_new(&slot, &client(now + TimeDelta::minutes(minutes)), &[], flow).unwrap();
                assert_eq!(read(&slot, flow, now).is_some(), good, "{minutes}");
                assert!(read(&slot, other, now).is_none());
            }
        }
        std::fs::remove_dir_all(dir).unwrap();
    }
}
