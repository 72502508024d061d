//! `portcullis-status.txt`: what the person without a screen reads, in another computer, from the
//! boot partition.
//!
//! Holds the set-up code while there is one, for whoever holds the card may enrol; never a
//! password, a seed or a key.

use std::fmt::Write;
use std::io;

use crate::accepted::Origin;
use crate::card::Card;
use crate::card_status::CardStatus;
use crate::durable::{self, Readers};
use crate::places::Places;
use crate::settings::Settings;

/// Its name on the boot partition.
pub const FILE: &str = "portcullis-status.txt";
/// The certificate of the card's own authority, for browsers.
pub const AUTHORITY: &str = "portcullis-ca.crt";

/// Writes it, here and on the boot partition, where it changed.
///
/// # Errors
/// A file cannot be written.
pub fn publish(places: &Places) -> io::Result<()> {
    publish_as(places, &CardStatus::gather(places))
}

/// As [`publish`], with everything given.
///
/// # Errors
/// A file cannot be written.
pub fn publish_as(places: &Places, status: &CardStatus) -> io::Result<()> {
    let text = text(status);
    durable::replace(&places.status(), text.as_bytes(), Readers::Owner)?;
    let card = Card::of(places);
    // Notepad wants both signs at the end of a line.
    card.replace(FILE, text.replace('\n', "\r\n").as_bytes())?;
    if let Some(certificate) = &status.authority {
        card.replace(AUTHORITY, certificate)?;
    }
    Ok(())
}

/// The address of the login page and those of the sites.
pub fn doors(settings: &Settings) -> Vec<String> {
    let mut doors = vec![format!("https://{}/", settings.gate.host)];
    if settings.gate.host != settings.local_name() {
        doors.push(format!("https://{}/", settings.local_name()));
    }
    doors.extend(settings.sites.iter().map(|site| format!("https://{site}/")));
    doors
}

/// Where the settings came from, in words.
pub fn origin(origin: Origin) -> &'static str {
    match origin {
        Origin::File => "appliance.toml was read and is in force.",
        Origin::NoFile => "There is no appliance.toml: the card runs on its defaults.",
        Origin::LastGood => {
            "appliance.toml has problems: the card runs on the last settings that were good."
        }
        Origin::Defaults => "appliance.toml has problems: the card runs on its defaults.",
    }
}

/// How far the clock is.
pub fn clock(status: &CardStatus) -> String {
    match (status.clock_is_set, &status.last_set) {
        (true, _) => "The clock is set.".to_owned(),
        (false, Some(date)) => {
            format!("Not set yet since the start: nobody can log in until a time server answers. Last set {date}.")
        }
        (false, None) => {
            "It has never been set: nobody can log in until a time server answers. Is the network connected?".to_owned()
        }
    }
}

/// The whole text.
pub fn text(status: &CardStatus) -> String {
    let CardStatus { settings, report, .. } = status;
    let mut text = format!(
        "Portcullis appliance {}\n\nThe card writes this file. What you change in it is lost.\n",
        env!("CARGO_PKG_VERSION")
    );
    let mut section = |title: &str, lines: Vec<String>| {
        if !lines.is_empty() {
            // Writing to a string never fails.
            let _ = writeln!(text, "\n{title}\n{}", "-".repeat(title.len()));
            for line in lines {
                let _ = writeln!(text, "{line}");
            }
        }
    };
    if let Some(code) = &status.code {
        section(
            "First set-up",
            vec![
                format!("1. Open https://{}/setup in a browser.", setup_host(settings)),
                format!("2. Type the set-up code:  {code}"),
                "3. Scan the picture with an authenticator app and type the 6 digits that it shows.".to_owned(),
                "The code is good for 30 minutes after each start of the card and for 10 wrong tries;".to_owned(),
                "pull the plug and put it in again to try anew. Whoever has this code first owns the gate.".to_owned(),
            ],
        );
    }
    let settings_told =
        std::iter::once(origin(report.origin).to_owned()).chain(report.problems.iter().cloned());
    section("Settings", settings_told.collect());
    section("Addresses", addresses(status));
    section("Requests", report.results.clone());
    section("What failed", report.failures.clone());
    section("Clock", vec![clock(status)]);
    section(
        "If you cannot get in",
        vec![
            "Put one of these files beside this one, start the card, and read here what came of it:".to_owned(),
            "enrol-again             sets all users aside and opens the set-up page again".to_owned(),
            "rescue-shell            a root shell on the second console (Alt+F2) until the next start".to_owned(),
            "backup-passphrase.txt   writes portcullis-backup.bin, sealed by the passphrase in the file".to_owned(),
            "restore-passphrase.txt  reads portcullis-backup.bin into a card without users".to_owned(),
        ],
    );
    text
}

/// The name under which the set-up page is found before a domain works.
pub fn setup_host(settings: &Settings) -> String {
    settings.local_name()
}

fn addresses(status: &CardStatus) -> Vec<String> {
    let mut lines = doors(&status.settings);
    for (name, address) in &status.addresses {
        lines.push(format!("{name} has {address}"));
    }
    if status.settings.is_certified_at_home(&status.settings.gate.host) {
        let more = match status.authority {
            Some(_) => format!(
                "{AUTHORITY}, beside this file, is the authority that a browser may be told to trust."
            ),
            None => "The card makes its own authority once its clock is set.".to_owned(),
        };
        lines.push(format!(
            "Browsers warn at the first visit, for the card's certificates are its own. {more}"
        ));
    }
    lines
}

#[cfg(test)]
#[path = "status_tests.rs"]
mod tests;
