//! Which refusal a client gets, and its bytes: a redirect for people, a 401 with JSON for programs,
//! a page that names the line that fixes the proxy where that is the trouble.
//!
//! Guarantees: never a 2xx; `Location` is the configured login page or the host that a trusted
//! proxy named, never longer than 8,000 octets; nothing is allocated but the body's buffer, which
//! is kept. Where the proxy takes a status alone, 401 and 403, empty.

use std::fmt::Write as _;

use crate::config::Config;
use crate::http::form::percent_encode_component;
use crate::http::request::Head;
use crate::http::response::{Out, Status};
use crate::original::request::{Arrival, OriginalRequest};
use crate::proxies::reverse_proxy::{RefusalForm, VerifyEndpoint};

use crate::app::denial::VerifyDenial;
use crate::app::manner::{Manner, manner, method};

/// The longest login address that every proxy passes on, in octets.
const LONGEST_ADDRESS: usize = 8_000;
/// Room for a body of ours, in octets.
const BODY: usize = 2_048;

/// GET and HEAD are repeated as they are, everything else becomes a GET of the address (RFC 9110
/// sections 15.4.3, 15.4.4).
fn redirect_status(head: &Head<'_>, original: &OriginalRequest<'_>) -> Status {
    if matches!(method(head, original), "GET" | "HEAD") { Status::FOUND } else { Status::SEE_OTHER }
}

/// Writes a refusal.
pub fn refuse(
    config: &Config,
    head: &Head<'_>,
    original: &OriginalRequest<'_>,
    denial: VerifyDenial,
    endpoint: &VerifyEndpoint,
    out: &mut Out,
) {
    match endpoint.refusal {
        RefusalForm::StatusAlone => refuse_by_status(config, head, original, denial, out),
        RefusalForm::Whole => refuse_in_full(config, head, original, denial, endpoint, out),
    }
}

fn refuse_in_full(
    config: &Config,
    head: &Head<'_>,
    original: &OriginalRequest<'_>,
    denial: VerifyDenial,
    endpoint: &VerifyEndpoint,
    out: &mut Out,
) {
    let manner = manner(head, original);
    match consequence(denial) {
        Consequence::Login if manner == Manner::Page => {
            out.start(redirect_status(head, original));
            let mut address = Buffer::new();
            login_address_with_next(config, original, endpoint.refusal, &mut address);
            out.finish_redirect(address.as_bytes());
        }
        Consequence::Login | Consequence::LoginProgram => {
            let pass = matches!(denial, VerifyDenial::BadPass(_) | VerifyDenial::PassOfAnother);
            let why = pass.then(|| denial.message(endpoint.proxy));
            login_required(config, original, endpoint.refusal, why, out);
        }
        Consequence::Explain(status) => {
            out.start(status);
            if status == Status::UNAUTHORIZED {
                challenge(out);
            }
            let message = denial.message(endpoint.proxy);
            match manner {
                Manner::Program => json(
                    out,
                    format_args!(
                        r#"{{"error":"{}","message":"{}"}}"#,
                        denial.word(),
                        Substituted(message, escape_json)
                    ),
                ),
                Manner::Page => page(out, status, message),
            }
        }
    }
}

/// A 401 with the address of the login, for a program; `why`: what is wrong with what it brought.
fn login_required(
    config: &Config,
    original: &OriginalRequest<'_>,
    refusal: RefusalForm,
    why: Option<impl std::fmt::Display>,
    out: &mut Out,
) {
    out.start(Status::UNAUTHORIZED);
    challenge(out);
    let mut address = Buffer::new();
    login_address(config, original, refusal, &mut address);
    let url = std::str::from_utf8(address.as_bytes()).unwrap_or_default();
    let url = Substituted(url, escape_json);
    match why.map(|why| Substituted(why, escape_json)) {
        None => json(out, format_args!(r#"{{"error":"login_required","login_url":"{url}"}}"#)),
        Some(why) => json(
            out,
            format_args!(r#"{{"error":"login_required","login_url":"{url}","message":"{why}"}}"#),
        ),
    }
}

/// For a proxy that takes no other status, throws a body away and the connection with it, and makes
/// a redirect of every 401 that has a `Location`.
fn refuse_by_status(
    config: &Config,
    head: &Head<'_>,
    original: &OriginalRequest<'_>,
    denial: VerifyDenial,
    out: &mut Out,
) {
    let consequence = consequence(denial);
    let status = match consequence {
        Consequence::Explain(status) if status != Status::UNAUTHORIZED => Status::FORBIDDEN,
        _ => Status::UNAUTHORIZED,
    };
    out.start(status);
    if consequence == Consequence::Login && manner(head, original) == Manner::Page {
        let mut address = Buffer::new();
        login_address_with_next(config, original, RefusalForm::StatusAlone, &mut address);
        // Without any host there is no absolute address, and the proxy would complete a relative
        // one with its own.
        if !address.as_bytes().starts_with(b"/") {
            out.header("Location", address.as_bytes());
        }
    } else if status == Status::UNAUTHORIZED {
        challenge(out);
    }
    out.header("Cache-Control", b"no-store");
    out.finish_empty();
}

/// Sends a visitor back to the original request: the session has become valid since.
pub fn send_back(head: &Head<'_>, original: &OriginalRequest<'_>, out: &mut Out) {
    let mut address = Buffer::new();
    if original.arrival == Arrival::Proxied {
        original.write_origin(&mut |part| address.push(part));
    }
    original.write_path(&mut |part| address.push(part));
    out.start(redirect_status(head, original));
    out.finish_redirect(if address.overflowed { b"/" } else { address.as_bytes() });
}

/// What follows from a denial.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Consequence {
    /// People are sent to log in, programs get the address.
    Login,
    /// Answered like a program whoever asks: a browser does not follow a redirect here.
    LoginProgram,
    /// A login would not help: the place is closed, or who looks after the proxy has to act.
    Explain(Status),
}

const fn consequence(denial: VerifyDenial) -> Consequence {
    match denial {
        VerifyDenial::NoCookie
        | VerifyDenial::BadToken(_)
        | VerifyDenial::NotLive(_)
        | VerifyDenial::UnknownUser
        | VerifyDenial::SessionsDisagree
        | VerifyDenial::Clock(_) => Consequence::Login,
        VerifyDenial::Preflight | VerifyDenial::BadPass(_) | VerifyDenial::PassOfAnother => {
            Consequence::LoginProgram
        }
        VerifyDenial::UntrustedPeer(_) => Consequence::Explain(Status::UNAUTHORIZED),
        VerifyDenial::Forwarding(_)
        | VerifyDenial::ForgedIdentity(_)
        | VerifyDenial::LoginLoop(_) => Consequence::Explain(Status::BAD_REQUEST),
        VerifyDenial::Denied(_) | VerifyDenial::Forbidden(_) | VerifyDenial::ProxyRequired => {
            Consequence::Explain(Status::FORBIDDEN)
        }
    }
}

/// Never `Basic`, which makes browsers ask for a password.
fn challenge(out: &mut Out) {
    out.header("WWW-Authenticate", b"Bearer realm=\"portcullis\"");
}

fn json(out: &mut Out, text: std::fmt::Arguments<'_>) {
    let mut body = heapless::String::<{ LONGEST_ADDRESS + BODY }>::new();
    let fits = body.write_fmt(text).is_ok();
    out.header("Cache-Control", b"no-store");
    out.body("application/json", if fits { body.as_bytes() } else { br#"{"error":"refused"}"# });
}

/// A page without styles, scripts and links; it is shown on the protected host.
fn page(out: &mut Out, status: Status, why: impl std::fmt::Display) {
    let mut body = heapless::String::<BODY>::new();
    let fits = write!(
        body,
        "<!DOCTYPE html>\n<html lang=\"en\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>{status}</title>\n\
         <h1>{status}</h1>\n<p>{}</p>\n</html>\n",
        Substituted(why, escape_html)
    );
    for (name, value) in [
        ("Cache-Control", "no-store"),
        (
            "Content-Security-Policy",
            "default-src 'none'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'",
        ),
        ("Referrer-Policy", "same-origin"),
        ("X-Content-Type-Options", "nosniff"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
    ] {
        out.header(name, value.as_bytes());
    }
    out.body(
        "text/html; charset=utf-8",
        if fits.is_ok() { body.as_bytes() } else { b"<!DOCTYPE html><title>refused</title>" },
    );
}

/// A text with the characters replaced that would end its place.
struct Substituted<T>(T, fn(char) -> Option<&'static str>);

impl<T: std::fmt::Display> std::fmt::Display for Substituted<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(Escaping(f, self.1), "{}", self.0)
    }
}

struct Escaping<'f, 'b>(&'f mut std::fmt::Formatter<'b>, fn(char) -> Option<&'static str>);

impl std::fmt::Write for Escaping<'_, '_> {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        text.chars().try_for_each(|letter| match (self.1)(letter) {
            Some(replaced) => self.0.write_str(replaced),
            None => self.0.write_char(letter),
        })
    }
}

const fn escape_json(letter: char) -> Option<&'static str> {
    match letter {
        '"' => Some("\\\""),
        '\\' => Some("\\\\"),
        '\0'..='\x1f' => Some(" "),
        _ => None,
    }
}

const fn escape_html(letter: char) -> Option<&'static str> {
    match letter {
        '&' => Some("&amp;"),
        '<' => Some("&lt;"),
        '>' => Some("&gt;"),
        '"' => Some("&quot;"),
        '\'' => Some("&#39;"),
        _ => None,
    }
}

/// An address under construction.
struct Buffer {
    bytes: heapless::Vec<u8, LONGEST_ADDRESS>,
    overflowed: bool,
}

impl Buffer {
    const fn new() -> Self {
        Self { bytes: heapless::Vec::new(), overflowed: false }
    }

    fn push(&mut self, part: &[u8]) {
        self.overflowed |= self.bytes.extend_from_slice(part).is_err();
    }

    fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// Writes where a visitor logs in: `public_url` + prefix + `/login`; with `public_url` empty it is
/// on the protected host itself. Absolute where a proxy named the host, because Traefik completes a
/// relative address with the gate's own; and always where a proxy passes on the status alone.
fn login_address(
    config: &Config,
    original: &OriginalRequest<'_>,
    refusal: RefusalForm,
    address: &mut Buffer,
) {
    match &config.public_url {
        Some(url) => address.push(url.as_str().as_bytes()),
        None if original.arrival == Arrival::Proxied || refusal == RefusalForm::StatusAlone => {
            original.write_origin(&mut |part| address.push(part));
        }
        None => {}
    }
    address.push(config.path_prefix.as_bytes());
    address.push(b"/login");
}

/// The same with `next`, where the visitor wanted to go; without it where the whole would be too
/// long.
fn login_address_with_next(
    config: &Config,
    original: &OriginalRequest<'_>,
    refusal: RefusalForm,
    address: &mut Buffer,
) {
    login_address(config, original, refusal, address);
    let without_next = address.bytes.len();
    address.push(b"?next=");
    let mut component =
        |part: &[u8]| percent_encode_component(part, &mut |encoded| address.push(encoded));
    if original.arrival == Arrival::Proxied && config.public_url.is_some() {
        original.write_origin(&mut component);
    }
    original.write_path(&mut component);
    if address.overflowed {
        address.bytes.truncate(without_next);
    }
}

#[cfg(test)]
#[path = "reply_tests.rs"]
mod tests;
