//! Hosts of rules: how they are written, and which hosts they are for.

use super::*;

fn pattern(text: &str) -> HostPattern {
    HostPattern::parse(text).unwrap_or_else(|fault| panic!("{text}: {fault:?}"))
}

#[track_caller]
fn is_for(text: &str, host: &str) -> bool {
    let host = CanonicalHost::new(host).expect("a host");
    pattern(text).is_for_host(host.as_str())
}

#[test]
fn a_host_is_compared_without_case_and_final_dot() {
    for text in ["photos.example.com", "PHOTOS.Example.COM", "photos.example.com."] {
        for host in ["photos.example.com", "Photos.example.COM"] {
            assert!(is_for(text, host), "{text} {host}");
        }
        assert_eq!(pattern(text).to_string(), "photos.example.com");
    }
    for host in
        ["example.com", "x.photos.example.com", "photos.example.com.evil", "photosxexample.com"]
    {
        assert!(!is_for("photos.example.com", host), "{host}");
    }
}

#[test]
fn a_star_stands_for_one_label_or_more_and_never_for_none() {
    for host in ["a.example.com", "a.b.example.com", "A.EXAMPLE.com", "_x-1.example.com"] {
        assert!(is_for("*.example.com", host), "{host}");
        assert!(is_for("*.EXAMPLE.com.", host), "{host}");
    }
    for host in ["example.com", "aexample.com", "a.example.com.evil.org", "a.example.org"] {
        assert!(!is_for("*.example.com", host), "{host}");
    }
    assert_eq!(pattern("*.Example.com:8443").to_string(), "*.example.com:8443");
}

#[test]
fn an_entry_with_a_port_is_for_that_port_alone() {
    let with_port = pattern("nas.home:8443");
    assert!(with_port.is_for_port(8_443) && !with_port.is_for_port(443));
    let without = pattern("nas.home");
    assert!(without.is_for_port(8_443) && without.is_for_port(443));
    assert!(with_port.names_port() && !without.names_port());
    assert!(pattern("[fd00::1]:8443").is_for_port(8_443) && is_for("[fd00::1]:8443", "[fd00::1]"));
}

#[test]
fn an_address_has_one_spelling() {
    for host in ["[fd00::1]", "[FD00::1]", "[fd00:0:0::1]", "[fd00:0:0:0:0:0:0:1]"] {
        assert!(is_for("[fd00::1]", host) && is_for(host, "[fd00::1]"), "{host}");
    }
    assert_eq!(pattern("[FD00:0::1]:80").to_string(), "[fd00::1]:80");
    assert!(!is_for("[fd00::1]", "[fd00::2]"));
    assert!(is_for("192.168.1.5", "192.168.1.5") && !is_for("192.168.1.5", "192.168.1.50"));
}

#[test]
fn what_is_no_host_is_refused_with_its_fault() {
    let long = "a".repeat(64);
    let many = vec!["abcdefg"; 32].join(".");
    for (text, fault) in [
        ("", HostFault::NoHost),
        (".", HostFault::NoHost),
        ("..", HostFault::NoHost),
        ("a..b", HostFault::NoHost),
        (".example.com", HostFault::NoHost),
        ("example.com..", HostFault::NoHost),
        ("exa mple.com", HostFault::NoHost),
        ("b\u{fc}cher.example", HostFault::NoHost),
        ("a%41.example", HostFault::NoHost),
        ("user@example.com", HostFault::NoHost),
        ("fd00::1", HostFault::NoHost),
        ("[fd00::1", HostFault::NoHost),
        ("[fd00::g]", HostFault::NoHost),
        ("[192.168.1.5]", HostFault::NoHost),
        ("*.", HostFault::NoHost),
        ("*.[fd00::1]", HostFault::NoHost),
        ("*.192.168.1.5", HostFault::NoHost),
        (long.as_str(), HostFault::NoHost),
        (many.as_str(), HostFault::NoHost),
        ("example.com:", HostFault::NoPort),
        ("example.com:0", HostFault::NoPort),
        ("example.com:+80", HostFault::NoPort),
        ("example.com:65536", HostFault::NoPort),
        ("example.com:http", HostFault::NoPort),
        ("*", HostFault::Star),
        ("*example.com", HostFault::Star),
        ("photos.*.com", HostFault::Star),
        ("*.*.example.com", HostFault::Star),
        ("https://example.com", HostFault::Address),
        ("example.com/photos", HostFault::Address),
    ] {
        assert_eq!(HostPattern::parse(text), Err(fault), "{text}");
    }
}

#[test]
fn what_is_shown_reads_as_the_same_entry() {
    for text in ["a.example.com", "*.example.com:1", "[::1]", "[fd00::1]:65535", "10.0.0.1", "nas"]
    {
        assert_eq!(pattern(&pattern(text).to_string()), pattern(text), "{text}");
    }
}

#[test]
fn an_entry_covers_those_whose_hosts_and_ports_are_all_its_own() {
    let covers = |wide: &str, narrow: &str| pattern(wide).covers(&pattern(narrow));
    for (wide, narrow) in [
        ("a.example.com", "A.example.com"),
        ("a.example.com", "a.example.com:80"),
        ("a.example.com:80", "a.example.com:80"),
        ("*.example.com", "a.example.com"),
        ("*.example.com", "*.example.com"),
        ("*.example.com", "*.a.example.com"),
    ] {
        assert!(covers(wide, narrow), "{wide} {narrow}");
    }
    for (wide, narrow) in [
        ("a.example.com:80", "a.example.com"),
        ("a.example.com:80", "a.example.com:81"),
        ("*.example.com", "example.com"),
        ("a.example.com", "*.example.com"),
        ("*.a.example.com", "*.example.com"),
        ("a.example.com", "*.a.example.com"),
    ] {
        assert!(!covers(wide, narrow), "{wide} {narrow}");
    }
}
