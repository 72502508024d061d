//! Build script: tells the program when it was made, because a clock that shows an earlier time is
//! certainly wrong.
//!
//! The date is `SOURCE_DATE_EPOCH`, else that of the last commit, else 0 (unknown), never the time
//! of the build itself: two builds of one source must be the same bytes. Its variable does not
//! begin with `PORTCULLIS_`, because `cargo run` hands it on to the program, which would take it
//! for a setting.

use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo:rerun-if-env-changed=SOURCE_DATE_EPOCH");
    // What changes with the branch, and with each commit on it. A file that is not there would
    // count as changed.
    for file in ["HEAD", "logs/HEAD"] {
        let place = git(&["rev-parse", "--git-path", file]);
        if let Some(path) = place.filter(|path| Path::new(path).exists()) {
            println!("cargo:rerun-if-changed={path}");
        }
    }
    let date =
        std::env::var("SOURCE_DATE_EPOCH").ok().or_else(|| git(&["log", "-1", "--format=%ct"]));
    let date: u64 = date.and_then(|date| date.trim().parse().ok()).unwrap_or(0);
    println!("cargo:rustc-env=BUILD_DATE_UNIX={date}");
}

/// What git prints; `None` outside of a checkout.
fn git(words: &[&str]) -> Option<String> {
    let done = Command::new("git").args(words).output().ok()?;
    Some(String::from_utf8(done.stdout).ok()?.trim().to_owned()).filter(|text| !text.is_empty())
}
