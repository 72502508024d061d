//! From one schema to the next. There is only schema 1 so far; a newer one is refused, never guessed at.
//!
//! A step belongs here, between reading the database and checking its records: it unseals them as the old schema has
//! it (the schema is part of the associated data) and seals them anew. The result is written as a whole new database
//! beside the old one, so that a pulled plug leaves one or the other (see [`crate::store::rewrite`]).

use crate::store::schema::{Fingerprint, SCHEMA};
use crate::store::seal::Vault;
use crate::store::shelf::Unsound;

/// Whether a store of this schema under this key is ours to read.
pub(super) fn admit((found, fingerprint): (u32, Fingerprint), vault: &Vault) -> Result<(), Unsound> {
    match found {
        SCHEMA if fingerprint == *vault.fingerprint() => Ok(()),
        SCHEMA => Err(Unsound::WrongKey),
        newer if newer > SCHEMA => Err(Unsound::Newer(newer)),
        unknown => Err(Unsound::Damaged(format!("schema {unknown} never existed"))),
    }
}
