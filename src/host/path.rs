//! Paths as people and the AWS CLI write them.

use std::path::Path;

/// A path for people: below the home directory it begins with `~`.
pub(crate) fn shown(path: &Path, home: Option<&Path>) -> String {
    match home.filter(|home| *home != Path::new("/")).and_then(|home| path.strip_prefix(home).ok()) {
        Some(below) => Path::new("~").join(below).display().to_string(),
        None => path.display().to_string(),
    }
}

/// A path as the AWS CLI reads it from a variable: `$NAME`, `${NAME}` and a leading `~` are expanded; an unknown name
/// stays as it is.
///
/// Source: Python's `os.path.expanduser(os.path.expandvars(path))`.
pub(super) fn expand<'a>(value: &str, home: Option<&Path>, var: impl Fn(&str) -> Option<&'a str>) -> String {
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
pub(crate) fn with_home(path: &str, home: Option<&Path>) -> String {
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
