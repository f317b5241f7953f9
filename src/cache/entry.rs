//! One cache file: read while others may be writing it, healed when it is damaged.

use super::Slot;
use crate::host::fs::{self, Contents};
use std::time::Duration;

/// The AWS CLI empties a file before it writes it: what cannot be read now may be whole in a moment.
const PATIENCE: [Duration; 3] =
    [Duration::from_millis(5), Duration::from_millis(20), Duration::from_millis(80)];

/// What became of a read.
pub(crate) enum Entry<T> {
    Found(T),
    Missing,
    /// Why it cannot be used; the file was moved aside if it could be.
    Damaged(String),
}

/// Reads the slot's file with `parse`, again after 5, 20 and 80 ms while it does not parse.
pub(crate) fn read<T>(slot: &Slot, parse: impl Fn(&Contents) -> Result<T, String>) -> Entry<T> {
    let Some(path) = slot.file() else { return Entry::Missing };
    let mut pauses = PATIENCE.iter();
    loop {
        let why = match fs::read_private(&path) {
            Ok(None) => return Entry::Missing,
            Ok(Some(contents)) => match parse(&contents) {
                Ok(found) => return Entry::Found(found),
                Err(why) => why,
            },
            Err(unfit) => {
                let aside = if unfit.for_ever { set_aside(&path) } else { String::new() };
                return Entry::Damaged(format!("{}: {}{aside}", path.display(), unfit.why));
            }
        };
        match pauses.next() {
            Some(pause) => std::thread::sleep(*pause),
            None => return Entry::Damaged(format!("{}: {why}{}", path.display(), set_aside(&path))),
        }
    }
}

/// Moves what is no cache file out of the way.
fn set_aside(path: &std::path::Path) -> String {
    match fs::set_aside(path) {
        Ok(bad) => format!(" (kept as {})", bad.display()),
        Err(_) => String::new(),
    }
}
