//! `[tls]`: where certificates come from.

use super::names::full_name;
use super::value::{Read, Value, shown, text};

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
