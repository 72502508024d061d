//! The rules for applications in docs/apps.md do what the page says: each block is taken as the
//! settings, and `policy test` is asked about the addresses in the table below it.

use std::collections::BTreeSet;
use std::fs;

use crate::support::daemon::Place;

/// What the page shows together: rules, and what becomes of requests under them.
struct Example {
    /// The heading above.
    section: String,
    /// The rules of the section so far, below the page's networks.
    settings: String,
    /// Those that stand above the table.
    added: String,
    requests: Vec<Request>,
}

/// A row: "`METHOD URL`" or "`METHOD URL from IP`", and the decision.
struct Request {
    method: String,
    url: String,
    from: Option<String>,
    decision: String,
}

fn page() -> String {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/apps.md");
    fs::read_to_string(page).expect("the page")
}

/// The text of each section, by its heading.
fn sections(page: &str) -> impl Iterator<Item = (&str, &str)> {
    page.split("\n## ").skip(1).map(|section| section.split_once('\n').expect("a heading"))
}

/// The settings in a section, each with the text up to the next.
fn blocks(section: &str) -> impl Iterator<Item = (&str, &str)> {
    section.split("```toml\n").skip(1).map(|rest| rest.split_once("```").expect("an end"))
}

/// What names the networks for all rules of the page.
fn networks(page: &str) -> &str {
    let all = sections(page).flat_map(|(_, section)| blocks(section));
    let mut named = all.map(|(block, _)| block).filter(|block| block.contains("[networks]"));
    let networks = named.next().expect("networks");
    assert_eq!(named.next(), None, "pasted together, they would be there twice");
    networks
}

fn examples(page: &str) -> Vec<Example> {
    let networks = networks(page);
    let mut examples = Vec::new();
    for (title, section) in sections(page) {
        let mut settings = networks.to_owned();
        for (block, below) in blocks(section).filter(|(block, _)| *block != networks) {
            settings = settings + "\n" + block;
            let rows = below.lines().filter(|line| line.starts_with("| `"));
            examples.push(Example {
                section: title.to_owned(),
                settings: settings.clone(),
                added: block.to_owned(),
                requests: rows.map(request).collect(),
            });
        }
    }
    examples
}

fn request(row: &str) -> Request {
    let (request, decision) = row
        .strip_prefix("| `")
        .and_then(|row| row.strip_suffix(" |")?.split_once("` | "))
        .unwrap_or_else(|| panic!("not a request and a decision: {row}"));
    let words: Vec<_> = request.split(' ').collect();
    let (method, url, from) = match words[..] {
        [method, url] => (method, url, None),
        [method, url, "from", from] => (method, url, Some(from.to_owned())),
        _ => panic!("not a method and an address: {row}"),
    };
    Request { method: method.to_owned(), url: url.to_owned(), from, decision: decision.to_owned() }
}

/// What becomes of a request, and by which rule.
fn ask(place: &Place, request: &Request) -> (String, Option<String>) {
    let mut arguments = vec!["policy", "test", &request.url, "--method", &request.method];
    arguments.extend(request.from.iter().flat_map(|from| ["--from", from]));
    let answer = place.json(&arguments);
    let [ruling] = &answer.as_array().expect("a list")[..] else { panic!("{answer}") };
    assert_eq!(
        (&ruling["url"], &ruling["method"]),
        (&request.url.as_str().into(), &request.method.as_str().into())
    );
    let word = |member: &str| ruling[member].as_str().map(ToOwned::to_owned);
    (word("decision").expect("a decision"), word("rule"))
}

/// Asks about every request of the table. Returns the names of the rules that decided.
fn deciding_rules(example: &Example, place: &Place) -> BTreeSet<String> {
    let mut rules = BTreeSet::new();
    for request in &example.requests {
        let Request { method, url, from, decision } = request;
        let (decided, rule) = ask(place, request);
        let section = &example.section;
        assert_eq!(&decided, decision, "{section}: {method} {url} from {from:?} by {rule:?}");
        rules.extend(rule);
    }
    rules
}

/// Each rule decides a request of the table below it, and each table shows what stays closed too.
#[test]
fn every_rule_opens_what_the_page_says_and_nothing_beside_it() {
    let examples = examples(&page());
    assert!(examples.len() > 8, "{}", examples.len());
    for example in &examples {
        let section = &example.section;
        let place = Place::new(&example.settings);
        let checked = place.run(&["config", "check"]);
        assert_eq!((checked.status, checked.err.as_str()), (0, ""), "{section}");
        let rules = deciding_rules(example, &place);
        for name in example.added.lines().filter_map(|line| line.strip_prefix("name = ")) {
            assert!(rules.contains(name.trim_matches('"')), "{section}: nothing shows {name}");
        }
        for word in ["open", "session"] {
            let shown = example.requests.iter().any(|request| request.decision == word);
            assert!(shown, "{section}: no request is {word}");
        }
    }
}

/// What an application's table says is so in one file with the rules of all others, too.
#[test]
fn the_rules_of_all_applications_hold_side_by_side() {
    let page = page();
    let networks = networks(&page);
    let examples = examples(&page);
    let mut whole: Vec<&Example> = Vec::new();
    for example in &examples {
        whole.retain(|before| before.section != example.section);
        whole.push(example);
    }
    for example in &examples {
        let rules = whole.iter().map(|other| {
            let shown = if other.section == example.section { example } else { other };
            shown.settings.strip_prefix(networks).expect("rules behind the networks")
        });
        let place = Place::new(&(networks.to_owned() + &rules.collect::<String>()));
        let checked = place.run(&["config", "check"]);
        assert_eq!((checked.status, checked.err.as_str()), (0, ""), "{}", example.section);
        deciding_rules(example, &place);
    }
}

/// The table at the top leads to every application, and to nothing else.
#[test]
fn the_overview_names_every_application() {
    let page = page();
    let (overview, _) = page.split_once("\n## ").expect("sections");
    let named: Vec<_> = overview
        .lines()
        .filter_map(|line| line.strip_prefix("| [")?.split_once("](#"))
        .map(|(name, _)| name.to_owned())
        .collect();
    let sections: Vec<_> = sections(&page).map(|(title, _)| title.to_owned()).collect();
    assert_eq!(named, sections[1..], "{sections:?}");
    assert!(examples(&page).iter().all(|example| named.contains(&example.section)));
}
