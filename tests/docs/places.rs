//! What the pages say of the code is true: each file is there, and holds what it is said to hold.

use std::fs;
use std::path::Path;

use super::pages;

/// `README.md` and what is in `docs` and `tests`.
fn all_pages() -> Vec<(String, String)> {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let others = ["README.md", "tests/README.md", "image/README.md", "tests/vectors/cves.md"];
    let read = |name: &str| {
        let text =
            fs::read_to_string(top.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        (name.to_owned(), text)
    };
    let in_docs = pages().into_iter().map(|(path, text)| (path.display().to_string(), text));
    others.map(read).into_iter().chain(in_docs).collect()
}

/// What stands in backquotes, with the text that follows.
fn quoted(page: &str) -> impl Iterator<Item = (&str, &str)> {
    let parts: Vec<_> = page.split('`').collect();
    let pairs = (1..parts.len()).step_by(2);
    pairs
        .map(|at| (parts[at], parts.get(at + 1).copied().unwrap_or_default()))
        .collect::<Vec<_>>()
        .into_iter()
}

fn is_code(name: &str) -> bool {
    let of_code =
        ["src/", "image/appliance/src/", "tests/"].iter().any(|top| name.starts_with(top));
    of_code && name.ends_with(".rs")
}

#[test]
fn every_file_of_code_that_a_page_names_is_there() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut seen = 0;
    for (page, text) in all_pages() {
        for (name, _) in quoted(&text).filter(|(name, _)| is_code(name)) {
            assert!(top.join(name).is_file(), "{page} names {name}");
            seen += 1;
        }
    }
    assert!(seen > 40, "{seen}");
}

/// "`name` in `file`"
#[test]
fn what_is_said_to_be_in_a_file_is_in_it() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut seen = 0;
    for (page, text) in all_pages() {
        let words: Vec<_> = quoted(&text).collect();
        for pair in words.windows(2) {
            let ((name, between), (file, _)) = (pair[0], pair[1]);
            if between.split_whitespace().collect::<Vec<_>>() != ["in"] || !is_code(file) {
                continue;
            }
            let code = fs::read_to_string(top.join(file))
                .unwrap_or_else(|error| panic!("{file}: {error}"));
            let defined = ["fn ", "struct ", "enum ", "const ", "static ", "type "]
                .iter()
                .any(|kind| code.contains(&format!("{kind}{name}")));
            let is_variant = code.lines().any(|line| line.trim_start().starts_with(name));
            assert!(defined || is_variant, "{page}: there is no {name} in {file}");
            seen += 1;
        }
    }
    assert!(seen > 15, "{seen}");
}
