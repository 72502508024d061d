//! The octets of a path as text.
//!
//! Guarantees: two different paths never look the same, and neither a line end nor any other
//! control character of ASCII is left. Leaves out what letters do to a terminal: the console sees
//! to that.

/// Well-formed UTF-8 as it is; every other octet, control characters and the backslash as `\xC3`,
/// which is how access logs write them.
pub fn printable(octets: &[u8]) -> String {
    let mut text = String::with_capacity(octets.len());
    for chunk in octets.utf8_chunks() {
        for letter in chunk.valid().chars() {
            match u8::try_from(letter) {
                Ok(octet) if octet == b'\\' || octet.is_ascii_control() => escape(octet, &mut text),
                _ => text.push(letter),
            }
        }
        chunk.invalid().iter().for_each(|octet| escape(*octet, &mut text));
    }
    text
}

fn escape(octet: u8, text: &mut String) {
    text.push_str("\\x");
    text.push_str(&hex(octet));
}

/// Two digits, capital letters.
pub(super) fn hex(octet: u8) -> String {
    format!("{octet:02X}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_paths_look_the_same() {
        for (path, shown) in [
            (&b"/a%2Fb c"[..], "/a%2Fb c"),
            ("/größe".as_bytes(), "/größe"),
            (b"/a\\b", "/a\\x5Cb"),
            (b"/\\xC3", "/\\x5CxC3"),
            (b"/\xC3", "/\\xC3"),
            (b"/%C3", "/%C3"),
            (b"/\xC3\xA4\xA4", "/ä\\xA4"),
            (b"/\0\n\x1b\x7f", "/\\x00\\x0A\\x1B\\x7F"),
            (b"/\xC0\xAE", "/\\xC0\\xAE"),
        ] {
            assert_eq!(printable(path), shown);
        }
    }
}
