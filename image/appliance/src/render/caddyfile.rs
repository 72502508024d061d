//! The Caddyfile: the gate's pages, and each site behind the gate. What Caddy needs to ask the gate
//! is the gate's own text, the one of `portcullis proxy print caddy`.

use std::fmt::Write;

use portcullis::cli::proxy_print::deployment;
use portcullis::config::Config;
use portcullis::proxies::caddy;

use super::MADE;
use crate::places::Places;
use crate::settings::{Settings, Site, Tls};

/// Whence certificates come for names that the internet does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Home {
    /// The certificate for the time before the clock is set.
    Waiting,
    /// Caddy's own authority.
    Authority,
}

/// At the start: an authority that exists was made on a good date.
pub fn certificates(places: &Places) -> Home {
    if places.authority().exists() { Home::Authority } else { Home::Waiting }
}

/// Every name of a site or the gate whose certificate is made at home, each once.
pub fn names_certified_at_home(settings: &Settings) -> Vec<String> {
    let mut names = gate_names(settings);
    names.extend(settings.sites.iter().map(|site| site.host.clone()));
    names.retain(|name| settings.is_certified_at_home(name));
    names.sort();
    names.dedup();
    names
}

/// The card is always found by its own name as well: a domain may not be set up yet.
fn gate_names(settings: &Settings) -> Vec<String> {
    let mut names = vec![settings.gate.host.clone(), settings.local_name()];
    names.dedup();
    names
}

/// The whole file.
pub fn text(places: &Places, settings: &Settings, config: &Config, home: Home) -> String {
    let email = match &settings.tls {
        Tls::Acme { email: Some(email) } => format!("\temail {email}\n"),
        _ => String::new(),
    };
    // Even the line on what to do with an authority makes Caddy make one, so it is not said before
    // there may be one.
    let (authority, tls) = match home {
        Home::Authority => ("\tskip_install_trust\n", "internal".to_owned()),
        Home::Waiting => {
            let (certificate, key) = (places.waiting_certificate(), places.waiting_key());
            ("", format!("\"{}\" \"{}\"", certificate.display(), key.display()))
        }
    };
    // At its start Caddy would delete empty folders from its storage, even one in which it is about
    // to save a certificate; it would try again only after a minute. The price: the few kilobytes
    // of a site that has left the settings stay.
    let mut text = format!(
        "{MADE}{{\n\tadmin off\n\tpersist_config off\n\tstorage_clean_interval off\n\
         {authority}{email}\t{order}\n}}\n\n\
         (certified_at_home) {{\n\ttls {tls}\n}}\n\n{}",
        caddy::snippets(&deployment(config)),
        order = caddy::ORDER
    );
    for name in gate_names(settings) {
        let lines = certificate(settings, &name) + "\timport portcullis_pages\n";
        block(&mut text, &name, &lines);
    }
    for site in &settings.sites {
        let lines = certificate(settings, &site.host) + "\timport portcullis\n" + &upstream(site);
        block(&mut text, &site.to_string(), &lines);
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

fn block(text: &mut String, address: &str, lines: &str) {
    // Writing to a string never fails.
    let _ = write!(text, "https://{address} {{\n{lines}}}\n\n");
}

fn certificate(settings: &Settings, host: &str) -> String {
    if settings.is_certified_at_home(host) {
        "\timport certified_at_home\n".to_owned()
    } else {
        String::new()
    }
}

fn upstream(site: &Site) -> String {
    if site.verify_tls {
        return format!("\treverse_proxy {}\n", site.upstream);
    }
    format!(
        "\treverse_proxy {} {{\n\t\ttransport http {{\n\t\t\ttls_insecure_skip_verify\n\t\t}}\n\t}}\n",
        site.upstream
    )
}
