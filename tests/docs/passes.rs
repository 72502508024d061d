//! The command lines about passes that README.md and docs show are taken as they are written, by a
//! gate with the users and networks of the page.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::pages;
use crate::support::daemon::Place;

/// The networks that the pages name.
const SETTINGS: &str = "[networks]\nhome = [\"192.168.1.0/24\"]\n";

/// Lines of shell blocks that begin like this, without a remark at their end.
fn lines(page: &str, start: &str) -> Vec<String> {
    let blocks = page.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next());
    let lines = blocks.flat_map(str::lines).filter(|line| line.starts_with(start));
    lines.map(|line| line.split("  #").next().unwrap_or(line).trim().to_owned()).collect()
}

/// As a shell would have it; only blanks and single quotes mean something.
fn words(line: &str) -> Vec<String> {
    let odd: Vec<_> = line.chars().filter(|sign| "\"\\$`&|;<>".contains(*sign)).collect();
    assert!(odd.is_empty(), "more than blanks and single quotes: {line}");
    let (mut words, mut word, mut quoted, mut begun) = (Vec::new(), String::new(), false, false);
    for sign in line.chars() {
        match sign {
            '\'' => (quoted, begun) = (!quoted, true),
            ' ' if !quoted => {
                if std::mem::take(&mut begun) {
                    words.push(std::mem::take(&mut word));
                }
            }
            sign => {
                begun = true;
                word.push(sign);
            }
        }
    }
    assert!(!quoted, "a quote without an end: {line}");
    words.extend(begun.then_some(word));
    words
}

/// The pages of `docs` and the README, by name.
fn all_pages() -> BTreeMap<String, String> {
    let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut all: BTreeMap<_, _> =
        pages().into_iter().map(|(path, text)| (name(&path), text)).collect();
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    all.insert("README.md".to_owned(), std::fs::read_to_string(readme).expect("the page"));
    all
}

/// Makes the passes of a page; each with its line.
fn made(place: &Place, page: &str) -> Vec<(String, Value)> {
    let made = |line: String| {
        let words = words(&line);
        let words: Vec<_> = words.iter().skip(1).map(String::as_str).collect();
        let pass = place.json(&words);
        assert_eq!(pass["warnings"], Value::Array(Vec::new()), "{line}");
        (line, pass)
    };
    lines(page, "portcullis pass create ").into_iter().map(made).collect()
}

#[test]
fn every_pass_that_a_page_makes_is_made() {
    let mut seen = Vec::new();
    for (name, page) in all_pages() {
        let place = Place::new(SETTINGS);
        for user in ["anna", "ben"] {
            place.add_user(user);
        }
        let made = made(&place, &page);
        seen.extend((!made.is_empty()).then_some((name, made.len())));
    }
    let names: Vec<_> = seen.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["README.md", "apps.md", "passes.md"], "{seen:?}");
}

#[test]
fn the_page_on_passes_shows_what_is_printed() {
    let page = all_pages().remove("passes.md").expect("the page");
    let line = lines(&page, "portcullis pass create ").remove(0);
    let place = Place::new(SETTINGS);
    place.add_user("anna");
    let words = words(&line);
    let printed = place.run(&words.iter().skip(1).map(String::as_str).collect::<Vec<_>>());
    assert_eq!((printed.status, printed.err.as_str()), (0, ""), "{printed:?}");
    let shown = page.split("```\n").find(|block| block.starts_with("id: ")).expect("an example");
    // What differs each time.
    let alike = |text: &str| {
        let line = |line: &str| match line.split_once("  ").map_or(line, |(member, _)| member) {
            member @ ("id:" | "expires:") => member.to_owned(),
            _ => line.split("pcp_").next().unwrap_or_default().to_owned(),
        };
        text.lines().map(line).collect::<Vec<_>>()
    };
    assert_eq!(alike(shown), alike(&printed.out));
    let token = |text: &str| {
        let rest = text.split_once("pcp_").expect("a token").1;
        rest.split('\n').next().unwrap_or_default().len()
    };
    assert_eq!(token(shown), token(&printed.out));
}

#[test]
fn the_page_on_passes_lists_and_ends_them() {
    let page = all_pages().remove("passes.md").expect("the page");
    let place = Place::new(SETTINGS);
    for user in ["anna", "ben"] {
        place.add_user(user);
    }
    let first = made(&place, &page).remove(0).1["id"].as_str().expect("text").to_owned();
    let lines: Vec<_> = ["list", "revoke"]
        .iter()
        .flat_map(|verb| lines(&page, &format!("portcullis pass {verb}")))
        .collect();
    assert!(lines.len() > 3, "{lines:?}");
    for line in &lines {
        let words = words(&line.replace("bcdfghjk", &first));
        place.json(&words.iter().skip(1).map(String::as_str).collect::<Vec<_>>());
    }
    assert_eq!(place.json(&["pass", "list"]), Value::Array(Vec::new()));
}
