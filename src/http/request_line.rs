//! The first line of a request, and the hosts that a target or a `Host` header may name (RFC 9112
//! section 3).

use super::line::graphic_length;
use super::malformed::Malformed;
use super::method::Method;
use super::octets::Octets;
use super::response::{Status, is_token_byte};
use super::version::Version;

/// Octets that a request target may take. Over it: 414.
pub const TARGET_LIMIT: usize = 8_192;
/// Octets of a method's name; the longest registered one has 17. Over it: 501.
const METHOD_LIMIT: usize = 32;

/// `method SP request-target SP HTTP-version CRLF` (RFC 9112 section 3).
pub struct RequestLine<'a> {
    pub method: Method,
    pub method_text: &'a str,
    pub path: &'a [u8],
    /// Path and query.
    pub target: &'a [u8],
    /// The host of a target in absolute-form.
    pub authority: Option<&'a [u8]>,
    pub version: Version,
}

impl<'a> RequestLine<'a> {
    /// The line and its length with the line end; `None` while it is incomplete.
    pub fn parse(bytes: &'a [u8]) -> Result<Option<(Self, usize)>, Malformed> {
        let method_length = bytes.iter().position(|&byte| !is_token_byte(byte));
        if method_length.unwrap_or(bytes.len()) > METHOD_LIMIT {
            return Err(Malformed::of(Status::NOT_IMPLEMENTED, "the method is not known"));
        }
        let Some(method_length) = method_length else { return Ok(None) };
        let (method_text, rest) = bytes.split_at_checked(method_length).unwrap_or_default();
        let Some((b' ', rest)) = rest.split_first() else { return Err(NO_HTTP) };
        let method_text = match core::str::from_utf8(method_text) {
            Ok(text) if !text.is_empty() => text,
            _ => return Err(NO_HTTP),
        };

        let target_length = graphic_length(rest);
        if target_length > TARGET_LIMIT {
            return Err(Malformed::of(
                Status::URI_TOO_LONG,
                "the request target is longer than 8,192 octets",
            ));
        }
        let (target, rest) = rest.split_at_checked(target_length).unwrap_or_default();
        let rest = match rest {
            [b' ', rest @ ..] => rest,
            [] => return Ok(None),
            _ => {
                return Err(Malformed::bad(
                    "the request target ends without a version or holds a control character",
                ));
            }
        };
        let Some((version, version_length)) = parse_version(rest)? else { return Ok(None) };

        let method = Method::of(method_text);
        let (authority, target) = split_target(method, target)?;
        let path = match memchr::memchr(b'?', target) {
            Some(mark) => target.get(..mark).unwrap_or_default(),
            None => target,
        };
        let path = if path.is_empty() { b"/" } else { path };
        let length = method_length
            .saturating_add(target_length)
            .saturating_add(version_length)
            .saturating_add(2);
        Ok(Some((Self { method, method_text, path, target, authority, version }, length)))
    }
}

const NO_HTTP: Malformed = Malformed::bad("this is no HTTP request");

/// The version and its length with the line end; `None` while it is incomplete.
fn parse_version(bytes: &[u8]) -> Result<Option<(Version, usize)>, Malformed> {
    const BAD: Malformed = Malformed::bad("the request line does not end in HTTP/1.1 or HTTP/1.0");
    const NAME: &[u8] = b"HTTP/";
    if bytes.starts_with(b"HTTP/1.1\r\n") {
        return Ok(Some((Version::Http11, 10)));
    }
    let known = bytes.len().min(NAME.len());
    if bytes.get(..known) != NAME.get(..known) {
        return Err(BAD);
    }
    let mut rest = bytes.iter().skip(NAME.len());
    let mut digit = |separator: Option<u8>| match rest.next() {
        None => Ok(None),
        Some(&byte)
            if separator == Some(byte) || (separator.is_none() && byte.is_ascii_digit()) =>
        {
            Ok(Some(byte))
        }
        Some(_) => Err(BAD),
    };
    let Some(major) = digit(None)? else { return Ok(None) };
    let Some(_) = digit(Some(b'.'))? else { return Ok(None) };
    let Some(minor) = digit(None)? else { return Ok(None) };
    let length = match bytes.get(8..10) {
        Some(b"\r\n") => 10,
        Some([b'\n', _]) => 9,
        Some(_) => return Err(BAD),
        None => match bytes.get(8) {
            Some(b'\n') => 9,
            Some(b'\r') | None => return Ok(None),
            Some(_) => return Err(BAD),
        },
    };
    match (major, minor) {
        (b'1', b'0') => Ok(Some((Version::Http10, length))),
        (b'1', _) => Ok(Some((Version::Http11, length))),
        _ => Err(Malformed::of(
            Status::VERSION_NOT_SUPPORTED,
            "only HTTP/1.1 and HTTP/1.0 are spoken here",
        )),
    }
}

/// The authority (of absolute-form only) and the path with its query (RFC 9112 section 3.2).
fn split_target(method: Method, target: &[u8]) -> Result<(Option<&[u8]>, &[u8]), Malformed> {
    if target.first() == Some(&b'/') || (method == Method::Options && target == b"*") {
        return Ok((None, target));
    }
    for scheme in ["http://", "https://"] {
        let Some((start, rest)) = target.split_at_checked(scheme.len()) else { continue };
        if start.eq_ignore_ascii_case(scheme.as_bytes()) {
            let end =
                rest.iter().position(|byte| matches!(byte, b'/' | b'?')).unwrap_or(rest.len());
            let (authority, path) = rest.split_at_checked(end).unwrap_or_default();
            return Ok((Some(authority), path));
        }
    }
    if method == Method::Connect {
        return Err(Malformed::of(Status::METHOD_NOT_ALLOWED, "this is no proxy"));
    }
    Err(Malformed::bad("the request target is neither a path nor an http address"))
}

/// Whether `host` is `uri-host [":" port]` (RFC 3986 section 3.2), without user information,
/// escapes and sub-delimiters, which no real host name has and which are read differently from
/// program to program.
pub fn is_host(host: &[u8]) -> bool {
    let (name_is_good, rest) = if let Some(literal) = host.strip_prefix(b"[") {
        let Some(end) = literal.iter().position(|&byte| byte == b']') else { return false };
        let (address, rest) = literal.split_at_checked(end).unwrap_or_default();
        let digits =
            address.iter().all(|byte| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.'));
        (digits && address.contains(&b':'), rest.get(1..).unwrap_or_default())
    } else {
        static OF_NAMES: Octets = Octets::letters_digits_and(b"-._~");
        let (name, rest) = host.split_at_checked(OF_NAMES.count_in_front(host)).unwrap_or_default();
        (!name.is_empty(), rest)
    };
    let port_is_good = match rest {
        [] => true,
        [b':', port @ ..] => {
            let digits =
                port.iter().map(|byte| byte.is_ascii_digit().then(|| u16::from(byte - b'0')));
            let add = |number: u16, digit: Option<u16>| number.checked_mul(10)?.checked_add(digit?);
            digits.into_iter().try_fold(0, add).is_some()
        }
        _ => false,
    };
    name_is_good && port_is_good
}
