//! Who asks the system what time it is, and for random bytes.
//!
//! Guarantees that the gate and the worker live by the clock and the randomness that they were
//! handed, so that tests move time without a process. Who puts the process together names the
//! system's; so does who waits for the kernel, whose waits no other clock would end. Leaves out
//! tests.

use super::rings::{code, paths};
use super::source::{File, library};

/// What is the system's own.
const OWN: [&str; 5] = [
    "clock::now",
    "clock::monotonic",
    "clock::synchronised",
    "clock::SystemClock",
    "entropy::System",
];

/// Files and folders that may name it, and why.
const ASKERS: [(&str, &str); 7] = [
    ("run.rs", "puts the process together"),
    ("run/", "puts the process together"),
    ("cli/backup.rs", "seals a backup in a process of its own"),
    ("server/", "its deadlines end waits of the kernel"),
    ("telemetry/log.rs", "there is one log, before there is anything else"),
    ("ledger/local/engine.rs", "waits for a lock"),
    ("ledger/local/open_store.rs", "leaves a dying disk alone for a while"),
];

/// The first thing of the system's that a file names.
fn named(file: &File) -> Option<String> {
    paths(&code(file)).into_iter().find(|path| {
        OWN.iter().any(|own| *path == *own || path.ends_with(&format!("::{own}")))
            || ["clock::*", "entropy::*"].iter().any(|all| path.ends_with(all))
    })
}

fn is_of(file: &File, place: &str) -> bool {
    file.path == place || (place.ends_with('/') && file.path.starts_with(place))
}

#[test]
fn only_who_wires_or_waits_asks_the_system_for_time_and_randomness() {
    let files = library();
    for file in files.iter().filter(|file| !file.path.ends_with("testing.rs")) {
        if ASKERS.iter().any(|(place, _)| is_of(file, place)) {
            continue;
        }
        assert_eq!(named(file), None, "src/{}: take a Clock or an Entropy instead", file.path);
    }
    for (place, why) in ASKERS {
        let asks = files.iter().any(|file| is_of(file, place) && named(file).is_some());
        assert!(asks, "src/{place} asks no more: strike it out ({why})");
    }
}

#[test]
fn asking_the_system_is_seen_in_every_way_of_writing_it() {
    for text in [
        "use crate::clock;\nfn f() { clock::now() }",
        "fn f() { self.began.then(clock::monotonic) }",
        "use crate::clock::{self, SystemClock, Timestamp};",
        "use crate::clock::{Timestamp, now};",
        "use crate::clock::*;",
        "use crate::entropy::{Entropy as _, System};",
        "fn f() { g(&mut crate::entropy::System) }",
    ] {
        let file = File { path: "app/gate/login.rs".to_owned(), text: text.to_owned() };
        assert!(named(&file).is_some(), "{text}");
    }
    let harmless = "//! as clock::now does\nuse crate::clock::{Clock, Timestamp};\n\
                    fn f() { self.clock.now(); OpenError::System }\n\
                    #[cfg(test)]\nmod tests { use crate::entropy::System; }";
    let file = File { path: "app/gate/login.rs".to_owned(), text: harmless.to_owned() };
    assert_eq!(named(&file), None);
}
