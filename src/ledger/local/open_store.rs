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
use crate::ledger::change::{Change, StoredState};
use crate::ledger::local::audit_log::AuditLog;
use crate::ledger::local::backoff::Backoff;
use crate::ledger::local::engine::Engine;
use crate::ledger::local::error::StoreError;
use crate::ledger::local::high_water_mark::{Acknowledged, HighWaterMark};
use crate::ledger::local::record_cache::{Edits, RecordCache};
use crate::ledger::local::schema::RecordKey;
use crate::ledger::local::seal::Vault;
use crate::ledger::local::staged_file::StagedFile;
use crate::ledger::local::state_dir::StateDir;
use crate::ledger::local::store_key::StoreKey;
use crate::ledger::local::store_lock::StoreLock;
use crate::ledger::local::{audit_files, opening, read_only, rewrite, snapshot};

/// The length at which the database's file is written anew, above sixteen times its records.
const GROWN: u64 = 8 * 1024 * 1024;

/// An open store.
pub struct Store {
    pub(super) state_dir: StateDir,
    pub(super) vault: Vault,
    pub(super) cache: RecordCache,
    pub(super) audit_log: AuditLog,
    /// `None` after a failed write, and where the disk took none at the opening, until the database
    /// could be written anew.
    pub(super) engine: Option<Engine>,
    /// `None` as long as the disk has taken no write since the opening.
    high_water_mark: Option<HighWaterMark>,
    backoff: Backoff,
    pub(super) snapshot_taken: Timestamp,
    commits: u64,
    bytes_written: u64,
    /// Released last.
    _lock: StoreLock,
}

/// An open store's contents.
pub struct Opened {
    /// Everything that is kept.
    pub contents: StoredState,
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
        let state_dir = StateDir::prepare(dir)?;
        let lock = state_dir.lock()?;
        let mut vault = Vault::new(key, entropy);
        let ready = match opening::open(&state_dir, &mut vault, now) {
            Err(error) if error.is_of_the_disk() => {
                let Ok(ready) = read_only::read(&state_dir, &mut vault, now) else {
                    return Err(error);
                };
                log::error!("store: opened for reading only: {error}");
                ready
            }
            opened => opened?,
        };
        let (engine, high_water_mark) = ready.writers.unzip();
        let mut store = Self {
            state_dir,
            vault,
            cache: ready.cache,
            audit_log: ready.audit_log,
            engine,
            high_water_mark,
            backoff: Backoff::default(),
            snapshot_taken: ready.snapshot_taken,
            commits: 0,
            bytes_written: 0,
            _lock: lock,
        };
        store.shrink();
        Ok((store, Opened { contents: ready.contents, recovered: ready.recovered }))
    }

    /// Makes all changes or none; of several to one record the last counts. On return they are on
    /// the disk, and so is the snapshot if users (other than by a spent step), passes (other than
    /// by a use) or the gate's own record (other than by a floor that rose within a day) changed.
    ///
    /// # Errors
    /// [`StoreError::Full`], [`StoreError::Failing`] and [`StoreError::Io`]. The change then has
    /// not happened: the next commit first writes the database anew from what was acknowledged, and
    /// so succeeds as soon as the disk does. Only if the process also ends before that can a
    /// refused change be found at the next start, and then as a whole.
    pub fn commit(&mut self, changes: &[Change], now: Timestamp) -> Result<(), StoreError> {
        self.writable()?;
        let mut edits = self.cache.edits(changes, &mut self.vault)?;
        let events = changes.iter().filter_map(|change| {
            if let Change::Audit(event) = change { Some(event) } else { None }
        });
        let audit_log = self.audit_log.append(events, now, &mut self.vault, &mut edits)?;
        let edits = self.cache.relevant(edits);
        if edits.is_empty() {
            return Ok(());
        }
        let due = changes.iter().any(|change| self.concerns_snapshot(change, now));
        self.write(edits, audit_log, due, now)?;
        self.move_audit_entries(now);
        self.shrink();
        Ok(())
    }

    /// Brings edits onto the disk and takes them over, and the audit log as it is with them; `due`:
    /// with a new snapshot.
    pub(super) fn write(
        &mut self,
        edits: Edits,
        audit_log: AuditLog,
        due: bool,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let manifest = self.cache.manifest_after(&edits, due, &self.vault);
        let (manifest_key, sealed_manifest) =
            RecordCache::sealed_manifest(&manifest, &mut self.vault)?;
        let snapshot = due
            .then(|| {
                let (cache, sequence) = (&self.cache, manifest.sequence);
                snapshot::stage(&self.state_dir, &mut self.vault, cache, &edits, sequence, now)
            })
            .transpose()?;
        let cost = cost(&edits, &sealed_manifest, snapshot.as_ref());
        let (Some(high_water_mark), Some(engine)) = (&self.high_water_mark, self.engine.take())
        else {
            return Err(StoreError::Io("the database is closed".to_owned()));
        };
        let acknowledged = Acknowledged::of(&manifest, &audit_log);
        let writes = edits.iter().map(|(key, value)| (key.as_slice(), value.as_deref()));
        let writes = writes.chain([(manifest_key.as_slice(), Some(sealed_manifest.as_slice()))]);
        engine.apply(writes)?;
        snapshot.map_or(Ok(()), |staged| staged.publish(&self.state_dir))?;
        high_water_mark.record(&self.vault, acknowledged)?;
        if due {
            self.snapshot_taken = now;
        }
        self.engine = Some(engine);
        self.cache.apply(edits, manifest);
        self.audit_log = audit_log;
        self.commits = self.commits.saturating_add(1);
        self.bytes_written = self.bytes_written.saturating_add(cost);
        Ok(())
    }

    /// Whether a commit would find a disk that takes it. After a failed commit this writes the
    /// database anew, if there is room. Where that fails too it is not tried again with every call:
    /// a dying disk is left alone for a while, and the answer is the last error.
    pub fn writable(&mut self) -> Result<(), StoreError> {
        self.state_dir.has_room()?;
        if self.engine.is_some() && self.high_water_mark.is_some() {
            return Ok(());
        }
        if let Some(error) = self.backoff.refused(clock::monotonic()) {
            return Err(error);
        }
        match self.repair() {
            Ok(()) => {
                self.backoff = Backoff::default();
                Ok(())
            }
            Err(error) => {
                self.backoff.failed(error.clone(), clock::monotonic());
                Err(error)
            }
        }
    }

    fn repair(&mut self) -> Result<(), StoreError> {
        if self.high_water_mark.is_none() {
            self.high_water_mark = Some(HighWaterMark::open(&self.state_dir)?);
        }
        if self.engine.is_none() {
            self.cache.skip();
            let (due, taken) = (self.cache.manifest().snapshot, self.snapshot_taken);
            // First: a disk that takes no plain file is no place for a database.
            let staged = snapshot::stage(
                &self.state_dir,
                &mut self.vault,
                &self.cache,
                &Edits::new(),
                due,
                taken,
            )?;
            let engine = rewrite::rewrite(&self.state_dir, &mut self.vault, &self.cache, None)?;
            staged.publish(&self.state_dir)?;
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

    /// Brings entries from the database into a file, if there are enough. What was acknowledged is
    /// on the disk before and after; if it fails, the next commit tries again.
    fn move_audit_entries(&mut self, now: Timestamp) {
        while self.audit_log.is_full() && self.engine.is_some() {
            let moved = self
                .audit_log
                .move_to_file(&self.state_dir, &mut self.vault, &self.cache)
                .and_then(|(audit_log, edits)| {
                    self.write(edits, audit_log, false, now)?;
                    let written = self
                        .audit_log
                        .files()
                        .last()
                        .map_or(0, |file| audit_files::length(&self.state_dir, file.first));
                    self.bytes_written = self.bytes_written.saturating_add(blocks(written));
                    Ok(())
                });
            if let Err(error) = moved {
                log::warn!("store: the audit log stays in the database: {error}");
                return;
            }
        }
    }

    /// Writes the database anew if its file has grown far beyond its records. What was acknowledged
    /// is on the disk before and after; if it fails, the next commit tries again.
    fn shrink(&mut self) {
        let bound = GROWN.saturating_add(self.cache.size().saturating_mul(16));
        if self.engine.as_ref().is_some_and(|engine| engine.file_len() > bound) {
            match rewrite::rewrite(
                &self.state_dir,
                &mut self.vault,
                &self.cache,
                self.engine.take(),
            ) {
                Ok(engine) => self.engine = Some(engine),
                Err(error) => log::warn!("store: the database could not be made smaller: {error}"),
            }
        }
    }
}

/// What a commit costs the disk in bytes: the batch, its number, and the snapshot.
fn cost(edits: &Edits, manifest: &[u8], snapshot: Option<&StagedFile>) -> u64 {
    let length = |(key, value): (&RecordKey, &Option<Box<[u8]>>)| {
        key.len() + value.as_ref().map_or(0, |value| value.len())
    };
    let records: usize = edits.iter().map(length).sum();
    blocks(records + manifest.len()) + blocks(0) + snapshot.map_or(0, |staged| blocks(staged.len()))
}

/// What writing `bytes` and syncing them costs a disk: whole blocks, one more because they seldom
/// begin at one.
fn blocks(bytes: usize) -> u64 {
    const BLOCK: u64 = 4096;
    u64::try_from(bytes).unwrap_or(u64::MAX).div_ceil(BLOCK).saturating_add(1).saturating_mul(BLOCK)
}
