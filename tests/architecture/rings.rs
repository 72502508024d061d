//! Files that know each other in a circle: who changes one of them must understand all.
//!
//! Guarantees: every path of a `use`, and every path in code that begins at `crate`, `super` or
//! `self`, is followed to the file that it leads into; a `mod.rs` is a file like any. Tests and
//! comments are left out, and so are methods, which are called without a path.

use std::collections::{BTreeMap, BTreeSet};

use super::lexer::bare;
use super::source::{File, library, words};

/// A file by the path of its module: `["app", "verify"]`.
type Module = Vec<String>;

fn module(file: &File) -> Module {
    let path = file.path.trim_end_matches(".rs").trim_end_matches("/mod");
    path.split('/').map(str::to_owned).collect()
}

/// The code without tests, comments and strings, on one line.
pub(super) fn code(file: &File) -> String {
    bare(file.text_without_tests()).replace('\n', " ")
}

/// The paths that a tree of a `use` stands for.
fn expanded(tree: &str) -> Vec<String> {
    let tree = tree.trim();
    let Some((before, rest)) = tree.split_once('{') else {
        return vec![tree.split(" as ").next().unwrap_or_default().trim().to_owned()];
    };
    let (mut paths, mut depth, mut start) = (Vec::new(), 0_usize, 0);
    for (at, sign) in rest.char_indices() {
        match sign {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ',' | '}' if depth == 0 => {
                let part = &rest[start..at];
                let own = expanded(part).into_iter().filter(|path| !path.is_empty());
                paths.extend(own.map(|path| format!("{before}{path}")));
                start = at + 1;
            }
            _ => {}
        }
    }
    paths
}

/// All paths in a file's code.
pub(super) fn paths(code: &str) -> Vec<String> {
    let mut paths = Vec::new();
    let mut rest = String::new();
    for (at, part) in code.split(';').enumerate() {
        let tree = part.rfind("use ").filter(|begin| {
            part[..*begin].trim_end().is_empty()
                || part[..*begin].ends_with(|sign: char| " })".contains(sign))
        });
        match tree {
            Some(begin) => {
                paths.extend(expanded(&part[begin + 4..]));
                rest.push_str(&part[..begin]);
            }
            None => rest.push_str(part),
        }
        if at > 0 {
            rest.push(';');
        }
    }
    let is_path = |sign: char| sign.is_alphanumeric() || sign == '_' || sign == ':';
    let spelled = rest.split(|sign| !is_path(sign)).filter(|word| word.contains("::"));
    paths.extend(spelled.map(str::to_owned));
    paths
}

/// The file that a path in `from` leads into.
fn target(from: &Module, path: &str, modules: &BTreeSet<Module>) -> Option<Module> {
    let mut names = path.split("::").map(str::trim).peekable();
    let mut at = match *names.peek()? {
        "crate" => Module::new(),
        "super" | "self" => from.clone(),
        child => {
            let own = [from.as_slice(), &[child.to_owned()]].concat();
            if !modules.contains(&own) {
                return None;
            }
            from.clone()
        }
    };
    let mut found = None;
    for name in names {
        match name {
            "crate" | "self" => {}
            "super" => drop(at.pop()),
            name => at.push(name.to_owned()),
        }
        if modules.contains(&at) {
            found = Some(at.clone());
        }
    }
    found.filter(|found| found != from)
}

/// Who knows whom.
fn arrows(files: &[File]) -> BTreeMap<Module, BTreeSet<Module>> {
    let apart = ["lib", "main", "build"];
    let files = files.iter().filter(|file| !apart.contains(&file.part()));
    let files = files.filter(|file| !file.path.ends_with("_tests.rs"));
    let named: Vec<_> = files.map(|file| (module(file), code(file))).collect();
    let modules: BTreeSet<_> = named.iter().map(|(module, _)| module.clone()).collect();
    let known = |(from, code): (Module, String)| {
        let paths = paths(&code);
        let known = paths.iter().filter_map(|path| target(&from, path, &modules)).collect();
        (from, known)
    };
    named.into_iter().map(known).collect()
}

/// Everything that can be reached from `from` by an arrow or more.
fn reached(from: &Module, arrows: &BTreeMap<Module, BTreeSet<Module>>) -> BTreeSet<Module> {
    let mut reached = BTreeSet::new();
    let mut next: Vec<_> = arrows.get(from).into_iter().flatten().collect();
    while let Some(module) = next.pop() {
        if reached.insert(module.clone()) {
            next.extend(arrows.get(module).into_iter().flatten());
        }
    }
    reached
}

/// Each arrow that is part of a ring.
fn rings(files: &[File]) -> Vec<String> {
    let arrows = arrows(files);
    let mut found = Vec::new();
    for (from, known) in &arrows {
        for to in known.iter().filter(|to| reached(to, &arrows).contains(from)) {
            found.push(format!("{} -> {}", from.join("/"), to.join("/")));
        }
    }
    found
}

fn file(path: &str, text: &str) -> File {
    File { path: path.to_owned(), text: text.to_owned() }
}

#[test]
fn no_files_know_each_other_in_a_ring() {
    let rings = rings(&library());
    assert!(rings.is_empty(), "{}", rings.join("\n"));
}

#[test]
fn a_ring_is_seen_in_every_way_of_writing_it() {
    for (one, two) in [
        ("use crate::a::two::Two;", "use super::one::One;"),
        ("use crate::{a::two::{self, Two}, clock};", "fn f() -> crate::a::one::One {}"),
        ("fn f() { super::two::g() }", "pub use super::{one as other, three};"),
    ] {
        let files = [file("a/one.rs", one), file("a/two.rs", two), file("a/three.rs", "")];
        assert_eq!(rings(&files), ["a/one -> a/two", "a/two -> a/one"], "{one} {two}");
    }
    let parent = [
        file("a/mod.rs", "mod one;\nfn f() { one::g() }\npub struct A;"),
        file("a/one.rs", "use super::A;"),
    ];
    assert_eq!(rings(&parent), ["a -> a/one", "a/one -> a"]);
    let table = [
        file("a/mod.rs", "mod one;\nmod two;\npub use two::A;"),
        file("a/one.rs", "use super::two::A;\n#[cfg(test)]\nmod tests { use crate::a::A; }"),
        file("a/two.rs", "// as crate::a::one has it\npub struct A(&'static str);"),
    ];
    assert_eq!(rings(&table), Vec::<String>::new());
}

/// A table of contents ties nothing together.
#[test]
fn a_mod_rs_says_what_there_is_and_no_more() {
    for file in library().iter().filter(|file| file.path.ends_with("/mod.rs")) {
        for (line, code) in file.code().take_while(|(_, code)| !code.starts_with("#[cfg(test)]")) {
            let item = ["fn", "struct", "enum", "impl", "const", "static", "trait", "type"];
            let found = words(code).find(|word| item.contains(word));
            assert_eq!(found, None, "src/{}:{line}: give it a file of its own", file.path);
        }
    }
}
