//! Where a request's body ends (RFC 9112 sections 6 and 7). Request smuggling lives here, so
//! nothing is repaired.
//!
//! Guarantees: `Content-Length` is digits only and stands once; `Transfer-Encoding` is exactly
//! `chunked`, once, in HTTP/1.1 and without a length beside it; chunk sizes are hexadecimal digits
//! with CRLF ends; sizes, extensions and trailers are bounded. Leaves out: other codings (501) and
//! trailers (checked, then dropped).

use super::headers::Headers;
use super::malformed::Malformed;
use super::name::Name;
use super::response::{Status, is_token_byte};
use super::version::Version;

/// What follows the head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// Nothing was announced.
    None,
    /// So many octets.
    Length(u64),
    /// Chunks, see [`ChunkedDecoder`].
    Chunked,
}

impl Framing {
    /// Whether body octets were announced. `Content-Length: 0` announces none.
    pub const fn announces_body(self) -> bool {
        !matches!(self, Self::None | Self::Length(0))
    }
}

/// Decides the framing from `Content-Length` and `Transfer-Encoding`.
pub fn decide(headers: &Headers<'_>, version: Version) -> Result<Framing, Malformed> {
    if headers.is_repeated(Name::ContentLength) {
        return Err(Malformed::bad("several Content-Length headers"));
    }
    if headers.is_repeated(Name::TransferEncoding) {
        return Err(Malformed::bad("several Transfer-Encoding headers"));
    }
    let (length, coding) =
        (headers.values(Name::ContentLength).next(), headers.values(Name::TransferEncoding).next());
    match (length, coding) {
        (None, None) => Ok(Framing::None),
        (Some(length), None) => digits(length)
            .map(Framing::Length)
            .ok_or(Malformed::bad("Content-Length is no number of octets")),
        (Some(_), Some(_)) => Err(Malformed::bad("Content-Length beside Transfer-Encoding")),
        (None, Some(_)) if version == Version::Http10 => {
            Err(Malformed::bad("Transfer-Encoding in HTTP/1.0"))
        }
        (None, Some(coding)) if coding.eq_ignore_ascii_case(b"chunked") => Ok(Framing::Chunked),
        (None, Some(coding))
            if coding.iter().all(|&byte| is_token_byte(byte)) && !coding.is_empty() =>
        {
            Err(Malformed {
                status: Status::NOT_IMPLEMENTED,
                reason: "the only transfer coding known here is chunked",
            })
        }
        (None, Some(_)) => Err(Malformed::bad("Transfer-Encoding is not exactly chunked")),
    }
}

/// Decimal digits only, no sign: Rust's own parser takes `+6` (CVE-2021-32715).
fn digits(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0_u64, |number, byte| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    })
}

/// Octets of a chunk-size line with its extensions.
const SIZE_LINE_LIMIT: usize = 256;
/// Octets of size lines and trailers in one body, all together: endless extensions are an attack
/// (CVE-2023-39326).
const OVERHEAD_LIMIT: usize = 65_536;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Size { digits: bool, number: u64 },
    Space { number: u64 },
    Extension { number: u64 },
    SizeEnd { number: u64 },
    Data { left: u64 },
    DataCr,
    DataLf,
    TrailerStart,
    TrailerName,
    TrailerValue,
    TrailerLf,
    LastLf,
    Done,
}

/// Takes chunked bytes as they come and appends the data to a buffer (RFC 9112 section 7.1).
#[derive(Debug)]
pub struct ChunkedDecoder {
    part: Part,
    line: usize,
    overhead: usize,
}

impl Default for ChunkedDecoder {
    fn default() -> Self {
        Self::new()
    }
}

impl ChunkedDecoder {
    /// At the start of a body.
    pub const fn new() -> Self {
        Self { part: Part::Size { digits: false, number: 0 }, line: 0, overhead: 0 }
    }

    /// Reads on in `input` and appends data to `body`, which may grow to `limit` octets. Returns
    /// how many octets of `input` belonged to the body; fewer than all of them only when the body
    /// is complete.
    ///
    /// Errors: 413 as soon as a chunk announces more than `limit`, 400 for everything else; the
    /// decoder is spent then.
    pub fn decode(
        &mut self,
        input: &[u8],
        body: &mut Vec<u8>,
        limit: usize,
    ) -> Result<usize, Malformed> {
        let mut rest = input;
        while let Some((&byte, after)) = rest.split_first() {
            match self.part {
                Part::Done => break,
                Part::Data { left } => {
                    let take = usize::try_from(left).unwrap_or(usize::MAX).min(rest.len());
                    let (data, after) = rest.split_at_checked(take).unwrap_or_default();
                    body.extend_from_slice(data);
                    let left = left.saturating_sub(u64::try_from(take).unwrap_or(u64::MAX));
                    self.part = if left == 0 { Part::DataCr } else { Part::Data { left } };
                    rest = after;
                }
                part => {
                    self.part = self.step(part, byte, body.len(), limit)?;
                    rest = after;
                }
            }
        }
        Ok(input.len().saturating_sub(rest.len()))
    }

    /// Whether the last chunk and the trailers are read.
    pub fn is_done(&self) -> bool {
        self.part == Part::Done
    }

    /// One byte outside chunk data.
    fn step(&mut self, part: Part, byte: u8, body: usize, limit: usize) -> Result<Part, Malformed> {
        const BAD_SIZE: Malformed = Malformed::bad("a chunk size is no hexadecimal number");
        self.line = self.line.saturating_add(1);
        self.overhead = self.overhead.saturating_add(1);
        if self.overhead > OVERHEAD_LIMIT {
            return Err(Malformed::bad("too many octets in chunk sizes, extensions and trailers"));
        }
        let in_size_line =
            matches!(part, Part::Size { .. } | Part::Space { .. } | Part::Extension { .. });
        if in_size_line && self.line > SIZE_LINE_LIMIT {
            return Err(Malformed::bad("a chunk size line is longer than 256 octets"));
        }
        Ok(match (part, byte) {
            (Part::Size { number, .. }, _) if byte.is_ascii_hexdigit() => {
                let digit = char::from(byte).to_digit(16).map_or(0, u64::from);
                let number = number
                    .checked_mul(16)
                    .and_then(|number| number.checked_add(digit))
                    .ok_or(BAD_SIZE)?;
                Part::Size { digits: true, number }
            }
            (Part::Size { digits: true, number }, b'\r') => Part::SizeEnd { number },
            (Part::Size { digits: true, number } | Part::Space { number }, b';') => {
                Part::Extension { number }
            }
            (Part::Size { digits: true, number } | Part::Space { number }, b' ' | b'\t') => {
                Part::Space { number }
            }
            (Part::Extension { number }, b'\r') => Part::SizeEnd { number },
            (Part::Extension { number }, _) if is_text(byte) => Part::Extension { number },
            (Part::Size { .. } | Part::Space { .. } | Part::Extension { .. }, _) => {
                return Err(BAD_SIZE);
            }

            (Part::SizeEnd { number: 0 }, b'\n') => Part::TrailerStart,
            (Part::SizeEnd { number }, b'\n') => {
                self.line = 0;
                let room = u64::try_from(limit.saturating_sub(body)).unwrap_or(u64::MAX);
                if number > room {
                    return Err(Malformed {
                        status: Status::CONTENT_TOO_LARGE,
                        reason: "the body is too long",
                    });
                }
                Part::Data { left: number }
            }
            (Part::DataCr, b'\r') => Part::DataLf,
            (Part::DataLf, b'\n') => {
                self.line = 0;
                Part::Size { digits: false, number: 0 }
            }
            (Part::DataCr | Part::DataLf, _) => {
                return Err(Malformed::bad("a chunk is longer than its size says"));
            }

            (Part::TrailerStart, b'\r') => Part::LastLf,
            (Part::TrailerStart | Part::TrailerName, _) if is_token_byte(byte) => Part::TrailerName,
            (Part::TrailerName, b':') => Part::TrailerValue,
            (Part::TrailerValue, b'\r') => Part::TrailerLf,
            (Part::TrailerValue, _) if is_text(byte) => Part::TrailerValue,
            (Part::TrailerLf, b'\n') => Part::TrailerStart,
            (Part::LastLf, b'\n') => Part::Done,
            _ => return Err(Malformed::bad("the lines around a chunk are malformed")),
        })
    }
}

/// What may stand in an extension or a trailer's value: anything but control characters, tab
/// excepted.
const fn is_text(byte: u8) -> bool {
    byte == b'\t' || (byte >= b' ' && byte != 0x7f)
}

#[cfg(test)]
#[path = "framing_tests.rs"]
mod tests;
