//! Build script: tells the program when it was made, because a clock that shows an earlier time is certainly wrong.
//!
//! The date is `SOURCE_DATE_EPOCH`, else that of the last commit, else 0 (unknown), never the time of the build itself:
//! two builds of one source must be the same bytes. Its variable does not begin with `PORTCULLIS_`, because `cargo run`
//! hands it on to the program, which would take it for a setting.

use std::process::Command;

fn main() {
    println!("cargo:rerun-if-env-changed=SOURCE_DATE_EPOCH");
    println!("cargo:rerun-if-changed=.git/HEAD");
    let of_commit = || {
        let git = Command::new("git").args(["log", "-1", "--format=%ct"]).output().ok()?;
        String::from_utf8(git.stdout).ok()
    };
    let date = std::env::var("SOURCE_DATE_EPOCH").ok().or_else(of_commit).unwrap_or_default();
    let date: u64 = date.trim().parse().unwrap_or(0);
    println!("cargo:rustc-env=BUILD_DATE_UNIX={date}");
}
