//! Who a user is to the applications behind the gate: the identity headers of a pass, prepared once.
//!
//! Guarantees: all four `Remote-*` headers are always written, empty where nothing is known, because some proxies leave a
//! client's forged one in place where ours is missing; a request that brings such a header itself, where ours would be
//! empty, is found out.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::auth::user::UserName;
use crate::config::{Config, IdentityHeader};
use crate::http::name;
use crate::http::request::Headers;
use crate::http::response::{Digits, Lines};

use super::job::Person;

/// The users who may pass, with what applications are told of each.
pub struct People {
    telling: Telling,
    known: BTreeMap<UserName, Known>,
}

/// How much is told of everybody.
struct Telling {
    further: Vec<IdentityHeader>,
    resolver_headers: bool,
    proxy_cache: Option<Duration>,
}

/// What applications are told of one user.
pub struct Known {
    person: Person,
    lines: Lines,
    empty: Vec<&'static str>,
    /// The marks of the names in `empty`.
    empty_marks: u64,
}

impl People {
    /// Nobody yet.
    pub fn new(config: &Config) -> Self {
        Self { telling: Telling::of(config), known: BTreeMap::new() }
    }

    /// Takes over changed settings.
    pub fn reconfigure(&mut self, config: &Config) {
        self.telling = Telling::of(config);
        for known in self.known.values_mut() {
            *known = self.telling.about(known.person.clone());
        }
    }

    /// Adds a user, or takes over what has changed.
    pub fn insert(&mut self, person: &Person) {
        self.known.insert(person.name.clone(), self.telling.about(person.clone()));
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
        let mut digits = self.known.values().map(|known| known.person.digits);
        let first = digits.next()?;
        digits.all(|other| other == first).then_some(first)
    }
}

impl Telling {
    fn of(config: &Config) -> Self {
        Self {
            further: config.identity.headers.clone(),
            resolver_headers: config.identity.resolver_headers,
            proxy_cache: config.session.proxy_cache,
        }
    }

    /// Writes the header lines of a user's passes.
    fn about(&self, person: Person) -> Known {
        let name = person.name.as_str();
        let groups = person.groups.join(",");
        let remote = [
            ("Remote-User", name),
            ("Remote-Groups", &groups),
            ("Remote-Name", &person.display_name),
            ("Remote-Email", &person.email),
        ];
        let (mut lines, mut empty) = (Lines::default(), Vec::new());
        for (header, value) in remote.into_iter().chain(self.further.iter().map(|header| (header.as_str(), name))) {
            lines.header(header, value.as_bytes());
            if value.is_empty() {
                empty.push(header);
            }
        }
        if self.resolver_headers {
            lines.header("X-Portcullis-Session-Valid", b"true");
            lines.header("X-Portcullis-User-Id", name.as_bytes());
            lines.header("X-Portcullis-User-Anonymous", b"false");
            lines.header("X-Portcullis-User-Verified", b"true");
            // One factor of single use: level 1 of NIST SP 800-63B; `otp` of RFC 8176 section 2.
            lines.header("X-Portcullis-Session-Acr", b"aal1");
            lines.header("X-Portcullis-Session-Amr", b"otp");
        }
        // Before Cache-Control: nginx 1.22 obeys the first of the two.
        if let Some(keep) = self.proxy_cache {
            lines.header("X-Accel-Expires", Digits::of(keep.as_secs()).as_bytes());
        }
        lines.header("Cache-Control", b"no-store");
        let empty_marks = empty.iter().fold(0, |marks, header| marks | name::mark(header.as_bytes()));
        Known { person, lines, empty, empty_marks }
    }
}

impl Known {
    /// The header lines of a pass: who this is, and that the answer is not to be kept.
    pub fn lines(&self) -> &Lines {
        &self.lines
    }

    /// The identity header that the request itself brings although ours is empty. An empty one says what ours says.
    pub fn forgery(&self, headers: &Headers<'_>) -> Option<&'static str> {
        // Seldom has any line such a name: the others need no closer look.
        if !headers.may_have_others(self.empty_marks) {
            return None;
        }
        let brought = headers.iter().filter(|(_, value)| !value.trim_ascii().is_empty());
        brought.filter_map(|(sent, _)| self.empty.iter().find(|ours| is_alike(sent, ours))).copied().next()
    }
}

/// The same name to an application that takes letters of any case, and `_` for `-` as CGI and its heirs do.
fn is_alike(sent: &[u8], ours: &str) -> bool {
    let plain = |byte: &u8| if *byte == b'_' { b'-' } else { byte.to_ascii_lowercase() };
    sent.iter().map(plain).eq(ours.as_bytes().iter().map(plain))
}
