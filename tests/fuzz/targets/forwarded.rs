//! Forwarding headers: an untrusted peer decides nothing, and a request that passes has one scheme,
//! host, URI and method.

#![cfg_attr(fuzzing, no_main)]

use std::net::{IpAddr, Ipv4Addr};

#[cfg(fuzzing)]
use libfuzzer_sys::fuzz_target;
use portcullis::config::cloudflare_ranges;
use portcullis::original::client_address::{Belief, ClientIpHeader};
use portcullis::original::purpose::{ForwardingFamily, RequestPurpose};
use portcullis::original::reader::read;
use portcullis::http::request::parse_head;
use portcullis::original::trust::Trust;
use portcullis::original::request::Arrival;

const STRANGER: IpAddr = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 7));

fuzz_target!(|input: (u8, &[u8])| {
    let (choice, text) = input;
    let bytes = [b"GET /verify HTTP/1.1\r\n", text, b"\r\n\r\n"].concat();
    let Ok(Some((head, _, _))) = parse_head(&bytes) else { return };
    let trust = Trust::parse("loopback, 192.0.2.0/24, 2001:db8::/32").expect("a good list");
    let ranges = cloudflare_ranges();
    let client_ip_header = match choice % 3 {
        0 => ClientIpHeader::XForwardedFor,
        1 => ClientIpHeader::XRealIp,
        _ => ClientIpHeader::CfConnectingIp,
    };
    let belief = Belief { trust: &trust, client_ip_header, cloudflare_ranges: &ranges };
    let question = match choice / 3 % 7 {
        0 => RequestPurpose::Verify(ForwardingFamily::Any),
        1 => RequestPurpose::Verify(ForwardingFamily::XForwardedWithoutPort),
        2 => RequestPurpose::Verify(ForwardingFamily::XForwarded),
        3 => RequestPurpose::Verify(ForwardingFamily::XOriginal),
        4 => RequestPurpose::Page { public_url_known: true },
        6 => RequestPurpose::Verify(ForwardingFamily::RequestCopy),
        _ => RequestPurpose::Page { public_url_known: false },
    };

    let stranger = read(&head.headers, Some(STRANGER), question, &belief);
    assert!(!stranger.trusted && stranger.arrival != Arrival::Proxied);
    assert_eq!(stranger.client, STRANGER, "a stranger names his own address");

    for peer in [None, Some(IpAddr::V4(Ipv4Addr::LOCALHOST))] {
        let original = read(&head.headers, peer, question, &belief);
        assert!(original.trusted && original.arrival != Arrival::Untrusted);
        assert_eq!(
            original.client,
            original.client.to_canonical(),
            "mapped addresses are IPv4 everywhere"
        );
        let asked = !matches!(question, RequestPurpose::Page { .. }) && original.arrival == Arrival::Proxied;
        if asked && original.blocking_problem.is_none() {
            assert!(original.host.is_some(), "passes without a host");
        }
        let mut origin = Vec::new();
        original.write_origin(&mut |bytes| origin.extend_from_slice(bytes));
        assert!(
            origin
                .iter()
                .all(|byte| byte.is_ascii_graphic() && !b"\"<>\\/".contains(byte) || *byte == b'/')
        );
    }
});
