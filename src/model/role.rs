//! The ARN of a role, and the name of a session in it.

use super::{AccountId, text};
use std::fmt;
use std::str::FromStr;

/// `arn:partition:iam::account:role/path/name`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RoleArn {
    text: String,
    account: AccountId,
}

impl RoleArn {
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    pub(crate) fn account(&self) -> &AccountId {
        &self.account
    }

    pub(crate) fn partition(&self) -> &str {
        self.text.split(':').nth(1).unwrap_or_default()
    }

    /// The role's name, without its path.
    pub(crate) fn name(&self) -> &str {
        self.text.rsplit('/').next().unwrap_or_default()
    }

    /// Whether `arn` is that of a session in this role.
    pub(crate) fn is_of(&self, arn: &str) -> bool {
        let start = format!("arn:{}:sts::{}:assumed-role/{}/", self.partition(), self.account, self.name());
        arn.starts_with(&start)
    }
}

impl FromStr for RoleArn {
    type Err = String;

    fn from_str(raw: &str) -> Result<RoleArn, String> {
        let bad = |why: &str| format!("`{}` is not the ARN of a role: {why}", text::field(raw));
        if raw.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(bad("it holds blanks or control characters"));
        }
        if !(20..=2048).contains(&raw.len()) {
            return Err(bad("it is too short or too long"));
        }
        let fields: Vec<&str> = raw.splitn(6, ':').collect();
        let ["arn", partition, "iam", "", account, resource] = fields[..] else {
            return Err(bad("one looks like `arn:aws:iam::123456789012:role/Admin`"));
        };
        let name = resource.strip_prefix("role/").and_then(|path| path.rsplit('/').next());
        if name.is_none_or(str::is_empty) || !partition.starts_with("aws") {
            return Err(bad("one looks like `arn:aws:iam::123456789012:role/Admin`"));
        }
        let account = account.parse().map_err(|why: String| bad(&why))?;
        Ok(RoleArn { text: raw.to_owned(), account })
    }
}

impl fmt::Display for RoleArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The most characters of a session name.
const LONGEST_NAME: usize = 64;

/// The session's name where none is configured: who works where, for whoever reads the account's trail (`alice@laptop`).
pub(crate) fn session_name(user: Option<&str>, machine: Option<&str>) -> String {
    let clean = |raw: &str| -> String {
        raw.chars().map(|c| if c.is_ascii_alphanumeric() || "_+=,.-".contains(c) { c } else { '-' }).collect()
    };
    let user = user.map(clean).filter(|user| !user.is_empty()).unwrap_or_else(|| "awsenv".to_owned());
    let machine = machine.map(|name| clean(name.split('.').next().unwrap_or_default()));
    let mut name = match machine.filter(|machine| !machine.is_empty()) {
        Some(machine) => format!("{user}@{machine}"),
        None if user.len() < 2 => format!("awsenv-{user}"),
        None => user,
    };
    name.truncate(LONGEST_NAME); // ASCII alone
    name
}

/// Why a word cannot be a session name or a source identity: `[\w+=,.@-]`, 2 to 64 characters.
pub(crate) fn check_name(raw: &str) -> Result<(), String> {
    check(raw, 2..=LONGEST_NAME, "_+=,.@-", "2 to 64 letters, digits or `_+=,.@-`")
}

/// Why a word cannot be an external id.
pub(crate) fn check_external_id(raw: &str) -> Result<(), String> {
    check(raw, 2..=1224, "_+=,.@:/-", "2 to 1224 letters, digits or `_+=,.@:/-`")
}

/// Why a word cannot be the serial number of an MFA device.
pub(crate) fn check_serial(raw: &str) -> Result<(), String> {
    check(raw, 9..=256, "_+=/:,.@-", "an MFA device's ARN or the number on its back")
}

fn check(raw: &str, length: std::ops::RangeInclusive<usize>, more: &str, what: &str) -> Result<(), String> {
    let fits = length.contains(&raw.chars().count());
    if fits && raw.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c)) {
        Ok(())
    } else {
        Err(format!("not {what}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_arn_is_taken_apart() {
        let role: RoleArn = "arn:aws-cn:iam::012345678901:role/path/to/Admin".parse().unwrap();
        assert_eq!(
            (role.partition(), role.account().as_str(), role.name()),
            ("aws-cn", "012345678901", "Admin")
        );
        assert!(role.is_of("arn:aws-cn:sts::012345678901:assumed-role/Admin/alice"));
        for other in [
            "arn:aws:sts::012345678901:assumed-role/Admin/alice",
            "arn:aws-cn:sts::012345678902:assumed-role/Admin/alice",
            "arn:aws-cn:sts::012345678901:assumed-role/Admin2/alice",
            "",
        ] {
            assert!(!role.is_of(other), "{other}");
        }
    }

    #[test]
    fn what_is_no_role_is_refused() {
        for bad in [
            "",
            "arn:aws:iam::123456789012:role/",
            "arn:aws:iam::123456789012:user/Admin",
            "arn:aws:iam::12345678901:role/Admin",
            "arn:aws:iam::123456789012:role/Ad min",
            "arn:aws:iam::123456789012:role/Admin\n",
            "arn:aws:iam:us-east-1:123456789012:role/Admin",
            "arn:evil:iam::123456789012:role/Admin",
        ] {
            assert!(bad.parse::<RoleArn>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_session_is_named_after_who_and_where() {
        let name = |user: Option<&str>, machine: Option<&str>| session_name(user, machine);
        assert_eq!(name(Some("alice"), Some("laptop.example.com")), "alice@laptop");
        assert_eq!(name(Some("DOMAIN\\al ice"), Some("日本")), "DOMAIN-al-ice@--");
        assert_eq!(name(None, None), "awsenv");
        assert_eq!(name(Some("x"), None), "awsenv-x");
        assert_eq!(name(Some(&"u".repeat(99)), Some("m")).len(), 64);
        for made in [name(Some("a"), Some("b")), name(Some("é"), None), name(None, Some(""))] {
            assert!(check_name(&made).is_ok(), "{made}");
        }
        assert!(
            check_name("a").is_err() && check_name("a b").is_err() && check_name(&"a".repeat(65)).is_err()
        );
    }
}
