//! The cookie of a device where somebody has logged in before. It opens nothing: it only spares
//! those users the budget that all strangers share.
//!
//! Own key, own format, never a JWT. In base64url without padding:
//!
//! ```text
//! version=1 (1)  issued, seconds (8)  users (1)
//! { length (1)  name  generation (4) }…  HMAC-SHA-256 (32)
//! ```
//!
//! Numbers are big-endian; the MAC covers a label and everything before it. An entry counts while
//! the user's generation is still the same, so disable, rotate and revoke end it without a list of
//! devices.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::auth::user::User;
use crate::auth::user_name::UserName;
use crate::clock::Timestamp;
use crate::secret::Secret;

/// How long a cookie is good, and its `Max-Age`.
pub const LIFETIME: Duration = Duration::from_secs(180 * 24 * 60 * 60);

/// How many users one device can be bound to; the one bound longest ago goes first.
pub const MAX_USERS: usize = 8;

/// A cookie that claims to be younger than now is still taken if it is by no more than this.
const CLOCK_LEEWAY: Duration = Duration::from_secs(60);

const LABEL: &[u8] = b"portcullis device cookie\0";
const VERSION: u8 = 1;
const MAC: usize = 32;
const MAX_BYTES: usize = 1 + 8 + 1 + MAX_USERS * (1 + UserName::MAX_BYTES + 4) + MAC;
const MAX_TEXT: usize = MAX_BYTES.div_ceil(3) * 4;

/// The key of the device cookies.
#[derive(Clone)]
pub struct DeviceKey(Hmac<Sha256>);

impl DeviceKey {
    /// A key of 256 random bits.
    #[cfg_attr(not(test), expect(clippy::expect_used, reason = "HMAC takes a key of any length"))]
    pub fn new(key: &Secret) -> Self {
        Self(Hmac::new_from_slice(key.expose()).expect("HMAC takes a key of any length"))
    }

    fn mac(&self, body: &[u8]) -> Hmac<Sha256> {
        self.0.clone().chain_update(LABEL).chain_update(body)
    }
}

/// The users that have logged in on a device, the latest last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Device {
    users: heapless::Vec<(UserName, u32), MAX_USERS>,
}

impl Device {
    /// Binds the device to this user too, with the generation that counts now; the user bound
    /// longest ago goes if there are too many.
    pub fn bind(&mut self, user: &User) {
        self.push(user.name.clone(), user.generation);
    }

    /// Whether this user's guesses are spared the strangers' budget.
    pub fn knows(&self, user: &User) -> bool {
        user.enabled
            && self
                .users
                .iter()
                .any(|(name, generation)| *name == user.name && *generation == user.generation)
    }

    /// The users and generations that it is bound to, whether they still count or not.
    pub fn users(&self) -> &[(UserName, u32)] {
        &self.users
    }

    /// The cookie's value, good for [`LIFETIME`] from now.
    pub fn mint(&self, key: &DeviceKey, now: Timestamp) -> String {
        mint(&self.users, key, now)
    }

    fn push(&mut self, name: UserName, generation: u32) {
        self.users.retain(|(other, _)| *other != name);
        if self.users.is_full() {
            self.users.remove(0);
        }
        // There is room: one was just taken out if there was none.
        let _ = self.users.push((name, generation));
    }
}

/// The value of a cookie bound to `users` and their generations; of more than [`MAX_USERS`] the
/// last ones.
pub fn mint(users: &[(UserName, u32)], key: &DeviceKey, now: Timestamp) -> String {
    let mut device = Device::default();
    for (name, generation) in users {
        device.push(name.clone(), *generation);
    }
    let mut body = Vec::with_capacity(MAX_BYTES);
    body.push(VERSION);
    body.extend(now.unix().to_be_bytes());
    body.extend(u8::try_from(device.users.len()));
    for (name, generation) in &device.users {
        body.extend(u8::try_from(name.as_str().len()));
        body.extend(name.as_str().bytes());
        body.extend(generation.to_be_bytes());
    }
    let mac = key.mac(&body).finalize().into_bytes();
    body.extend(mac);
    URL_SAFE_NO_PAD.encode(body)
}

/// Reads a cookie's value as it was sent; `None` if it is forged, broken, too old or from the
/// future.
pub fn read(value: &[u8], key: &DeviceKey, now: Timestamp) -> Option<Device> {
    if value.len() > MAX_TEXT {
        return None;
    }
    let mut room = [0; MAX_BYTES + 2];
    let written = URL_SAFE_NO_PAD.decode_slice(value, &mut room).ok()?;
    let (body, mac) = room.get(..written)?.split_last_chunk::<MAC>()?;
    key.mac(body).verify_slice(mac).ok()?;

    let (version, rest) = body.split_first()?;
    let (issued, rest) = rest.split_first_chunk()?;
    let (count, mut rest) = rest.split_first()?;
    let issued = Timestamp::from_unix(u64::from_be_bytes(*issued));
    if *version != VERSION || now.since(issued) > LIFETIME || issued > now.plus(CLOCK_LEEWAY) {
        return None;
    }
    let mut device = Device::default();
    for _ in 0..*count {
        let (length, after) = rest.split_first()?;
        let (name, after) = after.split_at_checked(usize::from(*length))?;
        let (generation, after) = after.split_first_chunk()?;
        let name = UserName::parse(std::str::from_utf8(name).ok()?).ok()?;
        device.users.push((name, u32::from_be_bytes(*generation))).ok()?;
        rest = after;
    }
    rest.is_empty().then_some(device)
}

#[cfg(test)]
#[path = "device_tests.rs"]
mod tests;
