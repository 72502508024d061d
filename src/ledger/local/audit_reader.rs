//! The audit log as the store's owner sees it: reading it piece by piece, so that memory never
//! holds all of it, and letting go of what is old.

use crate::auth::audit::{AuditEntry, Mark};
use crate::clock::Timestamp;
use crate::ledger::local::audit_files;
use crate::ledger::local::error::StoreError;
use crate::ledger::local::open_store::Store;

/// The log as it is on the disk.
pub struct AuditReader<'s> {
    store: &'s Store,
}

/// Entries that are read at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditPiece {
    /// Number of the first one.
    pub first: u64,
    /// Number of the last one.
    pub last: u64,
    in_file: bool,
}

impl AuditReader<'_> {
    /// The newest entry.
    pub fn head(&self) -> Mark {
        self.store.audit_log.head
    }

    /// The last entry that was pruned; number 0 if none was.
    pub fn anchor(&self) -> Mark {
        self.store.audit_log.anchor()
    }

    /// All of it, oldest first.
    pub fn pieces(&self) -> Vec<AuditPiece> {
        let audit_log = &self.store.audit_log;
        let in_files = audit_log.files().iter().map(|file| AuditPiece {
            first: file.first,
            last: file.end.number,
            in_file: true,
        });
        let mut pieces: Vec<_> = in_files.collect();
        let first =
            pieces.last().map_or(audit_log.anchor().number, |piece| piece.last).saturating_add(1);
        if first <= audit_log.head.number {
            pieces.push(AuditPiece { first, last: audit_log.head.number, in_file: false });
        }
        pieces
    }

    /// The entries of a piece in their order, as far as they are there.
    ///
    /// # Errors
    /// Its file is missing or damaged; the message names it.
    pub fn read(&self, piece: AuditPiece) -> Result<Vec<AuditEntry>, String> {
        let Store { state_dir, vault, cache, audit_log, .. } = self.store;
        if piece.in_file {
            audit_files::read(state_dir, vault, piece.first)
        } else {
            Ok(audit_log.loose(cache, vault))
        }
    }
}

impl Store {
    /// The audit log. What [`Store::commit`] has acknowledged is in it.
    pub const fn audit(&self) -> AuditReader<'_> {
        AuditReader { store: self }
    }

    /// Lets go of entries that are older than `before`, at most a day late, and of the oldest files
    /// where there are more than `most`.
    ///
    /// # Errors
    /// As of [`Store::commit`].
    pub fn prune_audit(
        &mut self,
        before: Timestamp,
        most: u64,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.writable()?;
        let Some((audit_log, edits)) =
            self.audit_log.prune((before, most), &self.state_dir, &mut self.vault, &self.cache)?
        else {
            return Ok(());
        };
        self.write(edits, audit_log, false, now)?;
        audit_files::remove_up_to(&self.state_dir, self.audit_log.anchor().number);
        Ok(())
    }
}

#[cfg(test)]
#[path = "audit_reader_tests.rs"]
mod tests;
