//! The last acknowledged commit, written down beside the database.
//!
//! One flipped bit in its log and sled forgets everything after it: the database then opens, whole and sealed, as it
//! was some commits ago, with used codes unused and ended sessions alive. Nothing inside of the database can show that,
//! so the number of each commit stands here too, after the database has it and before the answer goes out. A database
//! that is behind it is not trusted.
//!
//! ```text
//! two slots, at 0 and 512, written in turn, so that a torn write spoils one only:
//! commit (8, little endian) | first 16 bytes of HMAC-SHA-256 over it
//! ```

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use crate::store::error::StoreError;
use crate::store::place::{Place, WITNESS};
use crate::store::seal::Vault;

const SLOT: usize = 24;
const SECTOR: u64 = 512;

/// The open file.
pub(super) struct Witness {
    file: File,
    path: PathBuf,
}

/// The last acknowledged commit; `None` if the file is missing or says nothing that is ours.
pub(super) fn read(place: &Place, vault: &Vault) -> Option<u64> {
    let file = place.open(WITNESS, OpenOptions::new().read(true)).ok()?;
    let slots = [0, SECTOR].into_iter().filter_map(|at| {
        let mut slot = [0; SLOT];
        file.read_exact_at(&mut slot, at).ok()?;
        let sequence = u64::from_le_bytes(slot.first_chunk().copied()?);
        (compose(vault, sequence) == slot).then_some(sequence)
    });
    slots.max()
}

impl Witness {
    /// Makes the file anew, with this commit in both slots.
    pub(super) fn create(place: &Place, vault: &Vault, sequence: u64) -> Result<(), StoreError> {
        let slot = compose(vault, sequence);
        let mut bytes = vec![0; 1024];
        bytes.chunks_mut(512).for_each(|sector| sector.iter_mut().zip(slot).for_each(|(to, from)| *to = from));
        place.write(WITNESS, &bytes)
    }

    pub(super) fn open(place: &Place) -> Result<Self, StoreError> {
        let path = place.path(WITNESS);
        let file = place.open(WITNESS, OpenOptions::new().write(true));
        let file = file.map_err(|error| StoreError::io("opening", &path, &error))?;
        Ok(Self { file, path })
    }

    /// Writes down that this commit is on the disk. It lies in place: no room is needed.
    pub(super) fn record(&self, vault: &Vault, sequence: u64) -> Result<(), StoreError> {
        let at = if sequence.is_multiple_of(2) { 0 } else { SECTOR };
        let written = self.file.write_all_at(&compose(vault, sequence), at).and_then(|()| self.file.sync_data());
        written.map_err(|error| StoreError::io("writing", &self.path, &error))
    }
}

fn compose(vault: &Vault, sequence: u64) -> [u8; SLOT] {
    let number = sequence.to_le_bytes();
    let mut slot = [0; SLOT];
    slot.iter_mut().zip(number.iter().copied().chain(vault.witness(&number))).for_each(|(to, from)| *to = from);
    slot
}
