//! wpa_supplicant's settings. Its reader knows no escapes, so name and key stand there as
//! hexadecimal digits.

use std::io;

use super::MADE;
use crate::durable::{self, Readers};
use crate::places::Places;
use crate::settings::{Settings, Wifi};

/// Writes the file, or removes it where there is no Wi-Fi: the service starts only if it is there.
///
/// # Errors
/// The file cannot be written.
pub fn write(places: &Places, settings: &Settings) -> io::Result<()> {
    match settings.wifi.as_ref().and_then(text) {
        Some(text) => {
            durable::replace(&places.wpa_supplicant(), text.as_bytes(), Readers::Owner).map(|_| ())
        }
        None => {
            durable::remove(&places.network("30-wifi.network"))?;
            durable::remove(&places.wpa_supplicant())
        }
    }
}

/// `scan_ssid` finds networks that do not tell their name.
pub fn text(wifi: &Wifi) -> Option<String> {
    let key = wifi.passphrase.as_ref().filter(|passphrase| passphrase.is_key())?;
    let country =
        wifi.country.as_ref().map(|country| format!("country={country}\n")).unwrap_or_default();
    Some(format!(
        "{MADE}{country}update_config=0\n\nnetwork={{\n\tssid={}\n\tscan_ssid=1\n\tkey_mgmt=WPA-PSK\n\tpsk={}\n}}\n",
        wifi.ssid.hex(),
        key.as_str()
    ))
}
