//! A JSON object from somebody else: read strictly, and refused without showing what it holds.

use super::{AccountId, Credentials, Secret, text, time};
use chrono::{DateTime, Utc};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;
use std::fmt;

/// The keys of an object and their values, in order. It may hold secrets: there is no `Debug`.
pub(crate) struct Object(Vec<(String, Value)>);

impl Object {
    /// Reads one. A key that stands twice makes it none: readers differ in which they take.
    ///
    /// # Errors
    /// Says where it goes wrong, in words without a value.
    pub(crate) fn read(bytes: &[u8]) -> Result<Object, String> {
        let object: Object = serde_json::from_slice(bytes).map_err(|e| match e.classify() {
            serde_json::error::Category::Eof if bytes.trim_ascii().is_empty() => "it is empty".to_owned(),
            serde_json::error::Category::Data => "it is no JSON object".to_owned(),
            _ => format!("it is no JSON (line {}, column {})", e.line(), e.column()),
        })?;
        for (at, (key, _)) in object.0.iter().enumerate() {
            if object.0[..at].iter().any(|(earlier, _)| earlier == key) {
                return Err(format!("`{}` stands in it twice", text::field(key)));
            }
        }
        Ok(object)
    }

    /// The value, if it is there and not `null`.
    pub(crate) fn get(&self, key: &str) -> Option<&Value> {
        self.0.iter().find(|(name, _)| name == key).map(|(_, value)| value).filter(|value| !value.is_null())
    }

    /// A text, if it is there and not `null`.
    pub(crate) fn text(&self, key: &str) -> Result<Option<&str>, String> {
        let Some(value) = self.get(key) else { return Ok(None) };
        value.as_str().map(Some).ok_or_else(|| format!("its `{key}` is not a text"))
    }

    /// A text that must be there.
    pub(crate) fn need(&self, key: &str) -> Result<&str, String> {
        self.text(key)?.ok_or_else(|| format!("it has no `{key}`"))
    }

    /// An instant, if it is there and not `null`.
    pub(crate) fn instant(&self, key: &str) -> Result<Option<DateTime<Utc>>, String> {
        let wrong = |why| format!("its `{key}`: {why}");
        self.text(key)?.map(|raw| time::parse(raw).map_err(wrong)).transpose()
    }

    /// `AccountId`, if it is one.
    pub(crate) fn account(&self) -> Option<AccountId> {
        self.get("AccountId")?.as_str()?.parse().ok()
    }

    /// `AccessKeyId`, `SecretAccessKey`, the token under the name that this source gives it, `Expiration`.
    pub(crate) fn credentials(&self, token: &str, account: Option<AccountId>) -> Result<Credentials, String> {
        let id = self.need("AccessKeyId")?;
        let secret = Secret::new(self.need("SecretAccessKey")?);
        let token = self.text(token)?.filter(|token| !token.is_empty()).map(Secret::new);
        Credentials::new(id, secret, token, self.instant("Expiration")?, account)
    }
}

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Object, D::Error> {
        struct Pairs;
        impl<'de> Visitor<'de> for Pairs {
            type Value = Object;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Object(pairs))
            }
        }
        deserializer.deserialize_map(Pairs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_named_without_a_value() {
        let good = r#"{"AccessKeyId":"ASIAFAKE000000000001","SecretAccessKey":"HUSH","Token":"t","Expiration":"2030-01-02T03:04:05Z"}"#;
        let read = |text: &str| {
            let object = Object::read(text.as_bytes())?;
            object.credentials("Token", object.account())
        };
        assert!(read(good).is_ok());
        assert_eq!(read(&good.replace("\"t\"", "null")).unwrap().session_token, None);
        for (bad, told) in [
            (good.replace('{', r#"{"SecretAccessKey":"HUSH","#), "`SecretAccessKey` stands in it twice"),
            (good.replace('{', r#"{"x":1,"x":2,"#), "`x` stands in it twice"),
            (good.replace("\"HUSH\"", "[\"HUSH\"]"), "its `SecretAccessKey` is not a text"),
            (good.replace("SecretAccessKey", "Secret"), "it has no `SecretAccessKey`"),
            (good.replace("05Z", "05"), "its `Expiration`: `2030-01-02T03:04:05` is not a time with a zone"),
            (good.replace("2030-01-02T03:04:05Z", ""), "its `Expiration`: `` is not a time with a zone"),
            (format!("[{good}]"), "it is no JSON object"),
            (format!("\u{feff}{good}"), "it is no JSON (line 1, column 1)"),
            (format!("{good}HUSH"), "it is no JSON (line 1, column 112)"),
            (" \n".into(), "it is empty"),
            ("\"HUSH\"".into(), "it is no JSON object"),
        ] {
            assert_eq!(read(&bad).err().as_deref(), Some(told), "{bad}");
        }
    }
}
