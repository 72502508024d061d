//! What `proxy.trust` takes, and whom it believes.

use super::*;

fn refusal(text: &str) -> TrustError {
    Trust::parse(text).expect_err(text)
}

#[test]
fn the_default_is_loopback() {
    let trust = Trust::default();
    assert!(trust.trusts("127.9.9.9".parse().unwrap(), 0));
    assert!(trust.trusts("::1".parse().unwrap(), 3));
    assert!(trust.trusts("::ffff:127.0.0.1".parse().unwrap(), 0));
    assert!(!trust.trusts("10.0.0.1".parse().unwrap(), 0));
    assert_eq!(trust.to_string(), "loopback");
}

#[test]
fn an_entry_that_cannot_be_read_is_refused_by_name() {
    for entry in [
        "blargh",
        "10.0.300.1",
        "::ffff:30.168.1.9000",
        "-1",
        "",
        "127.0.0.01",
        "loopback!",
        "1.2.3.4:80",
    ] {
        let error = Trust::from_list(["loopback", entry]).expect_err(entry);
        assert_eq!((error.entry.as_str(), error.fault), (entry, TrustFault::NoAddress));
        assert!(error.to_string().contains(entry));
    }
}

#[test]
fn a_range_that_does_not_fit_is_refused() {
    for entry in [
        "10.0.0.1/internet",
        "10.0.0.1/6000",
        "10.0.0.1/33",
        "10.0.0.1/+8",
        "10.0.0.1/-1",
        "10.0.0.1/",
        "10.0.0.1/8/8",
        "::1/6000",
        "::ffff:a00:2/136",
        "10.0.0.1/255.0.255.0",
        "10.0.0.1/ffc0::",
        "fe80::/ffc0::",
        "fe80::/255.255.255.0",
        "::ffff:a00:2/255.255.255.0",
    ] {
        assert_eq!(refusal(entry).fault, TrustFault::BadPrefix, "{entry}");
    }
}

#[test]
fn a_range_of_everybody_is_refused() {
    for entry in
        ["0.0.0.0/0", "::/0", "10.0.0.0/0", "10.0.0.0/0.0.0.0", "10.0.0.0/00", "::ffff:0:0/96"]
    {
        let error = refusal(&format!("loopback, {entry}"));
        assert_eq!((error.entry.as_str(), error.fault), (entry, TrustFault::Everything));
    }
}

#[test]
fn a_list_with_an_empty_entry_is_refused() {
    for text in ["", " ", ",", "loopback,", ",loopback", "loopback,,10.0.0.1"] {
        assert_eq!(refusal(text).entry, "", "{text:?}");
    }
}

#[test]
fn the_setting_is_read_in_every_toml_form() {
    #[derive(Deserialize)]
    struct ProxySection {
        trust: Trust,
    }
    let read = |line: &str| toml::from_str::<ProxySection>(line).map(|proxy| proxy.trust);
    assert_eq!(read("trust = true"), Ok(Trust::Everybody));
    assert_eq!(read("trust = \"false\""), Ok(Trust::Nobody));
    assert_eq!(read("trust = 2"), Ok(Trust::Hops(2)));
    assert_eq!(read("trust = []"), Ok(Trust::Ranges(vec![])));
    let list = Trust::parse("loopback, 10.0.0.0/8").unwrap();
    assert_eq!(read("trust = [\"loopback\", \"10.0.0.0/255.0.0.0\"]"), Ok(list.clone()));
    assert_eq!(read("trust = \"loopback,10.0.0.0/8\""), Ok(list));
    for line in [
        "trust = -1",
        "trust = 1.5",
        "trust = [1]",
        "trust = [\"true\"]",
        "trust = [\"0.0.0.0/0\"]",
    ] {
        assert!(read(line).is_err(), "{line}");
    }
}

#[test]
fn what_is_shown_reads_back_as_the_same() {
    for text in [
        "true",
        "false",
        "0",
        "3",
        "loopback, linklocal, uniquelocal, 10.1.2.3, 10.0.0.0/8, fe80::/10",
    ] {
        let trust = Trust::parse(text).unwrap();
        assert_eq!(trust.to_string(), text);
        assert_eq!(Trust::parse(&trust.to_string()), Ok(trust));
    }
}

#[test]
fn an_empty_list_is_shown_as_nobody_and_json_gives_hops_too() {
    assert_eq!(Trust::from_list([]).unwrap().to_string(), "false");
    assert_eq!(serde_json::from_str::<Trust>("2").ok(), Some(Trust::Hops(2)));
    let error = serde_json::from_str::<Trust>("null").expect_err("no setting").to_string();
    assert!(error.contains("a number of hops"), "{error}");
}
