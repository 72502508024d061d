//! What must survive a pulled plug: users, sessions, counters, settings.
//!
//! A change is on the disk as a whole when [`Store::commit`] returns, or not at all. Everything is
//! sealed ([`seal`]), counted ([`manifest`]), vouched for as the latest ([`witness`]) and, as far
//! as users and settings go, kept a second time ([`snapshot`]). Old files beside new ones are
//! noticed ([`evidence`]). A store that cannot be trusted is never taken for an empty one
//! ([`opening`]). The stored form stands in [`schema`], the files in [`place`], the form in which
//! users move to another store in [`portable`]; only [`engine`] knows sled.
//!
//! What is done is told in the audit log ([`trail`]), in the same commit. But for that log nothing
//! is read after opening: whoever opens the store keeps its [`crate::ledger::Contents`] and applies to them what
//! was committed. Nothing expires by itself: the owner removes what is over by [`crate::ledger::Change`]s.
//!
//! Left out: protection against an old copy of the whole directory put back.

mod attempt;
mod audit;
pub mod codec;
mod copy;
mod engine;
mod error;
mod evidence;
mod examination;
mod frozen;
mod identity;
mod key;
mod manifest;
mod mending;
mod migrate;
mod open_store;
mod opening;
mod parts;
mod place;
mod portable;
mod rewrite;
mod schema;
mod seal;
mod set_aside;
mod shelf;
mod snapshot;
mod sound;
mod trail;
mod unsound;
mod witness;

pub use audit::{AuditLog, Piece};
pub use copy::Copy;
pub use error::StoreError;
pub use examination::Examination;
pub use key::{StoreKey, existing_key, load_or_create_key};
pub use open_store::{Opened, Store};
pub use portable::Portable;
