//! Stored records: bytes that the seal lets through by a fault of ours still make no broken user,
//! session, pass, counter or settings, and what is read is written back to the same.

#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
use libfuzzer_sys::fuzz_target;
use portcullis::auth::access_pass::pass_id::PassId;
use portcullis::auth::access_pass::record::{AccessPass, PassName};
use portcullis::auth::session::Session;
use portcullis::auth::user::{User, UserName};
use portcullis::ledger::{Counter, CounterKey, GateRecord, codec};
use serde::Serialize;
use serde::de::DeserializeOwned;

fuzz_target!(|input: (u8, &[u8])| {
    let (kind, bytes) = input;
    match kind % 5 {
        0 => {
            let Some(session) = read::<Session>(bytes) else { return };
            assert!(UserName::parse(session.user.as_str()).is_ok_and(|name| name == session.user));
            assert_eq!(read::<Session>(&written(&session)), Some(session));
        }
        1 => {
            let Some(user) = read::<User>(bytes) else { return };
            assert!(UserName::parse(user.name.as_str()).is_ok_and(|name| name == user.name));
            for text in [&user.display_name, &user.email].into_iter().chain(&user.groups) {
                assert!(!text.chars().any(char::is_control), "would split a header");
            }
            assert!(!user.groups.iter().any(|group| group.contains(',')), "would be two groups");
            assert_eq!(
                written(&user),
                written(&read::<User>(&written(&user)).expect("reads back"))
            );
        }
        2 => {
            let Some(counter) = read::<(CounterKey, Counter)>(bytes) else { return };
            assert_eq!(read(&written(&counter)), Some(counter));
        }
        3 => {
            let Some(settings) = codec::decode::<GateRecord>(bytes) else { return };
            let again = codec::encode(&settings).expect("every record can be written");
            assert!(codec::decode::<GateRecord>(&again).is_some_and(|read| read == settings));
        }
        _ => {
            let Some(pass) = read::<AccessPass>(bytes) else { return };
            assert!(PassId::parse(pass.id.as_str()) == Some(pass.id));
            assert!(PassName::parse(pass.name.as_str()).is_ok_and(|name| name == pass.name));
            assert!(UserName::parse(pass.user.as_str()).is_ok_and(|name| name == pass.user));
            assert_eq!(read::<AccessPass>(&written(&pass)), Some(pass));
        }
    }
});

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    match postcard::take_from_bytes(bytes) {
        Ok((record, [])) => Some(record),
        _ => None,
    }
}

fn written(record: &impl Serialize) -> Vec<u8> {
    postcard::to_allocvec(record).expect("every record can be written")
}
