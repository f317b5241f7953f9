//! `awsenv prompt`: what this shell holds, in a few words, for prompts that run a command. Reads variables only.

use crate::host::Host;
use crate::model::template::{Field, Part};
use crate::model::{Color, Template, text};
use std::ffi::OsString;

/// Credentials that cannot be renewed are about to end when less than this is left, in seconds.
const LAST: i64 = 5 * 60;

/// Print what this shell holds in a few words, for a prompt or a status line
///
/// Prints nothing where no profile is loaded. Reads variables only, so it is quick and waits for nothing.
#[derive(clap::Args, Default)]
#[cfg_attr(test, derive(Debug, PartialEq))]
pub(crate) struct Args {
    /// What to show (default: `{profile} {account}/{identity} {region} {left}`)
    ///
    /// A word whose fields are all unknown is left out; inside a word, what stands between two fields shows if both are
    /// known. `{{` and `}}` are braces.
    #[arg(long, value_name = "TEMPLATE")]
    format: Option<Template>,
    /// Write colours and special characters as this one reads them
    ///
    /// starship, fish and PowerShell read what is written without this flag: ANSI colours.
    #[arg(long = "for", value_name = "READER", value_enum)]
    reader: Option<Reader>,
    /// No colours (also `NO_COLOR`, `TERM=dumb`)
    #[arg(long)]
    no_color: bool,
}

/// Those that do not take ANSI colours, or any text, as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Reader {
    /// `PS1='$(awsenv prompt --for bash) \$ '`, in single quotes
    Bash,
    /// `PROMPT='$(awsenv prompt --for zsh) %# '`, in single quotes, with `setopt prompt_subst`
    Zsh,
    /// tmux's status line
    Tmux,
}

impl Args {
    /// The arguments as people write them into a prompt's settings, read without clap, which would cost a quarter of
    /// the time. What is wrong or unusual is left to clap, and to its words.
    pub(crate) fn plain(words: &[OsString]) -> Option<Args> {
        let mut args = Args::default();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            match word.to_str()? {
                "--no-color" if !args.no_color => args.no_color = true,
                "--format" if args.format.is_none() => args.format = Some(value(words.next())?.parse().ok()?),
                "--for" if args.reader.is_none() => {
                    args.reader = Some(clap::ValueEnum::from_str(value(words.next())?, false).ok()?);
                }
                _ => return None,
            }
        }
        Some(args)
    }
}

fn value(word: Option<&OsString>) -> Option<&str> {
    word?.to_str().filter(|word| !word.starts_with('-'))
}

/// Nothing in it can fail: a prompt is no place for errors.
pub(crate) fn run(args: Args, host: &Host) {
    let env = |name: &str| host.env.text(name);
    let others = env("AWSENV_KEY_ID") != env("AWS_ACCESS_KEY_ID");
    if env("AWSENV_PROFILE").is_none() || others {
        return; // nothing is loaded, or something else has put its credentials in the place of ours
    }
    let color = env("AWSENV_COLOR").and_then(|name| name.parse().ok()).unwrap_or(Color::Cyan);
    let (left, warning) = left(env, host.clock.now().timestamp());
    let value = |field: Field| match field.variable() {
        Some(name) => env(name).map(text::field).unwrap_or_default(),
        None => left.clone(),
    };
    let mut pieces: Vec<(Color, String)> = Vec::new();
    for word in args.format.unwrap_or_default().words() {
        let shown = word.shown(|field| !value(field).is_empty());
        if let (Some((_, before)), false) = (pieces.last_mut(), shown.is_empty()) {
            before.push(' ');
        }
        for part in shown {
            let (color, text) = match part {
                Part::Text(text) => (color, text.clone()),
                Part::Field(Field::Left) => (warning.unwrap_or(color), left.clone()),
                Part::Field(field) => (color, value(*field)),
            };
            match pieces.last_mut() {
                Some((same, before)) if *same == color => before.push_str(&text),
                _ => pieces.push((color, text)),
            }
        }
    }
    if pieces.is_empty() {
        return;
    }
    let colored = !args.no_color && wants_color(host);
    let painted = pieces.iter().map(|(color, text)| {
        let text = Reader::escape(args.reader, text);
        if colored { Reader::paint(args.reader, *color, &text) } else { text }
    });
    host.out(painted.collect::<String>() + "\n");
}

/// `3h05m`, or what stands in its place; the colour, where a person should look.
fn left<'a>(env: impl Fn(&str) -> Option<&'a str>, now: i64) -> (String, Option<Color>) {
    let Some(end) = seconds(env("AWSENV_EXPIRES_AT")) else { return (String::new(), None) };
    let refresh = seconds(env("AWSENV_REFRESH_AT"));
    let renewal = env("AWSENV_RENEWAL");
    if renewal == Some("sign-in") {
        return ("sign in".into(), Some(Color::Red));
    }
    let left = end - now;
    let told = match left / 60 {
        _ if left <= 0 && refresh.is_some() && renewal.is_none() => "renewing".into(),
        _ if left <= 0 => return ("ended".into(), Some(Color::Red)),
        0 => "<1m".into(),
        minutes @ 1..60 => format!("{minutes}m"),
        minutes => format!("{}h{:02}m", minutes / 60, minutes % 60),
    };
    let is_late = refresh.map_or(left < LAST, |refresh| now >= refresh || renewal.is_some());
    (told, is_late.then_some(Color::Yellow))
}

/// A moment in Unix seconds; anything else than up to 13 digits is none.
fn seconds(raw: Option<&str>) -> Option<i64> {
    raw.filter(|raw| raw.len() <= 13 && raw.bytes().all(|c| c.is_ascii_digit()))?.parse().ok()
}

/// Where the output is read by a prompt it is never a terminal, so that is not asked.
fn wants_color(host: &Host) -> bool {
    let is_on = |name| host.env.text(name).is_some_and(|value| value != "0");
    host.env.text("NO_COLOR").is_none() && (host.env.text("TERM") != Some("dumb") || is_on("CLICOLOR_FORCE"))
}

impl Reader {
    /// The text such that it shows as it is.
    fn escape(reader: Option<Reader>, text: &str) -> String {
        match reader {
            Some(Reader::Zsh) => text.replace('%', "%%"),
            Some(Reader::Tmux) => text.replace('#', "##"),
            Some(Reader::Bash) | None => text.to_owned(),
        }
    }

    /// The escaped text in a colour. Only the colour of the text is changed, and put back: a theme may have set others.
    fn paint(reader: Option<Reader>, color: Color, text: &str) -> String {
        let (name, number) = (color.name(), color.ansi());
        match reader {
            None => format!("\x1b[{number}m{text}\x1b[39m"),
            // what has no width stands between these two: bash has read its own `\[` and `\]` before it runs commands
            Some(Reader::Bash) => format!("\x01\x1b[{number}m\x02{text}\x01\x1b[39m\x02"),
            Some(Reader::Zsh) => format!("%F{{{name}}}{text}%f"),
            Some(Reader::Tmux) => format!("#[fg={name}]{text}#[fg=default]"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_without_clap_is_read_as_clap_reads_it() {
        #[derive(clap::Parser)]
        struct Line {
            #[command(flatten)]
            args: Args,
        }
        let by_clap = |words: &[OsString]| {
            <Line as clap::Parser>::try_parse_from([&["prompt".into()], words].concat()).ok()
        };
        for line in [
            &[][..],
            &["--no-color"],
            &["--format", "{profile} in {{ {region}"],
            &["--for", "tmux"],
            &["--for", "bash", "--no-color", "--format", "☁ {left}"],
        ] {
            let words: Vec<OsString> = line.iter().map(OsString::from).collect();
            assert!(Args::plain(&words).is_some(), "{line:?}");
            assert_eq!(Args::plain(&words), by_clap(&words).map(|line| line.args), "{line:?}");
        }
        for line in [
            &["--help"][..],
            &["-q"],
            &["dev"],
            &["--format"],
            &["--format", "--no-color"],
            &["--format", "{profil}"],
            &["--format={profile}"],
            &["--for", "Zsh"],
            &["--for", "zsh", "--for", "zsh"],
            &["--no-color", "--no-color"],
        ] {
            let words: Vec<OsString> = line.iter().map(OsString::from).collect();
            assert_eq!(Args::plain(&words), None, "{line:?}");
        }
    }
}
