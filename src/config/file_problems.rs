//! What is wrong with the tables of the file, as it is found.

use std::path::Path;

use super::sources::{ConfigProblem, SettingSource};

/// Problems, each with its line of one file.
pub(super) struct FileProblems<'p> {
    /// The file.
    pub(super) path: &'p Path,
    /// All there are so far.
    pub(super) found: &'p mut Vec<ConfigProblem>,
}

impl FileProblems<'_> {
    /// Notes one; the line is counted from 1.
    pub(super) fn add(&mut self, line: usize, message: String) {
        let place = Some(SettingSource::File(self.path.to_owned(), line));
        self.found.push(ConfigProblem { place, message });
    }
}
