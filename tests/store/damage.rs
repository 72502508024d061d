//! Files that are not as they were written: the store opens with everything, or stands on its
//! snapshot and says so, or refuses. Never silently wrong, never a start that crashes for ever.

use std::fs;
use std::path::Path;

use super::child::{Start, commit, supervised};
use super::support::{Dir, copy, files, open_sound, rounds};
use crate::support::dice::Dice;

/// A store with some history, and what it holds.
fn store(dir: &Dir) -> Vec<String> {
    let (mut store, _) = open_sound(&dir.state());
    (1..=200).for_each(|number| commit(&mut store, number));
    drop(store);
    match supervised(&dir.state()) {
        Start::Sound(records) => records,
        other => panic!("{other:?}"),
    }
}

/// What may come of it: all; or the users (their steps spent) without sessions, with all passes or
/// none; or a refusal that names a way out.
fn assert_honest(start: &Start, whole: &[String], what: &str) {
    match start {
        Start::Sound(records) => assert_eq!(records, whole, "{what}"),
        Start::Recovered { users, passes, sessions } => {
            assert_eq!(*sessions, 0, "{what}");
            // How far codes are spent and when passes were used stands in the database alone.
            let steady = |lines: &[String], kind: &str, end: &str| -> Vec<String> {
                let cut = |line: &String| line.split(end).next().unwrap_or_default().to_owned();
                lines.iter().filter(|line| line.starts_with(kind)).map(cut).collect()
            };
            let users_of = |lines: &[String]| steady(lines, "user ", "\"spent\"");
            let passes_of = |lines: &[String]| steady(lines, "pass ", "\"last_used\"");
            assert_eq!(users_of(users), users_of(whole), "{what}");
            assert!(!passes_of(whole).is_empty());
            if !passes.is_empty() {
                assert_eq!(passes_of(passes), passes_of(whole), "{what}");
            }
        }
        Start::Refused(why) => {
            assert!(why.contains("restore") || why.contains("init --again"), "{what}: {why}")
        }
        Start::Crashed => panic!("{what}: crashed again and again"),
    }
}

fn harm(whole: &Path, scratch: &Path, file: &Path, change: impl FnOnce(&mut Vec<u8>)) -> Start {
    let _ = fs::remove_dir_all(scratch);
    copy(whole, scratch);
    let target = scratch.join(file.strip_prefix(whole).expect("a file of the store"));
    let mut bytes = fs::read(&target).expect("a file");
    change(&mut bytes);
    fs::write(&target, bytes).expect("a damaged file");
    supervised(scratch)
}

/// `STORE_FLIPS` sets the number.
#[test]
fn a_flipped_bit_is_never_silently_wrong() {
    let (dir, scratch) = (Dir::new(), Dir::new());
    let whole = store(&dir);
    let mut dice = Dice::new(3);
    let mut counts = [0; 3];
    for round in 0..rounds("STORE_FLIPS", 60) {
        // Most of them where most bytes are.
        let all = files(&dir.state());
        let mut candidates: Vec<_> =
            all.iter().filter(|file| fs::metadata(file).is_ok_and(|m| m.len() > 0)).collect();
        candidates
            .sort_by_key(|file| std::cmp::Reverse(fs::metadata(file).map_or(0, |meta| meta.len())));
        let which = if round % 3 > 0 { 0 } else { dice.below(candidates.len() as u64) as usize };
        let file = candidates[which];
        let mut at = 0;
        let start = harm(&dir.state(), &scratch.state(), file, |bytes| {
            at = dice.below(bytes.len() as u64 * 8) as usize;
            bytes[at / 8] ^= 1 << (at % 8);
        });
        assert_honest(&start, &whole, &format!("round {round}: bit {at} of {}", file.display()));
        counts[match start {
            Start::Sound(_) => 0,
            Start::Recovered { .. } => 1,
            _ => 2,
        }] += 1;
    }
    println!("sound {}, recovered {}, refused {}", counts[0], counts[1], counts[2]);
}

/// `STORE_TRUNCATIONS` sets the number for each file; with 4096 it is every length.
#[test]
fn a_truncated_file_is_never_silently_wrong() {
    let (dir, scratch) = (Dir::new(), Dir::new());
    let whole = store(&dir);
    let mut dice = Dice::new(4);
    for file in files(&dir.state()) {
        let number = rounds("STORE_TRUNCATIONS", 3);
        for round in 1..=number {
            let cut = if number < 4096 { 1 + dice.below(4096) as usize } else { round as usize };
            if fs::metadata(&file).is_ok_and(|meta| meta.len() < cut as u64) && number >= 4096 {
                break;
            }
            let start = harm(&dir.state(), &scratch.state(), &file, |bytes| {
                bytes.truncate(bytes.len().saturating_sub(cut));
            });
            assert_honest(&start, &whole, &format!("{cut} bytes less of {}", file.display()));
        }
    }
}

/// `STORE_ZEROES` sets the number for each file; with 4096 it is every block.
#[test]
fn a_zeroed_block_is_never_silently_wrong() {
    let (dir, scratch) = (Dir::new(), Dir::new());
    let whole = store(&dir);
    let mut dice = Dice::new(5);
    for file in files(&dir.state()) {
        let blocks = fs::metadata(&file).map_or(0, |meta| meta.len()) / 4096 + 1;
        let number = rounds("STORE_ZEROES", 2);
        for round in 0..number.min(blocks) {
            let block = if number < blocks { dice.below(blocks) as usize } else { round as usize };
            let start = harm(&dir.state(), &scratch.state(), &file, |bytes| {
                bytes.iter_mut().skip(block * 4096).take(4096).for_each(|byte| *byte = 0);
            });
            assert_honest(&start, &whole, &format!("block {block} of {} zeroed", file.display()));
        }
    }
}

#[test]
fn a_missing_file_is_never_silently_wrong() {
    let (dir, scratch) = (Dir::new(), Dir::new());
    let whole = store(&dir);
    for file in files(&dir.state()) {
        let _ = fs::remove_dir_all(scratch.state());
        copy(&dir.state(), &scratch.state());
        fs::remove_file(scratch.state().join(file.strip_prefix(dir.state()).expect("a file")))
            .expect("removed");
        assert_honest(
            &supervised(&scratch.state()),
            &whole,
            &format!("without {}", file.display()),
        );
    }
}

#[test]
fn after_a_recovery_the_next_start_is_sound_again() {
    let (dir, scratch) = (Dir::new(), Dir::new());
    store(&dir);
    let first = harm(&dir.state(), &scratch.state(), &dir.state().join("db/db"), |bytes| {
        bytes.truncate(100)
    });
    let Start::Recovered { users, passes, .. } = first else { panic!("{first:?}") };
    assert_eq!((users.len(), passes.len()), (4, 3));
    let Start::Sound(records) = supervised(&scratch.state()) else { panic!("not sound") };
    let again = |kind: &str| -> Vec<String> {
        records.iter().filter(|line| line.starts_with(kind)).cloned().collect()
    };
    assert_eq!((again("user "), again("pass ")), (users, passes));
}
