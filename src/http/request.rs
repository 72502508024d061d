//! Request heads: from bytes to a [`Head`] that cannot be read in two ways (RFC 9112 sections 2, 3
//! and 5).
//!
//! Guarantees: never allocates, never panics, looks at no more than [`HEAD_LIMIT`] octets; what is
//! ambiguous is [`Malformed`], never repaired. Bytes above 0x7F and `#` pass in the target, because
//! proxies hand them on as visitors send them. Leaves out: folded header lines, HTTP/0.9 and
//! everything from HTTP/2 on (refused).

use core::fmt;

use super::framing::{self, Framing};
use super::line::{self, Front, Line};
use super::name::{Index, Name};
use super::request_line::{RequestLine, is_host};
use super::response::Status;

/// Octets that a head may take, blank lines before it included. Over it: 431.
pub const HEAD_LIMIT: usize = 65_536;
/// Octets that a request target may take. Over it: 414.
pub const TARGET_LIMIT: usize = 8_192;
/// Header lines that a head may have. Over it: 431.
pub const LINE_LIMIT: usize = 100;
/// Blank lines passed over before a request line (RFC 9112 section 2.2 asks for at least one).
const BLANK_LINE_LIMIT: usize = 16;

const TOO_MANY_LINES: Malformed =
    Malformed::of(Status::REQUEST_HEADER_FIELDS_TOO_LARGE, "more than 100 header lines");

/// A request method (RFC 9110 section 9). Methods are case-sensitive: `get` is [`Method::Other`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the standard's")]
pub enum Method {
    Get,
    Head,
    Post,
    Put,
    Delete,
    Options,
    Patch,
    Connect,
    Trace,
    /// Any other token; its text is [`Head::method_text`].
    Other,
}

impl Method {
    /// The method that `text` names.
    pub fn of(text: &str) -> Self {
        match text {
            "GET" => Self::Get,
            "HEAD" => Self::Head,
            "POST" => Self::Post,
            "PUT" => Self::Put,
            "DELETE" => Self::Delete,
            "OPTIONS" => Self::Options,
            "PATCH" => Self::Patch,
            "CONNECT" => Self::Connect,
            "TRACE" => Self::Trace,
            _ => Self::Other,
        }
    }
}

/// The protocol version of a request. A minor version above 1 counts as 1.1 (RFC 9110 section 2.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the standard's")]
pub enum Version {
    Http10,
    Http11,
}

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
    /// What follows the first `?` of the target, as sent.
    pub query: Option<&'a [u8]>,
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
            query: None,
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
        let RequestLine { method, method_text, path, query, version, .. } = line;
        (self.method, self.method_text, self.version) = (method, method_text, version);
        (self.path, self.query) = (path, query);
        Ok(Some((lines_start.saturating_add(lines_length), framing)))
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

/// The header lines of a request, in the order sent. Names compare without regard to case.
pub struct Headers<'a> {
    lines: heapless::Vec<Line<'a>, LINE_LIMIT>,
    index: Index,
    /// The host of a target in absolute-form, which takes the place of the header's.
    target_host: Option<&'a [u8]>,
}

/// A header that may be there once was there several times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Repeated;

impl fmt::Display for Repeated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sent more than once")
    }
}

impl<'a> Headers<'a> {
    /// Nothing yet.
    const fn none() -> Self {
        Self { lines: heapless::Vec::new(), index: Index::EMPTY, target_host: None }
    }

    /// These lines, for what reads headers that came another way than in a request. Those beyond
    /// [`LINE_LIMIT`] are left out.
    pub fn of(lines: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Self {
        let mut headers = Self::none();
        let all = lines
            .into_iter()
            .map(|(name, value)| Line { name: name.as_bytes(), value: value.trim_ascii() });
        headers.lines.extend(all.take(LINE_LIMIT));
        headers.tell_apart();
        headers
    }

    /// Takes in the lines at the front of `octets` up to the empty one behind them; `None` while
    /// that one is missing, else how many octets they took.
    fn read(&mut self, octets: &'a [u8]) -> Result<Option<usize>, Malformed> {
        debug_assert!(self.is_empty(), "a head is read once");
        let mut rest = octets;
        let end = loop {
            match line::read(rest)? {
                Front::Line(line, behind) => {
                    self.lines.push(line).map_err(|_| TOO_MANY_LINES)?;
                    rest = behind;
                }
                Front::End(behind) => break behind,
                Front::Incomplete => return Ok(None),
            }
        };
        self.tell_apart();
        Ok(Some(octets.len() - end.len()))
    }

    fn tell_apart(&mut self) {
        for (line, place) in self.lines.iter().zip(0..) {
            self.index.add(place, line.name);
        }
    }

    /// RFC 9112 section 3.2: no `Host` in HTTP/1.1, several, or one that is no host is a 400. The
    /// host of a target in absolute-form takes the place of the header's.
    fn check_host(
        &mut self,
        version: Version,
        authority: Option<&'a [u8]>,
    ) -> Result<(), Malformed> {
        if self.is_repeated(Name::Host) {
            return Err(Malformed::bad("several Host headers"));
        }
        if authority.is_some_and(|authority| !is_host(authority)) {
            return Err(Malformed::bad("the request target names no valid host"));
        }
        match self.values(Name::Host).next() {
            Some(host) if !is_host(host) => {
                return Err(Malformed::bad("the Host header names no valid host"));
            }
            None if version == Version::Http11 => return Err(Malformed::bad("no Host header")),
            _ => {}
        }
        self.target_host = authority;
        Ok(())
    }

    /// All lines: name as sent, a token, and value without the white space around it.
    pub fn iter(&self) -> impl Iterator<Item = (&'a [u8], &'a [u8])> + Clone + use<'_, 'a> {
        self.lines.iter().map(|line| (line.name, line.value))
    }

    /// The values of all lines of this name, without a look at the others.
    pub fn values(&self, name: Name) -> impl DoubleEndedIterator<Item = &'a [u8]> + use<'_, 'a> {
        let repeated = self.index.is_repeated(name);
        let places = match self.index.first(name) {
            None => 0..0,
            Some(first) => first..if repeated { self.lines.len() } else { first.saturating_add(1) },
        };
        let lines = self.lines.get(places).unwrap_or_default().iter();
        lines
            .filter(move |line| {
                !repeated || line.name.eq_ignore_ascii_case(name.as_str().as_bytes())
            })
            .map(|line| line.value)
    }

    /// The host that is asked: the target's, where it names one, else that of the one `Host` line.
    pub fn host(&self) -> Option<&'a [u8]> {
        self.target_host.or_else(|| self.values(Name::Host).next())
    }

    /// Whether there is a line of this name.
    pub fn has(&self, name: Name) -> bool {
        self.index.has(name)
    }

    /// Whether there is more than one line of this name.
    pub fn is_repeated(&self, name: Name) -> bool {
        self.index.is_repeated(name)
    }

    /// Whether there is a header that only a proxy sends: any `X-Forwarded-*`, `X-Original-*`,
    /// `X-Real-IP` or `CF-*`.
    pub fn are_forwarded(&self) -> bool {
        self.index.is_forwarding()
    }

    /// Whether there may be a line that the gate does not read and whose name has one of these
    /// marks, see [`super::name::mark`].
    pub fn may_have_others(&self, marks: u64) -> bool {
        self.index.may_have_others(marks)
    }

    /// The values of all lines called `name`: a walk over all lines, for headers that no verify
    /// needs.
    pub fn all<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'a [u8]> + use<'s, 'a> {
        self.iter()
            .filter(move |(sent, _)| sent.eq_ignore_ascii_case(name.as_bytes()))
            .map(|(_, value)| value)
    }

    /// The value of the one line called `name`; `None` if there is none.
    pub fn one(&self, name: &str) -> Result<Option<&'a [u8]>, Repeated> {
        let mut values = self.all(name);
        let first = values.next();
        if values.next().is_some() { Err(Repeated) } else { Ok(first) }
    }

    /// How many lines there are.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Whether there is no line.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }
}

/// Bytes that are no acceptable request. The connection is answered and ends: nothing behind them
/// can be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// The status to answer: 400, 405, 413, 414, 431, 501 or 505.
    pub status: Status,
    /// What is wrong, in words for the one who wired the proxy.
    pub reason: &'static str,
}

impl Malformed {
    /// A 400 with its reason.
    pub const fn bad(reason: &'static str) -> Self {
        Self { status: Status::BAD_REQUEST, reason }
    }

    /// A refusal with its reason.
    pub const fn of(status: Status, reason: &'static str) -> Self {
        Self { status, reason }
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.status, self.reason)
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
