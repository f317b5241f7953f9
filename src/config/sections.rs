//! Where the sections of a file stand: all that is looked for before one of them is asked for.

use super::lines::{Line, Row, Rows, Stray, is_blank};
use std::ops::Range;

/// A section, in offsets of the text: small, since a file has hundreds and a run asks for one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Section {
    span: Range<u32>,
    body: u32,
    header: Range<u32>,
}

impl Section {
    fn new(span: Range<usize>, body: usize, header: Range<usize>) -> Section {
        // no file is read that is larger than 64 MiB
        let small = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        let range = |range: Range<usize>| small(range.start)..small(range.end);
        Section { span: range(span), body: small(body), header: range(header) }
    }

    /// From the beginning of its header's line to the next header, or the end.
    pub(super) fn span(&self) -> Range<usize> {
        self.span.start as usize..self.span.end as usize
    }

    /// From the line below the header.
    pub(super) fn body(&self) -> Range<usize> {
        self.body as usize..self.span.end as usize
    }

    /// What stands between the brackets; empty if it is damaged.
    pub(super) fn header(&self) -> Range<usize> {
        self.header.start as usize..self.header.end as usize
    }
}

/// Finds the sections; `marks` are the offsets of what is damaged.
///
/// Only `[` is looked for. One at the beginning of a line opens a section, whatever stands above it; whether an
/// indented one does depends on the lines above, and then all lines are read.
pub(super) fn sections(text: &str, marks: &[usize]) -> Vec<Section> {
    let found = if marks.is_empty() { quickly(text) } else { None };
    found.unwrap_or_else(|| thoroughly(text, marks))
}

fn quickly(text: &str) -> Option<Vec<Section>> {
    let mut sections = Vec::new();
    let bytes = text.as_bytes();
    for at in memchr::memchr_iter(b'[', bytes) {
        if at > 0 && !matches!(bytes[at - 1], b'\n' | b'\r') {
            let before = text[..at].trim_end_matches(|c| is_blank(c) && c != '\n' && c != '\r');
            if before.is_empty() || before.ends_with(['\n', '\r']) {
                return None;
            }
            continue;
        }
        let end = at + memchr::memchr2(b'\n', b'\r', &bytes[at..]).unwrap_or(bytes.len() - at);
        if end - at > 2 && bytes[end - 1] == b']' {
            let body = end + usize::from(end < bytes.len()) + usize::from(bytes[end..].starts_with(b"\r\n"));
            add(&mut sections, Section::new(at..text.len(), body, at + 1..end - 1));
            continue;
        }
        // at the beginning of a line no more than that line is read
        let Some(Row { next, line, .. }) = Rows::of_file(&text[at..], &[]).next() else { continue };
        push(&mut sections, at, at + next, line, text);
    }
    Some(sections)
}

fn thoroughly(text: &str, marks: &[usize]) -> Vec<Section> {
    let mut sections = Vec::new();
    for Row { start, next, line, .. } in Rows::of_file(text, marks) {
        push(&mut sections, start, next, line, text);
    }
    sections
}

fn push(sections: &mut Vec<Section>, start: usize, body: usize, line: Line<'_>, text: &str) {
    let header = match line {
        Line::Header(raw) => {
            let at = start + text[start..].find('[').unwrap_or(0) + 1;
            at..at + raw.len()
        }
        Line::Stray(Stray::Unclosed | Stray::DamagedHeader) => start..start,
        _ => return,
    };
    add(sections, Section::new(start..text.len(), body, header));
}

fn add(sections: &mut Vec<Section>, section: Section) {
    if let Some(above) = sections.last_mut() {
        above.span.end = section.span.start;
    }
    sections.push(section);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quick_way_finds_what_the_thorough_way_finds() {
        for text in [
            "[a]\nx=1\n[b]\n",
            "x [a]\n[b\n[c]",
            "\r[a]\r\n[b]\r[c] [d]\r[e=]f\n[g=\n[]\n[]]\n",
            "[a]\nx=[\ny=[1]\n",
        ] {
            assert_eq!(quickly(text).unwrap(), thoroughly(text, &[]), "{text:?}");
        }
        assert_eq!(quickly("[a]\nx=1\n  [b]\n"), None);
        assert_eq!(quickly("\u{3000}[b]\n"), None);
        let starts = |text: &str| sections(text, &[]).iter().map(|s| s.span().start).collect::<Vec<_>>();
        assert_eq!(starts("[a]\n  [b]\n  x=1\n    [c]\n [d]\n"), [0, 4, 24]);
    }
}
