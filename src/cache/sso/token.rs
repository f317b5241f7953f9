//! The token file of an Identity Center session, as the AWS CLI and the SDKs read and write it.

use super::{object, text, write};
use crate::cache::Slot;
use crate::cache::entry::{self, Entry};
use crate::host::Host;
use crate::host::fs::Replace;
use crate::model::{Region, Secret, SsoClient, SsoSession, time};
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

/// One token file. Keys that awsenv does not know survive a rewrite, in their order.
#[derive(Clone)]
pub(crate) struct SsoToken {
    fields: Map<String, Value>,
    /// When the file was written.
    pub(crate) received: DateTime<Utc>,
    /// Checked when the file was read.
    pub(crate) expires_at: DateTime<Utc>,
}

/// What a sign-in or a renewal yields.
pub(crate) struct NewTokens<'a> {
    pub(crate) access: &'a Secret,
    pub(crate) expires_at: DateTime<Utc>,
    /// `None`: the one that was there stays good. (The AWS CLI drops it then; the SDKs keep it.)
    pub(crate) refresh: Option<&'a Secret>,
}

/// What renews a token.
pub(crate) struct Renewal {
    pub(crate) client: SsoClient,
    pub(crate) refresh: Secret,
}

impl SsoToken {
    /// The file's content after a sign-in.
    pub(crate) fn new(
        session: &SsoSession,
        tokens: &NewTokens,
        client: &SsoClient,
        now: DateTime<Utc>,
    ) -> SsoToken {
        let mut new = SsoToken { fields: Map::new(), received: now, expires_at: tokens.expires_at };
        new.renew(session, tokens, now);
        new.put("clientId", &client.id);
        new.put("clientSecret", client.secret.expose());
        new.put("registrationExpiresAt", &time::format(client.expires_at));
        if let Some(refresh) = tokens.refresh {
            // where the AWS CLI puts it: last
            new.fields.shift_remove("refreshToken");
            new.put("refreshToken", refresh.expose());
        }
        new
    }

    /// Puts in what a renewal yielded.
    pub(crate) fn renew(&mut self, session: &SsoSession, tokens: &NewTokens, now: DateTime<Utc>) {
        self.put("startUrl", &session.start_url);
        self.put("region", session.region.as_str());
        self.put("accessToken", tokens.access.expose());
        self.put("expiresAt", &time::format(tokens.expires_at));
        if let Some(refresh) = tokens.refresh {
            self.put("refreshToken", refresh.expose());
        }
        (self.received, self.expires_at) = (now, tokens.expires_at);
    }

    fn put(&mut self, name: &str, value: &str) {
        self.fields.insert(name.to_owned(), value.into());
    }

    /// Reads the token of a slot.
    pub(crate) fn read(slot: &Slot) -> Entry<SsoToken> {
        entry::read(slot, |contents| SsoToken::parse(&contents.bytes, contents.modified))
    }

    fn parse(bytes: &[u8], received: DateTime<Utc>) -> Result<SsoToken, String> {
        let fields = object(bytes)?;
        text(&fields, "accessToken")?;
        let expires_at =
            time::parse(text(&fields, "expiresAt")?).map_err(|why| format!("`expiresAt`: {why}"))?;
        Ok(SsoToken { fields, received, expires_at })
    }

    /// Writes the token. The old file stays if that fails.
    pub(crate) fn write(&self, slot: &Slot) -> std::io::Result<()> {
        write(slot, &self.fields, Replace::Durable)
    }

    pub(crate) fn access(&self) -> Secret {
        Secret::new(text(&self.fields, "accessToken").unwrap_or_default())
    }

    /// What renews it, if the file has all of it: the registration may have ended.
    pub(crate) fn renewal(&self) -> Option<Renewal> {
        let field = |name| text(&self.fields, name).ok();
        let client = SsoClient {
            id: field("clientId")?.to_owned(),
            secret: Secret::new(field("clientSecret")?),
            expires_at: time::parse(field("registrationExpiresAt")?).ok()?,
        };
        Some(Renewal { client, refresh: Secret::new(field("refreshToken")?) })
    }

    /// Whether it is one of this session's portal, as far as the file says: somebody may have moved the file, or given
    /// the session's name to another portal.
    pub(crate) fn is_of(&self, session: &SsoSession) -> bool {
        let portal = |url: &str| url.trim_end_matches(['/', '#']).to_ascii_lowercase();
        text(&self.fields, "startUrl").map_or(true, |url| portal(url) == portal(&session.start_url))
    }

    /// Where its session lives, if the file says.
    pub(crate) fn region(&self) -> Option<Region> {
        text(&self.fields, "region").ok()?.parse().ok()
    }
}

/// The slots of every file that may hold a token.
pub(crate) fn all(host: &Host) -> Vec<Slot> {
    crate::cache::slots(super::sso_dir(host), 40)
}

/// Whether a file is a token's, and not a registration's: as `aws sso logout` tells them apart.
pub(crate) fn is_token(slot: &Slot) -> bool {
    let path = slot.file().unwrap_or_default();
    let contents = crate::host::fs::read_private(&path).ok().flatten();
    contents
        .and_then(|contents| object(&contents.bytes).ok())
        .is_some_and(|it| it.contains_key("accessToken"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::json;
    use chrono::TimeDelta;

    /// A file of the AWS CLI's, with a key that nobody knows.
    const FILE: &str = r#"{"startUrl": "https://d-1234567890.awsapps.com/start", "region": "us-east-1", "accessToken": "aoaAAAAA-token-1", "expiresAt": "2026-11-21T07:34:51Z", "clientId": "cid-6ed5d67c", "clientSecret": "csecret", "registrationExpiresAt": "2027-02-18T23:34:45Z", "refreshToken": "aorAAAAA-refresh-1", "future": {"x": "\u00e9"}}"#;

    fn session() -> SsoSession {
        SsoSession {
            name: Some("corp".into()),
            start_url: "https://d-1234567890.awsapps.com/start".into(),
            region: "us-east-1".parse().unwrap(),
            scopes: None,
        }
    }

    fn written(token: SsoToken) -> String {
        String::from_utf8(json::dumps(&Value::Object(token.fields))).unwrap()
    }

    #[test]
    fn a_file_of_the_aws_cli_is_rewritten_byte_for_byte() {
        let token = SsoToken::parse(FILE.as_bytes(), DateTime::UNIX_EPOCH).unwrap();
        let renewal = token.renewal().unwrap();
        assert_eq!(
            (renewal.client.id.as_str(), renewal.refresh.expose()),
            ("cid-6ed5d67c", "aorAAAAA-refresh-1")
        );
        assert_eq!(written(token), FILE);
    }

    #[test]
    fn a_new_file_is_laid_out_as_the_aws_clis() {
        let instant = |text: &str| time::parse(text).unwrap();
        let (access, refresh) = (Secret::new("aoaAAAAA-token-1"), Secret::new("aorAAAAA-refresh-1"));
        let tokens = NewTokens {
            access: &access,
            expires_at: instant("2026-11-21T07:34:51Z"),
            refresh: Some(&refresh),
        };
        let client = SsoClient {
            id: "cid-6ed5d67c".into(),
            secret: Secret::new("csecret"),
            expires_at: instant("2027-02-18T23:34:45Z"),
        };
        let token = SsoToken::new(&session(), &tokens, &client, DateTime::UNIX_EPOCH);
        assert_eq!(written(token), FILE.replace(r#", "future": {"x": "\u00e9"}"#, ""));
    }

    #[test]
    fn a_renewal_keeps_the_refresh_token_if_there_is_no_new_one() {
        let mut token = SsoToken::parse(FILE.as_bytes(), DateTime::UNIX_EPOCH).unwrap();
        let access = Secret::new("two");
        let expires_at = token.expires_at + TimeDelta::hours(1);
        token.renew(&session(), &NewTokens { access: &access, expires_at, refresh: None }, expires_at);
        assert_eq!(written(token), FILE.replace("aoaAAAAA-token-1", "two").replace("T07:34", "T08:34"));
    }

    #[test]
    fn a_token_is_one_with_an_end() {
        let read = |file: &str| SsoToken::parse(file.as_bytes(), DateTime::UNIX_EPOCH).map(drop);
        for spelling in ["2026-11-21T07:34:51UTC", "2026-11-21T07:34:51.5Z", "2026-11-21T16:34:51+09:00"] {
            assert!(read(&FILE.replace("2026-11-21T07:34:51Z", spelling)).is_ok(), "{spelling}");
        }
        for (bad, told) in [
            (FILE.replace("accessToken", "x"), "accessToken"),
            (FILE.replace("expiresAt", "x"), "expiresAt"),
            (FILE.replace("51Z", "51"), "expiresAt"),
            (String::new(), "empty"),
            ("[]".into(), "object"),
            ("{".into(), "JSON"),
            ("\u{feff}{}".into(), "JSON"),
        ] {
            assert!(read(&bad).unwrap_err().contains(told), "{bad}");
        }
        for name in ["clientId", "clientSecret", "registrationExpiresAt", "refreshToken"] {
            let file = FILE.replace(&format!("\"{name}\""), "\"x\"");
            let token = SsoToken::parse(file.as_bytes(), DateTime::UNIX_EPOCH).unwrap();
            assert!(token.renewal().is_none(), "{name}");
        }
    }
}
