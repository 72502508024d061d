//! The paths that a rule is for: a glob by segments, `/share/**`, `/s/*`, `/files/*.jpg`.
//!
//! `*` stands for any characters within one segment (a segment that is `*` alone is not empty),
//! `**` for any number of whole segments, none included: `/share/**` holds `/share`. A pattern
//! describes the whole path. It is compared with decoded paths; query and fragment never count.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::letter_case::{Alike, FoldedPath, fold};
use super::path_glob;
use crate::auth::percent::escaped;

/// A pattern for whole paths.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct PathPattern {
    text: String,
    form: PatternForm,
    /// Without letters' case; `None`: it is so already.
    folded: Option<PatternForm>,
}

/// A pattern, decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
struct PatternForm {
    segments: Vec<PatternSegment>,
    /// With what all its paths begin: most others are told apart by it alone.
    head: Vec<u8>,
    after_head: AfterHead,
}

/// What a path may hold behind the head of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AfterHead {
    /// Nothing: the pattern has no star.
    Nothing,
    /// Whole segments: the pattern ends in its only star, `/**`.
    Segments,
    /// What the other segments say.
    Globs,
}

/// What one segment of a pattern describes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PatternSegment {
    /// `**`: any number of segments.
    AnyNumber,
    /// One segment, decoded, with `*` for any characters.
    One(Vec<u8>),
}

/// Why an entry is no pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PatternFault {
    /// It does not begin with `/`.
    NoSlash,
    /// It holds `?` or `#`: query and fragment never count.
    Query,
    /// `**` with something else in its segment.
    HalfDoubleStar,
    /// `//`, or a segment that is `.` or `..`: no plain path holds one.
    OddSegment,
    /// A character that no plain path holds.
    Character(char),
    /// An escape other than `%20` and those of UTF-8 above 0x7F.
    Escape,
    /// Longer than [`PathPattern::LONGEST`].
    TooLong,
}

impl PathPattern {
    /// Octets of the longest pattern.
    pub const LONGEST: usize = 1_024;

    /// Reads an entry of `paths`. Characters above 0x7F and blanks may stand as themselves.
    ///
    /// # Errors
    /// It is no pattern, or one that no plain path can match.
    pub fn parse(text: &str) -> Result<Self, PatternFault> {
        if text.len() > Self::LONGEST {
            return Err(PatternFault::TooLong);
        }
        let path = text.strip_prefix('/').ok_or(PatternFault::NoSlash)?;
        let last = path.split('/').count().saturating_sub(1);
        let segments = path.split('/').enumerate().map(|(place, segment)| match segment {
            "**" => Ok(PatternSegment::AnyNumber),
            "." | ".." => Err(PatternFault::OddSegment),
            "" if place != last => Err(PatternFault::OddSegment),
            segment if segment.contains("**") => Err(PatternFault::HalfDoubleStar),
            segment => decode(segment).map(PatternSegment::One),
        });
        let form = PatternForm::new(segments.collect::<Result<_, _>>()?);
        let folded = PatternForm::new(form.segments.iter().map(PatternSegment::folded).collect());
        let folded = (folded != form).then_some(folded);
        Ok(Self { text: text.to_owned(), form, folded })
    }

    /// For whom it describes this decoded path, which begins with a slash; `None`: for nobody.
    pub(super) fn compare(&self, path: FoldedPath<'_>) -> Option<Alike> {
        if self.form.describes(path.exact) {
            return Some(Alike::Exactly);
        }
        if self.folded.is_none() && path.is_caseless {
            return None;
        }
        let form = self.folded.as_ref().unwrap_or(&self.form);
        form.describes(path.folded).then_some(Alike::IgnoringCase)
    }

    /// Whether a comparison may go through a whole path, and not just through its beginning.
    pub(super) fn is_slow(&self) -> bool {
        self.form.after_head == AfterHead::Globs
    }

    pub(super) fn segments(&self) -> &[PatternSegment] {
        &self.form.segments
    }
}

impl fmt::Display for PathPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl From<PathPattern> for String {
    fn from(pattern: PathPattern) -> Self {
        pattern.text
    }
}

impl TryFrom<String> for PathPattern {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).map_err(|_| "no path")
    }
}

impl PatternSegment {
    fn folded(&self) -> Self {
        let Self::One(glob) = self else { return Self::AnyNumber };
        let mut folded = Vec::with_capacity(glob.len());
        fold(glob, &mut folded);
        Self::One(folded)
    }
}

impl PatternForm {
    fn new(segments: Vec<PatternSegment>) -> Self {
        let mut head = Vec::new();
        let mut others = segments.iter();
        let after_head = loop {
            let glob = match (others.next(), others.as_slice()) {
                (None, _) => break AfterHead::Nothing,
                (Some(PatternSegment::AnyNumber), []) => break AfterHead::Segments,
                (Some(PatternSegment::AnyNumber), _) => break AfterHead::Globs,
                (Some(PatternSegment::One(glob)), _) => glob,
            };
            let literal = glob.split(|octet| *octet == b'*').next().unwrap_or_default();
            head.push(b'/');
            head.extend_from_slice(literal);
            if literal.len() < glob.len() {
                break AfterHead::Globs;
            }
        };
        Self { segments, head, after_head }
    }

    fn describes(&self, path: &[u8]) -> bool {
        let Some(rest) = path.strip_prefix(self.head.as_slice()) else { return false };
        match self.after_head {
            AfterHead::Nothing => rest.is_empty(),
            AfterHead::Segments => matches!(rest, [] | [b'/', ..]),
            AfterHead::Globs => self.describes_segments(path),
        }
    }

    fn describes_segments(&self, path: &[u8]) -> bool {
        let path = path.strip_prefix(b"/").unwrap_or(path);
        // Most are told apart by their ends.
        let end = path.rsplit(|octet| *octet == b'/').next().unwrap_or_default();
        if matches!(self.segments.last(), Some(PatternSegment::One(glob)) if !is_segment(glob, end))
        {
            return false;
        }
        let (mut at, mut rest) = (0, Some(path));
        // Where to go on when what was tried last does not fit: behind the last `**`, one segment
        // later.
        let mut retry: Option<(usize, Option<&[u8]>)> = None;
        while let Some(path) = rest {
            let (segment, after) = split_segment(path);
            match self.segments.get(at) {
                Some(PatternSegment::AnyNumber) => {
                    at += 1;
                    retry = Some((at, rest));
                }
                Some(PatternSegment::One(glob)) if is_segment(glob, segment) => {
                    at += 1;
                    rest = after;
                }
                _ => {
                    let Some((star, Some(taken))) = retry else { return false };
                    let (_, later) = split_segment(taken);
                    retry = Some((star, later));
                    (at, rest) = (star, later);
                }
            }
        }
        let left = self.segments.get(at..).unwrap_or_default();
        left.iter().all(|segment| *segment == PatternSegment::AnyNumber)
    }
}

fn is_segment(glob: &[u8], segment: &[u8]) -> bool {
    !(glob == b"*" && segment.is_empty()) && path_glob::matches(glob, segment)
}

/// The first segment, and what stands behind its slash.
fn split_segment(path: &[u8]) -> (&[u8], Option<&[u8]>) {
    match memchr::memchr(b'/', path) {
        Some(slash) => (path.get(..slash).unwrap_or_default(), path.get(slash + 1..)),
        None => (path, None),
    }
}

/// A segment without its escapes.
fn decode(segment: &str) -> Result<Vec<u8>, PatternFault> {
    let mut decoded = Vec::with_capacity(segment.len());
    let mut rest = segment;
    while let Some(letter) = rest.chars().next() {
        let taken = match letter {
            '%' => {
                let value = escaped(rest.as_bytes());
                let value = value.filter(|value| *value == b' ' || *value > 0x7F);
                decoded.push(value.ok_or(PatternFault::Escape)?);
                3
            }
            '?' | '#' => return Err(PatternFault::Query),
            letter if !letter.is_ascii() || letter == ' ' || may_stand_in_path(letter) => {
                decoded.extend_from_slice(
                    rest.get(..letter.len_utf8()).unwrap_or_default().as_bytes(),
                );
                letter.len_utf8()
            }
            letter => return Err(PatternFault::Character(letter)),
        };
        rest = rest.get(taken..).unwrap_or_default();
    }
    if std::str::from_utf8(&decoded).is_ok() { Ok(decoded) } else { Err(PatternFault::Escape) }
}

fn may_stand_in_path(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || "-._~!$&'()*+,=:@".contains(letter)
}

#[cfg(test)]
#[path = "path_pattern_tests.rs"]
mod tests;
