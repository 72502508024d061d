//! From one schema to the next. A newer one is refused, never guessed at.
//!
//! ```text
//! 1    users, sessions, counters, the gate's own record
//! 2    the same records, and the audit log (an older release would take its entries for damage)
//! 3    the same records, and passes (an older release would take them for damage)
//! ```
//!
//! Records are unsealed as the old schema has it (the schema is part of the associated data) and
//! sealed anew, while they are read. The result is written as a whole new database beside the old
//! one, so that a pulled plug leaves one or the other (see [`crate::ledger::local::rewrite`]);
//! the snapshot and `store.seq` follow, and the file that says which schema it is comes last.

use crate::ledger::local::schema::{Fingerprint, RecordKey, SCHEMA};
use crate::ledger::local::seal::Vault;
use crate::ledger::local::unsound::Unsound;

/// Whether a store of this schema under this key is ours to read.
pub(super) fn admit(
    (found, fingerprint): (u32, Fingerprint),
    vault: &Vault,
) -> Result<(), Unsound> {
    match found {
        1..=SCHEMA if fingerprint == *vault.fingerprint() => Ok(()),
        1..=SCHEMA => Err(Unsound::WrongKey),
        newer if newer > SCHEMA => Err(Unsound::Newer(newer)),
        unknown => Err(Unsound::Damaged(format!("schema {unknown} never existed"))),
    }
}

/// A record of the schema `found` as this program seals it. `None` if it does not unseal.
pub(super) fn reseal(
    found: u32,
    key: &RecordKey,
    sealed: Box<[u8]>,
    vault: &mut Vault,
) -> Option<Box<[u8]>> {
    if found == SCHEMA {
        return Some(sealed);
    }
    let plain = vault.unseal_as(found, key, &sealed)?;
    vault.seal(key, &plain).map(Into::into)
}
