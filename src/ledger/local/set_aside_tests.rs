//! Setting a store aside, ended by a power cut after each of its steps.

use std::fs;

use super::*;
use crate::entropy::System;
use crate::ledger::local::{Opened, load_or_create_key};
use crate::ledger::{Change, GateRecord};

const NOW: Timestamp = Timestamp::from_unix(1_800_000_000);

fn open(dir: &Path) -> Result<(Store, Opened), StoreError> {
    Store::open(dir, &load_or_create_key(dir, None, &mut System)?, NOW, System)
}

/// Also what a rewrite that was cut short leaves: the database under its old name.
#[test]
fn a_power_cut_leaves_the_whole_old_store_or_one_that_refuses_to_start() {
    for rewriting in [false, true] {
        let mut whole = 0;
        for moved in 0..=SET_ASIDE.len() {
            let dir = std::env::temp_dir()
                .join(format!("portcullis-aside-{}-{rewriting}-{moved}", std::process::id()));
            let _ = fs::remove_dir_all(&dir);
            let (mut store, opened) = open(&dir).unwrap_or_else(|error| panic!("{error}"));
            store
                .commit(
                    &[Change::PutGateRecord(GateRecord {
                        ever_had_user: true,
                        ..opened.contents.gate_record
                    })],
                    NOW,
                )
                .expect("commits");
            drop(store);
            if rewriting {
                fs::rename(dir.join(state_dir::DATABASE), dir.join(state_dir::DATABASE_OLD))
                    .expect("moved");
            }
            let aside = dir.join("set-aside");
            fs::create_dir(&aside).expect("a folder");
            for part in SET_ASIDE.iter().take(moved).filter(|part| dir.join(part).exists()) {
                fs::rename(dir.join(part), aside.join(part)).expect("moved");
            }
            match open(&dir) {
                Ok((_, opened)) if moved == SET_ASIDE.len() => {
                    assert!(!opened.contents.gate_record.ever_had_user)
                }
                Ok((_, opened)) => {
                    assert!(
                        opened.contents.gate_record.ever_had_user && opened.recovered.is_none(),
                        "{moved} moved"
                    );
                    whole += 1;
                }
                Err(error) => {
                    assert!(
                        matches!(error, StoreError::Empty(_) | StoreError::KeyMissing(_)),
                        "{moved} moved: {error}"
                    );
                    // Asking again ends what was begun.
                    Store::set_aside(&dir, NOW).expect("set aside");
                    assert!(
                        open(&dir)
                            .is_ok_and(|(_, opened)| !opened.contents.gate_record.ever_had_user)
                    );
                }
            }
            fs::remove_dir_all(&dir).expect("removed");
        }
        assert_eq!(whole, if rewriting { 2 } else { 3 }, "the rest refuses");
    }
}
