//! Which places lie in a scope.

use std::net::IpAddr;

use super::*;

fn scope(hosts: &[&str], paths: &[&str], networks: &[&str]) -> PlaceScope {
    PlaceScope {
        hosts: hosts.iter().map(|host| HostPattern::parse(host).expect("a host")).collect(),
        paths: paths.iter().map(|path| PathPattern::parse(path).expect("a path")).collect(),
        networks: networks.iter().map(ToString::to_string).collect(),
    }
}

fn place<'a>(host: &'a str, path: &'a str) -> Place<'a> {
    Place {
        host,
        port: 443,
        path: Some(path.as_bytes()),
        method: Some("GET"),
        client: Some(IpAddr::from([192, 168, 1, 7])),
        may_open: true,
    }
}

fn admit(scope: &PlaceScope, place: &Place<'_>) -> Result<(), OutOfScope> {
    let home = ["192.168.1.0/24".parse().expect("a range")];
    scope.admit(place, &home, &mut PathReadings::default())
}

#[test]
fn a_scope_without_paths_holds_every_path_of_its_hosts() {
    let photos = scope(&["photos.example.com", "*.media.example.com"], &[], &[]);
    for host in ["photos.example.com", "PHOTOS.Example.com", "tv.media.example.com"] {
        for path in ["/", "/api?x=/", "//a/../%2e%2e/%00", "/%zz"] {
            assert_eq!(admit(&photos, &place(host, path)), Ok(()), "{host} {path}");
        }
    }
    for host in
        ["", "example.com", "x.photos.example.com", "media.example.com", "photos.example.co"]
    {
        assert_eq!(admit(&photos, &place(host, "/")), Err(OutOfScope::Host), "{host}");
    }
    assert_eq!(
        admit(&scope(&[], &[], &[]), &place("photos.example.com", "/")),
        Err(OutOfScope::Host)
    );
}

#[test]
fn a_host_with_a_port_is_on_that_port_alone() {
    let scope = scope(&["photos.example.com:8443"], &[], &[]);
    assert_eq!(admit(&scope, &place("photos.example.com", "/")), Err(OutOfScope::Host));
    let there = Place { port: 8443, ..place("photos.example.com", "/") };
    assert_eq!(admit(&scope, &there), Ok(()));
}

#[test]
fn a_path_must_be_plain_and_match_as_it_is_written() {
    let api = scope(&["photos.example.com"], &["/api/**", "/s/*"], &[]);
    for path in ["/api", "/api/", "/api/a/b?x=/../private", "/s/a%20b", "/api/%C3%A4"] {
        assert_eq!(admit(&api, &place("photos.example.com", path)), Ok(()), "{path}");
    }
    for path in [
        "/",
        "/API/a",
        "/apis",
        "/s/",
        "/private?/api/a",
        "/api/../private",
        "/api/%2e%2e/private",
        "/api//a",
        "//api/a",
        "/api/a;x",
        "/api/%61",
        "/api/a%2fb",
        "/api/%00",
        "/api\\..\\private",
        "/api/\u{e4}",
        "",
    ] {
        let place = place("photos.example.com", path);
        assert_eq!(admit(&api, &place), Err(OutOfScope::Path), "{path}");
    }
    let unknown = Place { path: None, ..place("photos.example.com", "/api") };
    assert_eq!(admit(&api, &unknown), Err(OutOfScope::Path));
}

#[test]
fn who_has_no_address_is_in_no_network() {
    let home = scope(&["photos.example.com"], &[], &["home"]);
    let at = |client: Option<&str>| {
        let client = client.map(|client| client.parse().expect("an address"));
        admit(&home, &Place { client, ..place("photos.example.com", "/") })
    };
    assert_eq!(at(Some("192.168.1.200")), Ok(()));
    assert_eq!(at(Some("::ffff:192.168.1.200")), Ok(()));
    assert_eq!(at(Some("192.168.2.1")), Err(OutOfScope::Network));
    assert_eq!(at(None), Err(OutOfScope::Network));
    let nowhere = home.admit(&place("photos.example.com", "/"), &[], &mut PathReadings::default());
    assert_eq!(nowhere, Err(OutOfScope::Network), "a name that stands for nothing");
}

#[test]
fn only_one_host_without_a_star_is_one_host() {
    assert!(scope(&["photos.example.com:8443"], &[], &[]).names_one_host());
    assert!(!scope(&["*.example.com"], &[], &[]).names_one_host());
    assert!(!scope(&["a.example.com", "b.example.com"], &[], &[]).names_one_host());
}

#[test]
fn a_scope_comes_back_from_the_store_as_it_was() {
    let before = scope(&["*.example.com:8443", "[::1]"], &["/api/**", "/s/a%20b"], &["home"]);
    let bytes = postcard::to_allocvec(&before).expect("encodes");
    assert_eq!(postcard::from_bytes::<PlaceScope>(&bytes), Ok(before));
}
