//! Written host names, URLs and paths into types (RFC 1123, RFC 3986): what the values of
//! `public_url`, `path_prefix`, `redirect_hosts` and `session.cookie_domain` may be.

use super::public_url::PublicUrl;
use super::raw::Raw;
use super::values::{Read, list, quoted, text};
use crate::original::scheme::Scheme;

/// `public_url`: scheme, host and at most a port; `""` for none.
pub fn public_url(raw: &Raw) -> Read<Option<PublicUrl>> {
    let written = text(raw, "a URL such as \"https://auth.example.com\"")?;
    if written.is_empty() {
        return Ok(None);
    }
    let refused =
        |why: &str| format!("{} {why}, such as https://auth.example.com", quoted(written));
    let (scheme, rest) = match written.split_once("://") {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => (Scheme::Https, rest),
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => (Scheme::Http, rest),
        _ => return Err(refused("must start with https:// (or http://)")),
    };
    let authority = rest.strip_suffix('/').unwrap_or(rest);
    if authority.contains('@') {
        return Err(refused("must not name a user"));
    }
    if authority.contains(['/', '?', '#']) {
        return Err(refused(
            "must end with the host or its port; a path of its own goes into path_prefix",
        ));
    }
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    };
    let port = match port {
        None => None,
        Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => Some(
            digits
                .parse::<u16>()
                .ok()
                .filter(|port| *port > 0)
                .ok_or_else(|| refused("needs a port from 1 to 65535"))?,
        ),
        Some(_) => return Err(refused("needs a port of digits")),
    };
    let lower = host.to_ascii_lowercase();
    let host = match lower.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        // As browsers write it, however it is written here (RFC 5952).
        Some(address) => {
            address.parse::<std::net::Ipv6Addr>().ok().map(|address| format!("[{address}]"))
        }
        None => Some(lower)
            .filter(|host| is_host_name(host) || host.parse::<std::net::Ipv4Addr>().is_ok()),
    };
    let host = host.ok_or_else(|| refused("needs a host name"))?;
    Ok(Some(PublicUrl::new(scheme, &host, port)))
}

/// Labels of letters, digits and inner hyphens (RFC 1123 section 2.1), lower case, no final dot.
/// What ends in a number is an address to browsers, or nothing, and no name.
pub fn is_host_name(host: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let number =
        host.rsplit('.').next().is_some_and(|last| last.bytes().all(|byte| byte.is_ascii_digit()));
    host.len() <= 253 && !number && host.split('.').all(label)
}

/// `path_prefix`: `""`, or segments that mean the same before and after normalisation.
pub fn path_prefix(raw: &Raw) -> Read<String> {
    let written = text(raw, "a path such as \"/auth\"")?;
    if written.is_empty() {
        return Ok(String::new());
    }
    let refused = |why: &str| {
        Err(format!("{} {why}; write it as \"/auth\", or \"\" for none", quoted(written)))
    };
    let Some(segments) = written.strip_prefix('/') else { return refused("does not start with /") };
    if written.ends_with('/') {
        return refused("ends with /");
    }
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let good = |segment: &str| !["", ".", ".."].contains(&segment) && segment.bytes().all(plain);
    if written.len() > 200 || !segments.split('/').all(good) {
        return refused("may hold letters, digits and -._~ between single slashes");
    }
    Ok(written.to_owned())
}

/// `redirect_hosts`
pub fn redirect_hosts(raw: &Raw) -> Read<Vec<String>> {
    let mut hosts = Vec::new();
    for entry in list(raw, "[\"photos.example.org\"]")? {
        let host = entry.to_ascii_lowercase();
        if !is_host_name(&host) {
            let why = "is no host name: write it without scheme, port, path or *, such as photos.example.org";
            return Err(format!("{} {why}", quoted(entry)));
        }
        hosts.push(host);
    }
    Ok(hosts)
}

/// `session.cookie_domain`: a name with a dot inside, a leading dot dropped; `""` for none.
pub fn cookie_domain(raw: &Raw) -> Read<Option<String>> {
    let written = text(raw, "a domain such as \"example.com\"")?;
    if written.is_empty() {
        return Ok(None);
    }
    let domain = written.strip_prefix('.').unwrap_or(written).to_ascii_lowercase();
    if !is_host_name(&domain) {
        return Err(format!(
            "{} is no domain such as example.com; \"\" keeps the cookie on one host",
            quoted(written)
        ));
    }
    if !domain.contains('.') {
        return Err(format!(
            "{} has no dot: browsers refuse cookies for a whole top-level domain",
            quoted(written)
        ));
    }
    Ok(Some(domain))
}
