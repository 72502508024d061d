//! The table of living sessions: its limits, its order, idle ends.

use std::hash::BuildHasher as _;

use super::*;
use crate::auth::testing::{Counting, name, session};

fn start() -> Timestamp {
    Timestamp::from_unix(1_700_000_000)
}

fn claims(session: &Session) -> Claims<'_> {
    Claims {
        sub: session.user.as_str(),
        iat: session.created,
        exp: session.expires,
        jti: session.id,
        key: session.key,
    }
}

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

#[test]
fn a_session_is_good_until_it_is_ended() {
    let mut sessions = Sessions::new(None);
    let anna = session("anna", start(), KeyId::new(1), &mut Counting(1));
    assert_eq!(sessions.admit(&claims(&anna), start()), Err(NotLive::Unknown));
    assert_eq!(sessions.insert(anna.clone()), None);
    assert_eq!(sessions.admit(&claims(&anna), start()), Ok(&anna));
    assert_eq!(sessions.remove(&anna.id), Some(anna.clone()));
    assert_eq!(sessions.admit(&claims(&anna), start()), Err(NotLive::Unknown));
    assert!(sessions.is_empty() && sessions.of_user(&name("anna")).next().is_none());
}

#[test]
fn a_token_that_says_something_else_than_was_issued_is_refused() {
    let mut sessions = Sessions::new(None);
    let anna = session("anna", start(), KeyId::new(1), &mut Counting(1));
    sessions.insert(anna.clone());
    let genuine = claims(&anna);
    for forged in [
        Claims { sub: "bert", ..genuine },
        Claims { iat: genuine.iat.plus(secs(1)), ..genuine },
        Claims { exp: genuine.exp.plus(secs(1)), ..genuine },
        Claims { key: KeyId::new(2), ..genuine },
    ] {
        assert_eq!(sessions.admit(&forged, start()), Err(NotLive::Different));
    }
}

#[test]
fn the_sixty_fifth_session_of_a_user_ends_the_oldest() {
    let mut sessions = Sessions::new(None);
    let mut entropy = Counting(1);
    let others = session("bert", start().minus(secs(1000)), KeyId::new(1), &mut entropy);
    sessions.insert(others.clone());
    let mut ids = Vec::new();
    // The oldest is not the one that came first: the store reads them back in any order.
    for age in [5u64, 9, 3].into_iter().chain(10..71) {
        let anna = session("anna", start().plus(secs(age)), KeyId::new(1), &mut entropy);
        ids.push(anna.id);
        assert_eq!(sessions.insert(anna), None);
    }
    let newest = session("anna", start().plus(secs(100)), KeyId::new(1), &mut entropy);
    assert_eq!(sessions.insert(newest), Some(ids[2]));
    assert_eq!(sessions.of_user(&name("anna")).count(), MAX_PER_USER);
    assert!(sessions.get(&others.id).is_some());
    // A login with the clock set back still gets its session.
    let back = session("anna", start().minus(secs(5)), KeyId::new(1), &mut entropy);
    assert_eq!(sessions.insert(back.clone()), Some(ids[0]));
    assert!(sessions.get(&back.id).is_some());
    assert_eq!(sessions.len(), MAX_PER_USER + 1);
}

#[test]
fn all_sessions_of_a_user_end_together() {
    let mut sessions = Sessions::new(None);
    let mut entropy = Counting(1);
    for user in ["anna", "bert", "anna"] {
        sessions.insert(session(user, start(), KeyId::new(1), &mut entropy));
    }
    assert_eq!(sessions.remove_user(&name("anna")).len(), 2);
    assert_eq!(sessions.iter().map(|session| session.user.as_str()).collect::<Vec<_>>(), ["bert"]);
    assert!(sessions.remove_user(&name("anna")).is_empty());
    assert!(sessions.uses(KeyId::new(1)) && !sessions.uses(KeyId::new(2)));
}

#[test]
fn an_idle_session_ends_and_a_used_one_does_not() {
    let mut sessions = Sessions::new(Some(secs(600)));
    let anna = session("anna", start(), KeyId::new(1), &mut Counting(1));
    sessions.insert(anna.clone());
    sessions.touch(&anna.id, start().plus(secs(500)));
    assert!(sessions.admit(&claims(&anna), start().plus(secs(1100))).is_ok());
    assert_eq!(sessions.admit(&claims(&anna), start().plus(secs(1101))), Err(NotLive::Idle));
    assert_eq!(sessions.expired(start().plus(secs(1101))), [anna.id]);
    sessions.set_idle(None);
    assert!(sessions.admit(&claims(&anna), start().plus(secs(1101))).is_ok());
    assert_eq!(sessions.admit(&claims(&anna), start().plus(secs(86_401))), Err(NotLive::Expired));
    assert_eq!(sessions.expired(start().plus(secs(86_401))), [anna.id]);
}

#[test]
fn last_seen_goes_only_forward_and_is_written_once() {
    let mut sessions = Sessions::new(None);
    let anna = session("anna", start(), KeyId::new(1), &mut Counting(1));
    sessions.insert(anna.clone());
    assert!(sessions.take_touched().is_empty());
    for at in [10, 20, 15] {
        sessions.touch(&anna.id, start().plus(secs(at)));
    }
    let touched = sessions.take_touched();
    assert_eq!(touched, [Session { last_seen: start().plus(secs(20)), ..anna.clone() }]);
    assert!(sessions.take_touched().is_empty());
    sessions.remove(&anna.id);
    sessions.touch(&anna.id, start().plus(secs(30)));
    assert!(sessions.take_touched().is_empty());
}

#[test]
fn a_session_that_was_seen_in_this_second_is_not_written_again() {
    let mut sessions = Sessions::new(None);
    let anna = session("anna", start(), KeyId::new(1), &mut Counting(1));
    sessions.insert(anna.clone());
    assert!(!sessions.is_empty());
    sessions.touch(&anna.id, start());
    assert_eq!(sessions.take_touched(), []);
    sessions.touch(&anna.id, start().plus(secs(1)));
    assert_eq!(sessions.take_touched().len(), 1);
    sessions.touch(&anna.id, start().plus(secs(1)));
    sessions.touch(&anna.id, start());
    assert_eq!(sessions.take_touched(), []);
}

#[test]
fn only_sessions_that_have_not_timed_out_are_counted_as_living() {
    let mut sessions = Sessions::new(Some(secs(600)));
    assert_eq!(sessions.living(start()), 0);
    let mut entropy = Counting(1);
    for user in ["anna", "bert", "carl"] {
        sessions.insert(session(user, start(), KeyId::new(1), &mut entropy));
    }
    assert_eq!(sessions.living(start().plus(secs(600))), 3);
    let first = sessions.of_user(&name("anna")).next().map(|session| session.id).unwrap();
    sessions.touch(&first, start().plus(secs(300)));
    assert_eq!(sessions.living(start().plus(secs(601))), 1);
    assert_eq!(sessions.living(start().plus(secs(901))), 0);
    sessions.set_idle(None);
    assert_eq!(sessions.living(start().plus(secs(86_400))), 3);
    assert_eq!(sessions.living(start().plus(secs(86_401))), 0);
}

#[test]
fn the_hash_of_an_identifier_is_half_of_its_bits() {
    let hash = |id: SessionId| BuildHasherDefault::<OwnBits>::default().hash_one(id);
    for id in [SessionId::generate(&mut Counting(1)), SessionId::from_bytes([0xFF; 16])] {
        assert_eq!(Some(&hash(id).to_ne_bytes()), id.as_bytes().first_chunk());
    }
}

#[test]
fn every_refused_session_says_why() {
    let all = [NotLive::Unknown, NotLive::Different, NotLive::Expired, NotLive::Idle]
        .map(|why| why.to_string());
    let different: std::collections::BTreeSet<_> =
        all.iter().filter(|why| !why.is_empty()).collect();
    assert_eq!(different.len(), all.len());
}
