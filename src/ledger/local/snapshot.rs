//! The snapshot: users, passes and the gate's own record as of the last change to them, in a file
//! of their own, for the day on which the database does not open.
//!
//! ```text
//! "PCSNAP" | schema (4, little endian) | key fingerprint (8)
//! | sealed (commit, time, records as they are stored)
//! ```
//!
//! A snapshot is older than the database it stands in for: it knows nothing of sessions, failures
//! and used codes that came after it. So loading one assumes the worst: every step up to now and
//! the widest skew is spent, sessions are gone, and strangers from the internet have no guess left.
//! Home ([`BudgetKey::StrangersLocal`]) and known devices keep [`LEFT`], because a flipped bit must
//! not lock the owner out of his own house. Device cookies and passes stay where the snapshot is
//! known to be the latest, since all that ends them is in it. Else a new device key ends all
//! cookies, and no pass stays: one that was revoked could be among them.

use std::io;

use serde::{Deserialize, Serialize};

use crate::auth::guess_budget::{Bucket, BudgetKey};
use crate::auth::totp::{MAX_SKEW, TimeStep};
use crate::clock::Timestamp;
use crate::ledger::change::{Counter, CounterKey, StoredState};
use crate::ledger::local::codec;
use crate::ledger::local::error::StoreError;
use crate::ledger::local::migrate;
use crate::ledger::local::record_cache::{Edits, RecordCache};
use crate::ledger::local::schema::{Fingerprint, RecordKey, RecordKind, SCHEMA};
use crate::ledger::local::seal::Vault;
use crate::ledger::local::staged_file::StagedFile;
use crate::ledger::local::state_dir::{SNAPSHOT, StateDir};
use crate::ledger::local::unsound::Unsound;
use crate::secret::Secret;

const MAGIC: &[u8] = b"PCSNAP";

/// Guesses that are left at home, to each user's known devices, and under each name. The last is no
/// door for strangers from the internet: a guess of theirs also takes one from their own budget,
/// which is empty.
const LEFT: u32 = 10;

#[derive(Serialize, Deserialize)]
struct SnapshotBody {
    sequence: u64,
    taken: Timestamp,
    records: Vec<(RecordKey, Box<[u8]>)>,
}

/// What a snapshot file holds.
pub(super) struct Snapshot {
    /// The commit it was taken at.
    pub(super) sequence: u64,
    /// When it was taken.
    pub(super) taken: Timestamp,
    records: Vec<(RecordKey, Box<[u8]>)>,
}

/// Writes the snapshot that is due after `edits`, up to its last step.
pub(super) fn stage(
    state_dir: &StateDir,
    vault: &mut Vault,
    cache: &RecordCache,
    edits: &Edits,
    sequence: u64,
    now: Timestamp,
) -> Result<StagedFile, StoreError> {
    let kept = cache
        .records()
        .filter(|(key, _)| !edits.contains_key(*key))
        .map(|(key, sealed)| (*key, sealed.into()));
    let new =
        edits.iter().filter_map(|(key, value)| value.as_ref().map(|sealed| (*key, sealed.clone())));
    let records = kept
        .chain(new)
        .filter(|(key, _)| RecordKind::of(key).is_some_and(RecordKind::in_snapshot))
        .collect::<Vec<_>>();
    let header = [MAGIC, &SCHEMA.to_le_bytes(), vault.fingerprint()].concat();
    let body = codec::encode(&SnapshotBody { sequence, taken: now, records })
        .and_then(|plain| vault.seal(&header, &plain));
    let body = body.ok_or_else(|| StoreError::Io("the snapshot cannot be encoded".to_owned()))?;
    state_dir.stage(SNAPSHOT, &[header, body].concat())
}

/// The snapshot of the store in `state_dir`, if there is one.
pub(super) fn stored(state_dir: &StateDir, vault: &mut Vault) -> Result<Option<Snapshot>, Unsound> {
    match state_dir.read(SNAPSHOT) {
        Ok(file) => read(&file, vault).map(Some),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Unsound::Damaged(format!("the snapshot cannot be read: {error}"))),
    }
}

/// Reads a snapshot file.
fn read(file: &[u8], vault: &mut Vault) -> Result<Snapshot, Unsound> {
    let damaged = || Unsound::Damaged("the snapshot is damaged".to_owned());
    let (header, body) = file.split_at_checked(MAGIC.len() + 12).ok_or_else(damaged)?;
    // A flipped bit here can only change which of three refusals it is.
    let said =
        header.strip_prefix(MAGIC).and_then(|said| said.split_at_checked(4)).ok_or_else(damaged)?;
    let schema = u32::from_le_bytes(said.0.try_into().map_err(|_| damaged())?);
    let fingerprint: Fingerprint = said.1.try_into().map_err(|_| damaged())?;
    migrate::admit((schema, fingerprint), vault)?;
    let plain = vault.unseal_as(schema, header, body).ok_or_else(damaged)?;
    let SnapshotBody { sequence, taken, records } = codec::decode(&plain).ok_or_else(damaged)?;
    let resealed = |(key, sealed)| Some((key, migrate::reseal(schema, &key, sealed, vault)?));
    let records = records.into_iter().map(resealed).collect::<Option<_>>().ok_or_else(damaged)?;
    Ok(Snapshot { sequence, taken, records })
}

impl Snapshot {
    /// How many passes it holds.
    pub(super) fn passes(&self) -> usize {
        let kinds = self.records.iter().map(|(key, _)| RecordKind::of(key));
        kinds.filter(|kind| *kind == Some(RecordKind::Pass)).count()
    }

    /// Users, passes and the gate's own record as they were.
    pub(super) fn contents(self, vault: &Vault) -> Result<StoredState, String> {
        let mut cache = RecordCache::default();
        let records = self.records.into_iter().map(|(key, sealed)| (key, Some(sealed))).collect();
        cache.apply(records, cache.manifest().clone());
        cache.contents(vault).map_err(|why| format!("snapshot: {why}"))
    }

    /// What the gate goes on with. `vouched`: it is known to be the latest.
    pub(super) fn restore(
        self,
        vault: &mut Vault,
        now: Timestamp,
        vouched: bool,
    ) -> Result<StoredState, String> {
        let taken = self.taken;
        let mut contents = self.contents(vault)?;
        // A machine without a clock chip may believe in 1970 now.
        let now = now.max(contents.gate_record.clock_floor).max(taken);
        let spent = TimeStep::at(now).plus(u64::from(MAX_SKEW));
        let mut budgets = vec![
            (BudgetKey::StrangersInternet, 0),
            (BudgetKey::StrangersLocal, LEFT),
            (BudgetKey::UnknownAccounts, LEFT),
        ];
        for user in &mut contents.users {
            user.spend(spent);
            budgets.push((BudgetKey::Account(user.name.clone()), LEFT));
            budgets.push((BudgetKey::Device(user.name.clone()), LEFT));
        }
        let bucket = |left| Counter::Bucket(Bucket::with_left(left, now));
        contents.counters = budgets
            .into_iter()
            .map(|(key, left)| (CounterKey::Budget(key), bucket(left)))
            .collect();
        contents.sessions = Vec::new();
        if !vouched {
            contents.gate_record.device_key = Secret::new(vault.random::<32>().to_vec());
            contents.passes = Vec::new();
        }
        Ok(contents)
    }
}
