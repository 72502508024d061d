//! What makes a database or a snapshot useless, as they tell it themselves: a wrong key, a newer
//! schema, damage.
//!
//! It is no error of the store yet: for a damaged database the snapshot may stand in.

use crate::ledger::local::error::StoreError;

/// Why what was read is not what was written.
pub(super) enum Unsound {
    WrongKey,
    Newer(u32),
    Damaged(String),
}

/// The same as an error of the store.
pub(super) fn refuse(unsound: Unsound) -> StoreError {
    match unsound {
        Unsound::WrongKey => StoreError::WrongKey,
        Unsound::Newer(found) => StoreError::Newer { found },
        Unsound::Damaged(why) => StoreError::Damaged(why),
    }
}
