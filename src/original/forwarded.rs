//! Who asked for what: from the headers of a request the visitor's address, the scheme, host, path
//! and method that the proxy tells, and everything that is wrong with it.
//!
//! Guarantees: nothing that an untrusted peer sends decides anything; a request whose scheme, host,
//! URI or method is missing, doubled, a list or contradictory carries a [`Visit::fault`] and must
//! not pass; nothing is allocated.
//!
//! Each proxy sets one family of headers and lets a client's headers of the other one through, so
//! only the family that belongs to the path asked is read. Left out on purpose: `Forwarded` (RFC
//! 7239; no proxy here sets it, all pass a client's on), `X-Forwarded-Prefix`, and names with
//! underscores, which are other headers.

use std::net::IpAddr;

use super::client_address::{self, Belief, ClientIpHeader, entries_from_right};
use super::forwarding_header::Header;
use super::problem::Problem;
use super::told::{Notes, Told};
use super::visit::{Host, Visit, Way};
use crate::http::name::Name;
use crate::http::request::Headers;

pub use super::question::{Family, Question};

/// Reads the header lines of one request. `peer` is the address of the connection's other end,
/// `None` for a Unix socket.
pub fn read<'a>(
    headers: &Headers<'a>,
    peer: Option<IpAddr>,
    question: Question,
    belief: &Belief<'_>,
) -> Visit<'a> {
    let sent = Sent(headers);
    let trusted = belief.trusts_peer(peer);
    let way = match (headers.are_forwarded(), trusted) {
        (false, _) => Way::Direct,
        (true, false) => Way::Untrusted,
        (true, true) => Way::Proxied,
    };

    // Several lines are one list, the last line its right end (RFC 9110 section 5.3).
    let chain = entries_from_right(headers.values(Name::ForwardedFor).rev());
    let (walked, walk_problem) = belief.walk(peer, trusted, chain);
    let (client, choice_problem) = match belief.other_header(peer, trusted, walked) {
        Some((header, fallback)) if way != Way::Direct => match sent.line(header).address() {
            Ok(address) => (address, None),
            Err(problem) => (fallback, Some(problem)),
        },
        _ => (walked, None),
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
        visit.host = headers.host().and_then(Host::parse);
    }
    visit.drop_default_port();
    visit
}

/// Does what a trusted peer sent tell the visitor's address? Where it does not, nobody knows where
/// the visitor is.
pub fn tells_client(headers: &Headers<'_>, belief: &Belief<'_>) -> bool {
    if belief.client_ip_header == ClientIpHeader::XRealIp {
        return Sent(headers).line(Header::RealIp).address().is_ok();
    }
    let chain = entries_from_right(headers.values(Name::ForwardedFor).rev());
    let mut entries = chain.filter(|entry| !entry.is_empty());
    entries.next().is_some_and(|entry| client_address::address(entry).is_some())
}

/// One header as it came: an empty value counts as none, the first of several lines is the value.
struct Line<'a> {
    header: Header,
    value: Option<&'a [u8]>,
    repeated: bool,
}

impl<'a> Line<'a> {
    /// The value; a repetition is a problem.
    fn once(&self, notes: &mut Notes<'_, '_>) -> Option<&'a [u8]> {
        if self.repeated {
            notes.add(Problem::Repeated(self.header));
        }
        self.value
    }

    /// The one address in it.
    fn address(&self) -> Result<IpAddr, Problem> {
        match self.value {
            None => Err(Problem::Missing(self.header)),
            Some(_) if self.repeated => Err(Problem::Repeated(self.header)),
            Some(value) => client_address::address(value).ok_or(Problem::NotAnAddress(self.header)),
        }
    }

    /// The first entry of the value; a list or a repetition is a problem.
    fn first(&self, notes: &mut Notes<'_, '_>) -> Option<&'a [u8]> {
        let value = self.once(notes)?;
        let Some(end) = memchr::memchr(b',', value) else { return Some(value) };
        notes.add(Problem::List(self.header));
        value.get(..end).map(<[u8]>::trim_ascii)
    }
}

/// What the proxy sent.
struct Sent<'h, 'a>(&'h Headers<'a>);

impl<'a> Sent<'_, 'a> {
    fn line(&self, header: Header) -> Line<'a> {
        let mut values = self.0.values(header.line());
        Line {
            header,
            value: values.find(|value| !value.is_empty()),
            repeated: self.0.is_repeated(header.line()),
        }
    }

    /// Fills in what the trusted proxy told, and everything that is wrong with it.
    fn tell(&self, question: Question, visit: &mut Visit<'a>) {
        let mut notes = Notes { question, visit };
        let family = question.family();
        let forwarded = if family == Family::Original {
            Told::default()
        } else {
            self.forwarded(family, &mut notes)
        };
        let original = if matches!(family, Family::Both | Family::Original) {
            self.original(&mut notes)
        } else {
            Told::default()
        };

        let (chosen, other) = if !forwarded.answers(question) && original.answers(question) {
            (original, forwarded)
        } else {
            (forwarded, original)
        };
        if family == Family::Both {
            for (one, another) in chosen.disagreements(&other) {
                notes.add(Problem::Contradiction(one, another));
            }
        }
        if !chosen.answers(question) && question != (Question::Page { public_url_known: true }) {
            notes.add(Problem::Missing(chosen.first_missing(&other, family)));
        }
        chosen.show(visit);
    }

    fn forwarded(&self, family: Family, notes: &mut Notes<'_, 'a>) -> Told<'a> {
        let of = |header| self.line(header);
        let scheme = of(Header::ForwardedProto).first(notes);
        let scheme = scheme.map(|text| notes.scheme(text, Header::ForwardedProto));
        let host = of(Header::ForwardedHost).first(notes);
        let host = host.and_then(|text| notes.host(text, Header::ForwardedHost));
        let port = match family {
            Family::Caddy => None,
            _ => of(Header::ForwardedPort).first(notes).and_then(|text| notes.port(text)),
        };
        let uri = of(Header::ForwardedUri).once(notes);
        let uri = uri.and_then(|text| notes.uri(text, Header::ForwardedUri));
        let method = of(Header::ForwardedMethod).once(notes);
        Told {
            scheme: scheme.map(|scheme| (scheme, Header::ForwardedProto)),
            host: host.map(|host| (host, Header::ForwardedHost)),
            // A proxy that sends the two ports of the web means "none", whatever the scheme.
            port: host
                .and_then(|host| host.port())
                .or(port.filter(|port| *port != 80 && *port != 443)),
            uri,
            method: method.and_then(|text| notes.method(text, Header::ForwardedMethod)),
        }
    }

    fn original(&self, notes: &mut Notes<'_, 'a>) -> Told<'a> {
        let of = |header| self.line(header);
        let mut told =
            of(Header::OriginalUrl).once(notes).map(|url| notes.url(url)).unwrap_or_default();
        let uri = of(Header::OriginalUri)
            .once(notes)
            .and_then(|text| notes.uri(text, Header::OriginalUri));
        match (told.uri, uri) {
            (Some((in_url, header)), Some((alone, other))) if in_url != alone => {
                notes.add(Problem::Contradiction(header, other));
            }
            (None, _) => told.uri = uri,
            _ => {}
        }
        let method = of(Header::OriginalMethod).once(notes);
        told.method = method.and_then(|text| notes.method(text, Header::OriginalMethod));
        told
    }
}

#[cfg(test)]
#[path = "forwarded_tests.rs"]
mod tests;
