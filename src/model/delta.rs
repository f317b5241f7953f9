//! A change of a shell's environment, as data: every variable to set or to unset, in order.

use super::{Credentials, Hindrance, ProfileName, Region, Secret, time};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;

/// Every variable of others that a load touches: what could shadow the new credentials, and what carries them.
/// `AWSENV_RESTORE` remembers these.
pub(crate) const TOUCHED: [&str; 24] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_ACCESS_KEY",
    "AWS_SECRET_KEY",
    "AWS_CREDENTIAL_EXPIRATION",
    "AWS_SESSION_EXPIRATION",
    "AWS_ACCOUNT_ID",
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_CREDENTIAL_FILE",
    "AWS_VAULT",
    "AWSUME_PROFILE",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_SSO_PROFILE",
];

/// awsenv's own variables in a loaded shell.
pub(crate) const OWN: [&str; 12] = [
    "AWSENV_PROFILE",
    "AWSENV_ACCOUNT_ID",
    "AWSENV_IDENTITY",
    "AWSENV_KEY_ID",
    "AWSENV_EXPIRES_AT",
    "AWSENV_REFRESH_AT",
    "AWSENV_RENEWAL",
    "AWSENV_PREVIOUS",
    "AWSENV_COLOR",
    "AWSENV_EPHEMERAL",
    "AWSENV_PROMPT",
    "AWSENV_RESTORE",
];

/// What a renewal changes in a loaded shell. What the user may have set since the load, such as a region, is not here.
const RENEWED: [&str; 11] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_CREDENTIAL_EXPIRATION",
    "AWS_ACCOUNT_ID",
    "AWSENV_ACCOUNT_ID",
    "AWSENV_IDENTITY",
    "AWSENV_KEY_ID",
    "AWSENV_EXPIRES_AT",
    "AWSENV_REFRESH_AT",
    "AWSENV_RENEWAL",
];

/// What of a load is true however often the credentials are renewed.
const SERVED: [&str; 7] = [
    "AWS_ACCOUNT_ID",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWSENV_PROFILE",
    "AWSENV_ACCOUNT_ID",
    "AWSENV_IDENTITY",
    "AWSENV_COLOR",
];

/// What happens to one variable.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    Set(Secret),
    Unset,
}

/// The variables to unset, then those to set. Names are fixed: none ever comes from a file or a server.
#[derive(Clone, Debug, Default)]
pub(crate) struct EnvDelta {
    changes: Vec<(&'static str, Change)>,
}

/// All that a shell is told when a profile is loaded. What is not known is left out, never set empty.
pub(crate) struct Load<'a> {
    /// `None`: the environment's own credentials.
    pub(crate) profile: Option<&'a ProfileName>,
    pub(crate) credentials: &'a Credentials,
    pub(crate) identity: Option<&'a str>,
    pub(crate) region: Option<&'a Region>,
    /// `None`: these credentials cannot be renewed.
    pub(crate) refresh_at: Option<DateTime<Utc>>,
    pub(crate) previous: Option<&'a str>,
    pub(crate) color: Option<&'a str>,
    pub(crate) ephemeral: bool,
    pub(crate) restore: &'a Restore,
}

impl EnvDelta {
    /// The delta that loads a profile.
    pub(crate) fn load(load: &Load) -> EnvDelta {
        let credentials = load.credentials;
        let mut set: BTreeMap<&'static str, Secret> = BTreeMap::new();
        let mut put = |name, value: Option<String>| {
            if let Some(value) = value.filter(|v| !v.is_empty()) {
                set.insert(name, Secret::new(value));
            }
        };
        put("AWS_ACCESS_KEY_ID", Some(credentials.access_key_id.clone()));
        put("AWS_SECRET_ACCESS_KEY", Some(credentials.secret_access_key.expose().to_owned()));
        put("AWS_SESSION_TOKEN", credentials.session_token.as_ref().map(|t| t.expose().to_owned()));
        put("AWS_CREDENTIAL_EXPIRATION", credentials.expiration.map(time::format));
        put("AWS_ACCOUNT_ID", credentials.account.as_ref().map(ToString::to_string));
        put("AWS_REGION", load.region.map(ToString::to_string));
        put("AWS_DEFAULT_REGION", load.region.map(ToString::to_string));
        put("AWS_SSO_PROFILE", load.profile.map(ToString::to_string));
        put("AWSENV_PROFILE", load.profile.map(ToString::to_string));
        put("AWSENV_ACCOUNT_ID", credentials.account.as_ref().map(ToString::to_string));
        put("AWSENV_IDENTITY", load.identity.map(str::to_owned));
        put("AWSENV_KEY_ID", Some(credentials.access_key_id.clone()));
        put("AWSENV_EXPIRES_AT", credentials.expiration.map(|at| at.timestamp().to_string()));
        put("AWSENV_REFRESH_AT", load.refresh_at.map(|at| at.timestamp().to_string()));
        put("AWSENV_PREVIOUS", load.previous.map(str::to_owned));
        put("AWSENV_COLOR", load.color.map(str::to_owned));
        put("AWSENV_EPHEMERAL", load.ephemeral.then(|| "1".to_owned()));
        put("AWSENV_RESTORE", Some(load.restore.encode()));
        EnvDelta::unset_then_set(TOUCHED.into_iter().chain(OWN), set)
    }

    /// The same load for a program that fetches the credentials from a server: all but themselves, and where they are.
    pub(crate) fn served(&self, url: &str, token: &Secret) -> EnvDelta {
        let kept = self.set().filter(|(name, _)| SERVED.contains(name));
        let mut set: BTreeMap<_, _> = kept.map(|(name, value)| (name, value.clone())).collect();
        set.insert("AWS_CONTAINER_CREDENTIALS_FULL_URI", Secret::new(url));
        set.insert("AWS_CONTAINER_AUTHORIZATION_TOKEN", token.clone());
        EnvDelta::unset_then_set(TOUCHED.into_iter().chain(OWN), set)
    }

    /// The delta that gives a loaded shell newer credentials of the same profile, and leaves the rest as it is.
    pub(crate) fn renew(load: &Load) -> EnvDelta {
        let loaded = EnvDelta::load(load);
        let set = loaded.set().filter(|(name, _)| RENEWED.contains(name));
        EnvDelta::unset_then_set(RENEWED, set.map(|(name, value)| (name, value.clone())).collect())
    }

    /// The delta that has a loaded shell look for newer credentials at another moment, or never again, and tells it
    /// what stands in the way of a renewal.
    pub(crate) fn look_again(at: Option<DateTime<Utc>>, hindrance: Option<Hindrance>) -> EnvDelta {
        let at = at.map(|at| ("AWSENV_REFRESH_AT", Secret::new(at.timestamp().to_string())));
        let hindrance = hindrance.map(|why| ("AWSENV_RENEWAL", Secret::new(why.as_str().to_owned())));
        let set = at.into_iter().chain(hindrance).collect();
        EnvDelta::unset_then_set(["AWSENV_REFRESH_AT", "AWSENV_RENEWAL"], set)
    }

    /// The delta that makes the shell what it was before the first load.
    pub(crate) fn unload(restore: &Restore) -> EnvDelta {
        let before = |name| restore.0.get(name).cloned().flatten();
        let set = TOUCHED.into_iter().filter_map(|name| Some((name, Secret::new(before(name)?))));
        EnvDelta::unset_then_set(TOUCHED.into_iter().chain(OWN), set.collect())
    }

    /// Any change at all, to try how it is spelt.
    #[cfg(test)]
    pub(crate) fn of(changes: Vec<(&'static str, Change)>) -> EnvDelta {
        EnvDelta { changes }
    }

    /// Unsets all of these, then sets what of them is to be set, in the same order.
    fn unset_then_set(
        names: impl IntoIterator<Item = &'static str> + Clone,
        mut set: BTreeMap<&'static str, Secret>,
    ) -> EnvDelta {
        let mut changes: Vec<_> = names.clone().into_iter().map(|name| (name, Change::Unset)).collect();
        changes.extend(
            names.into_iter().filter_map(|name| set.remove(name).map(|value| (name, Change::Set(value)))),
        );
        EnvDelta { changes }
    }

    /// Every change, in order: all that unset, then all that set.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&'static str, &Change)> {
        self.changes.iter().map(|(name, change)| (*name, change))
    }

    /// Only what is set, in order.
    pub(crate) fn set(&self) -> impl Iterator<Item = (&'static str, &Secret)> {
        self.iter().filter_map(|(name, change)| match change {
            Change::Set(value) => Some((name, value)),
            Change::Unset => None,
        })
    }
}

/// The value of each touched variable that was set before the first load. `None`, as a missing one, was not set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Restore(BTreeMap<String, Option<String>>);

impl Restore {
    /// Remembers the environment as it is, unless an earlier load already did.
    pub(crate) fn capture(var: impl Fn(&str) -> Option<String>) -> Restore {
        let earlier = var("AWSENV_RESTORE").and_then(|encoded| Restore::decode(&encoded));
        earlier.unwrap_or_else(|| {
            let is_set = |name: &str| Some((name.to_owned(), Some(var(name)?)));
            Restore(TOUCHED.into_iter().filter_map(is_set).collect())
        })
    }

    /// What the variable was before the first load.
    pub(crate) fn before(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_deref()
    }

    fn encode(&self) -> String {
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(&self.0).unwrap_or_default())
    }

    /// `None` if it is not what [`Restore::encode`] wrote.
    pub(crate) fn decode(encoded: &str) -> Option<Restore> {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(encoded).ok()?).ok().map(Restore)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(region: Option<&Region>, restore: &Restore) -> EnvDelta {
        let credentials = Credentials::new(
            "ASIAFAKE000000000001",
            Secret::new("secret"),
            Some(Secret::new("token")),
            Some(DateTime::UNIX_EPOCH),
            Some("123456789012".parse().unwrap()),
        )
        .unwrap();
        EnvDelta::load(&Load {
            profile: Some(&"dev".parse().unwrap()),
            credentials: &credentials,
            identity: Some("Admin"),
            region,
            refresh_at: None,
            previous: None,
            color: None,
            ephemeral: false,
            restore,
        })
    }

    #[test]
    fn everything_is_unset_before_anything_is_set() {
        let delta = load(None, &Restore::default());
        let first_set = delta.iter().position(|(_, c)| matches!(c, Change::Set(_))).unwrap();
        assert!(delta.iter().skip(first_set).all(|(_, c)| matches!(c, Change::Set(_))));
        assert_eq!(first_set, TOUCHED.len() + OWN.len());
        let set: Vec<_> = delta.set().map(|(name, _)| name).collect();
        assert!(!set.contains(&"AWS_PROFILE") && !set.contains(&"AWS_REGION"), "{set:?}");
        assert!(delta.set().all(|(_, value)| !value.expose().is_empty()));
    }

    #[test]
    fn region_is_set_in_both_variables_or_neither() {
        let region = "eu-west-1".parse().unwrap();
        let delta = load(Some(&region), &Restore::default());
        let of = |name| delta.set().find(|(n, _)| *n == name).map(|(_, v)| v.expose().to_owned());
        assert_eq!(of("AWS_REGION").as_deref(), Some("eu-west-1"));
        assert_eq!(of("AWS_REGION"), of("AWS_DEFAULT_REGION"));
    }

    #[test]
    fn what_was_before_comes_back_even_when_it_was_empty() {
        let before = |name: &str| match name {
            "AWS_PROFILE" => Some("old".to_owned()),
            "AWS_REGION" => Some(String::new()),
            _ => None,
        };
        let restore = Restore::capture(before);
        let encoded = restore.encode();
        let again = Restore::capture(|name| (name == "AWSENV_RESTORE").then(|| encoded.clone()));
        assert_eq!(restore, again, "a second load keeps what the first one saw");
        let back: Vec<_> = EnvDelta::unload(&again).set().map(|(n, v)| (n, v.expose().to_owned())).collect();
        assert_eq!(back, [("AWS_PROFILE", "old".to_owned()), ("AWS_REGION", String::new())]);
        assert_eq!(Restore::decode("not base64!"), None);
    }
}
