//! Folders for tests, with an appliance in them.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::places::Places;

static NEXT: AtomicU32 = AtomicU32::new(0);

/// A new folder, gone when it is dropped.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Self {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("appliance-{}-{number}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// An appliance in a folder: nothing of it is the machine's own.
pub struct Appliance {
    pub places: Places,
    _folder: Folder,
}

impl Appliance {
    pub fn new() -> Self {
        let folder = Folder::new();
        let at = |name: &str| folder.path().join(name);
        for name in ["boot", "run", "zoneinfo/Europe", "zoneinfo/Etc"] {
            fs::create_dir_all(at(name)).unwrap();
        }
        for zone in ["UTC", "Europe/Berlin", "Europe/Paris", "Etc/UTC"] {
            fs::write(at("zoneinfo").join(zone), "TZif2").unwrap();
        }
        let places = Places {
            boot: at("boot"),
            run: at("run"),
            state: at("state"),
            gate_state: at("gate"),
            caddy_data: at("caddy"),
            zoneinfo: at("zoneinfo"),
            portcullis: at("portcullis"),
            openssl: "openssl".into(),
            caddy_user: "nobody-of-that-name".to_owned(),
        };
        Self { places, _folder: folder }
    }

    /// Puts a file on the boot partition.
    pub fn put(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.places.boot.join(name), bytes).unwrap();
    }

    /// What a file on the boot partition says; `None` where it is not there.
    pub fn on_card(&self, name: &str) -> Option<String> {
        fs::read_to_string(self.places.boot.join(name)).ok()
    }

    /// Makes the gate's program a shell script that also notes its arguments.
    pub fn gate_program(&self, script: &str) {
        use std::os::unix::fs::PermissionsExt;
        let log = self.places.portcullis.with_file_name("calls");
        let text = format!("#!/bin/sh\necho \"$*\" >>'{}'\n{script}\n", log.display());
        fs::write(&self.places.portcullis, text).unwrap();
        fs::set_permissions(&self.places.portcullis, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// The arguments of each call of the gate's program.
    pub fn calls(&self) -> Vec<String> {
        let text =
            fs::read_to_string(self.places.portcullis.with_file_name("calls")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    pub fn text(path: &Path) -> String {
        fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }
}
