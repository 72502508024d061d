//! Reads the original request from forwarding headers: the visitor's address, the scheme, host,
//! path and method that the proxy names, and everything that is wrong with them.
//!
//! Guarantees: nothing that an untrusted peer sends decides anything; a request whose scheme, host,
//! URI or method is missing, doubled, a list or contradictory carries an
//! [`OriginalRequest::blocking_problem`] and must not pass; nothing is allocated.
//!
//! Each proxy sets one family of headers and lets a client's headers of the other one through, so
//! only the family that belongs to the proxy's own path is read. Left out on purpose: `Forwarded`
//! (RFC 7239; no proxy here sets it, all pass a client's on), `X-Forwarded-Prefix`, and names with
//! underscores, which are other headers.

use std::net::IpAddr;

use super::client_address::{self, Belief, ClientIpHeader, entries_from_right};
use super::forwarded::{Forwarded, Notes};
use super::forwarding_header::ForwardingHeader;
use super::host::Host;
use super::problem::ForwardingProblem;
use super::purpose::{ForwardingFamily, RequestPurpose};
use super::request::{Arrival, OriginalRequest};
use crate::http::name::Name;
use crate::http::request::Headers;

/// Reads the header lines of one request. `peer` is the address of the connection's other end,
/// `None` for a Unix socket.
pub fn read<'a>(
    headers: &Headers<'a>,
    peer: Option<IpAddr>,
    purpose: RequestPurpose,
    belief: &Belief<'_>,
) -> OriginalRequest<'a> {
    let sent = ForwardedHeaders(headers);
    let trusted = belief.trusts_peer(peer);
    let arrival = match (headers.are_forwarded(), trusted) {
        (false, _) => Arrival::Direct,
        (true, false) => Arrival::Untrusted,
        (true, true) => Arrival::Proxied,
    };

    let (client, [walk_problem, choice_problem]) = sent.client(peer, trusted, arrival, belief);
    let mut original = OriginalRequest::unknown(trusted, arrival, client);
    match arrival {
        Arrival::Direct => {}
        Arrival::Untrusted => {
            if let Some(peer) = peer {
                original.note(ForwardingProblem::UntrustedPeer(peer.to_canonical()));
            }
        }
        Arrival::Proxied => {
            if purpose.family() == ForwardingFamily::RequestCopy {
                sent.fill_in_scheme(purpose, &mut original);
            } else {
                sent.fill_in(purpose, &mut original);
            }
            for problem in [walk_problem, choice_problem].into_iter().flatten() {
                original.note(problem);
            }
        }
    }
    if original.host.is_none() {
        original.host = headers.host().and_then(Host::parse);
    }
    original.drop_default_port();
    original
}

/// Does what a trusted peer sent name the visitor's address? Where it does not, nobody knows where
/// the visitor is.
pub fn forwards_client(headers: &Headers<'_>, belief: &Belief<'_>) -> bool {
    if belief.client_ip_header == ClientIpHeader::XRealIp {
        return ForwardedHeaders(headers).line(ForwardingHeader::RealIp).address().is_ok();
    }
    let chain = entries_from_right(headers.values(Name::ForwardedFor).rev());
    let mut entries = chain.filter(|entry| !entry.is_empty());
    entries.next().is_some_and(|entry| client_address::address(entry).is_some())
}

/// One header as it came: an empty value counts as none, the first of several lines is the value.
struct HeaderValue<'a> {
    header: ForwardingHeader,
    value: Option<&'a [u8]>,
    repeated: bool,
}

impl<'a> HeaderValue<'a> {
    /// The value; a repetition is a problem.
    fn once(&self, notes: &mut Notes<'_, '_>) -> Option<&'a [u8]> {
        if self.repeated {
            notes.add(ForwardingProblem::Repeated(self.header));
        }
        self.value
    }

    /// The one address in it.
    fn address(&self) -> Result<IpAddr, ForwardingProblem> {
        match self.value {
            None => Err(ForwardingProblem::Missing(self.header)),
            Some(_) if self.repeated => Err(ForwardingProblem::Repeated(self.header)),
            Some(value) => {
                client_address::address(value).ok_or(ForwardingProblem::NotAnAddress(self.header))
            }
        }
    }

    /// The first entry of the value; a list or a repetition is a problem.
    fn first(&self, notes: &mut Notes<'_, '_>) -> Option<&'a [u8]> {
        let value = self.once(notes)?;
        let Some(end) = memchr::memchr(b',', value) else { return Some(value) };
        notes.add(ForwardingProblem::List(self.header));
        value.get(..end).map(<[u8]>::trim_ascii)
    }
}

/// What the proxy sent.
struct ForwardedHeaders<'h, 'a>(&'h Headers<'a>);

impl<'a> ForwardedHeaders<'_, 'a> {
    fn line(&self, header: ForwardingHeader) -> HeaderValue<'a> {
        let mut values = self.0.values(header.line());
        HeaderValue {
            header,
            value: values.find(|value| !value.is_empty()),
            repeated: self.0.is_repeated(header.line()),
        }
    }

    /// The visitor's address, and what is wrong with the chain and with the header that holds it
    /// instead.
    fn client(
        &self,
        peer: Option<IpAddr>,
        trusted: bool,
        arrival: Arrival,
        belief: &Belief<'_>,
    ) -> (IpAddr, [Option<ForwardingProblem>; 2]) {
        // Several lines are one list, the last line its right end (RFC 9110 section 5.3).
        let chain = entries_from_right(self.0.values(Name::ForwardedFor).rev());
        let (walked, walk_problem) = belief.walk(peer, trusted, chain);
        match belief.other_header(peer, trusted, walked) {
            Some((header, fallback)) if arrival != Arrival::Direct => {
                match self.line(header).address() {
                    Ok(address) => (address, [walk_problem, None]),
                    Err(problem) => (fallback, [walk_problem, Some(problem)]),
                }
            }
            _ => (walked, [walk_problem, None]),
        }
    }

    /// Fills in what the trusted proxy says, and everything that is wrong with it.
    fn fill_in(&self, purpose: RequestPurpose, request: &mut OriginalRequest<'a>) {
        let mut notes = Notes { purpose, request };
        let family = purpose.family();
        let x_forwarded = match family {
            ForwardingFamily::XOriginal | ForwardingFamily::RequestCopy => Forwarded::default(),
            _ => self.x_forwarded(family, &mut notes),
        };
        let x_original = if matches!(family, ForwardingFamily::Any | ForwardingFamily::XOriginal) {
            self.x_original(&mut notes)
        } else {
            Forwarded::default()
        };

        let (chosen, other) =
            if !x_forwarded.suffices_for(purpose) && x_original.suffices_for(purpose) {
                (x_original, x_forwarded)
            } else {
                (x_forwarded, x_original)
            };
        if family == ForwardingFamily::Any {
            for (one, another) in chosen.disagreements(&other) {
                notes.add(ForwardingProblem::Contradiction(one, another));
            }
        }
        if !chosen.suffices_for(purpose)
            && purpose != (RequestPurpose::Page { public_url_known: true })
        {
            notes.add(ForwardingProblem::Missing(chosen.first_missing(&other, family)));
        }
        chosen.fill_in(request);
        // The proxy sets one of the two families, and the other is the visitor's.
        if chosen.is_contested_by(&other) && other.method.is_none() {
            request.names_method = false;
        }
    }

    /// Fills in the scheme, which a copy of the original request cannot say itself: all other
    /// forwarding headers are the visitor's.
    fn fill_in_scheme(&self, purpose: RequestPurpose, request: &mut OriginalRequest<'a>) {
        const SCHEME: ForwardingHeader = ForwardingHeader::ForwardedProto;
        let mut notes = Notes { purpose, request };
        match self.line(SCHEME).first(&mut notes) {
            Some(text) => notes.request.scheme = notes.scheme(text, SCHEME),
            None => notes.add(ForwardingProblem::Missing(SCHEME)),
        }
        if self.0.host().and_then(Host::parse).is_none() {
            notes.add(ForwardingProblem::NoHost);
        }
    }

    fn x_forwarded(&self, family: ForwardingFamily, notes: &mut Notes<'_, 'a>) -> Forwarded<'a> {
        let of = |header| self.line(header);
        let scheme = of(ForwardingHeader::ForwardedProto).first(notes);
        let scheme = scheme.map(|text| notes.scheme(text, ForwardingHeader::ForwardedProto));
        let host = of(ForwardingHeader::ForwardedHost).first(notes);
        let host = host.and_then(|text| notes.host(text, ForwardingHeader::ForwardedHost));
        let port = match family {
            ForwardingFamily::XForwardedWithoutPort => None,
            _ => of(ForwardingHeader::ForwardedPort).first(notes).and_then(|text| notes.port(text)),
        };
        let uri = of(ForwardingHeader::ForwardedUri).once(notes);
        let uri = uri.and_then(|text| notes.uri(text, ForwardingHeader::ForwardedUri));
        let method = of(ForwardingHeader::ForwardedMethod).once(notes);
        Forwarded {
            scheme: scheme.map(|scheme| (scheme, ForwardingHeader::ForwardedProto)),
            host: host.map(|host| (host, ForwardingHeader::ForwardedHost)),
            // A proxy that sends the two ports of the web means "none", whatever the scheme.
            port: host
                .and_then(|host| host.port())
                .or(port.filter(|port| *port != 80 && *port != 443)),
            uri,
            method: method.and_then(|text| notes.method(text, ForwardingHeader::ForwardedMethod)),
        }
    }

    fn x_original(&self, notes: &mut Notes<'_, 'a>) -> Forwarded<'a> {
        let of = |header| self.line(header);
        let mut forwarded = of(ForwardingHeader::OriginalUrl)
            .once(notes)
            .map(|url| notes.url(url))
            .unwrap_or_default();
        let uri = of(ForwardingHeader::OriginalUri)
            .once(notes)
            .and_then(|text| notes.uri(text, ForwardingHeader::OriginalUri));
        match (forwarded.uri, uri) {
            (Some((in_url, header)), Some((alone, other))) if in_url != alone => {
                notes.add(ForwardingProblem::Contradiction(header, other));
            }
            (None, _) => forwarded.uri = uri,
            _ => {}
        }
        let method = of(ForwardingHeader::OriginalMethod).once(notes);
        forwarded.method =
            method.and_then(|text| notes.method(text, ForwardingHeader::OriginalMethod));
        forwarded
    }
}

#[cfg(test)]
#[path = "reader_tests.rs"]
mod tests;
