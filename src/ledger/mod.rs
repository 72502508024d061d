//! What must survive a pulled plug: users, sessions, counters, the gate's own record.

mod change;
mod local;
mod secret_bytes;

pub use change::{Change, Counter, CounterKey, GateRecord, StoredState};
pub use local::codec;
pub use local::{
    AuditPiece, AuditReader, Examination, Opened, PortableUsers, Store, StoreCopy, StoreError,
    StoreKey, existing_key, load_or_create_key,
};
