//! Making a store: an empty one, or one of what a snapshot gave.
//!
//! Guarantees: until the last file is written there is no store, so a power cut leaves none or the
//! whole one.

use crate::auth::event::{Action, Actor, Event};
use crate::clock::Timestamp;
use crate::ledger::change::{Change, GateRecord, StoredState};
use crate::ledger::local::audit_log::AuditLog;
use crate::ledger::local::crash_guard;
use crate::ledger::local::error::StoreError;
use crate::ledger::local::high_water_mark::{Acknowledged, HighWaterMark};
use crate::ledger::local::ready_store::ReadyStore;
use crate::ledger::local::record_cache::RecordCache;
use crate::ledger::local::rewrite::rewrite;
use crate::ledger::local::seal::Vault;
use crate::ledger::local::snapshot;
use crate::ledger::local::state_dir::StateDir;
use crate::ledger::local::store_id;

/// What a store is made from.
pub(super) struct InitialState {
    pub(super) contents: StoredState,
    /// Commits are counted from here on.
    pub(super) sequence: u64,
    pub(super) audit_log: AuditLog,
    /// The first line of the log, or the one after what was lost.
    pub(super) begun: Event,
    /// What the operator is told, if the snapshot had to stand in.
    pub(super) recovered: Option<String>,
}

impl InitialState {
    /// Of a first start.
    pub(super) fn nothing(vault: &mut Vault) -> Self {
        let gate_record = GateRecord::with_device_key(vault.random());
        let contents = StoredState {
            users: Vec::new(),
            sessions: Vec::new(),
            passes: Vec::new(),
            counters: Vec::new(),
            gate_record,
        };
        Self {
            contents,
            sequence: 0,
            audit_log: AuditLog::default(),
            begun: log_begun("a new store"),
            recovered: None,
        }
    }
}

/// Makes a store: an empty one, or of what a snapshot gave.
pub(super) fn create(
    state_dir: &StateDir,
    vault: &mut Vault,
    now: Timestamp,
    from: InitialState,
) -> Result<ReadyStore, StoreError> {
    let InitialState { contents, sequence, audit_log, begun, recovered } = from;
    let mut changes = vec![Change::PutGateRecord(contents.gate_record.clone())];
    changes.extend(contents.users.iter().cloned().map(Change::PutUser));
    changes.extend(contents.passes.iter().cloned().map(Change::PutPass));
    changes.extend(
        contents.counters.iter().cloned().map(|(key, counter)| Change::PutCounter(key, counter)),
    );
    let mut cache = RecordCache::after(sequence);
    let mut edits = cache.edits(&changes, vault)?;
    let audit_log = audit_log.begin(&begun, now, vault, &mut edits)?;
    let manifest = cache.manifest_after(&edits, true, vault);
    cache.apply(edits, manifest);
    let engine = rewrite(state_dir, vault, &cache, None)?;
    let snapshot_taken = refresh_snapshot(state_dir, vault, &cache, None, now)?;
    HighWaterMark::create(state_dir, vault, Acknowledged::of(cache.manifest(), &audit_log))?;
    let high_water_mark = HighWaterMark::open(state_dir)?;
    // Last: from here on a missing database is a loss.
    store_id::write(state_dir, vault.fingerprint())?;
    crash_guard::forget(state_dir);
    Ok(ReadyStore {
        writers: Some((engine, high_water_mark)),
        cache,
        audit_log,
        contents,
        snapshot_taken,
        recovered,
    })
}

/// That the audit log begins, or goes on after what was lost.
pub(super) fn log_begun(why: &str) -> Event {
    Event::new(Action::LogBegun, Actor::Gate).because(why)
}

/// Writes the snapshot again if it is missing, damaged or older than the last change that it
/// follows: the plug was pulled between the two. Gives when it was taken.
pub(super) fn refresh_snapshot(
    state_dir: &StateDir,
    vault: &mut Vault,
    cache: &RecordCache,
    found: Option<(u64, Timestamp)>,
    now: Timestamp,
) -> Result<Timestamp, StoreError> {
    let due = cache.manifest().snapshot;
    match found {
        Some((sequence, taken)) if sequence == due => Ok(taken),
        _ => snapshot::stage(state_dir, vault, cache, &Default::default(), due, now)?
            .publish(state_dir)
            .map(|()| now),
    }
}
