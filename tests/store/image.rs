//! An ext4 file system in a file, on a loop device. The file holds only what the file system has
//! handed to the disk.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::unistd::geteuid;

/// The journal is written every 5 s otherwise as well; with this only when it is asked for.
pub const SILENT: &str = "commit=300";

/// A mounted disk, unmounted at the end.
pub struct Disk {
    image: PathBuf,
    /// Where it is mounted.
    pub mounted: PathBuf,
}

impl Disk {
    /// A fresh one in `dir`; `None` where it cannot be mounted.
    pub fn make(dir: &Path) -> Option<Self> {
        Self::make_mounted(dir, SILENT)
    }

    /// The same with other options of mount(8).
    pub fn make_mounted(dir: &Path, options: &str) -> Option<Self> {
        let disk = Self { image: dir.join("image"), mounted: dir.join("mounted") };
        fs::create_dir_all(&disk.mounted).ok()?;
        let image = fs::File::create(&disk.image).ok()?;
        image.set_len(24 * 1024 * 1024).ok()?;
        let made = geteuid().is_root()
            && run(Command::new("mkfs.ext4").args(["-q", "-b", "4096"]).arg(&disk.image));
        (made && disk.mount(options)).then_some(disk)
    }

    /// The disk as it is at this moment, mounted.
    pub fn copy(&self, dir: &Path, round: u64) -> Self {
        let copy = Self {
            image: dir.join(format!("cut{round}")),
            mounted: dir.join(format!("cut{round}.mounted")),
        };
        fs::create_dir_all(&copy.mounted).expect("a folder");
        fs::copy(&self.image, &copy.image).expect("a copy");
        assert!(copy.mount(SILENT), "the copy does not mount");
        copy
    }

    /// Unmounts it and removes its image: of many copies, most are looked at once.
    pub fn discard(self) {
        let image = self.image.clone();
        drop(self);
        let _ = fs::remove_file(image);
    }

    /// Bytes that the file system has written to the disk so far; `None` where the kernel does not
    /// tell.
    pub fn written(&self) -> Option<u64> {
        let listed = Command::new("losetup")
            .args(["-n", "-O", "NAME", "-j"])
            .arg(&self.image)
            .output()
            .ok()?;
        let device = String::from_utf8(listed.stdout).ok()?;
        let stat =
            fs::read_to_string(format!("/sys/block/{}/stat", device.trim().strip_prefix("/dev/")?))
                .ok()?;
        stat.split_whitespace().nth(6)?.parse::<u64>().ok().map(|sectors| sectors * 512)
    }

    fn mount(&self, options: &str) -> bool {
        run(Command::new("mount")
            .args(["-o", &format!("loop,{options}")])
            .arg(&self.image)
            .arg(&self.mounted))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // The store's database may be leaked on purpose after damage; then it is in use until the
        // test ends.
        run(Command::new("umount").arg("-l").arg(&self.mounted));
    }
}

fn run(command: &mut Command) -> bool {
    command.output().is_ok_and(|output| output.status.success())
}
