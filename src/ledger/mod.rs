//! What must survive a pulled plug: users, sessions, counters, settings.

mod change;
mod local;
mod secret_bytes;

pub use change::{Change, Contents, Counter, CounterKey, Settings};
pub use local::codec;
pub use local::{
    AuditLog, Copy, Examination, Opened, Piece, Portable, Store, StoreError, StoreKey,
    existing_key, load_or_create_key,
};
