//! One written value into one type. Every function takes the value as it stands in a source and
//! gives back the typed one, or a sentence that says what is expected.

use std::net::SocketAddr;
use std::time::Duration;

use ipnet::IpNet;

use super::cloudflare;
use super::raw::Raw;
use super::settings::{CookiePrefix, IdentityHeader, LogFormat, RequireSync};
use crate::auth::limiter::MAX_ATTEMPTS;
use crate::http::cookie::SameSite;
use crate::original::client_address::ClientIpHeader;
use crate::original::trust::Trust;
use crate::original::trusted_range;
use crate::server::{LONGEST_SOCKET_PATH, ListenAddress};

/// The typed value, or a sentence that says what is expected.
pub(super) type Read<T> = Result<T, String>;

/// A string.
pub(super) fn text<'r>(raw: &'r Raw, expected: &str) -> Read<&'r str> {
    match raw {
        Raw::Text(text) => Ok(text),
        other => Err(format!("expects {expected}, not {}", shown(other))),
    }
}

/// A value as it would stand in the file.
pub fn shown(raw: &Raw) -> String {
    match raw {
        Raw::Text(text) => quoted(text),
        Raw::Number(number) => number.to_string(),
        Raw::Flag(flag) => flag.to_string(),
        Raw::List(entries) => format!(
            "[{}]",
            entries.iter().map(|entry| quoted(entry)).collect::<Vec<_>>().join(", ")
        ),
    }
}

/// A TOML basic string; what it may not hold as it is comes as an escape.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            letter if letter.is_control() => out.push_str(&format!("\\u{:04X}", u32::from(letter))),
            letter => out.push(letter),
        }
    }
    out.push('"');
    out
}

/// `true` or `false`.
pub fn flag(raw: &Raw) -> Read<bool> {
    match raw {
        Raw::Flag(flag) => Ok(*flag),
        other => Err(format!("expects true or false, not {}", shown(other))),
    }
}

/// A whole number between two bounds, both included.
fn number(raw: &Raw, least: i64, most: i64) -> Read<i64> {
    match raw {
        Raw::Number(number) if (least..=most).contains(number) => Ok(*number),
        other => {
            Err(format!("expects a whole number from {least} to {most}, not {}", shown(other)))
        }
    }
}

/// `server.max_connections`
pub fn connections(raw: &Raw) -> Read<usize> {
    number(raw, 1, 100_000)
        .and_then(|number| usize::try_from(number).map_err(|error| error.to_string()))
}

/// `limits.attempts`
pub fn attempts(raw: &Raw) -> Read<u32> {
    number(raw, 1, MAX_ATTEMPTS.into())
        .and_then(|number| u32::try_from(number).map_err(|error| error.to_string()))
}

/// `login.skew`
pub fn skew(raw: &Raw) -> Read<u8> {
    number(raw, 0, 2).and_then(|number| u8::try_from(number).map_err(|error| error.to_string()))
}

/// A whole number and s, m, h or d; more than nothing and at most ten years.
pub fn duration(raw: &Raw) -> Read<Duration> {
    let written = text(raw, EXPECTED_DURATION)?;
    let parts = written.char_indices().last().and_then(|(at, _)| written.split_at_checked(at));
    let refused = || format!("expects {EXPECTED_DURATION}, not {}", shown(raw));
    let (digits, unit) = parts.ok_or_else(refused)?;
    let unit = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return Err(refused()),
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(refused());
    }
    let seconds = digits.parse::<u64>().ok().and_then(|count| count.checked_mul(unit));
    match seconds {
        Some(0) => Err("must be more than nothing".to_owned()),
        Some(seconds) if seconds <= LONGEST => Ok(Duration::from_secs(seconds)),
        _ => Err(format!("{} is more than ten years", shown(raw))),
    }
}

/// `audit.keep`: a log that forgets within a day is empty the next morning.
pub fn keep(raw: &Raw) -> Read<Duration> {
    let kept = duration(raw)?;
    if kept < Duration::from_secs(86_400) {
        return Err(format!(
            "{} is less than a day; the audit log cannot be switched off",
            shown(raw)
        ));
    }
    Ok(kept)
}

/// A duration as it is typed: a whole number and s, m, h or d.
///
/// # Errors
/// It is none; in words.
pub fn typed_duration(text: &str) -> Read<Duration> {
    duration(&Raw::Text(text.to_owned()))
}

const EXPECTED_DURATION: &str = "a whole number and s, m, h or d, such as \"15m\"";
const LONGEST: u64 = 3_650 * 86_400;

/// A duration, or `""` for none.
pub fn optional_duration(raw: &Raw) -> Read<Option<Duration>> {
    if *raw == Raw::Text(String::new()) {
        return Ok(None);
    }
    duration(raw).map(Some).map_err(|message| format!("{message}; \"\" switches it off"))
}

/// An array of strings.
pub(super) fn list<'r>(raw: &'r Raw, example: &str) -> Read<&'r [String]> {
    match raw {
        Raw::List(entries) => Ok(entries),
        other => Err(format!("expects a list such as {example}, not {}", shown(other))),
    }
}

/// `listen`
pub fn listen(raw: &Raw) -> Read<Vec<ListenAddress>> {
    let entries = list(raw, "[\"127.0.0.1:3000\", \"unix:/run/portcullis/gate.sock\"]")?;
    let mut addresses = Vec::new();
    for entry in entries {
        let address: ListenAddress = entry.parse().map_err(|_| {
            format!(
                "{} is no address: write ip:port such as 127.0.0.1:3000 or [::1]:3000, or unix:/path",
                quoted(entry)
            )
        })?;
        if let ListenAddress::Unix(path) = &address
            && path.as_os_str().len() > LONGEST_SOCKET_PATH
        {
            return Err(format!(
                "{} is too long: a socket's path has at most {LONGEST_SOCKET_PATH} bytes",
                quoted(entry)
            ));
        }
        addresses.push(address);
    }
    Ok(addresses)
}

/// `metrics.listen`
pub fn metrics_listen(raw: &Raw) -> Read<Option<SocketAddr>> {
    let written = text(raw, "ip:port, or \"\" for no metrics")?;
    if written.is_empty() {
        return Ok(None);
    }
    written
        .parse()
        .map(Some)
        .map_err(|_| format!("{} is no ip:port such as 127.0.0.1:9100", quoted(written)))
}

/// `session.cookie_name`: a token (RFC 6265 section 4.1.1) that is neither a prefix's nor the
/// device cookie's.
pub fn cookie_name(raw: &Raw) -> Read<String> {
    let written = text(raw, "a name such as \"auth_token\"")?;
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if written.is_empty() || written.len() > 64 || !written.bytes().all(letter) {
        return Err(format!(
            "{} is no cookie name: 1 to 64 letters, digits or -_. are",
            quoted(written)
        ));
    }
    let lower = written.to_ascii_lowercase();
    if lower.starts_with("__host-")
        || lower.starts_with("__secure-")
        || lower.starts_with("__http-")
    {
        return Err(format!(
            "{} holds a prefix: write session.cookie_prefix = \"host\" instead",
            quoted(written)
        ));
    }
    if lower == "auth_device" {
        return Err(format!("{} is the name of the device cookie", quoted(written)));
    }
    Ok(written.to_owned())
}

/// One of a few words, letter case apart.
fn choice<T: Copy>(raw: &Raw, choices: &[(&str, T)]) -> Read<T> {
    let names = choices.iter().map(|(name, _)| quoted(name)).collect::<Vec<_>>().join(" or ");
    let written = text(raw, &names)?;
    let found = choices.iter().find(|(name, _)| name.eq_ignore_ascii_case(written));
    found
        .map(|(_, value)| *value)
        .ok_or_else(|| format!("expects {names}, not {}", quoted(written)))
}

/// `session.cookie_prefix`
pub fn cookie_prefix(raw: &Raw) -> Read<CookiePrefix> {
    choice(raw, &[("", CookiePrefix::None), ("host", CookiePrefix::Host)])
}

/// `session.same_site`
pub fn same_site(raw: &Raw) -> Read<SameSite> {
    choice(raw, &[("lax", SameSite::Lax), ("strict", SameSite::Strict), ("none", SameSite::None)])
}

/// Whether it can be a heading: 1 to 64 letters, not all of them blank, without control characters.
pub fn is_title(text: &str) -> bool {
    !text.trim().is_empty() && text.chars().count() <= 64 && !text.chars().any(char::is_control)
}

/// `login.title`
pub fn title(raw: &Raw) -> Read<String> {
    let written = text(raw, "a text in quotes")?;
    if is_title(written) {
        Ok(written.to_owned())
    } else {
        Err("expects 1 to 64 letters without line ends".to_owned())
    }
}

/// `proxy.trust`
pub fn trust(raw: &Raw) -> Read<Trust> {
    let read = match raw {
        Raw::Flag(flag) => return Ok(if *flag { Trust::Everybody } else { Trust::Nobody }),
        Raw::Number(number) => {
            let hops = u32::try_from(*number)
                .map_err(|_| format!("expects a number of hops, not {number}"))?;
            return Ok(Trust::Hops(hops));
        }
        Raw::Text(text) => Trust::parse(text),
        Raw::List(entries) => Trust::from_list(entries.iter().map(String::as_str)),
    };
    read.map_err(|error| error.to_string())
}

/// `proxy.client_ip_header`
pub fn client_ip_header(raw: &Raw) -> Read<ClientIpHeader> {
    let choices = [
        ("X-Forwarded-For", ClientIpHeader::XForwardedFor),
        ("X-Real-IP", ClientIpHeader::XRealIp),
        ("CF-Connecting-IP", ClientIpHeader::CfConnectingIp),
    ];
    choice(raw, &choices)
}

/// `proxy.cloudflare_ranges`; empty for those built in.
pub fn cloudflare_ranges(raw: &Raw) -> Read<Vec<IpNet>> {
    let entries = list(raw, "[\"173.245.48.0/20\"]")?;
    if entries.is_empty() { Ok(cloudflare::cloudflare_ranges()) } else { ranges(entries) }
}

/// `limits.local`
pub fn local_ranges(raw: &Raw) -> Read<Vec<IpNet>> {
    ranges(list(raw, "[\"100.64.0.0/10\"]")?)
}

fn ranges(entries: &[String]) -> Read<Vec<IpNet>> {
    let network = |entry: &String| {
        trusted_range::network(entry.trim())
            .map_err(|_| format!("{} is no range of addresses", quoted(entry)))
    };
    entries.iter().map(network).collect()
}

/// `identity.headers`
pub fn identity_headers(raw: &Raw) -> Read<Vec<IdentityHeader>> {
    let known = [IdentityHeader::XForwardedUser, IdentityHeader::XAuthRequestUser];
    let mut headers = Vec::new();
    for entry in list(raw, "[\"X-Forwarded-User\"]")? {
        let header = known.into_iter().find(|known| known.as_str().eq_ignore_ascii_case(entry));
        let Some(header) = header else {
            return Err(format!(
                "{} is none of X-Forwarded-User, X-Auth-Request-User",
                quoted(entry)
            ));
        };
        if !headers.contains(&header) {
            headers.push(header);
        }
    }
    Ok(headers)
}

/// `clock.require_sync`
pub fn require_sync(raw: &Raw) -> Read<RequireSync> {
    match raw {
        Raw::Flag(true) => Ok(RequireSync::Always),
        Raw::Flag(false) => Ok(RequireSync::Never),
        Raw::Text(text) if text.eq_ignore_ascii_case("auto") => Ok(RequireSync::Auto),
        other => Err(format!("expects true, false or \"auto\", not {}", shown(other))),
    }
}

/// `log.format`
pub fn log_format(raw: &Raw) -> Read<LogFormat> {
    choice(raw, &[("text", LogFormat::Text), ("json", LogFormat::Json)])
}

/// `log.level`
pub fn log_level(raw: &Raw) -> Read<log::LevelFilter> {
    use log::LevelFilter::{Debug, Error, Info, Trace, Warn};
    choice(
        raw,
        &[("error", Error), ("warn", Warn), ("info", Info), ("debug", Debug), ("trace", Trace)],
    )
}

#[cfg(test)]
#[path = "values_tests.rs"]
mod tests;
