//! Which two files are read, by which variable.

use super::Which;
use crate::host::Host;
use std::path::{Path, PathBuf};

/// Where a file is, if anywhere.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Location {
    pub(super) path: Option<PathBuf>,
    /// For people: the home directory is `~`.
    pub(super) shown: String,
    /// Whether the place depends on the working directory.
    pub(super) is_relative: bool,
}

/// Finds a file: `AWS_CONFIG_FILE` or `AWS_SHARED_CREDENTIALS_FILE`, else `~/.aws/config` or `~/.aws/credentials`.
///
/// In a variable's value `$NAME`, `${NAME}` and a leading `~` are expanded. A variable that is set but empty names
/// no file, and without a home directory there is none.
///
/// Source: botocore `configloader.py`, `raw_config_parse` (`os.path.expandvars`, then `os.path.expanduser`).
pub(super) fn location(host: &Host, which: Which) -> Location {
    let home = host.home();
    let path = match host.env.var(which.variable()) {
        Some(value) => Some(expand(value, home.as_deref(), |name| host.env.var(name)))
            .filter(|path| !path.is_empty())
            .map(PathBuf::from),
        None => match host.env.path(which.variable()) {
            Some(not_text) => Some(not_text),
            None => home.as_ref().map(|home| home.join(".aws").join(which.file_name())),
        },
    };
    let Some(path) = path else { return Location { shown: which.variable().into(), ..Location::default() } };
    Location { shown: shown(&path, home.as_deref()), is_relative: path.is_relative(), path: Some(path) }
}

/// A path for people: below the home directory it begins with `~`.
pub(super) fn shown(path: &Path, home: Option<&Path>) -> String {
    match home.filter(|home| *home != Path::new("/")).and_then(|home| path.strip_prefix(home).ok()) {
        Some(below) => Path::new("~").join(below).display().to_string(),
        None => path.display().to_string(),
    }
}

fn expand<'a>(value: &str, home: Option<&Path>, var: impl Fn(&str) -> Option<&'a str>) -> String {
    let mut out = String::with_capacity(value.len());
    let mut rest = value;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let (name, length) = if let Some(braced) = rest[1..].strip_prefix('{') {
            braced.find('}').map_or(("", 1), |end| (&braced[..end], end + 3))
        } else {
            let end = rest[1..].find(|c| !word(c)).unwrap_or(rest.len() - 1);
            (&rest[1..=end], end + 1)
        };
        out.push_str(Some(name).filter(|name| !name.is_empty()).and_then(&var).unwrap_or(&rest[..length]));
        rest = &rest[length..];
    }
    out.push_str(rest);
    with_home(&out, home)
}

/// A path with a leading `~` replaced; another user's (`~name`) stays as it is.
pub(super) fn with_home(path: &str, home: Option<&Path>) -> String {
    let separators = if cfg!(windows) { &['/', '\\'][..] } else { &['/'] };
    match (path.strip_prefix('~'), home.and_then(Path::to_str)) {
        (Some(rest), Some(home)) if rest.is_empty() || rest.starts_with(separators) => {
            format!("{}{rest}", home.trim_end_matches(separators))
        }
        _ => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Source: Python 3.11 `posixpath.expandvars`, `expanduser`.
    #[test]
    fn variables_and_the_home_are_expanded() {
        let var = |name: &str| match name {
            "D" => Some("/data"),
            "T" => Some("~"),
            _ => None,
        };
        for (value, path) in [
            ("/a/b", "/a/b"),
            ("~/x", "/home/u/x"),
            ("~", "/home/u"),
            ("~other/x", "~other/x"),
            ("a~/x", "a~/x"),
            ("$D/x", "/data/x"),
            ("${D}x/$D", "/datax//data"),
            ("$T/x", "/home/u/x"),
            ("$NONE/x", "$NONE/x"),
            ("${NONE}/x", "${NONE}/x"),
            ("${D", "${D"),
            ("$", "$"),
            ("${}x", "${}x"),
            ("a$$D", "a$/data"),
        ] {
            assert_eq!(expand(value, Some(Path::new("/home/u")), var), path, "{value}");
        }
    }

    #[test]
    fn a_path_below_the_home_is_shown_short() {
        let home = Some(Path::new("/home/u"));
        assert_eq!(shown(Path::new("/home/u/.aws/config"), home), "~/.aws/config");
        assert_eq!(shown(Path::new("/home/user/c"), home), "/home/user/c");
        assert_eq!(shown(Path::new("/c"), Some(Path::new("/"))), "/c");
        assert_eq!(shown(Path::new("/c"), None), "/c");
    }
}
