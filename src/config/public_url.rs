//! The address at which visitors reach the login page, in its parts.

use crate::original::scheme::Scheme;

/// An origin (RFC 6454): scheme, host and port, no path, no user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl {
    /// `http` or `https`.
    pub scheme: Scheme,
    /// Lower case; an IPv6 address keeps its brackets.
    pub host: String,
    /// As written; the scheme's own port counts as none.
    pub port: Option<u16>,
    text: String,
}

impl PublicUrl {
    /// Puts the parts together. `host` is already lower case.
    pub fn new(scheme: Scheme, host: &str, port: Option<u16>) -> Self {
        let port = port.filter(|port| *port != scheme.default_port());
        let text = match port {
            Some(port) => format!("{}://{host}:{port}", scheme.as_str()),
            None => format!("{}://{host}", scheme.as_str()),
        };
        Self { scheme, host: host.to_owned(), port, text }
    }

    /// `https://auth.example.com` or `https://auth.example.com:8443`, without a final slash.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}
