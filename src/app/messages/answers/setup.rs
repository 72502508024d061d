//! What the command about the first enrolment is answered with.

use serde::{Deserialize, Serialize};

use super::object::{Object, read_members};
use crate::app::messages::secret_text::SecretText;

/// How the enrolment of the first user stands: `init` of a running gate.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Object")]
pub struct SetupStatus {
    /// The set-up page, where a setting tells it.
    pub address: Option<String>,
    /// The set-up code, if it was made just now.
    pub code: Option<SecretText>,
    /// Until when the code is good, by RFC 3339; `None`: it is good no more.
    pub expires: Option<String>,
    /// No user has ever existed.
    pub open: bool,
    /// What the set-up page will show, while the code is good or somebody is at it.
    pub otpauth_url: Option<SecretText>,
    /// Wrong tries that the code still bears.
    pub tries_left: u32,
}

read_members!(SetupStatus { address, code, expires, open, otpauth_url, tries_left });
