//! What each line of a file is: the dialect of INI that Python's `configparser` reads.

/// One line and its place.
pub(super) struct Row<'t> {
    /// Counted from 1.
    pub(super) number: usize,
    /// Where the line begins.
    pub(super) start: usize,
    /// Where the next line begins.
    pub(super) next: usize,
    pub(super) line: Line<'t>,
}

/// What a line is. Texts are without the blanks around them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line<'t> {
    Blank,
    Comment,
    /// `[text]`
    Header(&'t str),
    /// `key = value` or `key: value`
    Setting {
        key: &'t str,
        value: &'t str,
    },
    /// More of the value above.
    Continuation(&'t str),
    /// More of a line above that is not understood.
    Lost,
    Stray(Stray),
}

/// Why a line is not understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stray {
    /// Something other than a comment before the first header.
    BeforeSections,
    /// `[` with no `]`: the settings below belong to no section that we know.
    Unclosed,
    /// A header that holds NUL or is not UTF-8: likewise.
    DamagedHeader,
    /// Neither `=` nor `:`.
    NoDelimiter,
    NoKey,
    /// A setting that holds NUL or is not UTF-8.
    Damaged,
    /// The same in a later line of a value: the whole value is unusable.
    DamagedContinuation,
}

/// To what an indented line belongs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Owner {
    Nobody,
    Setting,
    Lost,
}

/// Walks over the lines of a text.
///
/// | line | is |
/// |---|---|
/// | nothing but blanks | blank, or part of a value that goes on below |
/// | `#` or `;` first, however indented | comment |
/// | indented deeper than the setting above | continuation, whatever it holds |
/// | `[`, and a `]` later (the last one counts) | header |
/// | text, `=` or `:` (the first of them) | setting |
///
/// Lines end in LF, CRLF or CR. Indentation is counted in characters.
///
/// Source: Python 3.11 `configparser.py`, `RawConfigParser._read`, `SECTCRE`, `OPTCRE`.
pub(super) struct Rows<'t> {
    text: &'t str,
    /// Where something is damaged, in ascending order; what is behind us is cut off.
    marks: &'t [usize],
    at: usize,
    end: usize,
    number: usize,
    indent: usize,
    owner: Owner,
    in_section: bool,
}

impl<'t> Rows<'t> {
    /// The rows of a whole file. `marks` are offsets of damaged places, ascending.
    pub(super) fn of_file(text: &'t str, marks: &'t [usize]) -> Rows<'t> {
        Rows {
            text,
            marks,
            at: 0,
            end: text.len(),
            number: 0,
            indent: 0,
            owner: Owner::Nobody,
            in_section: false,
        }
    }

    /// The rows below a header, in `range`; they are counted from there.
    pub(super) fn of_section(text: &'t str, marks: &'t [usize], range: std::ops::Range<usize>) -> Rows<'t> {
        let marks = &marks[marks.partition_point(|mark| *mark < range.start)..];
        Rows { at: range.start, end: range.end, in_section: true, ..Rows::of_file(text, marks) }
    }

    fn line(&mut self, raw: &'t str, damaged: bool) -> Line<'t> {
        let line = strip(raw);
        if line.is_empty() {
            return Line::Blank;
        }
        if line.starts_with(['#', ';']) {
            return Line::Comment;
        }
        let indent = indentation(raw);
        if self.owner != Owner::Nobody && indent > self.indent {
            return match self.owner {
                Owner::Setting if damaged => {
                    self.owner = Owner::Lost;
                    Line::Stray(Stray::DamagedContinuation)
                }
                Owner::Setting => Line::Continuation(line),
                _ => Line::Lost,
            };
        }
        self.indent = indent;
        let line = self.unindented(line, damaged);
        self.owner = match line {
            Line::Header(_) | Line::Stray(Stray::Unclosed | Stray::DamagedHeader | Stray::BeforeSections) => {
                Owner::Nobody
            }
            Line::Setting { .. } => Owner::Setting,
            _ => Owner::Lost,
        };
        line
    }

    fn unindented(&mut self, line: &'t str, damaged: bool) -> Line<'t> {
        if let Some(inner) = line.strip_prefix('[')
            && let Some(end) = inner.rfind(']')
            && end > 0
        {
            self.in_section = true;
            return if damaged { Line::Stray(Stray::DamagedHeader) } else { Line::Header(&inner[..end]) };
        }
        let delimiter = line.bytes().position(|b| matches!(b, b'=' | b':'));
        if line.starts_with('[') && delimiter.is_none() {
            self.in_section = true;
            return Line::Stray(Stray::Unclosed);
        }
        match delimiter {
            _ if !self.in_section => Line::Stray(Stray::BeforeSections),
            _ if damaged => Line::Stray(Stray::Damaged),
            None => Line::Stray(Stray::NoDelimiter),
            Some(0) => Line::Stray(Stray::NoKey),
            Some(at) => Line::Setting { key: strip(&line[..at]), value: strip(&line[at + 1..]) },
        }
    }
}

impl<'t> Iterator for Rows<'t> {
    type Item = Row<'t>;

    fn next(&mut self) -> Option<Row<'t>> {
        let (start, bytes) = (self.at, self.text.as_bytes());
        if start >= self.end {
            return None;
        }
        let ends = |byte: &u8| matches!(byte, b'\n' | b'\r');
        let end = bytes[start..self.end].iter().position(ends).map_or(self.end, |length| start + length);
        let next = match bytes[end..self.end] {
            [b'\r', b'\n', ..] => end + 2,
            [_, ..] => end + 1,
            [] => end,
        };
        let damaged = self.marks.first().is_some_and(|mark| *mark < end);
        if damaged {
            self.marks = &self.marks[self.marks.partition_point(|mark| *mark < end)..];
        }
        self.at = next;
        self.number += 1;
        let line = self.line(&self.text[start..end], damaged);
        Some(Row { number: self.number, start, next, line })
    }
}

/// Whether Python's `str.strip` removes `c`.
pub(super) fn is_blank(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}

/// Removes what Python's `str.strip` removes.
pub(super) fn strip(raw: &str) -> &str {
    match raw.as_bytes() {
        [first, .., last] if first.is_ascii_graphic() && last.is_ascii_graphic() => raw,
        _ => raw.trim_matches(is_blank),
    }
}

fn indentation(raw: &str) -> usize {
    match raw.as_bytes().first() {
        Some(first) if first.is_ascii_graphic() => 0,
        _ => raw.chars().take_while(|c| is_blank(*c)).count(),
    }
}

/// The pairs of a nested block: the value's lines, cut at their first `=`. A line without one is an `Err`.
///
/// Source: botocore `configloader.py`, `_parse_nested`; the line ends are those of Python's `str.splitlines`.
pub(super) fn nested(value: &str) -> impl Iterator<Item = Result<(&str, &str), &str>> {
    let ends = |c: char| {
        matches!(
            c,
            '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{1c}'..='\u{1e}' | '\u{85}' | '\u{2028}' | '\u{2029}'
        )
    };
    value
        .split(ends)
        .map(strip)
        .filter(|line| !line.is_empty())
        .map(|line| line.split_once('=').map(|(key, value)| (strip(key), strip(value))).ok_or(line))
}
