//! A request as an access log has it.

use std::borrow::Cow;
use std::net::IpAddr;

use crate::original::scheme::Scheme;

/// One request of a log, borrowed from its line where the line needs no unescaping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedRequest<'l> {
    /// The host that was asked for, with its port where one was named; `None` where the log does
    /// not say.
    pub host: Option<Cow<'l, str>>,
    /// Whether it came by https; `None` where the log does not say.
    pub scheme: Option<Scheme>,
    /// The method.
    pub method: Cow<'l, str>,
    /// The request target as far as the log has kept it: path and query, or a whole address.
    pub target: Cow<'l, [u8]>,
    /// The visitor's address, where it is one.
    pub client: Option<IpAddr>,
}

/// Reads a line of an access log, without its end; `None` where it holds no request.
pub type ReadLogLine = for<'l> fn(&'l [u8]) -> Option<LoggedRequest<'l>>;

/// A text as the octets that it is made of.
pub(super) fn octets_of(text: Cow<'_, str>) -> Cow<'_, [u8]> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
        Cow::Owned(text) => Cow::Owned(text.into_bytes()),
    }
}
