//! What servers may take a path for that is not plain: every path that some chain of decoding,
//! cutting and resolving makes of it.
//!
//! Servers differ in what they do to a path before they serve it, in which order, and how often.
//! The readings are the closure: each step below is applied to each reading until nothing new
//! comes. Guarantees: the path itself is the first reading; no reading is there twice; time and
//! memory are bounded, and where the bound is reached the path is unreadable, which is the
//! strictest of all answers. Left out: letters' case, which the comparison ignores.

use super::plain_path::escaped;

/// Most readings of one path.
const MOST: usize = 96;
/// Most octets of all readings together.
const ROOM: usize = 24 * 1_024;

/// The readings of one path, in memory that is kept for the next.
#[derive(Default)]
pub struct PathReadings {
    octets: Vec<u8>,
    ends: Vec<usize>,
    /// The reading that a step is applied to.
    source: Vec<u8>,
}

/// What a server may do to a path. It adds what it makes of the first to the second.
type Step = fn(&[u8], &mut Vec<u8>);

const STEPS: [Step; 7] = [
    decode_once,
    fold_overlong,
    turn_backslashes,
    drop_parameters,
    resolve_dots,
    merge_slashes,
    cut_at_query,
];

impl PathReadings {
    /// Collects all readings of `path`, which has no query. `None` where there are too many.
    pub fn of(&mut self, path: &[u8]) -> Option<impl Iterator<Item = &[u8]>> {
        self.octets.clear();
        self.ends.clear();
        self.octets.reserve(ROOM);
        self.ends.reserve(MOST);
        self.source.reserve(ROOM);
        if path.len() > ROOM {
            return None;
        }
        self.octets.extend_from_slice(path);
        self.ends.push(path.len());
        let mut next = 0;
        while let Some(found) = reading(&self.octets, &self.ends, next) {
            self.source.clear();
            self.source.extend_from_slice(found);
            for step in STEPS {
                self.add(step)?;
            }
            next += 1;
        }
        let (octets, ends) = (&self.octets, &self.ends);
        Some((0..ends.len()).map_while(|at| reading(octets, ends, at)))
    }

    /// Adds what a step makes of the source, if it is new. `None` where there is no room.
    fn add(&mut self, step: Step) -> Option<()> {
        let start = self.octets.len();
        if start + self.source.len() > ROOM {
            return None;
        }
        step(&self.source, &mut self.octets);
        let new = self.octets.get(start..).unwrap_or_default();
        let known = (0..self.ends.len())
            .any(|at| reading(&self.octets, &self.ends, at).is_some_and(|known| known == new));
        if known {
            self.octets.truncate(start);
            return Some(());
        }
        self.ends.push(self.octets.len());
        (self.ends.len() <= MOST).then_some(())
    }
}

fn reading<'r>(octets: &'r [u8], ends: &[usize], at: usize) -> Option<&'r [u8]> {
    let start = at.checked_sub(1).map_or(Some(0), |before| ends.get(before).copied())?;
    octets.get(start..*ends.get(at)?)
}

/// Every escape by the octet that it stands for (RFC 3986 section 2.1), once.
fn decode_once(path: &[u8], out: &mut Vec<u8>) {
    let mut rest = path;
    while let [octet, after @ ..] = rest {
        let decoded = escaped(rest);
        out.push(decoded.unwrap_or(*octet));
        rest = if decoded.is_some() { rest.get(3..).unwrap_or_default() } else { after };
    }
}

/// ASCII that is written in two, three or four octets of UTF-8 (RFC 3629 section 10).
fn fold_overlong(path: &[u8], out: &mut Vec<u8>) {
    let mut rest = path;
    while let [octet, after @ ..] = rest {
        let (folded, behind) = match rest {
            [lead @ (0xC0 | 0xC1), tail @ 0x80..=0xBF, behind @ ..] => {
                (((lead & 1) << 6) | (tail & 0x3F), behind)
            }
            [0xE0, lead @ (0x80 | 0x81), tail @ 0x80..=0xBF, behind @ ..] => {
                (((lead & 1) << 6) | (tail & 0x3F), behind)
            }
            [0xF0, 0x80, lead @ (0x80 | 0x81), tail @ 0x80..=0xBF, behind @ ..] => {
                (((lead & 1) << 6) | (tail & 0x3F), behind)
            }
            _ => (*octet, after),
        };
        out.push(folded);
        rest = behind;
    }
}

/// A backslash for a slash, as on Windows and in browsers (URL Standard, section 4.4).
fn turn_backslashes(path: &[u8], out: &mut Vec<u8>) {
    out.extend(path.iter().map(|octet| if *octet == b'\\' { b'/' } else { *octet }));
}

/// Every segment without `;` and what follows (RFC 3986 section 3.3), as servlet containers do.
fn drop_parameters(path: &[u8], out: &mut Vec<u8>) {
    let mut in_parameters = false;
    for octet in path {
        in_parameters = (in_parameters || *octet == b';') && *octet != b'/';
        if !in_parameters {
            out.push(*octet);
        }
    }
}

/// Without `.` and `..` (RFC 3986 section 5.2.4). Empty segments stay, and `..` takes one away.
fn resolve_dots(path: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    let segments = path.strip_prefix(b"/").unwrap_or(path);
    let mut ends_in_dots = false;
    for segment in segments.split(|octet| *octet == b'/') {
        ends_in_dots = matches!(segment, b"." | b"..");
        match segment {
            b"." => {}
            b".." => {
                let kept = out.get(start..).unwrap_or_default();
                let end = kept.iter().rposition(|octet| *octet == b'/').unwrap_or(0);
                out.truncate(start + end);
            }
            segment => {
                out.push(b'/');
                out.extend_from_slice(segment);
            }
        }
    }
    if ends_in_dots || out.len() == start {
        out.push(b'/');
    }
}

/// Doubled slashes as one.
fn merge_slashes(path: &[u8], out: &mut Vec<u8>) {
    let mut before = 0;
    for octet in path {
        if *octet != b'/' || before != b'/' {
            out.push(*octet);
        }
        before = *octet;
    }
}

/// Up to what would end a path if it were not escaped: `?`, `#`, and NUL for programs in C.
fn cut_at_query(path: &[u8], out: &mut Vec<u8>) {
    let end = path.iter().position(|octet| matches!(octet, b'?' | b'#' | 0));
    out.extend_from_slice(path.get(..end.unwrap_or(path.len())).unwrap_or_default());
}
