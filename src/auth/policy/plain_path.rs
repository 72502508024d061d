//! Paths that every server reads alike. Only such a path may be open.
//!
//! Guarantees: a path is plain if it holds nothing but unreserved characters, `!$&'()*+,=:@`,
//! `%20`, escapes of well-formed UTF-8 above 0x7F (RFC 3986 section 2, RFC 3629), and slashes,
//! with neither an empty segment between two slashes nor a dot segment.

use crate::auth::percent::escaped;

/// Octets of the longest path that may be plain.
pub const LONGEST_PLAIN_PATH: usize = 4_096;

/// The decoded octets of a plain path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlainPath<'p> {
    /// It begins with a slash.
    pub decoded: &'p [u8],
    /// Whether it holds nothing that letters' case could change.
    pub is_caseless: bool,
}

impl<'p> PlainPath<'p> {
    /// `path`, which has no query, decoded; `None` where it is not plain. One that holds escapes
    /// is decoded into `room`, which is cleared before.
    pub fn decode(path: &'p [u8], room: &'p mut Vec<u8>) -> Option<Self> {
        if path.len() > LONGEST_PLAIN_PATH || !has_plain_segments(path) {
            return None;
        }
        let seen = path.iter().fold(0, |seen, octet| seen | kind(*octet));
        if seen & OTHER == 0 {
            return Some(Self { decoded: path, is_caseless: seen & CAPITAL == 0 });
        }
        room.clear();
        room.reserve(LONGEST_PLAIN_PATH);
        let mut rest = path;
        while let [octet, after @ ..] = rest {
            let (value, after) = match octet {
                b'%' => {
                    let value = escaped(rest).filter(|value| *value == b' ' || *value > 0x7F)?;
                    (value, rest.get(3..)?)
                }
                octet if kind(*octet) & OTHER == 0 => (*octet, after),
                _ => return None,
            };
            room.push(value);
            rest = after;
        }
        std::str::from_utf8(room).ok()?;
        Some(Self { decoded: room, is_caseless: false })
    }
}

/// Begins with a slash, with neither an empty segment, but at the end, nor `.` and `..`.
fn has_plain_segments(path: &[u8]) -> bool {
    let Some(segments) = path.strip_prefix(b"/") else { return false };
    let pairs = path.iter().zip(segments);
    // Most paths hold nothing that could be one: no slash is looked for.
    let none = pairs.fold(true, |none, (before, octet)| {
        none & ((*before != b'/') | ((*octet != b'/') & (*octet != b'.')))
    });
    none || segments_are_plain(segments)
}

fn segments_are_plain(segments: &[u8]) -> bool {
    let mut before: &[u8] = b"/";
    for segment in segments.split(|octet| *octet == b'/') {
        if before.is_empty() || matches!(segment, b"." | b"..") {
            return false;
        }
        before = segment;
    }
    true
}

/// A capital letter.
const CAPITAL: u8 = 1;
/// Neither unreserved (RFC 3986 section 2.3), nor a sub-delimiter but `;`, nor one of `:@/`.
const OTHER: u8 = 2;

fn kind(octet: u8) -> u8 {
    KINDS.get(usize::from(octet)).copied().unwrap_or(OTHER)
}

#[allow(
    clippy::indexing_slicing,
    clippy::as_conversions,
    reason = "made by the compiler, which checks the places"
)]
static KINDS: [u8; 256] = {
    let mut kinds = [OTHER; 256];
    let mut octet = 0_u8;
    while octet < 0x80 {
        let is_plain = octet.is_ascii_alphanumeric()
            || matches!(octet, b'-' | b'.' | b'_' | b'~' | b'/')
            || matches!(
                octet,
                b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b'='
            )
            || matches!(octet, b':' | b'@');
        if is_plain {
            kinds[octet as usize] = if octet.is_ascii_uppercase() { CAPITAL } else { 0 };
        }
        octet += 1;
    }
    kinds
};

#[cfg(test)]
#[path = "plain_path_tests.rs"]
mod tests;
