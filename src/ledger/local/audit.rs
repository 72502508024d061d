//! The audit log as the store's owner sees it: reading it piece by piece, so that memory never
//! holds all of it, and letting go of what is old.

use crate::auth::audit::{AuditEntry, Mark};
use crate::clock::Timestamp;
use crate::ledger::local::error::StoreError;
use crate::ledger::local::open_store::Store;
use crate::ledger::local::parts;

/// The log as it is on the disk.
pub struct AuditLog<'s> {
    store: &'s Store,
}

/// Entries that are read at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Number of the first one.
    pub first: u64,
    /// Number of the last one.
    pub last: u64,
    filed: bool,
}

impl AuditLog<'_> {
    /// The newest entry.
    pub fn head(&self) -> Mark {
        self.store.trail.head
    }

    /// The last entry that was pruned; number 0 if none was.
    pub fn anchor(&self) -> Mark {
        self.store.trail.anchor()
    }

    /// All of it, oldest first.
    pub fn pieces(&self) -> Vec<Piece> {
        let trail = &self.store.trail;
        let filed = trail.parts().iter().map(|part| Piece {
            first: part.first,
            last: part.end.number,
            filed: true,
        });
        let mut pieces: Vec<_> = filed.collect();
        let first =
            pieces.last().map_or(trail.anchor().number, |piece| piece.last).saturating_add(1);
        if first <= trail.head.number {
            pieces.push(Piece { first, last: trail.head.number, filed: false });
        }
        pieces
    }

    /// The entries of a piece in their order, as far as they are there.
    ///
    /// # Errors
    /// Its file is missing or damaged; the message names it.
    pub fn read(&self, piece: Piece) -> Result<Vec<AuditEntry>, String> {
        let Store { place, vault, shelf, trail, .. } = self.store;
        if piece.filed {
            parts::read(place, vault, piece.first)
        } else {
            Ok(trail.loose(shelf, vault))
        }
    }
}

impl Store {
    /// The audit log. What [`Store::commit`] has acknowledged is in it.
    pub const fn audit(&self) -> AuditLog<'_> {
        AuditLog { store: self }
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
        let Some((trail, edits)) =
            self.trail.prune((before, most), &self.place, &mut self.vault, &self.shelf)?
        else {
            return Ok(());
        };
        self.write(edits, trail, false, now)?;
        parts::remove_up_to(&self.place, self.trail.anchor().number);
        Ok(())
    }
}

#[cfg(test)]
#[path = "audit_tests.rs"]
mod tests;
