//! Request heads: from bytes to a [`Head`] that cannot be read in two ways (RFC 9112 sections 2, 3
//! and 5).
//!
//! Guarantees: never allocates, never panics, looks at no more than [`HEAD_LIMIT`] octets; what is
//! ambiguous is [`Malformed`], never repaired. Bytes above 0x7F and `#` pass in the target, because
//! proxies hand them on as visitors send them. Leaves out: folded header lines, HTTP/0.9 and
//! everything from HTTP/2 on (refused).

use super::framing::{self, Framing};
use super::name::Name;
use super::request_line::RequestLine;
use super::response::Status;

pub use super::headers::{Headers, LINE_LIMIT, Repeated};
pub use super::malformed::Malformed;
pub use super::method::Method;
pub use super::request_line::TARGET_LIMIT;
pub use super::version::Version;

/// Octets that a head may take, blank lines before it included. Over it: 431.
pub const HEAD_LIMIT: usize = 65_536;
/// Blank lines passed over before a request line (RFC 9112 section 2.2 asks for at least one).
const BLANK_LINE_LIMIT: usize = 16;

/// A complete request head, borrowed from the bytes it was read from.
pub struct Head<'a> {
    /// The method.
    pub method: Method,
    /// The method as sent.
    pub method_text: &'a str,
    /// The path as sent, neither decoded nor normalised; absolute-form is reduced to its path; `*`
    /// for `OPTIONS *`. Ends at the first `?`. A `#` and what follows it stays, so that no one
    /// judges a shorter path than was sent.
    pub path: &'a [u8],
    /// Path and query as sent; absolute-form is reduced to them.
    pub target: &'a [u8],
    /// The version.
    pub version: Version,
    /// The header lines. With a target in absolute-form [`Headers::host`] is the target's (RFC 9112
    /// section 3.2.2).
    pub headers: Headers<'a>,
}

impl<'a> Head<'a> {
    /// Nothing read yet.
    pub const fn none() -> Self {
        Self {
            method: Method::Other,
            method_text: "",
            path: b"",
            target: b"",
            version: Version::Http11,
            headers: Headers::none(),
        }
    }

    /// [`parse_head`] in place: a head has room for 100 lines, which is not worth moving. Call it
    /// once.
    pub fn read(&mut self, bytes: &'a [u8]) -> Result<Option<(usize, Framing)>, Malformed> {
        const TOO_LONG: Malformed = Malformed::of(
            Status::REQUEST_HEADER_FIELDS_TOO_LARGE,
            "the request head is longer than 64 KiB",
        );
        let incomplete = if bytes.len() > HEAD_LIMIT { Err(TOO_LONG) } else { Ok(None) };

        let Some(start) = after_blank_lines(bytes)? else { return incomplete };
        let Some((line, line_length)) = RequestLine::parse(bytes.get(start..).unwrap_or_default())?
        else {
            return incomplete;
        };
        let lines_start = start.saturating_add(line_length);
        let lines = bytes.get(lines_start..HEAD_LIMIT.min(bytes.len())).unwrap_or_default();
        let Some(lines_length) = self.headers.read(lines)? else { return incomplete };

        self.headers.check_host(line.version, line.authority)?;
        let framing = framing::decide(&self.headers, line.version)?;
        let RequestLine { method, method_text, path, target, version, .. } = line;
        (self.method, self.method_text, self.version) = (method, method_text, version);
        (self.path, self.target) = (path, target);
        Ok(Some((lines_start.saturating_add(lines_length), framing)))
    }

    /// What follows the first `?` of the target, as sent.
    pub fn query(&self) -> Option<&'a [u8]> {
        let mark = memchr::memchr(b'?', self.target)?;
        self.target.get(mark + 1..)
    }

    /// Whether the client lets the connection be used again (RFC 9112 section 9.3): in HTTP/1.1
    /// unless it says `close`, in HTTP/1.0 only if it says `keep-alive`.
    pub fn keeps_alive(&self) -> bool {
        let mut keep = self.version == Version::Http11;
        for option in self
            .headers
            .values(Name::Connection)
            .flat_map(|value| value.split(|&byte| byte == b','))
        {
            let option = option.trim_ascii();
            if option.eq_ignore_ascii_case(b"close") {
                return false;
            }
            keep = keep || option.eq_ignore_ascii_case(b"keep-alive");
        }
        keep
    }

    /// Whether the client waits for `100 Continue` before it sends the body (RFC 9110 section
    /// 10.1.1).
    pub fn expects_continue(&self) -> bool {
        self.version == Version::Http11
            && self.headers.all("expect").any(|value| value.eq_ignore_ascii_case(b"100-continue"))
    }
}

/// Reads one request head from the start of `bytes`.
///
/// `Ok(None)`: incomplete, ask again with more. `Ok(Some((head, length, framing)))`: the head took
/// `length` octets, and `framing` says what body follows. Blank lines before the request line are
/// part of the head.
pub fn parse_head(bytes: &[u8]) -> Result<Option<(Head<'_>, usize, Framing)>, Malformed> {
    let mut head = Head::none();
    Ok(head.read(bytes)?.map(|(length, framing)| (head, length, framing)))
}

/// The place where the request line starts; `None` while there are only blank lines.
fn after_blank_lines(bytes: &[u8]) -> Result<Option<usize>, Malformed> {
    let mut start: usize = 0;
    for _ in 0..=BLANK_LINE_LIMIT {
        match (bytes.get(start), bytes.get(start.saturating_add(1))) {
            (Some(b'\n'), _) => start = start.saturating_add(1),
            (Some(b'\r'), Some(b'\n')) => start = start.saturating_add(2),
            (Some(b'\r'), None) | (None, _) => return Ok(None),
            (Some(_), _) => return Ok(Some(start)),
        }
    }
    Err(Malformed::bad("only blank lines"))
}

#[cfg(test)]
#[path = "request_tests.rs"]
mod tests;
