//! systemd-networkd and systemd-resolved: an address by DHCP on every cable and on the Wi-Fi, and
//! `NAME.local` for everybody in the house (multicast DNS, RFC 6762).

use std::path::PathBuf;

use super::MADE;
use crate::places::Places;
use crate::settings::Settings;

/// A cable wins over the Wi-Fi where both are there. A router may not rename the card
/// (`UseHostname`): visitors look for the name in the settings.
const LINKS: [(&str, &str, u16); 2] =
    [("20-cable.network", "Type=ether", 100), ("30-wifi.network", "Type=wlan", 600)];

/// Each file and its text.
pub fn files(places: &Places, settings: &Settings) -> Vec<(PathBuf, String)> {
    let links =
        LINKS.iter().filter(|(name, ..)| settings.wifi.is_some() || *name != "30-wifi.network");
    let mut files: Vec<_> = links
        .map(|(name, kind, metric)| {
            let text = format!(
                "{MADE}[Match]\n{kind}\n\n[Network]\nDHCP=yes\nMulticastDNS=yes\nLLMNR=no\n\n\
                 [DHCPv4]\nUseHostname=no\nRouteMetric={metric}\n\n[DHCPv6]\nUseHostname=no\n\n\
                 [IPv6AcceptRA]\nRouteMetric={metric}\n"
            );
            (places.network(name), text)
        })
        .collect();
    // The card answers for its own name only; LLMNR would let any neighbour answer for others.
    files.push((places.resolved(), format!("{MADE}[Resolve]\nMulticastDNS=yes\nLLMNR=no\n")));
    files
}
