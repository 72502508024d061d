//! Build script: tells the program when it was made, because a clock that shows an earlier time is
//! certainly wrong, and which proxies there are a file for.
//!
//! The date is `SOURCE_DATE_EPOCH`, else that of the last commit, else 0 (unknown), never the time
//! of the build itself: two builds of one source must be the same bytes. Its variable does not
//! begin with `PORTCULLIS_`, because `cargo run` hands it on to the program, which would take it
//! for a setting.

use std::fs;
use std::path::Path;
use std::process::Command;

fn main() {
    list_proxies(Path::new("src/proxies"));
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

/// Writes `proxies.rs`: the `PROXY` of each file of the folder that has one, in the order of the
/// files' names. None without the folder.
fn list_proxies(folder: &Path) {
    println!("cargo:rerun-if-changed={}", folder.display());
    let files = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<_> = files
        .filter(|file| {
            let text = fs::read_to_string(file.path()).unwrap_or_default();
            text.contains("\npub static PROXY: ReverseProxy = ")
        })
        .filter_map(|file| Some(file.path().file_stem()?.to_str()?.to_owned()))
        .collect();
    names.sort();
    let entries: String = names.iter().map(|name| format!("&super::{name}::PROXY, ")).collect();
    let list = format!("/// Every proxy.\npub static ALL: &[&ReverseProxy] = &[{entries}];\n");
    let place = std::env::var_os("OUT_DIR").expect("cargo names it");
    fs::write(Path::new(&place).join("proxies.rs"), list).expect("cargo made it");
}

/// What git prints; `None` outside of a checkout.
fn git(words: &[&str]) -> Option<String> {
    let done = Command::new("git").args(words).output().ok()?;
    Some(String::from_utf8(done.stdout).ok()?.trim().to_owned()).filter(|text| !text.is_empty())
}
