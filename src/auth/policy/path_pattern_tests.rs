//! Paths of rules: how they are written, and which paths they describe.

use super::*;

fn pattern(text: &str) -> PathPattern {
    PathPattern::parse(text).unwrap_or_else(|fault| panic!("{text}: {fault:?}"))
}

fn compare(text: &str, path: &[u8]) -> Option<Alike> {
    pattern(text).compare(FoldedPath::new(path, &mut Vec::new()))
}

#[track_caller]
fn describes_all(text: &str, paths: &[&str]) {
    for path in paths {
        assert_eq!(compare(text, path.as_bytes()), Some(Alike::Exactly), "{text} {path}");
    }
}

#[track_caller]
fn describes_none(text: &str, paths: &[&str]) {
    for path in paths {
        assert_eq!(compare(text, path.as_bytes()), None, "{text} {path}");
    }
}

#[test]
fn a_pattern_without_stars_is_for_one_path_and_anchored() {
    describes_all("/", &["/"]);
    describes_none("/", &["/a", "//"]);
    describes_all("/health", &["/health"]);
    describes_none("/health", &["/healthz", "/health/", "/health/x", "/a/health", "/healt", "/"]);
    describes_all("/a/", &["/a/"]);
    describes_none("/a/", &["/a", "/a//", "/a/b"]);
}

#[test]
fn a_star_stays_within_its_segment() {
    describes_all("/files/*.jpg", &["/files/a.jpg", "/files/.jpg", "/files/a.b.jpg"]);
    describes_none("/files/*.jpg", &["/files/a/b.jpg", "/files/a.jpg/", "/files/a.jpeg", "/a.jpg"]);
    describes_all("/v*/x", &["/v/x", "/v1/x"]);
    describes_none("/v*/x", &["/v/1/x", "/x", "/v1"]);
}

#[test]
fn a_segment_that_is_a_star_alone_is_not_empty() {
    describes_all("/s/*", &["/s/a", "/s/*"]);
    describes_none("/s/*", &["/s/", "/s", "/s/a/", "/s/a/b"]);
    describes_none("/*", &["/"]);
    describes_all("/*/", &["/a/"]);
    describes_none("/*/", &["//", "/a", "/"]);
}

#[test]
fn two_stars_hold_any_number_of_segments_none_included() {
    describes_all("/share/**", &["/share", "/share/", "/share/a", "/share/a/b/", "/share/a/b/c"]);
    describes_none("/share/**", &["/shares", "/share.txt", "/", "/a/share", "/shar"]);
    describes_all("/**", &["/", "/a", "/a/b/"]);
    describes_all("/a/**/z", &["/a/z", "/a/b/z", "/a/b/c/z", "/a/z/z"]);
    describes_none("/a/**/z", &["/a", "/az", "/a/z/", "/a/b/zz"]);
    describes_all("/**/z", &["/z", "/a/z", "/a/b/z"]);
    describes_all("/a/**/b*/**/c", &["/a/b/c", "/a/x/bb/y/c", "/a/b1/x/b2/c"]);
    describes_none("/a/**/b*/**/c", &["/a/c", "/a/b", "/a/x/y/c"]);
    describes_all("/**/", &["/", "/a/", "/a/b/"]);
    describes_none("/**/", &["/a"]);
    describes_all("/**/*", &["/a", "/a/b"]);
    describes_none("/**/*", &["/", "/a/"]);
    describes_all("/a/**/**", &["/a", "/a/b"]);
}

#[test]
fn letters_and_blanks_may_stand_as_themselves_or_escaped() {
    for text in ["/f\u{fc}r alle/*", "/f%C3%BCr%20alle/*", "/f%c3%bcr alle/*"] {
        describes_all(text, &["/f\u{fc}r alle/x"]);
        assert_eq!(pattern(text).to_string(), text, "it is shown as it was written");
    }
}

#[test]
fn letters_case_is_told_apart_and_ignored() {
    for (text, path) in [
        ("/Admin/*", "/admin/X"),
        ("/admin/**", "/ADMIN"),
        ("/\u{dc}bung", "/\u{fc}bung"),
        ("/a*B", "/Axxb"),
    ] {
        assert_eq!(compare(text, path.as_bytes()), Some(Alike::IgnoringCase), "{text} {path}");
        assert_eq!(compare(path, path.as_bytes()), Some(Alike::Exactly), "{path}");
    }
    describes_none("/admin", &["/ADMINS", "/\u{e4}dmin"]);
}

#[test]
fn octets_that_are_no_text_are_compared_as_they_are() {
    assert_eq!(compare("/a*/b", b"/a\xFF\xC3/b"), Some(Alike::Exactly));
    assert_eq!(compare("/a*/B", b"/A\xFF\xC3/b"), Some(Alike::IgnoringCase));
    assert_eq!(compare("/\u{fc}", b"/\xC3"), None);
}

#[test]
fn what_no_plain_path_can_match_is_refused_with_its_fault() {
    let long = format!("/{}", "a".repeat(PathPattern::LONGEST));
    for (text, fault) in [
        ("", PatternFault::NoSlash),
        ("share/**", PatternFault::NoSlash),
        ("**", PatternFault::NoSlash),
        ("/a?b", PatternFault::Query),
        ("/a#b", PatternFault::Query),
        ("/a**", PatternFault::HalfDoubleStar),
        ("/**.jpg", PatternFault::HalfDoubleStar),
        ("/***", PatternFault::HalfDoubleStar),
        ("//", PatternFault::OddSegment),
        ("//a", PatternFault::OddSegment),
        ("/a//b", PatternFault::OddSegment),
        ("/a/../b", PatternFault::OddSegment),
        ("/.", PatternFault::OddSegment),
        ("/a;b", PatternFault::Character(';')),
        ("/a\\b", PatternFault::Character('\\')),
        ("/[ab]", PatternFault::Character('[')),
        ("/a|b", PatternFault::Character('|')),
        ("/^a", PatternFault::Character('^')),
        ("/a\tb", PatternFault::Character('\t')),
        ("/a%", PatternFault::Escape),
        ("/a%4", PatternFault::Escape),
        ("/%zz", PatternFault::Escape),
        ("/%2f", PatternFault::Escape),
        ("/%41", PatternFault::Escape),
        ("/%C3", PatternFault::Escape),
        ("/%C0%AF", PatternFault::Escape),
        (long.as_str(), PatternFault::TooLong),
    ] {
        assert_eq!(PathPattern::parse(text), Err(fault), "{text}");
    }
}
