//! What a session token says, once it was found genuine.

use crate::auth::key_id::KeyId;
use crate::auth::session::SessionId;
use crate::clock::Timestamp;

/// What a genuine token says. Genuine is not living: see
/// [`crate::auth::sessions::Sessions::admit`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claims<'s> {
    /// Whose session: a user name in its one spelling.
    pub sub: &'s str,
    /// When it was issued.
    pub iat: Timestamp,
    /// When it ends at the latest.
    pub exp: Timestamp,
    /// Which session.
    pub jti: SessionId,
    /// The key that signed it.
    pub key: KeyId,
}
