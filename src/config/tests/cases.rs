//! The cases of `tests/cases/config.txt`, read by this room.

use crate::config::document::Document;
use crate::config::{Config, Family, SectionId, Source, Which, lines};
use serde_json::{Map, Value};
use std::fmt::Write as _;

impl Source {
    /// A file of a test's.
    pub(in crate::config) fn test(which: Which, bytes: Vec<u8>) -> Source {
        let shown = format!("~/.aws/{}", which.file_name());
        Source { shown, is_relative: false, others: None, document: Document::parse(which, bytes) }
    }
}

impl Config {
    /// Both files, of a test's.
    pub(in crate::config) fn test(config: impl Into<Vec<u8>>, credentials: impl Into<Vec<u8>>) -> Config {
        Config {
            config: Source::test(Which::Config, config.into()),
            credentials: Source::test(Which::Credentials, credentials.into()),
        }
    }

    /// All that is read, as botocore's `full_config` shapes it: profiles, sso-sessions, services.
    pub(super) fn as_json(&self) -> [Vec<(String, Value)>; 3] {
        [Family::Profile, Family::SsoSession, Family::Services].map(|family| {
            let names = match family {
                Family::Profile => self.names(),
                family => self.config.document.names(family),
            };
            let read = |name: String| {
                let id = SectionId { family, name: name.clone().into() };
                let section = self.section(&id).expect("a listed section is there");
                let settings = section.keys().into_iter().map(|key| {
                    let setting = section.get(key).expect("a listed key is there");
                    (key.to_owned(), value_as_json(&setting.value))
                });
                (name, Value::Object(settings.collect()))
            };
            names.into_iter().map(read).collect()
        })
    }
}

/// A value as botocore returns it: a nested block is a map.
fn value_as_json(value: &str) -> Value {
    if !value.starts_with('\n') {
        return value.into();
    }
    let pairs = lines::nested(value).filter_map(Result::ok);
    Value::Object(pairs.map(|(key, value)| (key.to_owned(), Value::from(value))).collect::<Map<_, _>>())
}

/// One case: what it is called, its lines, and the files they make.
pub(super) struct Case<'t> {
    title: &'t str,
    input: Vec<&'t str>,
    expected: Vec<&'t str>,
    pub(super) config: Vec<u8>,
    pub(super) credentials: Vec<u8>,
}

/// The cases of the file, after what it says about itself.
pub(super) fn cases() -> Vec<Case<'static>> {
    let cases = include_str!("../../../tests/cases/config.txt").split("## ").skip(1);
    let cases = cases.map(|case| {
        let (title, body) = case.split_once('\n').unwrap();
        let lines = body.lines().filter(|line| !line.is_empty());
        let (input, expected): (Vec<_>, Vec<_>) =
            lines.partition(|line| line.starts_with("config>") || line.starts_with("credentials>"));
        let (config, credentials) = (file(&input, "config>"), file(&input, "credentials>"));
        Case { title, input, expected, config, credentials }
    });
    cases.collect()
}

fn file(lines: &[&str], mark: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for line in lines.iter().filter_map(|line| line.strip_prefix(mark)) {
        let (line, end) = line.strip_prefix('-').map_or((line, "\n"), |line| (line, ""));
        bytes.extend(unescape(line.strip_prefix(' ').unwrap()));
        bytes.extend(end.as_bytes());
    }
    bytes
}

#[test]
fn every_case_is_read_as_written() {
    let (cases, mut wrong) = (cases(), String::new());
    for case in &cases {
        let config = Config::test(case.config.clone(), case.credentials.clone());
        let problems = config.problems();
        let mut read = String::new();
        if problems.iter().any(|problem| problem.fatal_for_aws_cli) {
            read.push_str("refused by the AWS CLI\n");
        }
        for (kind, sections) in ["profile", "sso-session", "services"].iter().zip(config.as_json()) {
            for (name, settings) in sections {
                let _ = writeln!(read, "{kind} {} {settings}", Value::from(name));
            }
        }
        for problem in problems {
            let _ = writeln!(read, "{problem}");
        }
        let read = escape(&read);
        if !read.lines().eq(case.expected.iter().copied()) {
            let _ = write!(wrong, "## {}\n{}\n{read}\n", case.title, case.input.join("\n"));
        }
    }
    assert!(cases.len() > 80, "{} cases", cases.len());
    assert!(wrong.is_empty(), "read otherwise:\n\n{wrong}");
}

/// Spells out what cannot be seen.
fn escape(text: &str) -> String {
    let unseen = |c: char| c != ' ' && c != '\n' && (c.is_control() || c.is_whitespace());
    let spell = |c: char| if unseen(c) { format!("\\u{{{:x}}}", u32::from(c)) } else { c.into() };
    text.chars().map(spell).collect()
}

/// `\r`, `\xNN`, `\u{N}`.
fn unescape(line: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = line;
    while let Some(at) = rest.find('\\') {
        bytes.extend(&rest.as_bytes()[..at]);
        rest = &rest[at..];
        let length = match rest.as_bytes() {
            [_, b'r', ..] => {
                bytes.push(b'\r');
                2
            }
            [_, b'x', ..] => {
                bytes.push(u8::from_str_radix(&rest[2..4], 16).unwrap());
                4
            }
            [_, b'u', b'{', ..] => {
                let end = rest.find('}').unwrap();
                let c = char::from_u32(u32::from_str_radix(&rest[3..end], 16).unwrap()).unwrap();
                bytes.extend(c.to_string().bytes());
                end + 1
            }
            _ => {
                bytes.push(b'\\');
                1
            }
        };
        rest = &rest[length..];
    }
    bytes.extend(rest.as_bytes());
    bytes
}
