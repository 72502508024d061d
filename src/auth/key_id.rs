//! The name of a signing key, as tokens and stored sessions carry it.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

/// Names a signing key. It is derived from the key, so a session tells whether the key that signed
/// it is still there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct KeyId(u64);

impl KeyId {
    /// The identifier with this number: from its key, or as it was stored.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }
}

impl fmt::Display for KeyId {
    /// The token's `kid`: 11 characters of base64url.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0.to_be_bytes()))
    }
}
