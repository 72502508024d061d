//! A path without its dot segments (RFC 3986 section 5.2.4), as three kinds of software would have
//! it: they differ in what they make of escapes.

use crate::auth::percent::escaped;

/// How a piece of software reads a path before it resolves the dot segments.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum PathReading {
    /// As written.
    Rfc3986,
    /// `%2e` is a dot.
    Browser,
    /// All escapes are decoded, `%2f` too, and doubled slashes are one.
    Server,
}

/// A path after its dot segments are removed.
pub(super) struct ResolvedPath(heapless::Vec<u8, { ResolvedPath::MAX_LENGTH }>);

impl ResolvedPath {
    /// Octets of the longest path that is taken whole.
    pub(super) const MAX_LENGTH: usize = 4_096;

    /// `path` as software that reads it so would serve it.
    pub(super) fn new(path: &str, reading: PathReading) -> Self {
        let mut read = heapless::Vec::<u8, { Self::MAX_LENGTH }>::new();
        let mut rest = path.as_bytes();
        while let [octet, after @ ..] = rest {
            let decoded = escaped(rest).filter(|decoded| match reading {
                PathReading::Rfc3986 => false,
                PathReading::Browser => *decoded == b'.',
                PathReading::Server => true,
            });
            let (octet, after) = match decoded {
                Some(decoded) => (decoded, rest.get(3..).unwrap_or_default()),
                None => (*octet, after),
            };
            // Never full: nothing grows here, and the caller has refused what is longer than the
            // buffer.
            let _ = read.push(octet);
            rest = after;
        }
        let mut resolved = Self(heapless::Vec::new());
        let segments = read.strip_prefix(b"/").unwrap_or(&read);
        let mut ends_in_dots = false;
        for segment in segments.split(|octet| *octet == b'/') {
            ends_in_dots = matches!(segment, b"." | b"..");
            match segment {
                b"." => {}
                b".." => resolved.drop_last(),
                b"" if reading == PathReading::Server => {}
                segment => resolved.push(segment),
            }
        }
        if ends_in_dots || resolved.0.is_empty() {
            resolved.push(b"");
        }
        resolved
    }

    fn push(&mut self, segment: &[u8]) {
        let _ = self.0.push(b'/');
        let _ = self.0.extend_from_slice(segment);
    }

    fn drop_last(&mut self) {
        let end = self.0.iter().rposition(|octet| *octet == b'/').unwrap_or(0);
        self.0.truncate(end);
    }

    /// The path, which begins with a slash.
    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether it begins so.
    pub(super) fn starts_with(&self, start: &[u8]) -> bool {
        self.0.starts_with(start)
    }
}
