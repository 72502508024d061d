//! How many descriptors there are, and what it looks like when there are none left (getrlimit(2)).

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;

use log::warn;
use nix::errno::Errno;
use nix::sys::resource::{Resource, getrlimit, setrlimit};

use super::serve_error::ServeError;

/// Descriptors kept for the store, the log and the loop itself.
const RESERVE: u64 = 64;

/// A descriptor to give up when there is no other.
pub fn spare() -> Option<OwnedFd> {
    File::open("/dev/null").ok().map(OwnedFd::from)
}

/// Whether accepting failed for want of descriptors or memory, so that trying again at once would
/// spin.
pub fn is_shortage(error: &io::Error) -> bool {
    let errno = error.raw_os_error().map(Errno::from_raw);
    matches!(errno, Some(Errno::EMFILE | Errno::ENFILE | Errno::ENOBUFS | Errno::ENOMEM))
}

/// Raises the descriptor limit to fit `wanted` connections, and says how many fit then.
pub fn connections_possible(wanted: usize) -> Result<usize, ServeError> {
    let read = || getrlimit(Resource::RLIMIT_NOFILE).map_err(ServeError::system("getrlimit"));
    let needed = u64::try_from(wanted).unwrap_or(u64::MAX).saturating_add(RESERVE);
    let (soft, hard) = read()?;
    if soft < needed {
        // What the hard limit does not allow shows in the next line.
        let _ = setrlimit(Resource::RLIMIT_NOFILE, needed.min(hard), hard);
    }
    let (limit, _) = read()?;
    let possible = limit.saturating_sub(RESERVE.min(limit / 4));
    if possible < 16 {
        return Err(ServeError::TooFewDescriptors { limit });
    }
    let possible = usize::try_from(possible).unwrap_or(usize::MAX);
    if possible < wanted {
        warn!("the descriptor limit of {limit} allows {possible} of {wanted} connections");
    }
    Ok(wanted.min(possible).max(1))
}
