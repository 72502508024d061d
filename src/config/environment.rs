//! The process environment, read once and handed down as a value, so that tests bring their own.
//!
//! Has no `Debug`: `JWT_SECRET` may be in it.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// Variables and their values.
#[derive(Clone, Default)]
pub struct Environment(Vec<(OsString, OsString)>);

impl Environment {
    /// What this process was started with.
    pub fn of_process() -> Self {
        Self(std::env::vars_os().collect())
    }

    /// These variables only.
    pub fn of<N: Into<OsString>, V: Into<OsString>>(
        variables: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        Self(variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }

    /// The value of `name`, empty ones included.
    pub fn value(&self, name: &str) -> Option<&OsStr> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_os_str())
    }

    /// The value of `name` as a path; `None` where it is empty.
    pub fn path(&self, name: &str) -> Option<&Path> {
        self.value(name).filter(|value| !value.is_empty()).map(Path::new)
    }

    /// Where systemd put the credential `name`, if it gave one.
    pub fn credential(&self, name: &str) -> Option<PathBuf> {
        let path = self.path("CREDENTIALS_DIRECTORY")?.join(name);
        path.exists().then_some(path)
    }

    /// All names that are text, and their values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &OsStr)> {
        self.0.iter().filter_map(|(name, value)| Some((name.to_str()?, value.as_os_str())))
    }
}
