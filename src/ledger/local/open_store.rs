//! The open store: brings what its owner commits onto the disk, as a whole or not at all.
//!
//! ```text
//! 1. snapshot, where it is due    written and synced under another name
//! 2. database                     one batch, synced
//! 3. snapshot                     gets its name
//! 4. store.seq                    written in place, synced
//! ```
//!
//! Memory follows only then. After a step that failed the database is closed, and the next commit
//! first writes it anew from memory, which holds what was acknowledged and nothing else.

use std::path::Path;

use crate::clock::{self, Timestamp};
use crate::entropy::Entropy;
use crate::ledger::change::{Change, Contents};
use crate::ledger::local::engine::Engine;
use crate::ledger::local::error::StoreError;
use crate::ledger::local::key::StoreKey;
use crate::ledger::local::mending::Mending;
use crate::ledger::local::place::{Lock, Place};
use crate::ledger::local::seal::Vault;
use crate::ledger::local::shelf::{Edits, Shelf};
use crate::ledger::local::trail::Trail;
use crate::ledger::local::witness::{Said, Witness};
use crate::ledger::local::{frozen, opening, parts, rewrite, snapshot};

/// The length at which the database's file is written anew, above sixteen times its records.
const GROWN: u64 = 8 * 1024 * 1024;

/// How far the clock's floor in the snapshot may stay behind.
const FLOOR_IN_SNAPSHOT: core::time::Duration = core::time::Duration::from_secs(86_400);

/// An open store.
pub struct Store {
    pub(super) place: Place,
    pub(super) vault: Vault,
    pub(super) shelf: Shelf,
    pub(super) trail: Trail,
    /// `None` after a failed write, and where the disk took none at the opening, until the database
    /// could be written anew.
    pub(super) engine: Option<Engine>,
    /// `None` as long as the disk has taken no write since the opening.
    witness: Option<Witness>,
    mending: Mending,
    snapshot_taken: Timestamp,
    commits: u64,
    bytes_written: u64,
    /// Released last.
    _lock: Lock,
}

/// An open store's contents.
pub struct Opened {
    /// Everything that is kept.
    pub contents: Contents,
    /// What the operator must be told: the database was lost and the snapshot stands in for it.
    pub recovered: Option<String>,
}

impl Store {
    /// Opens the store in `dir`; makes it if there never was one. `now` is used when the snapshot
    /// has to stand in: a caller whose clock is not set yet should spend the users' steps once more
    /// when it is. Where the disk takes no writes, a sound store opens all the same, and refuses
    /// changes until it does.
    ///
    /// # Errors
    /// See [`StoreError`]. Nothing is changed on the disk when a store is refused.
    pub fn open(
        dir: &Path,
        key: &StoreKey,
        now: Timestamp,
        entropy: impl Entropy + Send + 'static,
    ) -> Result<(Self, Opened), StoreError> {
        let place = Place::prepare(dir)?;
        let lock = place.lock()?;
        let mut vault = Vault::new(key, entropy);
        let (open, shelf, trail, contents, snapshot_taken, recovered) =
            match opening::open(&place, &mut vault, now) {
                Ok(opening::Ready {
                    engine,
                    witness,
                    shelf,
                    trail,
                    contents,
                    snapshot_taken,
                    recovered,
                }) => (Some((engine, witness)), shelf, trail, contents, snapshot_taken, recovered),
                Err(error) if error.is_of_the_disk() => {
                    let Ok((shelf, trail, contents)) = frozen::read(&place, &mut vault) else {
                        return Err(error);
                    };
                    log::error!("store: opened for reading only: {error}");
                    (None, shelf, trail, contents, now, None)
                }
                Err(error) => return Err(error),
            };
        let (engine, witness) = open.unzip();
        let mut store = Self {
            place,
            vault,
            shelf,
            trail,
            engine,
            witness,
            mending: Mending::default(),
            snapshot_taken,
            commits: 0,
            bytes_written: 0,
            _lock: lock,
        };
        store.shrink();
        Ok((store, Opened { contents, recovered }))
    }

    /// Makes all changes or none; of several to one record the last counts. On return they are on
    /// the disk, and so is the snapshot if users (other than by a spent step) or settings (other
    /// than by a floor that rose within a day) changed.
    ///
    /// # Errors
    /// [`StoreError::Full`], [`StoreError::Failing`] and [`StoreError::Io`]. The change then has
    /// not happened: the next commit first writes the database anew from what was acknowledged, and
    /// so succeeds as soon as the disk does. Only if the process also ends before that can a
    /// refused change be found at the next start, and then as a whole.
    pub fn commit(&mut self, changes: &[Change], now: Timestamp) -> Result<(), StoreError> {
        self.writable()?;
        let mut edits = Shelf::edits(changes, &mut self.vault)?;
        let events = changes.iter().filter_map(|change| {
            if let Change::Audit(event) = change { Some(event) } else { None }
        });
        let trail = self.trail.append(events, now, &mut self.vault, &mut edits)?;
        let edits = self.shelf.relevant(edits);
        if edits.is_empty() {
            return Ok(());
        }
        let due = changes.iter().any(|change| self.concerns_snapshot(change, now));
        self.write(edits, trail, due, now)?;
        self.file_audit(now);
        self.shrink();
        Ok(())
    }

    /// Brings edits onto the disk and takes them over, and the audit log as it is with them; `due`:
    /// with a new snapshot.
    pub(super) fn write(
        &mut self,
        edits: Edits,
        trail: Trail,
        due: bool,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let manifest = self.shelf.manifest_after(&edits, due, &self.vault);
        let (manifest_key, sealed_manifest) = Shelf::sealed_manifest(&manifest, &mut self.vault)?;
        let snapshot = match due {
            true => Some(snapshot::stage(
                &self.place,
                &mut self.vault,
                &self.shelf,
                &edits,
                manifest.sequence,
                now,
            )?),
            false => None,
        };
        let records: usize = edits
            .iter()
            .map(|(key, value)| key.len() + value.as_ref().map_or(0, |value| value.len()))
            .sum();
        // The batch, the number of the commit, and the snapshot.
        let cost = blocks(records + sealed_manifest.len())
            + blocks(0)
            + snapshot.as_ref().map_or(0, |staged| blocks(staged.len()));
        let (Some(witness), Some(engine)) = (&self.witness, self.engine.take()) else {
            return Err(StoreError::Io("the database is closed".to_owned()));
        };
        let said = Said {
            commit: manifest.sequence,
            snapshot: manifest.snapshot,
            entry: trail.head.number,
        };
        let writes = edits.iter().map(|(key, value)| (key.as_slice(), value.as_deref()));
        let writes = writes.chain([(manifest_key.as_slice(), Some(sealed_manifest.as_slice()))]);
        engine.apply(writes)?;
        snapshot.map_or(Ok(()), |staged| staged.publish(&self.place))?;
        witness.record(&self.vault, said)?;
        if due {
            self.snapshot_taken = now;
        }
        self.engine = Some(engine);
        self.shelf.apply(edits, manifest);
        self.trail = trail;
        self.commits = self.commits.saturating_add(1);
        self.bytes_written = self.bytes_written.saturating_add(cost);
        Ok(())
    }

    /// Whether a commit would find a disk that takes it. After a failed commit this writes the
    /// database anew, if there is room. Where that fails too it is not tried again with every call:
    /// a dying disk is left alone for a while, and the answer is the last error.
    pub fn writable(&mut self) -> Result<(), StoreError> {
        self.place.has_room()?;
        if self.engine.is_some() && self.witness.is_some() {
            return Ok(());
        }
        if let Some(error) = self.mending.refused(clock::monotonic()) {
            return Err(error);
        }
        match self.mend() {
            Ok(()) => {
                self.mending = Mending::default();
                Ok(())
            }
            Err(error) => {
                self.mending.failed(error.clone(), clock::monotonic());
                Err(error)
            }
        }
    }

    fn mend(&mut self) -> Result<(), StoreError> {
        if self.witness.is_none() {
            self.witness = Some(Witness::open(&self.place)?);
        }
        if self.engine.is_none() {
            self.shelf.skip();
            let (due, taken) = (self.shelf.manifest().snapshot, self.snapshot_taken);
            // First: a disk that takes no plain file is no place for a database.
            let staged = snapshot::stage(
                &self.place,
                &mut self.vault,
                &self.shelf,
                &Edits::new(),
                due,
                taken,
            )?;
            let engine = rewrite::rewrite(&self.place, &mut self.vault, &self.shelf, None)?;
            staged.publish(&self.place)?;
            self.engine = Some(engine);
        }
        Ok(())
    }

    /// Commits since the store was opened.
    pub const fn commits(&self) -> u64 {
        self.commits
    }

    /// Bytes that commits have cost the disk since the store was opened, in whole blocks of 4 KiB.
    /// Counted here: the kernel's own figure (`write_bytes` in proc_pid_io(5)) counts a whole
    /// page-cache folio, up to half a MiB, for each small write into it. What the file system adds
    /// for itself is not in it.
    pub const fn bytes_written(&self) -> u64 {
        self.bytes_written
    }

    fn concerns_snapshot(&self, change: &Change, now: Timestamp) -> bool {
        match change {
            Change::PutUser(user) => {
                self.shelf.user(&user.name, &self.vault).is_none_or(|mut before| {
                    before.spent = user.spent;
                    before != *user
                })
            }
            // The floor alone rises each hour: written anew so often, the snapshot would be most of
            // what an idle gate writes. One that stands in is a day behind at most, and spends all
            // steps up to the present anyway. One that was taken by a clock ahead of its time is
            // replaced as soon as the clock is right.
            Change::PutSettings(settings) => {
                self.shelf.settings(&self.vault).is_none_or(|mut before| {
                    let risen = before.clock_floor <= settings.clock_floor;
                    before.clock_floor = settings.clock_floor;
                    let due = self.snapshot_taken > now
                        || now.since(self.snapshot_taken) >= FLOOR_IN_SNAPSHOT;
                    !risen || before != *settings || due
                })
            }
            Change::RemoveUser(_) => true,
            Change::PutSession(_)
            | Change::EndSession(_)
            | Change::PutCounter(..)
            | Change::RemoveCounter(_)
            | Change::Audit(_) => false,
        }
    }

    /// Brings entries from the database into a file, if there are enough. What was acknowledged is
    /// on the disk before and after; if it fails, the next commit tries again.
    fn file_audit(&mut self, now: Timestamp) {
        while self.trail.is_full() && self.engine.is_some() {
            let filed = self.trail.file(&self.place, &mut self.vault, &self.shelf).and_then(
                |(trail, edits)| {
                    self.write(edits, trail, false, now)?;
                    let written = self
                        .trail
                        .parts()
                        .last()
                        .map_or(0, |part| parts::length(&self.place, part.first));
                    self.bytes_written = self.bytes_written.saturating_add(blocks(written));
                    Ok(())
                },
            );
            if let Err(error) = filed {
                log::warn!("store: the audit log stays in the database: {error}");
                return;
            }
        }
    }

    /// Writes the database anew if its file has grown far beyond its records. What was acknowledged
    /// is on the disk before and after; if it fails, the next commit tries again.
    fn shrink(&mut self) {
        let bound = GROWN.saturating_add(self.shelf.size().saturating_mul(16));
        if self.engine.as_ref().is_some_and(|engine| engine.file_len() > bound) {
            match rewrite::rewrite(&self.place, &mut self.vault, &self.shelf, self.engine.take()) {
                Ok(engine) => self.engine = Some(engine),
                Err(error) => log::warn!("store: the database could not be made smaller: {error}"),
            }
        }
    }
}

/// What writing `bytes` and syncing them costs a disk: whole blocks, one more because they seldom
/// begin at one.
fn blocks(bytes: usize) -> u64 {
    const BLOCK: u64 = 4096;
    u64::try_from(bytes).unwrap_or(u64::MAX).div_ceil(BLOCK).saturating_add(1).saturating_mul(BLOCK)
}
