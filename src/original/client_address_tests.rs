//! The visitor's address, on the table of forwarded chains that Express' published rules give.

use super::*;
use crate::http::request::Headers;
use crate::original::purpose::RequestPurpose;
use crate::original::reader::read;

const VECTORS: &str = include_str!("../../tests/vectors/proxy_trust.tsv");

fn client(
    trust: &Trust,
    client_ip_header: ClientIpHeader,
    peer: Option<IpAddr>,
    lines: &[(&str, &str)],
) -> (IpAddr, Vec<ForwardingProblem>) {
    let ranges = ["104.16.0.0/13".parse().unwrap(), "2606:4700::/32".parse().unwrap()];
    let belief = Belief { trust, client_ip_header, cloudflare_ranges: &ranges };
    let headers = Headers::of(lines.iter().map(|(name, value)| (*name, value.as_bytes())));
    let original = read(&headers, peer, RequestPurpose::Page { public_url_known: true }, &belief);
    (original.client, original.problems().to_vec())
}

#[test]
fn the_chain_is_walked_as_express_does() {
    let mut cases = 0;
    for row in VECTORS.lines().filter(|row| !row.starts_with('#') && !row.is_empty()) {
        let [trust, peer, chain, expected] = row.split('\t').collect::<Vec<_>>()[..] else {
            panic!("{row:?}")
        };
        let peer = if peer == "unix" { None } else { Some(peer.parse().expect(row)) };
        let lines: Vec<_> = chain.split(" | ").map(|line| ("X-Forwarded-For", line)).collect();
        let (found, _) =
            client(&trust.parse().expect(row), ClientIpHeader::XForwardedFor, peer, &lines);
        assert_eq!(found, expected.parse::<IpAddr>().expect(row), "{row}");
        cases += 1;
    }
    assert!(cases >= 60, "only {cases} cases were read");
}

#[test]
fn x_real_ip_counts_from_a_trusted_peer_only() {
    let from = |peer: &str, lines: &[(&str, &str)]| {
        client(&Trust::default(), ClientIpHeader::XRealIp, Some(peer.parse().unwrap()), lines)
            .0
            .to_string()
    };
    assert_eq!(from("127.0.0.1", &[("x-real-ip", "203.0.113.7")]), "203.0.113.7");
    assert_eq!(
        from("127.0.0.1", &[("X-Real-IP", "203.0.113.7"), ("X-Forwarded-For", "6.6.6.6")]),
        "203.0.113.7"
    );
    assert_eq!(from("198.51.100.1", &[("X-Real-IP", "203.0.113.7")]), "198.51.100.1");
    // What a client can send must not decide where the configured header does not.
    assert_eq!(from("127.0.0.1", &[("X-Forwarded-For", "6.6.6.6")]), "127.0.0.1");
    assert_eq!(from("127.0.0.1", &[("X-Real-IP", "203.0.113.7, 6.6.6.6")]), "127.0.0.1");
    assert_eq!(
        from("127.0.0.1", &[("X-Real-IP", "203.0.113.7"), ("X-Real-IP", "6.6.6.6")]),
        "127.0.0.1"
    );
}

#[test]
fn cloudflares_header_counts_only_where_the_chain_leads_to_cloudflare() {
    let found = |lines: &[(&str, &str)]| {
        let peer = Some("127.0.0.1".parse().unwrap());
        client(&Trust::default(), ClientIpHeader::CfConnectingIp, peer, lines).0.to_string()
    };
    let cloudflare = ("X-Forwarded-For", "6.6.6.6, 104.16.0.1");
    assert_eq!(found(&[cloudflare, ("CF-Connecting-IP", "203.0.113.7")]), "203.0.113.7");
    assert_eq!(found(&[cloudflare, ("cf-connecting-ip", "2001:db8::7")]), "2001:db8::7");
    assert_eq!(
        found(&[("X-Forwarded-For", "2606:4700::1"), ("CF-Connecting-IP", "203.0.113.7")]),
        "203.0.113.7"
    );
    assert_eq!(
        found(&[("X-Forwarded-For", "198.51.100.1"), ("CF-Connecting-IP", "6.6.6.6")]),
        "198.51.100.1"
    );
    assert_eq!(
        found(&[("X-Forwarded-For", "104.16.0.1, 198.51.100.1"), ("CF-Connecting-IP", "6.6.6.6")]),
        "198.51.100.1"
    );
    assert_eq!(found(&[cloudflare]), "104.16.0.1");
    assert_eq!(found(&[cloudflare, ("CF-Connecting-IP", "203.0.113.7, 6.6.6.6")]), "104.16.0.1");
    assert_eq!(found(&[cloudflare, ("CF-Connecting-IP", "x")]), "104.16.0.1");
    let twice =
        [cloudflare, ("CF-Connecting-IP", "203.0.113.7"), ("CF-Connecting-IP", "203.0.113.7")];
    assert_eq!(found(&twice), "104.16.0.1");
}

#[test]
fn an_entry_that_is_no_address_is_noted_only_where_the_walk_meets_it() {
    let peer = Some("127.0.0.1".parse().unwrap());
    let problems = |chain| {
        client(
            &Trust::default(),
            ClientIpHeader::XForwardedFor,
            peer,
            &[("X-Forwarded-For", chain)],
        )
        .1
    };
    assert_eq!(problems("a"), [ForwardingProblem::NotAnAddress(ForwardingHeader::ForwardedFor)]);
    assert_eq!(problems("a, 203.0.113.7"), []);
}

#[test]
fn a_zone_is_dropped_only_where_it_can_be_one() {
    let link_local = "fe80::1".parse::<IpAddr>().ok();
    assert_eq!(address(b"fe80::1%eth0.7"), link_local);
    for entry in [&b"fe80::1%"[..], b"fe80::1%e/0", b"fe80::1%e 0", b"fe80::1%\"", b"[fe80::1%]:80"]
    {
        assert_eq!(address(entry), None, "{}", entry.escape_ascii());
    }
}

#[test]
fn the_header_of_the_client_is_shown_by_its_name() {
    let headers =
        [ClientIpHeader::XForwardedFor, ClientIpHeader::XRealIp, ClientIpHeader::CfConnectingIp];
    assert_eq!(
        headers.map(|header| header.to_string()),
        ["X-Forwarded-For", "X-Real-IP", "CF-Connecting-IP"]
    );
}

#[test]
fn four_numbers_are_read_as_the_standard_library_reads_them() {
    for good in ["203.0.113.7", "0.0.0.0", "255.255.255.255", "10.99.100.249"] {
        for place in 0..good.len() {
            for octet in 0..=127 {
                let mut text = good.as_bytes().to_vec();
                text[place] = octet;
                let text = String::from_utf8(text).expect("ASCII");
                for text in [&text, &text[..place], &format!("{text}{place}")] {
                    assert_eq!(ipv4(text.as_bytes()), text.parse().ok(), "{text:?}");
                }
            }
        }
    }
}
