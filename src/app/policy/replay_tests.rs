//! Logs of a few lines, with rules made by hand.

use super::*;
use crate::app::policy::testing::{deny, open, rules, session};

fn combined(request: &str) -> String {
    format!("192.0.2.1 - - [30/Nov/2026:14:23:29 +0000] \"{request} HTTP/1.1\" 200 2\n")
}

fn replayed(rules: &Rules, log: &str, site: Option<&str>) -> Replay {
    let site = site.map(|site| SiteOfLog::parse(site).expect(site));
    Replay::of(rules, log.as_bytes(), site, None).expect("readable")
}

fn counts(tally: &RuleTally) -> [u64; 4] {
    [tally.open, tally.session, tally.forbidden, tally.deny]
}

#[test]
fn each_request_counts_with_the_rule_that_decides() {
    let rules = rules([deny("admin", &["/admin/**"]), open("shares", &["/share/**"])]);
    let log = [
        combined("GET /share/a?x"),
        combined("GET /share/a?y"),
        combined("GET /share/b%2Fc"),
        combined("POST /share/..%2fadmin"),
        combined("GET /"),
    ];
    let replay = replayed(&rules, &log.concat(), Some("photos.example.com"));
    assert_eq!((replay.requests, replay.unreadable, replay.first_unreadable), (5, 0, None));
    let [admin, shares, none] = replay.rules.as_slice() else { panic!("{replay:?}") };
    assert_eq!(counts(admin), [0, 0, 0, 1]);
    assert_eq!(counts(shares), [2, 1, 0, 0]);
    assert_eq!(counts(none), [0, 1, 0, 0]);
    assert_eq!((none.rule.as_deref(), none.line), (None, None));
    let json = serde_json::to_string(shares).expect("JSON");
    assert_eq!(
        json,
        r#"{"rule":"shares","line":20,"open":2,"session":1,"forbidden":0,"deny":0,"examples":[{"decision":"open","method":"GET","url":"https://photos.example.com/share/a"},{"decision":"session","method":"GET","url":"https://photos.example.com/share/b%2Fc"}]}"#
    );
}

#[test]
fn examples_are_few_short_and_different_and_what_is_open_stands_in_front() {
    let rules = rules([open("shares", &["/share/**"])]);
    let mut log = combined("GET /share/x%2Fy");
    for number in 0..40 {
        log += &combined(&format!("GET /share/{}?secret", number / 2));
    }
    log += &combined(&format!("GET /{}", "ä".repeat(400).replace('ä', "\\xC3\\xA4")));
    let replay = replayed(&rules, &log, Some("a.example"));
    let urls: Vec<_> = replay.rules[0].examples.iter().map(|one| one.url.as_str()).collect();
    let expected =
        ["0", "1", "2", "3", "4", "x%2Fy"].map(|end| format!("https://a.example/share/{end}"));
    assert_eq!(urls, expected);
    let long = &replay.rules[1].examples[0].url;
    assert!(long.ends_with("ää…") && long.chars().count() < 250, "{long}");
}

#[test]
fn lines_of_every_form_stand_in_one_log() {
    let rules = rules([open("shares", &["/share/**"])]);
    let log = [
        "\n",
        "not a request\n",
        r#"{"logger":"http.log.access","request":{"method":"GET","host":"one.example:8443","uri":"/share/1","tls":{}}}"#,
        "\n",
        r#"{"RequestMethod":"GET","RequestPath":"/share/2","RequestAddr":"two.example","RequestScheme":"http"}"#,
        "\r\n",
        &combined("GET /share/3"),
        &combined("GET http://four.example/share/4?x"),
        "four.example:80 192.0.2.1 - - [t] \"GET /share/5 HTTP/1.1\" 200 2\n",
        r#"{"logger":"http.log.access","request":{"method":"GET","host":"no host","uri":"/"}}"#,
    ];
    let replay = replayed(&rules, &log.concat(), Some("three.example"));
    assert_eq!((replay.requests, replay.unreadable, replay.first_unreadable), (5, 2, Some(2)));
    let urls: Vec<_> = replay.rules[0].examples.iter().map(|one| one.url.as_str()).collect();
    let expected = [
        "https://one.example:8443/share/1",
        "http://two.example/share/2",
        "https://three.example/share/3",
        "https://four.example/share/4",
        "http://four.example/share/5",
    ];
    assert_eq!(urls, expected);
}

#[test]
fn a_log_that_names_no_host_needs_one() {
    let rules = Rules::default();
    let log = "noise\n".to_owned() + &combined("GET /");
    let refused = Replay::of(&rules, log.as_bytes(), None, None).expect_err("no host");
    assert!(matches!(refused, ReplayError::NoHost(2)), "{refused:?}");
    assert!(refused.to_string().contains("--host"), "{refused}");
    assert_eq!(replayed(&rules, &log, Some("a.example:8443")).requests, 1);
    for host in ["", "a b", "https://a.example", "a.example/x", "a:0"] {
        assert!(SiteOfLog::parse(host).is_none(), "{host}");
    }
}

#[test]
fn methods_and_addresses_of_the_log_count() {
    let home = Rule {
        networks: Some(vec!["192.0.2.0/24".parse().expect("a range")]),
        ..open("home", &["/home"])
    };
    let posts = Rule { methods: vec!["POST".to_owned()], ..open("posts", &["/hook"]) };
    let rules = rules([home, posts]);
    let away = combined("GET /home").replace("192.0.2.1", "198.51.100.1");
    let unknown = combined("GET /home").replace("192.0.2.1", "unix:");
    let log = [combined("GET /home"), away, unknown, combined("POST /hook"), combined("GET /hook")];
    let replay = replayed(&rules, &log.concat(), Some("a.example"));
    let all: Vec<_> = replay.rules.iter().map(counts).collect();
    assert_eq!(all, [[1, 0, 0, 0], [1, 0, 0, 0], [0, 3, 0, 0]]);
}

#[test]
fn a_user_may_be_taken_for_everybody() {
    let rules = rules([session("family", &["/family/**"], &[], &["family"])]);
    let log = combined("GET /family/a");
    for (group, expected) in [("family", [0, 1, 0, 0]), ("guests", [0, 0, 1, 0])] {
        let user = SessionOwner::new("ben", vec![group.to_owned()]).expect("a name");
        let site = SiteOfLog::parse("a.example");
        let replay = Replay::of(&rules, log.as_bytes(), site, Some(&user)).expect("readable");
        assert_eq!(counts(&replay.rules[0]), expected, "{group}");
    }
}

#[test]
fn a_log_that_cannot_be_read_says_so() {
    struct Broken;
    impl io::Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::ErrorKind::IsADirectory.into())
        }
    }
    let log = io::BufReader::new(Broken);
    let refused = Replay::of(&Rules::default(), log, None, None).expect_err("broken");
    assert!(matches!(refused, ReplayError::Io(_)), "{refused:?}");
}
