//! System calls that have no safe wrapper in `nix`: the only file where `unsafe` is allowed.
#![allow(unsafe_code, reason = "each block says why it is sound")]

use std::os::fd::{FromRawFd, OwnedFd, RawFd};

use nix::libc;

/// Takes over a descriptor that systemd handed to this process (`sd_listen_fds(3)`).
///
/// Call it at most once for each number, and only for numbers that `LISTEN_FDS` names.
pub fn adopt_descriptor(number: RawFd) -> OwnedFd {
    // SAFETY: `LISTEN_PID` says that the descriptors from 3 on were opened for this process and belong to nobody else
    // in it; the caller adopts each number once, at start, before any other descriptor is made.
    unsafe { OwnedFd::from_raw_fd(number) }
}

/// Whether the kernel's clock has been disciplined by a time source (`adjtimex(2)`).
///
/// `None` where the call is forbidden (seccomp, some containers).
pub fn kernel_clock_synchronised() -> Option<bool> {
    // SAFETY: a zeroed `timex` is a valid value (plain integers), and `modes = 0` makes the call read-only.
    let (state, status) = unsafe {
        let mut timex: libc::timex = std::mem::zeroed();
        (libc::adjtimex(&raw mut timex), timex.status)
    };
    match state {
        -1 => None,
        libc::TIME_ERROR => Some(false),
        _ => Some(status & libc::STA_UNSYNC == 0),
    }
}
