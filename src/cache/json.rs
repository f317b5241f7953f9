//! JSON as Python's `json.dumps` writes it: one line, `", "` and `": "`, everything but ASCII escaped.

use serde::Serialize;
use serde_json::ser::{CharEscape, Formatter};
use std::io::{Result, Write};

/// Writes `value` in that spelling, so that a file of ours and one of the AWS CLI's differ in nothing but values.
pub(crate) fn dumps(value: &serde_json::Value) -> Vec<u8> {
    let mut text = Vec::new();
    // a value made of strings and numbers always serialises, and a Vec takes all that is written
    let _ = value.serialize(&mut serde_json::Serializer::with_formatter(&mut text, Python { blank: " " }));
    text
}

/// The same without blanks, as `separators=(",", ":")` writes it.
pub(crate) fn compact(value: &serde_json::Value) -> Vec<u8> {
    let mut text = Vec::new();
    let _ = value.serialize(&mut serde_json::Serializer::with_formatter(&mut text, Python { blank: "" }));
    text
}

struct Python {
    /// Stands behind `,` and `:`.
    blank: &'static str,
}

impl Formatter for Python {
    fn begin_array_value<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> Result<()> {
        if first { Ok(()) } else { write!(writer, ",{}", self.blank) }
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> Result<()> {
        if first { Ok(()) } else { write!(writer, ",{}", self.blank) }
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> Result<()> {
        write!(writer, ":{}", self.blank)
    }

    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> Result<()> {
        for c in fragment.chars() {
            if matches!(c, ' '..='~') {
                writer.write_all(&[c as u8])?;
            } else {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    write!(writer, "\\u{unit:04x}")?;
                }
            }
        }
        Ok(())
    }

    fn write_char_escape<W: ?Sized + Write>(&mut self, writer: &mut W, escape: CharEscape) -> Result<()> {
        let spelled: &[u8] = match escape {
            CharEscape::Quote => b"\\\"",
            CharEscape::ReverseSolidus => b"\\\\",
            CharEscape::Solidus => b"/",
            CharEscape::Backspace => b"\\b",
            CharEscape::FormFeed => b"\\f",
            CharEscape::LineFeed => b"\\n",
            CharEscape::CarriageReturn => b"\\r",
            CharEscape::Tab => b"\\t",
            CharEscape::AsciiControl(byte) => return write!(writer, "\\u{byte:04x}"),
        };
        writer.write_all(spelled)
    }
}

#[cfg(test)]
mod tests {
    /// Source: `json.dumps` of the same values.
    #[test]
    fn json_is_spelled_as_python_spells_it() {
        let value = serde_json::json!({"a": [1, true, null], "b": {"c": "é🚀\u{7f}/\"\\\n\t\u{1}"}, "d": {}});
        assert_eq!(
            String::from_utf8(super::dumps(&value)).unwrap(),
            r#"{"a": [1, true, null], "b": {"c": "\u00e9\ud83d\ude80\u007f/\"\\\n\t\u0001"}, "d": {}}"#
        );
        assert_eq!(
            super::compact(&serde_json::json!({"a": [1, 2], "b": "é"})),
            br#"{"a":[1,2],"b":"\u00e9"}"#
        );
    }
}
