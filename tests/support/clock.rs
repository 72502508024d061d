//! The clock that the programs under test see: the test's own, one that a test moves, or one that
//! is certainly wrong.
//!
//! A test may itself run at another moment, under a libfaketime that adds to the true clock
//! (`FAKETIME=+SECONDS`, as `tests/dates` does). The programs that it starts then run at that
//! moment too, and what a test moves a clock by counts from there. Leaves the monotonic clock
//! alone.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use portcullis::auth::trusted_time::BUILT;
use portcullis::clock::Timestamp;

/// What says where a program runs.
const PLACE: [&str; 3] = ["TZ", "LC_ALL", "LOCPATH"];
/// What says when, if `FAKETIME` is set.
const TIME: [&str; 4] =
    ["FAKETIME", "LD_PRELOAD", "FAKETIME_DISABLE_SHM", "FAKETIME_DONT_FAKE_MONOTONIC"];

/// A time that no true clock shows: an hour before the program was built, however long ago that is.
pub fn before_the_build() -> Timestamp {
    assert!(
        BUILT.unix() > 0,
        "this build has no date: set SOURCE_DATE_EPOCH, or build in a checkout"
    );
    BUILT.minus(Duration::from_secs(3_600))
}

/// How many seconds the test's own clock is ahead of the true one.
pub fn ahead() -> i64 {
    let Ok(text) = std::env::var(TIME[0]) else { return 0 };
    text.parse()
        .unwrap_or_else(|_| panic!("FAKETIME={text}: only +SECONDS and -SECONDS are understood"))
}

/// The variables that put a program where and when the test is.
pub fn surroundings() -> impl Iterator<Item = (&'static str, OsString)> {
    let time = TIME.iter().filter(|_| std::env::var_os(TIME[0]).is_some());
    PLACE.iter().chain(time).filter_map(|name| Some((*name, std::env::var_os(name)?)))
}

/// `LD_PRELOAD` with these libraries, behind the one that moves the test's own clock.
pub fn preloaded(libraries: &[&Path]) -> String {
    let before = std::env::var(TIME[0]).and_then(|_| std::env::var("LD_PRELOAD")).ok();
    let libraries = libraries.iter().map(|path| path.display().to_string());
    before.into_iter().chain(libraries).collect::<Vec<_>>().join(":")
}

/// Debian's package `faketime` brings it.
pub fn libfaketime() -> PathBuf {
    let entries = std::fs::read_dir("/usr/lib").expect("the directory of libraries");
    let mut found = entries.flatten().map(|entry| entry.path().join("faketime/libfaketime.so.1"));
    found.find(|path| path.exists()).expect("libfaketime; tests/run installs what is missing")
}
