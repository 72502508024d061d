//! The store of one gate: users, sessions, passes, counters and what there is once, on sled.
//!
//! A change is on the disk as a whole when [`Store::commit`] returns, or not at all. Everything is
//! sealed ([`seal`]), counted ([`manifest`]), vouched for as the latest ([`high_water_mark`]) and,
//! as far as users, passes and the gate's own record go, kept a second time ([`snapshot`]). Old
//! files beside new ones are noticed ([`evidence`]). A store that cannot be trusted is never taken
//! for an empty one ([`opening`]). The stored form stands in [`schema`], the files in
//! [`state_dir`], the form in which users move to another store in [`portable_users`]; only
//! [`engine`] knows sled.
//!
//! What is done is told in the audit log ([`audit_log`]), in the same commit. But for that log
//! nothing is read after opening: whoever opens the store keeps its [`crate::ledger::StoredState`]
//! and applies to it what was committed. Nothing expires by itself: the owner removes what is over
//! by [`crate::ledger::Change`]s.
//!
//! Left out: protection against an old copy of the whole directory put back.

mod audit_files;
mod audit_log;
mod audit_reader;
mod backoff;
pub mod codec;
mod conditions;
mod crash_guard;
mod diagnosis;
mod edits;
mod engine;
mod error;
mod evidence;
mod examination;
mod high_water_mark;
mod manifest;
mod migrate;
mod new_store;
mod open_store;
mod opening;
mod portable_users;
mod read_only;
mod ready_store;
mod record_cache;
mod record_keys;
mod recovery;
mod rewrite;
mod schema;
mod seal;
mod set_aside;
mod snapshot;
mod snapshot_due;
mod sound_database;
mod staged_file;
mod state_dir;
mod store_copy;
mod store_id;
mod store_key;
mod store_lock;
mod unsound;

pub use audit_reader::{AuditPiece, AuditReader};
pub use error::StoreError;
pub use examination::Examination;
pub use open_store::{Opened, Store};
pub use portable_users::PortableUsers;
pub use store_copy::StoreCopy;
pub use store_key::{StoreKey, existing_key, load_or_create_key};
