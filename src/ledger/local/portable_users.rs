//! Users and their passes in the form in which they leave one store for another.
//!
//! ```text
//! 1 | postcard: clock floor, then each user as a record (version (1) | postcard)
//! 2 | postcard: the same, then each pass as a record
//! ```
//!
//! Without passes it is the first form, which older releases read as well; they refuse the second.
//! The records have the versions of the store's own ([`codec`]), so that an older one is read by
//! the same step that brings an older store up to date. What does not move is of its store alone:
//! the device key, so that device cookies end; sessions, which hang on the session secret; and
//! counters.

use std::path::Path;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::auth::access_pass::record::AccessPass;
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

/// The form with passes.
const WITH_PASSES: u8 = 2;

/// What one store gives to another.
pub struct PortableUsers {
    /// All users, with seeds.
    pub users: Vec<User>,
    /// Passes of these users.
    pub passes: Vec<AccessPass>,
    /// The latest time that was certainly reached.
    pub clock_floor: Timestamp,
}

#[derive(Serialize, Deserialize)]
struct Packed<'r> {
    clock_floor: Timestamp,
    #[serde(borrow)]
    users: Vec<&'r [u8]>,
}

#[derive(Serialize, Deserialize)]
struct PackedWithPasses<'r> {
    #[serde(borrow)]
    users: Packed<'r>,
    #[serde(borrow)]
    passes: Vec<&'r [u8]>,
}

impl PortableUsers {
    /// As bytes, seeds in the clear; `None` if a record has a form that cannot be written.
    pub fn pack<'u>(
        users: impl IntoIterator<Item = &'u User>,
        passes: impl IntoIterator<Item = &'u AccessPass>,
        clock_floor: Timestamp,
    ) -> Option<Zeroizing<Vec<u8>>> {
        let (users, passes) = (encode_each(users)?, encode_each(passes)?);
        let all = || users.iter().chain(&passes);
        let room = all().map(|record| record.len() + 4).sum::<usize>() + 64;
        let users = Packed { clock_floor, users: slices(&users) };
        if passes.is_empty() {
            return codec::encode_into(&users, room);
        }
        let passes = slices(&passes);
        codec::encode_as(WITH_PASSES, &PackedWithPasses { users, passes }, room)
    }

    /// Reads what [`PortableUsers::pack`] wrote, here or in an older release; `None` for anything
    /// else, and for versions that this program does not know.
    pub fn unpack(bytes: &[u8]) -> Option<Self> {
        let (Packed { clock_floor, users }, passes) = match bytes.first()? {
            &WITH_PASSES => {
                let PackedWithPasses { users, passes } = codec::decode_as(WITH_PASSES, bytes)?;
                (users, passes)
            }
            _ => (codec::decode(bytes)?, Vec::new()),
        };
        let users = users.into_iter().map(codec::decode).collect::<Option<_>>()?;
        let passes = passes.into_iter().map(codec::decode).collect::<Option<_>>()?;
        Some(Self { users, passes, clock_floor })
    }

    /// The users and passes of the store in `dir`, as of the last change to one of them, from its
    /// snapshot: the store is neither opened nor locked, and nothing is written. `credential`: the
    /// store's key where it is no file. `None` if there is no store.
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
        let StoredState { users, passes, gate_record, .. } =
            snapshot.contents(&vault).map_err(StoreError::NoSnapshot)?;
        Ok(Some(Self { users, passes, clock_floor: gate_record.clock_floor }))
    }
}

fn encode_each<'r, T: Serialize + 'r>(
    records: impl IntoIterator<Item = &'r T>,
) -> Option<Vec<Zeroizing<Vec<u8>>>> {
    records.into_iter().map(codec::encode).collect()
}

fn slices(records: &[Zeroizing<Vec<u8>>]) -> Vec<&[u8]> {
    records.iter().map(|record| record.as_slice()).collect()
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
    use crate::auth::testing::pass_for;
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

    fn passes() -> Vec<AccessPass> {
        ["anna", "anna", "ben"].map(|user| pass_for(user, &["photos.example.com"]).1).to_vec()
    }

    /// Both forms.
    fn packed() -> [Zeroizing<Vec<u8>>; 2] {
        let users = users();
        let none = PortableUsers::pack(&users, [], T0).expect("packs");
        [none, PortableUsers::pack(&users, &passes(), T0).expect("packs")]
    }

    #[test]
    fn users_and_passes_come_back_as_they_left() {
        let (users, passes) = (users(), passes());
        let packed = PortableUsers::pack(&users, &passes, T0).expect("packs");
        let there = PortableUsers::unpack(&packed).expect("unpacks");
        assert_eq!((there.clock_floor, there.passes), (T0, passes));
        assert!(there.users == users);
    }

    #[test]
    fn without_passes_it_is_the_form_that_older_releases_read() {
        let [without, with] = packed();
        assert_eq!((without[0], with[0]), (1, 2));
        let packed: Packed = codec::decode(&without).expect("what such a release does");
        assert_eq!((packed.clock_floor, packed.users.len()), (T0, 2));
        assert!(codec::decode::<Packed>(&with).is_none(), "the other one it refuses");
        assert!(PortableUsers::unpack(&without).expect("unpacks").passes.is_empty());
    }

    #[test]
    fn a_cut_or_lengthened_form_and_another_version_are_refused() {
        for packed in packed() {
            for length in 0..packed.len() {
                assert!(PortableUsers::unpack(&packed[..length]).is_none(), "{length}");
            }
            assert!(PortableUsers::unpack(&[packed.as_slice(), &[0]].concat()).is_none());
            for other in [0, 3 - packed[0], 3] {
                let mut changed = packed.to_vec();
                changed[0] = other;
                assert!(PortableUsers::unpack(&changed).is_none(), "{other}");
            }
        }
    }

    #[test]
    fn a_record_of_another_version_is_refused() {
        let mut user = codec::encode(&users()[0]).expect("encodes");
        let mut pass = codec::encode(&passes()[0]).expect("encodes");
        let form = |user: &[u8], pass: &[u8]| {
            let users = Packed { clock_floor: T0, users: vec![user] };
            let packed = PackedWithPasses { users, passes: vec![pass] };
            let bytes = codec::encode_as(WITH_PASSES, &packed, 64).expect("encodes");
            PortableUsers::unpack(&bytes).is_some()
        };
        assert!(form(&user, &pass));
        pass[0] += 1;
        assert!(!form(&user, &pass));
        (user[0], pass[0]) = (user[0] + 1, pass[0] - 1);
        assert!(!form(&user, &pass));
    }
}
