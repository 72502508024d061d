//! The Wi-Fi password: it leaves the boot partition, which every computer can read. The card's
//! private part keeps the key that comes of it, with the network it belongs to; the password
//! itself, which may open other things as well, is kept nowhere.
//!
//! Left out: the private part is not encrypted. Who holds the card and knows Linux can read the key
//! there.

use std::fs::OpenOptions;
use std::io;
use std::ops::Range;
use std::path::Path;

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

use crate::card::Card;
use crate::durable::{self, Readers};
use crate::places::Places;
use crate::settings::{Passphrase, Ssid};

/// What stands behind the emptied value.
const MOVED: &str = "  # moved to the card's private part";

/// Keeps a network's key.
///
/// # Errors
/// The card's private part cannot be written.
pub fn keep(places: &Places, ssid: &Ssid, key: &Passphrase) -> io::Result<()> {
    let text = format!("{}\n{}\n", ssid.hex(), key.as_str());
    durable::replace(&places.wifi_password(), text.as_bytes(), Readers::Owner).map(|_| ())
}

/// The key that is kept for this network.
pub fn kept(places: &Places, ssid: &Ssid) -> Option<Passphrase> {
    let text =
        String::from_utf8(durable::read_at_most(&places.wifi_password(), 1000).ok()??).ok()?;
    let (network, key) = text.strip_suffix('\n')?.split_once('\n')?;
    (network == ssid.hex()).then(|| Passphrase::new(key))?
}

/// The key that a password is for this network. wpa_supplicant would make the same of it, but its
/// settings know no escapes: a password with `"` and `#` in it cannot be written there.
pub fn key(ssid: &Ssid, passphrase: &Passphrase) -> Option<Passphrase> {
    if passphrase.is_key() {
        return Some(passphrase.clone());
    }
    let mut key = String::new();
    for block in 1..=2_u32 {
        for byte in pbkdf2_block(passphrase.as_str().as_bytes(), ssid.as_bytes(), block)? {
            key += &format!("{byte:02x}");
        }
    }
    // 256 bits of the two blocks' 320.
    key.truncate(64);
    Passphrase::new(&key)
}

/// One block of PBKDF2 with HMAC-SHA-1 and 4,096 rounds (RFC 8018 section 5.2).
fn pbkdf2_block(password: &[u8], salt: &[u8], block: u32) -> Option<[u8; 20]> {
    let keyed = Hmac::<Sha1>::new_from_slice(password).ok()?;
    let mut last: [u8; 20] = keyed
        .clone()
        .chain_update(salt)
        .chain_update(block.to_be_bytes())
        .finalize()
        .into_bytes()
        .into();
    let mut sum = last;
    for _ in 1..4096 {
        last = keyed.clone().chain_update(last).finalize().into_bytes().into();
        sum.iter_mut().zip(last).for_each(|(sum, byte)| *sum ^= byte);
    }
    Some(sum)
}

/// The text of the settings with an emptied password; all else stays byte for byte. `at` is the
/// value with its quotes.
pub fn blanked(text: &str, at: Range<usize>) -> Option<String> {
    let (before, after) = (text.get(..at.start)?, text.get(at.end..)?);
    let rest = after.lines().next().unwrap_or_default();
    // A comment may not stand where the line goes on, as in an inline table.
    let remark = if rest.trim().is_empty() { MOVED } else { "" };
    Some(format!("{before}\"\"{remark}{after}"))
}

/// Replaces the file on the boot partition and overwrites the old one's bytes. A power cut leaves
/// the old file or the new one.
///
/// # Errors
/// The boot partition cannot be written; the password still stands there then.
pub fn blank_on_card(card: &Card, path: &Path, text: &str) -> io::Result<()> {
    card.change(|| {
        let mut old = OpenOptions::new().read(true).write(true).open(path)?;
        durable::replace(path, text.as_bytes(), Readers::All)?;
        durable::wipe(&mut old)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::parse;

    fn after(text: &str) -> String {
        let parsed = parse(text, Path::new("/nonexistent")).unwrap();
        let blank = blanked(text, parsed.passphrase_at.unwrap()).unwrap();
        let again = parse(&blank, Path::new("/nonexistent")).unwrap();
        assert!(again.settings.wifi.is_some_and(|wifi| wifi.passphrase.is_none()), "{blank}");
        blank
    }

    fn key_of(ssid: &str, psk: &str) -> String {
        let text = toml::toml! { [wifi] ssid = ssid psk = psk }.to_string();
        let wifi = parse(&text, Path::new("/nonexistent")).unwrap().settings.wifi.unwrap();
        key(&wifi.ssid, &wifi.passphrase.unwrap()).unwrap().as_str().to_owned()
    }

    #[test]
    fn keys_are_those_of_the_standard_and_of_wpa_supplicant() {
        // IEEE 802.11, annex J.4.2.
        let vectors = [
            (
                "IEEE",
                "password",
                "f42c6fc52df0ebef9ebb4b90b38a5f902e83fe1b135a70e23aed762e9710a12e",
            ),
            (
                "ThisIsASSID",
                "ThisIsAPassword",
                "0dc0d6eb90555ed6419756b9a15ec3e3209b63df707dd508d14581f8982721af",
            ),
            (
                &"Z".repeat(32),
                &"a".repeat(32),
                "becb93866bb8c3832cb777c2f559807c8c59afcb6eae734885001300a981cc62",
            ),
            // As wpa_supplicant 2.10 printed it.
            (
                "Fritz\"Box ü",
                "pass \"word\" #1",
                "a087105908cfd49b08dba559e4c0447833ed4dad282be058fd1846f5b8481fb4",
            ),
        ];
        for (ssid, psk, expected) in vectors {
            assert_eq!(key_of(ssid, psk), expected, "{ssid}");
        }
        let hex = "0aF9".repeat(16);
        assert_eq!(key_of("home", &hex), hex);
    }

    #[test]
    fn only_the_value_goes() {
        assert_eq!(
            after("# a\r\n[wifi]\r\n  psk   =  \"secret 123\"\t\r\nssid=\"x\"\r\n"),
            format!("# a\r\n[wifi]\r\n  psk   =  \"\"{MOVED}\t\r\nssid=\"x\"\r\n")
        );
        assert_eq!(
            after("[wifi]\nssid = \"x\"\npsk = 'secret\"123'"),
            format!("[wifi]\nssid = \"x\"\npsk = \"\"{MOVED}")
        );
        assert_eq!(
            after("[wifi]\nssid = \"x\"\npsk = \"secret123\" # ours\n"),
            "[wifi]\nssid = \"x\"\npsk = \"\" # ours\n"
        );
        assert_eq!(
            after("wifi = { psk = \"\\u0073ecret123\", ssid = \"x\" }"),
            "wifi = { psk = \"\", ssid = \"x\" }"
        );
        assert_eq!(
            after("wifi.psk = \"\"\"\\\n   secret123\"\"\"\nwifi.ssid = \"x\""),
            format!("wifi.psk = \"\"{MOVED}\nwifi.ssid = \"x\"")
        );
    }
}
