//! What holds for all rules and all paths, tried with random ones.

use super::*;
use crate::auth::testing::Counting;

const SEGMENTS: [&str; 8] = ["a", "b", "admin", "x.jpg", "public", "s", "f\u{fc}r", "a b"];
const GLOBS: [&str; 11] =
    ["a", "b", "admin", "public", "s", "*", "**", "*.jpg", "a*", "f%C3%BCr", "a%20b"];
const HOSTS: [&str; 4] = ["a.example.com", "*.example.com", "b.example.com", "a.example.com:8443"];

fn some<'t>(chance: &mut Counting, from: &[&'t str]) -> &'t str {
    from[chance.below(from.len())]
}

fn one_in(chance: &mut Counting, number: usize) -> bool {
    chance.below(number) == 0
}

fn random_path(chance: &mut Counting, from: &[&str]) -> String {
    let segments = 1 + chance.below(3);
    let path: String = (0..segments).map(|_| format!("/{}", some(chance, from))).collect();
    if one_in(chance, 5) && !path.ends_with("**") { path + "/" } else { path }
}

fn random_rule(chance: &mut Counting) -> Rule {
    let rule = match chance.below(4) {
        0 => open(),
        1 => deny(),
        2 => only(&["anna"]),
        _ => session(),
    };
    let rule = if one_in(chance, 2) { rule.on(&[some(chance, &HOSTS)]) } else { rule };
    let rule = if one_in(chance, 4) {
        rule
    } else {
        rule.at(&[&random_path(chance, &GLOBS), &random_path(chance, &GLOBS)])
    };
    let rule = if one_in(chance, 4) { rule.by(&[some(chance, &["GET", "POST"])]) } else { rule };
    if one_in(chance, 4) { rule.from(&["203.0.113.0/24"]) } else { rule }
}

fn random_rules(chance: &mut Counting) -> Vec<Rule> {
    (0..1 + chance.below(5)).map(|_| random_rule(chance)).collect()
}

fn random_place<'p>(chance: &mut Counting, path: &'p str) -> Place<'p> {
    let clients = ["203.0.113.7", "192.0.2.1", "none"];
    Place {
        host: some(chance, &["a.example.com", "B.example.com", "x.y.example.com"]),
        port: if one_in(chance, 2) { 443 } else { 8_443 },
        method: [Some("GET"), Some("POST"), None][chance.below(3)],
        client: some(chance, &clients).parse().ok(),
        ..place(path)
    }
}

/// The path as it is sent: escaped where it must be.
fn escaped(path: &str) -> String {
    let escape = |octet: u8| match octet {
        b' ' | 0x80.. => format!("%{octet:02X}"),
        octet => char::from(octet).to_string(),
    };
    path.bytes().map(escape).collect()
}

/// The path in other octets, which some server takes back.
fn respelled(chance: &mut Counting, path: &str) -> String {
    let slashes: Vec<_> = path.match_indices('/').map(|(at, _)| at).collect();
    let octets: Vec<_> = (1..path.len()).filter(|at| path.is_char_boundary(*at)).collect();
    let slash = slashes[chance.below(slashes.len())];
    let at_slash = |text: &str| format!("{}{text}{}", &path[..slash], &path[slash + 1..]);
    let escape = |octet: u8| format!("%{octet:02x}");
    match chance.below(13) {
        0 => at_slash("//"),
        1 => at_slash("/./"),
        2 => at_slash("/zz/../"),
        // The path itself begins with a slash, whatever a visitor sends.
        3 if slash > 0 => at_slash("\\"),
        4 if slash > 0 => at_slash("%2F"),
        5 if slash > 0 => at_slash("%c0%af"),
        6 if slash > 0 => at_slash(";x=1/"),
        7 => format!("{path}{}", some(chance, &["%3f", "%3Fa/../b", "%23", "%23/x", "%00", ";y"])),
        8 => format!("//host{path}"),
        9 => format!("/{}", path.bytes().skip(1).map(escape).collect::<String>()),
        10 => path.to_ascii_uppercase(),
        // A letter, or the percent sign of an escape.
        _ if octets.is_empty() => at_slash("//"),
        _ => {
            let at = octets[chance.below(octets.len())];
            format!("{}{}{}", &path[..at], escape(path.as_bytes()[at]), &path[at + 1..])
        }
    }
}

#[test]
fn what_stands_behind_a_rule_that_always_matches_changes_nothing() {
    let chance = &mut Counting(1);
    for _ in 0..2_500 {
        let mut list = random_rules(chance);
        list.push(if one_in(chance, 2) { session() } else { open() });
        let mut longer = list.clone();
        longer.extend(random_rules(chance));
        let mut path = escaped(&random_path(chance, &SEGMENTS));
        if one_in(chance, 3) {
            path = respelled(chance, &path);
        }
        let there = random_place(chance, &path);
        let (ruling, with_more) =
            (Rules::new(list).of(&there), Rules::new(longer.clone()).of(&there));
        assert_eq!(ruling, with_more, "{there:?} {longer:?}");
    }
}

#[test]
fn no_spelling_makes_a_verdict_milder() {
    let chance = &mut Counting(2);
    let mut verdicts = [0; 4];
    for _ in 0..2_500 {
        let rules = Rules::new(random_rules(chance));
        let plain = escaped(&random_path(chance, &SEGMENTS));
        let there = random_place(chance, &plain);
        let verdict = rules.verdict_for("ben", &there);
        let mut path = plain.clone();
        for _ in 0..1 + chance.below(4) {
            path = respelled(chance, &path);
            let other = Place { path: Some(path.as_bytes()), ..there };
            let now = rules.verdict_for("ben", &other);
            assert!(now >= verdict, "{plain} {verdict:?}, {path} {now:?}: {:?}", rules.as_slice());
        }
        verdicts[verdict as usize] += 1;
    }
    assert!(verdicts.iter().all(|count| *count > 150), "each verdict is tried: {verdicts:?}");
}

#[test]
fn what_may_not_open_is_judged_as_strictly_as_what_may() {
    let chance = &mut Counting(3);
    for _ in 0..2_000 {
        let rules = Rules::new(random_rules(chance));
        let path = escaped(&random_path(chance, &SEGMENTS));
        let there = random_place(chance, &path);
        let (open, closed) = (rules.of(&there), rules.of(&Place { may_open: false, ..there }));
        assert_eq!(closed.verdict, open.verdict.max(Session));
        assert!(!closed.preflight && closed.rule == open.rule);
        let anywhere = rules.of(&Place { path: None, ..there });
        assert!(anywhere.verdict >= open.verdict, "{there:?} {:?}", rules.as_slice());
    }
}

#[test]
fn an_unknown_method_is_judged_as_strictly_as_any() {
    let chance = &mut Counting(4);
    for _ in 0..2_500 {
        let rules = Rules::new(random_rules(chance));
        let path = escaped(&random_path(chance, &SEGMENTS));
        let there = random_place(chance, &path);
        let unknown = rules.of(&Place { method: None, ..there });
        for method in ["GET", "POST", "BREW"] {
            let known = rules.of(&Place { method: Some(method), ..there });
            assert!(unknown.verdict >= known.verdict, "{there:?} {:?}", rules.as_slice());
            assert!(known.preflight || !unknown.preflight);
        }
    }
}
