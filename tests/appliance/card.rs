//! A card in a file: a copy of the image, as large as a small card, and what a PC does to it.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use portcullis::clock;
use portcullis::entropy::System;
use portcullis::ledger::{Store, StoredState, load_or_create_key};

use crate::support::scratch::Scratch;

/// Cards have sizes of powers of two, and the Pi 3 of the emulator takes no other.
const SIZE: u64 = 1 << 30;
/// Where the data begins: what lies before is what a PC writes when it flashes the card.
const DATA: u64 = 420 << 20;

pub fn built(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/image").join(name);
    assert!(path.exists(), "{} is not there: image/build makes it", path.display());
    path
}

/// A card that is gone when the test ends.
pub struct Card {
    dir: Scratch,
}

impl Card {
    /// Fresh from the shop: empty behind what was flashed.
    pub fn flashed() -> Self {
        let card = Self { dir: Scratch::new("card") };
        let file = File::create(card.path()).expect("a file in the test's own directory");
        file.set_len(SIZE).expect("room, or a file with holes");
        card.flash();
        card
    }

    pub fn path(&self) -> PathBuf {
        self.dir.path().join("card.img")
    }

    pub fn scratch(&self) -> &Scratch {
        &self.dir
    }

    fn opened(&self) -> File {
        OpenOptions::new().read(true).write(true).open(self.path()).expect("the card")
    }

    /// Writes the image over whatever is on it, as a PC does.
    pub fn flash(&self) {
        let mut image = File::open(built("portcullis-rpi-arm64.img")).expect("the image");
        let mut card = self.opened();
        let mut piece = vec![0; 4 << 20];
        while let length @ 1.. = image.read(&mut piece).expect("the image can be read") {
            let piece = piece.get(..length).unwrap_or_default();
            // Holes stay holes where the card has one as well.
            let at = card.stream_position().expect("a place");
            let mut old = vec![0; length];
            card.read_exact(&mut old).expect("the card is larger");
            if old != piece {
                card.seek(SeekFrom::Start(at)).expect("a place");
                card.write_all(piece).expect("the card can be written");
            }
        }
    }

    /// Puts somebody else's file system where our data will be.
    pub fn with_foreign_data(self) -> Self {
        let foreign = self.dir.path().join("foreign");
        File::create(&foreign).and_then(|file| file.set_len(64 << 20)).expect("a file");
        run(Command::new("mke2fs").args(["-q", "-F", "-t", "ext4", "-L", "photos"]).arg(&foreign));
        self.write_at(DATA, &fs::read(&foreign).expect("the file system"));
        fs::remove_file(foreign).expect("our own file");
        self
    }

    /// Loses the first block of the file system with the users, as a worn card does.
    pub fn lose_first_block(&self) {
        self.write_at(DATA, &[0xFF; 4096]);
    }

    fn write_at(&self, place: u64, bytes: &[u8]) {
        let mut card = self.opened();
        card.seek(SeekFrom::Start(place))
            .and_then(|_| card.write_all(bytes))
            .expect("the card can be written");
    }

    /// Puts a file on the boot partition.
    pub fn put(&self, name: &str, bytes: &[u8]) {
        let file = self.dir.path().join("to-copy");
        fs::write(&file, bytes).expect("a file");
        run(Command::new("mcopy")
            .arg("-o")
            .arg("-i")
            .arg(self.boot())
            .arg(&file)
            .arg(format!("::{name}")));
    }

    /// What a file on the boot partition says; `None` when it is not there.
    pub fn text(&self, name: &str) -> Option<String> {
        let output = Command::new("mtype")
            .arg("-i")
            .arg(self.boot())
            .arg(format!("::{name}"))
            .output()
            .expect("mtools");
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// As mtools want it: the file and where the partition begins.
    fn boot(&self) -> String {
        format!("{}@@4M", self.path().display())
    }

    /// Checks the data on a copy: the file system's journal is played back, then nothing may be
    /// wrong, and the gate's store opens. Gives what is in it.
    pub fn check_data(&self) -> StoredState {
        let copy = self.dir.path().join("data");
        let mut card = self.opened();
        card.seek(SeekFrom::Start(DATA)).expect("a place");
        let mut data = File::create(&copy).expect("a file");
        data.set_len(SIZE - DATA).expect("a file with holes");
        let mut piece = vec![0; 1 << 20];
        while let length @ 1.. = card.read(&mut piece).expect("the card can be read") {
            let piece = piece.get(..length).unwrap_or_default();
            if piece.iter().all(|byte| *byte == 0) {
                data.seek(SeekFrom::Current(i64::try_from(length).expect("small")))
                    .expect("a hole");
            } else {
                data.write_all(piece).expect("room");
            }
        }
        drop(data);
        // The first run plays the journal back (1: something was put right), the second finds
        // nothing left to do.
        let first = Command::new("e2fsck").arg("-fp").arg(&copy).output().expect("e2fsck");
        assert!(first.status.code().is_some_and(|code| code <= 1), "{first:?}");
        let second = Command::new("e2fsck").arg("-fn").arg(&copy).output().expect("e2fsck");
        assert!(second.status.success(), "{second:?}");
        let state = self.dir.path().join("state");
        fs::create_dir(&state).expect("a new folder");
        let order = format!("rdump /lib/private/portcullis {}", state.display());
        run(Command::new("debugfs").args(["-R", &order]).arg(&copy));
        let folder = state.join("portcullis");
        let key = load_or_create_key(&folder, None, &mut System).expect("the store's key");
        let (store, opened) =
            Store::open(&folder, &key, clock::now(), System).expect("a store that opens");
        assert_eq!(opened.recovered, None);
        drop(store);
        fs::remove_dir_all(state).and_then(|()| fs::remove_file(copy)).expect("our own files");
        opened.contents
    }
}

#[test]
fn the_image_is_the_one_that_was_built() {
    let mut check = Command::new("sha256sum");
    check
        .args(["--check", "--quiet"])
        .arg(built("portcullis-rpi-arm64.sha256"))
        .current_dir(built(""));
    run(&mut check);
}

fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {output:?}");
}
