//! What commands about users are answered with.

use serde::{Deserialize, Serialize};

use super::object::{Object, read_members};
use crate::app::messages::secret_text::SecretText;

/// What goes into a new authenticator app: `user add`, `user rotate`, `user export`, `-generate`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Object")]
pub struct UserCredentials {
    /// The user's name.
    pub name: String,
    /// `otpauth://…`, for a QR code.
    pub otpauth_url: SecretText,
    /// Codes for the day on which the app is lost.
    pub recovery_codes: Vec<SecretText>,
    /// The seed in base32, to be typed.
    pub secret: SecretText,
}

read_members!(UserCredentials { name, otpauth_url, recovery_codes, secret });

/// One user in a list: `user list`, `user disable`, `user enable`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Object")]
pub struct UserLine {
    /// May use the admin pages.
    pub admin: bool,
    /// When the user was added, by RFC 3339.
    pub created: String,
    /// Whether codes are taken.
    pub enabled: bool,
    /// The user's name.
    pub name: String,
    /// Living sessions.
    pub sessions: usize,
}

read_members!(UserLine { admin, created, enabled, name, sessions });

/// All about one user but the seed: `user show`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Object")]
pub struct UserDetails {
    /// May use the admin pages.
    pub admin: bool,
    /// `sha1`, `sha256` or `sha512`.
    pub algorithm: String,
    /// When the user was added, by RFC 3339.
    pub created: String,
    /// Digits of a code: 6 or 8.
    pub digits: u8,
    /// For `Remote-Name`; may be empty.
    pub display_name: String,
    /// For `Remote-Email`; may be empty.
    pub email: String,
    /// Whether codes are taken.
    pub enabled: bool,
    /// For `Remote-Groups`.
    pub groups: Vec<String>,
    /// The user's name.
    pub name: String,
    /// Living passes.
    pub passes: usize,
    /// Living sessions.
    pub sessions: usize,
    /// The last code that was used belongs to a time still to come.
    pub spent_step_in_the_future: bool,
}

read_members!(UserDetails {
    admin,
    algorithm,
    created,
    digits,
    display_name,
    email,
    enabled,
    groups,
    name,
    passes,
    sessions,
    spent_step_in_the_future
});

/// The user is gone: `user remove`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Object")]
pub struct UserRemoved {
    /// The user's name.
    pub name: String,
    /// Always true.
    pub removed: bool,
}

read_members!(UserRemoved { name, removed });
