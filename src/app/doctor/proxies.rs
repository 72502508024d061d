//! What was seen of the proxies in front: who asked, what was wrong with it, and the line that
//! mends it.

use crate::app::doctor::finding::{Subject, count, written};
use crate::app::doctor::limits::cloudflare;
use crate::app::messages::answers::doctor::{Finding, Severity};
use crate::app::rounds::Cause;
use crate::app::wiring::{Asker, Fault, Note, Seen, Stranger, Wiring};
use crate::config::advice::Advice;
use crate::config::raw::Raw;
use crate::config::{Config, ListenAddress};
use crate::proxies::all;
use crate::proxies::fix::{Fix, FixLine};
use crate::proxies::fixes::Fixes;
use crate::proxies::reverse_proxy::ReverseProxy;

const WIRING: Subject = Subject("wiring");

pub(super) fn findings(wiring: &Wiring, config: &Config) -> Vec<Finding> {
    let mut findings = vec![asked(wiring)];
    findings.extend(wiring.notes.iter().map(|note| noted(note, wiring, config)));
    findings.extend(wiring.near.iter().map(|stranger| nearby(stranger, wiring, config)));
    findings.extend(wiring.far.iter().map(|stranger| far(stranger, config)));
    if wiring.further_strangers > 0 {
        let found = format!(
            "further addresses that are not trusted sent forwarding headers, {} times",
            wiring.further_strangers
        );
        findings.push(WIRING.warning(found, unreachable(config)));
    }
    if !wiring.last_proxy.is_empty() {
        let found = format!(
            "the last proxy calls itself {} (X-Forwarded-Server: shown, never trusted)",
            wiring.last_proxy
        );
        findings.push(WIRING.note(found, None));
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

fn asked(wiring: &Wiring) -> Finding {
    let since = format!(
        "since the start at {} (what follows is in memory only: a restart forgets it)",
        wiring.since
    );
    if wiring.asked.is_empty() && wiring.notes.is_empty() && wiring.near.is_empty() {
        let found = format!("no proxy has asked {since}");
        return WIRING.note(found, Some(all::print_command()));
    }
    let asked = wiring
        .asked
        .iter()
        .map(|asked| format!("{} asked {}", asked.endpoint.path, times(&asked.seen)));
    let mut asked = asked.collect::<Vec<_>>().join("; ");
    if asked.is_empty() {
        asked.push_str("no question was whole");
    }
    WIRING.ok(format!("{since}: {asked}"))
}

/// The proxy that asks. Of a page, and at `/verify`, only who else asks tells it.
fn proxy(asker: Asker, wiring: &Wiring) -> Option<&'static ReverseProxy> {
    let named = asks_as(asker);
    if named.is_some() {
        return named;
    }
    let noted = wiring.notes.iter().map(|note| note.asker);
    let askers = wiring.asked.iter().map(|asked| Asker::Verify(asked.endpoint)).chain(noted);
    let mut proxies = askers.filter_map(asks_as);
    let first = proxies.next()?;
    proxies.all(|other| other == first).then_some(first)
}

fn asks_as(asker: Asker) -> Option<&'static ReverseProxy> {
    match asker {
        Asker::Verify(endpoint) => endpoint.proxy,
        Asker::Page => None,
    }
}

fn times(seen: &Seen) -> String {
    match seen.count {
        1 => format!("once, at {}", seen.first),
        many => format!("{}, last at {}", count(many, "time"), seen.last),
    }
}

fn noted(note: &Note, wiring: &Wiring, config: &Config) -> Finding {
    let asker = match note.asker {
        Asker::Verify(endpoint) => endpoint.path,
        Asker::Page => "a page",
    };
    let (what, remedy) = told(note, proxy(note.asker, wiring), config);
    let peer = note.peer.map(|peer| format!(", from {peer}")).unwrap_or_default();
    let since = if note.mended { "; questions since then were right" } else { "" };
    let found = format!("{asker}: {what} ({}{peer}{since})", times(&note.seen));
    let severity = match note.asker {
        // One site, or one visit by http; the others may well be right.
        _ if note.fault == Fault::PlainHttp => Severity::Warning,
        // A page is shown all the same, and one good question says that the proxy can do it.
        Asker::Page => Severity::Warning,
        Asker::Verify(_) if note.mended => Severity::Warning,
        Asker::Verify(_) => Severity::Error,
    };
    Finding { check: WIRING.0.into(), severity, found, remedy: Some(remedy) }
}

fn told(note: &Note, proxy: Option<&'static ReverseProxy>, config: &Config) -> (String, String) {
    match note.fault {
        Fault::Headers(problem) => (problem.what().to_string(), chosen(Fix::of(&problem), proxy)),
        Fault::Forged(header) => {
            let what = format!(
                "the question brought {header} itself, or an alias of it: a visitor forged it, and the proxy let it through"
            );
            (what, chosen(Fix::RemoveIdentity(header), proxy))
        }
        Fault::ProxyRequired => {
            let what =
                "refused, since it did not come through a trusted proxy and proxy.required is true"
                    .to_owned();
            // Whoever comes by a Unix socket is trusted anyway.
            let peer = note.peer.map_or_else(|| "loopback".to_owned(), |peer| peer.to_string());
            (what, written(Advice::to_trust(config, &peer), "if it is your proxy"))
        }
        Fault::SessionsDisagree => {
            let what = "session cookies of several users came at once: another site of the domain sets a cookie of that name";
            let names = [format!("{}_gate", config.session.cookie_name), "gate_session".to_owned()];
            let name =
                Advice::first(config, "session.cookie_name", names.into_iter().map(Raw::Text));
            (what.to_owned(), written(name, "everybody logs in once more"))
        }
        Fault::FromCdn => {
            let what = "the visitor's address is one of Cloudflare's: all who come through it share one counter";
            (what.to_owned(), cloudflare(config, proxy))
        }
        Fault::PlainHttp => {
            let what = "the proxy says http, and the session cookie is Secure, so browsers do not send it there: a login \
                        goes round for ever";
            (what.to_owned(), over_https(config))
        }
        Fault::LoginLoop(cause) => {
            let what = format!(
                "a visitor came back from the login without the session cookie again and again: {cause}"
            );
            let remedy = match cause {
                Cause::PlainHttp => over_https(config),
                Cause::NoDomain => match Advice::widest_domain(config) {
                    Some(domain) => domain.remarked("login page and sites share it").to_string(),
                    None => SHARED_DOMAIN.to_owned(),
                },
                Cause::OtherDomain => SHARED_DOMAIN.to_owned(),
                Cause::Unknown => "portcullis config check".to_owned(),
            };
            (what, remedy)
        }
        Fault::OriginHidden => {
            let what = "a form came with `Origin: null` and was refused: the proxy adds Referrer-Policy: no-referrer to \
                        the gate's pages, or another site sent it";
            (what.to_owned(), chosen(Fix::ReferrerPolicy, proxy))
        }
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

fn nearby(stranger: &Stranger, wiring: &Wiring, config: &Config) -> Finding {
    let found = format!(
        "{} sends forwarding headers but is not trusted, so they were ignored ({})",
        stranger.address,
        times(&stranger.seen)
    );
    let remedy =
        written(Advice::to_trust(config, &stranger.address.to_string()), "if it is your proxy");
    // Where no question was ever good this is the proxy, and nobody can log in.
    if wiring.asked.is_empty() {
        WIRING.error(found, remedy)
    } else {
        WIRING.warning(found, remedy)
    }
}

fn far(stranger: &Stranger, config: &Config) -> Finding {
    let found = format!(
        "{}, an address of the internet, reached the gate past the proxy and sent forwarding headers, which were ignored ({})",
        stranger.address,
        times(&stranger.seen)
    );
    WIRING.warning(found, unreachable(config))
}
