//! The glossary: each of its words is used where it says, and the words that the field's own have
//! replaced name no file and no type any more.

use std::fs;
use std::path::Path;

use crate::architecture::names::defined;
use crate::architecture::source::{File, appliance, library, tests};

/// Words that were given up; each with what replaced it.
const REPLACED: [(&str, &str); 15] = [
    ("desk", "worker, worker state"),
    ("dialogue", "http1"),
    ("errand", "background job"),
    ("frozen", "read-only"),
    ("grammar", "value"),
    ("look", "offline doctor, refresh"),
    ("mending", "fix"),
    ("operators", "control access"),
    ("shelf", "record cache"),
    ("situation", "status"),
    ("told", "forwarded"),
    ("town", "test stack"),
    ("trail", "audit log"),
    ("visit", "original request"),
    ("witness", "commit high-water mark"),
];

/// The rows of the table: word and file.
fn words(page: &str) -> Vec<(String, String)> {
    let rows = page.lines().filter(|line| line.starts_with("| ")).skip(1);
    let row = |line: &str| {
        let cells: Vec<_> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let [word, _, file] = cells[..] else { panic!("not three columns: {line}") };
        (word.to_owned(), file.trim_matches('`').to_owned())
    };
    rows.map(row).collect()
}

/// `TestStack` and `test_stack.rs` in words: test, stack.
fn parts(name: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    for sign in name.chars() {
        if !sign.is_alphanumeric() || sign.is_uppercase() {
            parts.push(String::new());
        }
        if let Some(part) = parts.last_mut().filter(|_| sign.is_alphanumeric()) {
            part.extend(sign.to_lowercase());
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}

#[test]
fn each_word_of_the_glossary_is_used_where_it_says() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(top.join("docs/glossary.md")).expect("the page");
    let words = words(&page);
    assert!(words.len() > 10, "{words:?}");
    for (word, file) in words {
        let text = fs::read_to_string(top.join(&file)).unwrap_or_else(|error| {
            panic!("{word} is said to be explained in {file}: {error}");
        });
        let text = format!("{file}\n{text}").to_lowercase();
        assert!(word.split(' ').all(|part| text.contains(part)), "{file} knows no {word}");
    }
}

#[test]
fn a_word_that_was_replaced_names_no_file_and_no_type() {
    let named = |file: &File| {
        let types = defined(&file.text).into_iter();
        types.chain([file.path.trim_end_matches(".rs").to_owned()]).collect::<Vec<_>>()
    };
    for file in library().into_iter().chain(appliance()).chain(tests()) {
        for name in named(&file) {
            let found =
                REPLACED.iter().find(|(word, _)| parts(&name).iter().any(|part| part == word));
            assert_eq!(found, None, "{}: {name}", file.path);
        }
    }
}

#[test]
fn names_are_taken_apart_as_they_are_read() {
    assert_eq!(parts("TestStack"), ["test", "stack"]);
    assert_eq!(parts("support/test_stack"), ["support", "test", "stack"]);
    assert_eq!(parts("Http1"), ["http1"]);
}
