//! What a prompt shows of a loaded shell, as a person writes it: `{profile} {account}/{identity} {region} {left}`.

use super::text;
use std::str::FromStr;

/// One fact of a loaded shell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    Profile,
    Account,
    Identity,
    Region,
    /// How long the credentials still last.
    Left,
}

impl Field {
    pub(crate) const ALL: [Field; 5] =
        [Field::Profile, Field::Account, Field::Identity, Field::Region, Field::Left];

    /// How a template spells it, without the braces.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Field::Profile => "profile",
            Field::Account => "account",
            Field::Identity => "identity",
            Field::Region => "region",
            Field::Left => "left",
        }
    }

    /// The variable of a loaded shell that holds it; [`Field::Left`] is told from several.
    pub(crate) fn variable(self) -> Option<&'static str> {
        match self {
            Field::Profile => Some("AWSENV_PROFILE"),
            Field::Account => Some("AWSENV_ACCOUNT_ID"),
            Field::Identity => Some("AWSENV_IDENTITY"),
            Field::Region => Some("AWS_REGION"),
            Field::Left => None,
        }
    }
}

/// A piece of a word. No text is empty, and no two stand side by side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Text(String),
    Field(Field),
}

/// What stands between two blanks.
///
/// A word without fields always shows; one whose fields are all empty does not, nor does its blank. In a word that
/// shows, text between two fields shows only if both are not empty; other text always does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Word {
    parts: Vec<Part>,
}

impl Word {
    /// In order; never empty.
    pub(crate) fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The parts that show, in order; none if the word does not show.
    pub(crate) fn shown(&self, is_known: impl Fn(Field) -> bool) -> Vec<&Part> {
        let known = |part: &Part| match part {
            Part::Text(_) => None,
            Part::Field(field) => Some(is_known(*field)),
        };
        let mut fields = self.parts.iter().filter_map(known).peekable();
        if fields.peek().is_some() && !fields.any(|is_known| is_known) {
            return Vec::new();
        }
        let beside = |at: Option<usize>| at.and_then(|at| known(self.parts.get(at)?));
        let shows = |at: usize, part: &Part| match known(part) {
            Some(is_known) => is_known,
            // texts never stand side by side: each neighbour is a field, or there is none
            None => match (beside(at.checked_sub(1)), beside(at.checked_add(1))) {
                (Some(before), Some(after)) => before && after,
                _ => true,
            },
        };
        self.parts.iter().enumerate().filter(|(at, part)| shows(*at, part)).map(|(_, part)| part).collect()
    }
}

/// A template, read. Its words show with one blank between them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Template {
    words: Vec<Word>,
}

impl Template {
    /// What shows when a person has not said otherwise.
    pub(crate) const DEFAULT: &str = "{profile} {account}/{identity} {region} {left}";

    /// In order; never empty.
    pub(crate) fn words(&self) -> &[Word] {
        &self.words
    }
}

impl Default for Template {
    fn default() -> Template {
        Self::DEFAULT.parse().unwrap_or(Template { words: Vec::new() })
    }
}

impl FromStr for Template {
    type Err = String;

    /// `{{` and `}}` are braces. What is wrong is told for a person, with the field that may have been meant.
    fn from_str(raw: &str) -> Result<Template, String> {
        if let Some(c) = raw.chars().find(|c| c.is_control()) {
            return Err(format!("a template cannot hold the control character U+{:04X}", u32::from(c)));
        }
        let words =
            raw.split(' ').filter(|word| !word.is_empty()).map(word).collect::<Result<Vec<_>, _>>()?;
        if words.is_empty() {
            return Err("a template with nothing in it shows nothing".into());
        }
        Ok(Template { words })
    }
}

fn word(raw: &str) -> Result<Word, String> {
    let mut parts = Vec::new();
    let mut literal = String::new();
    let mut rest = raw;
    while let Some(at) = rest.find(['{', '}']) {
        literal.push_str(&rest[..at]);
        let (brace, after) = rest[at..].split_at(1);
        rest = if let Some(after) = after.strip_prefix(brace) {
            literal.push_str(brace);
            after
        } else if let ("{", Some((name, after))) = (brace, after.split_once('}')) {
            if !literal.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut literal)));
            }
            parts.push(Part::Field(field(name)?));
            after
        } else {
            let word = text::field(raw);
            return Err(format!(
                "a `{brace}` in `{word}` has no partner; a brace itself is written `{brace}{brace}`"
            ));
        };
    }
    literal.push_str(rest);
    if !literal.is_empty() {
        parts.push(Part::Text(literal));
    }
    Ok(Word { parts })
}

fn field(name: &str) -> Result<Field, String> {
    let names = || Field::ALL.into_iter().map(Field::name);
    Field::ALL.into_iter().find(|field| field.name() == name).ok_or_else(|| {
        let meant = match text::nearest(name, names()) {
            Some(near) => format!("did you mean `{{{near}}}`?"),
            None => {
                format!("one of: {}", names().map(|name| format!("{{{name}}}")).collect::<Vec<_>>().join(" "))
            }
        };
        format!("there is no field `{{{}}}`; {meant}", text::field(name))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The template with these fields known, each shown as its name in capitals.
    fn shown(template: &str, known: &[&str]) -> String {
        let template: Template = template.parse().unwrap();
        let words = template.words().iter().map(|word| {
            let parts = word.shown(|field| known.contains(&field.name())).into_iter();
            parts
                .map(|part| match part {
                    Part::Text(text) => text.clone(),
                    Part::Field(field) => field.name().to_uppercase(),
                })
                .collect::<String>()
        });
        words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_is_not_known_leaves_no_hole() {
        let all = ["profile", "account", "identity", "region", "left"];
        for (template, known, expected) in [
            (Template::DEFAULT, &all[..], "PROFILE ACCOUNT/IDENTITY REGION LEFT"),
            (Template::DEFAULT, &["profile"], "PROFILE"),
            (Template::DEFAULT, &["profile", "identity", "left"], "PROFILE IDENTITY LEFT"),
            (Template::DEFAULT, &["account"], "ACCOUNT"),
            (Template::DEFAULT, &[], ""),
            ("aws:{profile}({region}) on {left}!", &all, "aws:PROFILE(REGION) on LEFT!"),
            ("aws:{profile}({region}) on {left}!", &["region"], "aws:REGION) on"),
            ("aws:{profile}({region}) on {left}!", &["left"], "on LEFT!"),
            ("{account}{identity}", &["identity"], "IDENTITY"),
            ("{{{profile}}} }}{{", &["profile"], "{PROFILE} }{"),
            ("  ☁  {profile}  ", &all, "☁ PROFILE"),
        ] {
            assert_eq!(shown(template, known), expected, "{template} with {known:?}");
        }
    }

    #[test]
    fn parts_are_what_was_written() {
        let template: Template = "a{{{profile}/x{left} }}".parse().unwrap();
        let text = |text: &str| Part::Text(text.to_owned());
        let words: Vec<&[Part]> = template.words().iter().map(Word::parts).collect();
        assert_eq!(
            words,
            [
                &[text("a{"), Part::Field(Field::Profile), text("/x"), Part::Field(Field::Left)][..],
                &[text("}")]
            ]
        );
        assert_eq!(Template::default(), Template::DEFAULT.parse().unwrap());
        assert_eq!(Template::default().words().len(), 4);
    }

    #[test]
    fn what_makes_no_sense_is_said() {
        for (template, why) in [
            ("{profil}", "there is no field `{profil}`; did you mean `{profile}`?"),
            ("{Left}", "there is no field `{Left}`; did you mean `{left}`?"),
            ("{name}", "there is no field `{name}`; one of: {profile} {account} {identity} {region} {left}"),
            ("{}", "there is no field `{}`; one of: {profile} {account} {identity} {region} {left}"),
            ("a {profile", "a `{` in `{profile` has no partner; a brace itself is written `{{`"),
            ("{ profile }", "a `{` in `{` has no partner; a brace itself is written `{{`"),
            ("b}", "a `}` in `b}` has no partner; a brace itself is written `}}`"),
            ("\u{1b}[31m{profile}", "a template cannot hold the control character U+001B"),
            (" ", "a template with nothing in it shows nothing"),
        ] {
            assert_eq!(template.parse::<Template>().unwrap_err(), why, "{template:?}");
        }
    }
}
