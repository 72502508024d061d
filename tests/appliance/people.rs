//! People whose accounts come to the card from another gate, by a sealed backup on the boot
//! partition.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::card::Card;
use crate::support::codes::Person;
use crate::support::daemon::{ONE_DOMAIN, Place};

const PASSPHRASE: &str = "five unrelated words, or so";

/// Makes the accounts here, and puts them on the card for its first start.
pub fn moved_to(card: &Card, names: &[&str]) -> Vec<Person> {
    let place = Place::new(ONE_DOMAIN);
    let people: Vec<_> = names.iter().map(|name| place.add_user(name)).collect();
    let passphrase = card.scratch().write("passphrase", PASSPHRASE);
    fs::set_permissions(&passphrase, fs::Permissions::from_mode(0o600)).expect("a file of ours");
    let backup = card.scratch().path().join("backup");
    let text = |path: &std::path::Path| path.to_str().expect("text").to_owned();
    place.json(&["backup", &text(&backup), "--passphrase-file", &text(&passphrase)]);
    card.put("portcullis-backup.bin", &fs::read(&backup).expect("the backup"));
    card.put("restore-passphrase.txt", PASSPHRASE.as_bytes());
    people
}
