//! What servers may take a path for, by examples; and that this is bounded.

use super::*;

fn readings(path: &str) -> Vec<String> {
    let mut readings = PathReadings::default();
    let found = readings.of(path.as_bytes()).expect("few enough");
    found.map(|reading| String::from_utf8_lossy(reading).into_owned()).collect()
}

#[track_caller]
fn reads(path: &str, wanted: &[&str]) {
    let found = readings(path);
    for reading in wanted {
        assert!(found.iter().any(|one| one == reading), "{path}: no {reading} in {found:?}");
    }
    assert_eq!(found.first().map(String::as_str), Some(path), "the path itself comes first");
    let mut once = found.clone();
    once.sort();
    once.dedup();
    assert_eq!(once.len(), found.len(), "one is there twice: {found:?}");
}

#[track_caller]
fn reads_only(path: &str, wanted: &[&str]) {
    reads(path, wanted);
    assert_eq!(readings(path).len(), wanted.len(), "{path}: {:?}", readings(path));
}

#[test]
fn a_plain_path_has_one_reading() {
    for path in ["/", "/a", "/a/b.c/", "/a b", "/f\u{fc}r", "/...", "/a=b&c"] {
        reads_only(path, &[path]);
    }
}

#[test]
fn escapes_are_decoded_until_nothing_changes_and_after_each_step() {
    reads_only("/%61dmin", &["/%61dmin", "/admin"]);
    reads_only("/%2561dmin", &["/%2561dmin", "/%61dmin", "/admin"]);
    reads_only("/%252561", &["/%252561", "/%2561", "/%61", "/a"]);
    reads_only("/%zz%4", &["/%zz%4"]);
}

#[test]
fn an_escaped_slash_is_one_and_is_not() {
    reads("/a%2fb", &["/a/b"]);
    reads("/a%252fb", &["/a%2fb", "/a/b"]);
    reads_only("/%61%2fb", &["/%61%2fb", "/a/b", "/a%2fb"]);
}

#[test]
fn parameters_are_dropped_from_every_segment_and_are_not() {
    reads_only("/a;x=1/b;y", &["/a;x=1/b;y", "/a/b"]);
    reads("/public/..;/admin", &["/public/../admin", "/admin", "/public/..;/admin"]);
    reads("/a%3bx/b", &["/a;x/b", "/a/b"]);
    reads("/a;%2f..%2fb", &["/a", "/a;/../b", "/a/../b", "/b", "/a;%2f..%2fb"]);
}

#[test]
fn dot_segments_are_resolved_and_are_not() {
    reads_only("/a/../b", &["/a/../b", "/b"]);
    reads("/public/%2e%2e/admin", &["/public/../admin", "/admin"]);
    reads("/public/..%2fadmin", &["/public/../admin", "/admin"]);
    reads("/a/./b/.", &["/a/b/", "/a/b"]);
    reads("/a/b/..", &["/a/", "/a"]);
    reads("/../../a", &["/a"]);
    reads("/..", &["/"]);
    reads("/a//../b", &["/a/b", "/b"]);
    reads("/a/.../b", &["/a/.../b"]);
    assert!(!readings("/a/../b").contains(&"/a/b".to_owned()));
}

#[test]
fn doubled_slashes_are_one_and_are_not() {
    reads_only("/a//b", &["/a//b", "/a/b"]);
    reads("/a///b/", &["/a/b/"]);
    reads("/a%2f/b", &["/a/b", "/a//b"]);
}

#[test]
fn what_follows_two_slashes_at_the_start_is_a_host_and_is_not() {
    reads_only("//evil/admin", &["//evil/admin", "/evil/admin", "/admin"]);
    reads("//admin", &["/admin", "/"]);
    reads("/%2fevil/admin", &["/evil/admin", "/admin"]);
    reads("/\\evil/admin", &["/evil/admin", "/admin"]);
    reads("///evil/admin", &["/evil/admin", "/admin"]);
    reads("/\\\\evil/admin", &["/evil/admin", "/admin"]);
}

#[test]
fn a_backslash_is_a_slash_and_is_not() {
    reads_only("/a\\b", &["/a\\b", "/a/b"]);
    reads("/public\\..\\admin", &["/admin", "/public\\..\\admin"]);
    reads("/public%5c..%5Cadmin", &["/public\\..\\admin", "/admin"]);
}

#[test]
fn a_decoded_query_or_fragment_ends_the_path_and_does_not() {
    reads_only("/a%3fb", &["/a%3fb", "/a?b", "/a"]);
    reads_only("/a%23b%3fc", &["/a%23b%3fc", "/a#b?c", "/a#b", "/a"]);
    reads("/public%23/../secret", &["/public#/../secret", "/secret", "/public"]);
    reads("/public#/../secret", &["/secret", "/public"]);
    reads("/a%00.jpg", &["/a"]);
}

#[test]
fn utf8_that_is_too_long_is_folded() {
    for slash in
        ["%c0%af", "%C0%AF", "%e0%80%af", "%f0%80%80%af", "%f8%80%80%80%af", "%fc%80%80%80%80%af"]
    {
        reads(&format!("/public/..{slash}admin"), &["/public/../admin", "/admin"]);
    }
    reads("/public/%c0%ae%c0%ae/admin", &["/public/../admin", "/admin"]);
    reads("/%e0%83%bc", &["/\u{fc}"]);
    reads("/%f0%82%82%ac", &["/\u{20ac}"]);
    let well_formed = readings("/%c3%bc%2f");
    assert_eq!(well_formed, ["/%c3%bc%2f", "/\u{fc}/", "/\u{fc}%2f"]);
}

#[test]
fn steps_are_taken_in_any_order_and_number() {
    reads("/public/%252e%252e%252fadmin", &["/admin"]);
    reads("/public/..;x%2f..;y/admin", &["/admin"]);
    reads("/public/%2e%2e;%2f%2fadmin", &["/admin", "/public/..;//admin"]);
    reads("/a/%5c..%5c%2e%2e%5cb%3f%23", &["/b", "/b?#"]);
    reads("/a/%c0%ae.%25c0%25afb", &["/b"]);
}

#[test]
fn a_path_with_too_many_readings_is_unreadable_and_the_next_is_not() {
    let mut readings = PathReadings::default();
    let many = format!("/{}", "%25252525;/..%2f\\%23?%3f//".repeat(40));
    assert!(readings.of(many.as_bytes()).is_none());
    let long = format!("/{}", "a%2f".repeat(ROOM / 4));
    assert!(readings.of(long.as_bytes()).is_none());
    let longer = vec![b'/'; ROOM + 1];
    assert!(readings.of(&longer).is_none());
    assert_eq!(readings.of(b"/a%2fb").map(Iterator::count), Some(2));
}

#[test]
fn memory_is_bounded_and_kept() {
    let mut readings = PathReadings::default();
    for path in
        ["/a%2f".repeat(400), "/%25252f;".repeat(9), "/..%3f#".repeat(30), "//".repeat(ROOM)]
    {
        let _ = readings.of(path.as_bytes());
        let room =
            (readings.octets.capacity(), readings.source.capacity(), readings.ends.capacity());
        assert_eq!(room, (ROOM, ROOM, MOST));
    }
}
