//! The audit log in the store: each entry is a record of the commit that it tells of, and leaves
//! the database in a file of its own ([`audit_files`]) together with [`ENTRIES_PER_FILE`] others.
//!
//! ```text
//! pruned            | files of 256 entries    | records of the database
//! … anchor          | file | file | …         | entry … entry = head
//! ```
//!
//! Anchor and head, number and hash, are records too. So the manifest vouches for them: cutting off
//! the end shows, and what was pruned is known from what was removed. Memory holds the newest
//! entries, sealed, 256 at most, and 50 bytes for each file.

use serde::{Deserialize, Serialize};

use crate::auth::audit::{AuditEntry, Mark, Missing, outdated, span};
use crate::auth::event::Event;
use crate::clock::Timestamp;
use crate::ledger::local::audit_files::{self, AuditFile};
use crate::ledger::local::codec;
use crate::ledger::local::error::StoreError;
use crate::ledger::local::record_cache::{Edits, RecordCache};
use crate::ledger::local::schema::{RecordKey, RecordKind};
use crate::ledger::local::seal::Vault;
use crate::ledger::local::state_dir::StateDir;

/// Entries that leave the database together.
pub(super) const ENTRIES_PER_FILE: u64 = 256;

/// How long an entry may outlive its time, so that a file is written anew once a day and not for
/// each entry.
const SLACK: core::time::Duration = core::time::Duration::from_secs(86_400);

const HEAD: &[u8] = b"head";
const INDEX: &[u8] = b"index";

/// What is known of the log without reading it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct AuditLog {
    /// The newest entry.
    pub(super) head: Mark,
    index: AuditIndex,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct AuditIndex {
    /// The last entry that was pruned.
    anchor: Mark,
    files: Vec<AuditFile>,
}

impl AuditLog {
    /// Of the records in the database; `None` if a release wrote them that kept no log.
    pub(super) fn load(cache: &RecordCache, vault: &Vault) -> Result<Option<Self>, String> {
        let (head, index) =
            (vault.key(RecordKind::AuditLog, HEAD), vault.key(RecordKind::AuditLog, INDEX));
        match (cache.read(&head, vault), cache.read(&index, vault)) {
            (None, None) => Ok(None),
            (Some(head), Some(index)) => Ok(Some(Self { head, index })),
            _ => Err("its audit log has no beginning or no end".to_owned()),
        }
    }

    /// Of the files that a lost database left, and the entries that are missing. `said`: the last
    /// entry that the log had, as far as `store.seq` knows; `latest`: it had no later one. The log
    /// goes on behind it: no number is given twice.
    pub(super) fn salvaged(
        state_dir: &StateDir,
        vault: &Vault,
        said: u64,
        latest: bool,
    ) -> (Self, Vec<Missing>) {
        let (anchor, files, left_out) = audit_files::salvage(state_dir, vault);
        let end = files.last().map_or(anchor, |file| file.end);
        let head = Mark { number: end.number.max(said), ..end };
        let mut missing = Vec::new();
        if left_out {
            missing.push(Missing { first: None, last: Some(anchor.number) });
        }
        let first = end.number.saturating_add(1);
        if !latest || said < end.number {
            missing.push(Missing { first: Some(first), last: None });
        } else if said >= first {
            // Without any file nobody knows how many of them were pruned.
            missing.push(Missing { first: (!files.is_empty()).then_some(first), last: Some(said) });
        }
        (Self { head, index: AuditIndex { anchor, files } }, missing)
    }

    /// Where an entry is kept in the database.
    fn key(number: u64, vault: &Vault) -> RecordKey {
        vault.key(RecordKind::AuditEntry, &number.to_be_bytes())
    }

    /// The log as it is with these events behind it; their records are added to `edits`.
    pub(super) fn append<'e>(
        &self,
        events: impl IntoIterator<Item = &'e Event>,
        now: Timestamp,
        vault: &mut Vault,
        edits: &mut Edits,
    ) -> Result<Self, StoreError> {
        let mut longer = self.clone();
        for event in events {
            let entry = AuditEntry::after(longer.head, event, now);
            longer.head = entry.mark();
            put(edits, Self::key(entry.number, vault), &entry, vault)?;
        }
        if longer.head != self.head {
            longer.put_head(vault, edits)?;
        }
        Ok(longer)
    }

    /// The log as it begins, or goes on after what was lost, with this event.
    pub(super) fn begin(
        &self,
        event: &Event,
        now: Timestamp,
        vault: &mut Vault,
        edits: &mut Edits,
    ) -> Result<Self, StoreError> {
        self.put_index(vault, edits)?;
        self.append([event], now, vault, edits)
    }

    /// Whether entries should leave the database.
    pub(super) fn is_full(&self) -> bool {
        self.head.number.saturating_sub(self.last_in_files().number) >= ENTRIES_PER_FILE
    }

    /// Writes the oldest entries of the database into a file; gives the log as it is then, and the
    /// edits that make it so.
    pub(super) fn move_to_file(
        &self,
        state_dir: &StateDir,
        vault: &mut Vault,
        cache: &RecordCache,
    ) -> Result<(Self, Edits), StoreError> {
        let mut entries = self.loose(cache, vault);
        entries.truncate(usize::try_from(ENTRIES_PER_FILE).unwrap_or(usize::MAX));
        let numbers: Vec<_> = entries.iter().map(|entry| entry.number).collect();
        let file = audit_files::write(state_dir, vault, self.last_in_files(), entries)?;
        let mut edits: Edits =
            numbers.iter().map(|number| (Self::key(*number, vault), None)).collect();
        let mut shorter = self.clone();
        shorter.index.files.push(file);
        shorter.put_index(vault, &mut edits)?;
        Ok((shorter, edits))
    }

    /// The log without what is older than `before` or beyond the newest `most`, and the edits that
    /// make it so; `None` if all may stay.
    pub(super) fn prune(
        &self,
        (before, most): (Timestamp, u64),
        state_dir: &StateDir,
        vault: &mut Vault,
        cache: &RecordCache,
    ) -> Result<Option<(Self, Edits)>, StoreError> {
        let (mut shorter, mut edits) = (self.clone(), Edits::new());
        let AuditIndex { anchor, files } = &mut shorter.index;
        let whole = |anchor: &Mark, file: &AuditFile| {
            file.until < before || self.head.number.saturating_sub(anchor.number) > most
        };
        while let Some(file) = files.first().filter(|file| whole(anchor, file)) {
            *anchor = file.end;
            files.remove(0);
        }
        let stale = before.minus(SLACK);
        if let Some(file) = files.first_mut() {
            // One that cannot be read stays until all of it is old.
            if file.from < stale
                && let Ok(mut entries) = audit_files::read(state_dir, vault, file.first)
            {
                let rest = entries.split_off(outdated(&entries, before));
                if let (Some(last), false) = (entries.last(), rest.is_empty()) {
                    *anchor = last.mark();
                    *file = audit_files::write(state_dir, vault, *anchor, rest)?;
                }
            }
        } else {
            let entries = self.loose(cache, vault);
            let old = entries.get(..outdated(&entries, before)).unwrap_or_default();
            if span(&entries).0 < stale
                && let Some(last) = old.last()
            {
                *anchor = last.mark();
                edits.extend(old.iter().map(|entry| (Self::key(entry.number, vault), None)));
            }
        }
        if shorter == *self {
            return Ok(None);
        }
        shorter.put_index(vault, &mut edits)?;
        Ok(Some((shorter, edits)))
    }

    /// The last entry that is not in the log any more.
    pub(super) const fn anchor(&self) -> Mark {
        self.index.anchor
    }

    /// The files, oldest first.
    pub(super) fn files(&self) -> &[AuditFile] {
        &self.index.files
    }

    /// The entries that are still in the database, as far as they are there, in their order.
    pub(super) fn loose(&self, cache: &RecordCache, vault: &Vault) -> Vec<AuditEntry> {
        let numbers = self.last_in_files().number.saturating_add(1)..=self.head.number;
        numbers.filter_map(|number| cache.read(&Self::key(number, vault), vault)).collect()
    }

    /// The last entry that is not in the database any more.
    fn last_in_files(&self) -> Mark {
        self.index.files.last().map_or(self.index.anchor, |file| file.end)
    }

    fn put_head(&self, vault: &mut Vault, edits: &mut Edits) -> Result<(), StoreError> {
        put(edits, vault.key(RecordKind::AuditLog, HEAD), &self.head, vault)
    }

    fn put_index(&self, vault: &mut Vault, edits: &mut Edits) -> Result<(), StoreError> {
        put(edits, vault.key(RecordKind::AuditLog, INDEX), &self.index, vault)
    }
}

fn put(
    edits: &mut Edits,
    key: RecordKey,
    record: &impl Serialize,
    vault: &mut Vault,
) -> Result<(), StoreError> {
    let sealed = codec::encode(record).and_then(|plain| vault.seal(&key, &plain));
    let sealed =
        sealed.ok_or_else(|| StoreError::Io("the audit log cannot be encoded".to_owned()))?;
    edits.insert(key, Some(sealed.into()));
    Ok(())
}
