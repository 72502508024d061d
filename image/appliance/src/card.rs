//! The boot partition: a FAT that any computer reads and writes, so nothing on it is believed
//! without a check, and no secret stays on it.
//!
//! It is mounted read-only and made writable for the moments of [`Card::change`]; a power cut at
//! any other time finds it at rest. Names are compared without regard to case and with `.txt`
//! behind them, because that is how other computers give files back.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use nix::fcntl::{Flock, FlockArg};

use crate::durable::{self, Readers};
use crate::places::Places;
use crate::program;

/// The boot partition of one appliance.
#[derive(Clone, Debug)]
pub struct Card {
    folder: PathBuf,
    lock: PathBuf,
}

impl Card {
    pub fn of(places: &Places) -> Self {
        Self { folder: places.boot.clone(), lock: places.card_lock() }
    }

    /// Files that go by that name, however a computer wrote it.
    ///
    /// # Errors
    /// The partition cannot be read.
    pub fn find(&self, name: &str) -> io::Result<Vec<PathBuf>> {
        let wanted = plain(name);
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            if plain(&entry.file_name().to_string_lossy()) == wanted && entry.path().is_file() {
                found.push(entry.path());
            }
        }
        found.sort();
        Ok(found)
    }

    /// Whether there is nothing on it at all: then it is not the card that is looked at.
    pub fn is_empty(&self) -> bool {
        fs::read_dir(&self.folder).map_or(true, |mut entries| entries.next().is_none())
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Replaces a file if it holds something else. True if it was written.
    ///
    /// # Errors
    /// The partition cannot be written.
    pub fn replace(&self, name: &str, bytes: &[u8]) -> io::Result<bool> {
        let path = self.path(name);
        if fs::read(&path).is_ok_and(|old| old == bytes) {
            return Ok(false);
        }
        self.change(|| durable::replace(&path, bytes, Readers::All))
    }

    /// Does something while the partition is writable, and nobody else does.
    ///
    /// # Errors
    /// It cannot be made writable (the switch on the card's side), or what was done failed.
    pub fn change<T>(&self, work: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        let lock = File::create(&self.lock)?;
        let _held = Flock::lock(lock, FlockArg::LockExclusive).map_err(|(_, error)| error)?;
        let at_rest = self.is_mounted_read_only();
        if at_rest {
            self.remount("rw")?;
        }
        let done = work();
        if at_rest && let Err(error) = self.remount("ro") {
            // What was to be written is written.
            return done.and_then(|_| Err(error));
        }
        done
    }

    fn remount(&self, how: &str) -> io::Result<()> {
        let mut command = Command::new("mount");
        command.args(["-o", &format!("remount,{how}")]).arg(&self.folder);
        let ended = program::run(&mut command, Duration::from_secs(60))?;
        if ended.well {
            return Ok(());
        }
        Err(io::Error::new(ErrorKind::ReadOnlyFilesystem, ended.err.trim().to_owned()))
    }

    /// False for a folder that is no mount, as in tests.
    fn is_mounted_read_only(&self) -> bool {
        let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
        is_read_only(
            &mounts,
            &fs::canonicalize(&self.folder).unwrap_or_else(|_| self.folder.clone()),
        )
    }
}

/// By the last line for that place: a later mount hides an earlier one.
fn is_read_only(mounts: &str, folder: &Path) -> bool {
    let of_folder =
        |line: &&str| line.split(' ').nth(1).is_some_and(|place| Path::new(place) == folder);
    let options = mounts.lines().rfind(of_folder).and_then(|line| line.split(' ').nth(3));
    options.is_some_and(|options| options.split(',').any(|option| option == "ro"))
}

/// A name as it was meant.
fn plain(name: &str) -> String {
    let mut name = name.to_ascii_lowercase();
    while let Some(shorter) = name.strip_suffix(".txt") {
        name.truncate(shorter.len());
    }
    name
}

/// A text file as other computers write it: without the mark at its beginning (UTF-8 "with BOM").
///
/// # Errors
/// It is no UTF-8; the sentence says what to do.
pub fn text(bytes: Vec<u8>) -> Result<String, String> {
    if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) {
        return Err("is UTF-16: save it as UTF-8 (in Notepad: Save as, Encoding)".to_owned());
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(text.strip_prefix('\u{FEFF}').map(str::to_owned).unwrap_or(text)),
        Err(error) => {
            let good = error.utf8_error().valid_up_to();
            let line =
                error.as_bytes().iter().take(good).filter(|byte| **byte == b'\n').count() + 1;
            Err(format!("is no UTF-8 text (line {line}): save it as UTF-8"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Appliance;

    #[test]
    fn names_are_found_as_other_computers_write_them() {
        let appliance = Appliance::new();
        for name in
            ["Appliance.toml.txt", "ENROL-AGAIN.TXT", "backup-passphrase", "._appliance.toml"]
        {
            appliance.put(name, "");
        }
        fs::create_dir(appliance.places.boot.join("rescue-shell")).unwrap();
        let card = Card::of(&appliance.places);
        let found = |name: &str| card.find(name).unwrap().len();
        assert_eq!(
            [found("appliance.toml"), found("enrol-again"), found("backup-passphrase.txt")],
            [1, 1, 1]
        );
        assert_eq!([found("appliance"), found("rescue-shell")], [0, 0]);
    }

    #[test]
    fn only_the_last_mount_of_a_place_counts() {
        let mounts =
            "/dev/mmcblk0p1 /boot/firmware vfat ro,relatime 0 0\n/dev/mmcblk0p4 /var ext4 rw 0 0\n";
        assert!(is_read_only(mounts, Path::new("/boot/firmware")));
        assert!(
            !is_read_only(mounts, Path::new("/var")) && !is_read_only(mounts, Path::new("/boot"))
        );
        let hidden = format!("systemd-1 /boot/firmware autofs rw 0 0\n{mounts}");
        assert!(is_read_only(&hidden, Path::new("/boot/firmware")));
        assert!(!is_read_only("a /b vfat rw,errors=remount-ro 0 0", Path::new("/b")));
    }

    #[test]
    fn a_text_of_notepad_is_read_and_another_encoding_is_named() {
        assert_eq!(text(b"\xEF\xBB\xBFa\r\n".to_vec()).unwrap(), "a\r\n");
        assert!(text(b"\xFF\xFEa\0".to_vec()).unwrap_err().contains("UTF-16"));
        assert!(text(b"a\n\xE4".to_vec()).unwrap_err().contains("line 2"));
    }
}
