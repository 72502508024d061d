//! What cross 0.2.5 makes of `cross.toml`, seen by a stand-in for the container engine: which
//! image, which variables.
//!
//! No container runs and nothing is fetched: `docker` and `rustup` are stand-ins, first in PATH,
//! and cross is the real one, which `tests/run release` puts among the tools.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::scratch::Scratch;
use crate::support::tools;

const TARGETS: [&str; 4] = [
    "aarch64-unknown-linux-musl",
    "armv7-unknown-linux-musleabihf",
    "arm-unknown-linux-musleabihf",
    "x86_64-unknown-linux-musl",
];

/// How the engine ends: it built nothing.
const BUILT_NOTHING: i32 = 77;

/// Writes down what it is asked, one word a line. cross asks it for help first, to tell Docker from
/// Podman.
const ENGINE: &str = r#"#!/bin/sh
[ "$1" = run ] || { echo Docker; exit 0; }
printf '%s\n' "$@" >"$WRITTEN"
exit 77
"#;

/// Says that everything is installed; asked to install something it fails, because the real one
/// would go to the network.
const RUSTUP: &str = r#"#!/bin/sh
case "$1 $2" in
"toolchain list") echo "$TOOLCHAIN (default)" ;;
"target list") for target in $TARGETS; do echo "$target (installed)"; done ;;
"component list") echo "rust-src (installed)" ;;
*) exit 1 ;;
esac
"#;

fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn program(folder: &Scratch, name: &str, text: &str) {
    let path = folder.write(name, text);
    std::fs::set_permissions(path, PermissionsExt::from_mode(0o755)).expect("a file of ours");
}

/// The folder of the real compiler: rustup's own `rustc` would start rustup, which looks up the
/// toolchain by itself.
fn sysroot() -> PathBuf {
    let said =
        Command::new("rustc").args(["--print", "sysroot"]).output().expect("rustc runs").stdout;
    PathBuf::from(String::from_utf8(said).expect("a path").trim())
}

fn cargo_home() -> PathBuf {
    let home = || PathBuf::from(std::env::var_os("HOME").expect("a home")).join(".cargo");
    std::env::var_os("CARGO_HOME").map_or_else(home, PathBuf::from)
}

fn folder_of_cross() -> PathBuf {
    tools::folder().join("cross-0.2.5/bin")
}

/// The words with which cross starts the engine when `command`, run at the top of the project,
/// comes to it.
fn words_to_the_engine(command: &[&str], config: Option<&str>) -> Vec<String> {
    let cross = folder_of_cross();
    assert!(
        cross.join("cross").is_file(),
        "no cross in {}: tests/run release installs it",
        cross.display()
    );
    let folder = Scratch::new("cross");
    program(&folder, "docker", ENGINE);
    program(&folder, "rustup", RUSTUP);
    let written = folder.path().join("words");
    let sysroot = sysroot();
    let toolchain = sysroot.file_name().expect("a toolchain has a name");
    let path =
        [folder.path(), &cross, &sysroot.join("bin"), Path::new("/usr/bin"), Path::new("/bin")];

    let [name, words @ ..] = command else { panic!("no command") };
    let mut command = Command::new(name);
    command.current_dir(top()).args(words);
    command.env_clear().env("PATH", std::env::join_paths(path).expect("no colon in these"));
    // cross makes a folder for xargo's cache, which we have no use for; the crates are those that
    // were fetched already.
    command
        .env("HOME", folder.path())
        .env("XARGO_HOME", folder.path().join("xargo"))
        .env("CARGO_HOME", cargo_home());
    command.env("WRITTEN", &written).env("TOOLCHAIN", toolchain).env("TARGETS", TARGETS.join(" "));
    command.env("SOURCE_DATE_EPOCH", "1700000000");
    if let Some(config) = config {
        command.env("CROSS_CONFIG", config);
    }
    let done = command.output().expect("it starts");
    let said = String::from_utf8_lossy(&done.stderr);
    assert_eq!(done.status.code(), Some(BUILT_NOTHING), "the engine's own end: {said}");
    let words = std::fs::read_to_string(&written)
        .unwrap_or_else(|_| panic!("it never asked the engine: {said}"));
    words.lines().map(str::to_owned).collect()
}

fn cross(words: &[&str], config: Option<&str>) -> Vec<String> {
    let cross = folder_of_cross().join("cross");
    let command =
        [&[cross.to_str().expect("a path of ours"), "build", "--release", "--locked"], words]
            .concat();
    words_to_the_engine(&command, config)
}

/// Variables (`-e`) with their values, empty where cross hands on its own.
fn variables(words: &[String]) -> BTreeMap<&str, &str> {
    let names = words
        .iter()
        .zip(words.iter().skip(1))
        .filter(|(option, _)| *option == "-e")
        .map(|(_, word)| word);
    names.map(|word| word.split_once('=').unwrap_or((word, ""))).collect()
}

/// `image` and `runner` of a target in our file.
fn settings(target: &str) -> (String, String) {
    let text = std::fs::read_to_string(top().join("cross.toml")).expect("cross.toml is there");
    let file: toml::Table = text.parse().expect("TOML");
    let value = |key: &str| file["target"][target][key].as_str().expect("text").to_owned();
    (value("image"), value("runner"))
}

/// What the engine is told for `target`, whoever asked.
fn is_told_our_settings(words: &[String], target: &str) {
    let (image, runner) = settings(target);
    let variables = variables(words);
    assert!(words.contains(&image), "{target}: {words:?}");
    assert_eq!(variables.get("CROSS_RUNNER"), Some(&runner.as_str()), "{target}: {words:?}");
    assert_eq!(variables.get("SOURCE_DATE_EPOCH"), Some(&""), "{target}: {words:?}");
    assert!(
        words.last().is_some_and(|last| last.contains("cargo") && last.contains(target)),
        "{words:?}"
    );
}

#[test]
#[ignore = "for tests/run release, which compiles cross"]
fn cross_hands_on_what_cross_toml_says_for_each_target() {
    for target in TARGETS {
        is_told_our_settings(&cross(&["--target", target], Some("cross.toml")), target);
    }
}

#[test]
#[ignore = "for tests/run release, which compiles cross"]
fn cross_builds_for_64_bit_boards_by_default() {
    is_told_our_settings(&cross(&[], Some("cross.toml")), TARGETS[0]);
}

/// The reason for CROSS_CONFIG, and the proof that the tests beside this one can fail.
#[test]
#[ignore = "for tests/run release, which compiles cross"]
fn cross_that_is_not_told_of_the_file_hands_nothing_on() {
    let words = cross(&["--target", TARGETS[0]], None);
    let variables = variables(&words);
    assert_eq!(variables.get("CROSS_RUNNER"), Some(&""), "{words:?}");
    assert_eq!(variables.get("SOURCE_DATE_EPOCH"), None, "{words:?}");
}

/// No variable asks for it: cross and an engine that answers are there, and the target is not
/// installed.
#[test]
#[ignore = "for tests/run release, which compiles cross"]
fn the_script_takes_cross_where_it_is_and_tells_it_of_the_file() {
    let target = TARGETS[2];
    is_told_our_settings(&words_to_the_engine(&["image/binary", target], None), target);
}
