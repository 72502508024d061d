//! Who asked for what: one pass over the headers of a request, and from them the visitor's address, the scheme, host, path
//! and method that the proxy tells, and everything that is wrong with it.
//!
//! Guarantees: nothing that an untrusted peer sends decides anything; a request whose scheme, host, URI or method is
//! missing, doubled, a list or contradictory carries a [`Visit::fault`] and must not pass; nothing is allocated.
//!
//! Each proxy sets one family of headers and lets a client's headers of the other one through, so only the family that
//! belongs to the path asked is read. Left out on purpose: `Forwarded` (RFC 7239; no proxy here sets it, all pass a
//! client's on), `X-Forwarded-Prefix`, and names with underscores, which are other headers.

use std::net::IpAddr;

use super::client_address::{Belief, Single, entries_from_right};
use super::problem::{Header, Problem};
use super::told::{Notes, Told};
use super::visit::{Host, Visit, Way};

/// Which headers tell what the visitor asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// `/verify`: both; where they disagree the request does not pass.
    Both,
    /// `/verify/caddy`: `X-Forwarded-*` without `X-Forwarded-Port`, which Caddy never sends and a client can.
    Caddy,
    /// `/verify/traefik`, `/verify/haproxy`: `X-Forwarded-*`.
    Forwarded,
    /// `/verify/nginx`: `X-Original-*`.
    Original,
}

/// What the answer depends on, and thus which headers have to be there when a proxy stands between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// May this request pass? Needs scheme, host and URI, from one family.
    Verify(Family),
    /// A page of the gate.
    Page {
        /// With `public_url` set a page knows where it is; else it needs scheme and host.
        public_url_known: bool,
    },
}

impl Question {
    fn family(self) -> Family {
        match self {
            Self::Verify(family) => family,
            Self::Page { .. } => Family::Both,
        }
    }
}

/// Reads the header lines of one request. `peer` is the address of the connection's other end, `None` for a Unix socket.
pub fn read<'a>(
    lines: impl Iterator<Item = (&'a str, &'a [u8])> + Clone,
    peer: Option<IpAddr>,
    question: Question,
    belief: &Belief<'_>,
) -> Visit<'a> {
    let sent = Sent::gather(lines.clone());
    let trusted = belief.trusts_peer(peer);
    let way = match (sent.forwarding, trusted) {
        (false, _) => Way::Direct,
        (true, false) => Way::Untrusted,
        (true, true) => Way::Proxied,
    };

    let chain = sent.forwarded_for.chain(lines);
    let (walked, walk_problem) = belief.walk(peer, chain);
    let (client, choice_problem) = match way {
        Way::Direct => (walked, None),
        _ => belief.choose(peer, walked, sent.real_ip.single(), sent.cloudflare_ip.single()),
    };

    let mut visit = Visit::unknown(trusted, way, client);
    match way {
        Way::Direct => {}
        Way::Untrusted => {
            if let Some(peer) = peer {
                visit.note(Problem::UntrustedPeer(peer.to_canonical()));
            }
        }
        Way::Proxied => {
            sent.tell(question, &mut visit);
            for problem in [walk_problem, choice_problem].into_iter().flatten() {
                visit.note(problem);
            }
        }
    }
    if visit.host.is_none() {
        visit.host = sent.host.value.and_then(Host::parse);
    }
    visit.drop_default_port();
    visit
}

/// One header as it came: an empty value counts as none, the first of several lines is the value.
#[derive(Clone, Copy, Default)]
struct Line<'a> {
    value: Option<&'a [u8]>,
    lines: usize,
}

impl<'a> Line<'a> {
    fn add(&mut self, value: &'a [u8]) {
        self.lines += 1;
        if self.value.is_none() && !value.trim_ascii().is_empty() {
            self.value = Some(value.trim_ascii());
        }
    }

    fn single(&self) -> Single<'a> {
        Single { value: self.value, repeated: self.lines > 1 }
    }

    /// The value; a repetition is a problem.
    fn once(&self, header: Header, notes: &mut Notes<'_, '_>) -> Option<&'a [u8]> {
        if self.lines > 1 {
            notes.add(Problem::Repeated(header));
        }
        self.value
    }

    /// The first entry of the value; a list or a repetition is a problem.
    fn first(&self, header: Header, notes: &mut Notes<'_, '_>) -> Option<&'a [u8]> {
        let value = self.once(header, notes)?;
        if value.contains(&b',') {
            notes.add(Problem::List(header));
        }
        value.split(|byte| *byte == b',').next().map(<[u8]>::trim_ascii)
    }

    /// The entries of `X-Forwarded-For` from the right: several lines are one list, the last line its right end
    /// (RFC 9110 section 5.3).
    fn chain(&self, lines: impl Iterator<Item = (&'a str, &'a [u8])> + Clone) -> impl Iterator<Item = &'a [u8]> {
        (0..self.lines).rev().flat_map(move |index| {
            let mut chains = lines.clone().filter(|(name, _)| name.eq_ignore_ascii_case("X-Forwarded-For"));
            entries_from_right(chains.nth(index).map_or(b"", |(_, value)| value))
        })
    }
}

/// What `name` names in the table, in any case of its letters.
fn named<T, const N: usize>(name: &str, table: [(&str, T); N]) -> Option<T> {
    table.into_iter().find(|(entry, _)| name.eq_ignore_ascii_case(entry)).map(|(_, named)| named)
}

/// The headers that matter here.
#[derive(Default)]
struct Sent<'a> {
    /// Is there any `X-Forwarded-*`, `X-Original-*`, `X-Real-IP` or `CF-*`?
    forwarding: bool,
    host: Line<'a>,
    forwarded_for: Line<'a>,
    forwarded_proto: Line<'a>,
    forwarded_host: Line<'a>,
    forwarded_port: Line<'a>,
    forwarded_uri: Line<'a>,
    forwarded_method: Line<'a>,
    original_url: Line<'a>,
    original_uri: Line<'a>,
    original_method: Line<'a>,
    real_ip: Line<'a>,
    cloudflare_ip: Line<'a>,
}

impl<'a> Sent<'a> {
    fn gather(lines: impl Iterator<Item = (&'a str, &'a [u8])>) -> Self {
        let mut sent = Self::default();
        for (name, value) in lines {
            if let Some(line) = sent.line(name) {
                line.add(value);
            }
        }
        sent
    }

    /// The place for a header of this name. Most headers of a request are told apart by their first letters.
    fn line(&mut self, name: &str) -> Option<&mut Line<'a>> {
        let behind = |prefix: &str| {
            let (start, rest) = name.split_at_checked(prefix.len())?;
            start.eq_ignore_ascii_case(prefix).then_some(rest)
        };
        match name.as_bytes().first()? {
            b'x' | b'X' => {
                if let Some(rest) = behind("x-forwarded-") {
                    self.forwarding = true;
                    return named(
                        rest,
                        [
                            ("for", &mut self.forwarded_for),
                            ("proto", &mut self.forwarded_proto),
                            ("host", &mut self.forwarded_host),
                            ("uri", &mut self.forwarded_uri),
                            ("method", &mut self.forwarded_method),
                            ("port", &mut self.forwarded_port),
                        ],
                    );
                }
                if let Some(rest) = behind("x-original-") {
                    self.forwarding = true;
                    return named(
                        rest,
                        [
                            ("url", &mut self.original_url),
                            ("method", &mut self.original_method),
                            ("uri", &mut self.original_uri),
                        ],
                    );
                }
                let line = named(name, [("x-real-ip", &mut self.real_ip)])?;
                self.forwarding = true;
                Some(line)
            }
            b'c' | b'C' => {
                let rest = behind("cf-")?;
                self.forwarding = true;
                named(rest, [("connecting-ip", &mut self.cloudflare_ip)])
            }
            b'h' | b'H' => named(name, [("host", &mut self.host)]),
            _ => None,
        }
    }

    /// Fills in what the trusted proxy told, and everything that is wrong with it.
    fn tell(&self, question: Question, visit: &mut Visit<'a>) {
        let mut notes = Notes { question, visit };
        let family = question.family();
        let forwarded = if family == Family::Original { Told::default() } else { self.forwarded(family, &mut notes) };
        let original =
            if matches!(family, Family::Both | Family::Original) { self.original(&mut notes) } else { Told::default() };

        let (chosen, other) = if !forwarded.answers(question) && original.answers(question) {
            (original, forwarded)
        } else {
            (forwarded, original)
        };
        for (one, another) in chosen.disagreements(&other) {
            notes.add(Problem::Contradiction(one, another));
        }
        if !chosen.answers(question) && question != (Question::Page { public_url_known: true }) {
            notes.add(Problem::Missing(chosen.first_missing(&other, family)));
        }
        chosen.show(visit);
    }

    fn forwarded(&self, family: Family, notes: &mut Notes<'_, 'a>) -> Told<'a> {
        let scheme = self
            .forwarded_proto
            .first(Header::ForwardedProto, notes)
            .map(|text| notes.scheme(text, Header::ForwardedProto));
        let host = self
            .forwarded_host
            .first(Header::ForwardedHost, notes)
            .and_then(|text| notes.host(text, Header::ForwardedHost));
        let port = match family {
            Family::Caddy => None,
            _ => self.forwarded_port.first(Header::ForwardedPort, notes).and_then(|text| notes.port(text)),
        };
        Told {
            scheme: scheme.map(|scheme| (scheme, Header::ForwardedProto)),
            host: host.map(|host| (host, Header::ForwardedHost)),
            // A proxy that sends the two ports of the web means "none", whatever the scheme.
            port: host.and_then(|host| host.port()).or(port.filter(|port| *port != 80 && *port != 443)),
            uri: self
                .forwarded_uri
                .once(Header::ForwardedUri, notes)
                .and_then(|text| notes.uri(text, Header::ForwardedUri)),
            method: self
                .forwarded_method
                .once(Header::ForwardedMethod, notes)
                .and_then(|text| notes.method(text, Header::ForwardedMethod)),
        }
    }

    fn original(&self, notes: &mut Notes<'_, 'a>) -> Told<'a> {
        let mut told = match self.original_url.once(Header::OriginalUrl, notes) {
            Some(url) => notes.url(url),
            None => Told::default(),
        };
        let uri =
            self.original_uri.once(Header::OriginalUri, notes).and_then(|text| notes.uri(text, Header::OriginalUri));
        match (told.uri, uri) {
            (Some((in_url, header)), Some((alone, other))) if in_url != alone => {
                notes.add(Problem::Contradiction(header, other));
            }
            (None, _) => told.uri = uri,
            _ => {}
        }
        told.method = self
            .original_method
            .once(Header::OriginalMethod, notes)
            .and_then(|text| notes.method(text, Header::OriginalMethod));
        told
    }
}

#[cfg(test)]
#[path = "forwarded_tests.rs"]
mod tests;
