//! The status of the card, gathered from all places: what its holder reads is made of it.

use std::net::IpAddr;

use nix::ifaddrs::getifaddrs;
use nix::net::if_::InterfaceFlags;
use portcullis::clock;

use crate::durable;
use crate::places::Places;
use crate::report::Report;
use crate::settings::{self, LARGEST, Settings};
use crate::setup_code::{self, SetupCode};

/// Everything that the status file and the screen say.
#[derive(Clone)]
pub struct CardStatus {
    pub settings: Settings,
    pub report: Report,
    /// The set-up code; `None` once somebody has enrolled.
    pub code: Option<SetupCode>,
    /// Whether a time server has answered since the start.
    pub clock_is_set: bool,
    /// When one last did, as it was written down then.
    pub last_set: Option<String>,
    /// Interfaces and their addresses, in order.
    pub addresses: Vec<(String, IpAddr)>,
    /// The certificate of the card's own authority.
    pub authority: Option<Vec<u8>>,
}

impl CardStatus {
    /// Looks at everything; what cannot be seen counts as not there.
    pub fn gather(places: &Places) -> Self {
        Self {
            settings: in_force(places),
            report: Report::load(places),
            code: setup_code::present(places).ok().flatten(),
            clock_is_set: clock::synchronised() == Some(true),
            last_set: short_text(places),
            addresses: addresses(),
            authority: authority(places),
        }
    }
}

/// The settings that the card runs on.
pub fn in_force(places: &Places) -> Settings {
    let bytes = durable::read_at_most(&places.settings_in_force(), LARGEST)
        .ok()
        .flatten()
        .unwrap_or_default();
    let text = String::from_utf8(bytes).unwrap_or_default();
    settings::parse(&text, &places.zoneinfo).map(|parsed| parsed.settings).unwrap_or_default()
}

fn short_text(places: &Places) -> Option<String> {
    let bytes = durable::read_at_most(&places.time_set(), 100).ok().flatten()?;
    Some(String::from_utf8(bytes).ok()?.trim().to_owned())
}

/// Never anything but a certificate.
fn authority(places: &Places) -> Option<Vec<u8>> {
    let bytes = durable::read_at_most(&places.authority(), 64 << 10).ok().flatten()?;
    let text = std::str::from_utf8(&bytes).ok()?;
    (text.starts_with("-----BEGIN CERTIFICATE-----") && !text.contains("PRIVATE KEY"))
        .then_some(bytes)
}

/// Those by which other machines reach this one: IPv4, else IPv6 that is good beyond the cable.
fn addresses() -> Vec<(String, IpAddr)> {
    let mut found: Vec<(String, IpAddr)> = Vec::new();
    for one in getifaddrs().into_iter().flatten() {
        let up = one.flags.contains(InterfaceFlags::IFF_UP)
            && !one.flags.contains(InterfaceFlags::IFF_LOOPBACK);
        let Some(address) = one.address.filter(|_| up) else { continue };
        let v4 = address.as_sockaddr_in().map(|address| IpAddr::V4(address.ip()));
        let v6 = address.as_sockaddr_in6().map(|address| IpAddr::V6(address.ip()));
        let local = |address: &IpAddr| matches!(address, IpAddr::V6(address) if address.is_unicast_link_local());
        found.extend(
            v4.or(v6)
                .filter(|address| !local(address))
                .map(|address| (one.interface_name, address)),
        );
    }
    found.sort();
    found.dedup();
    if found.iter().any(|(_, address)| address.is_ipv4()) {
        found.retain(|(_, address)| address.is_ipv4());
    }
    found
}
