//! Text from outside made harmless for a line of a log or a terminal: one event stays one line, no
//! escape sequence reaches the screen, no letter turns the reading direction, long values are cut.

use std::fmt::{self, Display, Write};

/// Characters of one value that are kept; what follows is replaced by `…`.
pub const LONGEST_VALUE: usize = 256;

/// One `key=value` of a log line. The value is put in quotes where it is empty or holds anything
/// but plain letters.
///
/// `log::info!("login_refused {} {}", field("user", name), field("client_ip", ip))`
pub fn field<'a, V: Display + ?Sized>(key: &'a str, value: &'a V) -> Field<'a, V> {
    Field { key, value }
}

/// See [`field`].
pub struct Field<'a, V: ?Sized> {
    key: &'a str,
    value: &'a V,
}

impl<V: Display + ?Sized> Display for Field<'_, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut value = String::new();
        let mut cut = Cut { into: &mut value, left: LONGEST_VALUE };
        // Stops early where the value is longer than what is kept.
        let _ = write!(cut, "{}", self.value);
        if needs_quotes(&value) {
            write!(f, "{}=\"{}\"", self.key, quoted(&value))
        } else {
            write!(f, "{}={value}", self.key)
        }
    }
}

/// Takes so many characters, then one `…`, then nothing more.
struct Cut<'s> {
    into: &'s mut String,
    left: usize,
}

impl Write for Cut<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for letter in text.chars() {
            if self.left == 0 {
                self.into.push('…');
                return Err(fmt::Error);
            }
            self.left -= 1;
            self.into.push(letter);
        }
        Ok(())
    }
}

fn needs_quotes(value: &str) -> bool {
    let plain =
        |letter: char| letter.is_ascii_graphic() && !['"', '\\', '=', '\''].contains(&letter);
    value.is_empty() || !value.chars().all(plain)
}

/// The text for a place between double quotes: quotes, backslashes and everything unprintable as an
/// escape.
pub fn quoted(text: &str) -> EscapedText<'_> {
    EscapedText { text, style: EscapeStyle::Quoted }
}

/// The text for a line or a table cell: everything unprintable as an escape, quotes and backslashes
/// as they are.
pub fn line(text: &str) -> EscapedText<'_> {
    EscapedText { text, style: EscapeStyle::Line }
}

/// The text for a terminal: as [`line()`], but line ends and tabs stay.
pub fn lines(text: &str) -> EscapedText<'_> {
    EscapedText { text, style: EscapeStyle::Lines }
}

/// A text of JSON, which means the same afterwards: what is unprintable stands in its strings
/// alone.
pub fn json(text: &str) -> EscapedText<'_> {
    EscapedText { text, style: EscapeStyle::Json }
}

/// The same for a value of TOML.
pub fn toml(text: &str) -> EscapedText<'_> {
    EscapedText { text, style: EscapeStyle::Toml }
}

/// A text that is harmless once it is written out.
pub struct EscapedText<'t> {
    text: &'t str,
    style: EscapeStyle,
}

#[derive(Clone, Copy, PartialEq)]
enum EscapeStyle {
    Quoted,
    Line,
    Lines,
    Json,
    Toml,
}

impl Display for EscapedText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for letter in self.text.chars() {
            match (letter, self.style) {
                ('"' | '\\', EscapeStyle::Quoted) => write!(f, "\\{letter}")?,
                ('\n' | '\t', EscapeStyle::Lines) => f.write_char(letter)?,
                ('\n', _) => f.write_str("\\n")?,
                ('\r', _) => f.write_str("\\r")?,
                ('\t', _) => f.write_str("\\t")?,
                (letter, style) if is_harmful(letter) => style.escape(letter, f)?,
                (letter, _) => f.write_char(letter)?,
            }
        }
        Ok(())
    }
}

impl EscapeStyle {
    fn escape(self, letter: char, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = u32::from(letter);
        match self {
            Self::Quoted | Self::Line | Self::Lines => write!(f, "\\u{{{number:x}}}"),
            // RFC 8259 section 7: beyond the first plane as a pair of surrogates.
            Self::Json => letter
                .encode_utf16(&mut [0; 2])
                .iter()
                .try_for_each(|unit| write!(f, "\\u{unit:04x}")),
            Self::Toml if number > 0xFFFF => write!(f, "\\U{number:08X}"),
            Self::Toml => write!(f, "\\u{number:04X}"),
        }
    }
}

/// Control characters, line and paragraph separators, and what changes direction or is invisible.
fn is_harmful(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
        || matches!(letter, '\u{61c}' | '\u{180e}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_values_stand_without_quotes() {
        assert_eq!(field("user", "alice").to_string(), "user=alice");
        assert_eq!(field("ip", "2001:db8::1").to_string(), "ip=2001:db8::1");
        assert_eq!(field("count", &3).to_string(), "count=3");
    }

    #[test]
    fn a_value_can_neither_end_its_line_nor_start_another_key() {
        for (value, written) in [
            ("", r#"k="""#),
            ("a b", r#"k="a b""#),
            ("a=b", r#"k="a=b""#),
            ("a\" admin=true x=\"", r#"k="a\" admin=true x=\"""#),
            ("a\\", r#"k="a\\""#),
            ("a\r\nlevel=ERROR", r#"k="a\r\nlevel=ERROR""#),
            ("\u{1b}[2J", r#"k="\u{1b}[2J""#),
            ("a\u{2028}b\u{2029}c", r#"k="a\u{2028}b\u{2029}c""#),
            ("\u{85}\u{9b}\u{0}", r#"k="\u{85}\u{9b}\u{0}""#),
            ("\u{202e}txet", r#"k="\u{202e}txet""#),
        ] {
            assert_eq!(field("k", value).to_string(), written, "{value:?}");
        }
    }

    #[test]
    fn a_long_value_is_cut() {
        let written = field("k", &"ä".repeat(10_240)).to_string();
        assert_eq!(written.chars().count(), "k=\"\"".len() + LONGEST_VALUE + 1);
        assert!(written.ends_with("…\""));
        assert_eq!(field("k", &"a".repeat(LONGEST_VALUE)).to_string().len(), 2 + LONGEST_VALUE);
    }

    #[test]
    fn json_and_toml_mean_the_same_afterwards() {
        let hostile = "a\"\\\n\t\u{7f}\u{1b}[2J\u{9b}\u{202e}\u{e0041}ü";
        let text = json(&serde_json::json!({"k": hostile}).to_string()).to_string();
        assert!(!text.chars().any(is_harmful), "{text}");
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&text).expect("JSON"),
            serde_json::json!({"k": hostile})
        );
        let text = toml("k = \"\u{202e}\u{e0041}\u{7f}ü\"").to_string();
        assert_eq!(text, "k = \"\\u202E\\U000E0041\\u007Fü\"");
        let table: ::toml::Table = text.parse().expect("TOML");
        assert_eq!(
            table.get("k").and_then(::toml::Value::as_str),
            Some("\u{202e}\u{e0041}\u{7f}ü")
        );
    }

    #[test]
    fn lines_keep_line_ends_and_tabs_and_nothing_else() {
        assert_eq!(
            lines("a\n\tb\r\u{1b}[2J\u{9b}\\\"").to_string(),
            "a\n\tb\\r\\u{1b}[2J\\u{9b}\\\""
        );
        assert_eq!(lines(&line("\u{1b}").to_string()).to_string(), "\\u{1b}", "once is enough");
    }

    #[test]
    fn a_line_keeps_its_quotes_and_stays_one_line() {
        assert_eq!(line("user=\"a b\"\n\u{1b}x").to_string(), "user=\"a b\"\\n\\u{1b}x");
    }
}
