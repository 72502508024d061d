//! Globs within one segment of a path: `*` stands for any characters, none included.

/// Whether letters that differ in case alone are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Case {
    /// They are different.
    Exact,
    /// They are the same. ASCII letters only: no server is known to fold others in a path.
    Ignored,
}

impl Case {
    pub(super) fn is_same(self, one: u8, other: u8) -> bool {
        match self {
            Self::Exact => one == other,
            Self::Ignored => one.eq_ignore_ascii_case(&other),
        }
    }
}

/// Whether all of `text` is what `glob` describes. At most `glob.len() * text.len()` steps.
pub(super) fn matches(glob: &[u8], text: &[u8], case: Case) -> bool {
    let (mut at, mut place) = (0, 0);
    // Where to go on when what was tried last does not fit: behind the last star, one octet later.
    let mut retry: Option<(usize, usize)> = None;
    while let Some(octet) = text.get(place) {
        match glob.get(at) {
            Some(b'*') => {
                retry = Some((at + 1, place));
                at += 1;
            }
            Some(wanted) if case.is_same(*wanted, *octet) => {
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
