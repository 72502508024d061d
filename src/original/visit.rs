//! What a visitor asked the proxy for, put together from what the proxy told: scheme, host, path
//! and query, method.
//!
//! Guarantees: a [`Host`] is a host name or an address with at most a port, so that it cannot break
//! out of a URL, and the URL that is written holds ASCII only, without what a URL may not hold (RFC
//! 3986 section 2).

use std::net::IpAddr;

use super::problem::Problem;
use crate::http::octets::Octets;

/// How a visitor speaks to the proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// Plain; `ws` too.
    Http,
    /// Over TLS; `wss` too.
    Https,
}

impl Scheme {
    /// As it stands in a URL.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    /// 80 or 443.
    pub const fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }

    /// Reads `http`, `https`, `ws` or `wss`, letters of any case.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let is = |name: &str| text.eq_ignore_ascii_case(name.as_bytes());
        if is("https") || is("wss") {
            Some(Self::Https)
        } else if is("http") || is("ws") {
            Some(Self::Http)
        } else {
            None
        }
    }
}

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

    /// The port behind it.
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    /// Whether it leads here without a question to DNS, so that nobody else's answer can have put
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

/// Which way a request came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Without any forwarding header: a first try on the gate's own address.
    Direct,
    /// With forwarding headers from a peer that is not trusted; they were ignored.
    Untrusted,
    /// Through a trusted proxy.
    Proxied,
}

/// Most problems noted for one request; further ones are of kinds already there.
const MOST_PROBLEMS: usize = 12;

/// What the gate believes of one request.
#[derive(Clone, Debug)]
pub struct Visit<'a> {
    /// Is the peer of the connection trusted?
    pub trusted: bool,
    /// Which way the request came.
    pub way: Way,
    /// The visitor's address.
    pub client: IpAddr,
    /// The scheme that the visitor used; plain http where nobody says.
    pub scheme: Scheme,
    /// The host that the visitor used: the proxy's word, else the request's own `Host`.
    pub host: Option<Host<'a>>,
    /// The port, where it is not the scheme's own.
    pub port: Option<u16>,
    /// Path and query as sent; starts with `/`, holds neither control characters nor spaces. `/`
    /// where nobody says.
    pub uri: &'a [u8],
    /// The visitor's method, a token; GET where nobody says.
    pub method: &'a str,
    /// The problem that ends the question, if there is one.
    pub fault: Option<Problem>,
    problems: heapless::Vec<Problem, MOST_PROBLEMS>,
}

impl<'a> Visit<'a> {
    /// A request of which only the connection is known.
    pub(super) fn unknown(trusted: bool, way: Way, client: IpAddr) -> Self {
        Self {
            trusted,
            way,
            client,
            scheme: Scheme::Http,
            host: None,
            port: None,
            uri: b"/",
            method: "GET",
            fault: None,
            problems: heapless::Vec::new(),
        }
    }

    /// Everything that was noticed, what ended the question included.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// Notes a problem once.
    pub fn note(&mut self, problem: Problem) {
        if !self.problems.contains(&problem) {
            // A full list already tells the operator enough.
            let _ = self.problems.push(problem);
        }
    }

    /// Notes a problem that ends the question; the first one is told to the client.
    pub fn end(&mut self, problem: Problem) {
        self.note(problem);
        self.fault.get_or_insert(problem);
    }

    /// Takes the port from the host where the proxy told none, and forgets the scheme's own.
    pub(super) fn drop_default_port(&mut self) {
        let port = self.port.or(self.host.and_then(|host| host.port));
        self.port = port.filter(|port| *port != self.scheme.default_port());
    }

    /// Did the visitor use this host and port? `port` is `None` for the scheme's own.
    pub fn is_at(&self, host: &str, port: Option<u16>) -> bool {
        self.port == port
            && self.host.is_some_and(|visited| visited.name.eq_ignore_ascii_case(host.as_bytes()))
    }

    /// Is this `Origin` header (RFC 6454 section 7) the origin that the visitor used?
    pub fn is_own_origin(&self, origin: &[u8]) -> bool {
        let Some(split) = origin.windows(3).position(|three| three == b"://") else { return false };
        let (Some(scheme), Some(authority)) = (origin.get(..split), origin.get(split + 3..)) else {
            return false;
        };
        let Some(host) = Host::parse(authority) else { return false };
        Scheme::parse(scheme) == Some(self.scheme)
            && scheme.len() == self.scheme.as_str().len()
            && self.is_at(host.name(), host.port.filter(|port| *port != self.scheme.default_port()))
    }

    /// Writes `https://host[:port]`, nothing where the host is unknown.
    pub fn write_origin(&self, out: &mut impl FnMut(&[u8])) {
        let Some(host) = self.host else { return };
        out(self.scheme.as_str().as_bytes());
        out(b"://");
        out(host.name);
        if let Some(port) = self.port {
            let mut digits = [0_u8; 5];
            out(b":");
            out(decimal(port, &mut digits));
        }
    }

    /// Writes path and query, with what a URL may not hold percent-encoded. A bare `%` stays: only
    /// the site knows what it makes of one.
    pub fn write_path(&self, out: &mut impl FnMut(&[u8])) {
        const HEX: &[u8; 16] = b"0123456789ABCDEF";
        for run in self.uri.chunk_by(|one, next| may_stand_in_url(*one) && may_stand_in_url(*next))
        {
            match run {
                [byte] if !may_stand_in_url(*byte) => {
                    let digit = |nibble: u8| HEX.get(usize::from(nibble)).copied().unwrap_or(b'0');
                    out(&[b'%', digit(byte >> 4), digit(byte & 15)]);
                }
                run => out(run),
            }
        }
    }
}

/// The decimal digits of a port.
fn decimal(port: u16, digits: &mut [u8; 5]) -> &[u8] {
    let mut rest = port;
    let mut start = digits.len();
    for (index, digit) in digits.iter_mut().enumerate().rev() {
        *digit = b'0' + u8::try_from(rest % 10).unwrap_or(0);
        rest /= 10;
        start = index;
        if rest == 0 {
            break;
        }
    }
    digits.get(start..).unwrap_or_default()
}

/// RFC 3986 sections 2.2 and 2.3, less `#`, which would end the query.
fn may_stand_in_url(byte: u8) -> bool {
    byte.is_ascii_graphic()
        && !matches!(byte, b'"' | b'#' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}')
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

    fn visit<'a>(scheme: Scheme, host: &'a str, port: Option<u16>, uri: &'a [u8]) -> Visit<'a> {
        let mut visit =
            Visit::unknown(true, Way::Proxied, IpAddr::V4(std::net::Ipv4Addr::LOCALHOST));
        visit.scheme = scheme;
        visit.host = Host::parse(host.as_bytes());
        visit.port = port;
        visit.uri = uri;
        visit
    }

    fn address(visit: &Visit<'_>) -> String {
        let mut bytes = Vec::new();
        visit.write_origin(&mut |part| bytes.extend_from_slice(part));
        visit.write_path(&mut |part| bytes.extend_from_slice(part));
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn what_a_url_may_not_hold_is_encoded_and_the_rest_stays() {
        let shown =
            |uri: &'static [u8]| address(&visit(Scheme::Https, "app.example.com.:443", None, uri));
        assert_eq!(
            shown(b"/a//b/../%2e?x=1&y=%26[]'"),
            "https://app.example.com/a//b/../%2e?x=1&y=%26[]'"
        );
        assert_eq!(shown(b"/?q=\xc3\xb6#f"), "https://app.example.com/?q=%C3%B6%23f");
        assert_eq!(
            shown(b"/\\\"<>^`{|}%zz"),
            "https://app.example.com/%5C%22%3C%3E%5E%60%7B%7C%7D%zz"
        );
        let ported = visit(Scheme::Http, "a:8080", Some(8080), b"/");
        assert_eq!(address(&ported), "http://a:8080/");
        for port in [1, 10, 65535] {
            assert_eq!(
                address(&visit(Scheme::Http, "a", Some(port), b"/")),
                format!("http://a:{port}/")
            );
        }
    }

    #[test]
    fn only_the_same_scheme_host_and_port_are_the_own_origin() {
        let visit = visit(Scheme::Https, "App.example.com", None, b"/");
        for own in
            ["https://app.example.com", "https://APP.example.com:443", "HTTPS://app.example.com"]
        {
            assert!(visit.is_own_origin(own.as_bytes()), "{own}");
        }
        for other in [
            "null",
            "",
            "http://app.example.com",
            "wss://app.example.com",
            "https://app.example.com:8443",
            "https://app.example.com/",
            "https://evil.example.com",
            "https://app.example.com@evil",
            "://app.example.com",
        ] {
            assert!(!visit.is_own_origin(other.as_bytes()), "{other}");
        }
    }
}
