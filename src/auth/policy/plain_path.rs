//! Paths that every server reads alike. Only such a path may be open.
//!
//! Guarantees: a path is plain if it holds nothing but unreserved characters, `!$&'()*+,=:@`,
//! `%20`, escapes of well-formed UTF-8 above 0x7F (RFC 3986 section 2, RFC 3629), and slashes,
//! with neither an empty segment between two slashes nor a dot segment.

/// Octets of the longest path that may be plain.
pub const LONGEST_PLAIN_PATH: usize = 4_096;

/// The decoded octets of a plain path, which has no query; `None` where it is not plain. One that
/// holds escapes is decoded into `room`, which is cleared before.
pub fn decode_plain<'p>(path: &'p [u8], room: &'p mut Vec<u8>) -> Option<&'p [u8]> {
    if path.len() > LONGEST_PLAIN_PATH || !has_plain_segments(path) {
        return None;
    }
    let Some(first_escape) = path.iter().position(|octet| !is_plain(*octet)) else {
        return Some(path);
    };
    room.clear();
    room.reserve(LONGEST_PLAIN_PATH);
    let (plain, mut rest) = path.split_at_checked(first_escape)?;
    room.extend_from_slice(plain);
    while let [octet, after @ ..] = rest {
        let (value, after) = match octet {
            b'%' => {
                let value = escaped(rest).filter(|value| *value == b' ' || *value > 0x7F)?;
                (value, rest.get(3..)?)
            }
            octet if is_plain(*octet) => (*octet, after),
            _ => return None,
        };
        room.push(value);
        rest = after;
    }
    std::str::from_utf8(room).ok()?;
    Some(room)
}

/// Begins with a slash, with neither an empty segment, but at the end, nor `.` and `..`.
fn has_plain_segments(path: &[u8]) -> bool {
    let Some(segments) = path.strip_prefix(b"/") else { return false };
    let mut before: &[u8] = b"/";
    for segment in segments.split(|octet| *octet == b'/') {
        if before.is_empty() || matches!(segment, b"." | b"..") {
            return false;
        }
        before = segment;
    }
    true
}

/// RFC 3986 section 2.3, the sub-delimiters less `;`, and `:`, `@` and the slash.
pub(super) const fn is_plain(octet: u8) -> bool {
    octet.is_ascii_alphanumeric()
        || matches!(octet, b'-' | b'.' | b'_' | b'~' | b'/')
        || matches!(octet, b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b'=')
        || matches!(octet, b':' | b'@')
}

/// The octet that the escape at the start of `text` stands for (RFC 3986 section 2.1).
pub(super) fn escaped(text: &[u8]) -> Option<u8> {
    let [b'%', high, low, ..] = text else { return None };
    let digit =
        |octet: &u8| char::from(*octet).to_digit(16).and_then(|value| u8::try_from(value).ok());
    Some(digit(high)? * 16 + digit(low)?)
}

#[cfg(test)]
#[path = "plain_path_tests.rs"]
mod tests;
