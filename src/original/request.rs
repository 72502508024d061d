//! The original request: what a visitor asked the proxy for, put together from what the proxy
//! forwards: scheme, host, path and query, method.
//!
//! Guarantees: the URL that is written holds ASCII only, without what a URL may not hold (RFC 3986
//! section 2).

use std::net::IpAddr;

use super::host::Host;
use super::problem::ForwardingProblem;
use super::purpose::RequestCopy;
use super::scheme::Scheme;

/// Which way a request came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
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
pub struct OriginalRequest<'a> {
    /// Is the peer of the connection trusted?
    pub trusted: bool,
    /// Which way the request came.
    pub arrival: Arrival,
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
    /// The query behind `uri` where the visitor sent no path, so that its `/` stands nowhere.
    pub(super) bare_query: Option<&'a [u8]>,
    /// The visitor's method, a token; GET where nobody says.
    pub method: &'a str,
    /// Whether somebody says which method it is.
    pub names_method: bool,
    /// The first problem for which the request must be refused, if there is one.
    pub blocking_problem: Option<ForwardingProblem>,
    problems: heapless::Vec<ForwardingProblem, MOST_PROBLEMS>,
}

impl<'a> OriginalRequest<'a> {
    /// A request of which only the connection is known.
    pub(super) fn unknown(trusted: bool, arrival: Arrival, client: IpAddr) -> Self {
        Self {
            trusted,
            arrival,
            client,
            scheme: Scheme::Http,
            host: None,
            port: None,
            uri: b"/",
            bare_query: None,
            method: "GET",
            names_method: false,
            blocking_problem: None,
            problems: heapless::Vec::new(),
        }
    }

    /// Everything that was noticed, the blocking problem included.
    pub fn problems(&self) -> &[ForwardingProblem] {
        &self.problems
    }

    /// Takes over what a question says itself that is a copy of the original request.
    pub fn copied(&mut self, copy: RequestCopy<'a>) {
        (self.uri, self.bare_query) = (copy.path, copy.bare_query);
        (self.method, self.names_method) = (copy.method, true);
    }

    /// Notes a problem once.
    pub fn note(&mut self, problem: ForwardingProblem) {
        if !self.problems.contains(&problem) {
            // A full list is already enough for the operator.
            let _ = self.problems.push(problem);
        }
    }

    /// Notes a problem for which the request must be refused; the first one is the answer.
    pub fn block(&mut self, problem: ForwardingProblem) {
        self.note(problem);
        self.blocking_problem.get_or_insert(problem);
    }

    /// Takes the port from the host where the proxy named none, and forgets the scheme's own.
    pub(super) fn drop_default_port(&mut self) {
        let port = self.port.or(self.host.and_then(|host| host.port()));
        self.port = port.filter(|port| *port != self.scheme.default_port());
    }

    /// Did the visitor use this host and port? `port` is `None` for the scheme's own.
    pub fn is_at(&self, host: &str, port: Option<u16>) -> bool {
        self.port == port
            && self
                .host
                .is_some_and(|asked| asked.name_octets().eq_ignore_ascii_case(host.as_bytes()))
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
            && self
                .is_at(host.name(), host.port().filter(|port| *port != self.scheme.default_port()))
    }

    /// Writes `https://host[:port]`, nothing where the host is unknown.
    pub fn write_origin(&self, out: &mut impl FnMut(&[u8])) {
        let Some(host) = self.host else { return };
        out(self.scheme.as_str().as_bytes());
        out(b"://");
        out(host.name_octets());
        if let Some(port) = self.port {
            let mut digits = [0_u8; 5];
            out(b":");
            out(decimal(port, &mut digits));
        }
    }

    /// Writes path and query, with what a URL may not hold percent-encoded. A bare `%` stays: only
    /// the site knows what it makes of one.
    pub fn write_path(&self, out: &mut impl FnMut(&[u8])) {
        write_encoded(self.uri, out);
        if let Some(query) = self.bare_query {
            out(b"?");
            write_encoded(query, out);
        }
    }
}

fn write_encoded(part: &[u8], out: &mut impl FnMut(&[u8])) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for run in part.chunk_by(|one, next| may_stand_in_url(*one) && may_stand_in_url(*next)) {
        match run {
            [byte] if !may_stand_in_url(*byte) => {
                let digit = |nibble: u8| HEX.get(usize::from(nibble)).copied().unwrap_or(b'0');
                out(&[b'%', digit(byte >> 4), digit(byte & 15)]);
            }
            run => out(run),
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

    fn original<'a>(
        scheme: Scheme,
        host: &'a str,
        port: Option<u16>,
        uri: &'a [u8],
    ) -> OriginalRequest<'a> {
        let mut original = OriginalRequest::unknown(
            true,
            Arrival::Proxied,
            IpAddr::V4(std::net::Ipv4Addr::LOCALHOST),
        );
        original.scheme = scheme;
        original.host = Host::parse(host.as_bytes());
        original.port = port;
        original.uri = uri;
        original
    }

    fn address(original: &OriginalRequest<'_>) -> String {
        let mut bytes = Vec::new();
        original.write_origin(&mut |part| bytes.extend_from_slice(part));
        original.write_path(&mut |part| bytes.extend_from_slice(part));
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn what_a_url_may_not_hold_is_encoded_and_the_rest_stays() {
        let shown = |uri: &'static [u8]| {
            address(&original(Scheme::Https, "app.example.com.:443", None, uri))
        };
        assert_eq!(
            shown(b"/a//b/../%2e?x=1&y=%26[]'"),
            "https://app.example.com/a//b/../%2e?x=1&y=%26[]'"
        );
        assert_eq!(shown(b"/?q=\xc3\xb6#f"), "https://app.example.com/?q=%C3%B6%23f");
        assert_eq!(
            shown(b"/\\\"<>^`{|}%zz"),
            "https://app.example.com/%5C%22%3C%3E%5E%60%7B%7C%7D%zz"
        );
        let ported = original(Scheme::Http, "a:8080", Some(8080), b"/");
        assert_eq!(address(&ported), "http://a:8080/");
        for port in [1, 10, 65535] {
            assert_eq!(
                address(&original(Scheme::Http, "a", Some(port), b"/")),
                format!("http://a:{port}/")
            );
        }
    }

    #[test]
    fn only_the_same_scheme_host_and_port_are_the_own_origin() {
        let original = original(Scheme::Https, "App.example.com", None, b"/");
        for own in
            ["https://app.example.com", "https://APP.example.com:443", "HTTPS://app.example.com"]
        {
            assert!(original.is_own_origin(own.as_bytes()), "{own}");
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
            assert!(!original.is_own_origin(other.as_bytes()), "{other}");
        }
    }
}
