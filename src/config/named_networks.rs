//! Networks by the names that rules say: those of `[networks]`, and three that are built in.

use std::collections::BTreeMap;

use ipnet::IpNet;

use crate::original::trusted_range::TrustedRange;

/// Ranges by their names.
pub type NamedNetworks = BTreeMap<String, Vec<IpNet>>;

/// `loopback`, `linklocal` and `uniquelocal`: the addresses that [`TrustedRange`] means by them.
pub fn built_in_networks() -> NamedNetworks {
    BUILT_IN.iter().map(|(range, networks)| (range.to_string(), read(networks))).collect()
}

/// The addresses that an entry of `proxy.trust` means.
pub(super) fn networks_of(range: &TrustedRange) -> Vec<IpNet> {
    match range {
        TrustedRange::Network(network) => vec![*network],
        named => BUILT_IN
            .iter()
            .find(|(known, _)| known == named)
            .map_or_else(Vec::new, |(_, networks)| read(networks)),
    }
}

fn read(networks: &[&str]) -> Vec<IpNet> {
    networks.iter().filter_map(|network| network.parse().ok()).collect()
}

const BUILT_IN: [(TrustedRange, &[&str]); 3] = [
    (TrustedRange::Loopback, &["127.0.0.0/8", "::1/128"]),
    (TrustedRange::LinkLocal, &["169.254.0.0/16", "fe80::/10"]),
    (TrustedRange::UniqueLocal, &["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"]),
];

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    /// The first and last address of a range, and their neighbours outside.
    fn edges(network: &IpNet) -> Vec<IpAddr> {
        let (first, last) = (network.network(), network.broadcast());
        let step = |address: IpAddr, up: bool| match address {
            IpAddr::V4(v4) => {
                let bits = v4.to_bits();
                IpAddr::V4((if up { bits.wrapping_add(1) } else { bits.wrapping_sub(1) }).into())
            }
            IpAddr::V6(v6) => {
                let bits = v6.to_bits();
                IpAddr::V6((if up { bits.wrapping_add(1) } else { bits.wrapping_sub(1) }).into())
            }
        };
        vec![step(first, false), first, last, step(last, true)]
    }

    #[test]
    fn the_built_in_networks_are_those_of_proxy_trust() {
        let built_in = built_in_networks();
        assert_eq!(built_in.keys().collect::<Vec<_>>(), ["linklocal", "loopback", "uniquelocal"]);
        let asked: Vec<_> = built_in.values().flatten().flat_map(edges).collect();
        assert_eq!(asked.len(), 32);
        for (name, networks) in &built_in {
            let range: TrustedRange = name.parse().expect("one of the names");
            assert_eq!(&networks_of(&range), networks);
            for address in &asked {
                let held = networks.iter().any(|network| network.contains(address));
                assert_eq!(held, range.contains(*address), "{name} {address}");
            }
        }
    }
}
