//! One file: its sections by name, what is wrong with it, and its text, from which nothing is lost.

use super::Which;
use super::header::{self, Family, SectionId};
use super::lines::{Line, Rows, Stray};
use super::outline::{self, Flaw, Flaws, Section, lower};
use std::borrow::Cow;
use std::collections::hash_map::{Entry, RandomState};
use std::collections::{HashMap, HashSet};
use std::hash::BuildHasher as _;
use zeroize::Zeroizing;

pub(super) const BOM: &[u8] = b"\xef\xbb\xbf";

/// A file, read as the AWS CLI reads it, but never refused.
///
/// | where the AWS CLI refuses the file | here |
/// |---|---|
/// | byte order mark | skipped, and kept by an edit |
/// | a line that is no setting, text before the first header | that line is skipped |
/// | `[` without `]` | the settings below it are skipped |
/// | a section twice, a key twice | merged, the last one counts |
/// | not UTF-8 | that line is skipped, or the section if it is its header (likewise for NUL) |
///
/// Everything is kept as offsets into one text; the settings of a section are read when it is asked for.
pub(super) struct Document {
    pub(super) which: Which,
    /// Without the byte order mark; what was not UTF-8 is replaced.
    pub(super) text: Zeroizing<String>,
    pub(super) has_bom: bool,
    marks: Vec<usize>,
    pub(super) sections: Vec<Section>,
    /// By the hash of an identity, the section that counts.
    index: HashMap<u64, usize>,
    hasher: RandomState,
    /// The first `[DEFAULT]`.
    inherited: Option<usize>,
    flaws: Flaws,
}

/// A setting where it stands.
pub(super) struct Item<'t> {
    /// Lower case.
    pub(super) key: Cow<'t, str>,
    /// Lines are joined by `\n`; a nested block begins with one.
    pub(super) value: Cow<'t, str>,
    pub(super) line: usize,
}

impl Document {
    /// Reads a file. Never fails: what cannot be read is a [`Flaw`].
    pub(super) fn parse(which: Which, bytes: Vec<u8>) -> Document {
        let bytes = Zeroizing::new(bytes);
        let mut flaws = Flaws::default();
        let has_bom = bytes.starts_with(BOM);
        if has_bom {
            // no obstacle to an edit, which keeps it
            flaws.push(1, "a byte order mark, for which the AWS CLI refuses the file", true, false);
        }
        let (text, marks) = decode(&bytes[if has_bom { BOM.len() } else { 0 }..]);
        judge_encoding(&text, &marks, &mut flaws);
        let sections = outline::outline(which, &text, &marks, &mut flaws);
        let mut document = Document {
            which,
            text,
            has_bom,
            marks,
            index: HashMap::with_capacity(sections.len()),
            sections,
            hasher: RandomState::new(),
            inherited: None,
            flaws,
        };
        document.number();
        document
    }

    /// Gives each identity its section: of two spellings of one name the later counts, but never one that only
    /// we read so. Sections with the very same header are chained.
    fn number(&mut self) {
        let mut first_of: HashMap<&str, (usize, usize)> = HashMap::with_capacity(self.sections.len());
        let mut chained = Vec::new();
        for at in 0..self.sections.len() {
            let (raw, line) = (&self.text[self.sections[at].header.clone()], self.sections[at].line);
            let first = match first_of.entry(raw) {
                Entry::Vacant(free) => {
                    free.insert((at, at));
                    None
                }
                Entry::Occupied(mut known) => {
                    let (first, last) = *known.get();
                    chained.push((last, at));
                    known.insert((first, at));
                    Some(first)
                }
            };
            let (id, exact) = header::identify(self.which, raw);
            if id.family == Family::Inherited {
                self.inherited.get_or_insert(at);
                continue;
            }
            if let Some(first) = first {
                let first = self.sections[first].line;
                let message = format!(
                    "the same section as in line {first}: they are merged, and this one counts first"
                );
                self.flaws.fatal(line, message);
                continue;
            }
            match self.index.entry(self.hasher.hash_one(&id)) {
                Entry::Vacant(free) => {
                    free.insert(at);
                }
                Entry::Occupied(mut known) => {
                    let other = &self.sections[*known.get()];
                    let other_exact = header::identify(self.which, &self.text[other.header.clone()]).1;
                    let (hidden, by) =
                        if exact || !other_exact { (other.line, line) } else { (line, other.line) };
                    let message =
                        format!("the same name as in line {by}, which counts instead of this section");
                    self.flaws.odd(hidden, message);
                    if by == line {
                        known.insert(at);
                    }
                }
            }
        }
        for (from, to) in chained {
            self.sections[from].repeated = Some(to);
        }
        self.judge_inherited();
    }

    /// `[DEFAULT]` may stand twice, but its keys may not.
    fn judge_inherited(&mut self) {
        let Some(first) = self.inherited.filter(|at| self.sections[*at].repeated.is_some()) else { return };
        let mut keys = HashSet::new();
        let again = self
            .pieces(first)
            .flat_map(|piece| self.items_of(piece))
            .find(|item| !keys.insert(item.key.clone()))
            .map(|item| (item.line, format!("`{}` is in [DEFAULT] twice", item.key)));
        if let Some((line, message)) = again {
            self.flaws.fatal(line, message);
        }
    }

    /// What is wrong with the file, in no order.
    pub(super) fn flaws(&self) -> &[Flaw] {
        &self.flaws.list
    }

    /// The first flaw for which the file must not be edited.
    pub(super) fn obstacle(&self) -> Option<&Flaw> {
        self.flaws.obstacle.as_ref()
    }

    /// The section that counts for `id`.
    pub(super) fn find(&self, id: &SectionId<'_>) -> Option<usize> {
        let at = *self.index.get(&self.hasher.hash_one(id))?;
        (self.id(at) == *id).then_some(at)
    }

    /// What a section is.
    pub(super) fn id(&self, section: usize) -> SectionId<'_> {
        header::identify(self.which, self.header(section)).0
    }

    /// What stands between a section's brackets.
    pub(super) fn header(&self, section: usize) -> &str {
        &self.text[self.sections[section].header.clone()]
    }

    /// The names of a family, each where it stands first.
    pub(super) fn names(&self, family: Family) -> impl Iterator<Item = Cow<'_, str>> {
        let mut seen = HashSet::new();
        let ids = (0..self.sections.len()).map(|at| self.id(at)).filter(move |id| id.family == family);
        ids.filter(move |id| seen.insert(id.name.clone())).map(|id| id.name)
    }

    /// A section and those with the very same header below it.
    pub(super) fn pieces(&self, section: usize) -> impl Iterator<Item = usize> {
        std::iter::successors(Some(section), |at| self.sections[*at].repeated)
    }

    /// The settings of a section: of a key that stands twice the last one, and then what is inherited.
    pub(super) fn items(&self, section: usize) -> Vec<Item<'_>> {
        let mut items = Vec::new();
        let mut places = HashMap::new();
        for item in self.pieces(section).flat_map(|piece| self.items_of(piece)) {
            match places.entry(item.key.clone()) {
                Entry::Occupied(place) => items[*place.get()] = item,
                Entry::Vacant(free) => {
                    free.insert(items.len());
                    items.push(item);
                }
            }
        }
        if let Some(inherited) = self.inherited.filter(|at| *at != section) {
            let inherited = self.items(inherited);
            items.extend(inherited.into_iter().filter(|item| !places.contains_key(&item.key)));
        }
        items
    }

    /// The lines below a section's header.
    pub(super) fn rows(&self, section: usize) -> Rows<'_> {
        let Section { line, span, body, .. } = &self.sections[section];
        Rows::of_section(&self.text, &self.marks, *body..span.end, line + 1)
    }

    fn items_of(&self, section: usize) -> Vec<Item<'_>> {
        let mut items: Vec<Item<'_>> = Vec::new();
        let mut blanks = 0;
        for row in self.rows(section) {
            match row.line {
                Line::Setting { key, value } => {
                    items.push(Item { key: lower(key), value: value.into(), line: row.number });
                    blanks = 0;
                }
                Line::Continuation(more) => {
                    if let Some(item) = items.last_mut() {
                        let value = item.value.to_mut();
                        value.extend(std::iter::repeat_n('\n', blanks + 1));
                        value.push_str(more);
                    }
                    blanks = 0;
                }
                Line::Blank => blanks += 1,
                Line::Stray(Stray::DamagedContinuation) => {
                    items.pop();
                }
                _ => {}
            }
        }
        items
    }
}

/// The text, and the offsets of what is damaged in it: NUL, and what was not UTF-8.
fn decode(bytes: &[u8]) -> (Zeroizing<String>, Vec<usize>) {
    let mut marks = Vec::new();
    let mut text = Zeroizing::new(String::with_capacity(bytes.len()));
    for chunk in bytes.utf8_chunks() {
        let valid = chunk.valid();
        if valid.as_bytes().contains(&0) {
            marks.extend(valid.match_indices('\0').map(|(at, _)| text.len() + at));
        }
        text.push_str(valid);
        if !chunk.invalid().is_empty() {
            marks.push(text.len());
            text.push(char::REPLACEMENT_CHARACTER);
        }
    }
    (text, marks)
}

/// Names each damaged line once.
fn judge_encoding(text: &str, marks: &[usize], flaws: &mut Flaws) {
    if marks.is_empty() {
        return;
    }
    for row in Rows::of_file(text, &[]) {
        let marks = &marks[marks.partition_point(|mark| *mark < row.start)..];
        match marks.first() {
            None => break,
            Some(mark) if *mark >= row.next => {}
            Some(mark) if text[*mark..].starts_with('\0') => {
                flaws.push(row.number, "a NUL byte: what it stands in is skipped", false, true);
            }
            Some(_) => flaws.fatal(row.number, "not UTF-8: what it stands in is skipped"),
        }
    }
}
