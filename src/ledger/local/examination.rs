//! A look at an open store, for `doctor`: is what is kept whole, in memory and on the disk?
//!
//! Guarantees that it changes nothing and ends soon, so that a login behind it waits a moment only.
//! Leaves sled alone: reading a damaged database can end the program, and the next start reads
//! every record of it anyway. What is compared here is what such a start would need: the database's
//! file, the number of the last commit, the snapshot.

use crate::clock::Timestamp;
use crate::ledger::local::high_water_mark;
use crate::ledger::local::manifest::Manifest;
use crate::ledger::local::open_store::Store;
use crate::ledger::local::snapshot;
use crate::ledger::local::unsound::Unsound;

/// Records that are looked at: more than ten thousand users and their counters have.
const MOST: usize = 40_000;

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Examination {
    /// Records that are kept.
    pub records: usize,
    /// How many of them were unsealed; the first that is not what was acknowledged otherwise.
    pub unsealed: Result<usize, String>,
    /// The length of the database's file in bytes, every one of which could be read.
    pub database: Result<u64, String>,
    /// Whether the number of the last commit stands beside the database.
    pub high_water_mark: Result<(), String>,
    /// When the snapshot was taken, if it is the one that is due.
    pub snapshot: Result<Timestamp, String>,
    /// Bytes that commits have cost the disk since the store was opened.
    pub written: u64,
    /// Commits since the store was opened.
    pub commits: u64,
}

impl Store {
    /// Looks at everything that the next start will need.
    pub fn examine(&mut self) -> Examination {
        Examination {
            records: self.cache.records().count(),
            unsealed: self.unsealed(),
            database: match &self.engine {
                Some(engine) => engine.read_through(),
                None => {
                    Err("the last change could not be written, so the database is closed"
                        .to_owned())
                }
            },
            high_water_mark: match high_water_mark::read(&self.state_dir, &self.vault) {
                Some(acknowledged) if acknowledged.commit == self.cache.manifest().sequence => {
                    Ok(())
                }
                Some(acknowledged) => Err(format!(
                    "store.seq says {} instead of {}",
                    acknowledged.commit,
                    self.cache.manifest().sequence
                )),
                None => Err("store.seq is missing or damaged".to_owned()),
            },
            snapshot: self.snapshot(),
            written: self.bytes_written(),
            commits: self.commits(),
        }
    }

    fn unsealed(&self) -> Result<usize, String> {
        let mut counted = Manifest::default();
        let mut looked_at = 0;
        for (key, sealed) in self.cache.records().take(MOST) {
            counted.add(&self.vault, key, sealed);
            if self.vault.unseal(key, sealed).is_none() {
                return Err("a record does not unseal".to_owned());
            }
            looked_at += 1;
        }
        let all = looked_at < MOST;
        if all && !self.cache.manifest().agrees(&counted) {
            let (noted, found) = (self.cache.manifest().counts(), counted.counts());
            return Err(format!(
                "the manifest tells of {noted}, and {found} of other content are there"
            ));
        }
        Ok(looked_at)
    }

    fn snapshot(&mut self) -> Result<Timestamp, String> {
        let due = self.cache.manifest().snapshot;
        match snapshot::stored(&self.state_dir, &mut self.vault) {
            // Its seal is over the whole of it: what unseals is what was written.
            Ok(Some(snapshot)) if snapshot.sequence == due => Ok(snapshot.taken),
            Ok(Some(snapshot)) => {
                Err(format!("it is of commit {} instead of {due}", snapshot.sequence))
            }
            Ok(None) => Err("it is missing".to_owned()),
            Err(Unsound::Damaged(why)) => Err(why),
            Err(Unsound::WrongKey | Unsound::Newer(_)) => Err("it is of another store".to_owned()),
        }
    }
}
