//! How the one who asks is spoken to: a person's page load, or a program.

use crate::http::name::{self, Name};
use crate::http::request::Head;
use crate::original::request::{Arrival, OriginalRequest};

/// How a refused client is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// A person's page load: may be sent to the login page.
    Page,
    /// A program, a script, a WebSocket: gets a status and JSON.
    Program,
}

/// Reads who asks from what browsers tell (Fetch Metadata, RFC 9110 section 12.5.1, RFC 6455
/// section 4.1), and from what they do not do by themselves: browsers load pages by GET and POST,
/// WebDAV and gRPC clients ask otherwise.
pub fn manner(head: &Head<'_>, original: &OriginalRequest<'_>) -> Manner {
    let headers = &head.headers;
    let navigates =
        headers.values(Name::FetchMode).any(|mode| mode.eq_ignore_ascii_case(b"navigate"));
    if !navigates && !matches!(method(head, original), "GET" | "HEAD" | "POST") {
        return Manner::Program;
    }
    // A browser opens a WebSocket with neither Accept nor Sec-Fetch, and nginx passes Upgrade on
    // only where told to.
    let web_socket = headers.has(Name::WebSocketKey)
        || headers
            .values(Name::Upgrade)
            .any(|value| entries(value).any(|entry| entry.eq_ignore_ascii_case(b"websocket")));
    let fetched =
        headers.values(Name::FetchMode).any(|mode| !mode.eq_ignore_ascii_case(b"navigate"));
    let by_script = headers
        .values(Name::RequestedWith)
        .any(|with| with.eq_ignore_ascii_case(b"XMLHttpRequest"));
    if web_socket || fetched || by_script || accepts_no_page(head) || is_grpc(head) {
        Manner::Program
    } else {
        Manner::Page
    }
}

/// A CORS preflight (Fetch standard, section 4.8). Browsers send no cookie with it.
pub fn is_preflight(head: &Head<'_>, original: &OriginalRequest<'_>) -> bool {
    method(head, original) == "OPTIONS" && head.headers.has(Name::PreflightMethod)
}

/// `application/grpc` and its kin, with a suffix or parameters.
fn is_grpc(head: &Head<'_>) -> bool {
    const GRPC: &[u8] = b"application/grpc";
    let begins = |value: &[u8]| {
        value.get(..GRPC.len()).is_some_and(|start| start.eq_ignore_ascii_case(GRPC))
    };
    head.headers.may_have_others(name::mark(b"Content-Type"))
        && head.headers.all("Content-Type").any(begins)
}

/// `Accept` names types, but neither `text/html` nor `*/*`. No type at all is like `*/*`.
fn accepts_no_page(head: &Head<'_>) -> bool {
    let types = || head.headers.values(Name::Accept).flat_map(entries);
    let is_page = |kind: &[u8]| kind.eq_ignore_ascii_case(b"text/html") || kind == b"*/*";
    types().next().is_some() && !types().any(is_page)
}

/// The entries of a list without their parameters.
fn entries(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    list.split(|byte| *byte == b',')
        .map(|entry| entry.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii())
        .filter(|entry| !entry.is_empty())
}

/// The visitor's method: the proxy's word, or the request's own where there is no proxy.
pub fn method<'a>(head: &Head<'a>, original: &OriginalRequest<'a>) -> &'a str {
    if original.arrival == Arrival::Direct { head.method_text } else { original.method }
}
