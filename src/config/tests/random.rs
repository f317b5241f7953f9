//! Random files, such as people and tools write them, and worse.

use crate::config::Which;

/// A sequence of numbers that a seed decides (xorshift).
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from((self.0 >> 16) % limit as u64).unwrap()
    }

    pub(super) fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }

    /// True once in `of` times.
    pub(super) fn once_in(&mut self, of: usize) -> bool {
        self.below(of) == 0
    }
}

const NAMES: [&str; 12] =
    ["default", "dev", "prod", "a b", "it's", "DEFAULT", "日本", "x#y", "fo]o", "a\\b", "a\"q", "p"];
const SPELLED: [&str; 10] =
    ["'dev'", "\"dev\"", "\"a b\"", "a\\ b", "'a b'", "de\"v\"", "'open", "two words", "", "  prod"];
const KEYS: [&str; 10] = [
    "region",
    "Region",
    "output",
    "s3",
    "sso_session",
    "role_arn",
    "key with blank",
    "ÄÖ",
    "[k",
    "aws_secret_access_key",
];
const VALUES: [&str; 16] = [
    "eu-west-1",
    "",
    "json",
    "a = b",
    "a:b # c",
    "[x]",
    "# no comment",
    "\"quoted\"",
    "x ; y",
    "日本",
    "a\u{3000}",
    "\u{b}v\u{1f}",
    "%(x)s",
    "$HOME",
    "back\\",
    "a\u{2028}b",
];
const MORE: [&str; 10] =
    ["x = 1", "y=2", "[profile inner]", "more", "k : v", "= v", "a=b=c", "deep = \u{85}q=1", "X = Y", "z ="];
const INDENTS: [&str; 6] = [" ", "  ", "    ", "\t", "\u{3000}", " \t "];

/// A random file. Most are such that the AWS CLI reads them.
pub(super) fn file(dice: &mut Dice, which: Which, is_simple: bool) -> Vec<u8> {
    let mut lines: Vec<String> = Vec::new();
    let mut used: Vec<String> = Vec::new();
    let rare = if is_simple { 1_000_000 } else { 500 };
    for _ in 0..dice.below(4) {
        lines.push(dice.one(&["", "# top", "; top", "   # indented"]).into());
    }
    if dice.once_in(rare) {
        lines.push(dice.one(&["stray = 1", "[open", "word", "  x"]).into());
    }
    for _ in 0..dice.below(6) {
        let name = if dice.once_in(3) && !is_simple { dice.one(&SPELLED) } else { dice.one(&NAMES) };
        let family = match which {
            Which::Credentials => "",
            Which::Config => {
                dice.one(&["profile ", "profile ", "profile ", "sso-session ", "services ", "", "profile\t"])
            }
        };
        let mut header = format!("{family}{name}");
        if name == "default" && !dice.once_in(4) {
            header = "default".into();
        }
        if dice.once_in(300) && !is_simple {
            header = format!(" {header}");
        }
        if header.is_empty() || is_simple && (header == "DEFAULT" || header.contains(['\t', ']'])) {
            continue;
        }
        if used.contains(&header) && !dice.once_in(rare / 10) {
            continue;
        }
        let indent = if dice.once_in(8) && !is_simple { dice.one(&INDENTS) } else { "" };
        let junk = if dice.once_in(8) && !is_simple { dice.one(&[" junk", " # c", "x", " ;"]) } else { "" };
        lines.push(format!("{indent}[{header}]{junk}"));
        used.push(header);
        section(dice, &mut lines, is_simple, rare);
    }
    let end = if is_simple { "\n" } else { dice.one(&["\n", "\n", "\n", "\r\n", "\r"]) };
    let mut text = lines.join(end);
    if !dice.once_in(4) {
        text.push_str(end);
    }
    let mut bytes = text.into_bytes();
    if dice.once_in(rare) {
        bytes.splice(0..0, *b"\xef\xbb\xbf");
    }
    if dice.once_in(rare) && !bytes.is_empty() {
        let at = dice.below(bytes.len());
        bytes[at] = if dice.once_in(2) { 0xff } else { 0 };
    }
    bytes
}

fn section(dice: &mut Dice, lines: &mut Vec<String>, is_simple: bool, rare: usize) {
    let mut keys: Vec<String> = Vec::new();
    let own = if dice.once_in(4) && !is_simple { dice.one(&INDENTS) } else { "" };
    for _ in 0..dice.below(6) {
        let key = dice.one(&KEYS);
        let lower = key.to_lowercase();
        if keys.contains(&lower) && !dice.once_in(rare) || is_simple && key.starts_with('[') {
            continue;
        }
        keys.push(lower);
        let is_nested = dice.once_in(5);
        let mut value = if is_nested { "" } else { dice.one(&VALUES) };
        if is_simple && value.contains('\u{1f}') {
            value = "plain"; // a blank to Python alone
        }
        let delimiter = dice.one(&["=", " = ", " =", "= ", ":", " : ", "\t=\t"]);
        lines.push(format!("{own}{key}{delimiter}{value}"));
        while dice.once_in(3) || is_nested && dice.once_in(2) {
            match dice.below(7) {
                0 => lines.push(String::new()),
                1 => lines.push(format!("{}# c", dice.one(&["", "  "]))),
                2 => lines.push(dice.one(&["  ", "\t"]).into()),
                _ => {
                    let more = dice.one(&MORE);
                    if !(is_simple && more.starts_with('['))
                        && (more.contains('=') || !value.is_empty() || dice.once_in(rare))
                    {
                        lines.push(format!("{own}{}{more}", dice.one(&INDENTS)));
                    }
                }
            }
        }
        if dice.once_in(rare) {
            lines.push(dice.one(&["stray", "= no key", "[open"]).into());
        }
    }
    for _ in 0..dice.below(3) {
        lines.push(dice.one(&["", "", "# between", "; between"]).into());
    }
}
