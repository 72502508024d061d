//! The rules that README.md and docs/rules.md show are rules that `config check` has nothing to say
//! about, and do what the text around them says.

use std::fs;
use std::path::Path;

use crate::support::daemon::Place;

/// The first block of rules on a page, as a place's settings.
fn example(page: &str) -> Place {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join(page);
    let text = fs::read_to_string(&page).unwrap_or_else(|error| panic!("{page:?}: {error}"));
    let mut blocks = text.split("```toml\n").skip(1).filter_map(|rest| rest.split_once("```"));
    let rules = blocks.find(|(block, _)| block.contains("[[rule]]"));
    let (rules, _) = rules.unwrap_or_else(|| panic!("{page:?} shows no rule"));
    Place::new(rules)
}

fn decision(place: &Place, request: &str) -> String {
    let words: Vec<_> = ["policy", "test"].into_iter().chain(request.split(' ')).collect();
    place.json(&words)[0]["decision"].as_str().expect("a word").to_owned()
}

#[test]
fn the_rules_of_the_first_pages_need_no_remark() {
    for page in ["README.md", "docs/rules.md"] {
        let checked = example(page).run(&["config", "check"]);
        assert_eq!((checked.status, checked.err.as_str()), (0, ""), "{page}: {checked:?}");
    }
}

#[test]
fn the_rules_of_the_first_pages_do_what_is_said_of_them() {
    let readme = example("README.md");
    assert_eq!(decision(&readme, "https://files.example.com/public/a/b"), "open");
    assert_eq!(decision(&readme, "https://files.example.com/"), "session");
    let page = example("docs/rules.md");
    for (request, expected) in [
        ("https://files.example.com/public/a", "open"),
        ("https://files.example.com/public/a --method POST", "session"),
        ("https://printer.example.com/ --from 192.168.1.20", "open"),
        ("https://printer.example.com/ --from 203.0.113.7", "session"),
        ("https://printer.example.com/", "session"),
        ("https://money.example.com/", "session"),
        ("https://wiki.example.com/admin/users", "deny"),
        ("https://wiki.example.com/", "session"),
    ] {
        assert_eq!(decision(&page, request), expected, "{request}");
    }
    page.add_user("carl");
    page.add_user("ben");
    for (user, expected) in [("ben", "session"), ("carl", "forbidden")] {
        let request = format!("https://money.example.com/ --user {user}");
        assert_eq!(decision(&page, &request), expected, "{user}");
    }
}
