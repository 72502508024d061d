//! What a visitor may not claim towards a site, in every spelling that an application takes for it.

use crate::config::{ClientIpHeader, Config};
use crate::original::override_header::OVERRIDE_HEADERS;

/// What a visitor may not claim about his address and his request, and no printed
/// configuration sets: some applications believe it.
const CLAIMS: [&str; 7] = [
    "Forwarded",
    "X-Forwarded-Port",
    "X-Forwarded-Uri",
    "X-Forwarded-Method",
    "X-Forwarded-Prefix",
    "X-Client-IP",
    "True-Client-IP",
];

/// With one of these some applications serve another path, or act on another method, than the
/// request line has: not what the gate was asked about.
pub(super) fn overrides() -> impl Iterator<Item = &'static str> {
    OVERRIDE_HEADERS.into_iter().map(|(header, _)| header)
}

/// What [`overrides`] are, for who reads a printed configuration.
pub(super) const OVERRIDES_COMMENT: &str =
    "# Some applications take these for the real path or method.\n";

/// [`CLAIMS`], and Cloudflare's word on the address where nobody expects it.
pub(super) fn claims(config: &Config) -> impl Iterator<Item = &'static str> {
    let cloudflare = config.proxy.client_ip_header != ClientIpHeader::CfConnectingIp;
    CLAIMS.into_iter().chain(cloudflare.then_some("CF-Connecting-IP"))
}

/// A name with every choice of `-` and `_`: many applications take all of them for the same header.
pub fn spellings(name: &str) -> Vec<String> {
    let mut parts = name.split('-');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(vec![first], |spelled, part| {
        spelled
            .iter()
            .flat_map(|start| [format!("{start}-{part}"), format!("{start}_{part}")])
            .collect()
    })
}
