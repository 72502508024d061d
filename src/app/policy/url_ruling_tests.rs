//! What `policy test` says of addresses, with rules made by hand.

use super::*;
use crate::app::policy::testing::{deny, open, rule, rules, session};

fn get() -> UrlRequest<'static> {
    UrlRequest { method: "GET", client: None, user: None }
}

fn ruling(rules: &Rules, url: &str, request: &UrlRequest<'_>) -> UrlRuling {
    UrlRuling::of(rules, &TypedUrl::parse(url.as_bytes()).expect(url), request)
}

fn decided(rules: &Rules, url: &str, request: &UrlRequest<'_>) -> (Verdict, Option<usize>) {
    let ruling = ruling(rules, url, request);
    (ruling.decision, ruling.line)
}

#[test]
fn the_shape_is_the_one_that_scripts_rely_on() {
    let shares = rules([open("photo shares", &["/share/**"])]);
    let json = |url: &str| serde_json::to_string(&[ruling(&shares, url, &get())]).expect("JSON");
    assert_eq!(
        json("https://photos.example.com/share/a?b"),
        r#"[{"url":"https://photos.example.com/share/a?b","method":"GET","decision":"open","rule":"photo shares","line":10,"readings":[{"path":"/share/a","decision":"open"}]}]"#
    );
    assert_eq!(
        json("https://photos.example.com/x"),
        r#"[{"url":"https://photos.example.com/x","method":"GET","decision":"session","rule":null,"line":null,"readings":[{"path":"/x","decision":"session"}]}]"#
    );
}

#[test]
fn without_rules_a_session_is_needed_and_the_readings_are_shown() {
    let none = Rules::default();
    let ruling = ruling(&none, "https://a.example/x%2Fy", &get());
    let paths: Vec<_> = ruling.readings.iter().map(|reading| reading.path.as_str()).collect();
    assert_eq!((ruling.decision, paths), (Verdict::Session, vec!["/x%2Fy", "/x/y"]));
}

#[test]
fn every_reading_is_shown_with_its_decision() {
    let rules = rules([deny("admin", &["/admin/**"]), open("shares", &["/share/**"])]);
    let ruling = ruling(&rules, "https://a.example/share/..%2fadmin", &get());
    assert_eq!((ruling.decision, ruling.rule.as_deref()), (Verdict::Deny, Some("admin")));
    let decision = |path: &str| {
        ruling.readings.iter().find(|reading| reading.path == path).map(|reading| reading.decision)
    };
    assert_eq!(decision("/share/..%2fadmin"), Some(Verdict::Session));
    assert_eq!(decision("/admin"), Some(Verdict::Deny));
}

#[test]
fn what_was_typed_is_judged_as_it_is() {
    let rules = rules([open("shares", &["/share/**"])]);
    for (url, verdict, note) in [
        ("https://a.example/share/gr%C3%B6sse", Verdict::Open, None),
        ("https://a.example/share/größe", Verdict::Session, Some("/share/gr%C3%B6%C3%9Fe")),
        ("https://a.example/share/a b", Verdict::Session, Some("/share/a%20b")),
        ("https://a.example/share/a#b", Verdict::Session, None),
        ("https://a.example/share/a?b c", Verdict::Open, None),
        ("https://a.example/share/a\\b", Verdict::Session, None),
    ] {
        let ruling = ruling(&rules, url, &get());
        assert_eq!(ruling.decision, verdict, "{url}");
        let encoded = ruling.remarks.iter().find_map(|remark| match remark {
            Remark::Encoded(path) => Some(path.as_str()),
            _ => None,
        });
        assert_eq!(encoded, note, "{url}");
        assert_eq!(ruling.remarks.contains(&Remark::NotPlain), verdict == Verdict::Session);
        assert_eq!(ruling.url, url);
    }
    let odd = TypedUrl::parse(b"https://a.example/share/\xFF\\").expect("an address");
    let odd = UrlRuling::of(&rules, &odd, &get());
    assert_eq!(odd.url, "https://a.example/share/\\xFF\\x5C");
    assert_eq!(odd.readings[0].path, "/share/\\xFF\\x5C");
}

#[test]
fn an_unknown_client_is_told_which_rule_asks_for_its_address() {
    let home = Rule {
        networks: Some(vec!["192.168.1.0/24".parse().expect("a range")]),
        ..open("home", &["/share/**"])
    };
    let rules = rules([home, deny("rest", &["/share/**"])]);
    let url = "https://a.example/share/a";
    let unknown = ruling(&rules, url, &get());
    assert_eq!(unknown.decision, Verdict::Deny);
    let told = Remark::ClientUnknown { rule: "home".to_owned(), line: 10 };
    assert_eq!(unknown.remarks, [told]);
    for (client, expected) in [
        ("192.168.1.7", (Verdict::Open, Some(10))),
        ("::ffff:192.168.1.7", (Verdict::Open, Some(10))),
        ("203.0.113.7", (Verdict::Deny, Some(20))),
    ] {
        let from = UrlRequest { client: Some(client.parse().expect(client)), ..get() };
        assert_eq!(decided(&rules, url, &from), expected, "{client}");
        assert_eq!(ruling(&rules, url, &from).remarks, []);
    }
    let elsewhere = ruling(&rules, "https://a.example/other", &get());
    assert_eq!(elsewhere.remarks, []);
}

#[test]
fn a_user_gets_what_the_rule_grants() {
    let rules = rules([session("family", &["/family/**"], &["anna"], &["family"])]);
    let url = "https://a.example/family/a";
    let owner =
        |name: &str, group: &str| SessionOwner::new(name, vec![group.to_owned()]).expect("a name");
    for (name, group, verdict) in [
        ("anna", "family", Verdict::Session),
        ("anna", "guests", Verdict::Forbidden),
        ("ben", "family", Verdict::Forbidden),
    ] {
        let user = owner(name, group);
        let request = UrlRequest { user: Some(&user), ..get() };
        assert_eq!(decided(&rules, url, &request), (verdict, Some(10)), "{name} {group}");
    }
    let anybody = ruling(&rules, url, &get());
    assert_eq!(anybody.decision, Verdict::Session);
    let only = "only for the users anna, if in one of the groups family";
    assert_eq!(anybody.remarks.iter().map(ToString::to_string).collect::<Vec<_>>(), [only]);
}

#[test]
fn method_and_port_count() {
    let mut posts = open("posts", &["/hook"]);
    posts.methods = vec!["POST".to_owned()];
    let rules = rules([posts, rule("port", &["a.example:8443"], &[], Access::Deny)]);
    let url = "https://a.example/hook";
    assert_eq!(decided(&rules, url, &get()).0, Verdict::Session);
    let post = UrlRequest { method: "POST", ..get() };
    assert_eq!(decided(&rules, url, &post).0, Verdict::Open);
    assert_eq!(decided(&rules, "https://A.example.:8443/", &get()), (Verdict::Deny, Some(20)));
    assert_eq!(decided(&rules, "http://a.example:80/", &get()).1, None);
}

#[test]
fn a_path_with_too_many_readings_says_so() {
    let rules = rules([deny("admin", &["/admin/**"])]);
    let long = format!("https://a.example//{}", "a".repeat(25_000));
    let ruling = ruling(&rules, &long, &get());
    assert_eq!((ruling.decision, ruling.readings.len()), (Verdict::Deny, 0));
    assert_eq!(ruling.remarks, [Remark::TooManyReadings]);
}
