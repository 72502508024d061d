//! Something that works, but probably not as meant, and the way out.

use super::advice::Advice;
use super::loaded::Loaded;

/// What will surprise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// What is there, and what comes of it.
    pub found: String,
    /// What to do about it.
    pub remedy: Remedy,
}

/// What puts it right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// A setting that the settings' own checks take.
    Setting(Advice),
    /// Something to decide: half a sentence that says what to do.
    Words(String),
}

impl Warning {
    /// A warning that a setting puts right; `None` where none would be taken.
    pub(super) fn with_setting(found: String, remedy: Option<Advice>) -> Option<Self> {
        remedy.map(|remedy| Self { found, remedy: Remedy::Setting(remedy) })
    }

    /// For a line of the log.
    pub fn in_words(&self, loaded: &Loaded) -> String {
        match &self.remedy {
            Remedy::Setting(advice) => {
                format!("{}; write {}", self.found, advice.in_words(loaded))
            }
            Remedy::Words(words) => format!("{}; {words}", self.found),
        }
    }
}
