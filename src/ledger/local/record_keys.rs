//! Where a record is kept: its key, from what identifies it.

use crate::auth::access_pass::pass_id::PassId;
use crate::auth::session::SessionId;
use crate::auth::user::UserName;
use crate::ledger::change::CounterKey;
use crate::ledger::local::codec;
use crate::ledger::local::schema::{RecordKey, RecordKind};
use crate::ledger::local::seal::Vault;

pub(super) fn user_key(vault: &Vault, name: &UserName) -> RecordKey {
    vault.key(RecordKind::User, name.as_str().as_bytes())
}

pub(super) fn session_key(vault: &Vault, id: &SessionId) -> RecordKey {
    vault.key(RecordKind::Session, id.as_bytes())
}

pub(super) fn pass_key(vault: &Vault, id: PassId) -> RecordKey {
    vault.key(RecordKind::Pass, id.as_str().as_bytes())
}

pub(super) fn counter_key(vault: &Vault, key: &CounterKey) -> RecordKey {
    // Counter keys are plain enums, which postcard always encodes.
    let identity = codec::encode(key).unwrap_or_default();
    vault.key(RecordKind::Counter, &identity)
}

/// There is one such record.
pub(super) fn gate_record_key(vault: &Vault) -> RecordKey {
    vault.key(RecordKind::Gate, b"")
}
