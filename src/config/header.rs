//! What the text between `[` and `]` names: a profile, an sso-session, a services section, or nothing.

use super::Which;
use std::borrow::Cow;

/// What a section is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Family {
    /// `[profile NAME]` and `[default]`; in the credentials file every section.
    Profile,
    /// `[sso-session NAME]`.
    SsoSession,
    /// `[services NAME]`.
    Services,
    /// `[DEFAULT]`: its keys are inherited by every section of the file.
    Inherited,
    /// Anything else, kept and not read.
    Other,
}

/// A section by what it means, not by how its header is spelled.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct SectionId<'a> {
    pub(crate) family: Family,
    pub(crate) name: Cow<'a, str>,
}

impl<'a> SectionId<'a> {
    pub(crate) fn profile(name: &'a str) -> SectionId<'a> {
        SectionId { family: Family::Profile, name: name.into() }
    }

    pub(crate) fn services(name: &'a str) -> SectionId<'a> {
        SectionId { family: Family::Services, name: name.into() }
    }

    pub(super) fn into_owned(self) -> SectionId<'static> {
        SectionId { family: self.family, name: self.name.into_owned().into() }
    }

    /// The text between brackets that the AWS CLI reads as this section.
    ///
    /// `None` if there is none: in the credentials file the name stands as it is and cannot be quoted, and only
    /// profiles live there.
    pub(super) fn header(&self, which: Which) -> Option<String> {
        let name = &*self.name;
        let inner = match (which, self.family) {
            (_, Family::Profile) if name == "default" => name.to_owned(),
            (Which::Credentials, Family::Profile) => name.to_owned(),
            (Which::Config, Family::Profile) => format!("profile {}", quote(name)),
            (Which::Config, Family::SsoSession) => format!("sso-session {}", quote(name)),
            (Which::Config, Family::Services) => format!("services {}", quote(name)),
            _ => return None,
        };
        let (read, exact) = identify(which, &inner);
        let is_same = exact && read == *self;
        is_same.then_some(inner)
    }
}

/// The header of the section whose keys every other inherits.
pub(super) const INHERITED: &str = "DEFAULT";

/// Reads a header; the flag says whether the AWS CLI reads it so too.
///
/// | in the config file | names |
/// |---|---|
/// | `default` | the profile `default` |
/// | begins with `profile`, two words as a shell splits them | the profile of the second word |
/// | begins with `sso-session`, `services`: the same | that section |
/// | any of these with blanks at the edges | the same, but only to us |
/// | anything else | nothing |
///
/// In the credentials file the text is the profile's name as it stands.
///
/// Source: botocore `configloader.py`, `build_profile_map`, `_parse_section`; Python `configparser`,
/// `DEFAULTSECT`.
pub(super) fn identify(which: Which, raw: &str) -> (SectionId<'_>, bool) {
    if raw == INHERITED {
        return (SectionId { family: Family::Inherited, name: raw.into() }, true);
    }
    if raw.is_empty() {
        return (SectionId { family: Family::Other, name: raw.into() }, true); // a damaged header
    }
    if which == Which::Credentials {
        return (SectionId::profile(raw), true);
    }
    if let Some(id) = identify_config(raw) {
        return (id, true);
    }
    let trimmed = raw.trim_matches([' ', '\t']);
    match identify_config(trimmed) {
        Some(id) if trimmed.len() < raw.len() => (id, false),
        _ => (SectionId { family: Family::Other, name: raw.into() }, true),
    }
}

fn identify_config(raw: &str) -> Option<SectionId<'_>> {
    if raw == "default" {
        return Some(SectionId::profile(raw));
    }
    let families =
        [("profile", Family::Profile), ("sso-session", Family::SsoSession), ("services", Family::Services)];
    let (_, family) = families.into_iter().find(|(prefix, _)| raw.starts_with(prefix))?;
    Some(SectionId { family, name: second_of_two_words(raw)? })
}

/// Whether a header looks like one of ours but holds too few or too many words: the AWS CLI drops it.
pub(super) fn is_dropped(which: Which, raw: &str) -> bool {
    let begins = |prefix| raw.trim_start().starts_with(prefix);
    which == Which::Config
        && ["profile", "sso-session", "services"].into_iter().any(begins)
        && identify(which, raw).0.family == Family::Other
}

const BLANKS: [char; 4] = [' ', '\t', '\r', '\n'];

/// The second of exactly two words; `None` for fewer, more, or an open quote.
fn second_of_two_words(raw: &str) -> Option<Cow<'_, str>> {
    if !raw.contains(['\'', '"', '\\']) {
        let mut words = raw.split(BLANKS).filter(|word| !word.is_empty());
        let (_, second) = (words.next()?, words.next()?);
        return words.next().is_none().then_some(second.into());
    }
    let mut words = split(raw)?.into_iter();
    let (_, second) = (words.next()?, words.next()?);
    words.next().is_none().then_some(second.into())
}

/// Splits as a POSIX shell would, as far as quotes and backslashes go; `None` if a quote stays open.
///
/// In double quotes a backslash escapes only `"` and itself.
///
/// Source: Python `shlex.split(text, comments=False, posix=True)`.
fn split(raw: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = raw.chars();
    while let Some(c) = chars.next() {
        match c {
            c if BLANKS.contains(&c) => words.extend(word.take()),
            '\\' => word.get_or_insert_default().push(chars.next()?),
            '\'' => {
                let word = word.get_or_insert_default();
                loop {
                    match chars.next()? {
                        '\'' => break,
                        c => word.push(c),
                    }
                }
            }
            '"' => {
                let word = word.get_or_insert_default();
                loop {
                    match chars.next()? {
                        '"' => break,
                        '\\' => match chars.next()? {
                            c @ ('"' | '\\') => word.push(c),
                            c => word.extend(['\\', c]),
                        },
                        c => word.push(c),
                    }
                }
            }
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    Some(words)
}

/// Quotes a name that would not come back as one word.
///
/// Source: AWS CLI `configure/__init__.py`, `profile_to_section`, which quotes only for a blank or a tab; a name
/// with a quote or a backslash needs it too, or the loader drops the section.
fn quote(name: &str) -> Cow<'_, str> {
    if name.is_empty() || name.contains(BLANKS) || name.contains(['\'', '"', '\\']) {
        Cow::Owned(format!("'{}'", name.replace('\'', r#"'"'"'"#)))
    } else {
        Cow::Borrowed(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Source: `shlex.split` of Python 3.11.
    #[test]
    fn headers_split_as_python_splits_them() {
        for (raw, name) in [
            ("profile foo", Some("foo")),
            ("profile \t foo ", Some("foo")),
            ("profile", None),
            ("profilefoo", None),
            ("profilefoo bar", Some("bar")),
            ("profile foo bar", None),
            ("profile 'foo bar'", Some("foo bar")),
            (r#"profile "a\"b\c""#, Some(r#"a"b\c"#)),
            (r"profile foo\ bar", Some("foo bar")),
            (r"profile a\\b", Some(r"a\b")),
            ("profile 'a'b\"c\"", Some("abc")),
            ("profile ''", Some("")),
            ("profile 'foo", None),
            ("profile foo\\", None),
            ("profile a\u{3000}b", Some("a\u{3000}b")),
        ] {
            assert_eq!(second_of_two_words(raw).as_deref(), name, "{raw}");
        }
    }

    #[test]
    fn a_written_header_reads_back_as_the_same_section() {
        for name in [
            "dev",
            "a b",
            "it's",
            "a\"b",
            "a\\b",
            "日本 語",
            "a\u{3000}b",
            "profile x",
            "]",
            "a] b",
            "#x",
            "-x",
        ] {
            for which in [Which::Config, Which::Credentials] {
                let header = SectionId::profile(name).header(which).unwrap();
                assert_eq!(identify(which, &header), (SectionId::profile(name), true), "{header}");
            }
        }
        let sso = |name| SectionId { family: Family::SsoSession, name: Cow::Borrowed(name) };
        assert_eq!(SectionId::profile("a b").header(Which::Config).unwrap(), "profile 'a b'");
        assert_eq!(SectionId::profile("o'x y").header(Which::Config).unwrap(), r#"profile 'o'"'"'x y'"#);
        assert_eq!(SectionId::profile("default").header(Which::Config).unwrap(), "default");
        assert_eq!(sso("my sso").header(Which::Config).unwrap(), "sso-session 'my sso'");
        assert_eq!(sso("s").header(Which::Credentials), None);
        assert_eq!(SectionId::profile("DEFAULT").header(Which::Credentials), None);
    }
}
