//! The project's shape, read from the source itself: which part may know which, and what every file
//! owes its reader.
//!
//! Guarantees that the rules are still pure (`auth` knows neither messages nor the ledger), that
//! one file alone holds `unsafe`, and that no file grows past a sitting. Leaves out what the
//! compiler and clippy see.

mod clock;
mod lexer;
pub mod names;
mod proxies;
mod rings;
mod sent_headers;
pub mod source;
mod waits;

use source::{File, appliance, library, tests};

/// Each part of the library and the parts it may name. Every arrow points to a row further down, so
/// there is no cycle.
///
/// From the top: wiring, which builds everything once; what answers a request; what a setting is;
/// the shell, the only part that waits, and the wire format; the ledger, the only part that knows
/// sled; the rules, pure; leaves.
const LAYERS: [(&str, &[&str]); 19] = [
    ("main", &["cli", "run", "sys"]),
    (
        "run",
        &["app", "auth", "cli", "clock", "config", "entropy", "secret", "server", "ledger", "sys"],
    ),
    ("cli", &["app", "proxies", "backup", "config", "entropy", "secret", "telemetry", "qr"]),
    // `server` for the trait it implements: the shell calls the gate without knowing it.
    (
        "app",
        &[
            "telemetry",
            "proxies",
            "config",
            "server",
            "original",
            "http",
            "ledger",
            "auth",
            "clock",
            "entropy",
            "secret",
            "qr",
        ],
    ),
    ("telemetry", &["config", "clock"]),
    // `config` for what it prints.
    ("proxies", &["config", "original"]),
    // Settings are parsed into the types of those who live by them.
    ("config", &["server", "original", "http", "auth", "entropy", "secret"]),
    ("server", &["http", "clock", "sys"]),
    // What the headers of a message say about another one.
    ("original", &["http"]),
    ("http", &[]),
    // A file; what its records mean it does not know.
    ("backup", &["entropy", "secret"]),
    // `auth` for its plain records alone; `sys` for what is done to sled's descriptors.
    ("ledger", &["auth", "clock", "entropy", "secret", "sys"]),
    ("auth", &["clock", "entropy", "secret"]),
    ("clock", &["sys"]),
    ("entropy", &[]),
    ("secret", &[]),
    ("qr", &[]),
    ("sys", &[]),
    // Runs before there is anything else.
    ("build", &[]),
];

/// The longest file that can be read at a sitting, in lines without tests.
const LONGEST: usize = 350;

/// What a page of code is wide, in characters; `rustfmt` cannot break every string.
const WIDEST: usize = 100;

/// The names of drawers into which everything fits.
const DRAWERS: [&str; 7] = ["common", "helpers", "misc", "shared", "types", "util", "utils"];

fn row(part: &str) -> Option<usize> {
    LAYERS.iter().position(|(name, _)| *name == part)
}

/// What `files` name and may not.
fn upward(files: &[File]) -> Vec<String> {
    let mut wrong = Vec::new();
    for file in files {
        let part = file.part();
        let allowed = row(part).map_or(&[][..], |at| LAYERS[at].1);
        for (line, named) in file.arrows() {
            if named != part && !allowed.contains(&named) {
                wrong.push(format!("src/{}:{line}: {part} may not know {named}", file.path));
            }
        }
    }
    wrong
}

#[test]
fn the_table_of_layers_points_downward() {
    for (at, (part, below)) in LAYERS.iter().enumerate() {
        for name in *below {
            assert!(
                row(name).is_some_and(|row| row > at),
                "{part} -> {name} points upward, or nowhere"
            );
        }
    }
}

#[test]
fn each_part_is_in_the_table_and_each_row_is_there() {
    let files = library();
    for file in &files {
        assert!(
            file.part() == "lib" || row(file.part()).is_some(),
            "src/{} belongs to no layer",
            file.path
        );
    }
    for (part, _) in LAYERS {
        assert!(files.iter().any(|file| file.part() == part), "there is no {part}");
    }
}

#[test]
fn no_part_knows_what_is_above_it() {
    let wrong = upward(&library());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn an_upward_arrow_is_seen_in_every_way_of_writing_it() {
    let texts = [
        "use crate::app::gate::state::Gate;",
        "    use crate::app;",
        "use crate::{clock, app::Gate};",
        "use crate::{\n    clock::{self, Timestamp},\n    app::Gate,\n};",
        "fn f() -> crate::app::gate::state::Gate {}",
        "use portcullis::app::Gate;",
    ];
    for text in texts {
        let file = File { path: "auth/totp.rs".to_owned(), text: text.to_owned() };
        let wrong = upward(std::slice::from_ref(&file));
        assert!(
            wrong.len() == 1 && wrong[0].contains("auth may not know app"),
            "{text}: {wrong:?}"
        );
    }
    let harmless = File {
        path: "auth/totp.rs".to_owned(),
        text: "//! as crate::app does\nuse crate::clock;".to_owned(),
    };
    assert_eq!(upward(&[harmless]), Vec::<String>::new());
}

/// The gate and the appliance's own program.
fn both_programs() -> impl Iterator<Item = File> {
    library().into_iter().chain(appliance())
}

#[test]
fn each_file_says_what_it_is_for() {
    for file in both_programs() {
        assert!(file.text.starts_with("//!"), "src/{} does not start with //!", file.path);
    }
}

#[test]
fn each_file_can_be_read_at_a_sitting() {
    for file in both_programs() {
        let lines = file.lines_without_tests();
        assert!(lines <= LONGEST, "src/{} has {lines} lines; split it by its nouns", file.path);
    }
}

/// Lines that are too wide are strings, and few.
#[test]
fn lines_are_no_wider_than_a_page() {
    let (mut lines, mut wide) = (0_usize, 0_usize);
    for file in both_programs().chain(tests()) {
        for (at, line) in file.text.lines().enumerate() {
            lines += 1;
            if line.chars().count() <= WIDEST {
                continue;
            }
            wide += 1;
            let is_prose = line.trim_start().starts_with("//");
            assert!(!is_prose, "{}:{}: {line}", file.path, at + 1);
        }
    }
    assert!(wide * 50 < lines, "{wide} of {lines} lines are wider than {WIDEST} characters");
}

#[test]
fn no_module_is_a_drawer() {
    for file in both_programs() {
        let drawer =
            file.path.trim_end_matches(".rs").split('/').find(|name| DRAWERS.contains(name));
        assert_eq!(drawer, None, "src/{}: name what it holds", file.path);
    }
}

#[test]
fn unsafe_stands_in_one_file() {
    for file in both_programs().filter(|file| file.path != "sys.rs") {
        let found = file.code().find(|(_, code)| source::words(code).any(|word| word == "unsafe"));
        assert_eq!(
            found, None,
            "src/{}: system calls without a safe wrapper belong in src/sys.rs",
            file.path
        );
    }
}

/// Who writes past the console writes what could move a terminal's cursor. The passphrase is asked
/// for in words of our own.
#[test]
fn the_console_and_the_log_are_the_only_ways_out() {
    let ways = ["cli/command_line.rs", "cli/console.rs", "run.rs", "telemetry/log.rs"];
    for file in library().into_iter().filter(|file| !ways.contains(&file.path.as_str())) {
        let found = file
            .code()
            .find(|(_, code)| code.contains("io::stdout") || code.contains("io::stderr"));
        assert_eq!(found, None, "src/{}: say it through cli::console::Console", file.path);
    }
}

/// How many days back a clock is certainly wrong depends on when the program was built:
/// `support::clock` knows a time that always is. An hour is for tests that take either answer.
#[test]
fn no_test_guesses_how_old_the_program_is() {
    let call = concat!("shift_", "clock(-");
    let harmless =
        |back: &str| back == "HOUR" || back.parse().is_ok_and(|seconds: u32| seconds <= 3_600);
    for file in tests() {
        for (line, code) in file.code() {
            let back = code.split(call).skip(1).filter_map(|rest| rest.split(')').next());
            let guess = back.map(|back| back.replace('_', "")).find(|back| !harmless(back));
            assert_eq!(
                guess, None,
                "tests/{}:{line}: use set_clock(before_the_build())",
                file.path
            );
        }
    }
}
