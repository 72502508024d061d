//! What the tests of the rules share: users, sessions and randomness that can be told beforehand.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use crate::auth::access_pass::pass_id::PassId;
use crate::auth::access_pass::pass_token::PassToken;
use crate::auth::access_pass::record::{AccessPass, PassName};
use crate::auth::authenticator::Authenticator;
use crate::auth::key_id::KeyId;
use crate::auth::keyring::Keyring;
use crate::auth::policy::host_pattern::HostPattern;
use crate::auth::policy::scope::PlaceScope;
use crate::auth::session::Session;
use crate::auth::user::User;
use crate::auth::user_name::UserName;
use crate::clock::Timestamp;
use crate::entropy::{Entropy, System};
use crate::secret::Secret;

/// When the passes of tests are made.
pub const T0: Timestamp = Timestamp::from_unix(1_800_000_000);

/// Entropy that gives a sequence which its start determines (SplitMix64).
pub struct Counting(pub u64);

impl Counting {
    /// The next number of the sequence.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `limit`.
    pub fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.number() % u64::try_from(limit).unwrap()).unwrap()
    }
}

impl Entropy for Counting {
    fn fill(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let number = self.number().to_le_bytes();
            chunk.copy_from_slice(&number[..chunk.len()]);
        }
    }
}

/// A name.
pub fn name(text: &str) -> UserName {
    UserName::parse(text).unwrap()
}

/// An enabled user with a seed of the own.
pub fn user(text: &str) -> User {
    let start =
        text.bytes().fold(1u64, |sum, byte| sum.wrapping_mul(257).wrapping_add(u64::from(byte)));
    let mut entropy = Counting(start);
    let authenticator = Authenticator::generate(&mut entropy);
    User::new(name(text), authenticator, Timestamp::from_unix(1_600_000_000), &mut entropy)
}

/// A keyring of one key, told apart by `number`.
pub fn keyring(number: u8) -> Keyring {
    Keyring::new(&secret(number), None).unwrap()
}

/// A secret of 48 bytes.
pub fn secret(number: u8) -> Secret {
    Secret::new(vec![number; 48])
}

/// A session of a day.
pub fn session(user: &str, now: Timestamp, key: KeyId, entropy: &mut Counting) -> Session {
    let day = Duration::from_secs(24 * 60 * 60);
    Session::begin(
        name(user),
        now,
        day,
        IpAddr::V4(Ipv4Addr::new(203, 0, 113, 7)),
        b"test",
        key,
        entropy,
    )
}

/// A pass of a day on these hosts.
pub fn pass_for(user: &str, hosts: &[&str]) -> (PassToken, AccessPass) {
    let token = PassToken::generate(&mut System);
    let hosts = hosts.iter().map(|host| HostPattern::parse(host).unwrap()).collect();
    let pass = AccessPass {
        id: PassId::generate(&mut System),
        digest: token.digest(),
        name: PassName::parse("backup of photos").unwrap(),
        user: name(user),
        scope: PlaceScope { hosts, paths: Vec::new(), networks: Vec::new() },
        created: T0,
        expires: T0.plus(Duration::from_secs(24 * 60 * 60)),
        last_used: None,
    };
    (token, pass)
}
