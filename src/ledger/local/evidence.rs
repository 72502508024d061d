//! Old files beside new ones: what must not be believed, and what shows it.
//!
//! Each file of the store is sealed, so it is one that the gate wrote, but perhaps long ago: a
//! folder that was copied back in part, or a card that has lost its last writes. The order of a
//! commit is database, snapshot, `store.seq`, each of them on the disk before the next. So after a
//! power cut at any moment, and without anybody's help, this holds:
//!
//! ```text
//! database     not behind store.seq, not behind the snapshot, not behind the audit log's files
//! snapshot     may be behind the database: it is written again
//!              standing in for a database that is lost: not behind what store.seq or that
//!              database asks for
//! ```
//!
//! A database or snapshot that breaks a rule is an old one. What cannot be seen is that all files
//! are equally old.

use crate::clock::Timestamp;
use crate::ledger::local::audit_files;
use crate::ledger::local::audit_log::AuditLog;
use crate::ledger::local::high_water_mark::{self, Acknowledged};
use crate::ledger::local::record_cache::RecordCache;
use crate::ledger::local::seal::Vault;
use crate::ledger::local::snapshot;
use crate::ledger::local::state_dir::StateDir;
use crate::ledger::local::unsound::Unsound;

/// What stands beside the database.
pub(super) struct Evidence {
    /// What `store.seq` says.
    pub(super) acknowledged: Option<Acknowledged>,
    /// The commit of the snapshot, and when it was taken; `None` if it is missing or of no use.
    pub(super) snapshot: Option<(u64, Timestamp)>,
    /// The last entry of the audit log that has left the database.
    last_in_files: Option<u64>,
}

/// Why a database is not trusted.
pub(super) struct Distrust {
    pub(super) why: String,
    /// The commit that a snapshot must have seen to stand in for it.
    pub(super) due: u64,
}

impl Evidence {
    /// Looks at `store.seq`, the snapshot and the newest file of the audit log.
    ///
    /// # Errors
    /// The snapshot is of a newer release: so is, or was, the database.
    pub(super) fn gather(state_dir: &StateDir, vault: &mut Vault) -> Result<Self, Unsound> {
        let snapshot = match snapshot::stored(state_dir, vault) {
            Ok(snapshot) => snapshot.map(|snapshot| (snapshot.sequence, snapshot.taken)),
            Err(Unsound::Newer(found)) => return Err(Unsound::Newer(found)),
            // What it says of itself is worth nothing.
            Err(Unsound::Damaged(_) | Unsound::WrongKey) => None,
        };
        Ok(Self {
            acknowledged: high_water_mark::read(state_dir, vault),
            snapshot,
            last_in_files: audit_files::last_entry(state_dir, vault),
        })
    }

    /// Whether the database has everything that was acknowledged, as far as the files beside it
    /// tell.
    ///
    /// # Errors
    /// It is an old one, or nothing vouches for it. `unborn`: nothing need vouch for it.
    pub(super) fn support(
        &self,
        cache: &RecordCache,
        audit_log: Option<&AuditLog>,
        unborn: bool,
    ) -> Result<(), Distrust> {
        let (found, due) = (cache.manifest().sequence, cache.manifest().snapshot);
        let distrust = |why| Err(Distrust { why, due });
        match self.acknowledged {
            Some(acknowledged) if found < acknowledged.commit => {
                return distrust(format!(
                    "it ends with commit {found}, but commit {} was acknowledged",
                    acknowledged.commit
                ));
            }
            None if !unborn => {
                let what =
                    "nothing vouches for its being the latest: store.seq is missing or damaged";
                return distrust(what.to_owned());
            }
            _ => {}
        }
        if let Some((taken, _)) = self.snapshot.filter(|(taken, _)| *taken > due) {
            return distrust(format!(
                "it is an old copy: the snapshot is of commit {taken}, and it knows of none behind {due}"
            ));
        }
        let head = audit_log.map_or(0, |audit_log| audit_log.head.number);
        match self.last_in_files.filter(|entry| *entry > head) {
            None => Ok(()),
            // Nothing tells how old the snapshot is then, but that store.seq is as old.
            Some(entry) => Err(Distrust {
                why: format!(
                    "it is an old copy: the audit log has entry {entry}, and it knows of none behind {head}"
                ),
                due: u64::MAX,
            }),
        }
    }

    /// Whether the snapshot of this commit is known to be the latest.
    pub(super) fn vouches_for_snapshot(&self, commit: u64) -> bool {
        let latest =
            |acknowledged: &Acknowledged| acknowledged.entry >= self.last_in_files.unwrap_or(0);
        self.acknowledged.filter(latest).is_some_and(|acknowledged| acknowledged.snapshot == commit)
    }

    /// Whether the snapshot of this commit may stand in for a database that asks for one of the
    /// commit `due`.
    ///
    /// # Errors
    /// It is an old one: users that were removed or disabled would be back.
    pub(super) fn may_stand_in(&self, commit: u64, due: u64) -> Result<(), String> {
        let due = self.acknowledged.map_or(due, |acknowledged| due.max(acknowledged.snapshot));
        if commit >= due {
            return Ok(());
        }
        Err(match due {
            u64::MAX => format!("the snapshot, of commit {commit}, may be as old"),
            due => {
                format!("the snapshot is an old copy: it is of commit {commit} instead of {due}")
            }
        })
    }
}
