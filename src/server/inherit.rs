//! Sockets handed over by systemd (sd_listen_fds(3)).

use core::sync::atomic::{AtomicBool, Ordering};
use std::io;
use std::os::fd::{OwnedFd, RawFd};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, FdFlag, fcntl};

use super::listen::Listener;
use super::peer::ListenerRole;

/// The first descriptor that systemd passes.
const FIRST: RawFd = 3;
/// More sockets than anybody hands over.
const MOST: RawFd = 256;

/// The listeners that systemd handed over to this process; none if it did not, or if they were
/// taken before. A socket whose `FileDescriptorName=` is `control` is the operator's, all others
/// are public.
///
/// Errors: a descriptor that is no listening stream socket.
pub fn inherited() -> io::Result<Vec<Listener>> {
    static TAKEN: AtomicBool = AtomicBool::new(false);
    let read = |name: &str| std::env::var(name).ok();
    let own = std::process::id();
    let Some(count) = passed(read("LISTEN_PID").as_deref(), read("LISTEN_FDS").as_deref(), own)
    else {
        return Ok(Vec::new());
    };
    if TAKEN.swap(true, Ordering::Relaxed) {
        return Ok(Vec::new());
    }
    let names = read("LISTEN_FDNAMES").unwrap_or_default();
    let mut names = names.split(':');
    let mut listeners = Vec::new();
    for number in FIRST..FIRST.saturating_add(count) {
        let role = if names.next() == Some("control") {
            ListenerRole::Control
        } else {
            ListenerRole::Public
        };
        listeners.push(Listener::adopt(take(number)?, role)?);
    }
    Ok(listeners)
}

/// How many descriptors were passed to this process. `LISTEN_PID` of another one means that they
/// were not meant for us.
fn passed(pid: Option<&str>, count: Option<&str>, own: u32) -> Option<RawFd> {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if pid.filter(|pid| digits(pid))?.parse() != Ok(own) {
        return None;
    }
    count.filter(|count| digits(count))?.parse().ok().filter(|count| (1..=MOST).contains(count))
}

/// Takes possession of a descriptor that systemd passed, and keeps children from getting it.
/// `TAKEN` lets only the first caller come here, so nothing else in the process owns it.
fn take(number: RawFd) -> io::Result<OwnedFd> {
    let socket = crate::sys::adopt_descriptor(number);
    match fcntl(&socket, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC)) {
        Ok(_) => Ok(socket),
        Err(errno) => {
            if errno == Errno::EBADF {
                std::mem::forget(socket);
            }
            Err(errno.into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_descriptors_meant_for_this_process_are_taken() {
        assert_eq!(passed(Some("42"), Some("2"), 42), Some(2));
        for (pid, count) in [
            (None, Some("2")),
            (Some("42"), None),
            (Some("41"), Some("2")),
            (Some("+42"), Some("2")),
            (Some("42"), Some("0")),
            (Some("42"), Some("-1")),
            (Some("42"), Some("100000")),
            (Some("42"), Some("")),
        ] {
            assert_eq!(passed(pid, count, 42), None, "{pid:?} {count:?}");
        }
    }
}
