//! Text that came from outside, made harmless for a terminal.

use std::fmt::Write as _;

/// The most characters of one foreign field that are shown.
const LONGEST: usize = 300;

/// Shows `raw` on one line: control characters, bidirectional overrides and invisible characters are spelled
/// out (`\x1b`, `\u{202e}`), a newline becomes a blank, and what is longer than 300 characters is cut.
pub(crate) fn clean(raw: &str) -> String {
    let mut shown = String::with_capacity(raw.len());
    for (count, c) in raw.chars().enumerate() {
        if count == LONGEST * 4 {
            shown.push('…');
            break;
        }
        match c {
            '\n' => shown.push(' '),
            c if c.is_control() && u32::from(c) < 0x100 => {
                let _ = write!(shown, "\\x{:02x}", u32::from(c));
            }
            c if is_deceptive(c) => {
                let _ = write!(shown, "\\u{{{:x}}}", u32::from(c));
            }
            c => shown.push(c),
        }
    }
    shown
}

/// [`clean`], for one field inside a sentence: cut after 300 characters.
pub(crate) fn field(raw: &str) -> String {
    match raw.char_indices().nth(LONGEST) {
        None => clean(raw),
        Some((end, _)) => format!("{}…", clean(&raw[..end])),
    }
}

/// Whether `c` changes how its neighbours look, or has no look of its own.
fn is_deceptive(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}

/// The known word nearest to a mistyped one, if it is near: at most a third of the letters differ.
pub(crate) fn nearest<'a>(typed: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (typed.chars().count().max(3)) / 3;
    known
        .map(|word| (distance(&typed.to_lowercase(), &word.to_lowercase()), word))
        .filter(|(far, _)| *far <= limit)
        .min_by_key(|(far, _)| *far)
        .map(|(_, word)| word)
}

/// Edits (insert, delete, replace, swap of neighbours) that turn `a` into `b`.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for (i, row) in rows.iter_mut().enumerate() {
        row[0] = i;
    }
    rows[0] = (0..=b.len()).collect();
    for i in 1..=a.len() {
        for j in 1..=b.len() {
            let replace = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = replace.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            rows[i][j] = best;
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_from_outside_moves_the_cursor() {
        assert_eq!(clean("a\u{1b}]0;x\u{7}b\u{9b}2J\nc"), "a\\x1b]0;x\\x07b\\x9b2J c");
        assert_eq!(clean("admin\u{202e}nimda\u{200b}"), "admin\\u{202e}nimda\\u{200b}");
        assert_eq!(clean("日本 é 🚀"), "日本 é 🚀");
        assert_eq!(field(&"x".repeat(5000)).chars().count(), LONGEST + 1);
    }

    #[test]
    fn the_nearest_name_is_offered_only_when_near() {
        let names = || ["dev", "prod", "staging"].into_iter();
        assert_eq!(nearest("dve", names()), Some("dev"));
        assert_eq!(nearest("Prod", names()), Some("prod"));
        assert_eq!(nearest("stagign", names()), Some("staging"));
        assert_eq!(nearest("banana", names()), None);
        assert_eq!(nearest("x", std::iter::empty()), None);
    }
}
