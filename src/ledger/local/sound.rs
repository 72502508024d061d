//! A sound database: one that has every commit that was acknowledged, as far as anything tells.
//!
//! Looks at what was read from it, whole by its manifest, and at the files beside it; opens and
//! changes nothing. So a database that is opened and a copy of one are judged alike.

use crate::ledger::change::Contents;
use crate::ledger::local::evidence::{Distrust, Evidence};
use crate::ledger::local::place::{AUDIT, ID, Place, WITNESS};
use crate::ledger::local::seal::Vault;
use crate::ledger::local::shelf::Shelf;
use crate::ledger::local::trail::Trail;

/// What a database holds.
pub(super) struct Sound {
    pub(super) shelf: Shelf,
    pub(super) contents: Contents,
    /// `None` if a release wrote it that kept no audit log.
    pub(super) trail: Option<Trail>,
}

impl Sound {
    /// What is kept, if the database has every commit that was acknowledged.
    pub(super) fn of(
        place: &Place,
        shelf: Shelf,
        vault: &Vault,
        evidence: &Evidence,
    ) -> Result<Self, Distrust> {
        let due = shelf.manifest().snapshot;
        let distrust = |why| Distrust { why, due };
        let contents = shelf.contents(vault).map_err(distrust)?;
        let trail = Trail::load(&shelf, vault).map_err(distrust)?;
        // The plug was pulled while the store was made, whose last files are these two: nothing was
        // acknowledged yet. Both lost from a store that is in use is another thing: that one has
        // had a user.
        let unborn = ![WITNESS, ID, AUDIT].iter().any(|name| place.has(name))
            && contents.users.is_empty()
            && !contents.settings.ever_had_user;
        evidence.support(&shelf, trail.as_ref(), unborn)?;
        Ok(Self { shelf, contents, trail })
    }
}
