//! What the rules say of one address, with every reading of its path, in the shape that scripts
//! rely on.
//!
//! Guarantees: it is judged as a verify would judge a request for just these octets. Leaves out
//! sessions: whoever asks says whose session it is.

use std::fmt::{self, Write};
use std::net::IpAddr;

use serde::{Serialize, Serializer};

use super::printable::{hex, printable};
use super::remark::Remark;
use super::typed_url::TypedUrl;
use crate::auth::policy::path_readings::PathReadings;
use crate::auth::policy::place::{Member, Place};
use crate::auth::policy::rule::{Access, Rule};
use crate::auth::policy::rules::Rules;
use crate::auth::policy::ruling::{Ruling, Verdict};
use crate::auth::user::{NameError, UserName};

/// Somebody with a session, whoever that is.
#[derive(Clone, Debug)]
pub struct SessionOwner {
    name: UserName,
    groups: Vec<String>,
}

impl SessionOwner {
    /// A user of this name in these groups.
    ///
    /// # Errors
    /// It is no name of a user.
    pub fn new(name: &str, groups: Vec<String>) -> Result<Self, NameError> {
        Ok(Self { name: UserName::parse(name)?, groups })
    }

    /// As the rules know it.
    pub(super) fn member(&self) -> Member<'_> {
        Member { name: &self.name, groups: &self.groups }
    }
}

impl fmt::Display for SessionOwner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.name.fmt(f)
    }
}

/// How an address is asked for.
#[derive(Clone, Debug)]
pub struct UrlRequest<'a> {
    /// The method.
    pub method: &'a str,
    /// The visitor's address, where it is known.
    pub client: Option<IpAddr>,
    /// Whose session comes along.
    pub user: Option<&'a SessionOwner>,
}

/// What the rules say of one address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UrlRuling {
    /// As it was typed; octets that are no UTF-8 as `\xC3`.
    pub url: String,
    /// As it was asked.
    pub method: String,
    /// `open`, `session`, `deny`, or `forbidden`: a session whose user may not.
    #[serde(serialize_with = "word")]
    pub decision: Verdict,
    /// The name of the rule that decides; nothing where no rule is for it.
    pub rule: Option<String>,
    /// Its line in the settings' file.
    pub line: Option<usize>,
    /// Every reading of the path; some or none where there are too many.
    pub readings: Vec<ReadingRuling>,
    /// What people should know beside that.
    #[serde(skip)]
    pub remarks: Vec<Remark>,
}

/// What the rules say of one reading of a path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReadingRuling {
    /// The path as a server may read it, as [`printable`] shows it.
    pub path: String,
    /// As in [`UrlRuling`].
    #[serde(serialize_with = "word")]
    pub decision: Verdict,
}

fn word<S: Serializer>(verdict: &Verdict, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(verdict.word())
}

impl UrlRuling {
    /// Judges an address.
    pub fn of(rules: &Rules, url: &TypedUrl<'_>, request: &UrlRequest<'_>) -> Self {
        let place = Place {
            host: url.host.name(),
            port: url.port,
            path: Some(&url.target),
            method: Some(request.method),
            client: request.client,
            may_open: true,
        };
        let who = request.user.map(SessionOwner::member);
        let mut readings = Vec::new();
        let mut memory = PathReadings::default();
        let ruling = rules.judge_each(&place, who.as_ref(), &mut memory, |path, ruling| {
            readings.push(ReadingRuling { path: printable(path), decision: ruling.verdict });
        });
        let rule = ruling.rule.and_then(|number| rules.as_slice().get(number));
        let mut remarks = remarks_on(ruling, rule);
        let of_readings = readings.iter().map(|reading| reading.decision).max();
        if of_readings != Some(ruling.verdict) {
            remarks.push(Remark::TooManyReadings);
        }
        if place.client.is_none() {
            remarks.extend(by_network(rules, &place, who.as_ref(), ruling));
        }
        remarks.extend(as_browsers_send_it(url));
        Self {
            url: as_typed(url.text),
            method: request.method.to_owned(),
            decision: ruling.verdict,
            rule: rule.map(|rule| rule.name.clone()),
            line: rule.map(|rule| rule.line),
            readings,
            remarks,
        }
    }
}

fn remarks_on(ruling: Ruling, rule: Option<&Rule>) -> Vec<Remark> {
    let mut remarks = Vec::new();
    match rule.map(|rule| &rule.access) {
        Some(Access::Session(audience))
            if !audience.users.is_empty() || !audience.groups.is_empty() =>
        {
            remarks.push(Remark::OnlyFor(audience.clone()));
        }
        Some(Access::Open) if ruling.verdict != Verdict::Open => remarks.push(Remark::NotPlain),
        _ => {}
    }
    if ruling.preflight && ruling.verdict != Verdict::Open {
        remarks.push(Remark::Preflight);
    }
    remarks
}

/// The first rule that would decide otherwise if the visitor were in its networks.
fn by_network(
    rules: &Rules,
    place: &Place<'_>,
    who: Option<&Member<'_>>,
    ruling: Ruling,
) -> Option<Remark> {
    let anywhere = |rule: &Rule| Rule { networks: None, ..rule.clone() };
    let everywhere = Rules::new(rules.as_slice().iter().map(anywhere).collect());
    let elsewhere = everywhere.judge(place, who, &mut PathReadings::default());
    let rule = rules.as_slice().get(elsewhere.rule?)?;
    (elsewhere.rule != ruling.rule && rule.networks.is_some()).then(|| Remark::client_unknown(rule))
}

/// A path with blanks and letters above ASCII, as browsers send it (URL Standard, section 1.3).
fn as_browsers_send_it(url: &TypedUrl<'_>) -> Option<Remark> {
    let is_encoded = |octet: &u8| *octet == b' ' || !octet.is_ascii();
    let path = std::str::from_utf8(url.path()).ok()?;
    path.bytes().any(|octet| is_encoded(&octet)).then(|| {
        let mut sent = String::new();
        for octet in path.bytes() {
            if is_encoded(&octet) {
                // Writing into a text never fails.
                let _ = write!(sent, "%{}", hex(octet));
            } else {
                sent.push(char::from(octet));
            }
        }
        Remark::Encoded(sent)
    })
}

/// An address of UTF-8 stays as it is, so that scripts find it again.
fn as_typed(text: &[u8]) -> String {
    std::str::from_utf8(text).map_or_else(|_| printable(text), str::to_owned)
}

#[cfg(test)]
#[path = "url_ruling_tests.rs"]
mod tests;
