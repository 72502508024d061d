//! What the rules say of a verify request: its place as the rules see it, and what may not be
//! believed of it.
//!
//! Guarantees: a request that carries a header by which applications are asked for another method
//! or another path than the proxy forwards opens nothing, and is restricted as if nobody knew the
//! method or path; so is one whose method nobody forwards.

use crate::auth::policy::path_readings::PathReadings;
use crate::auth::policy::place::{Member, Place};
use crate::auth::policy::ruling::Ruling;
use crate::config::Config;
use crate::http::name::{self, Name};
use crate::http::request::{Head, Headers};
use crate::original::client_address::Belief;
use crate::original::override_header::{OVERRIDE_HEADERS, OverriddenPart};
use crate::original::problem::ForwardingProblem;
use crate::original::purpose::ForwardingFamily;
use crate::original::reader;
use crate::original::request::{Arrival, OriginalRequest};

use crate::app::manner::is_preflight;

/// What the rules say, of which there is at least one.
pub fn judge(
    config: &Config,
    head: &Head<'_>,
    original: &OriginalRequest<'_>,
    family: ForwardingFamily,
    who: Option<&Member<'_>>,
    readings: &mut PathReadings,
) -> Ruling {
    let rules = &config.rules;
    // Where no rule asks where the visitor is, nobody looks.
    let place = place(config, head, original, family, rules.name_networks());
    let ruling = rules.judge(&place, who, readings);
    if !is_preflight(head, original) {
        return ruling;
    }
    // A rule for the method that a preflight announces may let the preflight pass.
    let announced = announced_method(&head.headers).filter(|_| place.method.is_some());
    let announced = announced.is_some_and(|method| {
        rules.judge(&Place { method: Some(method), ..place }, who, readings).preflight
    });
    Ruling { preflight: place.may_open && (ruling.preflight || announced), ..ruling }
}

/// The place that a request is for; `with_client`: somebody asks where the visitor is.
pub fn place<'a>(
    config: &Config,
    head: &Head<'a>,
    original: &OriginalRequest<'a>,
    family: ForwardingFamily,
    with_client: bool,
) -> Place<'a> {
    let headers = &head.headers;
    let overridden = Overridden::by(headers, family);
    let belief = Belief::of(&config.proxy);
    // Behind an entry that cannot be read stands somebody else than the last address that can.
    let is_known =
        |problem: &ForwardingProblem| !matches!(problem, ForwardingProblem::NotAnAddress(_));
    let knows_client = with_client
        && original.arrival == Arrival::Proxied
        && reader::forwards_client(headers, &belief)
        && original.problems().iter().all(is_known);
    Place {
        host: original.host.map_or("", |host| host.name()),
        port: original.port.unwrap_or(original.scheme.default_port()),
        path: (!overridden.path).then_some(original.uri),
        method: (original.names_method && !overridden.method).then_some(original.method),
        client: knows_client.then_some(original.client),
        may_open: original.arrival == Arrival::Proxied && !overridden.path && !overridden.method,
    }
}

/// The one method that a preflight announces (Fetch standard, section 4.8).
fn announced_method<'a>(headers: &Headers<'a>) -> Option<&'a str> {
    if headers.is_repeated(Name::PreflightMethod) {
        return None;
    }
    std::str::from_utf8(headers.values(Name::PreflightMethod).next()?).ok()
}

/// Whether the visitor asks the site for something else than he asked the proxy for.
#[derive(Clone, Copy, Default)]
struct Overridden {
    method: bool,
    path: bool,
}

/// The marks of all headers that ask for something else.
const MARKS: u64 = {
    let (mut marks, mut rest) = (0, OVERRIDE_HEADERS.as_slice());
    while let [(header, _), others @ ..] = rest {
        marks |= name::mark(header.as_bytes());
        rest = others;
    }
    marks
};

impl Overridden {
    /// Reads the names of all lines, aliases included. `X-Original-*` of a proxy that sets them is
    /// the proxy's own.
    fn by(headers: &Headers<'_>, family: ForwardingFamily) -> Self {
        const X_ORIGINAL: [Name; 3] = [Name::OriginalMethod, Name::OriginalUrl, Name::OriginalUri];
        let foreign = !family.owns_x_original() && X_ORIGINAL.iter().any(|name| headers.has(*name));
        let mut found = Self::default();
        // Seldom has any line such a name: the others need no closer look.
        if !foreign && !headers.may_have_others(MARKS) {
            return found;
        }
        for (sent, _) in headers.iter() {
            let is_own = family.owns_x_original()
                && X_ORIGINAL.iter().any(|own| sent.eq_ignore_ascii_case(own.as_str().as_bytes()));
            let mut alike = OVERRIDE_HEADERS.iter().filter(|(ours, _)| name::is_alike(sent, ours));
            match alike.next().filter(|_| !is_own) {
                Some((_, OverriddenPart::Method)) => found.method = true,
                Some((_, OverriddenPart::Path)) => found.path = true,
                None => {}
            }
        }
        found
    }
}
