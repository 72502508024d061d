//! What only several keys together can say: names that a browser's cookie would never reach, two
//! sites at one address, a site that leads back to the card.

use std::collections::HashSet;

use super::file::File;
use super::names::is_public;
use super::{Settings, Site, Tls};

/// Adds a problem for each contradiction.
pub fn check(settings: &Settings, file: &mut File) {
    domain(settings, file);
    tls(settings, file);
    let mut addresses = HashSet::new();
    for (number, site) in settings.sites.iter().enumerate() {
        if let Some(message) = out_of_reach(settings, site) {
            file.refuse_in_site(number, "host", &message);
        } else if site.port.is_none()
            && [&settings.gate.host, &settings.local_name()].contains(&&site.host)
        {
            let message = format!(
                "\"{site}\" is the gate's own address: give the site a name or a port of its own, such as \"{site}:8443\""
            );
            file.refuse_in_site(number, "host", &message);
        } else if !addresses.insert((&site.host, site.port)) {
            file.refuse_in_site(number, "host", &format!("\"{site}\" is there twice"));
        }
        if leads_back(settings, site) {
            let message = format!(
                "\"{}\" leads back to this card: name the machine that the site runs on",
                site.upstream
            );
            file.refuse_in_site(number, "upstream", &message);
        }
        if !site.verify_tls && !site.upstream.https {
            file.refuse_in_site(
                number,
                "verify_tls",
                "false makes no sense with an http:// upstream: leave it out",
            );
        }
    }
}

/// Browsers give a cookie back to the domain that set it and to those below, and nowhere else.
fn domain(settings: &Settings, file: &mut File) {
    let Some(domain) = &settings.gate.domain else { return };
    if !is_at_or_below(&settings.gate.host, domain) {
        let message = format!(
            "the login page is at \"{}\", which is not below \"{domain}\": set [gate] host, such as \"auth.{domain}\"",
            settings.gate.host
        );
        file.refuse("gate.domain", &message);
    }
}

fn tls(settings: &Settings, file: &mut File) {
    if matches!(settings.tls, Tls::Acme { .. }) && !is_public(&settings.gate.host) {
        let message = format!(
            "\"acme\" needs [gate] domain and host that the internet knows; nobody gives a certificate for \"{}\"",
            settings.gate.host
        );
        file.refuse("tls.mode", &message);
    }
}

fn out_of_reach(settings: &Settings, site: &Site) -> Option<String> {
    let host = &site.host;
    match &settings.gate.domain {
        Some(domain) if is_at_or_below(host, domain) => None,
        Some(domain) => Some(format!(
            "\"{host}\" is not below [gate] domain, \"{domain}\": a login would never reach it"
        )),
        None if *host == settings.gate.host => None,
        None => Some(format!(
            "\"{host}\" needs [gate] domain, or a login would never reach it; without a domain of your own write \
             \"{}:8443\"",
            settings.gate.host
        )),
    }
}

fn leads_back(settings: &Settings, site: &Site) -> bool {
    let host = &site.upstream.host;
    let ours = [&settings.gate.host, &settings.local_name(), &settings.hostname];
    site.upstream.is_loopback()
        || ours.contains(&host)
        || settings.sites.iter().any(|other| other.host == *host)
}

fn is_at_or_below(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}
