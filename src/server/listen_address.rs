//! Where to listen, and which of several places can be had together.

use core::fmt;
use core::str::FromStr;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Bytes that the path of a Unix socket has at most: `sun_path` of unix(7) without the final NUL.
pub const LONGEST_SOCKET_PATH: usize = 107;

/// Where to listen: `ip:port` or `unix:/path`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListenAddress {
    /// `127.0.0.1:3000`, `[::]:3000` (IPv4 as well, where the system has it so and no other entry
    /// is about it).
    Tcp(SocketAddr),
    /// An absolute path.
    Unix(PathBuf),
}

impl ListenAddress {
    /// Whether one process cannot listen on both: the same address and port, a wildcard and an
    /// address of its family, the same file. `0.0.0.0` and `::` go side by side, see
    /// [`super::bind`].
    pub fn collides_with(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Tcp(one), Self::Tcp(two)) => {
                // A socket of IPv6 on `::ffff:a.b.c.d` takes the connections of a.b.c.d.
                let (one_ip, two_ip) = (one.ip().to_canonical(), two.ip().to_canonical());
                let link = |socket: &SocketAddr| match socket {
                    SocketAddr::V4(_) => 0,
                    SocketAddr::V6(v6) => v6.scope_id(),
                };
                let same = one_ip == two_ip && link(one) == link(two);
                let all = one_ip.is_unspecified() || two_ip.is_unspecified();
                // Port 0 asks the system for any free port, so two of them are two.
                one.port() == two.port()
                    && one.port() != 0
                    && one_ip.is_ipv4() == two_ip.is_ipv4()
                    && (same || all)
            }
            (Self::Unix(one), Self::Unix(two)) => one == two,
            _ => false,
        }
    }

    /// Whether one is all of IPv6 and the other an address of IPv4, on the same port: the first
    /// must then leave IPv4 out.
    pub fn shares_port_with(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Tcp(one), Self::Tcp(two)) => {
                let all_of_v6 =
                    |socket: &SocketAddr| socket.is_ipv6() && socket.ip().is_unspecified();
                let is_v4 = |socket: &SocketAddr| socket.ip().to_canonical().is_ipv4();
                one.port() == two.port()
                    && one.port() != 0
                    && (all_of_v6(one) && is_v4(two) || is_v4(one) && all_of_v6(two))
            }
            _ => false,
        }
    }
}

/// A text that is no [`ListenAddress`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadListenAddress(String);

impl fmt::Display for BadListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?} is no listen address; write ip:port (127.0.0.1:3000, [::1]:3000) or unix:/path",
            self.0
        )
    }
}

impl std::error::Error for BadListenAddress {}

impl FromStr for ListenAddress {
    type Err = BadListenAddress;

    fn from_str(text: &str) -> Result<Self, BadListenAddress> {
        let bad = || BadListenAddress(text.to_owned());
        match text.strip_prefix("unix:") {
            Some(path) if path.starts_with('/') && !path.ends_with('/') => {
                Ok(Self::Unix(PathBuf::from(path)))
            }
            Some(_) => Err(bad()),
            None => text.parse().map(Self::Tcp).map_err(|_| bad()),
        }
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => write!(f, "{address}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listen_addresses_are_read_and_written() {
        for text in ["127.0.0.1:3000", "[::1]:0", "unix:/run/portcullis/gate.sock"] {
            assert_eq!(text.parse::<ListenAddress>().expect("good").to_string(), text);
        }
        for text in [
            "",
            "3000",
            ":3000",
            "localhost:3000",
            "127.0.0.1",
            "127.0.0.1:65536",
            "unix:",
            "unix:gate",
            "unix:/run/",
        ] {
            assert!(text.parse::<ListenAddress>().is_err(), "{text}");
        }
    }

    #[test]
    fn addresses_that_cannot_be_had_together_are_told_from_those_that_can() {
        for (one, two) in [
            ("0.0.0.0:3000", "127.0.0.1:3000"),
            ("127.0.0.1:3000", "127.0.0.1:3000"),
            ("[::]:3000", "[::1]:3000"),
            ("[::ffff:127.0.0.1]:3000", "127.0.0.1:3000"),
            ("[::ffff:0.0.0.0]:3000", "192.168.1.10:3000"),
            ("[fe80::1%2]:3000", "[::]:3000"),
            ("unix:/run/gate.sock", "unix:/run//./gate.sock"),
        ] {
            let (one, two) = (
                one.parse::<ListenAddress>().expect(one),
                two.parse::<ListenAddress>().expect(two),
            );
            assert!(one.collides_with(&two) && two.collides_with(&one), "{one} {two}");
        }
        for (one, two) in [
            ("0.0.0.0:3000", "[::]:3000"),
            ("127.0.0.1:3000", "[::1]:3000"),
            ("127.0.0.1:3000", "127.0.0.2:3000"),
            ("0.0.0.0:3000", "0.0.0.0:3001"),
            ("0.0.0.0:0", "0.0.0.0:0"),
            ("[fe80::1%2]:3000", "[fe80::1%3]:3000"),
            ("unix:/run/gate.sock", "unix:/run/other.sock"),
            ("unix:/run/gate.sock", "0.0.0.0:3000"),
        ] {
            let (one, two) = (
                one.parse::<ListenAddress>().expect(one),
                two.parse::<ListenAddress>().expect(two),
            );
            assert!(!one.collides_with(&two) && !two.collides_with(&one), "{one} {two}");
        }
        let parsed = |text: &str| text.parse::<ListenAddress>().expect(text);
        assert!(parsed("[::]:3000").shares_port_with(&parsed("127.0.0.1:3000")));
        assert!(parsed("0.0.0.0:3000").shares_port_with(&parsed("[::]:3000")));
        assert!(!parsed("[::1]:3000").shares_port_with(&parsed("127.0.0.1:3000")));
        assert!(!parsed("[::]:3000").shares_port_with(&parsed("127.0.0.1:3001")));
    }
}
