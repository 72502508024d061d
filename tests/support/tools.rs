//! Programs that `tests/run` fetches beside the system.

use std::env::var_os;
use std::path::{Path, PathBuf};

/// The program that the environment variable names, else the one of that name among the tools.
pub fn named_or_fetched(variable: &str, name: &str) -> PathBuf {
    var_os(variable).map_or_else(|| folder().join(name), PathBuf::from)
}

/// Where tests/support/machine.sh puts them.
pub fn folder() -> PathBuf {
    let cache = || {
        var_os("XDG_CACHE_HOME").map_or_else(
            || Path::new(&var_os("HOME").unwrap_or_default()).join(".cache"),
            PathBuf::from,
        )
    };
    var_os("TOOLS").map_or_else(|| cache().join("portcullis"), PathBuf::from)
}
