//! A command line as one text becomes words, as the AWS CLI splits `credential_process`. No shell is asked.

/// Splits by the rules of this system.
///
/// # Errors
/// A quote that does not end, or a backslash at the end. The text is not shown: it may hold a secret.
pub(crate) fn split(line: &str) -> Result<Vec<String>, String> {
    if cfg!(windows) { windows(line) } else { posix(line) }
}

/// The quote that a character stands in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Quote {
    None,
    Single,
    Double,
}

/// Blanks part; both quotes group; a backslash makes the next character plain, between double quotes only a quote or
/// another backslash, between single quotes none. `$`, `~`, `#`, `|` are characters like any other.
///
/// Source: Python's `shlex.split`.
fn posix(line: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = Quote::None;
    let mut rest = line.chars();
    while let Some(c) = rest.next() {
        match (quote, c) {
            (Quote::None, ' ' | '\t' | '\r' | '\n') => words.extend(word.take()),
            (Quote::None, '\'') => (quote, word) = (Quote::Single, word.or_else(|| Some(String::new()))),
            (Quote::None, '"') => (quote, word) = (Quote::Double, word.or_else(|| Some(String::new()))),
            (Quote::Single, '\'') | (Quote::Double, '"') => quote = Quote::None,
            (Quote::None | Quote::Double, '\\') => {
                let next = rest.next().ok_or("it ends in a backslash that makes nothing plain")?;
                let word = word.get_or_insert_default();
                if quote == Quote::Double && !matches!(next, '"' | '\\') {
                    word.push('\\');
                }
                word.push(next);
            }
            _ => word.get_or_insert_default().push(c),
        }
    }
    if quote != Quote::None {
        return Err("a quote in it does not end".into());
    }
    words.extend(word);
    Ok(words)
}

/// Blanks and tabs part; only double quotes group; backslashes are plain, unless they stand before a double quote:
/// then two are one, and one makes the quote plain.
///
/// Source: botocore `compat.py`, `_windows_shell_split`, which has the rules of Microsoft's C runtime.
fn windows(line: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quoted = false;
    let mut backslashes = 0;
    for c in line.chars() {
        if c == '\\' {
            backslashes += 1;
            continue;
        }
        let is_plain = c == '"' && backslashes % 2 == 1;
        let kept = if c == '"' { backslashes / 2 } else { backslashes };
        if kept > 0 {
            word.get_or_insert_default().push_str(&"\\".repeat(kept));
        }
        backslashes = 0;
        match c {
            '"' if !is_plain => {
                quoted = !quoted;
                word.get_or_insert_default();
            }
            ' ' | '\t' if !quoted => words.extend(word.take()),
            _ => word.get_or_insert_default().push(c),
        }
    }
    if quoted {
        return Err("a quote in it does not end".into());
    }
    if backslashes > 0 {
        word.get_or_insert_default().push_str(&"\\".repeat(backslashes));
    }
    words.extend(word);
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    type Words = Option<&'static [&'static str]>;

    /// Source: `botocore.compat.compat_shell_split` of the same texts, for `linux` and for `win32`.
    const VECTORS: [(&str, Words, Words); 32] = [
        (
            "/opt/bin/awscreds --username helen",
            Some(&["/opt/bin/awscreds", "--username", "helen"]),
            Some(&["/opt/bin/awscreds", "--username", "helen"]),
        ),
        (
            r#""/path with space/x" a "b c" 'd e'"#,
            Some(&["/path with space/x", "a", "b c", "d e"]),
            Some(&["/path with space/x", "a", "b c", "'d", "e'"]),
        ),
        (r"/a/b\ c d", Some(&["/a/b c", "d"]), Some(&[r"/a/b\", "c", "d"])),
        (
            r"C:\Program Files\x.exe a",
            Some(&["C:Program", "Filesx.exe", "a"]),
            Some(&[r"C:\Program", r"Files\x.exe", "a"]),
        ),
        (
            r#""C:\Program Files\x.exe" a "b\"c""#,
            Some(&[r"C:\Program Files\x.exe", "a", "b\"c"]),
            Some(&[r"C:\Program Files\x.exe", "a", "b\"c"]),
        ),
        (r#"x "a""b""#, Some(&["x", "ab"]), Some(&["x", "ab"])),
        ("x 'a b'", Some(&["x", "a b"]), Some(&["x", "'a", "b'"])),
        (r#"x "" y"#, Some(&["x", "", "y"]), Some(&["x", "", "y"])),
        (r"x a\\ b", Some(&["x", r"a\", "b"]), Some(&["x", r"a\\", "b"])),
        (r#"x "a\\" b"#, Some(&["x", r"a\", "b"]), Some(&["x", r"a\", "b"])),
        (r#"x "a\\\" b""#, Some(&["x", r#"a\" b"#]), Some(&["x", r#"a\" b"#])),
        ("a\tb", Some(&["a", "b"]), Some(&["a", "b"])),
        (r#"x a"b c"d"#, Some(&["x", "ab cd"]), Some(&["x", "ab cd"])),
        (r#"x "unterminated"#, None, None),
        ("x 'unterminated", None, Some(&["x", "'unterminated"])),
        ("", Some(&[]), Some(&[])),
        ("  lead trail  ", Some(&["lead", "trail"]), Some(&["lead", "trail"])),
        ("a\nb\r\nc", Some(&["a", "b", "c"]), Some(&["a\nb\r\nc"])),
        ("x a\\\nb", Some(&["x", "a\nb"]), Some(&["x", "a\\\nb"])),
        ("x # y", Some(&["x", "#", "y"]), Some(&["x", "#", "y"])),
        (
            "x | y > z; w && v",
            Some(&["x", "|", "y", ">", "z;", "w", "&&", "v"]),
            Some(&["x", "|", "y", ">", "z;", "w", "&&", "v"]),
        ),
        (
            "x $HOME ~/y `id` *",
            Some(&["x", "$HOME", "~/y", "`id`", "*"]),
            Some(&["x", "$HOME", "~/y", "`id`", "*"]),
        ),
        ("'it'\\''s'", Some(&["it's"]), Some(&["'it'\\''s'"])),
        ("x\u{a0}y é日", Some(&["x\u{a0}y", "é日"]), Some(&["x\u{a0}y", "é日"])),
        ("x \\", None, Some(&["x", "\\"])),
        ("x 'a\\' b", Some(&["x", "a\\", "b"]), Some(&["x", "'a\\'", "b"])),
        ("\"a\\b\\$c\\`d\"", Some(&["a\\b\\$c\\`d"]), Some(&["a\\b\\$c\\`d"])),
        ("''", Some(&[""]), Some(&["''"])),
        ("x\\ ", Some(&["x "]), Some(&["x\\"])),
        ("\\\"x y", Some(&["\"x", "y"]), Some(&["\"x", "y"])),
        ("x a\\\\\"b c\"", Some(&["x", "a\\b c"]), Some(&["x", "a\\b c"])),
        ("x\\'y", Some(&["x'y"]), Some(&["x\\'y"])),
    ];

    #[test]
    fn words_equal_the_aws_clis() {
        for (line, unix, win) in VECTORS {
            let owned = |words: Words| words.map(|words| words.iter().map(ToString::to_string).collect());
            assert_eq!(posix(line).ok(), owned(unix), "posix: {line}");
            assert_eq!(windows(line).ok(), owned(win), "windows: {line}");
        }
    }
}
