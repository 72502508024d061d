//! Where a visitor may be sent after a login: the check of `next` (also read as `rd` and
//! `redirect_uri`).
//!
//! Guarantees: what [`ReturnPolicy::check`] accepts is printable ASCII without backslash, and a
//! browser that follows it as a `Location` ends on the host that served the login page, or on one
//! that the configuration names. It reads what three kinds of software make of dots and escapes:
//! RFC 3986 section 5.2.4, the WHATWG URL standard (where `%2e` is a dot), and servers that decode
//! everything first.
//!
//! Leaves out: decoding (`next` comes here decoded exactly once), choosing between several values,
//! and logging.

use core::fmt;

use crate::auth::resolved_path::{PathReading, ResolvedPath};

/// Most octets that a return address may have.
pub const MAX_LENGTH: usize = ResolvedPath::MAX_LENGTH;

/// First path segments of the gate's own pages: to return there would go round in circles, or end
/// what has just begun.
const OWN_PAGES: [&[u8]; 5] = [b"login", b"logout", b"setup", b"enroll", b"verify"];

/// What the configuration says about return addresses. Borrowed from it, so making one costs
/// nothing.
#[derive(Clone, Copy)]
pub struct ReturnPolicy<'c> {
    /// Host of `public_url` without its port, or nothing where that is empty and each site has its
    /// own login page.
    pub public_host: Option<&'c str>,
    /// Whether `public_url` is plain http.
    pub public_is_http: bool,
    /// `session.cookie_domain`: this host and all below it are allowed.
    pub cookie_domain: Option<&'c str>,
    /// `redirect_hosts`: further hosts, compared whole.
    pub redirect_hosts: &'c [String],
    /// `path_prefix`: empty, or `/…` without a slash at the end.
    pub path_prefix: &'c str,
}

/// The request that brings `next`, as the trusted proxy describes it.
#[derive(Clone, Copy)]
pub struct Visitor<'r> {
    /// The host that the visitor's browser shows; a port behind it is ignored.
    pub host: &'r str,
    /// Whether the visitor came over plain http.
    pub is_http: bool,
}

/// A return address that passed: nothing in it can split a header or leave the allowed hosts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ReturnTo<'n> {
    text: &'n str,
    origin_length: usize,
}

/// Why a return address is not followed; for the log, never for the answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReturnToRefusal {
    /// No octet at all.
    Empty,
    /// More than [`MAX_LENGTH`] octets.
    TooLong,
    /// A control character, space, backslash, quote, angle bracket, or an octet above 0x7E.
    Character,
    /// Neither a path nor an absolute address with an allowed scheme.
    Scheme,
    /// `http://` where neither `public_url` nor the visitor uses plain http.
    PlainHttp,
    /// `//…`, or a path that becomes this when its dot segments are removed.
    DoubleSlash,
    /// A name or password before the host.
    UserInfo,
    /// An IP address instead of a name.
    Address,
    /// A host that is no sequence of non-empty letter-digit-hyphen labels.
    Host,
    /// A port that is not 1 to 65535 in plain digits.
    Port,
    /// A well-formed host that the configuration does not name.
    Foreign,
    /// One of the gate's own pages on the login host.
    OwnPage,
}

impl<'c> ReturnPolicy<'c> {
    /// Decides whether `next`, decoded once, may be followed. Allocates nothing; linear in the
    /// length of `next`.
    pub fn check<'n>(
        &self,
        next: &'n [u8],
        visitor: &Visitor<'_>,
    ) -> Result<ReturnTo<'n>, ReturnToRefusal> {
        if next.is_empty() {
            return Err(ReturnToRefusal::Empty);
        }
        if next.len() > MAX_LENGTH {
            return Err(ReturnToRefusal::TooLong);
        }
        let harmless =
            |octet: &u8| octet.is_ascii_graphic() && !matches!(octet, b'\\' | b'"' | b'<' | b'>');
        let text = match core::str::from_utf8(next) {
            Ok(text) if next.iter().all(harmless) => text,
            _ => return Err(ReturnToRefusal::Character),
        };
        if text.starts_with('/') {
            self.check_path(text)
        } else {
            self.check_address(text, visitor)
        }
    }

    fn check_path<'n>(&self, text: &'n str) -> Result<ReturnTo<'n>, ReturnToRefusal> {
        let path = path_of(text);
        // A browser keeps to its own reading; but what it sends may be resolved once more by a
        // proxy that follows RFC 3986 to the letter, so neither may come out as `//host`.
        for reading in [PathReading::Rfc3986, PathReading::Browser] {
            if path.starts_with("//") || ResolvedPath::new(path, reading).starts_with(b"//") {
                return Err(ReturnToRefusal::DoubleSlash);
            }
        }
        if self.is_own_page(path) {
            return Err(ReturnToRefusal::OwnPage);
        }
        Ok(ReturnTo { text, origin_length: 0 })
    }

    fn check_address<'n>(
        &self,
        text: &'n str,
        visitor: &Visitor<'_>,
    ) -> Result<ReturnTo<'n>, ReturnToRefusal> {
        let (scheme, rest) = text.split_once("://").ok_or(ReturnToRefusal::Scheme)?;
        if scheme.eq_ignore_ascii_case("http") {
            if !self.public_is_http && !visitor.is_http {
                return Err(ReturnToRefusal::PlainHttp);
            }
        } else if !scheme.eq_ignore_ascii_case("https") {
            return Err(ReturnToRefusal::Scheme);
        }
        let (authority, tail) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        let (host, port) = split_authority(authority)?;
        // The login host is taken in whatever form it has: a home may have no name. All others are
        // names.
        if !self.is_at_home(host, visitor) {
            check_name(host)?;
            if !self.allows_host(host) {
                return Err(ReturnToRefusal::Foreign);
            }
        }
        if port.is_some_and(|port| !is_port(port)) {
            return Err(ReturnToRefusal::Port);
        }
        if self.is_login_host(host, visitor) && self.is_own_page(path_of(tail)) {
            return Err(ReturnToRefusal::OwnPage);
        }
        Ok(ReturnTo { text, origin_length: text.len() - tail.len() })
    }

    /// Where the login page is that leads on: `public_url`'s host, or the visitor's own.
    fn is_at_home(&self, host: &str, visitor: &Visitor<'_>) -> bool {
        let login_host = self.public_host.unwrap_or(without_port(visitor.host));
        // Where the visitor's host is not known nobody is at home; browsers take the first segment
        // behind `///` for a host.
        !login_host.is_empty() && host.eq_ignore_ascii_case(login_host)
    }

    fn allows_host(&self, host: &str) -> bool {
        self.cookie_domain.is_some_and(|domain| is_at_or_below(host, domain))
            || self.redirect_hosts.iter().any(|listed| host.eq_ignore_ascii_case(listed))
    }

    /// The gate's pages are on `public_url`'s host, and on the host on which this very request
    /// reached one of them.
    fn is_login_host(&self, host: &str, visitor: &Visitor<'_>) -> bool {
        self.public_host.is_some_and(|public| host.eq_ignore_ascii_case(public))
            || host.eq_ignore_ascii_case(without_port(visitor.host))
    }

    fn is_own_page(&self, path: &str) -> bool {
        [PathReading::Browser, PathReading::Server].into_iter().any(|reading| {
            let resolved = ResolvedPath::new(path, reading);
            let Some(below) = resolved
                .as_bytes()
                .strip_prefix(self.path_prefix.as_bytes())
                .and_then(|p| p.strip_prefix(b"/"))
            else {
                return false;
            };
            let first = below.split(|octet| *octet == b'/').next().unwrap_or_default();
            OWN_PAGES.contains(&first)
        })
    }
}

impl<'n> ReturnTo<'n> {
    /// The address that takes the place of one that was refused or not given.
    pub const HOME: ReturnTo<'static> = ReturnTo { text: "/", origin_length: 0 };

    /// The address as it came, fit for a `Location` header.
    pub fn as_bytes(&self) -> &'n [u8] {
        self.text.as_bytes()
    }

    /// The same as text: ASCII only.
    pub fn as_str(&self) -> &'n str {
        self.text
    }

    /// Scheme, host and port for the page's `form-action`, or the scheme (`https:`) alone where the
    /// host is one that a content security policy cannot name; nothing for a path, which `'self'`
    /// covers.
    pub fn origin(&self) -> Option<&'n str> {
        self.text.get(..self.origin_length).filter(|origin| !origin.is_empty()).map(policy_source)
    }
}

impl fmt::Display for ReturnToRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "return address is empty",
            Self::TooLong => "return address is longer than 4,096 octets",
            Self::Character => "return address holds a character that no address may hold",
            Self::Scheme => "return address is neither a path nor an https address",
            Self::PlainHttp => "return address is plain http, and neither public_url nor the visitor uses that",
            Self::DoubleSlash => "return address is a path that begins with two slashes once its dots are resolved",
            Self::UserInfo => "return address holds a user name before the host",
            Self::Address => "return address names an IP address; give the site a host name",
            Self::Host => "return address has a malformed host",
            Self::Port => "return address has a malformed port",
            Self::Foreign => {
                "return address is on a host that is neither public_url's, nor in session.cookie_domain, nor in redirect_hosts"
            }
            Self::OwnPage => "return address is one of the gate's own pages",
        })
    }
}

/// Splits `host[:port]`, the host in its brackets where it has them (RFC 3986 section 3.2).
fn split_authority(authority: &str) -> Result<(&str, Option<&str>), ReturnToRefusal> {
    if authority.contains('@') {
        return Err(ReturnToRefusal::UserInfo);
    }
    let end = match authority.strip_prefix('[') {
        Some(_) => {
            authority.find(']').map(|end| end + "]".len()).ok_or(ReturnToRefusal::Address)?
        }
        None => authority.find(':').unwrap_or(authority.len()),
    };
    let (host, behind) = authority.split_at_checked(end).ok_or(ReturnToRefusal::Host)?;
    match behind.strip_prefix(':') {
        None if behind.is_empty() => Ok((host, None)),
        None => Err(ReturnToRefusal::Address),
        port => Ok((host, port)),
    }
}

/// Whether it is a name that no browser takes for an address.
fn check_name(host: &str) -> Result<(), ReturnToRefusal> {
    if host.starts_with('[') {
        return Err(ReturnToRefusal::Address);
    }
    if host.len() > 253 || !host.split('.').all(is_label) {
        return Err(ReturnToRefusal::Host);
    }
    // The WHATWG standard takes a host whose last label is a number for an IPv4 address,
    // hexadecimal ones included.
    let last = host.rsplit('.').next().unwrap_or_default();
    let hexadecimal = last.strip_prefix("0x").or(last.strip_prefix("0X"));
    if last.bytes().all(|b| b.is_ascii_digit())
        || hexadecimal.is_some_and(|h| h.bytes().all(|b| b.is_ascii_hexdigit()))
    {
        return Err(ReturnToRefusal::Address);
    }
    Ok(())
}

/// RFC 5890 section 2.3.1, with the length limit of RFC 1035, and the underscore that container
/// names have.
fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        && !label.starts_with('-')
        && !label.ends_with('-')
}

/// An origin, as scheme, host and port, in the words of a content security policy (CSP level 3,
/// section 2.3.1): those have no form for the brackets of an IPv6 address and for an underscore, so
/// there it is the scheme alone.
pub fn policy_source(origin: &str) -> &str {
    match origin.split_once("://") {
        Some((scheme, host)) if host.contains(['[', '_']) => {
            origin.get(..=scheme.len()).unwrap_or(origin)
        }
        _ => origin,
    }
}

/// Digits only, since Rust's own parser takes `+443`.
fn is_port(port: &str) -> bool {
    port.len() <= 5
        && port.bytes().all(|b| b.is_ascii_digit())
        && !port.starts_with('0')
        && port.parse::<u16>().is_ok()
}

/// Whether a cookie of `domain` is sent to `host`, a name without its port: to that host and to all
/// below it (RFC 6265 section 5.1.3). Letters of any case; a dot before the domain is passed over.
pub fn is_at_or_below(host: &str, domain: &str) -> bool {
    let domain = domain.strip_prefix('.').unwrap_or(domain);
    let Some(above) = host.len().checked_sub(domain.len()) else { return false };
    let (Some(front), Some(back)) = (host.get(..above), host.get(above..)) else { return false };
    !domain.is_empty()
        && back.eq_ignore_ascii_case(domain)
        && (front.is_empty() || front.ends_with('.'))
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    }
}

fn path_of(text: &str) -> &str {
    text.split(['?', '#']).next().unwrap_or_default()
}

#[cfg(test)]
#[path = "return_to_tests.rs"]
mod tests;
