//! What is wrong with a file, line by line.

use super::Which;
use super::header;
use super::lines::{self, Line, Row, Rows, Stray};
use crate::model::text::field;
use std::borrow::Cow;
use std::collections::HashMap;

/// The most flaws of one file that are kept.
pub(super) const MOST_FLAWS: usize = 100;

/// Something in a file that a person should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Flaw {
    /// Counted from 1.
    pub(crate) line: usize,
    pub(crate) message: String,
    /// Whether the AWS CLI refuses the whole file for it.
    pub(crate) fatal_for_aws_cli: bool,
}

/// The flaws of one file, and the first that stands in the way of an edit.
#[derive(Default)]
pub(super) struct Flaws {
    pub(super) list: Vec<Flaw>,
    pub(super) obstacle: Option<Flaw>,
}

impl Flaws {
    /// Something for which the AWS CLI refuses the file.
    pub(super) fn fatal(&mut self, line: usize, message: impl Into<String>) {
        self.push(line, message, true, true);
    }

    /// Something that the AWS CLI reads otherwise than one would think.
    pub(super) fn odd(&mut self, line: usize, message: impl Into<String>) {
        self.push(line, message, false, false);
    }

    pub(super) fn push(&mut self, line: usize, message: impl Into<String>, fatal: bool, obstacle: bool) {
        if self.list.len() == MOST_FLAWS && (self.obstacle.is_some() || !obstacle) {
            return;
        }
        let flaw = Flaw { line, message: message.into(), fatal_for_aws_cli: fatal };
        if obstacle && self.obstacle.is_none() {
            self.obstacle = Some(flaw.clone());
        }
        if self.list.len() < MOST_FLAWS {
            self.list.push(flaw);
        }
    }
}

/// Reads every line of a file for what is wrong inside the sections; `marks` are the offsets of what is damaged.
pub(super) fn judge_lines(which: Which, text: &str, marks: &[usize], flaws: &mut Flaws) {
    let mut keys = Keys::default();
    let (mut is_nested, mut is_before) = (false, false);
    for Row { number, line, .. } in Rows::of_file(text, marks) {
        match line {
            Line::Blank | Line::Comment | Line::Lost => {}
            Line::Header(raw) => {
                keys.clear();
                is_nested = false;
                judge_header(which, raw, number, flaws);
            }
            Line::Setting { key, value } => {
                is_nested = value.is_empty();
                if let Some(first) = keys.insert(lower(key), number) {
                    let message =
                        format!("`{}` is set in line {first} too: this one counts", field(&lower(key)));
                    flaws.fatal(number, message);
                }
                judge_value(&lower(key), value, number, flaws);
            }
            Line::Continuation(more) => {
                if is_nested && lines::nested(more).any(|pair| pair.is_err()) {
                    flaws.fatal(number, "a line of a nested block without `=`");
                }
            }
            Line::Stray(stray) => {
                if matches!(stray, Stray::Unclosed | Stray::DamagedHeader) {
                    keys.clear();
                }
                let again = stray == Stray::BeforeSections && std::mem::replace(&mut is_before, true);
                if !again {
                    judge_stray(stray, number, flaws);
                }
            }
        }
    }
}

fn judge_header(which: Which, raw: &str, line: usize, flaws: &mut Flaws) {
    if header::is_dropped(which, raw) {
        let words = "not one word and one name (blanks need quotes): the section is skipped";
        flaws.odd(line, format!("`[{}]` is {words}", field(raw)));
    } else if !header::identify(which, raw).1 {
        let message = "blanks inside the brackets: the AWS CLI does not see this section";
        flaws.odd(line, message);
    }
}

/// An inline comment is part of the value for the AWS CLI, and not for the SDKs.
fn judge_value(key: &str, value: &str, line: usize, flaws: &mut Flaws) {
    let keys = ["region", "role_arn"];
    let never = key.starts_with("sso_") || keys.contains(&key);
    if never && value.contains(['#', ';']) && value.contains([' ', '\t']) {
        let is_comment = |pair: &[u8]| matches!(pair, [b' ' | b'\t', b'#' | b';']);
        if value.as_bytes().windows(2).any(is_comment) {
            flaws.odd(line, format!("`{key}` ends in a comment that the AWS CLI takes as part of the value"));
        }
    }
}

fn judge_stray(stray: Stray, line: usize, flaws: &mut Flaws) {
    let message = match stray {
        Stray::BeforeSections => "text before the first `[section]`",
        Stray::Unclosed => "`[` without `]`: the settings below it are skipped",
        Stray::NoDelimiter => "neither a section, a setting nor a comment: the line is skipped",
        Stray::NoKey => "a value without a key: the line is skipped",
        // named already, with what is damaged
        Stray::Damaged | Stray::DamagedHeader | Stray::DamagedContinuation => return,
    };
    flaws.fatal(line, message);
}

/// A key in lower case, as Python spells that.
pub(super) fn lower(key: &str) -> Cow<'_, str> {
    if key.bytes().any(|b| b.is_ascii_uppercase() || !b.is_ascii()) {
        Cow::Owned(key.to_lowercase())
    } else {
        Cow::Borrowed(key)
    }
}

/// The keys of one section and their lines. A few are compared one by one: hashing them would take longer.
#[derive(Default)]
struct Keys<'t> {
    few: Vec<(Cow<'t, str>, usize)>,
    many: HashMap<Cow<'t, str>, usize>,
}

impl<'t> Keys<'t> {
    const FEW: usize = 24;

    fn clear(&mut self) {
        self.few.clear();
        if !self.many.is_empty() {
            self.many = HashMap::new();
        }
    }

    /// The line where the key stood first, if it did.
    fn insert(&mut self, key: Cow<'t, str>, line: usize) -> Option<usize> {
        if let Some((_, first)) = self.few.iter().find(|(known, _)| *known == key) {
            return Some(*first);
        }
        if self.few.len() < Self::FEW {
            self.few.push((key, line));
            return None;
        }
        match self.many.entry(key) {
            std::collections::hash_map::Entry::Occupied(first) => Some(*first.get()),
            std::collections::hash_map::Entry::Vacant(free) => {
                free.insert(line);
                None
            }
        }
    }
}
