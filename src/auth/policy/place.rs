//! What a rule is asked about: one place on one site, who asks and how.

use std::net::IpAddr;

use crate::auth::user::UserName;

/// The place that a request is for, as far as it is known.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The host without port and final dot, in any case; an IPv6 address in brackets.
    pub host: &'a str,
    /// The port, the scheme's own where none was named.
    pub port: u16,
    /// The path as sent, perhaps with a query, which does not count; `None` where nobody knows
    /// which path the site will serve.
    pub path: Option<&'a [u8]>,
    /// The method; `None` where nobody knows which one the site will act on.
    pub method: Option<&'a str>,
    /// The visitor's address; who has none is in no network.
    pub client: Option<IpAddr>,
    /// Whether rules may open this place. Where they may not, they still restrict.
    pub may_open: bool,
}

/// Somebody who is logged in.
#[derive(Clone, Copy, Debug)]
pub struct Member<'a> {
    /// The user.
    pub name: &'a UserName,
    /// The user's groups.
    pub groups: &'a [String],
}

/// What stands before the first `?`.
pub(super) fn without_query(target: &[u8]) -> &[u8] {
    let end = memchr::memchr(b'?', target).unwrap_or(target.len());
    target.get(..end).unwrap_or_default()
}
