//! The host that a visitor used, with its port.
//!
//! Guarantees: a [`Host`] is a host name or an address with at most a port, so that it cannot break
//! out of a URL.

use std::net::IpAddr;

use crate::http::octets::Octets;

/// A host as it was sent, known to be well formed, so ASCII.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Host<'a> {
    text: &'a [u8],
    name: &'a [u8],
    port: Option<u16>,
}

impl<'a> Host<'a> {
    /// Reads a name of letters, digits, hyphens and underscores, an IPv4 address or an IPv6 address
    /// in brackets, each with at most a port from 1 to 65535.
    pub fn parse(text: &'a [u8]) -> Option<Self> {
        let (name, behind) = match text {
            [b'[', bracketed @ ..] => {
                let end = memchr::memchr(b']', bracketed)?;
                let address = std::str::from_utf8(bracketed.get(..end)?).ok()?;
                address.parse::<std::net::Ipv6Addr>().ok()?;
                // The name keeps its brackets: one character before the address, one behind.
                text.split_at_checked(end + 2)?
            }
            _ => split_name(text)?,
        };
        let port = match behind {
            [] => None,
            [b':', port @ ..] => Some(parse_port(port)?),
            _ => return None,
        };
        Some(Self { text, name, port })
    }

    /// As it was sent, port included.
    pub fn as_sent(&self) -> &'a str {
        std::str::from_utf8(self.text).unwrap_or_default()
    }

    /// Without port and final dot; letters as sent, an IPv6 address in its brackets.
    pub fn name(&self) -> &'a str {
        std::str::from_utf8(self.name).unwrap_or_default()
    }

    /// The octets of [`Host::name`].
    pub(super) fn name_octets(&self) -> &'a [u8] {
        self.name
    }

    /// The port behind it.
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    /// Whether it leads here without asking DNS, so that nobody else's answer can have put
    /// it there: an address, or `localhost` and what is below it (RFC 6761 section 6.3).
    pub fn needs_no_dns(&self) -> bool {
        let name = self.name();
        let top = name.rsplit('.').next().unwrap_or_default();
        name.starts_with('[')
            || name.parse::<std::net::Ipv4Addr>().is_ok()
            || top.eq_ignore_ascii_case("localhost")
    }

    /// Whether it is this very machine, whose plain http browsers trust like https (Secure
    /// Contexts, section 3.1).
    pub fn is_loopback(&self) -> bool {
        let address = self.name().trim_matches(['[', ']']).parse::<IpAddr>();
        address.map_or_else(|_| self.needs_no_dns(), |address| address.is_loopback())
    }

    /// Do both name the same host, whatever their ports?
    pub fn is_alike(&self, other: &Self) -> bool {
        self.name.eq_ignore_ascii_case(other.name)
    }
}

/// Splits a name from the port behind it: labels of 1 to 63 characters between dots, 253 in all
/// (RFC 1035 section 2.3.4), without the dot that may end it.
fn split_name(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut rest = text;
    loop {
        let length = OF_LABELS.count_in_front(rest);
        rest = rest.get(length..)?;
        match rest {
            [b'.', behind @ ..] if (1..64).contains(&length) => rest = behind,
            [] | [b':', ..] if length < 64 => {
                let (name, behind) = text.split_at_checked(text.len() - rest.len())?;
                let name = if length == 0 { name.strip_suffix(b".")? } else { name };
                return (name.len() <= 253).then_some((name, behind));
            }
            _ => return None,
        }
    }
}

static OF_LABELS: Octets = Octets::letters_digits_and(b"-_");

/// 1 to 65535 in digits.
pub(super) fn parse_port(text: &[u8]) -> Option<u16> {
    let digits = || text.iter().map(|byte| byte.is_ascii_digit().then(|| u16::from(byte - b'0')));
    let number =
        digits().try_fold(0_u16, |number, digit| number.checked_mul(10)?.checked_add(digit?))?;
    (number != 0).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_a_name_or_an_address_with_at_most_a_port() {
        for (text, name, port) in [
            ("app.example.com", "app.example.com", None),
            ("APP.Example.com:8443", "APP.Example.com", Some(8443)),
            ("app.example.com.", "app.example.com", None),
            ("app.example.com.:443", "app.example.com", Some(443)),
            ("localhost:3000", "localhost", Some(3000)),
            ("192.168.1.5:80", "192.168.1.5", Some(80)),
            ("[::1]", "[::1]", None),
            ("[2001:db8::1]:65535", "[2001:db8::1]", Some(65535)),
            ("my_app.lan", "my_app.lan", None),
        ] {
            let host = Host::parse(text.as_bytes()).expect(text);
            assert_eq!((host.as_sent(), host.name(), host.port()), (text, name, port));
        }
    }

    #[test]
    fn an_address_and_localhost_need_no_dns() {
        for (text, expected) in [
            ("localhost:3000", true),
            ("app.LOCALHOST", true),
            ("127.0.0.1:80", true),
            ("192.168.1.5", true),
            ("[::1]:3000", true),
            ("localhost.example.com", false),
            ("evil.example", false),
            ("127.0.0.1.nip.io", false),
            ("1.2.3", false),
        ] {
            let host = Host::parse(text.as_bytes()).expect(text);
            assert_eq!(host.needs_no_dns(), expected, "{text}");
            assert_eq!(host.is_loopback(), expected && text != "192.168.1.5", "{text}");
        }
    }

    #[test]
    fn a_hostile_host_is_none() {
        for text in [
            "",
            ".",
            ":80",
            "a..b",
            ".a",
            "a:",
            "a:0",
            "a:65536",
            "a:+80",
            "a:80:80",
            "a@b",
            "a/b",
            "a\\b",
            "a?b",
            "a#b",
            "a b",
            "a,b",
            "a%2eb",
            "\u{e4}.example",
            "[::1",
            "[::1]80",
            "[::1%25eth0]",
            "[1.2.3.4]",
            "::1",
            "https://a",
            "a\tb",
            "a\"",
            "<a>",
        ] {
            assert_eq!(Host::parse(text.as_bytes()), None, "{text}");
        }
        assert_eq!(Host::parse(b"\xff"), None);
        assert_eq!(Host::parse(format!("{}.com", "a".repeat(64)).as_bytes()), None);
        assert_eq!(Host::parse("a.".repeat(128).as_bytes()), None);
    }

    #[test]
    fn labels_and_names_are_as_long_as_names_can_be_and_no_longer() {
        let label = "a".repeat(63);
        for good in [
            label.clone(),
            format!("{label}."),
            format!("{label}:80"),
            format!("{label}.{label}.lan"),
        ] {
            assert!(Host::parse(good.as_bytes()).is_some(), "{good}");
            for bad in [format!("a{good}"), good.replacen(&label, &format!("{label}a"), 1)] {
                assert_eq!(Host::parse(bad.as_bytes()), None, "{bad}");
            }
        }
        let longest = format!("{label}.{label}.{label}.{}", "a".repeat(61));
        assert_eq!(longest.len(), 253);
        for (text, good) in [
            (longest.clone(), true),
            (format!("{longest}.:1"), true),
            (format!("{longest}a"), false),
        ] {
            assert_eq!(Host::parse(text.as_bytes()).is_some(), good, "{text}");
        }
    }
}
