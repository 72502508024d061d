//! Rules that can never match, because an earlier one takes all that they describe.
//!
//! Only what one earlier rule takes is found, not what several take together; and never a rule
//! that could match.

use ipnet::IpNet;

use super::path_glob;
use super::path_pattern::{PathPattern, PatternSegment};
use super::rule::Rule;

/// A rule that never matches, and the one before it that takes all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeadRule<'r> {
    /// The one that never matches.
    pub rule: &'r Rule,
    /// The first one that takes all of it.
    pub taken_by: &'r Rule,
}

/// All rules of the list that can never match.
pub fn dead_rules(rules: &[Rule]) -> impl Iterator<Item = DeadRule<'_>> {
    rules.iter().enumerate().filter_map(|(place, rule)| {
        let before = rules.get(..place)?;
        let taken_by = before.iter().find(|before| covers(before, rule))?;
        Some(DeadRule { rule, taken_by })
    })
}

fn covers(wide: &Rule, narrow: &Rule) -> bool {
    all_covered(&wide.hosts, &narrow.hosts, |wide, narrow| wide.covers(narrow))
        && all_covered(&wide.paths, &narrow.paths, path_covers)
        && all_covered(&wide.methods, &narrow.methods, |wide, narrow| wide == narrow)
        && match (&wide.networks, &narrow.networks) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(wide), Some(narrow)) => {
                narrow.iter().all(|narrow| wide.iter().any(|wide| net_covers(wide, narrow)))
            }
        }
}

/// Whether each entry of `narrow` is covered by one of `wide`; an empty list stands for all.
fn all_covered<T>(wide: &[T], narrow: &[T], covers: fn(&T, &T) -> bool) -> bool {
    wide.is_empty()
        || (!narrow.is_empty()
            && narrow.iter().all(|narrow| wide.iter().any(|wide| covers(wide, narrow))))
}

fn net_covers(wide: &IpNet, narrow: &IpNet) -> bool {
    match (wide, narrow) {
        (IpNet::V4(wide), IpNet::V4(narrow)) => wide.contains(narrow),
        (IpNet::V6(wide), IpNet::V6(narrow)) => wide.contains(narrow),
        _ => false,
    }
}

fn path_covers(wide: &PathPattern, narrow: &PathPattern) -> bool {
    segments_cover(wide.segments(), narrow.segments())
}

/// Each segment of the narrow pattern is taken for a text, in which a star stands for itself: only
/// a star of the wide one takes it.
fn segments_cover(wide: &[PatternSegment], narrow: &[PatternSegment]) -> bool {
    let (mut at, mut place) = (0, 0);
    // Where to go on when what was tried last does not fit: behind the last `**`, one later.
    let mut retry: Option<(usize, usize)> = None;
    while let Some(segment) = narrow.get(place) {
        match (wide.get(at), segment) {
            (Some(PatternSegment::AnyNumber), _) => {
                at += 1;
                retry = Some((at, place));
            }
            (Some(PatternSegment::One(wide)), PatternSegment::One(narrow))
                if segment_covers(wide, narrow) =>
            {
                at += 1;
                place += 1;
            }
            _ => {
                let Some((star, taken)) = retry else { return false };
                retry = Some((star, taken + 1));
                (at, place) = (star, taken + 1);
            }
        }
    }
    let left = wide.get(at..).unwrap_or_default();
    left.iter().all(|segment| *segment == PatternSegment::AnyNumber)
}

fn segment_covers(wide: &[u8], narrow: &[u8]) -> bool {
    if wide == b"*" { !narrow.is_empty() } else { path_glob::matches(wide, narrow) }
}

#[cfg(test)]
#[path = "coverage_tests.rs"]
mod tests;
