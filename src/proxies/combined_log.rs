//! The combined log format, which NCSA's server began with and several others write:
//!
//! ```text
//! [host[:port] ]address - user [time] "METHOD target HTTP/x.y" status size "referrer" "program"
//! ```
//!
//! A host in front, as Debian's `vhost_combined` has it, cannot be mistaken: without one, the
//! second word is always `-`. Escapes are those of nginx, `\x22`, and those of Apache, `\"`.
//! Guarantees: whatever a visitor sends stays within its quotes. Leaves out what stands behind the
//! status.

use std::borrow::Cow;
use std::net::IpAddr;

use super::logged_request::LoggedRequest;

/// Reads a line, without its end; `None` where it holds no request.
pub fn read(line: &[u8]) -> Option<LoggedRequest<'_>> {
    let (before, rest) = split_at(line, b'"')?;
    let (request, after) = split_quoted(rest)?;
    let (host, client) = read_front(before)?;
    if !is_status(after) {
        return None;
    }
    let (method, rest) = split_at(request, b' ')?;
    let target = match rest.iter().rposition(|octet| *octet == b' ') {
        Some(space) if rest.get(space + 1..)?.starts_with(b"HTTP/") => rest.get(..space)?,
        // HTTP/0.9 names no version.
        None => rest,
        Some(_) => return None,
    };
    let method = std::str::from_utf8(method).ok()?;
    let is_method = !method.is_empty() && method.bytes().all(|octet| octet.is_ascii_graphic());
    (is_method && !method.contains('\\') && !target.is_empty()).then(|| LoggedRequest {
        host,
        scheme: None,
        method: Cow::Borrowed(method),
        target: unescaped(target),
        client,
    })
}

/// What stands before the request: host and visitor's address.
fn read_front(before: &[u8]) -> Option<(Option<Cow<'_, str>>, Option<IpAddr>)> {
    let before = std::str::from_utf8(before).ok()?.strip_suffix("] ")?;
    let (words, _time) = before.rsplit_once(" [")?;
    let (first, rest) = words.split_once(' ')?;
    if rest.starts_with("- ") {
        return Some((None, first.parse().ok()));
    }
    let (second, rest) = rest.split_once(' ')?;
    let client = second.parse().ok()?;
    rest.starts_with("- ").then_some((Some(Cow::Borrowed(first)), Some(client)))
}

/// Splits at the quote that ends a text, which no escaped one does.
fn split_quoted(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut is_escaped = false;
    let end = text.iter().position(|octet| {
        let ends = *octet == b'"' && !is_escaped;
        is_escaped = *octet == b'\\' && !is_escaped;
        ends
    })?;
    Some((text.get(..end)?, text.get(end + 1..)?))
}

/// Whether a status of three digits stands there.
fn is_status(text: &[u8]) -> bool {
    let [b' ', digits @ ..] = text else { return false };
    let end = digits.iter().position(|octet| *octet == b' ').unwrap_or(digits.len());
    end == 3 && digits.iter().take(end).all(u8::is_ascii_digit)
}

/// Octets instead of `\x22` and `\"`; a backslash before anything else stands for itself.
fn unescaped(text: &[u8]) -> Cow<'_, [u8]> {
    if !text.contains(&b'\\') {
        return Cow::Borrowed(text);
    }
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [octet, after @ ..] = rest {
        let (value, behind) = match rest {
            [b'\\', b'x', high, low, behind @ ..] => match (digit(*high), digit(*low)) {
                (Some(high), Some(low)) => (high * 16 + low, behind),
                _ => (b'\\', after),
            },
            [b'\\', escaped @ (b'"' | b'\\'), behind @ ..] => (*escaped, behind),
            [b'\\', b'n', behind @ ..] => (b'\n', behind),
            [b'\\', b'r', behind @ ..] => (b'\r', behind),
            [b'\\', b't', behind @ ..] => (b'\t', behind),
            _ => (*octet, after),
        };
        octets.push(value);
        rest = behind;
    }
    Cow::Owned(octets)
}

fn digit(octet: u8) -> Option<u8> {
    char::from(octet).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

fn split_at(text: &[u8], mark: u8) -> Option<(&[u8], &[u8])> {
    let at = memchr::memchr(mark, text)?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

#[cfg(test)]
#[path = "combined_log_tests.rs"]
mod tests;
