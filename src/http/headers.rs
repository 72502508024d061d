//! The header lines of a request: read once, then found by name without another walk over them.
//!
//! Guarantees: never allocates; holds [`LINE_LIMIT`] lines at most; a `Host` that is missing,
//! doubled or no host is [`Malformed`].

use core::fmt;

use super::line::{self, Front, Line};
use super::malformed::Malformed;
use super::name::{Name, NameIndex};
use super::request_line::is_host;
use super::response::Status;
use super::version::Version;

/// Header lines that a head may have. Over it: 431.
pub const LINE_LIMIT: usize = 100;

const TOO_MANY_LINES: Malformed =
    Malformed::of(Status::REQUEST_HEADER_FIELDS_TOO_LARGE, "more than 100 header lines");

/// The header lines of a request, in the order sent. Names compare without regard to case.
pub struct Headers<'a> {
    lines: heapless::Vec<Line<'a>, LINE_LIMIT>,
    index: NameIndex,
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
    pub(super) const fn none() -> Self {
        Self { lines: heapless::Vec::new(), index: NameIndex::EMPTY, target_host: None }
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
    pub(super) fn read(&mut self, octets: &'a [u8]) -> Result<Option<usize>, Malformed> {
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
    pub(super) fn check_host(
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::name::mark;
    use crate::http::request::parse_head;

    fn with_line(line: &[u8]) -> Vec<u8> {
        [b"GET / HTTP/1.1\r\nHost: a\r\n", line, b"\r\n\r\n"].concat()
    }

    #[test]
    fn the_lines_of_a_head_are_counted() {
        let bytes = with_line(b"X-A: b\r\nX-A: c");
        let (head, _, _) = parse_head(&bytes).expect("good").expect("whole");
        assert_eq!((head.headers.len(), head.headers.is_empty()), (3, false));
        let (bare, _, _) = parse_head(b"GET / HTTP/1.0\r\n\r\n").expect("good").expect("whole");
        assert_eq!((bare.headers.len(), bare.headers.is_empty()), (0, true));
    }

    #[test]
    fn the_lines_of_a_head_are_found_by_name_and_by_mark() {
        let bytes = with_line(b"Accept: */*\r\nRemote_User: x");
        let (head, _, _) = parse_head(&bytes).expect("good").expect("whole");
        assert_eq!((head.headers.has(Name::Accept), head.headers.has(Name::Cookie)), (true, false));
        let marks = |name: &[u8]| head.headers.may_have_others(mark(name));
        assert_eq!(
            (marks(b"Remote-User"), marks(b"Remote-Groups"), marks(b"Accept")),
            (true, false, false)
        );
    }

    #[test]
    fn the_values_of_a_name_are_those_of_its_own_lines_whatever_stands_between() {
        let bytes = with_line(b"Cookie: a\r\nAccept: b\r\nX-Other: c\r\ncookie: d\r\nUpgrade: e");
        let (head, _, _) = parse_head(&bytes).expect("good").expect("whole");
        assert_eq!(head.headers.values(Name::Cookie).collect::<Vec<_>>(), [b"a", b"d"]);
        assert_eq!(head.headers.values(Name::Cookie).rev().collect::<Vec<_>>(), [b"d", b"a"]);
        assert_eq!(head.headers.values(Name::Accept).collect::<Vec<_>>(), [b"b"]);
        assert_eq!(head.headers.values(Name::ForwardedFor).count(), 0);
    }
}
