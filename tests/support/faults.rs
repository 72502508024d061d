//! Disks that fail: by a library loaded before the C library (`faults.c`), and by the kernel
//! itself.
//!
//! The library decides call by call, so it can fail one kind of call with any error and repair it
//! at once. The disk below is an ext4 on a loop device whose backing file lies on a tmpfs that is
//! too small: its errors are the kernel's own, and the file system answers them as it would on a
//! dying card, by becoming read-only for good.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::unistd::geteuid;

use super::clock;
use super::scratch::Scratch;

/// Compiles `tests/support/NAME.c`, to be loaded before the C library; gives its place.
pub fn build(name: &str, dir: &Scratch) -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/support/{name}.c"));
    let library = dir.path().join(format!("{name}.so"));
    let mut cc = Command::new("cc");
    cc.args(["-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o"]).arg(&library);
    let done =
        cc.arg(source).arg("-ldl").output().expect("cc runs; tests/run installs what is missing");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    library
}

/// The library, built for this test, and its switch.
pub struct Faults {
    dir: Scratch,
}

impl Faults {
    pub fn new() -> Self {
        let dir = Scratch::new("faults");
        build("faults", &dir);
        Self { dir }
    }

    /// Where it lies.
    pub fn library(&self) -> PathBuf {
        self.dir.path().join("faults.so")
    }

    /// What the process must find in its environment.
    pub fn environment(&self, below: &Path) -> [(&'static str, String); 3] {
        let text = |path: &Path| path.display().to_string();
        [
            ("LD_PRELOAD", clock::preloaded(&[&self.library()])),
            ("FAULTS_BELOW", text(below)),
            ("FAULTS_WHEN", text(&self.switch())),
        ]
    }

    /// From now on calls of this kind (`sync`, `flush`, `write` or `all`) fail with `errno`.
    pub fn begin(&self, errno: i32, kind: &str) {
        let new = self.dir.write("new", &format!("{errno} {kind}"));
        fs::rename(new, self.switch()).expect("a file of ours can be renamed");
    }

    /// From now on everything works again.
    pub fn end(&self) {
        fs::remove_file(self.switch()).expect("a file of ours can be removed");
    }

    fn switch(&self) -> PathBuf {
        self.dir.path().join("when")
    }
}

/// A disk that promises more than it has.
pub struct FalseDisk {
    dir: PathBuf,
}

impl FalseDisk {
    /// 64 MiB that are 24; `None` where nothing can be mounted.
    pub fn make(dir: &Path) -> Option<Self> {
        let disk = Self { dir: dir.to_owned() };
        fs::create_dir_all(disk.below()).ok()?;
        fs::create_dir_all(disk.mounted()).ok()?;
        let size = ["-t", "tmpfs", "-o", "size=24m", "none"];
        if !geteuid().is_root() || !run(Command::new("mount").args(size).arg(disk.below())) {
            return None;
        }
        fs::File::create(disk.image()).and_then(|image| image.set_len(64 * 1024 * 1024)).ok()?;
        let made = run(Command::new("mkfs.ext4").args(["-q", "-b", "4096"]).arg(disk.image()));
        (made && disk.mount()).then_some(disk)
    }

    pub fn mounted(&self) -> PathBuf {
        self.dir.join("mounted")
    }

    /// Takes the room below away: what is written from now on ends in an error of the device.
    pub fn starve(&self) {
        let mut filler = fs::File::create(self.below().join("filler")).expect("ours");
        while std::io::Write::write_all(&mut filler, &[0; 4096]).is_ok() {}
    }

    /// A new card, with what the old one still holds: room below, and the file system mounted
    /// again.
    pub fn repair(&self) {
        fs::remove_file(self.below().join("filler")).expect("ours");
        assert!(run(Command::new("umount").arg(self.mounted())), "still in use");
        assert!(self.mount(), "it does not mount again");
    }

    fn below(&self) -> PathBuf {
        self.dir.join("below")
    }

    fn image(&self) -> PathBuf {
        self.below().join("image")
    }

    fn mount(&self) -> bool {
        run(Command::new("mount")
            .args(["-o", "loop,errors=remount-ro"])
            .arg(self.image())
            .arg(self.mounted()))
    }
}

impl Drop for FalseDisk {
    fn drop(&mut self) {
        run(Command::new("umount").arg("-l").arg(self.mounted()));
        run(Command::new("umount").arg("-l").arg(self.below()));
    }
}

fn run(command: &mut Command) -> bool {
    command.output().is_ok_and(|output| output.status.success())
}
