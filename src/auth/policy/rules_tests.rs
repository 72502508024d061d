//! What the whole list says of a place.

use super::*;
use crate::auth::policy::ruling::Verdict::{self, Deny, Forbidden, Open, Session};
use crate::auth::policy::testing::{deny, only, open, place, session};

fn rules<const N: usize>(rules: [Rule; N]) -> Rules {
    Rules::new(rules.into())
}

#[test]
fn where_no_rule_matches_everybody_who_is_logged_in_may_pass() {
    for rules in
        [rules([]), rules([open().at(&["/share/**"])]), rules([deny().on(&["b.example.com"])])]
    {
        assert_eq!(rules.of(&place("/private")), Ruling::DEFAULT);
        assert_eq!(rules.verdict_for("anna", &place("/private")), Session);
    }
}

#[test]
fn the_first_rule_that_matches_decides() {
    let rules = rules([
        deny().at(&["/share/secret/**"]),
        open().at(&["/share/**"]),
        only(&["anna"]).at(&["/share/**", "/admin/**"]),
        session(),
        deny(),
    ]);
    for (path, verdict, rule) in [
        ("/share/secret/x", Deny, 0),
        ("/share/x", Open, 1),
        ("/share", Open, 1),
        ("/admin", Forbidden, 2),
        ("/other", Session, 3),
    ] {
        let name = crate::auth::testing::name("ben");
        let member = Member { name: &name, groups: &[] };
        let ruling = rules.judge(&place(path), Some(&member), &mut PathReadings::default());
        assert_eq!((ruling.verdict, ruling.rule), (verdict, Some(rule)), "{path}");
    }
    assert_eq!(rules.verdict_for("anna", &place("/admin")), Session);
    assert_eq!(rules.verdict(&place("/admin")), Session, "a stranger may log in first");
}

#[test]
fn all_that_a_rule_names_must_hold() {
    let rules = rules([open()
        .on(&["a.example.com", "b.example.com"])
        .at(&["/share/**", "/s/*"])
        .by(&["GET", "HEAD"])
        .from(&["203.0.113.0/24"])]);
    let there = place("/share/x");
    assert_eq!(rules.verdict(&there), Open);
    for also in [
        Place { host: "b.example.com", ..there },
        Place { method: Some("HEAD"), ..there },
        place("/s/1"),
    ] {
        assert_eq!(rules.verdict(&also), Open, "{also:?}");
    }
    for not in [
        Place { host: "c.example.com", ..there },
        Place { method: Some("POST"), ..there },
        Place { client: Some("203.0.114.1".parse().expect("an address")), ..there },
        Place { client: None, ..there },
        place("/s/1/2"),
    ] {
        assert_eq!(rules.verdict(&not), Session, "{not:?}");
    }
}

#[test]
fn hosts_are_found_in_any_case_and_by_the_nearest_domain() {
    let rules = rules([
        open().on(&["open.example.com"]),
        deny().on(&["*.deep.example.com"]),
        only(&["anna"]).on(&["*.example.com"]),
        deny().on(&["[fd00::1]"]),
    ]);
    for (host, verdict) in [
        ("OPEN.example.COM", Open),
        ("x.open.example.com", Forbidden),
        ("A.Deep.Example.com", Deny),
        ("deep.example.com", Forbidden),
        ("x.y.z.example.com", Forbidden),
        ("example.com", Session),
        ("example.org", Session),
        ("[FD00:0::1]", Deny),
        ("[fd00::2]", Session),
    ] {
        let there = Place { host, ..place("/") };
        assert_eq!(rules.verdict_for("ben", &there), verdict, "{host}");
    }
}

#[test]
fn an_entry_with_a_port_is_for_that_port_alone() {
    let rules = rules([deny().on(&["a.example.com:8443", "b.example.com"]), open()]);
    for (host, port, verdict) in [
        ("A.example.com", 8_443, Deny),
        ("a.example.com", 443, Open),
        ("b.example.com", 443, Deny),
        ("b.example.com", 8_443, Deny),
        ("c.example.com", 8_443, Open),
    ] {
        assert_eq!(rules.verdict(&Place { host, port, ..place("/") }), verdict, "{host} {port}");
    }
}

#[test]
fn query_and_fragment_never_count() {
    let rules = rules([open().at(&["/public"]), deny().at(&["/private/**"]), session()]);
    assert_eq!(rules.verdict(&place("/public?x=/private/")), Open);
    assert_eq!(rules.verdict(&place("/public?x=//..%2f;")), Open);
    assert_eq!(rules.verdict(&place("/private?x=/public")), Deny);
    assert_eq!(rules.verdict(&place("/private/?/public")), Deny);
    assert_eq!(rules.verdict(&place("/private#/public")), Deny);
    assert_eq!(rules.verdict(&place("/other?/public")), Session);
}

#[test]
fn only_a_plain_path_is_open() {
    let rules = rules([open()]);
    for path in ["/", "/a", "/a%20b", "/f%C3%BCr?x=%2f", "/a,b=c&d"] {
        assert_eq!(rules.verdict(&place(path)), Open, "{path}");
    }
    for path in [
        "", "*", "/a//b", "/a/../b", "/a/.", "/a;x=1", "/%61", "/a%2fb", "/a\\b", "/a#b",
        "/\u{fc}", "/%C0%AF", "/a%00", "/a%3f", "/[", "/a|b",
    ] {
        let ruling = rules.of(&place(path));
        assert_eq!((ruling.verdict, ruling.rule), (Session, Some(0)), "{path}");
    }
}

#[test]
fn no_spelling_of_a_denied_path_is_let_through() {
    let rules = rules([open().at(&["/public/**"]), deny().at(&["/admin/**"]), session()]);
    for path in [
        "/admin",
        "/ADMIN/x",
        "/Admin",
        "/%61dmin",
        "/%2561dmin",
        "//admin",
        "/x//../admin",
        "//host/admin",
        "/./admin",
        "/public/../admin",
        "/public/..%2fadmin",
        "/public/..%2Fadmin",
        "/public/..;/admin",
        "/public/..;x=y/admin/z",
        "/public/%2e%2e/admin",
        "/public/%252e%252e%252fadmin",
        "/public\\..\\admin",
        "/public%5c..%5cadmin",
        "/admin;x=1",
        "/admin%3b/",
        "/admin%23",
        "/admin%3fx",
        "/admin%00.png",
        "/public%23/../admin",
        "/public/..%c0%afadmin",
        "/%c1%a1dmin",
        "/admin/%2e",
        "/PUBLIC/..%2FADMIN",
    ] {
        assert_eq!(rules.verdict(&place(path)), Deny, "{path}");
    }
}

#[test]
fn a_prefix_ends_where_its_segment_ends() {
    let rules = rules([open().at(&["/health", "/share/**"]), deny()]);
    for path in ["/healthz", "/health/", "/share.", "/shares/x", "/health/../private"] {
        assert_eq!(rules.verdict(&place(path)), Deny, "{path}");
    }
}

#[test]
fn of_all_readings_the_strictest_verdict_stands() {
    let rules = rules([
        session().at(&["/a/**"]),
        only(&["anna"]).at(&["/b/**"]),
        deny().at(&["/c/**"]),
        open(),
    ]);
    for (path, verdict) in [
        ("/x;y", Session),
        ("/x/..%2fa", Session),
        ("/a/..%2fb", Forbidden),
        ("/b%2f..%2fc", Deny),
        ("/c/..;/a", Deny),
    ] {
        assert_eq!(rules.verdict_for("ben", &place(path)), verdict, "{path}");
    }
    assert_eq!(rules.verdict_for("anna", &place("/a/..%2fb")), Session);
}

#[test]
fn letters_case_opens_nothing_and_escapes_nothing() {
    let rules = rules([deny().at(&["/Secret/**", "/\u{dc}bung"]), open().at(&["/Public/**"])]);
    for (path, verdict) in [
        ("/Public/x", Open),
        ("/public/x", Session),
        ("/Secret", Deny),
        ("/sECRET/x", Deny),
        ("/%C3%BCbung", Deny),
    ] {
        assert_eq!(rules.verdict(&place(path)), verdict, "{path}");
    }
    let behind_an_open_one = Rules::new(vec![open().at(&["/API/**"]), deny().at(&["/api/**"])]);
    assert_eq!(behind_an_open_one.verdict(&place("/API/x")), Open);
    assert_eq!(behind_an_open_one.verdict(&place("/api/x")), Deny);
}

#[test]
fn methods_are_compared_in_capitals_and_restrict_in_any_case() {
    let rules = rules([open().by(&["GET"]).at(&["/a"]), deny().by(&["DELETE"])]);
    let by = |method, path| Place { method: Some(method), ..place(path) };
    assert_eq!(rules.verdict(&by("GET", "/a")), Open);
    for method in ["get", "GETS", "", "POST", "HEAD"] {
        assert_eq!(rules.verdict(&by(method, "/a")), Session, "{method}");
    }
    for method in ["DELETE", "delete"] {
        assert_eq!(rules.verdict(&by(method, "/a")), Deny, "{method}");
    }
}

#[test]
fn where_nobody_knows_the_method_rules_that_name_some_only_restrict() {
    let unknown = |path| Place { method: None, ..place(path) };
    assert_eq!(rules([open().by(&["GET"])]).verdict(&unknown("/")), Session);
    assert_eq!(rules([open().by(&["GET"]), open()]).verdict(&unknown("/")), Open);
    assert_eq!(rules([deny().by(&["DELETE"]), open()]).verdict(&unknown("/")), Deny);
    assert_eq!(rules([open(), deny().by(&["DELETE"])]).verdict(&unknown("/")), Open);
    // It may be the second that matches, though the first one might.
    let several = rules([session().by(&["POST"]), deny().by(&["DELETE"]), open()]);
    assert_eq!(several.verdict(&unknown("/")), Deny);
    // It may match neither.
    let none = rules([session().by(&["POST"]), deny()]);
    assert_eq!(none.verdict(&unknown("/")), Deny);
    let path = rules([deny().by(&["DELETE"]).at(&["/a"]), open()]);
    assert_eq!((path.verdict(&unknown("/A")), path.verdict(&unknown("/b"))), (Deny, Open));
}

#[test]
fn where_nobody_knows_the_path_the_strictest_of_the_host_stands() {
    let unknown = |host| Place { host, path: None, ..place("/") };
    let rules = rules([
        open(),
        deny().on(&["a.example.com"]).at(&["/x"]).from(&["203.0.113.0/24"]),
        only(&["anna"]).on(&["*.example.com"]).at(&["/y"]),
    ]);
    assert_eq!(rules.verdict_for("ben", &unknown("a.example.com")), Deny);
    let elsewhere = Place { client: None, ..unknown("a.example.com") };
    assert_eq!(rules.verdict_for("ben", &elsewhere), Forbidden);
    assert_eq!(rules.verdict_for("ben", &unknown("b.example.com")), Forbidden);
    assert_eq!(rules.verdict_for("anna", &unknown("b.example.com")), Session);
    assert_eq!(rules.verdict(&unknown("b.example.org")), Session, "never open");
    let preflight = Rules::new(vec![session().with_preflight()]);
    assert!(!preflight.of(&unknown("a.example.com")).preflight);
}

#[test]
fn a_path_that_cannot_be_read_gets_the_strictest_of_the_host() {
    let unreadable = format!("/a{}", "%25252525;/..%2f\\%23?%3f//".replace('?', "%3f").repeat(40));
    let rules = rules([session().at(&["/a/**"]), deny().at(&["/zzz"]), open()]);
    let mut seen = 0;
    let mut readings = PathReadings::default();
    let ruling = rules.judge_each(&place(&unreadable), None, &mut readings, |_, _| seen += 1);
    assert_eq!((ruling.verdict, ruling.rule, seen), (Deny, Some(1), 0));
    assert_eq!(Rules::new(vec![open()]).verdict(&place(&unreadable)), Session);
}

#[test]
fn a_place_that_may_not_be_open_is_judged_without_opening() {
    let rules = rules([
        open().at(&["/share/**"]).with_preflight(),
        deny().at(&["/x"]),
        session().with_preflight(),
    ]);
    let closed = |path| Place { may_open: false, ..place(path) };
    for (path, verdict) in [("/share/a", Session), ("/x", Deny), ("/y", Session)] {
        let ruling = rules.of(&closed(path));
        assert_eq!((ruling.verdict, ruling.preflight), (verdict, false), "{path}");
    }
}

#[test]
fn a_preflight_passes_only_where_every_reading_of_a_plain_path_says_so() {
    let rules = rules([
        session().at(&["/API/**"]).with_preflight(),
        deny().at(&["/closed"]).with_preflight(),
        session().at(&["/web"]),
        only(&["anna"]).at(&["/ours"]).with_preflight(),
        session().by(&["POST"]).at(&["/form"]),
        session().at(&["/form"]).with_preflight(),
    ]);
    for (path, passes) in [
        ("/API/x", true),
        ("/api/x", false),
        ("/API//x", false),
        ("/API/%78", false),
        ("/closed", false),
        ("/web", false),
        ("/ours", true),
        ("/form", true),
        ("/none", false),
    ] {
        assert_eq!(rules.of(&place(path)).preflight, passes, "{path}");
    }
    let unknown = Place { method: None, ..place("/form") };
    assert!(!rules.of(&unknown).preflight);
}

#[test]
fn each_reading_is_told_with_what_the_rules_say_of_it() {
    let rules = rules([deny().at(&["/b"]), open().at(&["/x"]), session()]);
    let told = |path: &str| {
        let mut told: Vec<(String, Verdict, Option<usize>)> = Vec::new();
        rules.judge_each(&place(path), None, &mut PathReadings::default(), |reading, ruling| {
            let reading = String::from_utf8(reading.to_vec()).expect("text");
            told.push((reading, ruling.verdict, ruling.rule));
        });
        told
    };
    assert_eq!(told("/x?y"), [("/x".to_owned(), Open, Some(1))]);
    assert_eq!(
        told("/x/../b"),
        [("/x/../b".to_owned(), Session, Some(2)), ("/b".to_owned(), Deny, Some(0))]
    );
    let nothing = Rules::default();
    let mut readings = PathReadings::default();
    let mut count = 0;
    nothing.judge_each(&place("/a%2fb"), None, &mut readings, |_, ruling| {
        assert_eq!(ruling.verdict, Session);
        count += 1;
    });
    assert_eq!(count, 2, "the readings are told where there are no rules, too");
}

#[test]
fn many_patterns_on_one_host_make_a_long_path_unreadable() {
    let pattern = |at: usize| format!("/**/x{at}*/**/y*z");
    let many: Vec<_> = (0..300).map(|at| session().at(&[&pattern(at)])).collect();
    let rules =
        Rules::new(many.into_iter().chain([open().at(&["/a/**"]), deny().at(&["/b"])]).collect());
    assert_eq!(rules.verdict(&place(&format!("/a{}", "/x".repeat(700)))), Open);
    assert_eq!(rules.verdict(&place(&format!("/a{}", "/x".repeat(2_000)))), Deny);
    assert_eq!(rules.verdict(&place("/a;b")), Session);
    assert_eq!(rules.verdict(&place(&format!("/a{};b", "/x".repeat(2_000)))), Deny);
}

#[path = "rules_properties.rs"]
mod properties;
