//! Users in the form in which they leave one store for another.
//!
//! ```text
//! version (1) | postcard: clock floor, then each user as a record (version (1) | postcard)
//! ```
//!
//! The records have the versions of the store's own ([`codec`]), so that an older one is read by
//! the same step that brings an older store up to date. What does not move is of its store alone:
//! the device key, so that device cookies end; sessions, which hang on the session secret; and
//! counters.

use std::path::Path;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::auth::user::User;
use crate::clock::Timestamp;
use crate::entropy::Entropy;
use crate::ledger::change::StoredState;
use crate::ledger::local::codec;
use crate::ledger::local::error::StoreError;
use crate::ledger::local::evidence::Evidence;
use crate::ledger::local::seal::Vault;
use crate::ledger::local::snapshot;
use crate::ledger::local::state_dir::{self, StateDir};
use crate::ledger::local::store_key::{self, StoreKey};
use crate::ledger::local::unsound::refuse;

/// What one store gives to another.
pub struct PortableUsers {
    /// All users, with seeds.
    pub users: Vec<User>,
    /// The latest time that was certainly reached.
    pub clock_floor: Timestamp,
}

#[derive(Serialize, Deserialize)]
struct Packed<'r> {
    clock_floor: Timestamp,
    #[serde(borrow)]
    users: Vec<&'r [u8]>,
}

impl PortableUsers {
    /// As bytes, seeds in the clear; `None` if a record has a form that cannot be written.
    pub fn pack<'u>(
        users: impl IntoIterator<Item = &'u User>,
        clock_floor: Timestamp,
    ) -> Option<Zeroizing<Vec<u8>>> {
        let records: Vec<_> = users.into_iter().map(codec::encode).collect::<Option<_>>()?;
        let users: Vec<&[u8]> = records.iter().map(|record| record.as_slice()).collect();
        let room = users.iter().map(|record| record.len() + 4).sum::<usize>() + 64;
        codec::encode_into(&Packed { clock_floor, users }, room)
    }

    /// Reads what [`PortableUsers::pack`] wrote; `None` for anything else, and for versions that
    /// this program does not know.
    pub fn unpack(bytes: &[u8]) -> Option<Self> {
        let Packed { clock_floor, users } = codec::decode(bytes)?;
        let users = users.into_iter().map(codec::decode).collect::<Option<_>>()?;
        Some(Self { users, clock_floor })
    }

    /// The users of the store in `dir`, as of the last change to one of them, from its snapshot:
    /// the store is neither opened nor locked, and nothing is written. `credential`: the store's
    /// key where it is no file. `None` if there is no store.
    ///
    /// # Errors
    /// The key is missing or another one, or the snapshot cannot be read or is an old copy.
    pub fn of_store_in(
        dir: &Path,
        credential: Option<&[u8]>,
        entropy: impl Entropy + Send + 'static,
    ) -> Result<Option<Self>, StoreError> {
        if !dir.is_dir() {
            return Ok(None);
        }
        let state_dir = StateDir::prepare(dir)?;
        if !state_dir.holds_a_store() {
            return Ok(None);
        }
        let mut vault = Vault::new(&key_of(&state_dir, credential)?, entropy);
        let snapshot =
            snapshot::stored(&state_dir, &mut vault).map_err(|unsound| match refuse(unsound) {
                StoreError::Damaged(why) => StoreError::NoSnapshot(why),
                other => other,
            })?;
        let snapshot =
            snapshot.ok_or_else(|| StoreError::NoSnapshot("it is missing".to_owned()))?;
        let evidence = Evidence::gather(&state_dir, &mut vault).map_err(refuse)?;
        evidence.may_stand_in(snapshot.sequence, 0).map_err(StoreError::NoSnapshot)?;
        let StoredState { users, gate_record, .. } =
            snapshot.contents(&vault).map_err(StoreError::NoSnapshot)?;
        Ok(Some(Self { users, clock_floor: gate_record.clock_floor }))
    }
}

fn key_of(state_dir: &StateDir, credential: Option<&[u8]>) -> Result<StoreKey, StoreError> {
    match credential {
        Some(bytes) => store_key::given(bytes),
        None => store_key::load(state_dir)?
            .ok_or_else(|| StoreError::KeyMissing(state_dir.path(state_dir::KEY))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::totp::Authenticator;
    use crate::auth::user::UserName;
    use crate::entropy::System;

    const T0: Timestamp = Timestamp::from_unix(1_800_000_000);

    fn users() -> Vec<User> {
        let named = |name| {
            let name = UserName::parse(name).expect("a name");
            User::new(name, Authenticator::generate(&mut System), T0, &mut System)
        };
        let mut users = vec![named("anna"), named("ben")];
        users[1].enabled = false;
        users
    }

    #[test]
    fn users_come_back_as_they_left() {
        let packed = PortableUsers::pack(&users(), T0).expect("packs");
        let there = PortableUsers::unpack(&packed).expect("unpacks");
        assert_eq!(there.clock_floor, T0);
        assert_eq!(PortableUsers::pack(&there.users, T0).expect("packs")[..], packed[..]);
        assert_eq!(there.users.iter().map(|user| user.enabled).collect::<Vec<_>>(), [true, false]);
    }

    #[test]
    fn a_cut_or_lengthened_form_and_another_version_are_refused() {
        let packed = PortableUsers::pack(&users(), T0).expect("packs");
        for length in 0..packed.len() {
            assert!(PortableUsers::unpack(&packed[..length]).is_none(), "{length}");
        }
        assert!(PortableUsers::unpack(&[packed.as_slice(), &[0]].concat()).is_none());
        let mut newer = packed.to_vec();
        newer[0] += 1;
        assert!(PortableUsers::unpack(&newer).is_none());
    }

    #[test]
    fn a_user_record_of_another_version_is_refused() {
        let mut record = codec::encode(&users()[0]).expect("encodes");
        record[0] += 1;
        let packed =
            codec::encode(&Packed { clock_floor: T0, users: vec![&record] }).expect("encodes");
        assert!(PortableUsers::unpack(&packed).is_none());
    }
}
