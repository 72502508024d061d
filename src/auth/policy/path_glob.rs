//! Globs within one segment of a path: `*` stands for any characters, none included.

/// Whether all of `text` is what `glob` describes. At most `glob.len() * text.len()` steps.
pub(super) fn matches(glob: &[u8], text: &[u8]) -> bool {
    let (mut at, mut place) = (0, 0);
    // Where to go on when what was tried last does not fit: behind the last star, one octet later.
    let mut retry: Option<(usize, usize)> = None;
    while let Some(octet) = text.get(place) {
        match glob.get(at) {
            Some(b'*') => {
                at += 1;
                retry = Some((at, place));
            }
            Some(wanted) if wanted == octet => {
                at += 1;
                place += 1;
            }
            _ => {
                let Some((star, taken)) = retry else { return false };
                retry = Some((star, taken + 1));
                (at, place) = (star, taken + 1);
            }
        }
    }
    glob.get(at..).unwrap_or_default().iter().all(|octet| *octet == b'*')
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_star_stands_for_any_characters_and_the_rest_for_itself() {
        for (glob, text) in [
            ("", ""),
            ("*", ""),
            ("*", "anything"),
            ("a*", "a"),
            ("a*", "ab"),
            ("*.jpg", ".jpg"),
            ("*.jpg", "a.jpg.jpg"),
            ("a*b*c", "abc"),
            ("a*b*c", "axxbyyc"),
            ("a*b*c", "abcbc"),
            ("*a*", "bab"),
            ("a*a", "aa"),
        ] {
            assert!(matches(glob.as_bytes(), text.as_bytes()), "{glob} {text}");
        }
        for (glob, text) in [
            ("", "a"),
            ("a", ""),
            ("a", "A"),
            ("a*", "ba"),
            ("*.jpg", "a.jpeg"),
            ("*.jpg", "a.jpgx"),
            ("a*b*c", "acb"),
            ("a*a", "a"),
            ("ab", "abc"),
            ("abc", "ab"),
        ] {
            assert!(!matches(glob.as_bytes(), text.as_bytes()), "{glob} {text}");
        }
    }

    #[test]
    fn a_star_in_the_text_is_an_ordinary_character() {
        assert!(matches(b"a*", b"a*") && matches(b"*b", b"*b"));
        assert!(!matches(b"ab", b"a*") && !matches(b"a", b"*"));
    }
}
