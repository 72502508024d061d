//! Who a user is to the applications behind the gate: the identity headers of a pass, prepared
//! once.
//!
//! Guarantees: all four `Remote-*` headers are always prepared, empty where nothing is known,
//! because some proxies leave a client's forged one in place where ours is missing; a request that
//! brings such a header itself, where ours would be empty, is found out, and so is one that brings
//! an alias of such a header (`Remote_User`, `Remote.User`): PHP, CGI and WSGI read all of them as
//! the same variable (RFC 3875 section 4.1.18), and any of them may win.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::auth::policy::place::Member;
use crate::auth::user::UserName;
use crate::config::{Config, IdentityHeader};
use crate::http::name::{self, is_alike};
use crate::http::request::Headers;
use crate::http::response::{DecimalDigits, Lines, Out};

use crate::app::messages::effect::Person;

/// The users who may pass, with what applications learn of each.
pub struct KnownUsers {
    headers: IdentityHeaders,
    anonymous: Identity,
    known: BTreeMap<UserName, KnownUser>,
}

/// The headers that say who a user is, with these settings.
struct IdentityHeaders {
    /// The names of all headers that say who a user is.
    names: Vec<&'static str>,
    /// The marks of `names`.
    marks: u64,
    further: Vec<IdentityHeader>,
    resolver_headers: bool,
    proxy_cache: Option<Duration>,
}

/// A user who may pass.
pub struct KnownUser {
    person: Person,
    identity: Identity,
    /// Where it differs for a program with a pass.
    by_pass: Option<Identity>,
}

impl KnownUser {
    /// What applications learn of this user.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The same where it is a program with a pass of this user.
    pub fn identity_by_pass(&self) -> &Identity {
        self.by_pass.as_ref().unwrap_or(&self.identity)
    }

    /// Whom rules see.
    pub fn member(&self) -> Member<'_> {
        Member { name: &self.person.name, groups: &self.person.groups }
    }
}

/// What applications learn of whoever passes.
pub struct Identity {
    lines: Lines,
    /// The headers of which nothing is known.
    empty: Vec<&'static str>,
}

const REMOTE: [&str; 4] = ["Remote-User", "Remote-Groups", "Remote-Name", "Remote-Email"];

const SESSION_VALID: &str = "X-Portcullis-Session-Valid";

/// By what somebody is known to the gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// A session, which began with a code: `otp` of RFC 8176 section 2.
    Session,
    /// A program's pass.
    Pass,
}

/// What a resolver reads, with what is said of everybody who is known. One factor: level 1 of NIST
/// SP 800-63B.
const RESOLVER: [(&str, ResolverValue); 6] = [
    (SESSION_VALID, ResolverValue::Always("true")),
    ("X-Portcullis-User-Id", ResolverValue::Name),
    ("X-Portcullis-User-Anonymous", ResolverValue::Always("false")),
    ("X-Portcullis-User-Verified", ResolverValue::Always("true")),
    ("X-Portcullis-Session-Acr", ResolverValue::Always("aal1")),
    ("X-Portcullis-Session-Amr", ResolverValue::Proof),
];

/// All headers by which the gate says who a user is, with these settings.
pub fn header_names(config: &Config) -> Vec<&'static str> {
    let further = config.identity.headers.iter().map(|header| header.as_str());
    let resolver =
        RESOLVER.iter().filter(|_| config.identity.resolver_headers).map(|(name, _)| *name);
    REMOTE.into_iter().chain(further).chain(resolver).collect()
}

/// The value of a resolver's header.
enum ResolverValue {
    Always(&'static str),
    Name,
    Proof,
}

/// What a resolver reads of this user, or of nobody.
fn resolver(user: Option<(&str, Proof)>) -> impl Iterator<Item = (&'static str, &str)> {
    RESOLVER.iter().map(move |(header, said)| {
        let value = match (user, said) {
            (Some(_), ResolverValue::Always(text)) => text,
            (Some((name, _)), ResolverValue::Name) => name,
            (Some((_, Proof::Session)), ResolverValue::Proof) => "otp",
            (Some((_, Proof::Pass)), ResolverValue::Proof) => "pass",
            (None, _) if *header == SESSION_VALID => "false",
            (None, _) => "",
        };
        (*header, value)
    })
}

impl KnownUsers {
    /// Nobody yet.
    pub fn new(config: &Config) -> Self {
        let headers = IdentityHeaders::of(config);
        Self { anonymous: headers.of_anybody(), headers, known: BTreeMap::new() }
    }

    /// Takes over changed settings.
    pub fn reconfigure(&mut self, config: &Config) {
        self.headers = IdentityHeaders::of(config);
        self.anonymous = self.headers.of_anybody();
        for known in self.known.values_mut() {
            *known = self.headers.about(known.person.clone());
        }
    }

    /// Adds a user, or takes over what has changed.
    pub fn insert(&mut self, person: &Person) {
        self.known.insert(person.name.clone(), self.headers.about(person.clone()));
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
    pub fn find(&self, name: &UserName) -> Option<&KnownUser> {
        self.known.get(name)
    }

    /// What is known of somebody who did not log in.
    pub fn anonymous(&self) -> &Identity {
        &self.anonymous
    }

    /// The identity header that the request itself brings although that of `identity` is empty, or
    /// of which it brings an alias. An empty one says what an empty one of ours says; an empty
    /// alias may hide what ours says.
    pub fn forgery(&self, identity: &Identity, headers: &Headers<'_>) -> Option<&'static str> {
        // Seldom has any line such a name: the others need no closer look.
        if !headers.may_have_others(self.headers.marks) {
            return None;
        }
        let forged = |(sent, value): (&[u8], &[u8])| {
            let ours = self.headers.names.iter().copied().find(|ours| is_alike(sent, ours))?;
            let is_alias = !sent.eq_ignore_ascii_case(ours.as_bytes());
            (is_alias || (identity.empty.contains(&ours) && !value.trim_ascii().is_empty()))
                .then_some(ours)
        };
        headers.iter().find_map(forged)
    }

    /// Writes all that is known of a user and by what, or of somebody who is not known, the headers
    /// of a resolver among it.
    pub fn write_resolved(&self, user: Option<(&KnownUser, Proof)>, out: &mut Out) {
        if !self.headers.resolver_headers {
            let named = user.map(|(user, proof)| (user.person.name.as_str(), proof));
            resolver(named).for_each(|(header, value)| out.header(header, value.as_bytes()));
        }
        let identity = match user {
            None => &self.anonymous,
            Some((user, Proof::Session)) => user.identity(),
            Some((user, Proof::Pass)) => user.identity_by_pass(),
        };
        out.lines(identity.lines());
    }

    /// How many digits every user's codes have; `None` where that differs, or there is no user.
    pub fn common_digits(&self) -> Option<u8> {
        let mut digits = self.known.values().map(|known| known.person.digits);
        let first = digits.next()?;
        digits.all(|other| other == first).then_some(first)
    }
}

impl IdentityHeaders {
    fn of(config: &Config) -> Self {
        let names = header_names(config);
        Self {
            marks: names.iter().fold(0, |marks, name| marks | name::mark(name.as_bytes())),
            names,
            further: config.identity.headers.clone(),
            resolver_headers: config.identity.resolver_headers,
            proxy_cache: config.session.proxy_cache,
        }
    }

    /// Writes the header lines of a user.
    fn about(&self, person: Person) -> KnownUser {
        let identity = self.of_person(&person, Proof::Session);
        let by_pass = self.resolver_headers.then(|| self.of_person(&person, Proof::Pass));
        KnownUser { person, identity, by_pass }
    }

    fn of_person(&self, person: &Person, proof: Proof) -> Identity {
        let name = person.name.as_str();
        let groups = person.groups.join(",");
        let mut identity = self.named([name, &groups, &person.display_name, &person.email]);
        let said = resolver(Some((name, proof))).filter(|_| self.resolver_headers);
        for (header, value) in said {
            identity.lines.header(header, value.as_bytes());
        }
        self.end(&mut identity.lines);
        identity
    }

    /// Writes the header lines of a pass that names nobody.
    fn of_anybody(&self) -> Identity {
        let mut identity = self.named([""; 4]);
        for (header, value) in resolver(None).filter(|_| self.resolver_headers) {
            identity.lines.header(header, value.as_bytes());
            if value.is_empty() {
                identity.empty.push(header);
            }
        }
        self.end(&mut identity.lines);
        identity
    }

    /// User, groups, name and address, and the further headers that repeat the first.
    fn named(&self, values: [&str; 4]) -> Identity {
        let [user, ..] = values;
        let further = self.further.iter().map(|header| (header.as_str(), user));
        let (mut lines, mut empty) = (Lines::default(), Vec::new());
        for (header, value) in REMOTE.into_iter().zip(values).chain(further) {
            lines.header(header, value.as_bytes());
            if value.is_empty() {
                empty.push(header);
            }
        }
        Identity { lines, empty }
    }

    /// Says for how long the answer may be kept.
    fn end(&self, lines: &mut Lines) {
        // Before Cache-Control: nginx 1.22 obeys the first of the two.
        if let Some(keep) = self.proxy_cache {
            lines.header("X-Accel-Expires", DecimalDigits::of(keep.as_secs()).as_bytes());
        }
        lines.header("Cache-Control", b"no-store");
    }
}

impl Identity {
    /// The header lines of a pass: who this is, and that the answer is not to be kept.
    pub fn lines(&self) -> &Lines {
        &self.lines
    }
}
