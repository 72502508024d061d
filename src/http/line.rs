//! One header line: its name and its value (RFC 9112 section 5), sixteen octets at a time.
//!
//! A verify costs what its lines cost: `httparse` took more than a third of all instructions for
//! them. It is what `line_tests.rs` and the fuzz target hold this against.
//!
//! Guarantees: a name is a token and touches its colon; a value holds no control character but tab;
//! a line ends with CRLF or LF. A line that is folded has no name and is refused.

use wide::u8x16;

use super::malformed::Malformed;
use super::response::is_token_byte;

/// A header line.
#[derive(Clone, Copy)]
pub(super) struct Line<'a> {
    /// As sent, a token.
    pub name: &'a [u8],
    /// Without the white space around it.
    pub value: &'a [u8],
}

/// What stands at the front of some octets.
pub(super) enum Front<'a> {
    /// A line, and what follows it.
    Line(Line<'a>, &'a [u8]),
    /// The empty line behind the last one, and what follows it.
    End(&'a [u8]),
    /// Not all of a line.
    Incomplete,
}

const BAD_NAME: Malformed = Malformed::bad("a header line has no name, a bad name or no colon");
const BAD_VALUE: Malformed = Malformed::bad("a header value holds a control character");

/// Reads what stands at the front.
#[inline]
pub(super) fn read(octets: &[u8]) -> Result<Front<'_>, Malformed> {
    let (name, behind) = split_name(octets);
    let value = match behind {
        [b':', b' ', value @ ..] | [b':', value @ ..] if !name.is_empty() => value,
        [] => return Ok(Front::Incomplete),
        [b'\r', b'\n', rest @ ..] | [b'\n', rest @ ..] if name.is_empty() => {
            return Ok(Front::End(rest));
        }
        [b'\r'] if name.is_empty() => return Ok(Front::Incomplete),
        _ => return Err(BAD_NAME),
    };
    let (value, behind) = split_text(without_space(value));
    let rest = match behind {
        [b'\r', b'\n', rest @ ..] | [b'\n', rest @ ..] => rest,
        [] | [b'\r'] => return Ok(Front::Incomplete),
        _ => return Err(BAD_VALUE),
    };
    Ok(Front::Line(Line { name, value: without_space_behind(value) }, rest))
}

/// The octets behind the white space at the front.
#[inline]
fn without_space(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', behind @ ..] = text {
        text = behind;
    }
    text
}

/// The octets of a value before the white space at its end.
#[inline]
fn without_space_behind(mut text: &[u8]) -> &[u8] {
    // No other character of a value is as low as these two.
    while let [before @ .., b'\t'..=b' '] = text {
        text = before;
    }
    text
}

/// The octets before the first one that cannot stand in a token, and the others.
#[inline]
fn split_name(octets: &[u8]) -> (&[u8], &[u8]) {
    let mut rest = octets;
    while let Some(block) = rest.first_chunk::<16>() {
        let block = u8x16::new(*block);
        let letters = ((block | u8x16::splat(0x20)) - u8x16::splat(b'a')).simd_lt(u8x16::splat(26));
        let digits = (block - u8x16::splat(b'0')).simd_lt(u8x16::splat(10));
        let usual = letters | digits | block.simd_eq(u8x16::splat(b'-'));
        let unusual = usual.to_bitmask() ^ 0xffff;
        if unusual != 0 {
            rest = behind(rest, unusual);
            break;
        }
        rest = rest.get(16..).unwrap_or_default();
    }
    // Nearly always this is the colon.
    while let [octet, behind @ ..] = rest
        && *octet != b':'
        && is_token_byte(*octet)
    {
        rest = behind;
    }
    octets.split_at_checked(octets.len() - rest.len()).unwrap_or_default()
}

/// The octets before the first control character other than tab, and the others.
#[inline]
fn split_text(octets: &[u8]) -> (&[u8], &[u8]) {
    let mut rest = octets;
    while let Some(block) = rest.first_chunk::<16>() {
        let block = u8x16::new(*block);
        let controls = block.simd_lt(u8x16::splat(b' ')) | block.simd_eq(u8x16::splat(0x7f));
        let controls = controls.to_bitmask();
        if controls == 0 {
            rest = rest.get(16..).unwrap_or_default();
            continue;
        }
        rest = behind(rest, controls);
        match rest {
            [b'\t', more @ ..] => rest = more,
            _ => return octets.split_at_checked(octets.len() - rest.len()).unwrap_or_default(),
        }
    }
    while let [b'\t' | b' '..=b'~' | 0x80.., behind @ ..] = rest {
        rest = behind;
    }
    octets.split_at_checked(octets.len() - rest.len()).unwrap_or_default()
}

/// How many octets stand before the first space or control character.
pub(crate) fn graphic_length(octets: &[u8]) -> usize {
    let mut rest = octets;
    while let Some(block) = rest.first_chunk::<16>() {
        let block = u8x16::new(*block);
        let others = block.simd_lt(u8x16::splat(b'!')) | block.simd_eq(u8x16::splat(0x7f));
        let others = others.to_bitmask();
        if others != 0 {
            return octets.len() - behind(rest, others).len();
        }
        rest = rest.get(16..).unwrap_or_default();
    }
    while let [b'!'..=b'~' | 0x80.., behind @ ..] = rest {
        rest = behind;
    }
    octets.len() - rest.len()
}

/// The octets from the first one on whose bit is set.
#[inline]
fn behind(octets: &[u8], bits: u32) -> &[u8] {
    usize::try_from(bits.trailing_zeros())
        .ok()
        .and_then(|first| octets.get(first..))
        .unwrap_or_default()
}

#[cfg(test)]
#[path = "line_tests.rs"]
mod tests;
