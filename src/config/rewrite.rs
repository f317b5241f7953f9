//! One setting put into a text or taken out of it, every other byte kept; and the proof of that.

use super::document::Document;
use super::flaws::lower;
use super::header::{self, SectionId};
use super::lines::{Line, Row, Rows, is_blank, strip};
use crate::model::text::field;
use std::collections::BTreeMap;
use zeroize::Zeroizing;

/// A setting to put or, without a value, to take away. The value may be a secret, so there is no `Debug`.
#[derive(Clone)]
pub(super) struct Change {
    pub(super) section: SectionId<'static>,
    /// Lower case.
    pub(super) key: String,
    pub(super) value: Option<Zeroizing<String>>,
}

/// Text that may hold a secret.
type Text = Zeroizing<String>;

impl Change {
    /// Refuses what would not come back as it was written.
    ///
    /// # Errors
    /// A sentence that names the section or the key, never the value.
    pub(super) fn check(&self) -> Result<(), String> {
        let name = &*self.section.name;
        if name.is_empty() || name.contains(char::is_control) {
            return Err(format!("`{}` cannot be the name of a section", field(name)));
        }
        let key = &*self.key;
        let stands = strip(key) == key && !key.is_empty() && !key.starts_with(['#', ';', '[']);
        if !stands || key.contains(['=', ':']) || key.contains(char::is_control) {
            return Err(format!("`{}` cannot be a key", field(key)));
        }
        let Some(value) = &self.value else { return Ok(()) };
        if value.contains(char::is_control) {
            return Err(format!("the value for `{key}` holds a control character or a newline"));
        }
        if strip(value) != value.as_str() {
            return Err(format!(
                "the value for `{key}` begins or ends with a blank, which no reader would keep"
            ));
        }
        Ok(())
    }
}

/// The text of `before` with all `changes` made, byte order mark included; `None` if they change nothing.
///
/// # Errors
/// Why it cannot be done so that only what was asked for changes.
pub(super) fn rewrite(before: &Document, changes: &[Change]) -> Result<Option<Text>, String> {
    let mut wanted = settings(before);
    let parse = |text: &Text| Document::parse(before.which, text.as_bytes().to_vec());
    let mut text = before.text.clone();
    for change in changes {
        change.check()?;
        let document = parse(&text);
        let header = match document.find(&change.section).first() {
            Some(at) => document.header(*at).to_owned(),
            None if change.value.is_none() => continue,
            None => new_header(&document, change)?,
        };
        if !header::identify(before.which, &header).1 {
            return Err(format!(
                "the AWS CLI does not see `[{}]`, with its blanks inside the brackets",
                field(&header)
            ));
        }
        let section = wanted.entry(header).or_default();
        match &change.value {
            Some(value) => drop(section.insert(change.key.clone(), value.clone())),
            None => drop(section.remove(&change.key)),
        }
        text = with(&document, change)?;
    }
    if *text == *before.text {
        return Ok(None);
    }
    let after = parse(&text);
    let as_asked = |change: &Change| {
        let sections = after.find(&change.section);
        let last = changes.iter().rfind(|c| c.section == change.section && c.key == change.key);
        let items = if sections.is_empty() { Vec::new() } else { after.items_of(sections[0]) };
        let now = items.iter().find(|item| item.key == change.key).map(|item| &*item.value);
        now == last.and_then(|c| c.value.as_ref()).map(|value| value.as_str())
    };
    let is_right = settings(&after) == wanted
        && comments(&after.text).eq(comments(&before.text))
        && after.flaws().obstacle.is_none()
        && changes.iter().all(as_asked);
    if !is_right {
        return Err("read back, the edited text would say something else than was asked for".into());
    }
    if before.has_bom {
        text.insert(0, '\u{feff}');
    }
    Ok(Some(text))
}

/// All that a text says: headers, keys, values.
fn settings(document: &Document) -> BTreeMap<String, BTreeMap<String, Text>> {
    let mut all: BTreeMap<String, BTreeMap<String, Text>> = BTreeMap::new();
    for at in 0..document.sections.len() {
        let section = all.entry(document.header(at).to_owned()).or_default();
        for item in document.items_of(at) {
            section.insert(item.key.into_owned(), Zeroizing::new(item.value.into_owned()));
        }
    }
    all
}

fn comments(text: &str) -> impl Iterator<Item = &str> {
    let is_comment = |row: &Row<'_>| row.line == Line::Comment;
    Rows::of_file(text, &[]).filter(is_comment).map(|row| strip(&text[row.start..row.next]))
}

/// A setting's rows in a text: its line, its later lines, and what stands between them.
struct Block<'t> {
    key: &'t str,
    rows: Vec<Row<'t>>,
}

/// The settings of a section with their rows.
fn blocks(document: &Document, section: usize) -> Vec<Block<'_>> {
    let mut blocks: Vec<Block<'_>> = Vec::new();
    let mut between = Vec::new();
    for row in document.rows(section) {
        match row.line {
            Line::Setting { key, .. } => {
                between.clear();
                blocks.push(Block { key, rows: vec![row] });
            }
            Line::Continuation(_) => {
                if let Some(block) = blocks.last_mut() {
                    block.rows.append(&mut between);
                    block.rows.push(row);
                }
            }
            _ => between.push(row),
        }
    }
    blocks
}

/// The text with one change made.
fn with(document: &Document, change: &Change) -> Result<Text, String> {
    let text = &document.text;
    let Some(section) = document.find(&change.section).first().copied() else {
        return match &change.value {
            Some(value) => with_section(document, change, value),
            None => Ok(text.clone()),
        };
    };
    let blocks = blocks(document, section);
    let known = blocks.iter().find(|block| lower(block.key) == change.key);
    match (known, &change.value) {
        (None, None) => Ok(text.clone()),
        (Some(block), Some(value)) if says(block, value) => Ok(text.clone()),
        (Some(block), value) => {
            let (first, last) = (&block.rows[0], &block.rows[block.rows.len() - 1]);
            let indent = indentation(&text[first.start..]);
            let mut new = Zeroizing::new(String::new());
            if let Some(value) = value {
                *new = line(indent, block.key, value, end_of(&text[first.start..first.next]));
            }
            let comments = block.rows.iter().filter(|row| row.line == Line::Comment);
            comments.for_each(|row| new.push_str(&text[row.start..row.next]));
            Ok(splice(text, first.start..last.next, &new))
        }
        (None, Some(value)) => {
            let (at, indent) = if let Some(block) = blocks.last() {
                (block.rows[block.rows.len() - 1].next, indentation(&text[block.rows[0].start..]))
            } else {
                // less indented than the header below, it would make that a continuation
                let below = document.sections.get(section + 1).map(|below| &text[below.span().start..]);
                (document.sections[section].body().start, below.map_or("", indentation))
            };
            let end = line_end(&text[..at], text);
            let mut new = Zeroizing::new(line(indent, &change.key, value, end));
            if end_of(&text[..at]).is_empty() {
                new.insert_str(0, end);
            }
            Ok(splice(text, at..at, &new))
        }
    }
}

/// The text with a new section at its end, after a blank line.
fn with_section(document: &Document, change: &Change, value: &str) -> Result<Text, String> {
    let text = &document.text;
    let end = line_end(text, text);
    let mut new = Zeroizing::new(String::with_capacity(text.len() + 256));
    new.push_str(text);
    if !text.is_empty() {
        if end_of(text).is_empty() {
            new.push_str(end);
        }
        if Rows::of_file(text, &[]).last().is_some_and(|row| row.line != Line::Blank) {
            new.push_str(end);
        }
    }
    let setting = Zeroizing::new(line("", &change.key, value, end));
    for part in ["[", &new_header(document, change)?, "]", end, &setting] {
        new.push_str(part);
    }
    Ok(new)
}

fn new_header(document: &Document, change: &Change) -> Result<String, String> {
    let header = change.section.header(document.which);
    header.ok_or_else(|| format!("no header in this file can name `{}`", field(&change.section.name)))
}

/// Whether a block is one line that has this value already.
fn says(block: &Block<'_>, value: &str) -> bool {
    block.rows.len() == 1 && matches!(block.rows[0].line, Line::Setting { value: now, .. } if now == value)
}

fn line(indent: &str, key: &str, value: &str, end: &str) -> String {
    let blank = if value.is_empty() { "" } else { " " };
    [indent, key, " =", blank, value, end].concat()
}

fn splice(text: &str, range: std::ops::Range<usize>, new: &str) -> Text {
    Zeroizing::new([&text[..range.start], new, &text[range.end..]].concat())
}

fn indentation(line: &str) -> &str {
    &line[..line.len() - line.trim_start_matches(is_blank).len()]
}

/// The line end with which a text ends, if with one.
fn end_of(text: &str) -> &str {
    ["\r\n", "\n", "\r"].into_iter().find(|end| text.ends_with(end)).unwrap_or("")
}

/// The line end for a line after `above`: the same, or the file's first.
fn line_end(above: &str, text: &str) -> &'static str {
    let first = || Rows::of_file(text, &[]).next().map_or("", |row| end_of(&text[row.start..row.next]));
    let end = Some(end_of(above)).filter(|end| !end.is_empty()).unwrap_or_else(first);
    ["\r\n", "\r"].into_iter().find(|known| *known == end).unwrap_or("\n")
}
