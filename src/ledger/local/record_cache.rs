//! All records, sealed, in memory: exactly what was acknowledged.
//!
//! It is what a change is measured against (the manifest needs the record that is replaced), what a
//! snapshot is taken from, and what the database is written anew from when the disk has failed in
//! the middle of a change, so that a refused change never comes back. It costs about 350 bytes a
//! user and holds no secret in the clear.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;

use crate::auth::access_pass::pass_id::PassId;
use crate::auth::access_pass::record::AccessPass;
use crate::auth::session::{Session, SessionId};
use crate::auth::user::{User, UserName};
use crate::ledger::change::{Counter, CounterKey, GateRecord, StoredState};
use crate::ledger::local::codec;
use crate::ledger::local::error::StoreError;
use crate::ledger::local::manifest::Manifest;
use crate::ledger::local::migrate;
use crate::ledger::local::record_keys::{
    counter_key, gate_record_key, pass_key, session_key, user_key,
};
use crate::ledger::local::schema::{self, RecordKey, RecordKind, SCHEMA, SCHEMA_KEY};
use crate::ledger::local::seal::Vault;
use crate::ledger::local::unsound::Unsound;

/// Sealed records by key: what is set, and `None` for what is removed.
pub(super) type Edits = BTreeMap<RecordKey, Option<Box<[u8]>>>;

/// Everything that is kept, and its manifest.
#[derive(Clone, Default)]
pub(super) struct RecordCache {
    records: BTreeMap<RecordKey, Box<[u8]>>,
    manifest: Manifest,
}

impl RecordCache {
    /// An empty one that goes on counting commits behind `sequence`.
    pub(super) fn after(sequence: u64) -> Self {
        Self { records: BTreeMap::new(), manifest: Manifest::after(sequence) }
    }

    /// Takes over what the database holds, if it is all there, and says of which schema it is. What
    /// an older release wrote is in today's form then.
    pub(super) fn load(
        raw: BTreeMap<Vec<u8>, Vec<u8>>,
        vault: &mut Vault,
    ) -> Result<(Self, u32), Unsound> {
        let damaged = |what: &str| Unsound::Damaged(what.to_owned());
        let schema = raw.get(SCHEMA_KEY).and_then(|record| schema::read_schema_record(record));
        let (schema, fingerprint) =
            schema.ok_or_else(|| damaged("its schema record is missing or damaged"))?;
        migrate::admit((schema, fingerprint), vault)?;
        let manifest_key = vault.key(RecordKind::Manifest, b"");
        let sealed =
            raw.get(manifest_key.as_slice()).ok_or_else(|| damaged("its manifest is missing"))?;
        let manifest =
            vault.unseal_as(schema, &manifest_key, sealed).and_then(|plain| codec::decode(&plain));
        let manifest: Manifest = manifest.ok_or_else(|| damaged("its manifest does not unseal"))?;
        let mut counted = Manifest::default();
        let mut records = BTreeMap::new();
        for (key, sealed) in raw {
            if key == SCHEMA_KEY || key == manifest_key {
                continue;
            }
            let key: RecordKey =
                key.try_into().map_err(|_| damaged("a record has a key of no known form"))?;
            counted.add(vault, &key, &sealed);
            records.insert(key, sealed.into_boxed_slice());
        }
        if !manifest.agrees(&counted) {
            let (noted, found) = (manifest.counts(), counted.counts());
            return Err(Unsound::Damaged(format!(
                "its manifest tells of {noted}, and {found} of other content are there"
            )));
        }
        if schema == SCHEMA {
            return Ok((Self { records, manifest }, schema));
        }
        Self::resealed(schema, records, &manifest, vault)
            .map(|cache| (cache, schema))
            .ok_or_else(|| damaged("a record does not unseal in the form of an older release"))
    }

    /// Records of an older schema under today's seal.
    fn resealed(
        schema: u32,
        records: BTreeMap<RecordKey, Box<[u8]>>,
        manifest: &Manifest,
        vault: &mut Vault,
    ) -> Option<Self> {
        let edits: Option<Edits> = records
            .into_iter()
            .map(|(key, sealed)| Some((key, Some(migrate::reseal(schema, &key, sealed, vault)?))))
            .collect();
        let mut cache = Self::after(manifest.sequence);
        let edits = edits?;
        let manifest = cache.manifest_after(&edits, true, vault);
        cache.apply(edits, manifest);
        Some(cache)
    }

    /// What is kept, in the clear. Every record must unseal at its own key and be the one that the
    /// key names.
    pub(super) fn contents(&self, vault: &Vault) -> Result<StoredState, String> {
        let (mut users, mut sessions, mut passes) = (Vec::new(), Vec::new(), Vec::new());
        let (mut counters, mut gate_record) = (Vec::new(), None);
        for (key, sealed) in &self.records {
            let named = match RecordKind::of(key) {
                Some(RecordKind::User) => read(vault, key, sealed, |user: User| {
                    let named = user_key(vault, &user.name);
                    users.push(user);
                    named
                }),
                Some(RecordKind::Session) => read(vault, key, sealed, |session: Session| {
                    let named = session_key(vault, &session.id);
                    sessions.push(session);
                    named
                }),
                Some(RecordKind::Pass) => read(vault, key, sealed, |pass: AccessPass| {
                    let named = pass_key(vault, pass.id);
                    passes.push(pass);
                    named
                }),
                Some(RecordKind::Counter) => {
                    read(vault, key, sealed, |counter: (CounterKey, Counter)| {
                        let named = counter_key(vault, &counter.0);
                        counters.push(counter);
                        named
                    })
                }
                Some(RecordKind::Gate) => read(vault, key, sealed, |record: GateRecord| {
                    gate_record = Some(record);
                    gate_record_key(vault)
                }),
                // The manifest vouches for them; the log is read when somebody asks for it.
                Some(RecordKind::AuditEntry | RecordKind::AuditLog) => Some(*key),
                Some(RecordKind::Manifest) | None => None,
            };
            if named != Some(*key) {
                return Err("a record does not unseal".to_owned());
            }
        }
        let gate_record = gate_record.ok_or("its settings are missing")?;
        Ok(StoredState { users, sessions, passes, counters, gate_record })
    }

    /// Leaves out what would change nothing: the removal of what is not there.
    pub(super) fn relevant(&self, mut edits: Edits) -> Edits {
        edits.retain(|key, value| value.is_some() || self.records.contains_key(key));
        edits
    }

    /// The user as stored, if there is one and it unseals.
    pub(super) fn user(&self, name: &UserName, vault: &Vault) -> Option<User> {
        self.read(&user_key(vault, name), vault)
    }

    /// The pass as stored, if there is one and it unseals.
    pub(super) fn pass(&self, id: PassId, vault: &Vault) -> Option<AccessPass> {
        self.read(&pass_key(vault, id), vault)
    }

    /// Whether the session is kept.
    pub(super) fn has_session(&self, id: &SessionId, vault: &Vault) -> bool {
        self.records.contains_key(&session_key(vault, id))
    }

    /// The gate record, if there are any yet.
    pub(super) fn gate_record(&self, vault: &Vault) -> Option<GateRecord> {
        self.read(&gate_record_key(vault), vault)
    }

    /// The record at this key, if there is one and it unseals.
    pub(super) fn read<T: DeserializeOwned>(&self, key: &RecordKey, vault: &Vault) -> Option<T> {
        open(vault, key, self.records.get(key)?)
    }

    /// The manifest as it will be after these edits.
    pub(super) fn manifest_after(&self, edits: &Edits, snapshot: bool, vault: &Vault) -> Manifest {
        let mut manifest = self.manifest.clone();
        for (key, value) in edits {
            if let Some(old) = self.records.get(key) {
                manifest.take(vault, key, old);
            }
            if let Some(new) = value {
                manifest.add(vault, key, new);
            }
        }
        manifest.sequence = manifest.sequence.saturating_add(1);
        if snapshot {
            manifest.snapshot = manifest.sequence;
        }
        manifest
    }

    /// Passes over the number that a failed commit may have used, in the snapshot too, and takes
    /// one that is new to both.
    pub(super) fn skip(&mut self) {
        self.manifest.sequence = self.manifest.sequence.saturating_add(2);
        self.manifest.snapshot = self.manifest.sequence;
    }

    /// Takes over edits that are on the disk.
    pub(super) fn apply(&mut self, edits: Edits, manifest: Manifest) {
        for (key, value) in edits {
            match value {
                Some(value) => self.records.insert(key, value),
                None => self.records.remove(&key),
            };
        }
        self.manifest = manifest;
    }

    pub(super) const fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The manifest as it is stored.
    pub(super) fn sealed_manifest(
        manifest: &Manifest,
        vault: &mut Vault,
    ) -> Result<(RecordKey, Vec<u8>), StoreError> {
        let key = vault.key(RecordKind::Manifest, b"");
        let sealed = codec::encode(manifest).and_then(|plain| vault.seal(&key, &plain));
        Ok((
            key,
            sealed.ok_or_else(|| StoreError::Io("the manifest cannot be encoded".to_owned()))?,
        ))
    }

    /// All records in the order of their keys.
    pub(super) fn records(&self) -> impl Iterator<Item = (&RecordKey, &[u8])> {
        self.records.iter().map(|(key, sealed)| (key, sealed.as_ref()))
    }

    /// Bytes of all keys and records.
    pub(super) fn size(&self) -> u64 {
        let bytes: usize = self.records.iter().map(|(key, sealed)| key.len() + sealed.len()).sum();
        u64::try_from(bytes).unwrap_or(u64::MAX)
    }
}

fn open<T: DeserializeOwned>(vault: &Vault, key: &RecordKey, sealed: &[u8]) -> Option<T> {
    codec::decode(&vault.unseal(key, sealed)?)
}

fn read<T: DeserializeOwned>(
    vault: &Vault,
    key: &RecordKey,
    sealed: &[u8],
    keep: impl FnOnce(T) -> RecordKey,
) -> Option<RecordKey> {
    open(vault, key, sealed).map(keep)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::guess_budget::{Bucket, BudgetKey};
    use crate::auth::keyring::KeyId;
    use crate::auth::testing::{Counting, pass_for, session, user};
    use crate::clock::Timestamp;
    use crate::entropy::System;
    use crate::ledger::change::Change;
    use crate::ledger::local::store_key::StoreKey;

    /// A database with a record of each kind but those of the audit log.
    fn raw(vault: &mut Vault) -> BTreeMap<Vec<u8>, Vec<u8>> {
        let session = session("anna", Timestamp::from_unix(1), KeyId::new(1), &mut Counting(1));
        let strangers = CounterKey::Budget(BudgetKey::StrangersLocal);
        let changes = [
            Change::PutUser(user("anna")),
            Change::PutSession(session),
            Change::PutPass(pass_for("anna", &["photos.example.com"]).1),
            Change::PutCounter(strangers, Counter::Bucket(Bucket::default())),
            Change::PutGateRecord(GateRecord::new(&mut System)),
        ];
        let mut cache = RecordCache::default();
        let edits = cache.edits(&changes, vault).expect("sealed");
        let manifest = cache.manifest_after(&edits, true, vault);
        cache.apply(edits, manifest);
        let (key, sealed) = RecordCache::sealed_manifest(&cache.manifest, vault).expect("sealed");
        let records = cache.records().map(|(key, sealed)| (key.to_vec(), sealed.to_vec()));
        let schema = (SCHEMA_KEY.to_vec(), schema::schema_record(vault.fingerprint()));
        records.chain([(key.to_vec(), sealed), schema]).collect()
    }

    #[test]
    fn a_record_of_any_kind_that_is_missing_is_noticed() {
        let key = StoreKey::new(vec![7; 32]).expect("32 bytes");
        let mut vault = Vault::new(&key, System);
        let whole = raw(&mut vault);
        let Ok((cache, schema)) = RecordCache::load(whole.clone(), &mut vault) else {
            panic!("it is whole")
        };
        assert_eq!((cache.records().count(), schema), (5, SCHEMA));
        assert_eq!(cache.contents(&vault).expect("whole").passes.len(), 1);
        for key in whole.keys() {
            let mut less = whole.clone();
            less.remove(key);
            let kind = char::from(key[0]);
            match RecordCache::load(less, &mut vault) {
                Err(Unsound::Damaged(why)) => assert!(why.starts_with("its "), "{kind}: {why}"),
                _ => panic!("{kind} is missing, and nothing shows it"),
            }
        }
    }
}
