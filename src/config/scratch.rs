//! Directories for unit tests, gone when the test has passed; a test that fails keeps its own, so
//! that one can look. `tests/support/scratch.rs` is the same for tests of the whole program.

use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::io::ErrorKind;
use std::ops::Deref;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// A new directory, or a path in one. The directory is removed on drop, unless the test panics.
#[derive(Debug)]
pub struct ScratchPath {
    directory: PathBuf,
    path: PathBuf,
}

/// A new, empty directory below the system's temporary one.
pub fn directory() -> ScratchPath {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    loop {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path =
            std::env::temp_dir().join(format!("portcullis-test-{}-{number}", std::process::id()));
        match fs::create_dir(&path) {
            Ok(()) => return ScratchPath { directory: path.clone(), path },
            // Left by a test that failed, or in use by a container's process of the same number.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => panic!("{}: {error}", path.display()),
        }
    }
}

/// A path in a new directory, where nothing is yet.
pub fn path(name: &str) -> ScratchPath {
    let mut scratch = directory();
    scratch.path.push(name);
    scratch
}

/// A file in a new directory.
pub fn file(name: &str, content: &[u8], mode: u32) -> ScratchPath {
    let scratch = path(name);
    fs::write(&scratch, content).expect("a writable temporary directory");
    fs::set_permissions(&scratch, Permissions::from_mode(mode)).expect("our own file");
    scratch
}

impl Deref for ScratchPath {
    type Target = Path;

    fn deref(&self) -> &Path {
        &self.path
    }
}

impl AsRef<Path> for ScratchPath {
    fn as_ref(&self) -> &Path {
        &self.path
    }
}

impl AsRef<OsStr> for ScratchPath {
    fn as_ref(&self) -> &OsStr {
        self.path.as_os_str()
    }
}

impl Drop for ScratchPath {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("kept for a look: {}", self.directory.display());
        } else {
            let _ = fs::remove_dir_all(&self.directory);
        }
    }
}
