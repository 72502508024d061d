//! Notices that opening the database kills the process.
//!
//! sled can panic, run out of memory or hang on a damaged file. Then nothing after it runs, the
//! supervisor starts the program again, and it dies again, for ever. So a file says how often
//! opening was begun and not ended since the machine started; from the sixth time on the database
//! counts as damaged. Not sooner: a start can also be killed by an impatient operator, a watchdog
//! or a lack of memory, and taking a sound database for damaged signs everybody out. The file is
//! not synced on purpose: it must outlive the process, not the machine, because a power cut during
//! the opening is no sign of damage.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};

use crate::ledger::local::state_dir::{OPENING, StateDir};

/// So many openings that never ended are taken for damage.
const TOO_MANY: u32 = 5;

const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

/// An opening that has begun.
pub(super) struct CrashGuard<'p> {
    state_dir: &'p StateDir,
}

impl<'p> CrashGuard<'p> {
    /// Notes the beginning; `None` if the last ones never ended.
    pub(super) fn begin(state_dir: &'p StateDir) -> Option<Self> {
        let boot = fs::read_to_string(BOOT_ID).unwrap_or_default();
        let boot = boot.trim();
        let noted = state_dir
            .read(OPENING)
            .and_then(|bytes| String::from_utf8(bytes).map_err(io::Error::other));
        let noted = noted.unwrap_or_default();
        let before = match noted.split_once(' ') {
            Some((then, count)) if then == boot => count.trim().parse().unwrap_or(0),
            _ => 0_u32,
        };
        if before >= TOO_MANY {
            return None;
        }
        // Where it cannot be written the database cannot be opened either, and that says so itself.
        let mut options = OpenOptions::new();
        let file = state_dir.open(OPENING, options.write(true).create(true).truncate(true));
        let _ = file.and_then(|mut file| writeln!(file, "{boot} {}", before.saturating_add(1)));
        Some(Self { state_dir })
    }

    /// Notes the end, good or bad.
    pub(super) fn end(self) {
        forget(self.state_dir);
    }
}

/// Starts counting anew.
pub(super) fn forget(state_dir: &StateDir) {
    // A file that stays is harmless: the next good opening removes it.
    let _ = fs::remove_file(state_dir.path(OPENING));
}
