//! Files that are replaced whole: after a power cut there is the old one or the new one, never half
//! of one.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::fcntl::OFlag;

/// Who may read a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readers {
    /// Its owner alone.
    Owner,
    /// Everybody on the machine.
    All,
}

/// Replaces the file, unless it holds these bytes already. True if it was written.
///
/// # Errors
/// The file system refuses; the old file is still there then.
pub fn replace(path: &Path, bytes: &[u8], readers: Readers) -> io::Result<bool> {
    if fs::read(path).is_ok_and(|old| old == bytes) {
        return Ok(false);
    }
    let mut new = path.as_os_str().to_owned();
    new.push(".new");
    let new = PathBuf::from(new);
    remove(&new)?;
    let mode = if readers == Readers::Owner { 0o600 } else { 0o644 };
    let written = (|| {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&new)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&new, path)
    })();
    if let Err(error) = written {
        // What is in the way is in the way of the next try as well, so it is said there again.
        let _ = remove(&new);
        return Err(error);
    }
    sync_folder_of(path)?;
    Ok(true)
}

/// Removes the file, if it is there.
///
/// # Errors
/// The file system refuses.
pub fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Ok(()) => sync_folder_of(path),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// Writes zeros over what the file holds, as far as the device writes in the same place.
///
/// # Errors
/// The file system refuses.
pub fn wipe(file: &mut File) -> io::Result<()> {
    use std::io::{Seek, SeekFrom};
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(0))?;
    io::copy(&mut io::repeat(0).take(length), file)?;
    file.sync_all()
}

/// Makes the folder and those above it. An existing one keeps its mode.
///
/// # Errors
/// The file system refuses.
pub fn make_folder(path: &Path, readers: Readers) -> io::Result<()> {
    let mode = if readers == Readers::Owner { 0o700 } else { 0o755 };
    DirBuilder::new().recursive(true).mode(mode).create(path)
}

/// The file's bytes, `None` where there is no file. Some files belong to other users of this
/// machine: a link is not followed, and a pipe, which would never end, is not opened.
///
/// # Errors
/// The file system refuses, it is no file, or it is larger than `most` bytes.
pub fn read_at_most(path: &Path, most: u64) -> io::Result<Option<Vec<u8>>> {
    let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK;
    let file = match OpenOptions::new().read(true).custom_flags(flags.bits()).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    if !file.metadata()?.is_file() {
        return Err(io::Error::new(ErrorKind::InvalidInput, "it is no regular file"));
    }
    let mut bytes = Vec::new();
    file.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > most) {
        return Err(io::Error::new(
            ErrorKind::FileTooLarge,
            format!("it is larger than {} kB", most / 1000),
        ));
    }
    Ok(Some(bytes))
}

fn sync_folder_of(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::testing::Folder;

    #[test]
    fn a_file_is_written_only_when_it_changes_and_with_its_mode() {
        let folder = Folder::new();
        let path = folder.path().join("a");
        assert!(replace(&path, b"one", Readers::Owner).unwrap());
        assert!(!replace(&path, b"one", Readers::Owner).unwrap());
        assert!(replace(&path, b"two", Readers::Owner).unwrap());
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_cannot_be_replaced_stays_and_leaves_no_rest() {
        let folder = Folder::new();
        let path = folder.path().join("a");
        fs::create_dir(&path).unwrap();
        fs::write(path.join("inside"), "").unwrap();
        assert!(replace(&path, b"one", Readers::All).is_err());
        assert!(path.join("inside").exists());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_that_is_too_large_is_refused_and_a_missing_one_is_none() {
        let folder = Folder::new();
        let path = folder.path().join("a");
        assert_eq!(read_at_most(&path, 3).unwrap(), None);
        fs::write(&path, "four").unwrap();
        assert!(read_at_most(&path, 3).is_err());
        assert_eq!(read_at_most(&path, 4).unwrap().unwrap(), b"four");
    }

    #[test]
    fn only_a_regular_file_is_read() {
        let folder = Folder::new();
        let [file, link, pipe] = ["file", "link", "pipe"].map(|name| folder.path().join(name));
        fs::write(&file, "one").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
        for path in [&link, &pipe, folder.path()] {
            assert!(read_at_most(path, 9).is_err(), "{}", path.display());
        }
    }
}
