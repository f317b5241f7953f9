//! Names that were checked when they were made: profiles, regions, account ids.

use super::text;
use std::fmt;
use std::str::FromStr;

/// The name of a profile: anything that can stand in a file and in an environment variable.
///
/// Blanks, quotes, slashes, emoji are allowed; the empty string, control characters and newlines are not.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ProfileName(String);

impl ProfileName {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The name as it is typed after a command: quoted only where a POSIX shell needs it.
    pub(crate) fn typed(&self) -> String {
        let plain = |c: char| c.is_alphanumeric() || "_-./@%+:,".contains(c);
        if self.0.chars().all(plain) && !self.0.starts_with('-') {
            return self.0.clone();
        }
        let quoted = format!("'{}'", self.0.replace('\'', r"'\''"));
        if self.0.starts_with('-') { format!("-- {quoted}") } else { quoted }
    }
}

impl FromStr for ProfileName {
    type Err = String;

    fn from_str(raw: &str) -> Result<ProfileName, String> {
        if raw.trim().is_empty() {
            return Err("a profile name cannot be empty".into());
        }
        match raw.chars().find(|c| c.is_control()) {
            Some(c) => Err(format!(
                "the profile name `{}` holds the control character U+{:04X}",
                text::field(raw),
                u32::from(c)
            )),
            None => Ok(ProfileName(raw.to_owned())),
        }
    }
}

impl fmt::Display for ProfileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An AWS region, such as `eu-west-1`: any host label, since AWS opens new ones.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Region(String);

impl Region {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Region {
    type Err = String;

    fn from_str(raw: &str) -> Result<Region, String> {
        let raw = raw.trim();
        let label = !raw.is_empty()
            && raw.len() <= 63
            && raw.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && !raw.starts_with('-')
            && !raw.ends_with('-');
        if !label {
            return Err(format!("`{}` is not a region: one looks like `eu-west-1`", text::field(raw)));
        }
        if !raw.contains('-') || raw == "aws-global" {
            return Err(format!(
                "`{raw}` is not a region that can be signed in to: one looks like `eu-west-1`"
            ));
        }
        Ok(Region(raw.to_owned()))
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A 12-digit account id. A string, since it may begin with zero.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct AccountId(String);

impl AccountId {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for AccountId {
    type Err = String;

    fn from_str(raw: &str) -> Result<AccountId, String> {
        if raw.len() == 12 && raw.bytes().all(|b| b.is_ascii_digit()) {
            Ok(AccountId(raw.to_owned()))
        } else {
            Err(format!("`{}` is not an account id of 12 digits", text::field(raw)))
        }
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_name_may_hold_anything_but_control_characters() {
        for good in ["dev", "a b", "it's", "$(touch P)", "日本 🚀", "a/b", "..", "-x", "profile x"] {
            assert!(good.parse::<ProfileName>().is_ok(), "{good}");
        }
        for bad in ["", "  ", "a\nb", "a\0b", "\u{1b}[2J", "a\u{85}b"] {
            assert!(bad.parse::<ProfileName>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_profile_name_is_quoted_only_where_a_shell_needs_it() {
        let typed = |name: &str| name.parse::<ProfileName>().unwrap().typed();
        assert_eq!(typed("dev-1.eu"), "dev-1.eu");
        assert_eq!(typed("it's me"), r"'it'\''s me'");
        assert_eq!(typed("-x"), "-- '-x'");
    }

    #[test]
    fn a_region_is_a_host_label() {
        assert!("eu-west-1".parse::<Region>().is_ok());
        assert!("mars-west-1".parse::<Region>().is_ok());
        for bad in ["", "not a region", "us-east-1; touch P", "EU-WEST-1", "-a-", "aws-global", "x", "a.b-1"]
        {
            assert!(bad.parse::<Region>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn an_account_id_keeps_its_zeros() {
        assert_eq!("012345678901".parse::<AccountId>().unwrap().as_str(), "012345678901");
        assert!("12345678901".parse::<AccountId>().is_err());
    }
}
