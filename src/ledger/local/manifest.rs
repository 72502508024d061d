//! The manifest: how many records of each kind there are and what they add up to, in the same batch
//! as every change.
//!
//! Each record alone is sealed, so it cannot be forged, altered or moved; what is left is that one
//! is missing, doubled back to an older version, or brought back after its removal. sled has lost
//! keys silently after single bit flips, so the sum of all records must show it.
//!
//! The digest of a kind is the XOR of HMAC-SHA-256 over (key, sealed value) of its records:
//! MSet-XOR-Hash (Clarke, Devadas, van Dijk, Gassend, Suh: Incremental Multiset Hash Functions,
//! ASIACRYPT 2003). XOR makes it independent of the order and lets a change be applied without
//! reading the rest. An unkeyed XOR could be matched by linear algebra over enough old records;
//! here nobody without the key knows what a record adds, the sum itself is sealed, keys are unique
//! (so nothing cancels itself), and the count stands beside it. What it cannot show is an old copy
//! of the whole database put back.

use serde::{Deserialize, Serialize};

use crate::ledger::local::schema::{RecordKey, RecordKind};
use crate::ledger::local::seal::Vault;

/// Counts and digests of all records.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Manifest {
    /// Commits so far.
    pub(super) sequence: u64,
    /// The commit that the snapshot must have seen.
    pub(super) snapshot: u64,
    /// One for each of [`RecordKind::COUNTED`]; of kinds that came later an older manifest has
    /// none, which is zero.
    tallies: Vec<RecordTally>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct RecordTally {
    count: u64,
    digest: [u8; 32],
}

impl Manifest {
    /// Of no records, to go on counting commits behind `sequence`.
    pub(super) fn after(sequence: u64) -> Self {
        Self { sequence, ..Self::default() }
    }

    /// Adds a record.
    pub(super) fn add(&mut self, vault: &Vault, key: &RecordKey, sealed: &[u8]) {
        if let Some(tally) = self.tally(key) {
            tally.count = tally.count.wrapping_add(1);
            tally.mix(&vault.digest(key, sealed));
        }
    }

    /// Takes a record out that was added.
    pub(super) fn take(&mut self, vault: &Vault, key: &RecordKey, sealed: &[u8]) {
        if let Some(tally) = self.tally(key) {
            tally.count = tally.count.wrapping_sub(1);
            tally.mix(&vault.digest(key, sealed));
        }
    }

    /// Whether this manifest and another one, counted anew, speak of the same records.
    pub(super) fn agrees(&self, counted: &Self) -> bool {
        Self::padded(&self.tallies) == Self::padded(&counted.tallies)
    }

    /// The counts in words, for messages.
    pub(super) fn counts(&self) -> String {
        let [users, sessions, counters, settings, entries, log, passes] =
            Self::padded(&self.tallies).map(|tally| tally.count);
        format!(
            "{users} users, {sessions} sessions, {passes} passes, {counters} counters, {settings} settings, {entries} + {log} of the audit log"
        )
    }

    fn tally(&mut self, key: &RecordKey) -> Option<&mut RecordTally> {
        let kind = RecordKind::of(key)?;
        let at = RecordKind::COUNTED.iter().position(|counted| *counted == kind)?;
        if self.tallies.len() <= at {
            self.tallies.resize(at + 1, RecordTally::default());
        }
        self.tallies.get_mut(at)
    }

    fn padded(tallies: &[RecordTally]) -> [RecordTally; RecordKind::COUNTED.len()] {
        let mut all = [RecordTally::default(); RecordKind::COUNTED.len()];
        all.iter_mut().zip(tallies).for_each(|(to, from)| *to = *from);
        all
    }
}

impl RecordTally {
    fn mix(&mut self, digest: &[u8; 32]) {
        self.digest.iter_mut().zip(digest).for_each(|(sum, part)| *sum ^= part);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::System;
    use crate::ledger::local::store_key::StoreKey;

    fn vault() -> Vault {
        Vault::new(&StoreKey::new(vec![7; 32]).expect("32 bytes"), System)
    }

    #[test]
    fn the_order_of_records_does_not_matter() {
        let vault = vault();
        let (anna, ben) =
            (vault.key(RecordKind::User, b"anna"), vault.key(RecordKind::User, b"ben"));
        let (mut one, mut other) = (Manifest::default(), Manifest::default());
        one.add(&vault, &anna, b"1");
        one.add(&vault, &ben, b"2");
        other.add(&vault, &ben, b"2");
        other.add(&vault, &anna, b"1");
        assert!(one.agrees(&other));
    }

    #[test]
    fn a_missing_record_shows() {
        let vault = vault();
        let anna = vault.key(RecordKind::User, b"anna");
        let mut full = Manifest::default();
        full.add(&vault, &anna, b"1");
        assert!(!full.agrees(&Manifest::default()));
    }

    #[test]
    fn an_older_version_of_a_record_shows() {
        let vault = vault();
        let anna = vault.key(RecordKind::User, b"anna");
        let (mut new, mut old) = (Manifest::default(), Manifest::default());
        new.add(&vault, &anna, b"disabled");
        old.add(&vault, &anna, b"enabled");
        assert!(!new.agrees(&old));
    }

    #[test]
    fn what_was_added_and_taken_leaves_nothing() {
        let vault = vault();
        let anna = vault.key(RecordKind::User, b"anna");
        let mut manifest = Manifest::default();
        manifest.add(&vault, &anna, b"1");
        manifest.take(&vault, &anna, b"1");
        assert!(manifest.agrees(&Manifest::default()));
    }
}
