//! One file: its sections by name, what is wrong with it, and its text, from which nothing is lost.

use super::Which;
use super::flaws::{self, Flaw, Flaws, lower};
use super::header::{self, Family, SectionId};
use super::lines::{Line, Rows, Stray};
use super::sections::{Section, sections};
use std::borrow::Cow;
use std::cell::{Cell, OnceCell, RefCell};
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use zeroize::Zeroizing;

/// So many questions for a line are answered by counting; then an index is worth its making.
const FEW: u8 = 4;

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
/// Only the headers are looked for at first. Settings are read for the section that is asked for, line numbers and
/// [`Document::flaws`] when they are: most runs want one profile of hundreds.
pub(super) struct Document {
    pub(super) which: Which,
    /// Without the byte order mark; what was not UTF-8 is replaced.
    pub(super) text: Zeroizing<String>,
    pub(super) has_bom: bool,
    marks: Vec<usize>,
    pub(super) sections: Vec<Section>,
    /// Every `[DEFAULT]`.
    inherited: Vec<usize>,
    index: OnceCell<Index>,
    /// What was asked for last: a run asks for one profile again and again.
    last: RefCell<Option<(SectionId<'static>, Vec<usize>)>>,
    flaws: OnceCell<Flaws>,
    /// Of every line but the first.
    line_starts: OnceCell<Vec<usize>>,
    lines_asked: Cell<u8>,
}

/// For each name the sections that count.
type Index = HashMap<SectionId<'static>, Vec<usize>>;

/// A setting where it stands.
pub(super) struct Item<'t> {
    /// Lower case.
    pub(super) key: Cow<'t, str>,
    /// Lines are joined by `\n`; a nested block begins with one.
    pub(super) value: Cow<'t, str>,
    /// The beginning of its line.
    pub(super) start: usize,
}

impl Document {
    /// Reads a file. Never fails: what cannot be read is a [`Flaw`].
    pub(super) fn parse(which: Which, mut bytes: Vec<u8>) -> Document {
        let has_bom = bytes.starts_with(BOM);
        if has_bom {
            bytes.drain(..BOM.len());
        }
        let (text, marks) = decode(bytes);
        let sections = sections(&text, &marks);
        let is_inherited = |at: &usize| text[sections[*at].header()] == *header::INHERITED;
        let inherited = (0..sections.len()).filter(is_inherited).collect();
        let (index, last, flaws, line_starts, lines_asked) = Default::default();
        Document {
            which,
            text,
            has_bom,
            marks,
            sections,
            inherited,
            index,
            last,
            flaws,
            line_starts,
            lines_asked,
        }
    }

    /// What is wrong with the file; the first call reads all of it.
    pub(super) fn flaws(&self) -> &Flaws {
        self.flaws.get_or_init(|| {
            let mut flaws = Flaws::default();
            if self.has_bom {
                // no obstacle to an edit, which keeps it
                flaws.push(1, "a byte order mark, for which the AWS CLI refuses the file", true, false);
            }
            self.judge_encoding(&mut flaws);
            flaws::judge_lines(self.which, &self.text, &self.marks, &mut flaws);
            self.judge_names(&mut flaws);
            flaws.list.sort_by_key(|flaw: &Flaw| flaw.line);
            flaws
        })
    }

    /// The line of an offset, counted from 1.
    pub(super) fn line(&self, offset: usize) -> usize {
        let bytes = self.text.as_bytes();
        let asked = self.lines_asked.replace(self.lines_asked.get().saturating_add(1));
        if asked < FEW && memchr::memchr(b'\r', bytes).is_none() {
            return 1 + memchr::memchr_iter(b'\n', &bytes[..offset]).count();
        }
        let starts = self.line_starts.get_or_init(|| {
            let ends = (0..bytes.len())
                .filter(|at| bytes[*at] == b'\n' || bytes[*at] == b'\r' && bytes.get(at + 1) != Some(&b'\n'));
            ends.map(|at| at + 1).collect()
        });
        1 + starts.partition_point(|start| *start <= offset)
    }

    /// The line of a section's header.
    pub(super) fn line_of(&self, section: usize) -> usize {
        self.line(self.sections[section].span().start)
    }

    /// What stands between a section's brackets.
    pub(super) fn header(&self, section: usize) -> &str {
        &self.text[self.sections[section].header()]
    }

    fn id(&self, section: usize) -> (SectionId<'_>, bool) {
        header::identify(self.which, self.header(section))
    }

    /// The sections that count for `id`: more than one only if a file repeats the very same header.
    ///
    /// Of two spellings of one name the later counts, but never one that only we read so.
    pub(super) fn find(&self, id: &SectionId<'_>) -> Vec<usize> {
        if let Some(index) = self.index.get() {
            return index.get(id).cloned().unwrap_or_default();
        }
        if let Some((_, found)) = self.last.borrow().as_ref().filter(|(last, _)| last == id) {
            return found.clone();
        }
        let found = self.scan(id);
        self.last.replace(Some((id.clone().into_owned(), found.clone())));
        found
    }

    fn scan(&self, id: &SectionId<'_>) -> Vec<usize> {
        let name = id.name.as_bytes();
        // looked at byte by byte only where the end fits, or where quotes may hide that it does
        let may_be = |raw: &[u8]| match raw.last() {
            Some(b' ' | b'\t' | b'\'' | b'"') => true,
            last if last == name.last() && raw.ends_with(name) => true,
            _ => memchr::memchr3(b'\'', b'"', b'\\', raw).is_some(),
        };
        let all = 0..self.sections.len();
        let found = all.filter(|at| may_be(self.header(*at).as_bytes()) && self.id(*at).0 == *id);
        self.counting(found.collect())
    }

    /// Of sections with one name, those that count.
    fn counting(&self, mut sections: Vec<usize>) -> Vec<usize> {
        if sections.len() > 1 {
            let mut headers = HashSet::new();
            let firsts = sections.iter().map(|at| self.header(*at)).filter(|raw| headers.insert(*raw));
            // the last of the greatest
            let header = firsts.max_by_key(|raw| header::identify(self.which, raw).1);
            sections.retain(|at| Some(self.header(*at)) == header);
        }
        sections
    }

    /// Where each name stands first, in file order; from here on names are found by hash.
    pub(super) fn names(&self, family: Family) -> Vec<String> {
        let mut seen = HashSet::new();
        let ids = (0..self.sections.len()).map(|at| self.id(at).0).filter(|id| id.family == family);
        let names = ids.filter(|id| seen.insert(id.name.clone())).map(|id| id.name.into_owned()).collect();
        self.index.get_or_init(|| self.by_name());
        names
    }

    fn by_name(&self) -> Index {
        let mut index = Index::with_capacity(self.sections.len());
        for at in 0..self.sections.len() {
            index.entry(self.id(at).0.into_owned()).or_default().push(at);
        }
        for sections in index.values_mut() {
            *sections = self.counting(std::mem::take(sections));
        }
        index
    }

    /// The settings of sections that count together: of a key that stands twice the last one, and then what is
    /// inherited.
    pub(super) fn items(&self, sections: &[usize]) -> Vec<Item<'_>> {
        let mut items: Vec<Item<'_>> = Vec::new();
        let mut places = HashMap::new();
        let own = sections.iter().flat_map(|at| self.items_of(*at)).map(|item| (item, true));
        // of what is inherited, too, the last one counts
        let inherited =
            self.inherited.iter().rev().flat_map(|at| self.items_of(*at)).map(|item| (item, false));
        for (item, is_own) in own.chain(inherited) {
            match places.entry(item.key.clone()) {
                Entry::Occupied(place) if is_own => items[*place.get()] = item,
                Entry::Occupied(_) => {}
                Entry::Vacant(free) => {
                    free.insert(items.len());
                    items.push(item);
                }
            }
        }
        items
    }

    /// The lines below a section's header.
    pub(super) fn rows(&self, section: usize) -> Rows<'_> {
        Rows::of_section(&self.text, &self.marks, self.sections[section].body())
    }

    /// The settings of one section as they stand.
    pub(super) fn items_of(&self, section: usize) -> Vec<Item<'_>> {
        let mut items: Vec<Item<'_>> = Vec::new();
        let mut blanks = 0;
        for row in self.rows(section) {
            match row.line {
                Line::Setting { key, value } => {
                    items.push(Item { key: lower(key), value: value.into(), start: row.start });
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

    /// Names each damaged line once.
    fn judge_encoding(&self, flaws: &mut Flaws) {
        let mut marks = &*self.marks;
        for row in Rows::of_file(&self.text, &[]) {
            match marks.first() {
                None => break,
                Some(mark) if *mark >= row.next => continue,
                Some(mark) if self.text[*mark..].starts_with('\0') => {
                    flaws.push(row.number, "a NUL byte: what it stands in is skipped", false, true);
                }
                Some(_) => flaws.fatal(row.number, "not UTF-8: what it stands in is skipped"),
            }
            marks = &marks[marks.partition_point(|mark| *mark < row.next)..];
        }
    }

    /// Names the sections that stand twice.
    fn judge_names(&self, flaws: &mut Flaws) {
        let mut headers = HashMap::with_capacity(self.sections.len());
        let mut repeated = Vec::new();
        for at in (0..self.sections.len()).filter(|at| self.inherited.binary_search(at).is_err()) {
            match headers.entry(self.header(at)) {
                Entry::Vacant(free) => drop(free.insert(at)),
                Entry::Occupied(first) if !first.key().is_empty() => repeated.push((at, *first.get())),
                Entry::Occupied(_) => {}
            }
        }
        for (at, first) in repeated.into_iter().take(flaws::MOST_FLAWS) {
            let first = self.line_of(first);
            let message =
                format!("the same section as in line {first}: they are merged, and this one counts first");
            flaws.fatal(self.line_of(at), message);
        }
        let index = self.index.get_or_init(|| self.by_name());
        let hidden = headers.into_values().filter_map(|at| {
            let (id, _) = self.id(at);
            let counts = *index.get(&id)?.first()?;
            (self.header(counts) != self.header(at)).then_some((at, counts))
        });
        for (at, counts) in hidden.take(flaws::MOST_FLAWS) {
            let counts = self.line_of(counts);
            let message = format!("the same name as in line {counts}, which counts instead of this section");
            flaws.odd(self.line_of(at), message);
        }
        // Python lets `[DEFAULT]` stand twice, but not its keys
        let several = Some(&*self.inherited).filter(|inherited| inherited.len() > 1).unwrap_or_default();
        let mut keys = HashSet::new();
        let items = several.iter().flat_map(|at| self.items_of(*at));
        for item in items.filter(|item| !keys.insert(item.key.clone())).take(flaws::MOST_FLAWS) {
            flaws.fatal(self.line(item.start), format!("`{}` is in another [DEFAULT] too", item.key));
        }
    }
}

/// The text, and the offsets of what is damaged in it: NUL, and what was not UTF-8.
fn decode(bytes: Vec<u8>) -> (Zeroizing<String>, Vec<usize>) {
    let bytes = match String::from_utf8(bytes) {
        Ok(text) if memchr::memchr(0, text.as_bytes()).is_none() => {
            return (Zeroizing::new(text), Vec::new());
        }
        Ok(text) => Zeroizing::new(text.into_bytes()),
        Err(not_text) => Zeroizing::new(not_text.into_bytes()),
    };
    let mut marks = Vec::new();
    let mut text = Zeroizing::new(String::with_capacity(bytes.len() * 3 / 2));
    for chunk in bytes.utf8_chunks() {
        marks.extend(chunk.valid().match_indices('\0').map(|(at, _)| text.len() + at));
        text.push_str(chunk.valid());
        if !chunk.invalid().is_empty() {
            marks.push(text.len());
            text.push(char::REPLACEMENT_CHARACTER);
        }
    }
    (text, marks)
}
