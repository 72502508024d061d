//! `appliance.toml`: what the person who flashes a card may set. Every key has a default; what is
//! not known, or cannot be meant, is refused with its line, all of it at once.
//!
//! [`mod@file`] finds keys and lines; [`names`], [`certificates`], [`upstream`], [`wifi`] and
//! [`time`] turn one written [`value`] into one type; [`agreement`] checks what only several keys
//! together can say. Every form is narrow on purpose: these texts end up in Caddyfiles, TOML and
//! unit settings, and none of them may be able to say more there than it says here. Guarantees of
//! each text in [`Settings`]: nothing in it can end a line, a quotation or a block in the files
//! that are made from it.

mod agreement;
mod certificates;
pub mod file;
mod names;
mod time;
mod upstream;
mod value;
mod wifi;

use std::fmt;
use std::ops::Range;
use std::path::Path;

pub use self::upstream::Upstream;
pub use self::wifi::{Country, Passphrase, Ssid};

/// The largest file that is read, in bytes.
pub const LARGEST: u64 = 64 << 10;

/// Everything that can be set, in the order of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// One label, lower case.
    pub hostname: String,
    /// `[gate]`
    pub gate: Gate,
    /// `[tls]`
    pub tls: Tls,
    /// `[[site]]`
    pub sites: Vec<Site>,
    /// `[wifi]`; `None`: by cable only.
    pub wifi: Option<Wifi>,
    /// `[time]`
    pub time: Time,
}

/// `[gate]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gate {
    /// Where the login page is.
    pub host: String,
    /// Whose hosts share the login; `None`: the gate's own host alone, on all its ports.
    pub domain: Option<String>,
    /// Heading of the login page.
    pub title: String,
}

/// `[tls]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tls {
    /// Certificates come from the card's own authority.
    Internal,
    /// Certificates come from Let's Encrypt (RFC 8555).
    Acme {
        /// Who is told when a certificate is about to end.
        email: Option<String>,
    },
}

/// One `[[site]]` behind the gate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// Its name.
    pub host: String,
    /// `None`: 443.
    pub port: Option<u16>,
    /// Where it really is.
    pub upstream: Upstream,
    /// Whether the certificate of an https upstream must be good.
    pub verify_tls: bool,
}

/// `[wifi]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wifi {
    /// The network's name.
    pub ssid: Ssid,
    /// Once the settings are accepted, the key that comes of it; `None`: the one that the card's
    /// private part keeps.
    pub passphrase: Option<Passphrase>,
    /// Whose radio rules hold.
    pub country: Option<Country>,
}

/// `[time]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Time {
    /// A name below the folder of time zones.
    pub zone: String,
    /// Asked before all others.
    pub ntp: Vec<String>,
}

impl Settings {
    /// `NAME.local`, by which other machines find the card (RFC 6762).
    pub fn local_name(&self) -> String {
        format!("{}.local", self.hostname)
    }

    /// Whether certificates for this name come from the card's own authority: always where the
    /// internet does not know the name.
    pub fn is_certified_at_home(&self, host: &str) -> bool {
        self.tls == Tls::Internal || !names::is_public(host)
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            hostname: "portcullis".to_owned(),
            gate: Gate {
                host: "portcullis.local".to_owned(),
                domain: None,
                title: "Portcullis".to_owned(),
            },
            tls: Tls::Internal,
            sites: Vec::new(),
            wifi: None,
            time: Time { zone: "UTC".to_owned(), ntp: Vec::new() },
        }
    }
}

impl fmt::Display for Site {
    /// `photos.example.com`, `portcullis.local:8443`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.host)?;
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

/// Something in the file that cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Counted from 1; `None` where the whole file is meant.
    pub line: Option<usize>,
    /// What is wrong and the way out. Never holds a secret.
    pub message: String,
}

impl Problem {
    /// Of the whole file.
    pub fn of_file(message: impl Into<String>) -> Self {
        Self { line: None, message: message.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

/// A file that is something else altogether has a problem in every line: only as many are shown as
/// help.
const MOST_PROBLEMS: usize = 20;

/// The first of them, and how many there are more.
pub fn summary(problems: &[Problem]) -> Vec<String> {
    let mut lines: Vec<_> = problems.iter().take(MOST_PROBLEMS).map(ToString::to_string).collect();
    if let Some(more) = problems.len().checked_sub(MOST_PROBLEMS).filter(|more| *more > 0) {
        lines.push(format!("and {more} more"));
    }
    lines
}

/// Settings as a file has them.
#[derive(Clone, Debug)]
pub struct Parsed {
    /// What they are.
    pub settings: Settings,
    /// Where the Wi-Fi password stands in the text, quotes included; `None` where it is empty.
    pub passphrase_at: Option<Range<usize>>,
}

/// Reads a whole file, or says everything that is wrong with it, in the order of its lines.
///
/// # Errors
/// At least one problem.
pub fn parse(text: &str, zoneinfo: &Path) -> Result<Parsed, Vec<Problem>> {
    let mut file = file::read(text)?;
    let mut settings = Settings::default();

    file.set("hostname", &mut settings.hostname, names::label);
    settings.gate.host = settings.local_name();
    let mut domain = String::new();
    file.set("gate.host", &mut settings.gate.host, names::host);
    file.set("gate.domain", &mut domain, names::domain);
    settings.gate.domain = Some(domain).filter(|domain| !domain.is_empty());
    file.set("gate.title", &mut settings.gate.title, names::title);

    let (mut acme, mut email) = (false, None);
    file.set("tls.mode", &mut acme, certificates::mode);
    file.set("tls.email", &mut email, certificates::email);
    if acme {
        settings.tls = Tls::Acme { email };
    }

    settings.sites = sites(&mut file);
    let (mut ssid, mut passphrase, mut country) = (None, None, None);
    file.set("wifi.ssid", &mut ssid, wifi::ssid);
    file.set("wifi.psk", &mut passphrase, wifi::passphrase);
    file.set("wifi.country", &mut country, wifi::country);
    let passphrase_at = passphrase.as_ref().and_then(|_| file.span("wifi.psk"));
    if ssid.is_none() && passphrase.is_some() {
        file.refuse("wifi.psk", "a password without a network: set wifi.ssid as well");
    }
    settings.wifi = ssid.map(|ssid| Wifi { ssid, passphrase, country });

    file.set("time.zone", &mut settings.time.zone, |value| time::zone(value, zoneinfo));
    file.set("time.ntp", &mut settings.time.ntp, time::time_servers);

    if file.problems.is_empty() {
        agreement::check(&settings, &mut file);
    }
    if file.problems.is_empty() {
        Ok(Parsed { settings, passphrase_at })
    } else {
        Err(file.into_problems())
    }
}

fn sites(file: &mut file::File) -> Vec<Site> {
    let mut sites = Vec::new();
    for number in 0..file.sites() {
        let (mut address, mut upstream, mut verify_tls) = (None, None, true);
        file.set_in_site(number, "host", &mut address, upstream::site_address);
        file.set_in_site(number, "upstream", &mut upstream, upstream::upstream);
        file.set_in_site(number, "verify_tls", &mut verify_tls, value::flag);
        if let (Some((host, port)), Some(upstream)) = (address, upstream) {
            sites.push(Site { host, port, upstream, verify_tls });
        }
    }
    sites
}
