//! A half-typed line of bash, and how what is put into it must be quoted there.

/// The quotes that are open at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Open {
    Nothing,
    Single,
    Double,
    /// `$'…'`
    Ansi,
}

/// A command line up to the cursor. Nothing in it is expanded: `$( )` and `$HOME` stand for themselves.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// The words before the cursor's, without the program's name.
    pub(super) words: Vec<String>,
    /// What the cursor's word says so far.
    pub(super) current: String,
    /// What of it stays on the line.
    pub(super) kept: String,
    open: Open,
}

impl Line {
    /// `line` ends at the cursor; `replaced` is the end of it that readline will replace.
    ///
    /// Who completes for another command (bash-completion, for `sudo awsenv …`) says it less exactly: with the open
    /// quote, and `:` or `=` where readline replaces nothing.
    pub(super) fn read(line: &str, replaced: &str) -> Line {
        let Split { mut words, word: current, open, inside } = split(line);
        let replaced = if matches!(replaced, ":" | "=") { "" } else { replaced };
        let kept = match open {
            Open::Nothing => line.strip_suffix(replaced).unwrap_or(line),
            _ => &line[..inside],
        };
        let kept = split(kept).word;
        words.drain(..1.min(words.len()));
        Line { words, current, kept, open }
    }

    /// `rest` so that with what stays before it, it is one literal word. readline adds the closing quote.
    pub(super) fn spell(&self, rest: &str) -> String {
        match self.open {
            Open::Nothing => bare(rest),
            // Each begins with its quote: readline takes the open one away before something that begins with it, and
            // the text itself may.
            Open::Single => format!("'{}", rest.replace('\'', r"'\''")),
            Open::Double => format!("\"{}", in_double_quotes(rest)),
            Open::Ansi => rest.replace('\\', r"\\").replace('\'', r"\'"),
        }
    }
}

/// A line, split.
struct Split {
    /// All words but the last.
    words: Vec<String>,
    word: String,
    open: Open,
    /// Where the text of the open quote begins.
    inside: usize,
}

fn split(line: &str) -> Split {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut open = Open::Nothing;
    let mut inside = 0;
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        let next = chars.clone().next();
        let was = open;
        match (open, c) {
            (Open::Nothing, ' ' | '\t' | '\n') => {
                words.extend(word.take());
                continue;
            }
            (Open::Nothing, '\'') => open = Open::Single,
            (Open::Nothing, '"') => open = Open::Double,
            (Open::Nothing, '$') if next == Some('\'') => {
                chars.next();
                open = Open::Ansi;
            }
            (Open::Single | Open::Ansi, '\'') | (Open::Double, '"') => open = Open::Nothing,
            // one that is typed last has nothing to escape yet
            (Open::Nothing | Open::Ansi, '\\') => word.get_or_insert_default().extend(chars.next()),
            (Open::Double, '\\') if next.is_none_or(|next| "\"\\$`".contains(next)) => {
                word.get_or_insert_default().extend(chars.next());
            }
            (_, c) => word.get_or_insert_default().push(c),
        }
        word.get_or_insert_default();
        if was == Open::Nothing {
            inside = line.len() - chars.as_str().len();
        }
    }
    Split { words, word: word.unwrap_or_default(), open, inside }
}

fn bare(text: &str) -> String {
    let mut spelled = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii() && !c.is_ascii_alphanumeric() && !"_-./:=+@%".contains(c) {
            spelled.push('\\');
        }
        spelled.push(c);
    }
    spelled
}

fn in_double_quotes(text: &str) -> String {
    let mut spelled = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' | '\\' | '$' | '`' => spelled.extend(['\\', c]),
            '!' => spelled.push_str("\"'!'\""), // the history, and a backslash would stay
            c => spelled.push(c),
        }
    }
    spelled
}

/// Text in ASCII alone, as .NET's `Regex.Unescape` reads it.
pub(super) fn ascii(text: &str) -> String {
    let mut spelled = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' => spelled.push_str(r"\\"),
            c if c.is_ascii() => spelled.push(c),
            c => spelled.extend(c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04X}"))),
        }
    }
    spelled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_half_typed_line_is_split_as_bash_splits_it() {
        for (line, words, current) in [
            ("awsenv ", &[][..], ""),
            ("awsenv login d", &["login"], "d"),
            ("awsenv -q  login\t", &["-q", "login"], ""),
            (r"awsenv login my\ d", &["login"], "my d"),
            ("awsenv login 'my d", &["login"], "my d"),
            ("awsenv login \"my $(x) \\\" \\d", &["login"], "my $(x) \" \\d"),
            (r"awsenv login 'it'\''s d", &["login"], "it's d"),
            (r"awsenv login $'it\'s d", &["login"], "it's d"),
            ("awsenv login '' x", &["login", ""], "x"),
            ("awsenv login a:'b c'd=\"e", &["login"], "a:b cd=e"),
            (r"awsenv login my\", &["login"], "my"),
            ("awsenv login \"my\\", &["login"], "my"),
            ("awsenv login é日", &["login"], "é日"),
        ] {
            let read = Line::read(line, "");
            assert_eq!(
                (&read.words[..], &*read.current),
                (&words.iter().map(ToString::to_string).collect::<Vec<_>>()[..], current),
                "{line}"
            );
        }
    }

    #[test]
    fn what_is_put_in_is_quoted_for_its_place() {
        let spelled = |line: &str, replaced: &str, value: &str| {
            let line = Line::read(line, replaced);
            line.spell(value.strip_prefix(&line.kept).unwrap())
        };
        for (line, replaced, value, text) in [
            ("a login d", "d", "dev", "dev"),
            ("a login ", "", "it's $(touch P) \"q\" \\ % é", r#"it\'s\ \$\(touch\ P\)\ \"q\"\ \\\ %\ é"#),
            ("a login acct:", "", "acct:a b", r"a\ b"),
            ("a login --region=eu", "eu", "--region=eu-west-1", "eu-west-1"),
            ("a login 'my d", "my d", "my dev's", r"'my dev'\''s"),
            ("a login '", "", "'x'", r"''\''x'\''"),
            ("a login \"my", "my", "my $x!\"`\\", "\"my \\$x\"'!'\"\\\"\\`\\\\"),
            (r"a login 'it'\''s d", "s d", "it's dev", "'s dev"),
            ("a login $'a", "a", "a'b\\", r"a\'b\\"),
            ("a login acct:'a b", "a b", "acct:a bc", "'a bc"),
            // as bash-completion passes it on
            ("a login 'my d", "'my d", "my dev", "'my dev"),
            ("a login acct:", ":", "acct:a b", r"a\ b"),
        ] {
            assert_eq!(spelled(line, replaced, value), text, "{line}");
        }
    }

    #[test]
    fn what_powershell_reads_is_ascii() {
        assert_eq!(ascii("a\\é\u{1f680}\tb"), r"a\\\u00E9\uD83D\uDE80	b");
    }
}
