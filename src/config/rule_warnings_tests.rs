//! Which rules are warned of, and what the warning names.

use std::path::PathBuf;

use super::super::sources::{ConfigFile, Sources};
use super::*;

fn warnings_of(text: &str) -> Vec<String> {
    let file = Some(ConfigFile { path: PathBuf::from("p"), text: text.to_owned() });
    let loaded = Config::load(&Sources { file, ..Sources::default() });
    let loaded = loaded.unwrap_or_else(|error| panic!("{text}: {error}"));
    rule_warnings(&loaded.config).iter().map(|warning| warning.in_words(&loaded)).collect()
}

fn only(text: &str) -> String {
    let mut warnings = warnings_of(text);
    assert_eq!(warnings.len(), 1, "{text}: {warnings:?}");
    warnings.remove(0)
}

#[test]
fn a_rule_that_never_matches_is_told_with_both_lines() {
    let rules = "[[rule]]\nhosts = [\"*.example.com\"]\naccess = \"session\"\n[[rule]]\nname = \"shares\"\nhosts = \
                 [\"photos.example.com\"]\npaths = [\"/share/**\"]\naccess = \"open\"\n";
    assert_eq!(
        only(rules),
        "rule \"shares\" (line 4) can never match: rule 1 (line 1) comes first and takes all of it; put it before \
         rule 1, or remove it"
    );
    let (first, second) = rules.split_at(rules.find("[[rule]]\nname").expect("two rules"));
    assert_eq!(warnings_of(&format!("{second}{first}")), [""; 0], "in the other order both match");
}

#[test]
fn a_rule_whose_networks_are_empty_is_told_once() {
    let text = "[networks]\nnone = []\n[[rule]]\naccess = \"deny\"\n[[rule]]\naccess = \"open\"\nnetworks = \
                [\"none\"]\n";
    assert_eq!(
        only(text),
        "rule 2 (line 5) can never match: the networks that it names are empty; put ranges into them below [networks], \
         or remove the rule"
    );
    let some = text.replace("[\"none\"]", "[\"none\", \"linklocal\"]").replace("deny", "open");
    let warnings = warnings_of(&some.replace("[[rule]]\naccess = \"open\"\n[[", "[["));
    assert_eq!(warnings, [""; 0], "one of them holds addresses");
}

#[test]
fn a_method_that_is_probably_misspelt_is_told() {
    let with = |method: &str| {
        warnings_of(&format!("[[rule]]\naccess = \"deny\"\nmethods = [\"GET\", \"{method}\"]"))
    };
    assert_eq!(
        with("DELTE"),
        [
            "rule 1 (line 1) is for the method DELTE, which few programs know; write DELETE if that is what you \
             mean"
        ]
    );
    for good in METHODS.into_iter().chain(["FROBNICATE", "X-OWN"]) {
        assert_eq!(with(good), [""; 0], "{good}");
    }
}

#[test]
fn a_rule_that_opens_everything_is_told() {
    for limits in ["", "paths = [\"/**\"]", "paths = [\"/a\", \"/**\"]", "hosts = []"] {
        assert_eq!(
            only(&format!("[[rule]]\naccess = \"open\"\n{limits}")),
            "rule 1 (line 1) opens every site to everybody; name the hosts, paths or networks that it is for"
        );
    }
    for limits in [
        "hosts = [\"a.example\"]",
        "paths = [\"/share/**\"]",
        "methods = [\"GET\"]",
        "networks = [\"uniquelocal\"]",
    ] {
        let text = format!("[[rule]]\naccess = \"open\"\n{limits}");
        assert_eq!(warnings_of(&text), [""; 0], "{limits}");
    }
    for access in ["session", "deny"] {
        assert_eq!(warnings_of(&format!("[[rule]]\naccess = \"{access}\"")), [""; 0]);
    }
}

#[test]
fn a_rule_that_opens_a_port_is_told_what_a_port_is_worth() {
    let rule = |host: &str, access: &str| {
        format!("[[rule]]\nhosts = [\"{host}\"]\naccess = \"{access}\"\n")
    };
    let told = only(&rule("nas.example.com:8443", "open"));
    assert!(told.contains("nas.example.com:8443") && told.contains("own"), "{told}");
    for harmless in [rule("nas.example.com", "open"), rule("nas.example.com:8443", "deny")] {
        assert_eq!(warnings_of(&harmless), [""; 0], "{harmless}");
    }
}

#[test]
fn an_opening_network_that_a_proxy_is_in_is_told_with_the_entry() {
    let with = |trust: &str, home: &str, rule: &str| {
        warnings_of(&format!(
            "[proxy]\ntrust = {trust}\n[networks]\nhome = [\"203.0.113.0/24\", {home}]\n[[rule]]\nhosts = \
             [\"a.example\"]\nnetworks = [\"home\"]\n{rule}"
        ))
    };
    let open = "access = \"open\"";
    for (trust, home, entry) in [
        ("[\"loopback\", \"192.168.1.2\"]", "\"192.168.1.0/24\"", "192.168.1.2"),
        ("\"10.0.0.0/8\"", "\"10.1.2.3\"", "10.0.0.0/8"),
        ("\"uniquelocal\"", "\"172.17.0.0/16\"", "uniquelocal"),
        ("\"fd00::1\"", "\"fc00::/7\"", "fd00::1"),
        ("\"loopback\"", "\"127.0.0.1\"", "loopback"),
        // Holds the IPv4 addresses that are written as IPv6.
        ("\"::/1\"", "\"10.0.0.0/8\"", "::/1"),
    ] {
        let warnings = with(trust, home, open);
        let [warning] = warnings.as_slice() else { panic!("{trust} {home}: {warnings:?}") };
        let shared = format!("network home, which shares addresses with {entry} of proxy.trust");
        assert!(
            warning.starts_with("rule 1 (line 5) opens to ") && warning.contains(&shared),
            "{warning}"
        );
    }
    let words = "; name a network that no proxy is in, and in proxy.trust only the proxies' own \
                 addresses";
    assert!(with("\"loopback\"", "\"::1\"", open)[0].ends_with(words));
    let preflight = with("\"loopback\"", "\"::1\"", "access = \"session\"\npreflight = true");
    assert_eq!(preflight.len(), 1, "{preflight:?}");
    let everybody = with("true", "\"10.0.0.0/8\"", open);
    assert!(everybody[0].contains("proxy.trust is true: everybody can claim to be there"));
    for (trust, home, rule) in [
        ("\"loopback\"", "\"192.168.1.0/24\"", open),
        ("\"192.168.2.1\"", "\"192.168.1.0/24\"", open),
        ("false", "\"127.0.0.1\"", open),
        ("1", "\"127.0.0.1\"", open),
        ("\"loopback\"", "\"127.0.0.1\"", "access = \"session\""),
        ("\"loopback\"", "\"127.0.0.1\"", "access = \"deny\""),
    ] {
        assert_eq!(with(trust, home, rule), [""; 0], "{trust} {home} {rule}");
    }
}

#[test]
fn each_network_of_a_rule_is_told_by_its_own_name() {
    let text = "[proxy]\ntrust = [\"loopback\", \"10.0.0.1\"]\n[networks]\nhome = [\"192.168.1.0/24\"]\nvpn = \
                [\"10.0.0.0/24\"]\nother = [\"10.0.0.0/16\"]\n[[rule]]\npaths = [\"/a\"]\naccess = \
                \"open\"\nnetworks = [\"home\", \"vpn\", \"loopback\"]";
    let warnings = warnings_of(text);
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert!(warnings[0].contains("network loopback, which shares addresses with loopback of"));
    assert!(warnings[1].contains("network vpn, which shares addresses with 10.0.0.1 of"));
}
