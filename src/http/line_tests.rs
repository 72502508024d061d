//! Header lines: held against `httparse`, which reads the same grammar in another way.

use super::*;

/// What a reader makes of some octets: the lines and how many octets they took, that more is
/// needed, or a refusal.
#[derive(Debug, PartialEq)]
enum Reading {
    Lines(Vec<(String, Vec<u8>)>, usize),
    Incomplete,
    Refused,
}

fn ours(octets: &[u8]) -> Reading {
    let (mut rest, mut lines) = (octets, Vec::new());
    loop {
        match read(rest) {
            Ok(Front::Line(line, behind)) => {
                lines.push((
                    String::from_utf8(line.name.to_vec()).expect("a token"),
                    line.value.to_vec(),
                ));
                rest = behind;
            }
            Ok(Front::End(behind)) => return Reading::Lines(lines, octets.len() - behind.len()),
            Ok(Front::Incomplete) => return Reading::Incomplete,
            Err(_) => return Reading::Refused,
        }
    }
}

fn theirs(octets: &[u8]) -> Reading {
    let mut room = [httparse::EMPTY_HEADER; 16];
    match httparse::parse_headers(octets, &mut room) {
        Ok(httparse::Status::Complete((length, lines))) => Reading::Lines(
            lines.iter().map(|line| (line.name.to_owned(), line.value.to_vec())).collect(),
            length,
        ),
        Ok(httparse::Status::Partial) => Reading::Incomplete,
        Err(_) => Reading::Refused,
    }
}

#[track_caller]
fn compare(octets: &[u8]) {
    assert_eq!(ours(octets), theirs(octets), "{}", octets.escape_ascii());
}

const LINES: &[&str] = &[
    "Host: a\r\n\r\n",
    "Cookie: theme=dark; auth_token=eyJhbGciOiJIUzI1NiJ9.e30.x; lang=en\r\nX-Forwarded-Proto:https\r\n\r\nbody",
    "A:\r\nSec-Ch-Ua-Platform-Version-Of-Many-Letters: \t 1\t2 \t\r\n\nX",
    "!#$%&'*+-.^_`|~: \u{e4}\r\nAccept: text/html,application/xhtml+xml\r\n\r\n",
];

#[test]
fn every_octet_at_every_place_is_read_as_httparse_reads_it() {
    for lines in LINES {
        let good = lines.as_bytes();
        for place in 0..good.len() {
            for octet in 0..=255 {
                let mut octets = good.to_vec();
                octets[place] = octet;
                compare(&octets);
            }
        }
    }
}

#[test]
fn every_cut_is_read_as_httparse_reads_it() {
    for lines in LINES {
        for end in 0..=lines.len() {
            compare(&lines.as_bytes()[..end]);
        }
    }
}

#[test]
fn a_name_that_ends_before_its_colon_is_refused_without_waiting_for_more() {
    for line in ["Host\r", "Host ", "Host\n", "A-Name-As-Long-As-A-Block\r"] {
        assert_eq!(ours(line.as_bytes()), Reading::Refused, "{line:?}");
        compare(line.as_bytes());
    }
}

#[test]
fn names_and_values_of_every_length_around_the_blocks_are_read_whole() {
    for name in 1..40 {
        for value in 0..50 {
            for space in ["", " ", "\t", "   "] {
                let line = format!("{}:{space}{}{space}\r\n", "n".repeat(name), "v".repeat(value));
                for end in
                    ["", "\r", "\r\n", "\r\nmore octets than fit into a block", "x: y\r\n\r\n"]
                {
                    compare(format!("{line}{end}").as_bytes());
                }
            }
        }
    }
}

#[test]
fn a_tab_or_a_control_character_anywhere_in_a_long_value_counts_alone() {
    for place in 0..70 {
        for octet in ["\t", "\0", "\r", "\n", "\x1f", "\x7f", " "] {
            let mut value = "v".repeat(70);
            value.replace_range(place..=place, octet);
            compare(format!("Cookie: {value}\r\nHost: a\r\n\r\n").as_bytes());
        }
    }
}

#[test]
fn a_target_ends_at_the_first_space_or_control_character() {
    for length in 0..50 {
        for end in [" ", "\t", "\r", "\x7f", "\0", ""] {
            let text = "/".repeat(length) + end + "\u{ff}/";
            let expected = if end.is_empty() { text.len() } else { length };
            assert_eq!(graphic_length(text.as_bytes()), expected, "{length} {end:?}");
        }
    }
}
