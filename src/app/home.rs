//! Who is at home: strangers there have a budget of guesses of their own, which those of the
//! internet cannot spend.
//!
//! At home are loopback, link-local and private addresses, `limits.local`, and IPv6 prefixes of the
//! machine's interfaces that also have a private IPv4 network: what shares a cable with us has a
//! global address too. The kernel's tables are read below `/proc/self/net`, which the unit leaves
//! open, unlike netlink. A request whose client's address no trusted proxy told whole is nowhere at
//! home: it may be anybody's.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use ipnet::{IpNet, Ipv6Net};

use crate::auth::guess_budget::NetworkZone;

/// How often the machine's prefixes are read: providers give out new ones.
pub(super) const READ_EVERY: Duration = Duration::from_secs(3_600);

/// Prefixes that one provider gives to one customer are not shorter.
const SHORTEST_PREFIX: u8 = 48;
/// `IFA_F_DEPRECATED` (if_addr.h): the provider has taken the prefix back.
const DEPRECATED: u32 = 0x20;
/// `RTF_UP` and `RTF_GATEWAY` (route.h).
const UP: u32 = 1;
const GATEWAY: u32 = 2;

/// Whose budget a stranger with this address draws on.
pub(super) fn origin(client: IpAddr, local: &[IpNet], prefixes: &[Ipv6Net]) -> NetworkZone {
    let neighbour = || match client {
        IpAddr::V6(address) => prefixes.iter().any(|prefix| prefix.contains(&address)),
        IpAddr::V4(_) => false,
    };
    let at_home = local.iter().any(|range| range.contains(&client)) || neighbour();
    if at_home { NetworkZone::Local } else { NetworkZone::of(client) }
}

/// The machine's own prefixes that are at home; none where the kernel does not tell.
pub(super) fn prefixes_of_this_machine() -> Vec<Ipv6Net> {
    let read =
        |name: &str| fs::read_to_string(format!("/proc/self/net/{name}")).unwrap_or_default();
    prefixes(&read("if_inet6"), &read("route"))
}

/// The global prefixes in `if_inet6` of interfaces that `route` has a private network for.
fn prefixes(if_inet6: &str, route: &str) -> Vec<Ipv6Net> {
    let private: Vec<&str> = route.lines().filter_map(private_interface).collect();
    let mut found: Vec<_> =
        if_inet6.lines().filter_map(|line| global_prefix(line, &private)).collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// The interface of a line of the routing table that leads to a private network without a gateway.
fn private_interface(line: &str) -> Option<&str> {
    let mut words = line.split_ascii_whitespace();
    let interface = words.next()?;
    // Octets in the order of the network, printed as a number of this machine.
    let number = |word: Option<&str>| u32::from_str_radix(word?, 16).ok();
    let destination = Ipv4Addr::from(number(words.next())?.to_ne_bytes());
    let _gateway = number(words.next())?;
    let flags = number(words.next())?;
    let mask = number(words.nth(3))?;
    (flags & (UP | GATEWAY) == UP && mask != 0 && destination.is_private()).then_some(interface)
}

/// The prefix of a line of `if_inet6`: address, number, length, scope, flags and name of the
/// interface.
fn global_prefix(line: &str, interfaces: &[&str]) -> Option<Ipv6Net> {
    let mut words = line.split_ascii_whitespace();
    let address = Ipv6Addr::from(u128::from_str_radix(words.next()?, 16).ok()?);
    let length = u8::from_str_radix(words.nth(1)?, 16).ok()?;
    let global = words.next()? == "00";
    let flags = u32::from_str_radix(words.next()?, 16).ok()?;
    let at_home = global && flags & DEPRECATED == 0 && interfaces.contains(&words.next()?);
    let net = Ipv6Net::new(address, length).ok()?.trunc();
    (at_home && length >= SHORTEST_PREFIX).then_some(net)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A line of `/proc/net/route` as this machine would print it.
    fn route(
        interface: &str,
        destination: [u8; 4],
        gateway: [u8; 4],
        flags: u32,
        mask: [u8; 4],
    ) -> String {
        let number = |octets: [u8; 4]| format!("{:08X}", u32::from_ne_bytes(octets));
        let [destination, gateway, mask] = [destination, gateway, mask].map(number);
        format!("{interface}\t{destination}\t{gateway}\t{flags:04X}\t0\t0\t0\t{mask}\t0\t0\t0")
    }

    #[test]
    fn a_prefix_is_at_home_where_its_interface_has_a_private_network_too() {
        let none = [0; 4];
        let table = [
            "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT"
                .to_owned(),
            route("eth0", none, [192, 168, 1, 1], 3, none),
            route("eth0", [192, 168, 1, 0], none, 1, [255, 255, 255, 0]),
            // Leads to a private network, but through somebody else's.
            route("ppp0", [10, 0, 0, 0], [203, 0, 113, 1], 3, [255, 0, 0, 0]),
            route("eth1", [203, 0, 113, 0], none, 1, [255, 255, 255, 0]),
        ];
        let addresses = "\
            20010db8000100020211223344556677 02 40 00 00     eth0\n\
            20010db80001000200000000000000aa 02 40 00 80     eth0\n\
            20010db8000900020211223344556677 02 40 00 20     eth0\n\
            20010db800000000000000000000aaaa 02 20 00 80     eth0\n\
            fe800000000000000211223344556677 02 40 20 80     eth0\n\
            20010db8000200000000000000000001 03 40 00 80     eth1\n\
            20010db8000300000000000000000001 04 40 00 80     ppp0\n\
            00000000000000000000000000000001 01 80 10 80       lo\n";
        let found: Vec<_> =
            prefixes(addresses, &table.join("\n")).iter().map(ToString::to_string).collect();
        assert_eq!(found, ["2001:db8:1:2::/64"]);
    }

    #[test]
    fn at_home_are_private_addresses_the_settings_and_the_own_prefixes() {
        let local = ["100.64.0.0/10".parse().expect("a range")];
        let prefixes = ["2001:db8:1:2::/64".parse().expect("a prefix")];
        let at_home = |client: &str| {
            origin(client.parse().expect("an address"), &local, &prefixes) == NetworkZone::Local
        };
        for client in
            ["127.0.0.1", "192.168.1.2", "fe80::1", "fd00::1", "100.64.1.1", "2001:db8:1:2:3::4"]
        {
            assert!(at_home(client), "{client}");
        }
        for client in ["203.0.113.7", "100.128.0.1", "2001:db8:1:3::1"] {
            assert!(!at_home(client), "{client}");
        }
    }

    #[test]
    fn what_the_kernel_does_not_tell_is_nothing() {
        for (addresses, table) in [("", ""), ("x y z", "x y z"), ("20010db8 02", "eth0 0001A8C0")] {
            assert!(prefixes(addresses, table).is_empty());
        }
    }
}
