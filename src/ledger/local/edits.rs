//! Changes as sealed records.
//!
//! Guarantees: the last of several edits of one record counts, and an intent is carried out on what
//! the edits before it have made of its record; no pass outlives its user, whichever gate made it.
//! Leaves out the entries of the audit log: they get their records from the log, which knows the
//! one before.

use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use crate::auth::access_pass::record::AccessPass;
use crate::auth::session::Session;
use crate::auth::user::{User, UserName};
use crate::ledger::change::Change;
use crate::ledger::local::codec;
use crate::ledger::local::error::StoreError;
use crate::ledger::local::record_cache::{Edits, RecordCache};
use crate::ledger::local::record_keys::{
    counter_key, gate_record_key, pass_key, session_key, user_key,
};
use crate::ledger::local::schema::{RecordKey, RecordKind};
use crate::ledger::local::seal::Vault;

/// What becomes of the record at a key.
enum Edit {
    /// It is this one now; `None` if it has a form that cannot be written.
    Put(Option<Zeroizing<Vec<u8>>>),
    /// There is none.
    Remove,
}

impl RecordCache {
    /// The records as they are after `changes`.
    pub(super) fn edits(&self, changes: &[Change], vault: &mut Vault) -> Result<Edits, StoreError> {
        let mut edits = Edits::new();
        for change in changes {
            if let Change::RemoveUser(name) = change {
                let ended = self.passes_of(name, &edits, vault);
                edits.extend(ended.into_iter().map(|key| (key, None)));
            }
            if let Some((key, edit)) = self.edit(change, &edits, vault) {
                let sealed = match edit {
                    Edit::Put(plain) => Some(seal(vault, &key, plain)?),
                    Edit::Remove => None,
                };
                edits.insert(key, sealed);
            }
        }
        Ok(edits)
    }

    /// What a change makes of the record that it is about, after `edits`.
    fn edit(&self, change: &Change, edits: &Edits, vault: &Vault) -> Option<(RecordKey, Edit)> {
        Some(match change {
            Change::PutUser(user) => (user_key(vault, &user.name), put(user)),
            Change::SpendStep(name, step) => {
                let spend = |user: &mut User| user.spend(*step);
                self.amend(user_key(vault, name), edits, vault, spend)?
            }
            Change::RemoveUser(name) => (user_key(vault, name), Edit::Remove),
            Change::PutSession(session) => (session_key(vault, &session.id), put(session)),
            Change::UseSession(id, at) => {
                let touch = |session: &mut Session| session.last_seen = session.last_seen.max(*at);
                self.amend(session_key(vault, id), edits, vault, touch)?
            }
            Change::EndSession(id) => (session_key(vault, id), Edit::Remove),
            Change::PutPass(pass) => (pass_key(vault, pass.id), put(pass)),
            Change::UsePass(id, at) => {
                let touch = |pass: &mut AccessPass| pass.last_used = pass.last_used.max(Some(*at));
                self.amend(pass_key(vault, *id), edits, vault, touch)?
            }
            Change::RemovePass(id) => (pass_key(vault, *id), Edit::Remove),
            Change::PutCounter(key, counter) => (counter_key(vault, key), put(&(key, counter))),
            Change::RemoveCounter(key) => (counter_key(vault, key), Edit::Remove),
            Change::PutGateRecord(record) => (gate_record_key(vault), put(record)),
            Change::Audit(_) => return None,
        })
    }

    /// Carries an intent out; `None` if there is no such record.
    fn amend<T: Serialize + DeserializeOwned>(
        &self,
        key: RecordKey,
        edits: &Edits,
        vault: &Vault,
        change: impl FnOnce(&mut T),
    ) -> Option<(RecordKey, Edit)> {
        let mut record = self.edited(&key, edits, vault)?;
        change(&mut record);
        Some((key, put(&record)))
    }

    /// The record at this key as it is after `edits`.
    fn edited<T: DeserializeOwned>(
        &self,
        key: &RecordKey,
        edits: &Edits,
        vault: &Vault,
    ) -> Option<T> {
        match edits.get(key) {
            Some(edit) => codec::decode(&vault.unseal(key, edit.as_deref()?)?),
            None => self.read(key, vault),
        }
    }

    /// Where the passes of this user are kept after `edits`.
    fn passes_of(&self, name: &UserName, edits: &Edits, vault: &Vault) -> Vec<RecordKey> {
        let kept = self.records().map(|(key, _)| key).chain(edits.keys());
        let is_theirs = |key: &&RecordKey| {
            RecordKind::of(key) == Some(RecordKind::Pass)
                && self.edited(key, edits, vault).is_some_and(|pass: AccessPass| pass.user == *name)
        };
        kept.filter(is_theirs).copied().collect()
    }
}

fn put(record: &impl Serialize) -> Edit {
    Edit::Put(codec::encode(record))
}

fn seal(
    vault: &mut Vault,
    key: &RecordKey,
    plain: Option<Zeroizing<Vec<u8>>>,
) -> Result<Box<[u8]>, StoreError> {
    let sealed = plain.and_then(|plain| vault.seal(key, &plain));
    sealed.map(Into::into).ok_or_else(|| StoreError::Io("a record cannot be encoded".to_owned()))
}
