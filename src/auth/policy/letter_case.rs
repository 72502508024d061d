//! Letters' case: some sites tell `/Admin` from `/admin`, some do not.
//!
//! Guarantees: what is the same letter for letter is the same once it is folded. Folding follows
//! Unicode (ASP.NET and Windows do for letters such as `Ä`), one letter at a time; octets that are
//! no UTF-8 stay. Left out: letters written as two characters (normalisation forms).

/// Adds `text` to `out` with one spelling of each letter.
pub(super) fn fold(text: &[u8], out: &mut Vec<u8>) {
    if text.is_ascii() {
        let start = out.len();
        out.extend_from_slice(text);
        out.get_mut(start..).unwrap_or_default().make_ascii_lowercase();
        return;
    }
    for chunk in text.utf8_chunks() {
        // By way of the capital letter, which `ς` and `σ` have in common, and first of the small
        // one, which `ẞ` and `ß` have.
        let letters = chunk.valid().chars().flat_map(char::to_lowercase);
        let letters = letters.flat_map(char::to_uppercase);
        for letter in letters.flat_map(char::to_lowercase) {
            out.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
        }
        out.extend_from_slice(chunk.invalid());
    }
}

/// For whom two texts are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Alike {
    /// Only for who ignores letters' case.
    IgnoringCase,
    /// For everybody.
    Exactly,
}

/// A decoded path in both spellings.
#[derive(Clone, Copy)]
pub(super) struct FoldedPath<'p> {
    /// As it stands.
    pub exact: &'p [u8],
    /// Without letters' case.
    pub folded: &'p [u8],
    /// Whether both are the same.
    pub is_caseless: bool,
}

impl<'p> FoldedPath<'p> {
    /// A path without letters that have a case, or with small ones alone.
    pub fn caseless(exact: &'p [u8]) -> Self {
        Self { exact, folded: exact, is_caseless: true }
    }

    /// Folds a path into `room`.
    pub fn new(exact: &'p [u8], room: &'p mut Vec<u8>) -> Self {
        room.clear();
        fold(exact, room);
        Self { exact, folded: room, is_caseless: exact == room }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folded(text: &[u8]) -> Vec<u8> {
        let mut out = b"before".to_vec();
        fold(text, &mut out);
        out.strip_prefix(b"before").expect("it adds").to_vec()
    }

    #[test]
    fn letters_that_differ_in_case_alone_fold_alike() {
        for (one, other) in [
            ("/ADMIN", "/admin"),
            ("Übung", "üBUNG"),
            ("ΣΑΣ", "σας"),
            ("Ж", "ж"),
            ("STRAẞE", "straße"),
        ] {
            assert_eq!(folded(one.as_bytes()), folded(other.as_bytes()), "{one} {other}");
        }
        assert_ne!(folded("ü".as_bytes()), folded(b"u"));
        assert_eq!(folded(b"/a-b_c.d~1%@[`{"), b"/a-b_c.d~1%@[`{");
    }

    #[test]
    fn octets_that_are_no_letters_stay() {
        assert_eq!(folded(b"A\xFFB\xC3"), b"a\xFFb\xC3");
        assert_eq!(folded(b"\xC3\xC3\x9C"), b"\xC3\xC3\xBC");
    }
}
