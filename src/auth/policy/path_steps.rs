//! What a server may do to a path before it serves it, one step each.
//!
//! Each step reads a whole path, adds what it makes of it to a buffer, and lengthens it by one
//! slash at most. In which order servers take them, and which they leave out, is
//! [`path_readings`](super::path_readings)' matter.

use crate::auth::percent::escaped;

/// A step: it adds what it makes of the first to the second.
pub(super) type Step = fn(&[u8], &mut Vec<u8>);

/// All of them.
pub(super) const STEPS: [Step; 12] = [
    decode_once,
    decode_all_but_slashes,
    fold_overlong,
    turn_backslashes,
    drop_parameters,
    resolve_dots,
    resolve_dots_and_end,
    merge_slashes,
    drop_authority,
    cut_at_query,
    cut_at_fragment,
    cut_at_nul,
];

/// Every escape by the octet that it stands for (RFC 3986 section 2.1), once.
fn decode_once(path: &[u8], out: &mut Vec<u8>) {
    decode(path, |_| true, out);
}

/// The same, less the slashes: for sites that take an escaped slash for a part of a name.
fn decode_all_but_slashes(path: &[u8], out: &mut Vec<u8>) {
    decode(path, |octet| octet != b'/', out);
}

fn decode(path: &[u8], is_decoded: fn(u8) -> bool, out: &mut Vec<u8>) {
    let mut rest = path;
    while let [octet, after @ ..] = rest {
        let decoded = escaped(rest).filter(|octet| is_decoded(*octet));
        out.push(decoded.unwrap_or(*octet));
        rest = if decoded.is_some() { rest.get(3..).unwrap_or_default() } else { after };
    }
}

/// Every character that is written in more octets of UTF-8 than it needs, up to six, in its
/// shortest form (RFC 3629 section 10).
fn fold_overlong(path: &[u8], out: &mut Vec<u8>) {
    let mut rest = path;
    while let [octet, after @ ..] = rest {
        match overlong(rest) {
            Some((letter, behind)) => {
                out.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
                rest = behind;
            }
            None => {
                out.push(*octet);
                rest = after;
            }
        }
    }
}

/// The character at the start of `text`, if it is written too long, and what stands behind it.
fn overlong(text: &[u8]) -> Option<(char, &[u8])> {
    let (lead, rest) = text.split_first()?;
    let (bits, tails) = match lead {
        0xC0..=0xC1 => (lead & 0x1F, 1),
        0xE0 => (0, 2),
        0xF0 => (0, 3),
        0xF8 => (0, 4),
        0xFC => (0, 5),
        _ => return None,
    };
    let (tails, behind) = rest.split_at_checked(tails)?;
    let value = tails.iter().try_fold(u32::from(bits), |value, tail| {
        matches!(tail, 0x80..=0xBF).then(|| (value << 6) | u32::from(tail & 0x3F))
    })?;
    let letter = char::from_u32(value)?;
    (letter.len_utf8() <= tails.len()).then_some((letter, behind))
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

/// The same, without the slash that RFC 3986 leaves behind dots at the end (as in Go).
fn resolve_dots_and_end(path: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    resolve_dots(path, out);
    if path.ends_with(b".") && out.len() > start + 1 && out.ends_with(b"/") {
        out.pop();
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

/// Without what stands between two slashes or more at the start and the next one: many programs
/// read the target of a request as a reference (RFC 3986 section 4.2), in which that is a host.
/// The URL Standard skips further slashes before it (section 4.4).
fn drop_authority(path: &[u8], out: &mut Vec<u8>) {
    let slashes = path.iter().take_while(|octet| **octet == b'/').count();
    if slashes < 2 {
        return out.extend_from_slice(path);
    }
    let authority = path.get(slashes..).unwrap_or_default();
    match authority.iter().position(|octet| *octet == b'/') {
        Some(end) => out.extend_from_slice(authority.get(end..).unwrap_or_default()),
        None => out.push(b'/'),
    }
}

/// Up to the first `?`, which begins a query if it was decoded before.
fn cut_at_query(path: &[u8], out: &mut Vec<u8>) {
    cut_at(b'?', path, out);
}

/// Up to the first `#`, which begins a fragment.
fn cut_at_fragment(path: &[u8], out: &mut Vec<u8>) {
    cut_at(b'#', path, out);
}

/// Up to the first NUL, which ends a text of a program in C.
fn cut_at_nul(path: &[u8], out: &mut Vec<u8>) {
    cut_at(0, path, out);
}

fn cut_at(end: u8, path: &[u8], out: &mut Vec<u8>) {
    let end = memchr::memchr(end, path).unwrap_or(path.len());
    out.extend_from_slice(path.get(..end).unwrap_or_default());
}
