//! Amazon Resource Names, as far as identities need them.

use super::AccountId;
use std::fmt;
use std::str::FromStr;

/// `arn:partition:service:region:account:resource`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Arn {
    text: String,
    account: AccountId,
}

impl Arn {
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    pub(crate) fn account(&self) -> &AccountId {
        &self.account
    }

    /// Who it is, in one word: the role's name, the user's name, or `root`.
    ///
    /// | resource | identity |
    /// |---|---|
    /// | `assumed-role/Admin/alice` | `Admin` |
    /// | `user/team/alice` | `alice` |
    /// | `root` | `root` |
    /// | `federated-user/bob` | `bob` |
    pub(crate) fn identity(&self) -> &str {
        let resource = self.text.splitn(6, ':').nth(5).unwrap_or_default();
        match resource.split_once('/') {
            Some(("assumed-role", rest)) => rest.split('/').next().unwrap_or(rest),
            Some((_, rest)) => rest.rsplit('/').next().unwrap_or(rest),
            None => resource,
        }
    }
}

impl FromStr for Arn {
    type Err = String;

    fn from_str(raw: &str) -> Result<Arn, String> {
        let fields: Vec<&str> = raw.splitn(6, ':').collect();
        let bad = |why: &str| format!("`{}` is not the ARN of an identity: {why}", super::text::field(raw));
        let [prefix, partition, service, _, account, resource] = fields[..] else {
            return Err(bad("it looks like `arn:aws:iam::123456789012:user/alice`"));
        };
        if prefix != "arn" || !partition.starts_with("aws") || !matches!(service, "iam" | "sts") {
            return Err(bad("it looks like `arn:aws:iam::123456789012:user/alice`"));
        }
        if resource.is_empty() || raw.chars().any(char::is_control) {
            return Err(bad("it names nobody"));
        }
        let account = account.parse().map_err(|why: String| bad(&why))?;
        Ok(Arn { text: raw.to_owned(), account })
    }
}

impl fmt::Display for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_is_one_word() {
        let identity = |arn: &str| {
            let arn: Arn = arn.parse().unwrap();
            (arn.account().to_string(), arn.identity().to_owned())
        };
        let of = |account: &str, name: &str| (account.to_owned(), name.to_owned());
        assert_eq!(
            identity("arn:aws:sts::012345678901:assumed-role/Admin/al:ice"),
            of("012345678901", "Admin")
        );
        assert_eq!(identity("arn:aws:iam::123456789012:user/team/alice"), of("123456789012", "alice"));
        assert_eq!(identity("arn:aws-cn:iam::123456789012:root"), of("123456789012", "root"));
        assert_eq!(identity("arn:aws:sts::123456789012:federated-user/日本"), of("123456789012", "日本"));
    }

    #[test]
    fn what_is_no_identity_is_refused() {
        for bad in [
            "not-an-arn",
            "arn:aws:iam::123:user/x",
            "arn:aws:s3:::bucket",
            "arn:aws:iam::123456789012:",
            "a:b:c:d:e:f",
        ] {
            assert!(bad.parse::<Arn>().is_err(), "{bad}");
        }
    }
}
