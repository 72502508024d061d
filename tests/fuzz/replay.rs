//! The seeds of all fuzz targets, each held against its target's property without the engine. New
//! inputs are looked for by `tests/fuzz/run`, which needs minutes to build.

#[path = "random_rules.rs"]
mod random_rules;

use std::fs;
use std::path::{Path, PathBuf};

/// What the engine's macro of this name does with one input, as a function.
macro_rules! fuzz_target {
    (|$bytes:ident: &[u8]| $body:block) => {
        pub fn hold($bytes: &[u8]) $body
    };
    (|$input:ident: $type:ty| $body:block) => {
        pub fn hold(bytes: &[u8]) {
            use arbitrary::{Arbitrary, Unstructured};
            if bytes.len() < <$type as Arbitrary>::size_hint(0).0 {
                return;
            }
            let Ok($input) = <$type as Arbitrary>::arbitrary_take_rest(Unstructured::new(bytes)) else { return };
            $body
        }
    };
}

macro_rules! targets {
    ($($name:ident)*) => {
        mod targets {
            $(pub mod $name;)*
        }

        const TARGETS: &[&str] = &[$(stringify!($name)),*];

        mod the_seeds_hold {
            $(
                #[test]
                fn $name() {
                    super::replay(stringify!($name), super::targets::$name::hold);
                }
            )*
        }
    };
}

targets! {
    backup card_settings chunked_body command config cookie device_cookie form forwarded log_line
    pass_header record request_head return_address rules setting token typed
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz").join(name)
}

fn replay(target: &str, hold: fn(&[u8])) {
    let mut seeds: Vec<_> = fs::read_dir(folder("seeds").join(target))
        .expect("seeds")
        .map(|entry| entry.expect("a seed").path())
        .collect();
    seeds.sort();
    assert!(!seeds.is_empty(), "{target} has no seeds");
    for seed in seeds {
        // Shown only when the property fails.
        println!("{}", seed.display());
        hold(&fs::read(seed).expect("a seed"));
    }
}

#[test]
fn no_target_is_left_out() {
    let files = fs::read_dir(folder("targets"))
        .expect("the targets")
        .map(|entry| entry.expect("a target").path());
    let mut found: Vec<_> =
        files.map(|path| path.file_stem().unwrap().to_string_lossy().into_owned()).collect();
    found.sort();
    assert_eq!(found, TARGETS, "tests/fuzz/replay.rs replays what is in tests/fuzz/targets");
}
