//! The files of `src` as text: what they name, without comments.

use std::fs;
use std::path::Path;

/// A file of one of the two programs.
pub struct File {
    /// Its path below the program's `src`.
    pub path: String,
    /// All of it.
    pub text: String,
}

/// All files below `src`.
pub fn library() -> Vec<File> {
    let files = below("src");
    assert!(files.len() > 50, "the source was not found");
    files
}

/// All files of the appliance's own program.
pub fn appliance() -> Vec<File> {
    let files = below("image/appliance/src");
    assert!(files.len() > 10, "the source was not found");
    files
}

/// All files of the tests, this one too.
pub fn tests() -> Vec<File> {
    let files = below("tests");
    assert!(files.len() > 50, "the tests were not found");
    files
}

/// All files below that folder of the project.
fn below(folder: &str) -> Vec<File> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut files = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a readable folder") {
            let path = entry.expect("a readable entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let below = path.strip_prefix(&root).expect("a path below it");
                let text = fs::read_to_string(&path).expect("a readable file");
                files
                    .push(File { path: below.to_str().expect("a name in UTF-8").to_owned(), text });
            }
        }
    }
    files
}

impl File {
    /// The folder or file directly below `src` that it belongs to.
    pub fn part(&self) -> &str {
        self.path.split('/').next().unwrap_or_default().trim_end_matches(".rs")
    }

    /// Its lines, numbered from 1, without comments.
    pub fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let without =
            |line: &str| line.find("//").filter(|at| *at == 0 || !line[..*at].ends_with(':'));
        self.text
            .lines()
            .enumerate()
            .map(move |(at, line)| (at + 1, without(line).map_or(line, |end| &line[..end])))
    }

    /// What stands before the module of tests; nothing of a file that holds only tests.
    pub fn text_without_tests(&self) -> &str {
        if self.path.ends_with("_tests.rs") {
            return "";
        }
        let tests = self
            .text
            .find("#[cfg(test)]\nmod tests")
            .or_else(|| self.text.find("#[cfg(test)]\n#[path"));
        &self.text[..tests.unwrap_or(self.text.len())]
    }

    /// The lines before the module of tests; none of a file that holds only tests.
    pub fn lines_without_tests(&self) -> usize {
        if self.path.ends_with("_tests.rs") {
            return 0;
        }
        self.text.lines().take_while(|line| *line != "#[cfg(test)]").count()
    }

    /// The parts of the library that it names, with the line: after `crate::`, `portcullis::`, or
    /// in their braces.
    pub fn arrows(&self) -> Vec<(usize, &str)> {
        let mut found = Vec::new();
        let mut depth = 0_usize;
        for (number, code) in self.code() {
            let mut rest = code;
            while !rest.is_empty() {
                if depth > 0 {
                    rest = in_braces(rest, &mut depth, |part| found.push((number, part)));
                    continue;
                }
                let Some(at) = root(rest) else { break };
                rest = &rest[at..];
                match rest.strip_prefix('{') {
                    Some(inside) => (depth, rest) = (1, inside),
                    None => found.extend(words(rest).next().map(|part| (number, part))),
                }
            }
        }
        found
    }
}

/// Where the first path from the library's root goes on behind `crate::`.
fn root(code: &str) -> Option<usize> {
    ["crate::", "portcullis::"]
        .into_iter()
        .filter_map(|name| {
            let at = code.find(name)?;
            let alone = !code[..at]
                .ends_with(|before: char| before.is_alphanumeric() || "_:\"".contains(before));
            alone.then_some(at + name.len())
        })
        .min()
}

/// Names the parts of `use crate::{a, b::{c, d}}` up to the closing brace or the end of the line;
/// gives what follows.
fn in_braces<'a>(code: &'a str, depth: &mut usize, mut found: impl FnMut(&'a str)) -> &'a str {
    let mut starts = true;
    for (at, sign) in code.char_indices() {
        match sign {
            '{' => *depth += 1,
            '}' => *depth -= 1,
            ',' => starts = true,
            _ if sign.is_alphanumeric() && starts => {
                starts = false;
                // A name after a comma deeper down belongs to the part named before it.
                if *depth == 1 {
                    words(&code[at..]).next().into_iter().for_each(&mut found);
                }
            }
            _ => {}
        }
        if *depth == 0 {
            return &code[at + 1..];
        }
    }
    ""
}

/// Names and keywords.
pub fn words(code: &str) -> impl Iterator<Item = &str> {
    code.split(|sign: char| !sign.is_alphanumeric() && sign != '_').filter(|word| !word.is_empty())
}
