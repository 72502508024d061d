//! The snapshot in the place of a database that is lost: what it may stand in for, what is assumed
//! of the time since, and what the operator is told.

use crate::auth::audit::Missing;
use crate::clock::Timestamp;
use crate::ledger::local::audit_log::AuditLog;
use crate::ledger::local::error::StoreError;
use crate::ledger::local::evidence::{Distrust, Evidence};
use crate::ledger::local::new_store::{InitialState, create, log_begun};
use crate::ledger::local::ready_store::ReadyStore;
use crate::ledger::local::seal::Vault;
use crate::ledger::local::snapshot;
use crate::ledger::local::snapshot::Snapshot;
use crate::ledger::local::state_dir::{DATABASE, StateDir};
use crate::ledger::local::unsound::{Unsound, refuse};

/// Goes on with the snapshot, if it is as new as anything else that is there; where nothing is, a
/// new store is made. `lost`: what is wrong with the database, if there is one.
pub(super) fn recover(
    state_dir: &StateDir,
    vault: &mut Vault,
    evidence: &Evidence,
    lost: Option<Distrust>,
    now: Timestamp,
) -> Result<ReadyStore, StoreError> {
    let (lost, due) = lost.map_or((None, 0), |Distrust { why, due }| (Some(why), due));
    let stored = snapshot::stored(state_dir, vault).map_err(|unsound| match unsound {
        Unsound::Damaged(why) => StoreError::Damaged(format!("{}; {why}", told(lost.as_deref()))),
        other => refuse(other),
    })?;
    match (stored, lost) {
        (Some(snapshot), lost) => {
            let why = |why| StoreError::Damaged(format!("{}; {why}", told(lost.as_deref())));
            evidence.may_stand_in(snapshot.sequence, due).map_err(why)?;
            stand_in(state_dir, vault, evidence, snapshot, lost, now)
        }
        (None, Some(why)) => Err(StoreError::Damaged(format!("{why}; there is no snapshot"))),
        (None, None) if state_dir.holds_a_store() => {
            Err(StoreError::Empty(state_dir.dir().to_path_buf()))
        }
        (None, None) => {
            let nothing = InitialState::nothing(vault);
            create(state_dir, vault, now, nothing)
        }
    }
}

/// Makes a store of what the snapshot gives.
fn stand_in(
    state_dir: &StateDir,
    vault: &mut Vault,
    evidence: &Evidence,
    snapshot: Snapshot,
    lost: Option<String>,
    now: Timestamp,
) -> Result<ReadyStore, StoreError> {
    let vouched = evidence.vouches_for_snapshot(snapshot.sequence);
    let (sequence, taken, passes) = (snapshot.sequence, snapshot.taken, snapshot.passes());
    let contents = snapshot.restore(vault, now, vouched).map_err(StoreError::Damaged)?;
    if !vouched && contents.users.is_empty() && !contents.gate_record.ever_had_user {
        // It may be the one of the first day.
        return Err(StoreError::Empty(state_dir.dir().to_path_buf()));
    }
    let origin = Origin { taken, vouched, passes };
    let report = report(state_dir, lost, &origin, now)?;
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

/// Sets a damaged database aside and says what happened. It is renamed only now, when the snapshot
/// is known to be good.
fn report(
    state_dir: &StateDir,
    lost: Option<String>,
    origin: &Origin,
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
    Ok(format!(
        "{what}. Users and settings come from the snapshot of {} (Unix time); everybody has to sign in again.{} Because nobody knows which guesses came in between, browsers from the internet that never signed in have none left, home and known devices a few: `portcullis limit clear --all` gives all back",
        origin.taken.unix(),
        origin.told()
    ))
}

/// The snapshot that stands in.
struct Origin {
    taken: Timestamp,
    /// It is known to be the latest.
    vouched: bool,
    /// Passes that it holds.
    passes: usize,
}

impl Origin {
    /// What must be said of its age and its passes.
    fn told(&self) -> &'static str {
        match (self.vouched, self.passes > 0) {
            (true, false) => "",
            (true, true) => " Passes are good as before.",
            (false, false) => {
                " Nothing shows that it is the latest: look whether users are back that were removed or disabled."
            }
            (false, true) => {
                " Nothing shows that it is the latest: look whether users are back that were removed or disabled. All passes have ended, since one that was revoked could be among them: make new ones with `portcullis pass create`."
            }
        }
    }
}

/// The name, with a number behind it if it is taken.
pub(super) fn free_name(state_dir: &StateDir, name: &str) -> String {
    let numbered = (1_u32..)
        .map(|number| if number == 1 { name.to_owned() } else { format!("{name}-{number}") });
    numbered.into_iter().find(|name| !state_dir.has(name)).unwrap_or_else(|| name.to_owned())
}
