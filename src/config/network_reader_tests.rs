//! What `[networks]` makes of good and bad ranges.

use std::path::Path;

use super::super::toml_file;
use super::*;

/// The networks of a file, and its problems as `LINE: MESSAGE`.
fn read(text: &str) -> (NamedNetworks, Vec<String>) {
    let contents = toml_file::parse(text);
    assert_eq!(contents.problems, []);
    let mut found = Vec::new();
    let mut problems = FileProblems { path: Path::new("p"), found: &mut found };
    let networks = networks(&contents.tables, &mut problems);
    (networks, found.iter().map(ToString::to_string).collect())
}

fn ranges(text: &[&str]) -> Vec<IpNet> {
    text.iter().map(|range| range.parse().expect("a range")).collect()
}

#[test]
fn names_hold_addresses_ranges_and_netmasks() {
    let (networks, problems) = read(
        "[networks]\nhome = [\"192.168.1.0/255.255.255.0\", \"fd00::/8\", \"203.0.113.7\"]\nvpn_2-b = []",
    );
    assert_eq!(problems, [""; 0]);
    assert_eq!(networks["home"], ranges(&["192.168.1.0/24", "fd00::/8", "203.0.113.7/32"]));
    assert_eq!(networks["vpn_2-b"], []);
    assert_eq!(networks.len(), 5, "and the three that are built in");
    assert_eq!(read("").0, built_in_networks());
}

#[test]
fn each_bad_network_is_told_with_line_and_right_form() {
    for (text, message) in [
        (
            "a = [\n\"10.0.0.0/8\",\n\"10.0.0.0/33\"]",
            "p:4: networks: a: \"10.0.0.0/33\" has no prefix length or netmask that fits, such as 10.0.0.0/8",
        ),
        ("a = [\"0.0.0.0/0\"]", "p:2: networks: a: \"0.0.0.0/0\" holds every address: leave"),
        ("a = [\"::/0\"]", "p:2: networks: a: \"::/0\" holds every address"),
        ("a = [\"10.0.0.1-9\"]", "\"10.0.0.1-9\" is no range of addresses: write 192.168.1.0/24"),
        ("a = [\"loopback\"]", "p:2: networks: a: \"loopback\" is a network itself"),
        ("b = [\"10.0.0.1\"]\na = [\"b\"]", "p:3: networks: a: \"b\" is a network itself"),
        ("a = \"10.0.0.1\"", "p:2: networks: a: expects a list: write [\"10.0.0.1\"]"),
        ("a = 1", "expects a list such as [\"192.168.1.0/24\", \"fd00::/8\"], not 1"),
        ("loopback = [\"10.0.0.1\"]", "p:2: networks: loopback: is built in and stays what it is"),
        ("Home = [\"10.0.0.1\"]", "\"Home\" is no name for a network: a letter comes first"),
        ("\"my home\" = []", "digits, _ and -, such as my-home"),
        ("1st = []", "digits, _ and -, such as home"),
    ] {
        let (_, problems) = read(&format!("[networks]\n{text}"));
        let [problem] = problems.as_slice() else { panic!("{text}: {problems:?}") };
        assert!(problem.contains(message), "{problem}");
    }
}

#[test]
fn a_network_that_was_refused_is_not_missing_as_well() {
    let (networks, problems) = read("[networks]\nBad = [\"x\"]");
    assert_eq!(problems.len(), 2, "its name and its entry: {problems:?}");
    assert!(networks.contains_key("Bad"));
    assert_eq!(read("[networks]\nlinklocal = []").0, built_in_networks());
}
