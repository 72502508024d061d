//! Opening: the database if it is sound, else the snapshot, else a refusal. Never zero users by
//! accident.

use crate::auth::audit::Missing;
use crate::auth::event::{Action, Actor, Event};
use crate::clock::Timestamp;
use crate::ledger::change::{Change, GateRecord, StoredState};
use crate::ledger::local::audit_log::AuditLog;
use crate::ledger::local::crash_guard::{self, CrashGuard};
use crate::ledger::local::engine::{Engine, OpenError};
use crate::ledger::local::error::StoreError;
use crate::ledger::local::evidence::{Distrust, Evidence};
use crate::ledger::local::high_water_mark::{Acknowledged, HighWaterMark};
use crate::ledger::local::migrate;
use crate::ledger::local::read_only;
use crate::ledger::local::record_cache::{Edits, RecordCache};
use crate::ledger::local::rewrite::{rewrite, tidy};
use crate::ledger::local::schema::SCHEMA;
use crate::ledger::local::seal::Vault;
use crate::ledger::local::snapshot;
use crate::ledger::local::sound_database::SoundDatabase;
use crate::ledger::local::state_dir::{DATABASE, HIGH_WATER_MARK, StateDir};
use crate::ledger::local::store_id::{self, StoreId};
use crate::ledger::local::unsound::{Unsound, refuse};

/// What an open store is made of.
pub(super) struct ReadyStore {
    pub(super) engine: Engine,
    pub(super) high_water_mark: HighWaterMark,
    pub(super) cache: RecordCache,
    pub(super) audit_log: AuditLog,
    pub(super) contents: StoredState,
    pub(super) snapshot_taken: Timestamp,
    /// What the operator is told, if the snapshot had to stand in.
    pub(super) recovered: Option<String>,
}

enum Diagnosis {
    Sound(Engine, Box<SoundDatabase>),
    Nothing,
    Damaged(Distrust),
}

/// Opens, recovers, or makes a new store. The lock is held.
pub(super) fn open(
    state_dir: &StateDir,
    vault: &mut Vault,
    now: Timestamp,
) -> Result<ReadyStore, StoreError> {
    let id = store_id::read(state_dir)?;
    if let StoreId::Says { schema, fingerprint } = id {
        migrate::admit((schema, fingerprint), vault).map_err(refuse)?;
    }
    tidy(state_dir)?;
    let evidence = Evidence::gather(state_dir, vault).map_err(refuse)?;
    let lost = match database(state_dir, vault, &evidence)? {
        Diagnosis::Sound(engine, sound) => {
            let SoundDatabase { mut cache, contents, audit_log } = *sound;
            let (engine, audit_log) = match audit_log {
                Some(audit_log) => (engine, audit_log),
                None => {
                    let mut edits = Edits::new();
                    let audit_log = AuditLog::default().begin(
                        &log_begun("an older release kept none"),
                        now,
                        vault,
                        &mut edits,
                    )?;
                    let manifest = cache.manifest_after(&edits, true, vault);
                    cache.apply(edits, manifest);
                    (rewrite(state_dir, vault, &cache, Some(engine))?, audit_log)
                }
            };
            let snapshot_taken =
                refresh_snapshot(state_dir, vault, &cache, evidence.snapshot, now)?;
            if !state_dir.has(HIGH_WATER_MARK) {
                HighWaterMark::create(state_dir, vault, acknowledged(&cache, &audit_log))?;
            }
            if !matches!(id, StoreId::Says { schema: SCHEMA, .. }) {
                store_id::write(state_dir, vault.fingerprint())?;
            }
            let high_water_mark = HighWaterMark::open(state_dir)?;
            return Ok(ReadyStore {
                engine,
                high_water_mark,
                cache,
                audit_log,
                contents,
                snapshot_taken,
                recovered: None,
            });
        }
        Diagnosis::Nothing => None,
        Diagnosis::Damaged(distrust) => Some(distrust),
    };
    let (lost, due) = lost.map_or((None, 0), |Distrust { why, due }| (Some(why), due));
    let Some(snapshot) = snapshot::stored(state_dir, vault).map_err(|unsound| match unsound {
        Unsound::Damaged(why) => StoreError::Damaged(format!("{}; {why}", told(lost.as_deref()))),
        other => refuse(other),
    })?
    else {
        return match (lost, state_dir.holds_a_store()) {
            (None, false) => {
                let nothing = InitialState::nothing(vault);
                create(state_dir, vault, now, nothing)
            }
            (None, true) => Err(StoreError::Empty(state_dir.dir().to_path_buf())),
            (Some(why), _) => Err(StoreError::Damaged(format!("{why}; there is no snapshot"))),
        };
    };
    evidence
        .may_stand_in(snapshot.sequence, due)
        .map_err(|why| StoreError::Damaged(format!("{}; {why}", told(lost.as_deref()))))?;
    let vouched = evidence.vouches_for_snapshot(snapshot.sequence);
    let (sequence, taken) = (snapshot.sequence, snapshot.taken);
    let contents = snapshot.restore(vault, now, vouched).map_err(StoreError::Damaged)?;
    if !vouched && contents.users.is_empty() && !contents.gate_record.ever_had_user {
        // It may be the one of the first day.
        return Err(StoreError::Empty(state_dir.dir().to_path_buf()));
    }
    let report = report(state_dir, lost, taken, vouched, now)?;
    // Never behind what was acknowledged, or the next start would take the new database for an old
    // one.
    let acknowledged = evidence.acknowledged.unwrap_or_default();
    let sequence = acknowledged.commit.max(sequence);
    let (audit_log, missing) = AuditLog::salvaged(state_dir, vault, acknowledged.entry, vouched);
    let begun = log_begun("the snapshot stands in for a lost database").about(listed(&missing));
    create(
        state_dir,
        vault,
        now,
        InitialState { contents, sequence, audit_log, begun, recovered: Some(report) },
    )
}

/// The entries that are missing, as the subject of the line that tells of them.
fn listed(missing: &[Missing]) -> String {
    match missing {
        [] => "none".to_owned(),
        some => some.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
    }
}

/// What is wrong with the database, in words.
fn told(lost: Option<&str>) -> &str {
    lost.unwrap_or("the database is gone")
}

/// What the high-water mark says of an open store.
fn acknowledged(cache: &RecordCache, audit_log: &AuditLog) -> Acknowledged {
    let manifest = cache.manifest();
    Acknowledged {
        commit: manifest.sequence,
        snapshot: manifest.snapshot,
        entry: audit_log.head.number,
    }
}

/// Reads and checks the database.
fn database(
    state_dir: &StateDir,
    vault: &mut Vault,
    evidence: &Evidence,
) -> Result<Diagnosis, StoreError> {
    if !state_dir.has(DATABASE) {
        return Ok(Diagnosis::Nothing);
    }
    let Some(guard) = CrashGuard::begin(state_dir) else {
        let why = "opening the database ended the program several times".to_owned();
        return Ok(Diagnosis::Damaged(Distrust { why, due: 0 }));
    };
    let found = read_database(state_dir, vault, evidence);
    guard.end();
    found
}

fn read_database(
    state_dir: &StateDir,
    vault: &mut Vault,
    evidence: &Evidence,
) -> Result<Diagnosis, StoreError> {
    let engine = match Engine::open(state_dir, &state_dir.path(DATABASE)) {
        Ok(engine) => engine,
        Err(error) => return unopened(error, state_dir, vault),
    };
    let Distrust { why, due } = match engine.records() {
        Err(error) => return unopened(error, state_dir, vault),
        Ok(raw) => match RecordCache::load(raw, vault) {
            Err(Unsound::Damaged(why)) => Distrust { why, due: 0 },
            Err(other) => return Err(refuse(other)),
            Ok(cache) => match SoundDatabase::of(state_dir, cache, vault, evidence) {
                Ok(sound) => return Ok(Diagnosis::Sound(engine, Box::new(sound))),
                Err(distrust) => distrust,
            },
        },
    };
    Ok(Diagnosis::Damaged(Distrust { why: format!("the database is not whole: {why}"), due }))
}

/// A database that does not open is damaged, unless the machine is to blame.
fn unopened(
    error: OpenError,
    state_dir: &StateDir,
    vault: &mut Vault,
) -> Result<Diagnosis, StoreError> {
    let why = match error {
        // A disk that cannot even be read from is damage: the snapshot may well be readable.
        OpenError::System(error @ StoreError::Failing(_))
            if read_only::read(state_dir, vault).is_err() =>
        {
            error.to_string()
        }
        OpenError::System(error) => return Err(error),
        OpenError::Damaged(why) => why,
    };
    Ok(Diagnosis::Damaged(Distrust { why: format!("the database does not open: {why}"), due: 0 }))
}

/// Writes the snapshot again if it is missing, damaged or older than the last change that it
/// follows: the plug was pulled between the two. Gives when it was taken.
fn refresh_snapshot(
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

/// What a store is made from.
struct InitialState {
    contents: StoredState,
    /// Commits are counted from here on.
    sequence: u64,
    audit_log: AuditLog,
    begun: Event,
    recovered: Option<String>,
}

impl InitialState {
    fn nothing(vault: &mut Vault) -> Self {
        let gate_record = GateRecord::with_device_key(vault.random());
        let contents = StoredState {
            users: Vec::new(),
            sessions: Vec::new(),
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
fn create(
    state_dir: &StateDir,
    vault: &mut Vault,
    now: Timestamp,
    from: InitialState,
) -> Result<ReadyStore, StoreError> {
    let InitialState { contents, sequence, audit_log, begun, recovered } = from;
    let mut changes = vec![Change::PutGateRecord(contents.gate_record.clone())];
    changes.extend(contents.users.iter().cloned().map(Change::PutUser));
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
    HighWaterMark::create(state_dir, vault, acknowledged(&cache, &audit_log))?;
    let high_water_mark = HighWaterMark::open(state_dir)?;
    // Last: from here on a missing database is a loss.
    store_id::write(state_dir, vault.fingerprint())?;
    crash_guard::forget(state_dir);
    Ok(ReadyStore {
        engine,
        high_water_mark,
        cache,
        audit_log,
        contents,
        snapshot_taken,
        recovered,
    })
}

fn log_begun(why: &str) -> Event {
    Event::new(Action::LogBegun, Actor::Gate).because(why)
}

/// Sets a damaged database aside and says what happened. It is renamed only now, when the snapshot
/// is known to be good.
fn report(
    state_dir: &StateDir,
    lost: Option<String>,
    taken: Timestamp,
    vouched: bool,
    now: Timestamp,
) -> Result<String, StoreError> {
    let what = match lost {
        None => "the database is gone".to_owned(),
        Some(why) => {
            let name = free_name(state_dir, &format!("db.damaged-{}", now.unix()));
            state_dir.rename(DATABASE, &name)?;
            format!("{why}. It was set aside as {}", state_dir.path(&name).display())
        }
    };
    let latest = match vouched {
        true => "",
        false => {
            " Nothing shows that it is the latest: look whether users are back that were removed or disabled."
        }
    };
    Ok(format!(
        "{what}. Users and settings come from the snapshot of {} (Unix time); everybody has to sign in again.{latest} Because nobody knows which guesses came in between, browsers from the internet that never signed in have none left, home and known devices a few: `portcullis limit clear --all` gives all back",
        taken.unix()
    ))
}

/// The name, with a number behind it if it is taken.
pub(super) fn free_name(state_dir: &StateDir, name: &str) -> String {
    let numbered = (1_u32..)
        .map(|number| if number == 1 { name.to_owned() } else { format!("{name}-{number}") });
    numbered.into_iter().find(|name| !state_dir.has(name)).unwrap_or_else(|| name.to_owned())
}
