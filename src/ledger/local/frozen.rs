//! Opening where the disk takes no writes: it is full, or read-only after an error of its own.
//!
//! sled writes when it opens, so its files are copied into memory, read there, and removed. What
//! comes of it is a store as after a failed write: it knows everything that was acknowledged,
//! refuses changes, and writes the database anew as soon as the disk takes it. So after a power cut
//! with a full card people who are signed in stay so. The copy is sealed like the original.
//!
//! Left out: a database that is damaged as well, or of an older release; then the first error
//! stands.

use crate::ledger::change::Contents;
use crate::ledger::local::copy::Copy;
use crate::ledger::local::engine::{Engine, OpenError};
use crate::ledger::local::error::StoreError;
use crate::ledger::local::evidence::Evidence;
use crate::ledger::local::identity::{self, Identity};
use crate::ledger::local::migrate;
use crate::ledger::local::place::{DATABASE, DATABASE_OLD, Place};
use crate::ledger::local::seal::Vault;
use crate::ledger::local::shelf::Shelf;
use crate::ledger::local::sound::Sound;
use crate::ledger::local::trail::Trail;
use crate::ledger::local::unsound::refuse;

/// What the store holds, read from a copy.
///
/// # Errors
/// There is no store, it is damaged, or there is no room for the copy either.
pub(super) fn read(
    place: &Place,
    vault: &mut Vault,
) -> Result<(Shelf, Trail, Contents), StoreError> {
    let Identity::Says { schema, fingerprint } = identity::read(place)? else {
        return Err(StoreError::Damaged("the store's making has not ended".to_owned()));
    };
    migrate::admit((schema, fingerprint), vault).map_err(refuse)?;
    let from = [DATABASE, DATABASE_OLD].into_iter().find(|name| place.has(name));
    let from = from.ok_or_else(|| StoreError::Empty(place.dir().to_path_buf()))?;
    let copy = Copy::empty(u64::from_le_bytes(vault.random()))?;
    copy.take_database(&place.path(from), DATABASE)?;
    let unopened = |error| match error {
        OpenError::System(error) => error,
        OpenError::Damaged(why) => StoreError::Damaged(why),
    };
    let engine = Engine::open(place, &copy.path().join(DATABASE)).map_err(unopened)?;
    let raw = engine.records();
    drop(engine);
    let shelf = Shelf::load(raw.map_err(unopened)?, vault).map_err(refuse)?;
    let evidence = Evidence::gather(place, vault).map_err(refuse)?;
    let Sound { shelf, contents, trail } = Sound::of(place, shelf, vault, &evidence)
        .map_err(|distrust| StoreError::Damaged(distrust.why))?;
    let trail = trail.ok_or_else(|| StoreError::Damaged("it is of an older release".to_owned()))?;
    Ok((shelf, trail, contents))
}
