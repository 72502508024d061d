//! What comes of a rule, and what the message for a bad one names.

use std::path::PathBuf;

use super::super::settings::Config;
use super::super::sources::{ConfigFile, Sources};
use super::super::tables::{self, TABLES};
use super::*;

fn load(text: &str) -> Result<Config, Vec<String>> {
    let file = Some(ConfigFile { path: PathBuf::from("p"), text: text.to_owned() });
    let loaded = Config::load(&Sources { file, ..Sources::default() });
    loaded
        .map(|loaded| loaded.config)
        .map_err(|error| error.problems.iter().map(ToString::to_string).collect())
}

fn rules_of(text: &str) -> Vec<Rule> {
    let config = load(text).unwrap_or_else(|problems| panic!("{text}: {problems:?}"));
    config.rules.as_slice().to_vec()
}

fn only_problem(text: &str) -> String {
    let mut problems = load(text).expect_err(text);
    assert_eq!(problems.len(), 1, "{text}: {problems:?}");
    problems.remove(0)
}

#[test]
fn a_rule_is_read_whole() {
    let rules = rules_of(
        "[networks]\nhome = [\"192.168.1.0/24\"]\n[[rule]]\nname = \"shares\"\nhosts = [\"*.Example.com\", \
         \"a.home:8443\"]\npaths = [\"/share/**\"]\nmethods = [\"GET\", \"HEAD\"]\nnetworks = [\"home\", \
         \"loopback\"]\naccess = \"open\"\npreflight = true\n",
    );
    let [rule] = rules.as_slice() else { panic!("{rules:?}") };
    assert_eq!((rule.name.as_str(), rule.line), ("shares", 3));
    let hosts: Vec<_> = rule.hosts.iter().map(ToString::to_string).collect();
    assert_eq!(hosts, ["*.example.com", "a.home:8443"]);
    assert_eq!(rule.paths.iter().map(ToString::to_string).collect::<Vec<_>>(), ["/share/**"]);
    assert_eq!(rule.methods, ["GET", "HEAD"]);
    let networks = ["192.168.1.0/24", "127.0.0.0/8", "::1/128"];
    assert_eq!(rule.networks, Some(networks.map(|range| range.parse().expect("one")).to_vec()));
    assert_eq!((&rule.access, rule.preflight), (&Access::Open, true));
}

#[test]
fn what_a_rule_leaves_out_means_all() {
    let rules = rules_of(
        "\n[[rule]]\naccess = \"deny\"\n[[rule]]\naccess = \"Session\"\nhosts = []\nnetworks = []",
    );
    let [one, two] = rules.as_slice() else { panic!("{rules:?}") };
    assert_eq!((one.name.as_str(), one.line), ("rule 1", 2));
    assert_eq!((two.name.as_str(), two.line), ("rule 2", 4));
    assert!(two.hosts.is_empty() && two.paths.is_empty() && two.methods.is_empty());
    assert_eq!((&two.networks, two.preflight), (&None, false), "an empty list is all networks");
    assert_eq!(two.access, Access::Session(Audience::default()));
}

#[test]
fn who_may_pass_is_read_with_a_session() {
    let rules =
        rules_of("[[rule]]\naccess = \"session\"\nusers = [\"Anna\"]\ngroups = [\"a b\", \"ü\"]");
    let Some(Access::Session(audience)) = rules.first().map(|rule| &rule.access) else {
        panic!("{rules:?}")
    };
    assert_eq!(audience.users.iter().map(UserName::as_str).collect::<Vec<_>>(), ["anna"]);
    assert_eq!(audience.groups, ["a b", "ü"]);
}

/// A network without ranges holds nobody: it is not the same as no network.
#[test]
fn a_network_without_ranges_is_kept() {
    let rules =
        rules_of("[networks]\nnone = []\n[[rule]]\naccess = \"open\"\nnetworks = [\"none\"]");
    assert_eq!(rules.first().map(|rule| rule.networks.clone()), Some(Some(Vec::new())));
}

#[test]
fn each_mistake_is_told_with_line_key_and_right_form() {
    for (text, message) in [
        ("", "p:1: rule 1: access: is missing: write access = \"open\", access = \"session\" or"),
        ("name = \"x\"", "p:1: rule \"x\": access: is missing"),
        ("acess = \"open\"", "p:2: unknown key `rule.acess`: did you mean `access`?"),
        ("access = \"opne\"", "p:2: rule 1: access: \"opne\" is unknown: did you mean \"open\"?"),
        ("access = \"bypass\"", "did you mean \"open\"?"),
        ("access = \"two_factor\"", "did you mean \"session\"?"),
        ("access = \"never\"", "\"never\" is unknown: write access = \"open\", access = "),
        ("access = true", "p:2: rule 1: access: expects \"open\", not true"),
        ("access = [\"open\"]", "access: expects \"open\", not [\"open\"]"),
        ("access = 1.5", "p:2: rule.access: a float cannot stand here"),
    ] {
        let problem = only_problem(&format!("[[rule]]\n{text}"));
        assert!(problem.contains(message), "{problem}");
    }
    for (text, message) in [
        (
            "hosts = [\n\"a\",\n\"https://photos.example.com/\"]",
            "p:5: rule 1: hosts: \"https://photos.example.com/\" is an address, not a host: write photos.example.com",
        ),
        ("hosts = \"a.example\"", "hosts: expects a list: write [\"a.example\"] for \"a.example\""),
        (
            "paths = [\"share\"]",
            "p:3: rule 1: paths: \"share\" does not begin with a slash: write \"/share\"",
        ),
        (
            "paths = [\"/s?x\"]",
            "paths: \"/s?x\": the query never counts: leave it out, write \"/s\"",
        ),
        ("methods = [\"get\"]", "methods: \"get\" is not in capital letters: write GET"),
        ("methods = [\"GET POST\"]", "methods: \"GET POST\" is no method: write one such as GET"),
        ("methods = [\"\"]", "methods: \"\" is no method: write one such as GET"),
        ("methods = [\"*\"]", "methods: \"*\" is no method: leave `methods` out, which means all"),
        ("methods = 1", "methods: expects a list such as [\"GET\", \"HEAD\"], not 1"),
        (
            "networks = [\"loobpack\"]",
            "there is no network \"loobpack\": did you mean \"loopback\"?",
        ),
        ("networks = [\"office\"]", "there is no network \"office\": define it below [networks]"),
        (
            "networks = [\"10.0.0.0/8\"]",
            "\"10.0.0.0/8\" is no name: write home = [\"10.0.0.0/8\"] below [networks], and \"home\" here",
        ),
        (
            "users = [\"a@b.example\"]",
            "users: \"a@b.example\" is no user name: 1 to 64 of a-z, 0-9,",
        ),
        ("users = [\"\"]", "users: \"\" is no user name"),
        ("groups = [\"a, b\"]", "groups: \"a, b\" is more than one group: write \"a\", \"b\""),
        ("groups = [\" a\"]", "groups: \" a\" is no group: 1 to 64 bytes without control"),
        ("groups = [\"a\\u0007\"]", "groups: \"a\\u0007\" is no group"),
        ("groups = [\"\"]", "groups: \"\" is no group"),
        ("preflight = \"yes\"", "p:3: rule 1: preflight: expects true or false, not \"yes\""),
        ("name = 1", "name: expects \"photo shares\", not 1"),
        ("name = \" \"", "name: expects 1 to 64 letters without line ends"),
        ("name = \"a\\nb\"", "name: expects 1 to 64 letters without line ends"),
    ] {
        let problem = only_problem(&format!("[[rule]]\naccess = \"session\"\n{text}"));
        assert!(problem.contains(message), "{problem}");
    }
}

#[test]
fn what_contradicts_the_access_is_refused() {
    for (text, message) in [
        (
            "access = \"open\"\nusers = [\"a\"]",
            "p:3: rule 1: users: an open place asks nobody who he is",
        ),
        ("access = \"open\"\ngroups = [\"a\"]", "p:3: rule 1: groups: an open place asks nobody"),
        (
            "access = \"deny\"\ngroups = [\"a\"]",
            "p:3: rule 1: groups: nobody passes where access is",
        ),
        (
            "preflight = true\naccess = \"deny\"",
            "p:2: rule 1: preflight: no preflight passes where",
        ),
    ] {
        assert!(only_problem(&format!("[[rule]]\n{text}")).starts_with(message), "{text}");
    }
    for good in [
        "access = \"open\"\nusers = []\npreflight = true",
        "access = \"deny\"\npreflight = false",
        "access = \"session\"\npreflight = true",
    ] {
        assert_eq!(rules_of(&format!("[[rule]]\n{good}")).len(), 1);
    }
}

#[test]
fn two_rules_of_one_name_are_refused() {
    let rule = |name: &str| format!("[[rule]]\naccess = \"open\"\nname = \"{name}\"\n");
    assert_eq!(
        only_problem(&format!("{}{}", rule("a"), rule("a"))),
        "p:6: rule \"a\": name: the rule on line 1 has that name already: choose another one"
    );
    assert_eq!(
        only_problem(&format!("{}[[rule]]\naccess = \"open\"", rule("rule 2"))),
        "p:4: rule 2: name: the rule on line 1 has that name already: choose another one"
    );
}

#[test]
fn all_problems_are_told_at_once_in_the_order_of_the_file() {
    let problems = load(
        "[[rule]]\nhosts = [\"a/\"]\nacces = \"open\"\n[networks]\nhome = [\"x\"]\n[log]\nlevel = \"loud\"\n[[rule]]\n\
         access = \"open\"\nnetworks = [\"home\", \"hoem\"]\nbogus = 1\npaths = [\"a\",\n\"b\"]\n[sesion]\n",
    )
    .expect_err("refused");
    let lines: Vec<_> = problems.iter().filter_map(|problem| problem.split(':').nth(1)).collect();
    assert_eq!(lines, ["2", "3", "5", "7", "10", "11", "12", "13", "14"], "{problems:#?}");
}

#[test]
fn the_declared_keys_of_a_rule_are_those_that_are_read() {
    let table = tables::find("rule").expect("a table");
    for key in table.fixed_keys() {
        let (access, name) = match key.name {
            "access" => ("", "access"),
            name => ("access = \"session\"\n", name),
        };
        let networks = "[networks]\nhome = [\"10.0.0.0/8\"]\n";
        let rule = |line: &str| rules_of(&format!("{networks}[[rule]]\n{access}{line}"));
        let given = rule(&format!("{name} = {}", key.example));
        if !access.is_empty() {
            assert_ne!(given, rule(""), "{name} is not read");
        }
    }
    let names: Vec<_> = TABLES.iter().map(|table| table.name).collect();
    assert_eq!(names, ["networks", "rule"]);
}
