//! What was seen of the proxies in front: who asked, what was wrong with it, and the line that
//! fixes it.

use crate::app::doctor::finding::{Subject, count, written};
use crate::app::doctor::limits::cloudflare;
use crate::app::messages::answers::doctor::{Finding, Severity};
use crate::app::proxy_diagnostics::diagnostics::ProxyDiagnostics;
use crate::app::proxy_diagnostics::noted_problem::{NotedProblem, ProblemPlace, ProxyProblem};
use crate::app::proxy_diagnostics::occurrences::Occurrences;
use crate::app::proxy_diagnostics::untrusted_peer::UntrustedPeer;
use crate::app::rounds::Cause;
use crate::config::advice::Advice;
use crate::config::raw::Raw;
use crate::config::{Config, ListenAddress};
use crate::proxies::all;
use crate::proxies::fix::{Fix, FixLine};
use crate::proxies::fixes::Fixes;
use crate::proxies::reverse_proxy::ReverseProxy;

const PROXIES: Subject = Subject("wiring");

pub(super) fn findings(seen: &ProxyDiagnostics, config: &Config) -> Vec<Finding> {
    let mut findings = vec![asked(seen)];
    findings.extend(seen.problems.notes.iter().map(|note| noted(note, seen, config)));
    findings.extend(seen.untrusted.near.iter().map(|stranger| nearby(stranger, seen, config)));
    findings.extend(seen.untrusted.far.iter().map(|stranger| far(stranger, config)));
    if seen.untrusted.further > 0 {
        let found = format!(
            "further addresses that are not trusted sent forwarding headers, {} times",
            seen.untrusted.further
        );
        findings.push(PROXIES.warning(found, unreachable(config)));
    }
    if !seen.last_proxy.is_empty() {
        let found = format!(
            "the last proxy calls itself {} (X-Forwarded-Server: shown, never trusted)",
            seen.last_proxy
        );
        findings.push(PROXIES.note(found, None));
    }
    findings
}

/// Nobody but the proxy should reach the gate's port.
fn unreachable(config: &Config) -> String {
    let mut addresses: Vec<String> = Vec::new();
    for address in &config.listen {
        let near = match address {
            ListenAddress::Tcp(socket) if !socket.ip().is_loopback() => {
                format!("127.0.0.1:{}", socket.port())
            }
            other => other.to_string(),
        };
        if !addresses.contains(&near) {
            addresses.push(near);
        }
    }
    let remark = "or a firewall: only the proxy should reach the gate";
    written(Advice::checked(config, "listen", Raw::List(addresses)), remark)
}

fn asked(seen: &ProxyDiagnostics) -> Finding {
    let since = format!(
        "since the start at {} (what follows is in memory only: a restart forgets it)",
        seen.since
    );
    if seen.asked.is_empty() && seen.problems.notes.is_empty() && seen.untrusted.near.is_empty() {
        let found = format!("no proxy has asked {since}");
        return PROXIES.note(found, Some(all::print_command()));
    }
    let asked = seen
        .asked
        .iter()
        .map(|asked| format!("{} asked {}", asked.endpoint.path, times(&asked.seen)));
    let mut asked = asked.collect::<Vec<_>>().join("; ");
    if asked.is_empty() {
        asked.push_str("no question was whole");
    }
    PROXIES.ok(format!("{since}: {asked}"))
}

/// The proxy that asks. Of a page, and at `/verify`, it is known only by who else asks.
fn proxy(place: ProblemPlace, seen: &ProxyDiagnostics) -> Option<&'static ReverseProxy> {
    let named = asks_as(place);
    if named.is_some() {
        return named;
    }
    let noted = seen.problems.notes.iter().map(|note| note.place);
    let askers = seen.asked.iter().map(|asked| ProblemPlace::Verify(asked.endpoint)).chain(noted);
    let mut proxies = askers.filter_map(asks_as);
    let first = proxies.next()?;
    proxies.all(|other| other == first).then_some(first)
}

fn asks_as(place: ProblemPlace) -> Option<&'static ReverseProxy> {
    match place {
        ProblemPlace::Verify(endpoint) => endpoint.proxy,
        ProblemPlace::Page => None,
    }
}

fn times(seen: &Occurrences) -> String {
    match seen.count {
        1 => format!("once, at {}", seen.first),
        many => format!("{}, last at {}", count(many, "time"), seen.last),
    }
}

fn noted(note: &NotedProblem, seen: &ProxyDiagnostics, config: &Config) -> Finding {
    let place = match note.place {
        ProblemPlace::Verify(endpoint) => endpoint.path,
        ProblemPlace::Page => "a page",
    };
    let what = described(note.problem);
    let remedy = remedy(note, proxy(note.place, seen), config);
    let peer = note.peer.map(|peer| format!(", from {peer}")).unwrap_or_default();
    let since = if note.fixed { "; questions since then were right" } else { "" };
    let found = format!("{place}: {what} ({}{peer}{since})", times(&note.seen));
    let severity = match note.place {
        // One site, or one page by http; the others may well be right.
        _ if note.problem == ProxyProblem::PlainHttp => Severity::Warning,
        // A page is shown all the same, and one good verify says that the proxy can do it.
        ProblemPlace::Page => Severity::Warning,
        ProblemPlace::Verify(_) if note.fixed => Severity::Warning,
        ProblemPlace::Verify(_) => Severity::Error,
    };
    Finding { check: PROXIES.0.into(), severity, found, remedy: Some(remedy) }
}

/// What was wrong, in words.
fn described(problem: ProxyProblem) -> String {
    let text = match problem {
        ProxyProblem::Headers(problem) => return problem.what().to_string(),
        ProxyProblem::Forged(header) => {
            return format!(
                "the question brought {header} itself, or an alias of it: a visitor forged it, and the proxy let it through"
            );
        }
        ProxyProblem::ProxyRequired => {
            "refused, since it did not come through a trusted proxy and proxy.required is true"
        }
        ProxyProblem::SessionsDisagree => {
            "session cookies of several users came at once: another site of the domain sets a cookie of that name"
        }
        ProxyProblem::FromCdn => {
            "the visitor's address is one of Cloudflare's: all who come through it share one counter"
        }
        ProxyProblem::PlainHttp => {
            "the proxy says http, and the session cookie is Secure, so browsers do not send it there: a login \
             goes round for ever"
        }
        ProxyProblem::LoginLoop(cause) => {
            return format!(
                "a visitor came back from the login without the session cookie again and again: {cause}"
            );
        }
        ProxyProblem::OriginHidden => {
            "a form came with `Origin: null` and was refused: the proxy adds Referrer-Policy: no-referrer to \
             the gate's pages, or another site sent it"
        }
    };
    text.to_owned()
}

/// What is to be done about it. `proxy` asks, where that is known.
fn remedy(note: &NotedProblem, proxy: Option<&'static ReverseProxy>, config: &Config) -> String {
    match note.problem {
        ProxyProblem::Headers(problem) => chosen(Fix::of(&problem), proxy),
        ProxyProblem::Forged(header) => chosen(Fix::RemoveIdentity(header), proxy),
        ProxyProblem::ProxyRequired => {
            // Whoever comes by a Unix socket is trusted anyway.
            let peer = note.peer.map_or_else(|| "loopback".to_owned(), |peer| peer.to_string());
            written(Advice::to_trust(config, &peer), "if it is your proxy")
        }
        ProxyProblem::SessionsDisagree => {
            let names = [format!("{}_gate", config.session.cookie_name), "gate_session".to_owned()];
            let name =
                Advice::first(config, "session.cookie_name", names.into_iter().map(Raw::Text));
            written(name, "everybody logs in once more")
        }
        ProxyProblem::FromCdn => cloudflare(config, proxy),
        ProxyProblem::PlainHttp | ProxyProblem::LoginLoop(Cause::PlainHttp) => over_https(config),
        ProxyProblem::LoginLoop(Cause::NoDomain) => match Advice::widest_domain(config) {
            Some(domain) => domain.remarked("login page and sites share it").to_string(),
            None => SHARED_DOMAIN.to_owned(),
        },
        ProxyProblem::LoginLoop(Cause::OtherDomain) => SHARED_DOMAIN.to_owned(),
        ProxyProblem::LoginLoop(Cause::Unknown) => "portcullis config check".to_owned(),
        ProxyProblem::OriginHidden => chosen(Fix::ReferrerPolicy, proxy),
    }
}

const SHARED_DOMAIN: &str = "docs/configuration.md: all sites below session.cookie_domain";

/// What brings the session cookie to a site that the proxy calls http.
fn over_https(config: &Config) -> String {
    let forwarded =
        "X-Forwarded-Proto: https  # from the proxy that ends TLS (docs/chained-proxies.md)";
    match Advice::checked(config, "session.secure", Raw::Flag(false)) {
        Some(trial) => format!("{forwarded}\n{}", trial.remarked("where everything is plain http")),
        None => forwarded.to_owned(),
    }
}

/// The lines for the proxy that asked, else all lines with their proxies.
fn chosen(fix: impl Into<Option<Fix>>, proxy: Option<&'static ReverseProxy>) -> String {
    let fixes = Fixes::of(fix).for_proxy(proxy);
    let line = |(program, line): (&str, FixLine)| match fixes.are_of_one_proxy() {
        true => line.to_string(),
        false => format!("{line}  # {program}"),
    };
    fixes.lines().map(line).collect::<Vec<_>>().join("\n")
}

fn nearby(stranger: &UntrustedPeer, seen: &ProxyDiagnostics, config: &Config) -> Finding {
    let found = format!(
        "{} sends forwarding headers but is not trusted, so they were ignored ({})",
        stranger.address,
        times(&stranger.seen)
    );
    let remedy =
        written(Advice::to_trust(config, &stranger.address.to_string()), "if it is your proxy");
    // Where no verify was ever right this is the proxy, and nobody can log in.
    if seen.asked.is_empty() {
        PROXIES.error(found, remedy)
    } else {
        PROXIES.warning(found, remedy)
    }
}

fn far(stranger: &UntrustedPeer, config: &Config) -> Finding {
    let found = format!(
        "{}, an address of the internet, reached the gate past the proxy and sent forwarding headers, which were ignored ({})",
        stranger.address,
        times(&stranger.seen)
    );
    PROXIES.warning(found, unreachable(config))
}
