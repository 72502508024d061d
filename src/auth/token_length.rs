//! How long a session token can be: a header with its dot, claims, a dot and a MAC.

use crate::auth::keyring::SigningKey;

/// The MAC of SHA-256 in base64url.
pub(super) const MAC_TEXT: usize = 43;

/// The longest claims that we issue: the longest name, and times of twenty digits.
pub(super) const MAX_CLAIMS: usize = 216;

/// The claims in base64url.
const MAX_CLAIMS_TEXT: usize = MAX_CLAIMS.div_ceil(3) * 4;

/// The longest token worth looking at, in bytes.
pub const MAX_TOKEN: usize = SigningKey::HEADER + MAX_CLAIMS_TEXT + 1 + MAC_TEXT;
