//! One type name, one meaning: who reads it somewhere knows which type it is.
//!
//! Counts structures, enumerations, unions, traits and aliases. Leaves out tests, and the types
//! that a trait has its implementations name.

use std::collections::{BTreeMap, BTreeSet};

use super::lexer::bare;
use super::source::{File, appliance, library};

const KEYWORDS: [&str; 5] = ["struct", "enum", "union", "trait", "type"];

/// The modules that are there for tests alone: `#[cfg(test)] mod testing;`.
fn of_tests(files: &[File]) -> BTreeSet<String> {
    let mut modules = BTreeSet::new();
    for file in files {
        let folder = file.path.trim_end_matches(".rs").trim_end_matches("mod");
        let folder = folder.trim_end_matches('/');
        for declared in file.text.split("#[cfg(test)]\n").skip(1) {
            let line = declared.lines().next().unwrap_or_default();
            if let Some((_, name)) = line.trim_end_matches(';').rsplit_once("mod ")
                && line.ends_with(';')
            {
                modules.insert(format!("{folder}/{name}.rs"));
            }
        }
    }
    modules
}

/// The types that are defined in a text of Rust.
pub fn defined(text: &str) -> Vec<String> {
    let code = bare(text);
    let mut found = Vec::new();
    for line in code.lines() {
        // An alias that is not at the top belongs to a trait.
        let is_inside = line.starts_with(' ');
        let mut words = line.split(|sign: char| !sign.is_alphanumeric() && sign != '_');
        let keyword = words.by_ref().find(|word| !["", "pub", "super", "crate"].contains(word));
        let is_type = keyword.is_some_and(|word| KEYWORDS.contains(&word));
        if !is_type || (keyword == Some("type") && is_inside) {
            continue;
        }
        let name = words.next().unwrap_or_default();
        if name.starts_with(char::is_uppercase) {
            found.push(name.to_owned());
        }
    }
    found
}

/// The names that several types have, with the files.
fn twins(files: &[File]) -> BTreeMap<String, Vec<String>> {
    let apart = of_tests(files);
    let mut places = BTreeMap::<String, Vec<String>>::new();
    for file in files.iter().filter(|file| !apart.contains(&file.path)) {
        for name in defined(file.text_without_tests()) {
            places.entry(name).or_default().push(file.path.clone());
        }
    }
    places.retain(|_, files| files.len() > 1);
    places
}

#[test]
fn a_type_name_has_one_meaning() {
    assert_eq!(twins(&library()), BTreeMap::new(), "give each a name that says what it is");
}

#[test]
fn a_type_name_of_the_appliance_has_one_meaning() {
    assert_eq!(twins(&appliance()), BTreeMap::new());
}

#[test]
fn a_twin_is_seen_in_every_way_of_writing_it() {
    let file = |path: &str, text: &str| File { path: path.to_owned(), text: text.to_owned() };
    for text in [
        "struct Same;",
        "pub(crate) enum Same<'a> {}",
        "pub trait Same: Sized {}",
        "pub(super) type Same = u8;",
        "mod inside {\n    pub union Same {}\n}",
    ] {
        let found = twins(&[file("a/one.rs", "pub struct Same(u8);"), file("b/two.rs", text)]);
        assert!(found.contains_key("Same"), "{text}");
    }
    for text in [
        "// pub struct Same;",
        "/*\nstruct Same;\n*/",
        "const A: &str = \"\nstruct Same;\n\";",
        "impl Iterator for A {\n    type Same = u8;\n}",
        "use a::one::Same;",
        "struct A;\n#[cfg(test)]\nmod tests {\n    struct Same;\n}",
    ] {
        let found = twins(&[file("a/one.rs", "pub struct Same(u8);"), file("b/two.rs", text)]);
        assert!(found.is_empty(), "{text}: {found:?}");
    }
    let files = [
        file("a/mod.rs", "pub mod one;\n#[cfg(test)]\npub mod testing;"),
        file("a/one.rs", "struct Same;"),
        file("a/testing.rs", "pub struct Same;"),
    ];
    assert_eq!(twins(&files), BTreeMap::new());
}
