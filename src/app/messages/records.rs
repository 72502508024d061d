//! Users on their way from one store to another.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::app::messages::secret_text::SecretText;

/// Users as the store packs them, in base64. What is in it only a store reads; `Debug` does not
/// show it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String")]
pub struct Records(SecretText);

impl Records {
    /// These octets as text.
    pub fn of(octets: &[u8]) -> Self {
        Self(STANDARD.encode(octets).into())
    }

    /// The octets; `None` if the text is no base64.
    pub fn octets(&self) -> Option<Zeroizing<Vec<u8>>> {
        STANDARD.decode(self.0.expose()).ok().map(Zeroizing::new)
    }
}

impl From<String> for Records {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl fmt::Debug for Records {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Records(…)")
    }
}
