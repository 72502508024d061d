//! What people type, paste and read aloud: which characters of it mean nothing.

/// Whether a character of something typed or pasted is passed over: white space of any kind
/// (Unicode's `White_Space`, which holds the no-break spaces), and what takes no room: zero-width
/// spaces and joiners, marks of the writing direction, the byte order mark. Digits of other scripts
/// are no ASCII digits, and stay what they are.
pub const fn is_blank(letter: char) -> bool {
    letter.is_whitespace()
        || matches!(letter, '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_are_seen_nowhere_and_nothing_else_is_blank() {
        for blank in " \t\r\n\u{b}\u{c}\u{85}\u{a0}\u{1680}\u{2003}\u{2007}\u{2009}\u{200b}\u{200e}\u{2028}\u{202c}\u{202f}\u{205f}\u{2060}\u{2066}\u{3000}\u{feff}".chars() {
            assert!(is_blank(blank), "{blank:?}");
        }
        for shown in "09azAZ-_.+=\0\u{1b}\u{7f}\u{ff11}\u{661}\u{301}\u{2010}\u{2800}".chars() {
            assert!(!is_blank(shown), "{shown:?}");
        }
    }
}
