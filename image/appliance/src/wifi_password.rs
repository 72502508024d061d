//! The Wi-Fi password: it moves from the boot partition, which everybody can read who holds the card, to the card's
//! private part. It is kept with the network it belongs to.
//!
//! Left out: the private part is not encrypted. Who holds the card and knows Linux can read it there.

use std::fs::OpenOptions;
use std::io;
use std::ops::Range;
use std::path::Path;

use crate::card::Card;
use crate::durable::{self, Readers};
use crate::places::Places;
use crate::settings::{Passphrase, Ssid};

/// What stands behind the emptied value.
const MOVED: &str = "  # moved to the card's private part";

/// Keeps a password for a network.
///
/// # Errors
/// The card's private part cannot be written.
pub fn keep(places: &Places, ssid: &Ssid, passphrase: &Passphrase) -> io::Result<()> {
    let text = format!("{}\n{}\n", ssid.hex(), passphrase.as_str());
    durable::replace(&places.wifi_password(), text.as_bytes(), Readers::Owner).map(|_| ())
}

/// The password that is kept for this network.
pub fn kept(places: &Places, ssid: &Ssid) -> Option<Passphrase> {
    let text = String::from_utf8(durable::read_at_most(&places.wifi_password(), 1000).ok()??).ok()?;
    let (network, passphrase) = text.strip_suffix('\n')?.split_once('\n')?;
    (network == ssid.hex()).then(|| Passphrase::new(passphrase))?
}

/// The text of the settings with an emptied password; all else stays byte for byte. `at` is the value with its quotes.
pub fn blanked(text: &str, at: Range<usize>) -> Option<String> {
    let (before, after) = (text.get(..at.start)?, text.get(at.end..)?);
    let rest = after.lines().next().unwrap_or_default();
    // A comment may not stand where the line goes on, as in an inline table.
    let remark = if rest.trim().is_empty() { MOVED } else { "" };
    Some(format!("{before}\"\"{remark}{after}"))
}

/// Replaces the file on the boot partition and overwrites the old one's bytes. A power cut leaves the old file or the
/// new one.
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
        assert_eq!(after("wifi = { psk = \"\\u0073ecret123\", ssid = \"x\" }"), "wifi = { psk = \"\", ssid = \"x\" }");
        assert_eq!(
            after("wifi.psk = \"\"\"\\\n   secret123\"\"\"\nwifi.ssid = \"x\""),
            format!("wifi.psk = \"\"{MOVED}\nwifi.ssid = \"x\"")
        );
    }
}
