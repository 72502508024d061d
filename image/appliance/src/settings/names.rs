//! Names: of the card, of the gate and of the domain whose hosts share a login, and the heading of
//! the login page.

use portcullis::config::{is_host_name, is_public_suffix, is_title};

use super::value::{Read, Value, shown, text};

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

/// In lower case, if it is a host name with a dot.
pub(super) fn full_name(written: &str) -> Option<String> {
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
    if is_title(written) {
        Ok(written.to_owned())
    } else {
        Err("expects 1 to 64 letters without line ends".to_owned())
    }
}
