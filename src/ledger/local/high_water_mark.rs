//! The last acknowledged commit, written down beside the database.
//!
//! One flipped bit in its log and sled forgets everything after it: the database then opens, whole
//! and sealed, as it was some commits ago, with used codes unused and ended sessions alive. Nothing
//! inside of the database can show that, so the number of each commit stands here too, after the
//! database has it and before the answer goes out. A database that is behind it is not trusted, nor
//! is a snapshot that is behind the last change that it follows.
//!
//! ```text
//! two slots, at 0 and 512, written in turn, so that a torn write spoils one only:
//! commit (8, little endian) | first 16 bytes of HMAC-SHA-256 over it
//! | commit of the snapshot (8) | last entry of the audit log (8)
//! | first 16 bytes of HMAC-SHA-256 over all three
//! ```
//!
//! The last two lines came later: an older release reads the line before alone, and where it wrote
//! the slot, it says nothing of snapshot and log.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use crate::ledger::local::audit_log::AuditLog;
use crate::ledger::local::error::StoreError;
use crate::ledger::local::manifest::Manifest;
use crate::ledger::local::seal::Vault;
use crate::ledger::local::state_dir::{HIGH_WATER_MARK, StateDir};

/// Bytes of the first line, and of both.
const FIRST: usize = 24;
const SLOT: usize = 56;
const SECTOR: u64 = 512;

/// What the file says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Acknowledged {
    /// The last acknowledged commit.
    pub(super) commit: u64,
    /// The commit that the snapshot had to see; 0 if it is not known.
    pub(super) snapshot: u64,
    /// The newest entry of the audit log; 0 if it is not known.
    pub(super) entry: u64,
}

impl Acknowledged {
    /// What the file must say of a store with this manifest and log.
    pub(super) const fn of(manifest: &Manifest, audit_log: &AuditLog) -> Self {
        Self {
            commit: manifest.sequence,
            snapshot: manifest.snapshot,
            entry: audit_log.head.number,
        }
    }
}

/// The open file.
pub(super) struct HighWaterMark {
    file: File,
    path: PathBuf,
}

/// What the file says; `None` if it is missing or says nothing that is ours.
pub(super) fn read(state_dir: &StateDir, vault: &Vault) -> Option<Acknowledged> {
    let file = state_dir.open(HIGH_WATER_MARK, OpenOptions::new().read(true)).ok()?;
    let slots = [0, SECTOR].into_iter().filter_map(|at| {
        let mut slot = [0; SLOT];
        file.read_exact_at(&mut slot, at).ok()?;
        parse(vault, &slot)
    });
    slots.max_by_key(|acknowledged| acknowledged.commit)
}

impl HighWaterMark {
    /// Makes the file anew, with the same in both slots.
    pub(super) fn create(
        state_dir: &StateDir,
        vault: &Vault,
        acknowledged: Acknowledged,
    ) -> Result<(), StoreError> {
        let slot = compose(vault, acknowledged);
        let mut bytes = vec![0; 1024];
        bytes
            .chunks_mut(512)
            .for_each(|sector| sector.iter_mut().zip(slot).for_each(|(to, from)| *to = from));
        state_dir.write(HIGH_WATER_MARK, &bytes)
    }

    pub(super) fn open(state_dir: &StateDir) -> Result<Self, StoreError> {
        let path = state_dir.path(HIGH_WATER_MARK);
        let file = state_dir.open(HIGH_WATER_MARK, OpenOptions::new().write(true));
        let file = file.map_err(|error| StoreError::io("opening", &path, &error))?;
        Ok(Self { file, path })
    }

    /// Writes down that this commit is on the disk. It lies in place: no room is needed.
    pub(super) fn record(
        &self,
        vault: &Vault,
        acknowledged: Acknowledged,
    ) -> Result<(), StoreError> {
        let at = if acknowledged.commit.is_multiple_of(2) { 0 } else { SECTOR };
        let written = self
            .file
            .write_all_at(&compose(vault, acknowledged), at)
            .and_then(|()| self.file.sync_data());
        written.map_err(|error| StoreError::io("writing", &self.path, &error))
    }
}

fn compose(vault: &Vault, Acknowledged { commit, snapshot, entry }: Acknowledged) -> [u8; SLOT] {
    let [commit, snapshot, entry] = [commit, snapshot, entry].map(u64::to_le_bytes);
    let (short, long) = (vault.vouch(&[&commit]), vault.vouch(&[&commit, &snapshot, &entry]));
    let [short, long] = [&short, &long].map(|mac| mac.iter().take(16));
    let bytes = commit.iter().chain(short).chain(&snapshot).chain(&entry).chain(long);
    let mut slot = [0; SLOT];
    slot.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
    slot
}

fn parse(vault: &Vault, slot: &[u8; SLOT]) -> Option<Acknowledged> {
    let number = |at: usize| slot.get(at..)?.first_chunk().copied().map(u64::from_le_bytes);
    let acknowledged =
        Acknowledged { commit: number(0)?, snapshot: number(FIRST)?, entry: number(FIRST + 8)? };
    let written = compose(vault, acknowledged);
    if written == *slot {
        return Some(acknowledged);
    }
    let short = Acknowledged { commit: acknowledged.commit, ..Acknowledged::default() };
    (written.first_chunk::<FIRST>() == slot.first_chunk()).then_some(short)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::System;
    use crate::ledger::local::store_key::StoreKey;

    const ACKNOWLEDGED: Acknowledged = Acknowledged { commit: 700, snapshot: 650, entry: 1_234 };

    fn vault() -> Vault {
        Vault::new(&StoreKey::new(vec![7; 32]).expect("32 bytes"), System)
    }

    #[test]
    fn a_slot_says_what_was_written_and_no_flipped_bit_makes_it_say_something_else() {
        let vault = vault();
        let slot = compose(&vault, ACKNOWLEDGED);
        assert_eq!(parse(&vault, &slot), Some(ACKNOWLEDGED));
        for bit in 0..SLOT * 8 {
            let mut flipped = slot;
            flipped[bit / 8] ^= 1 << (bit % 8);
            let expected = (bit >= FIRST * 8)
                .then_some(Acknowledged { commit: 700, ..Acknowledged::default() });
            assert_eq!(parse(&vault, &flipped), expected, "bit {bit}");
        }
    }

    #[test]
    fn a_slot_of_an_older_release_says_the_commit_alone() {
        let vault = vault();
        let mut slot = compose(&vault, ACKNOWLEDGED);
        slot[FIRST..].fill(0);
        assert_eq!(
            parse(&vault, &slot),
            Some(Acknowledged { commit: 700, ..Acknowledged::default() })
        );
        // What stands behind it of another commit is not believed.
        slot[FIRST..].copy_from_slice(
            &compose(&vault, Acknowledged { commit: 699, ..ACKNOWLEDGED })[FIRST..],
        );
        assert_eq!(
            parse(&vault, &slot),
            Some(Acknowledged { commit: 700, ..Acknowledged::default() })
        );
    }
}
