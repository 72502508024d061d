//! `[wifi]`: the network's name, what opens it, and whose radio rules hold.

use std::fmt;

use super::value::{Read, Value, shown, text};

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
