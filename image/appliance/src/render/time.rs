//! systemd-timesyncd and the time zone. A Pi has no clock: until a server has answered nobody gets
//! in, so it is asked often and several are named.

use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use super::MADE;
use crate::durable;
use crate::places::Places;
use crate::settings::Settings;

/// Debian's pool. Named beside the network's own servers and not only in place of them: a router
/// that hands out a dead one would keep everybody out for good.
const POOL: &str =
    "0.debian.pool.ntp.org 1.debian.pool.ntp.org 2.debian.pool.ntp.org 3.debian.pool.ntp.org";

/// The file and its text.
pub fn servers(places: &Places, settings: &Settings) -> (PathBuf, String) {
    let ours = settings.time.ntp.join(" ");
    let named = if ours.is_empty() { POOL.to_owned() } else { ours };
    let text = format!("{MADE}[Time]\nNTP={named}\nFallbackNTP={POOL}\nConnectionRetrySec=5\n");
    (places.timesyncd(), text)
}

/// `/etc/localtime` leads here.
///
/// # Errors
/// The link cannot be made.
pub fn link_zone(places: &Places, settings: &Settings) -> io::Result<()> {
    let (link, zone) = (places.localtime(), places.zoneinfo.join(&settings.time.zone));
    if fs::read_link(&link).is_ok_and(|old| old == zone) {
        return Ok(());
    }
    let new = link.with_extension("new");
    durable::remove(&new)?;
    symlink(zone, &new)?;
    fs::rename(new, link)
}
