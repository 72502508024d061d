//! Sessions: their identifiers, their stored form, their ends.

use super::*;
use crate::auth::testing::{Counting, session};

#[test]
fn an_identifier_has_one_text_of_22_letters() {
    let id = SessionId::generate(&mut Counting(1));
    let text = id.to_string();
    assert_eq!(text.len(), 22);
    assert_eq!(SessionId::parse(&text), Some(id));
    assert_eq!(SessionId::from_bytes(*id.as_bytes()), id);
    let zero = SessionId::from_bytes([0; 16]).to_string();
    assert_eq!(zero, "A".repeat(22));
    for bad in [
        "",
        "A",
        "AAAAAAAAAAAAAAAAAAAAAB",
        "AAAAAAAAAAAAAAAAAAAAA=",
        "AAAAAAAAAAAAAAAAAAAA==",
        "AAAAAAAAAAAAAAAAAAAA+A",
    ] {
        assert_eq!(SessionId::parse(bad), None, "{bad:?}");
    }
    assert_eq!(SessionId::parse(&format!("{text}A")), None);
    assert_eq!(SessionId::parse(&format!("{text}==")), None);
    assert_eq!(SessionId::parse(&format!(" {text}")), None);
}

#[test]
fn a_stored_session_reads_back_whole() {
    let session =
        session("anna", Timestamp::from_unix(1_700_000_000), KeyId::new(3), &mut Counting(1));
    let bytes = postcard::to_allocvec(&session).unwrap();
    assert_eq!(postcard::from_bytes::<Session>(&bytes).unwrap(), session);
    let text = serde_json::to_string(&session).unwrap();
    assert_eq!(serde_json::from_str::<Session>(&text).unwrap(), session);
    assert!(text.contains(&session.id.to_string()));
}

#[test]
fn a_session_ends_after_its_absolute_timeout_whatever_happens() {
    let now = Timestamp::from_unix(1_700_000_000);
    let session = session("anna", now, KeyId::new(3), &mut Counting(1));
    let day = Duration::from_secs(86_400);
    assert!(!session.is_expired(now.plus(day)));
    assert!(session.is_expired(now.plus(day).plus(Duration::from_secs(1))));
}

#[test]
fn a_session_is_idle_only_after_longer_than_the_timeout() {
    let now = Timestamp::from_unix(1_700_000_000);
    let session = session("anna", now, KeyId::new(3), &mut Counting(1));
    let hour = Duration::from_secs(3600);
    assert!(!session.is_idle(now.plus(hour), Some(hour)));
    assert!(session.is_idle(now.plus(hour).plus(Duration::from_secs(1)), Some(hour)));
    assert!(!session.is_idle(now.plus(hour * 10), None));
}

#[test]
fn a_mapped_address_is_kept_as_ipv4() {
    let mapped = "::ffff:203.0.113.9".parse().unwrap();
    let now = Timestamp::from_unix(1_700_000_000);
    let session = Session::begin(
        crate::auth::testing::name("anna"),
        now,
        Duration::from_secs(1),
        mapped,
        b"",
        KeyId::new(1),
        &mut Counting(1),
    );
    assert_eq!(session.client_ip.to_string(), "203.0.113.9");
}

#[test]
fn a_user_agent_cannot_write_into_a_terminal_or_a_log() {
    assert_eq!(clean_user_agent(b"Mozilla/5.0 (X11)"), "Mozilla/5.0 (X11)");
    assert_eq!(clean_user_agent(b"a\x1b[2Jb\r\nc\0"), "a\u{fffd}[2Jb\u{fffd}\u{fffd}c\u{fffd}");
    assert_eq!(clean_user_agent("a\u{2028}b\u{202e}c".as_bytes()), "a\u{fffd}b\u{fffd}c");
    assert_eq!(clean_user_agent(b"\xff"), "\u{fffd}");
    for long in
        [vec![b'a'; 10_000], vec![0xff; 10_000], "ü".repeat(5000).into_bytes(), vec![0; 300]]
    {
        let clean = clean_user_agent(&long);
        assert!(clean.len() <= MAX_USER_AGENT && clean.len() > MAX_USER_AGENT - 4);
    }
}

#[test]
fn a_user_agent_of_exactly_the_longest_length_stays_whole() {
    let whole = "a".repeat(MAX_USER_AGENT);
    assert_eq!(clean_user_agent(whole.as_bytes()), whole);
    assert_eq!(clean_user_agent(format!("{whole}b").as_bytes()), whole);
}

#[test]
fn an_identifier_is_shown_in_the_form_that_it_is_read_in() {
    let id = SessionId::from_bytes([7; SessionId::BYTES]);
    assert_eq!(SessionId::parse(&id.to_string()), Some(id));
    assert!(format!("{id:?}").contains(&id.to_string()));
}
