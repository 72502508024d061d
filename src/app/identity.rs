//! Who a user is to the applications behind the gate: the identity headers of a pass, prepared once.
//!
//! Guarantees: all four `Remote-*` headers are always written, empty where nothing is known, because some proxies leave a
//! client's forged one in place where ours is missing; a request that brings such a header itself, where ours would be
//! empty, is found out.

use std::collections::BTreeMap;

use crate::auth::user::UserName;
use crate::config::{Identity, IdentityHeader};
use crate::http::request::Headers;
use crate::http::response::Out;

use super::job::Person;

/// The users who may pass, with what applications are told of each.
pub struct People {
    further: Vec<IdentityHeader>,
    resolver_headers: bool,
    known: BTreeMap<UserName, Known>,
}

/// What applications are told of one user.
pub struct Known {
    name: UserName,
    groups: Box<str>,
    display_name: Box<str>,
    email: Box<str>,
    digits: u8,
}

impl People {
    /// Nobody yet.
    pub fn new(config: &Identity) -> Self {
        Self { further: config.headers.clone(), resolver_headers: config.resolver_headers, known: BTreeMap::new() }
    }

    /// Takes over changed settings.
    pub fn reconfigure(&mut self, config: &Identity) {
        self.further = config.headers.clone();
        self.resolver_headers = config.resolver_headers;
    }

    /// Adds a user, or takes over what has changed.
    pub fn insert(&mut self, person: &Person) {
        let known = Known {
            name: person.name.clone(),
            groups: person.groups.join(",").into(),
            display_name: person.display_name.as_str().into(),
            email: person.email.as_str().into(),
            digits: person.digits,
        };
        self.known.insert(person.name.clone(), known);
    }

    /// Forgets a user who is gone or disabled.
    pub fn remove(&mut self, name: &UserName) {
        self.known.remove(name);
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.known.len()
    }

    /// What is known of a user.
    pub fn find(&self, name: &UserName) -> Option<&Known> {
        self.known.get(name)
    }

    /// How many digits every user's codes have; `None` where that differs, or there is no user.
    pub fn common_digits(&self) -> Option<u8> {
        let mut digits = self.known.values().map(|known| known.digits);
        let first = digits.next()?;
        digits.all(|other| other == first).then_some(first)
    }

    /// The headers that tell an application who this is, and their values.
    fn headers<'p>(&'p self, known: &'p Known) -> impl Iterator<Item = (&'static str, &'p str)> {
        let name = known.name.as_str();
        let remote = [
            ("Remote-User", name),
            ("Remote-Groups", &known.groups),
            ("Remote-Name", &known.display_name),
            ("Remote-Email", &known.email),
        ];
        remote.into_iter().chain(self.further.iter().map(move |header| (header.as_str(), name)))
    }

    /// Writes the identity headers of a pass.
    pub fn write(&self, known: &Known, out: &mut Out) {
        for (header, value) in self.headers(known) {
            out.header(header, value.as_bytes());
        }
        if self.resolver_headers {
            out.header("X-Portcullis-Session-Valid", b"true");
            out.header("X-Portcullis-User-Id", known.name.as_str().as_bytes());
            out.header("X-Portcullis-User-Anonymous", b"false");
            out.header("X-Portcullis-User-Verified", b"true");
            // One factor of single use: level 1 of NIST SP 800-63B; `otp` of RFC 8176 section 2.
            out.header("X-Portcullis-Session-Acr", b"aal1");
            out.header("X-Portcullis-Session-Amr", b"otp");
        }
    }

    /// The identity header that the request itself brings although ours would be empty. An empty one says what ours says.
    pub fn forgery(&self, known: &Known, headers: &Headers<'_>) -> Option<&'static str> {
        if self.headers(known).all(|(_, value)| !value.is_empty()) {
            return None;
        }
        let empty = |sent: &str| self.headers(known).find(|(ours, value)| value.is_empty() && is_alike(sent, ours));
        let brought = headers.iter().filter(|(_, value)| !value.trim_ascii().is_empty());
        brought.filter_map(|(sent, _)| empty(sent)).map(|(ours, _)| ours).next()
    }
}

/// The same name to an application that takes letters of any case, and `_` for `-` as CGI and its heirs do.
fn is_alike(sent: &str, ours: &str) -> bool {
    let plain = |byte: u8| if byte == b'_' { b'-' } else { byte.to_ascii_lowercase() };
    sent.len() == ours.len() && sent.bytes().zip(ours.bytes()).all(|(one, other)| plain(one) == plain(other))
}
