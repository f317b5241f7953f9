//! The colours of a terminal that a profile can have: those that every terminal and every prompt has a name for.

use super::text;
use std::str::FromStr;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Color {
    Black,
    Red,
    Green,
    Yellow,
    Blue,
    Magenta,
    Cyan,
    White,
}

/// In the order of ANSI's numbers.
const ALL: [(Color, &str); 8] = [
    (Color::Black, "black"),
    (Color::Red, "red"),
    (Color::Green, "green"),
    (Color::Yellow, "yellow"),
    (Color::Blue, "blue"),
    (Color::Magenta, "magenta"),
    (Color::Cyan, "cyan"),
    (Color::White, "white"),
];

impl Color {
    /// As settings, `AWSENV_COLOR`, zsh and tmux spell it.
    pub(crate) fn name(self) -> &'static str {
        ALL[self as usize].1
    }

    /// ANSI's number of the text's colour.
    pub(crate) fn ansi(self) -> u8 {
        30 + self as u8
    }
}

impl FromStr for Color {
    type Err = String;

    /// In any case.
    fn from_str(raw: &str) -> Result<Color, String> {
        ALL.into_iter().find(|(_, name)| name.eq_ignore_ascii_case(raw)).map(|(color, _)| color).ok_or_else(
            || format!("`{}` is not one of {}", text::field(raw), ALL.map(|(_, name)| name).join(", ")),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_in_any_case_and_has_ansis_number() {
        for (at, (color, name)) in (30..).zip(ALL) {
            assert_eq!((name.to_uppercase().parse(), color.name(), color.ansi()), (Ok(color), name, at));
        }
        let none = "pink".parse::<Color>().unwrap_err();
        assert_eq!(none, "`pink` is not one of black, red, green, yellow, blue, magenta, cyan, white");
    }
}
