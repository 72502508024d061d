//! The form of a file: what comes back, and what of a file that was cut, changed or made by others
//! is believed.

use super::*;
use crate::backup::format::HEADER;

/// Cheap, for tests that open many files.
const CHEAP: Cost = Cost { memory_kib: 8, passes: 1, lanes: 1 };

struct Counting(u8);

impl Entropy for Counting {
    fn fill(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            self.0 = self.0.wrapping_add(1);
            *byte = self.0;
        }
    }
}

fn backup() -> Backup {
    Backup {
        created: "2026-01-31T23:59:59Z".to_owned(),
        users: 2,
        records: Zeroizing::new(vec![1, 2, 3, 250]),
        configuration: Some("listen = []\n".to_owned()),
    }
}

fn passphrase() -> Secret {
    Secret::new(b"correct horse battery staple".to_vec())
}

fn cheap() -> Vec<u8> {
    seal(&backup(), &passphrase(), CHEAP, &mut Counting(0)).expect("sealed")
}

fn opened(file: &[u8]) -> Result<Backup, FileError> {
    Sealed::parse(file)?.open(&passphrase())
}

/// The file with these octets at this place.
fn with(mut file: Vec<u8>, at: usize, octets: &[u8]) -> Vec<u8> {
    file[at..at + octets.len()].copy_from_slice(octets);
    file
}

#[test]
fn what_was_sealed_comes_back() {
    assert!(opened(&cheap()) == Ok(backup()));
    let without = Backup { configuration: None, ..backup() };
    let file = without.seal(&passphrase(), &mut Counting(0)).expect("sealed");
    assert!(opened(&file) == Ok(without));
}

#[test]
fn the_form_is_the_one_that_is_written_down() {
    let file = backup().seal(&passphrase(), &mut Counting(0)).expect("sealed");
    let contents = 1 + 20 + 1 + 1 + 4 + 1 + 1 + 12;
    assert_eq!(&file[..15], b"PCBACKUP\x01\x00\x00\x01\x00\x03\x01");
    assert_eq!(&file[15..31], &(1..=16).collect::<Vec<u8>>(), "salt");
    assert_eq!(&file[31..55], &(17..=40).collect::<Vec<u8>>(), "nonce");
    assert_eq!(&file[55..59], &[contents + 16, 0, 0, 0]);
    assert_eq!(file.len(), HEADER + usize::from(contents) + 16);
}

#[test]
fn nothing_of_it_stands_in_the_clear_and_no_two_are_alike() {
    let file = cheap();
    for clear in [&b"2026-01"[..], b"listen"] {
        assert!(!file.windows(clear.len()).any(|window| window == clear));
    }
    let other = seal(&backup(), &passphrase(), CHEAP, &mut Counting(99)).expect("sealed");
    assert_ne!(file[HEADER..], other[HEADER..]);
}

#[test]
fn a_changed_octet_anywhere_is_refused() {
    let file = cheap();
    for at in 0..file.len() {
        // The lowest bit of the memory's first octet makes it 9 KiB: bearable, and still not what
        // was sealed.
        let changed = with(file.clone(), at, &[file[at] ^ 1]);
        assert!(opened(&changed).is_err(), "octet {at}");
    }
}

#[test]
fn another_passphrase_and_a_damaged_file_cannot_be_told_apart() {
    let file = cheap();
    let wrong = Sealed::parse(&file)
        .expect("a form")
        .open(&Secret::new(b"correct horse battery stable".to_vec()));
    let damaged = opened(&with(file.clone(), HEADER, &[file[HEADER] ^ 128]));
    assert!(wrong == Err(FileError::Unopened) && damaged == Err(FileError::Unopened));
}

#[test]
fn a_file_that_is_cut_says_so_and_one_with_more_behind_it_does_not_open() {
    let file = cheap();
    for length in 0..file.len() {
        let refused = opened(&file[..length]).err();
        match length {
            0..8 => assert_eq!(refused, Some(FileError::NotABackup), "{length}"),
            _ => assert!(matches!(refused, Some(FileError::Short { .. })), "{length}: {refused:?}"),
        }
    }
    assert!(opened(&[file, vec![0]].concat()) == Err(FileError::Unopened));
}

#[test]
fn another_form_is_named_whatever_follows() {
    for version in [0, 2, 255] {
        let refused = opened(&with(cheap(), 8, &[version])).err();
        assert_eq!(refused, Some(FileError::Newer(version)));
        assert_eq!(
            opened(&[&b"PCBACKUP"[..], &[version]].concat()).err(),
            Some(FileError::Newer(version))
        );
    }
    assert!(FileError::Newer(2).to_string().contains("form 2"));
}

#[test]
fn no_file_can_ask_for_more_memory_or_time_than_ours_do() {
    for (kib, passes, lanes) in [
        (4 * 1024 * 1024, 3, 1),
        (u32::MAX, 3, 1),
        (128 * 1024 + 1, 3, 1),
        (0, 3, 1),
        (7, 3, 1),
        (64 * 1024, 0, 1),
        (64 * 1024, 9, 1),
        (64 * 1024, 255, 1),
        (64 * 1024, 3, 0),
        (64 * 1024, 3, 5),
        (31, 3, 4),
    ] {
        let cost = [&kib.to_le_bytes()[..], &[passes, lanes]].concat();
        assert_eq!(
            opened(&with(cheap(), 9, &cost)).err(),
            Some(FileError::Costly),
            "{kib} {passes} {lanes}"
        );
    }
    assert!(Cost::USUAL.is_bearable() && CHEAP.is_bearable());
    assert!(Cost { memory_kib: 128 * 1024, passes: 8, lanes: 4 }.is_bearable());
}

#[test]
fn a_length_beyond_all_measure_is_refused_before_anything_is_done() {
    for length in [u32::MAX, 64 * 1024 * 1024] {
        assert_eq!(opened(&with(cheap(), 55, &length.to_le_bytes())).err(), Some(FileError::Long));
    }
}

#[test]
fn other_files_are_no_backups() {
    for file in [&b""[..], b"PCSNAP", b"PCBACKUQ\x01", &[0; 4096], b"-----BEGIN PGP MESSAGE-----"] {
        assert_eq!(opened(file).err(), Some(FileError::NotABackup));
    }
}
