//! Which settings count: those on the boot partition if nothing is wrong with them, else the last
//! ones that were good, else the defaults. An appliance that was reachable stays so, whatever is
//! written into its file.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::card::{self, Card};
use crate::durable::{self, Readers};
use crate::places::Places;
use crate::render::gate;
use crate::settings::{self, LARGEST, Parsed, Problem, Settings};
use crate::wifi_password;

/// The name of the file.
pub const FILE: &str = "appliance.toml";

/// Where the settings came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Origin {
    /// The file on the boot partition.
    File,
    /// There is none.
    NoFile,
    /// The file has problems: the last one without.
    LastGood,
    /// The file has problems, and there was no good one before.
    Defaults,
}

/// The settings that count.
#[derive(Debug)]
pub struct Accepted {
    pub settings: Settings,
    /// What they are made of, without the Wi-Fi password.
    pub text: String,
    pub origin: Origin,
    /// What is wrong with the file.
    pub problems: Vec<Problem>,
}

/// Reads a text and checks what becomes of it as well: whoever passes can be rendered.
///
/// # Errors
/// Everything that is wrong with it.
pub fn check(text: &str, zoneinfo: &Path) -> Result<Parsed, Vec<Problem>> {
    let parsed = settings::parse(text, zoneinfo)?;
    // The gate has the last word on its own settings.
    gate::config(&parsed.settings).map_err(|error| vec![Problem::of_file(error.to_string())])?;
    Ok(parsed)
}

/// Reads a named file and checks it.
///
/// # Errors
/// It cannot be read, or everything that is wrong with it.
pub fn check_file(path: &Path, zoneinfo: &Path) -> Result<(String, Parsed), Vec<Problem>> {
    let bytes = match durable::read_at_most(path, LARGEST) {
        Ok(Some(bytes)) => bytes,
        Ok(None) => return Err(vec![Problem::of_file("there is no such file")]),
        Err(error) => {
            return Err(vec![Problem::of_file(format!("the file cannot be read: {error}"))]);
        }
    };
    let text =
        card::text(bytes).map_err(|why| vec![Problem::of_file(format!("the file {why}"))])?;
    let parsed = check(&text, zoneinfo)?;
    Ok((text, parsed))
}

/// Takes the settings from the card: moves the Wi-Fi password off it, and remembers what was good.
pub fn take(places: &Places) -> Accepted {
    let card = Card::of(places);
    match from_card(places, &card) {
        Ok(accepted) => accepted,
        Err(problems) => last_good(places, problems),
    }
}

fn from_card(places: &Places, card: &Card) -> Result<Accepted, Vec<Problem>> {
    let Some(path) = the_file(places, card)? else {
        let mut problems = Vec::new();
        remember(places, "", &mut problems);
        return Ok(Accepted {
            settings: Settings::default(),
            text: String::new(),
            origin: Origin::NoFile,
            problems,
        });
    };
    let (text, Parsed { mut settings, passphrase_at }) = check_file(&path, &places.zoneinfo)?;
    // More often the rest of a power cut in another computer than a wish for the defaults.
    if text.trim().is_empty() && was_good(places) {
        return Err(vec![Problem::of_file(
            "the file is empty: for the defaults, delete it or write only a comment",
        )]);
    }
    let mut problems = Vec::new();
    let mut kept_text = text.clone();
    if let Some(wifi) = &mut settings.wifi {
        match (
            wifi.passphrase.take(),
            passphrase_at.and_then(|at| wifi_password::blanked(&text, at)),
        ) {
            (Some(passphrase), Some(blanked)) => {
                let Some(key) = wifi_password::key(&wifi.ssid, &passphrase) else {
                    return Err(vec![Problem::of_file("wifi.psk: no key can be made of it")]);
                };
                // First where it goes, then where it was: a power cut between the two loses
                // nothing.
                match wifi_password::keep(places, &wifi.ssid, &key) {
                    Ok(()) => {
                        if let Err(error) =
                            wifi_password::blank_on_card(card, &path, &with_mark(&path, &blanked))
                        {
                            let why =
                                format!("wifi.psk: the password still stands in the file: {error}");
                            problems.push(Problem::of_file(why));
                        }
                    }
                    Err(error) => {
                        problems.push(Problem::of_file(format!(
                            "wifi.psk: the password could not be kept: {error}"
                        )));
                    }
                }
                kept_text = blanked;
                wifi.passphrase = Some(key);
            }
            _ => {
                wifi.passphrase = wifi_password::kept(places, &wifi.ssid);
                if wifi.passphrase.is_none() {
                    let why = format!(
                        "wifi.psk: no password is kept for the network {}: write it here",
                        wifi.ssid
                    );
                    return Err(vec![Problem::of_file(why)]);
                }
            }
        }
    } else if let Err(error) = durable::remove(&places.wifi_password()) {
        problems.push(Problem::of_file(format!(
            "the old Wi-Fi password could not be removed: {error}"
        )));
    }
    remember(places, &kept_text, &mut problems);
    Ok(Accepted { settings, text: kept_text, origin: Origin::File, problems })
}

/// The one file of that name. Two of them are refused: the person who wrote one means it, and it
/// may be either.
fn the_file(places: &Places, card: &Card) -> Result<Option<PathBuf>, Vec<Problem>> {
    let unreadable =
        |why: &str| vec![Problem::of_file(format!("the boot partition cannot be read: {why}"))];
    let mut found = card.find(FILE).map_err(|error| unreadable(&error.to_string()))?;
    if found.len() > 1 {
        let names: Vec<_> = found.iter().filter_map(|path| path.file_name()?.to_str()).collect();
        return Err(vec![Problem::of_file(format!(
            "{} are both there: keep one",
            names.join(" and ")
        ))]);
    }
    // A partition that could not be mounted looks like an empty folder; that is no wish for the
    // defaults.
    if found.is_empty() && card.is_empty() && places.last_good().exists() {
        return Err(unreadable("there is nothing on it"));
    }
    Ok(found.pop())
}

/// Whether settings are remembered that are more than nothing. What cannot be read counts as some.
fn was_good(places: &Places) -> bool {
    match durable::read_at_most(&places.last_good(), LARGEST) {
        Ok(bytes) => bytes.is_some_and(|bytes| !bytes.trim_ascii().is_empty()),
        Err(_) => true,
    }
}

/// The mark of Windows' UTF-8 goes back where it was.
fn with_mark(path: &Path, text: &str) -> String {
    let marked = std::fs::read(path).is_ok_and(|bytes| bytes.starts_with("\u{FEFF}".as_bytes()));
    if marked { format!("\u{FEFF}{text}") } else { text.to_owned() }
}

fn remember(places: &Places, text: &str, problems: &mut Vec<Problem>) {
    if let Err(error) = durable::replace(&places.last_good(), text.as_bytes(), Readers::Owner) {
        problems.push(Problem::of_file(format!("the settings could not be remembered: {error}")));
    }
}

fn last_good(places: &Places, mut problems: Vec<Problem>) -> Accepted {
    match check_file(&places.last_good(), &places.zoneinfo) {
        Ok((text, Parsed { mut settings, .. })) => {
            if let Some(wifi) = &mut settings.wifi {
                wifi.passphrase = wifi_password::kept(places, &wifi.ssid);
                if wifi.passphrase.is_none() {
                    settings.wifi = None;
                    problems.push(Problem::of_file("the Wi-Fi is off: no password is kept for it"));
                }
            }
            Accepted { settings, text, origin: Origin::LastGood, problems }
        }
        Err(_) => Accepted {
            settings: Settings::default(),
            text: String::new(),
            origin: Origin::Defaults,
            problems,
        },
    }
}

#[cfg(test)]
#[path = "accepted_tests.rs"]
mod tests;
