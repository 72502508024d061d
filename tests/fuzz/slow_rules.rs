//! What rules say, worked out slowly and obviously: every path that a site may take the path for
//! in a set, every pattern by recursion. It shares nothing with the engine but the rules.

use std::collections::BTreeSet;
use std::net::Ipv6Addr;

use portcullis::auth::policy::place::{Member, Place};
use portcullis::auth::policy::rule::{Access, Rule};
use portcullis::auth::policy::ruling::Verdict;

/// More readings than this are not looked for.
const MOST_READINGS: usize = 2_000;

/// All that a site may take this path for, which may have a query; `None`: too much for this.
pub fn readings(path: &[u8]) -> Option<BTreeSet<Vec<u8>>> {
    let path = path.split(|octet| *octet == b'?').next().expect("one");
    match plain(path) {
        Some(decoded) => Some(BTreeSet::from([decoded])),
        None => closure(path),
    }
}

/// The verdict for a path with these readings.
pub fn verdict(
    rules: &[Rule],
    place: &Place<'_>,
    who: Option<&Member<'_>>,
    readings: &BTreeSet<Vec<u8>>,
) -> Verdict {
    let path = place.path.expect("a path").split(|octet| *octet == b'?').next().expect("one");
    let judged = readings.iter().flat_map(|path| {
        [false, true].map(|ignore_case| of_reading(rules, place, who, path, ignore_case))
    });
    let strictest = judged.max().expect("there is a reading");
    let may_open = place.may_open && plain(path).is_some();
    if may_open { strictest } else { strictest.max(Verdict::Session) }
}

/// A plain path, decoded.
fn plain(path: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(path).ok().filter(|text| text.len() <= 4_096)?;
    let segments: Vec<_> = text.strip_prefix('/')?.split('/').collect();
    let (_, others) = segments.split_last()?;
    if others.contains(&"") || segments.contains(&".") || segments.contains(&"..") {
        return None;
    }
    let mut decoded = Vec::new();
    for (at, part) in text.split('%').enumerate() {
        let (escape, rest) = part.split_at_checked(if at == 0 { 0 } else { 2 })?;
        if at > 0 {
            let octet = Some(escape).filter(|two| two.chars().all(|one| one.is_ascii_hexdigit()));
            let octet = u8::from_str_radix(octet?, 16).ok()?;
            decoded.push(Some(octet).filter(|octet| *octet == b' ' || *octet >= 0x80)?);
        }
        let plain = |one: char| one.is_ascii_alphanumeric() || "-._~!$&'()*+,=:@/".contains(one);
        if !rest.chars().all(plain) {
            return None;
        }
        decoded.extend_from_slice(rest.as_bytes());
    }
    std::str::from_utf8(&decoded).is_ok().then_some(decoded)
}

fn closure(path: &[u8]) -> Option<BTreeSet<Vec<u8>>> {
    let mut found = BTreeSet::from([path.to_vec()]);
    loop {
        let more: Vec<_> = found.iter().flat_map(|path| steps(path)).collect();
        let before = found.len();
        found.extend(more);
        if found.len() == before {
            return Some(found);
        }
        if found.len() > MOST_READINGS {
            return None;
        }
    }
}

/// What one step of one server may make of a path. Octets are the letters of the same number, so
/// that text can be worked with.
fn steps(path: &[u8]) -> Vec<Vec<u8>> {
    let text: String = path.iter().copied().map(char::from).collect();
    let bare = text.split('/').map(|segment| segment.split(';').next().expect("one"));
    let resolved = resolved(&text);
    let ends_in_dots = text.ends_with("/.") || text.ends_with("/..");
    let mut single = text.clone();
    while single.contains("//") {
        single = single.replace("//", "/");
    }
    let host = text.strip_prefix("//").map(|rest| rest.trim_start_matches('/'));
    let reference = match host {
        Some(rest) => rest.find('/').map_or("/".to_owned(), |end| rest[end..].to_owned()),
        None => text.clone(),
    };
    let before = |end: char| text.split(end).next().expect("one").to_owned();
    [
        decoded(&text, ""),
        decoded(&text, "/"),
        shortest(&text),
        text.replace('\\', "/"),
        bare.collect::<Vec<_>>().join("/"),
        if ends_in_dots && resolved != "/" {
            resolved.strip_suffix('/').unwrap_or(&resolved).to_owned()
        } else {
            resolved.clone()
        },
        resolved,
        single,
        reference,
        before('?'),
        before('#'),
        before('\0'),
    ]
    .map(|text| text.chars().map(|letter| u8::try_from(letter).expect("an octet")).collect())
    .to_vec()
}

fn decoded(text: &str, less: &str) -> String {
    let mut parts = text.split('%');
    let mut out = parts.next().expect("one").to_owned();
    for part in parts {
        let digits: String = part.chars().take(2).collect();
        let digits = digits.len() == 2 && digits.chars().all(|digit| digit.is_ascii_hexdigit());
        let octet = if digits { u8::from_str_radix(&part[..2], 16).ok() } else { None };
        match octet.map(char::from).filter(|octet| !less.contains(*octet)) {
            Some(octet) => {
                out.push(octet);
                out.push_str(&part[2..]);
            }
            None => {
                out.push('%');
                out.push_str(part);
            }
        }
    }
    out
}

fn resolved(text: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    for segment in text.strip_prefix('/').unwrap_or(text).split('/') {
        match segment {
            "." => {}
            ".." => {
                kept.pop();
            }
            segment => kept.push(segment),
        }
    }
    let dots = text.rsplit('/').next().is_some_and(|last| last == "." || last == "..");
    let joined: String = kept.iter().map(|segment| format!("/{segment}")).collect();
    if dots || joined.is_empty() { joined + "/" } else { joined }
}

/// Characters that are written too long in UTF-8, written as they should be.
fn shortest(text: &str) -> String {
    let octets: Vec<u32> = text.chars().map(u32::from).collect();
    let (mut out, mut at) = (String::new(), 0);
    'next: while at < octets.len() {
        for (length, mask, mark) in
            [(2, 0xE0, 0xC0), (3, 0xF0, 0xE0), (4, 0xF8, 0xF0), (5, 0xFC, 0xF8), (6, 0xFE, 0xFC)]
        {
            let Some([lead, tails @ ..]) = octets.get(at..at + length) else { continue };
            if lead & mask != mark || tails.iter().any(|tail| tail & 0xC0 != 0x80) {
                continue;
            }
            let value =
                tails.iter().fold(lead & !mask & 0xFF, |sum, tail| (sum << 6) + (tail & 0x3F));
            let Some(letter) = char::from_u32(value) else { continue };
            if letter.len_utf8() < length {
                out.extend(letter.encode_utf8(&mut [0; 4]).bytes().map(char::from));
                at += length;
                continue 'next;
            }
        }
        out.push(char::from_u32(octets[at]).expect("an octet"));
        at += 1;
    }
    out
}

fn of_reading(
    rules: &[Rule],
    place: &Place<'_>,
    who: Option<&Member<'_>>,
    path: &[u8],
    ignore_case: bool,
) -> Verdict {
    let Some((rule, rest)) = rules.split_first() else { return Verdict::Session };
    let later = || of_reading(rest, place, who, path, ignore_case);
    let holds = (rule.hosts.is_empty()
        || rule.hosts.iter().any(|host| is_host(&host.to_string(), place)))
        && (rule.paths.is_empty()
            || rule.paths.iter().any(|pattern| is_path(&pattern.to_string(), path, ignore_case)))
        && rule.networks.as_ref().is_none_or(|networks| {
            place.client.is_some_and(|client| networks.iter().any(|net| net.contains(&client)))
        });
    if !holds {
        return later();
    }
    let verdict = match (&rule.access, who) {
        (Access::Open, _) => Verdict::Open,
        (Access::Deny, _) => Verdict::Deny,
        (Access::Session(audience), Some(member)) => {
            let user = audience.users.is_empty() || audience.users.contains(member.name);
            let group = audience.groups.is_empty()
                || audience.groups.iter().any(|group| member.groups.contains(group));
            if user && group { Verdict::Session } else { Verdict::Forbidden }
        }
        (Access::Session(_), None) => Verdict::Session,
    };
    if rule.methods.is_empty() {
        return verdict;
    }
    let folded = |method: &str| if ignore_case { method.to_uppercase() } else { method.to_owned() };
    match place.method {
        Some(method) if rule.methods.iter().any(|own| folded(own) == folded(method)) => verdict,
        // It may match or not, but never opens.
        None if rule.access != Access::Open => verdict.max(later()),
        _ => later(),
    }
}

fn is_host(pattern: &str, place: &Place<'_>) -> bool {
    let (name, port) = match pattern.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => (name, Some(port)),
        _ => (pattern, None),
    };
    let address = |text: &str| text.trim_matches(['[', ']']).parse::<Ipv6Addr>().ok();
    let host = place.host.to_lowercase();
    let same = match (name.strip_prefix('*'), address(name)) {
        (Some(domain), _) => host.len() > domain.len() && host.ends_with(domain),
        (None, Some(own)) => address(&host) == Some(own),
        (None, None) => name == host,
    };
    same && port.is_none_or(|port| port == place.port.to_string())
}

fn is_path(pattern: &str, path: &[u8], ignore_case: bool) -> bool {
    let pattern: String = pattern.bytes().map(char::from).collect();
    let pattern: Vec<u8> = decoded(&pattern, "").chars().map(|octet| octet as u8).collect();
    let (pattern, path) =
        if ignore_case { (lower(&pattern), lower(path)) } else { (pattern, path.to_vec()) };
    let split = |text: &[u8]| {
        let text = text.strip_prefix(b"/").unwrap_or(text);
        text.split(|octet| *octet == b'/').map(<[u8]>::to_vec).collect::<Vec<_>>()
    };
    are_segments(&split(&pattern), &split(&path))
}

fn are_segments(pattern: &[Vec<u8>], path: &[Vec<u8>]) -> bool {
    match pattern.split_first() {
        None => path.is_empty(),
        Some((first, rest)) if first == b"**" => {
            are_segments(rest, path) || (!path.is_empty() && are_segments(pattern, &path[1..]))
        }
        Some((first, rest)) => path.split_first().is_some_and(|(segment, later)| {
            !(first == b"*" && segment.is_empty())
                && is_segment(first, segment)
                && are_segments(rest, later)
        }),
    }
}

fn is_segment(glob: &[u8], text: &[u8]) -> bool {
    match glob.split_first() {
        None => text.is_empty(),
        Some((b'*', rest)) => {
            is_segment(rest, text) || (!text.is_empty() && is_segment(glob, &text[1..]))
        }
        Some((octet, rest)) => text.first() == Some(octet) && is_segment(rest, &text[1..]),
    }
}

/// Letter for letter the small one of its capital.
fn lower(text: &[u8]) -> Vec<u8> {
    let of = |text: &str| {
        text.chars().flat_map(char::to_uppercase).flat_map(char::to_lowercase).collect::<String>()
    };
    let chunks = text.utf8_chunks();
    chunks
        .flat_map(|chunk| [of(chunk.valid()).into_bytes(), chunk.invalid().to_vec()].concat())
        .collect()
}
