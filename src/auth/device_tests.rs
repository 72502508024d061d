//! Device cookies: who they are bound to, what ends them, and that nothing but the very bytes is
//! taken.

use super::*;
use crate::auth::testing::{Counting, user};
use crate::secret::Secret;

fn start() -> Timestamp {
    Timestamp::from_unix(1_700_000_000)
}

fn key() -> DeviceKey {
    DeviceKey::new(&Secret::new(vec![7; 32]))
}

fn bound(users: &[&User]) -> Device {
    let mut device = Device::default();
    users.iter().for_each(|user| device.bind(user));
    device
}

#[test]
fn a_device_knows_the_users_who_logged_in_there_and_no_others() {
    let (anna, bert) = (user("anna"), user("bert"));
    let value = bound(&[&anna]).mint(&key(), start());
    let mut device = read(value.as_bytes(), &key(), start()).unwrap();
    assert!(device.knows(&anna) && !device.knows(&bert));
    device.bind(&bert);
    let device = read(device.mint(&key(), start()).as_bytes(), &key(), start()).unwrap();
    assert!(device.knows(&anna) && device.knows(&bert));
}

#[test]
fn a_device_cookie_ends_with_disable_rotate_revoke_and_remove() {
    let mut anna = user("anna");
    let device = bound(&[&anna]);
    anna.enabled = false;
    assert!(!device.knows(&anna));
    anna.enabled = true;
    anna.end_devices();
    assert!(!device.knows(&anna));
    let original = user("anna");
    let successor = User::new(
        original.name.clone(),
        original.authenticator.clone(),
        original.created,
        &mut Counting(5),
    );
    assert!(device.knows(&original) && !device.knows(&successor));
}

#[test]
fn a_device_is_bound_to_eight_users_at_most_and_the_first_goes() {
    let users: Vec<User> = (0..9).map(|n| user(&format!("{}{n}", "x".repeat(63)))).collect();
    let mut device = bound(&users.iter().collect::<Vec<_>>());
    assert_eq!(device.users().len(), MAX_USERS);
    assert!(!device.knows(&users[0]) && device.knows(&users[1]) && device.knows(&users[8]));
    device.bind(&users[1]);
    device.bind(&users[0]);
    assert!(device.knows(&users[1]) && !device.knows(&users[2]));
    let value = device.mint(&key(), start());
    assert!(value.len() <= 800);
    assert_eq!(read(value.as_bytes(), &key(), start()), Some(device));
}

#[test]
fn a_device_cookie_lasts_180_days() {
    let anna = user("anna");
    let value = bound(&[&anna]).mint(&key(), start());
    assert_eq!(LIFETIME.as_secs(), 15_552_000);
    assert!(read(value.as_bytes(), &key(), start().plus(LIFETIME)).is_some());
    assert!(
        read(value.as_bytes(), &key(), start().plus(LIFETIME).plus(Duration::from_secs(1)))
            .is_none()
    );
    assert!(read(value.as_bytes(), &key(), start().minus(Duration::from_secs(60))).is_some());
    assert!(read(value.as_bytes(), &key(), start().minus(Duration::from_secs(61))).is_none());
}

#[test]
fn a_changed_cut_or_lengthened_cookie_is_worth_nothing() {
    let anna = user("anna");
    let value = bound(&[&anna, &user("bert")]).mint(&key(), start());
    assert!(read(value.as_bytes(), &DeviceKey::new(&Secret::new(vec![8; 32])), start()).is_none());
    for at in 0..value.len() {
        for bit in 0..8 {
            let mut forged = value.clone().into_bytes();
            forged[at] ^= 1 << bit;
            assert!(read(&forged, &key(), start()).is_none(), "byte {at}, bit {bit}");
        }
        assert!(read(&value.as_bytes()[..at], &key(), start()).is_none());
    }
    for added in ["=", "==", "A", "AAAA", " ", "\n"] {
        assert!(read(format!("{value}{added}").as_bytes(), &key(), start()).is_none());
    }
    assert!(read(&[b'A'; 100_000], &key(), start()).is_none());
}

#[test]
fn a_genuine_mac_over_a_body_that_is_not_ours_is_refused() {
    let body = |bytes: &[u8]| {
        let mut body = bytes.to_vec();
        let mac = key().mac(&body).finalize().into_bytes();
        body.extend(mac);
        URL_SAFE_NO_PAD.encode(body)
    };
    let issued = start().unix().to_be_bytes();
    let with = |version: u8, rest: &[u8]| body(&[&[version], issued.as_slice(), rest].concat());
    assert!(read(with(1, b"\x01\x01a\0\0\0\x05").as_bytes(), &key(), start()).is_some());
    assert!(read(with(1, b"\0").as_bytes(), &key(), start()).is_some());
    for (version, rest) in [
        (2, b"\x01\x01a\0\0\0\x05".as_slice()),
        (1, b""),
        (1, b"\x01"),
        (1, b"\x02\x01a\0\0\0\x05"),
        (1, b"\x01\x01a\0\0\0"),
        (1, b"\x01\x01a\0\0\0\x05\0"),
        (1, b"\x01\xffa\0\0\0\x05"),
        (1, b"\x01\x01/\0\0\0\x05"),
        (1, b"\x01\0\0\0\0\x05"),
    ] {
        assert!(read(with(version, rest).as_bytes(), &key(), start()).is_none(), "{rest:?}");
    }
    let nine: Vec<u8> =
        std::iter::once(9).chain((0..9u8).flat_map(|n| [1, b'a' + n, 0, 0, 0, 0])).collect();
    assert!(read(with(1, &nine).as_bytes(), &key(), start()).is_none());
}

#[test]
fn minting_from_a_list_keeps_the_last_eight() {
    let users: Vec<_> = (0..10u32).map(|n| (user(&format!("u{n}")).name, n)).collect();
    let device = read(mint(&users, &key(), start()).as_bytes(), &key(), start()).unwrap();
    assert_eq!(device.users(), &users[2..]);
}

#[test]
fn a_cookie_of_eight_users_with_the_longest_names_is_read() {
    let users: Vec<_> =
        ('a'..='h').map(|letter| user(&letter.to_string().repeat(UserName::MAX_BYTES))).collect();
    let device = bound(&users.iter().collect::<Vec<_>>());
    let value = device.mint(&key(), start());
    assert_eq!(read(value.as_bytes(), &key(), start()), Some(device));
    // Nothing longer is decoded.
    assert_eq!(URL_SAFE_NO_PAD.decode(&value).unwrap().len(), MAX_BYTES);
}
