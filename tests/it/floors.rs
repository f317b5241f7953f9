//! The architecture as a test: imports go down, every room has a floor, no file grows too long.

use std::path::{Path, PathBuf};

/// The floors, from the ground up. A room imports only rooms that stand before it on a lower floor; those of
/// one floor do not know one another.
const FLOORS: [&[&str]; 10] = [
    &["error"],
    &["model"],
    &["host"],
    &["aws", "config", "cache"],
    &["provider", "login", "shell", "server"],
    &["plan"],
    &["resolve", "select", "load"],
    &["enter", "leave"],
    &["keep", "shadow"],
    &["commands"],
];

/// A room may know these on its own floor or above, each for a reason.
const EXCEPTIONS: [(&str, &str, &str); 1] =
    [("error", "model", "an error makes foreign text harmless when it is shown")];

const LONGEST: usize = 400;

fn floor(room: &str) -> Option<usize> {
    FLOORS.iter().position(|floor| floor.contains(&room))
}

fn sources(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn imports_go_down() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&src, &mut files);
    let mut wrong = Vec::new();
    for file in files {
        let below = file.strip_prefix(&src).unwrap();
        let room = below.components().next().unwrap().as_os_str().to_string_lossy().replace(".rs", "");
        if room == "main" || room == "lib" {
            continue;
        }
        let Some(own) = floor(&room) else {
            wrong.push(format!("{}: the room `{room}` has no floor", below.display()));
            continue;
        };
        let text = std::fs::read_to_string(&file).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap();
        for (at, _) in code.match_indices("crate::") {
            let rest = &code[at + "crate::".len()..];
            let names: Vec<&str> = match rest.strip_prefix('{') {
                Some(group) => group.split('}').next().unwrap().split(',').map(str::trim).collect(),
                None => vec![rest],
            };
            for name in names {
                let used = name.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap();
                let Some(theirs) = floor(used) else { continue };
                let excepted = EXCEPTIONS.iter().any(|(from, to, _)| *from == room && *to == used);
                if used != room && theirs >= own && !excepted {
                    wrong
                        .push(format!("{}: `{room}` knows `{used}`, which is not below it", below.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_file_holds_two_rooms() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    sources(&root.join("src"), &mut files);
    sources(&root.join("tests"), &mut files);
    let long: Vec<String> = files
        .iter()
        .map(|file| (file, std::fs::read_to_string(file).unwrap().lines().count()))
        .filter(|(_, lines)| *lines > LONGEST)
        .map(|(file, lines)| format!("{}: {lines} lines", file.display()))
        .collect();
    assert!(long.is_empty(), "{}", long.join("\n"));
}

#[test]
fn every_file_says_what_it_is() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    sources(&root.join("src"), &mut files);
    sources(&root.join("tests"), &mut files);
    let silent: Vec<_> =
        files.iter().filter(|file| !std::fs::read_to_string(file).unwrap().starts_with("//! ")).collect();
    assert!(silent.is_empty(), "{silent:?}");
}
