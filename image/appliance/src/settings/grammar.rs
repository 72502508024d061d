//! One written value into one type. Every form is narrow on purpose: these texts end up in
//! Caddyfiles, TOML and unit settings, and none of them may be able to say more there than it says
//! here.

use std::fmt;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;

use portcullis::config::nearest::nearest;
use portcullis::config::{is_host_name, is_public_suffix};

/// A value as the file has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    Text(String),
    List(Vec<String>),
    Flag(bool),
}

/// The typed value, or a sentence that says what is expected.
pub type Read<T> = Result<T, String>;

fn text<'v>(value: &'v Value, expected: &str) -> Read<&'v str> {
    match value {
        Value::Text(text) => Ok(text),
        Value::List(_) => Err(format!("expects {expected}, not a list")),
        Value::Flag(flag) => Err(format!("expects {expected}, not {flag}")),
    }
}

/// A refused value for a message: in quotes, on one line, not too long.
fn shown(text: &str) -> String {
    let mut shown: String = text.chars().take(60).flat_map(char::escape_debug).collect();
    if text.chars().nth(60).is_some() {
        shown.push('…');
    }
    format!("\"{shown}\"")
}

/// `verify_tls`
pub fn flag(value: &Value) -> Read<bool> {
    match value {
        Value::Flag(flag) => Ok(*flag),
        _ => Err("expects true or false, without quotes".to_owned()),
    }
}

/// `hostname`: one label (RFC 1123 section 2.1).
pub fn label(value: &Value) -> Read<String> {
    let written = text(value, "a name such as \"portcullis\"")?;
    let name = written.to_ascii_lowercase();
    if name.contains('.') || !is_host_name(&name) {
        return Err(format!(
            "{} is no host name: letters, digits and inner hyphens, at most 63",
            shown(written)
        ));
    }
    if name == "localhost" || name == "local" {
        return Err(format!(
            "{} means something else everywhere; choose another name",
            shown(written)
        ));
    }
    Ok(name)
}

/// `gate.host`: a name with a dot.
pub fn host(value: &Value) -> Read<String> {
    let written = text(value, "a name such as \"auth.example.com\"")?;
    full_name(written).ok_or_else(|| {
        format!(
            "{} is no name such as auth.example.com (no https://, no port, no path)",
            shown(written)
        )
    })
}

/// `gate.domain`: a name with a dot that is no public suffix, as the gate wants it; one in front is
/// dropped.
pub fn domain(value: &Value) -> Read<String> {
    let written = text(value, "a domain such as \"example.com\"")?;
    let name = full_name(written.strip_prefix('.').unwrap_or(written))
        .ok_or_else(|| format!("{} is no domain such as example.com", shown(written)))?;
    if is_public_suffix(&name) {
        return Err(format!(
            "{} is a public suffix: strangers have names below it, so browsers keep no login for all of them; write the \
             name of yours below it",
            shown(written)
        ));
    }
    Ok(name)
}

fn full_name(written: &str) -> Option<String> {
    let name = written.to_ascii_lowercase();
    (is_host_name(&name) && name.contains('.')).then_some(name)
}

/// Whether the internet may know such a name: those of RFC 6761, 6762, 8375 and the network's own
/// never.
pub fn is_public(host: &str) -> bool {
    let last = host.rsplit('.').next().unwrap_or_default();
    let at_home =
        ["local", "localhost", "internal", "lan", "home", "test", "example", "invalid", "onion"];
    host.contains('.') && !at_home.contains(&last) && !host.ends_with(".home.arpa")
}

/// `gate.title`: what the gate takes as `login.title`.
pub fn title(value: &Value) -> Read<String> {
    let written = text(value, "a text in quotes")?;
    let good = !written.trim().is_empty()
        && written.chars().count() <= 64
        && !written.chars().any(char::is_control);
    if good {
        Ok(written.to_owned())
    } else {
        Err("expects 1 to 64 letters without line ends".to_owned())
    }
}

/// `tls.mode`: true for ACME.
pub fn mode(value: &Value) -> Read<bool> {
    match text(value, "\"internal\" or \"acme\"")? {
        "internal" => Ok(false),
        "acme" => Ok(true),
        other => Err(format!("expects \"internal\" or \"acme\", not {}", shown(other))),
    }
}

/// `tls.email`: a mail address of plain letters.
pub fn email(value: &Value) -> Read<Option<String>> {
    let written = text(value, "a mail address")?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".+-_".contains(&byte);
    let good = written.split_once('@').is_some_and(|(user, domain)| {
        (1..=64).contains(&user.len()) && user.bytes().all(plain) && full_name(domain).is_some()
    });
    if good {
        Ok(Some(written.to_owned()))
    } else {
        Err(format!("{} is no mail address", shown(written)))
    }
}

/// Ports that something else on the card listens on.
const TAKEN: [(u16, &str); 4] = [
    (53, "the card's resolver"),
    (80, "the redirect to https"),
    (443, "https itself: leave it out"),
    (3000, "the gate"),
];

/// `site.host`: a name, with a port where the name is the gate's own.
pub fn site_address(value: &Value) -> Read<Option<(String, Option<u16>)>> {
    let written =
        text(value, "a name such as \"photos.example.com\" or \"portcullis.local:8443\"")?;
    let (name, digits) = match written.split_once(':') {
        Some((name, digits)) => (name, Some(digits)),
        None => (written, None),
    };
    let refused = |why: &str| {
        format!("{} {why}, such as photos.example.com or portcullis.local:8443", shown(written))
    };
    let port = digits
        .map(|digits| port(digits).ok_or_else(|| refused("needs a port from 1 to 65535")))
        .transpose()?;
    if let Some((port, whose)) = TAKEN.into_iter().find(|(taken, _)| port == Some(*taken)) {
        return Err(format!("port {port} is that of {whose}"));
    }
    let name = full_name(name).ok_or_else(|| refused("is no name (no https://, no path)"))?;
    Ok(Some((name, port)))
}

/// Digits only, 1 to 65535.
fn port(digits: &str) -> Option<u16> {
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if plain { digits.parse().ok().filter(|port| *port > 0) } else { None }
}

/// Where a site really is: scheme, host and at most a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upstream {
    pub https: bool,
    /// Lower case; an IPv6 address keeps its brackets.
    pub host: String,
    pub port: Option<u16>,
}

impl fmt::Display for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", if self.https { "https" } else { "http" }, self.host)?;
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

impl Upstream {
    /// Whether it leads back to the card.
    pub fn is_loopback(&self) -> bool {
        let address = self.host.trim_matches(['[', ']']).parse::<IpAddr>();
        let of_v4 = |address: Ipv4Addr| address.is_loopback() || address.is_unspecified();
        match address {
            Ok(IpAddr::V4(address)) => of_v4(address),
            Ok(IpAddr::V6(address)) => {
                address.is_loopback()
                    || address.is_unspecified()
                    || address.to_ipv4_mapped().is_some_and(of_v4)
            }
            Err(_) => self.host == "localhost" || self.host.ends_with(".localhost"),
        }
    }
}

/// `site.upstream`
pub fn upstream(value: &Value) -> Read<Option<Upstream>> {
    let written = text(value, "an address such as \"http://192.168.1.20:8080\"")?;
    let refused = |why: &str| format!("{} {why}, such as http://192.168.1.20:8080", shown(written));
    let (https, rest) = match written.split_once("://") {
        Some(("http", rest)) => (false, rest),
        Some(("https", rest)) => (true, rest),
        _ => return Err(refused("must start with http:// or https://")),
    };
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    let (host, digits) = match rest.rsplit_once(':') {
        Some((host, digits)) if !digits.ends_with(']') => (host, Some(digits)),
        _ => (rest, None),
    };
    let port = digits
        .map(|digits| port(digits).ok_or_else(|| refused("needs a port from 1 to 65535")))
        .transpose()?;
    let host = host.to_ascii_lowercase();
    let inner = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let good = match inner {
        Some(address) => address.parse::<Ipv6Addr>().is_ok(),
        None => is_host_name(&host) || host.parse::<Ipv4Addr>().is_ok(),
    };
    if !good {
        return Err(refused(
            "must end with a host name or an address and its port, without a path",
        ));
    }
    Ok(Some(Upstream { https, host, port }))
}

/// A network's name: 1 to 32 bytes (IEEE 802.11 section 9.4.2.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ssid(String);

impl Ssid {
    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// As hexadecimal digits: the one form that needs no quoting.
    pub fn hex(&self) -> String {
        self.0.bytes().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl fmt::Display for Ssid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&shown(&self.0))
    }
}

/// `wifi.ssid`
pub fn ssid(value: &Value) -> Read<Option<Ssid>> {
    let written = text(value, "the network's name in quotes")?;
    let good = written.len() <= 32 && !written.chars().any(char::is_control);
    if good {
        Ok(Some(Ssid(written.to_owned())))
    } else {
        Err("expects 1 to 32 bytes without line ends".to_owned())
    }
}

/// What opens a network: 8 to 63 ASCII characters, or the key that comes of them, as 64 hexadecimal
/// digits (IEEE 802.11 annex J.4). Has no `Debug` that shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct Passphrase(String);

impl Passphrase {
    pub fn new(text: &str) -> Option<Self> {
        let printable = text.bytes().all(|byte| (0x20..=0x7E).contains(&byte));
        let hex = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        (hex || ((8..=63).contains(&text.len()) && printable)).then(|| Self(text.to_owned()))
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is the key already: no password is as long.
    pub fn is_key(&self) -> bool {
        self.0.len() == 64
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase")
    }
}

/// `wifi.psk`. No message of it repeats what was written.
pub fn passphrase(value: &Value) -> Read<Option<Passphrase>> {
    let expected = "8 to 63 letters, digits and signs of ASCII in quotes, or 64 hexadecimal digits";
    let Value::Text(written) = value else { return Err(format!("expects {expected}")) };
    Passphrase::new(written).map(Some).ok_or_else(|| format!("expects {expected}"))
}

/// Two capital letters (ISO 3166-1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Country(String);

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// `wifi.country`
pub fn country(value: &Value) -> Read<Option<Country>> {
    let written = text(value, "two letters such as \"DE\"")?;
    let good = written.len() == 2 && written.bytes().all(|byte| byte.is_ascii_alphabetic());
    if !good {
        return Err(format!(
            "{} is no country: two letters such as \"DE\", \"GB\" or \"US\"",
            shown(written)
        ));
    }
    Ok(Some(Country(written.to_ascii_uppercase())))
}

/// `time.zone`: a file below the folder of time zones, by a path that cannot leave it.
pub fn zone(value: &Value, zoneinfo: &Path) -> Read<String> {
    let written = text(value, "a zone such as \"Europe/Berlin\"")?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_+-".contains(&byte);
    let part = |part: &str| !part.is_empty() && part.bytes().all(plain);
    let good = written.len() <= 64 && written.split('/').all(part);
    if good && (written == "UTC" || zoneinfo.join(written).is_file()) {
        return Ok(written.to_owned());
    }
    let all = zones(zoneinfo);
    let hint = nearest(written, all.iter().map(String::as_str)).map_or_else(
        || "write it as \"Europe/Berlin\"".to_owned(),
        |near| format!("did you mean \"{near}\"?"),
    );
    Err(format!("{} is no time zone: {hint}", shown(written)))
}

/// The names of all zones, two folders deep.
fn zones(zoneinfo: &Path) -> Vec<String> {
    let mut names = Vec::new();
    let mut folders = vec![(zoneinfo.to_owned(), String::new(), 0)];
    while let Some((folder, before, depth)) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            // The folders "posix" and "right" hold the same names again.
            let ours = name.starts_with(|first: char| first.is_ascii_uppercase());
            match entry.path() {
                path if path.is_dir() && ours && depth < 2 => {
                    folders.push((path, format!("{before}{name}/"), depth + 1))
                }
                path if path.is_file() && ours => names.push(format!("{before}{name}")),
                _ => {}
            }
        }
    }
    names.sort();
    names
}

/// `time.ntp`: names or addresses.
pub fn time_servers(value: &Value) -> Read<Vec<String>> {
    let Value::List(written) = value else {
        return Err("expects a list such as [\"192.168.1.1\"]".to_owned());
    };
    if written.len() > 8 {
        return Err("expects at most 8 servers".to_owned());
    }
    written
        .iter()
        .map(|server| {
            let name = server.to_ascii_lowercase();
            let good = is_host_name(&name) || name.parse::<IpAddr>().is_ok();
            if good {
                Ok(name)
            } else {
                Err(format!("{} is neither a name nor an address", shown(server)))
            }
        })
        .collect()
}
