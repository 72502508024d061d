//! What servers may take a path for that is not plain: every path that some chain of decoding,
//! cutting and resolving makes of it.
//!
//! Servers differ in what they do to a path before they serve it, in which order, and how often.
//! The readings are the closure: each of [`STEPS`] is applied to each reading until nothing new
//! comes. Guarantees: the path itself is the first reading; no reading is there twice; time and
//! memory are bounded, and where the bound is reached the path is unreadable, which is the
//! strictest of all answers. Left out: letters' case, which the comparison ignores.

use super::letter_case::FoldedPath;
use super::path_steps::{STEPS, Step};
use super::plain_path::PlainPath;

/// Most readings of one path.
const MOST: usize = 128;
/// Most octets of all readings together.
const ROOM: usize = 24 * 1_024;

/// The readings of one path, in memory that is kept for the next.
#[derive(Default)]
pub struct PathReadings {
    octets: Vec<u8>,
    ends: Vec<usize>,
    /// The reading that a step is applied to.
    source: Vec<u8>,
    /// A plain path without its escapes.
    plain: Vec<u8>,
    /// The reading that is compared, without letters' case.
    folded: Vec<u8>,
}

impl PathReadings {
    /// Collects all readings of `path`, which has no query. `None` where there are too many.
    pub fn of(&mut self, path: &[u8]) -> Option<impl Iterator<Item = &[u8]>> {
        let count = self.collect(path)?;
        let (octets, ends) = (&self.octets, &self.ends);
        Some((0..count).map_while(|at| reading(octets, ends, at)))
    }

    /// The only reading of a plain path; `None` where it is not plain.
    pub(super) fn of_plain<'r>(&'r mut self, path: &'r [u8]) -> Option<FoldedPath<'r>> {
        let plain = PlainPath::decode(path, &mut self.plain)?;
        Some(if plain.is_caseless {
            FoldedPath::caseless(plain.decoded)
        } else {
            FoldedPath::new(plain.decoded, &mut self.folded)
        })
    }

    /// Collects all readings of `path`, and tells their number. `None` where there are too many.
    pub(super) fn collect(&mut self, path: &[u8]) -> Option<usize> {
        self.octets.clear();
        self.ends.clear();
        self.source.clear();
        if path.len() > ROOM {
            return None;
        }
        self.octets.reserve(ROOM);
        self.ends.reserve(MOST);
        self.source.reserve(ROOM);
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
        Some(next)
    }

    /// The octets of all that were collected.
    pub(super) fn octets(&self) -> usize {
        self.octets.len()
    }

    /// One of those that were collected, from 0.
    pub(super) fn folded(&mut self, at: usize) -> Option<FoldedPath<'_>> {
        let exact = reading(&self.octets, &self.ends, at)?;
        Some(FoldedPath::new(exact, &mut self.folded))
    }

    /// Adds what a step makes of the source, if it is new. `None` where there is no room.
    fn add(&mut self, step: Step) -> Option<()> {
        let start = self.octets.len();
        // A step lengthens a path by a slash at most.
        if start + self.source.len() + 1 > ROOM {
            return None;
        }
        step(&self.source, &mut self.octets);
        let new = self.octets.get(start..).unwrap_or_default();
        // Most steps change nothing.
        let known = new == self.source || {
            let mut from = 0;
            self.ends.iter().any(|end| {
                let known = self.octets.get(from..*end);
                from = *end;
                known == Some(new)
            })
        };
        if known {
            self.octets.truncate(start);
            return Some(());
        }
        if self.ends.len() == MOST {
            return None;
        }
        self.ends.push(self.octets.len());
        Some(())
    }
}

fn reading<'r>(octets: &'r [u8], ends: &[usize], at: usize) -> Option<&'r [u8]> {
    let start = at.checked_sub(1).map_or(Some(0), |before| ends.get(before).copied())?;
    octets.get(start..*ends.get(at)?)
}

#[cfg(test)]
#[path = "path_readings_tests.rs"]
mod tests;
