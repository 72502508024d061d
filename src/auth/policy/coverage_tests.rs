//! Rules that can never match are found, and no other is taken for one.

use super::*;
use crate::auth::policy::place::Place;
use crate::auth::policy::rules::Rules;
use crate::auth::policy::testing::{deny, only, open, place, session};
use crate::auth::testing::Counting;

fn dead(rules: &[Rule]) -> Vec<(usize, usize)> {
    let at = |rule: &Rule| rules.iter().position(|one| std::ptr::eq(one, rule)).expect("there");
    dead_rules(rules).map(|dead| (at(dead.rule), at(dead.taken_by))).collect()
}

#[test]
fn a_rule_is_dead_where_one_before_takes_all_of_it() {
    for (wide, narrow) in [
        (session(), deny().on(&["a.example.com"]).at(&["/a"]).by(&["GET"]).from(&["10.0.0.0/8"])),
        (session().on(&["*.example.com"]), open().on(&["a.example.com", "*.b.example.com"])),
        (session().on(&["a.example.com"]), open().on(&["A.example.com:8443"])),
        (session().by(&["GET", "HEAD"]), open().by(&["HEAD"])),
        (session().from(&["10.0.0.0/8", "fd00::/8"]), open().from(&["10.1.0.0/16", "fd00::1/128"])),
        (session().at(&["/a/**", "/b"]), open().at(&["/b", "/a/x*/**"])),
        (only(&["anna"]), only(&["ben"])),
    ] {
        assert_eq!(dead(&[wide, narrow]), [(1, 0)]);
    }
}

#[test]
fn a_rule_that_matches_something_of_its_own_lives() {
    for (wide, narrow) in [
        (session().on(&["a.example.com"]), open()),
        (session().on(&["a.example.com"]), open().on(&["a.example.com", "b.example.com"])),
        (session().on(&["a.example.com:8443"]), open().on(&["a.example.com"])),
        (session().on(&["*.example.com"]), open().on(&["example.com"])),
        (session().by(&["GET"]), open()),
        (session().by(&["GET"]), open().by(&["GET", "POST"])),
        (session().from(&["10.0.0.0/8"]), open()),
        (session().from(&["10.0.0.0/8"]), open().from(&["10.1.0.0/16", "11.0.0.0/8"])),
        (session().from(&["10.1.0.0/16"]), open().from(&["10.0.0.0/8"])),
        (session().at(&["/a/*"]), open().at(&["/a/**"])),
    ] {
        assert_eq!(dead(&[wide, narrow]), []);
    }
}

#[test]
fn the_first_rule_that_takes_all_is_told() {
    let rules = [
        open().at(&["/a"]),
        session().at(&["/b/**"]),
        session().at(&["/**"]),
        deny().at(&["/b/c"]),
        deny(),
        open().at(&["/x"]),
    ];
    assert_eq!(dead(&rules), [(3, 1), (5, 2)]);
}

#[test]
fn patterns_cover_what_they_describe_all_of() {
    let covers = |wide: &str, narrow: &str| {
        let pattern = |text| PathPattern::parse(text).expect("a pattern");
        path_covers(&pattern(wide), &pattern(narrow))
    };
    for (wide, narrow) in [
        ("/**", "/"),
        ("/**", "/a/**"),
        ("/a/**", "/a"),
        ("/a/**", "/a/"),
        ("/a/**", "/a/**"),
        ("/a/**", "/a/*/b"),
        ("/a/*", "/a/*"),
        ("/a/*", "/a/*.jpg"),
        ("/a/*.jpg", "/a/b*.jpg"),
        ("/**/z", "/a/**/z"),
        ("/a/**/b/**", "/a/x/b"),
        ("/f%C3%BCr", "/f\u{fc}r"),
    ] {
        assert!(covers(wide, narrow), "{wide} {narrow}");
    }
    for (wide, narrow) in [
        ("/a", "/A"),
        ("/a/*", "/a/"),
        ("/a/*", "/a"),
        ("/a/*", "/a/**"),
        ("/a/*.jpg", "/a/*"),
        ("/a*", "/*"),
        ("/a/**/z", "/a/**"),
        ("/**/*", "/**"),
        ("/a/**/b", "/a/b/**"),
        ("/a/**", "/a*"),
    ] {
        assert!(!covers(wide, narrow), "{wide} {narrow}");
    }
}

const GLOBS: [&str; 8] = ["a", "b", "ab", "*", "**", "a*", "*b", "*a*"];
const SEGMENTS: [&str; 7] = ["a", "b", "ab", "A", "aab", "c", "bab"];
const HOSTS: [&str; 5] =
    ["a.example.com", "*.example.com", "*.a.example.com", "b.example.com:8443", "b.example.com"];

fn random_path(chance: &mut Counting, from: &[&str]) -> String {
    let segments = (0..chance.below(4)).map(|_| format!("/{}", from[chance.below(from.len())]));
    let path: String = segments.collect();
    if path.is_empty() || chance.below(5) == 0 { path + "/" } else { path }
}

fn random_rule(chance: &mut Counting) -> Rule {
    let rule = if chance.below(2) == 0 { session() } else { deny() };
    let rule =
        if chance.below(3) > 0 { rule.on(&[HOSTS[chance.below(HOSTS.len())]]) } else { rule };
    let rule = if chance.below(4) > 0 { rule.at(&[&random_path(chance, &GLOBS)]) } else { rule };
    let rule =
        if chance.below(3) == 0 { rule.by(&[["GET", "POST"][chance.below(2)]]) } else { rule };
    match chance.below(4) {
        0 => rule.from(&["203.0.113.0/24"]),
        1 => rule.from(&["203.0.113.0/25", "10.0.0.0/8"]),
        _ => rule,
    }
}

#[test]
fn no_rule_that_can_match_is_taken_for_dead() {
    let chance = &mut Counting(5);
    let mut found = 0;
    for _ in 0..800 {
        let rules: Vec<_> = (0..4).map(|_| random_rule(chance)).collect();
        let dead = dead(&rules);
        found += dead.len();
        let rules = Rules::new(rules);
        for _ in 0..40 {
            let path = random_path(chance, &SEGMENTS);
            let hosts = ["a.example.com", "x.a.example.com", "b.example.com", "example.com"];
            let there = Place {
                host: hosts[chance.below(4)],
                port: [443, 8_443][chance.below(2)],
                method: [Some("GET"), Some("POST")][chance.below(2)],
                client: ["203.0.113.7", "203.0.113.200", "10.0.0.1"][chance.below(3)].parse().ok(),
                ..place(&path)
            };
            let ruling = rules.of(&there);
            assert!(
                dead.iter().all(|(dead, _)| Some(*dead) != ruling.rule),
                "{there:?} {:?}",
                rules.as_slice()
            );
        }
    }
    assert!(found > 250, "{found} dead rules were tried");
}
