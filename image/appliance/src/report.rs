//! What the start of the card leaves for the verbs that come later: how it went.

use std::io;

use serde::{Deserialize, Serialize};

use crate::accepted::Origin;
use crate::durable::{self, Readers};
use crate::places::Places;

/// How the start went, as sentences for the holder of the card.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Where the settings came from.
    pub origin: Origin,
    /// What is wrong with `appliance.toml`.
    pub problems: Vec<String>,
    /// What came of the requests on the card.
    pub results: Vec<String>,
    /// What could not be done, for no fault of the settings.
    pub failures: Vec<String>,
}

impl Report {
    /// Keeps it until the next start.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn save(&self, places: &Places) -> io::Result<()> {
        let text = serde_json::to_vec(self)?;
        durable::replace(&places.report(), &text, Readers::Owner).map(|_| ())
    }

    /// The one that was kept; an empty one before the first.
    pub fn load(places: &Places) -> Self {
        let bytes =
            durable::read_at_most(&places.report(), 1 << 20).ok().flatten().unwrap_or_default();
        serde_json::from_slice(&bytes).unwrap_or(Self {
            origin: Origin::NoFile,
            problems: Vec::new(),
            results: Vec::new(),
            failures: Vec::new(),
        })
    }
}
