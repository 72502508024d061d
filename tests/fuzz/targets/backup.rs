//! Backup files: a hostile one is refused or makes no broken user or pass, and what is read is
//! written back to the same.
//!
//! The seal itself is left out: nobody gets through it by trying. What lies behind it is read as if
//! he had.

#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
use libfuzzer_sys::fuzz_target;
use portcullis::auth::access_pass::record::PassName;
use portcullis::auth::user::UserName;
use portcullis::backup::{Backup, FileError, Sealed};
use portcullis::ledger::PortableUsers;

fuzz_target!(|input: (u8, &[u8])| {
    let (part, bytes) = input;
    match part % 3 {
        0 => match Sealed::parse(bytes) {
            Ok(_) => assert!(bytes.len() >= 59 && bytes.starts_with(b"PCBACKUP\x01")),
            Err(FileError::Short { has, of }) => assert!(has < of),
            Err(error) => assert!(!error.to_string().is_empty()),
        },
        1 => {
            let Some(backup) = Backup::decode(bytes) else { return };
            let written = backup.encode().expect("what was read can be written");
            assert!(Backup::decode(&written) == Some(backup));
        }
        _ => {
            let Some(read) = PortableUsers::unpack(bytes) else { return };
            let PortableUsers { users, passes, clock_floor } = read;
            for user in &users {
                assert!(UserName::parse(user.name.as_str()).is_ok_and(|name| name == user.name));
                for text in [&user.display_name, &user.email].into_iter().chain(&user.groups) {
                    assert!(!text.chars().any(char::is_control), "would split a header");
                }
            }
            for pass in &passes {
                assert!(PassName::parse(pass.name.as_str()).is_ok_and(|name| name == pass.name));
                assert!(UserName::parse(pass.user.as_str()).is_ok_and(|name| name == pass.user));
            }
            let packed = PortableUsers::pack(&users, &passes, clock_floor);
            let packed = packed.expect("what was read can be packed");
            let again = PortableUsers::unpack(&packed).expect("reads back");
            assert!(again.users == users && again.passes == passes);
            assert!(again.clock_floor == clock_floor);
        }
    }
});
