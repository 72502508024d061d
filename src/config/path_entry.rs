//! A path of a rule or of a pass, and how to write one that was refused.

use super::values::{Read, quoted};
use crate::auth::policy::path_pattern::{PathPattern, PatternFault};

/// A pattern for paths; else the right form of what was meant. A form that is advised would be
/// taken.
///
/// # Errors
/// The right form, in words.
pub fn typed_path(entry: &str) -> Read<PathPattern> {
    PathPattern::parse(entry).map_err(|fault| explain(entry, fault))
}

fn explain(entry: &str, fault: PatternFault) -> String {
    let written = quoted(entry);
    match fault {
        PatternFault::NoSlash => {
            let rest = entry.split_once("://").map(|(_, rest)| rest);
            let path =
                rest.map_or(entry, |rest| rest.split_at(rest.find('/').unwrap_or(rest.len())).1);
            let meant = format!("/{}", path.trim_start_matches(['/', '^']));
            format!("{written} does not begin with a slash: write {}", right(&meant))
        }
        PatternFault::Query => {
            let path = entry.split(['?', '#']).next().unwrap_or_default();
            format!("{written}: the query never counts: leave it out, write {}", right(path))
        }
        PatternFault::HalfDoubleStar => {
            let split: Vec<_> = entry.split('/').map(with_stars_apart).collect();
            format!("{written}: ** stands for whole segments: write {}", right(&split.join("/")))
        }
        PatternFault::OddSegment => {
            format!(
                "{written}: browsers take `//`, `/./` and `/../` out of a path: write {}",
                right(&resolved(entry))
            )
        }
        PatternFault::Character(letter) => {
            let star = entry.replace(letter, "*").replace("**", "*");
            let meant = if letter == '\\' { entry.replace('\\', "/") } else { star };
            format!("{written}: no plain path holds {letter:?}: write {}", right(&meant))
        }
        PatternFault::Escape => format!(
            "{written} is compared with decoded paths: write each character itself, not its escape: {}",
            right(&without_escapes(entry))
        ),
        PatternFault::TooLong => {
            format!("is longer than {} octets: shorten it with **", PathPattern::LONGEST)
        }
    }
}

/// `share**` is probably all that is below `share`, `**.jpg` every such file.
fn with_stars_apart(segment: &str) -> String {
    match segment.strip_suffix("**").map(|rest| rest.trim_end_matches('*')) {
        _ if segment == "**" || !segment.contains("**") => segment.to_owned(),
        Some("") => "**".to_owned(),
        Some(rest) if !rest.contains("**") => format!("{rest}/**"),
        _ => match segment.strip_prefix("**") {
            Some(rest) if !rest.contains("**") => format!("**/*{}", rest.trim_start_matches('*')),
            _ => single_stars(segment),
        },
    }
}

fn single_stars(segment: &str) -> String {
    let parts: Vec<_> = segment.split('*').filter(|part| !part.is_empty()).collect();
    format!("*{}*", parts.join("*"))
}

/// With ASCII characters in the place of their escapes.
fn without_escapes(entry: &str) -> String {
    let mut parts = entry.split('%');
    let mut decoded = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let digits = part.get(..2).filter(|two| two.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let code = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match code.filter(u8::is_ascii_graphic) {
            Some(code) => {
                decoded.push(char::from(code));
                decoded.push_str(part.get(2..).unwrap_or_default());
            }
            None => {
                decoded.push('%');
                decoded.push_str(part);
            }
        }
    }
    decoded
}

/// Without empty segments, `.` and `..`.
fn resolved(entry: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    for segment in entry.split('/').filter(|segment| !segment.is_empty() && *segment != ".") {
        if segment == ".." {
            kept.pop();
        } else {
            kept.push(segment);
        }
    }
    format!("/{}", kept.join("/"))
}

/// What was meant, or an example where that would be refused too.
fn right(meant: &str) -> String {
    quoted(if PathPattern::parse(meant).is_ok() { meant } else { "/share/**" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_refused_path_is_told_its_right_form() {
        for (entry, message) in [
            ("share", "does not begin with a slash: write \"/share\""),
            ("", "does not begin with a slash: write \"/\""),
            ("^/share", "does not begin with a slash: write \"/share\""),
            ("https://a.example/share/**", "write \"/share/**\""),
            ("https://a.example", "does not begin with a slash: write \"/\""),
            ("a?b", "write \"/share/**\""),
            ("/share?key=*", "the query never counts: leave it out, write \"/share\""),
            ("/share#x", "leave it out, write \"/share\""),
            ("/share**", "** stands for whole segments: write \"/share/**\""),
            ("/**.jpg", "write \"/**/*.jpg\""),
            ("/a***/b", "write \"/a/**/b\""),
            ("/****", "write \"/**\""),
            ("/a**b", "write \"/*a*b*\""),
            ("/a//b", "out of a path: write \"/a/b\""),
            ("/a/../b/./c", "out of a path: write \"/b/c\""),
            ("/a;b", "no plain path holds ';': write \"/a*b\""),
            ("/a\\b", "write \"/a/b\""),
            ("/a[bc]", "write \"/share/**\""),
            ("/a%2Fb", "not its escape: \"/a/b\""),
            ("/%41%62/ü%c3%bc", "not its escape: \"/Ab/ü%c3%bc\""),
            ("/a%zz", "not its escape: \"/share/**\""),
            ("/100%", "not its escape: \"/share/**\""),
            ("/a%3Fb", "not its escape: \"/share/**\""),
            ("/a%é", "not its escape: \"/share/**\""),
        ] {
            let found = typed_path(entry).expect_err(entry);
            assert!(found.starts_with(&quoted(entry)) && found.ends_with(message), "{found}");
        }
        assert!(typed_path(&format!("/{}", "a".repeat(2_000))).expect_err("long").contains("1024"));
    }
}
