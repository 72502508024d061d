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
use crate::ledger::local::parts;
use crate::ledger::local::place::Place;
use crate::ledger::local::seal::Vault;
use crate::ledger::local::shelf::Shelf;
use crate::ledger::local::snapshot;
use crate::ledger::local::trail::Trail;
use crate::ledger::local::unsound::Unsound;
use crate::ledger::local::witness::{self, Said};

/// What stands beside the database.
pub(super) struct Evidence {
    /// What `store.seq` says.
    pub(super) said: Option<Said>,
    /// The commit of the snapshot, and when it was taken; `None` if it is missing or of no use.
    pub(super) snapshot: Option<(u64, Timestamp)>,
    /// The last entry of the audit log that has left the database.
    filed: Option<u64>,
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
    pub(super) fn gather(place: &Place, vault: &mut Vault) -> Result<Self, Unsound> {
        let snapshot = match snapshot::stored(place, vault) {
            Ok(snapshot) => snapshot.map(|snapshot| (snapshot.sequence, snapshot.taken)),
            Err(Unsound::Newer(found)) => return Err(Unsound::Newer(found)),
            // What it says of itself is worth nothing.
            Err(Unsound::Damaged(_) | Unsound::WrongKey) => None,
        };
        Ok(Self {
            said: witness::read(place, vault),
            snapshot,
            filed: parts::last_entry(place, vault),
        })
    }

    /// Whether the database has everything that was acknowledged, as far as the files beside it
    /// tell.
    ///
    /// # Errors
    /// It is an old one, or nothing vouches for it. `unborn`: nothing need vouch for it.
    pub(super) fn support(
        &self,
        shelf: &Shelf,
        trail: Option<&Trail>,
        unborn: bool,
    ) -> Result<(), Distrust> {
        let (found, due) = (shelf.manifest().sequence, shelf.manifest().snapshot);
        let distrust = |why| Err(Distrust { why, due });
        match self.said {
            Some(said) if found < said.commit => {
                return distrust(format!(
                    "it ends with commit {found}, but commit {} was acknowledged",
                    said.commit
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
        let head = trail.map_or(0, |trail| trail.head.number);
        match self.filed.filter(|entry| *entry > head) {
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
        let latest = |said: &Said| said.entry >= self.filed.unwrap_or(0);
        self.said.filter(latest).is_some_and(|said| said.snapshot == commit)
    }

    /// Whether the snapshot of this commit may stand in for a database that asks for one of the
    /// commit `due`.
    ///
    /// # Errors
    /// It is an old one: users that were removed or disabled would be back.
    pub(super) fn may_stand_in(&self, commit: u64, due: u64) -> Result<(), String> {
        let due = self.said.map_or(due, |said| due.max(said.snapshot));
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
