//! The publisher's own examples, and that the file holds what it should.

use std::collections::BTreeMap;

use super::*;

#[test]
fn public_suffixes_are_told_from_names_of_their_own() {
    // The publisher's examples (tests/test_psl.txt of the list), by what a rule of each kind makes
    // of a name.
    for suffix in [
        "com",
        "biz",
        "jp",
        "ck",
        "example",
        "nas",
        "uk.com",
        "ac.jp",
        "kyoto.jp",
        "ide.kyoto.jp",
        "c.kobe.jp",
        "kobe.jp",
        "test.ck",
        "k12.ak.us",
        "ak.us",
        "xn--55qx5d.cn",
        "xn--fiqs8s",
        "co.uk",
        "duckdns.org",
        "github.io",
        "herokuapp.com",
        "dedyn.io",
        "no-ip.org",
        "ddns.net",
        "goip.de",
        "myfritz.net",
        "synology.me",
        "s3.amazonaws.com",
        "home.arpa",
    ] {
        assert!(is_public_suffix(suffix), "{suffix}");
    }
    for own in [
        "example.com",
        "domain.biz",
        "b.example.uk.com",
        "test.jp",
        "test.ac.jp",
        "b.c.kobe.jp",
        "city.kobe.jp",
        "www.ck",
        "b.test.ck",
        "test.k12.ak.us",
        "xn--85x722f.xn--55qx5d.cn",
        "mylab.duckdns.org",
        "amazonaws.com",
        "www.www.ck",
        "local.lan",
        "fritz.box",
        "a.local",
        "x.example.nas",
        "kobe.jp.example",
        "",
    ] {
        assert!(own.is_empty() || !is_public_suffix(own), "{own}");
    }
}

/// The rules of a list as it is published, in the letters that go over the wire.
fn rules(list: &str) -> Vec<String> {
    let lines = list
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .filter(|line| !line.starts_with("//"));
    lines
        .map(|rule| {
            let (mark, name) = match rule.split_at_checked(1) {
                Some(("!", name)) => ("!", name),
                _ => rule.strip_prefix("*.").map_or(("", rule), |name| ("*.", name)),
            };
            format!("{mark}{}", url::Host::parse(name).expect(rule))
        })
        .collect()
}

#[derive(Default)]
struct Node {
    mark: Option<&'static str>,
    below: BTreeMap<String, Node>,
}

/// Nested labels, wrapped like a text.
fn compact(rules: &[String]) -> String {
    let mut tree = Node::default();
    for rule in rules.iter().filter(|rule| rule.contains('.')) {
        let mark = if rule.starts_with('!') { "!" } else { "" };
        let labels = rule.trim_start_matches('!').rsplit('.');
        labels
            .fold(&mut tree, |node, label| node.below.entry(label.to_owned()).or_default())
            .mark = Some(mark);
    }
    // A single label is no rule of the file's, but each is a step to what is below it.
    tree.below.values_mut().for_each(|top| top.mark = Some(""));
    let mut lines = vec![String::new()];
    for word in nested(&tree).split(' ') {
        let line = lines.last_mut().expect("one at least");
        if line.len() + word.len() >= 118 {
            lines.push(word.to_owned());
        } else {
            line.extend([if line.is_empty() { "" } else { " " }, word]);
        }
    }
    lines.join("\n") + "\n"
}

fn nested(node: &Node) -> String {
    let below = node.below.iter().map(|(label, node)| {
        let inside =
            if node.below.is_empty() { String::new() } else { format!("({})", nested(node)) };
        format!("{}{label}{inside}", node.mark.unwrap_or("-"))
    });
    below.collect::<Vec<_>>().join(" ")
}

/// The rules that a level stands for, under `name`.
fn expand(level: Level<'_>, name: &str, into: &mut Vec<String>) {
    for (label, inside) in level {
        let bare = label.trim_start_matches(['!', '-']);
        let full = if name.is_empty() { bare.to_owned() } else { format!("{bare}.{name}") };
        expand(inside, &full, into);
        match label.chars().next() {
            Some('-') => {}
            Some('!') => into.push(format!("!{full}")),
            _ => into.push(full),
        }
    }
}

#[test]
fn the_file_is_what_the_list_makes_of_it_and_nothing_was_written_by_hand() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/config/public_suffixes.txt");
    if let Some(list) = std::env::var_os("SUFFIX_LIST") {
        let list = std::fs::read_to_string(list).expect("the list can be read");
        let about = |what: &str| {
            list.lines().find_map(|line| line.strip_prefix(what)).expect("the list names it")
        };
        let head = format!(
            "# The Public Suffix List, version {}, of\n# commit {} (https://publicsuffix.org/list/).\n\
             # This Source Code Form is subject to the terms of the Mozilla Public License, v. 2.0. If a copy of the MPL was not\n\
             # distributed with this file, You can obtain one at https://mozilla.org/MPL/2.0/.\n\
             # public_suffix.rs beside this file says how to read it and how to write it anew.",
            about("// VERSION: "),
            about("// COMMIT: ")
        );
        std::fs::write(path, format!("{head}\n\n{}", compact(&rules(&list))))
            .expect("the file can be written");
    }
    let file = std::fs::read_to_string(path).expect("the file can be read");
    let (head, body) = file.split_once("\n\n").expect("a head and the rules");
    assert!(
        head.contains("Mozilla Public License, v. 2.0")
            && head.lines().all(|line| line.starts_with("# "))
    );
    let mut found = Vec::new();
    expand(Level(body), "", &mut found);
    assert_eq!(compact(&found), body);
    assert!(found.len() > 8_000, "{}", found.len());
}

#[test]
fn every_rule_is_found_and_what_stands_below_it_is_not() {
    let mut found = Vec::new();
    expand(Level(FILE.split_once("\n\n").expect("a head and the rules").1), "", &mut found);
    let rules: std::collections::BTreeSet<&str> = found.iter().map(String::as_str).collect();
    // One in seven: a debug build takes its time.
    for rule in found.iter().step_by(7) {
        let name = rule.trim_start_matches('!').replace('*', "zzz");
        assert_eq!(is_public_suffix(&name), !rule.starts_with('!'), "{rule}");
        let below = format!("zzz.{name}");
        let listed = rules.contains(format!("*.{}", name).as_str());
        assert_eq!(is_public_suffix(&below), listed, "{below}");
    }
}

#[test]
fn a_list_is_read_with_its_comments_exceptions_and_other_letters() {
    let list = "// A comment.\n\njp\n*.kobe.jp\n!city.kobe.jp\n公司.cn\ns3.amazonaws.com  // said behind\n";
    assert_eq!(
        rules(list),
        ["jp", "*.kobe.jp", "!city.kobe.jp", "xn--55qx5d.cn", "s3.amazonaws.com"]
    );
    assert_eq!(compact(&rules(list)), "cn(xn--55qx5d) com(-amazonaws(s3)) jp(-kobe(* !city))\n");
}
