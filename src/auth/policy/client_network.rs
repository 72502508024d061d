//! Whether a visitor is in a network.

use std::net::IpAddr;

use ipnet::IpNet;

/// Whether one of the networks holds the client's address. Who has none is in no network. A range
/// of IPv6 that holds the mapped block holds the IPv4 addresses in it, as in `proxy.trust`.
pub(super) fn hold(networks: &[IpNet], client: Option<IpAddr>) -> bool {
    let Some(client) = client.map(|client| client.to_canonical()) else { return false };
    let mapped = match client {
        IpAddr::V4(client) => IpAddr::V6(client.to_ipv6_mapped()),
        IpAddr::V6(_) => client,
    };
    networks.iter().any(|network| network.contains(&client) || network.contains(&mapped))
}
