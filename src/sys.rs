//! System calls that have no safe wrapper in `nix`: the only file where `unsafe` is allowed.
#![allow(unsafe_code, reason = "each block says why it is sound")]

use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd, RawFd};

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

/// Whether the process at the other end of a Unix socket was a member of `group` when it connected (`SO_PEERGROUPS`,
/// Linux 4.13). The kernel knows more than the group database: it also tells what a container or a user name space sees.
///
/// `false` where the kernel does not tell, or tells of more than 1,024 groups.
pub fn peer_is_member(socket: &impl AsFd, group: u32) -> bool {
    let mut groups: [libc::gid_t; 1024] = [0; 1024];
    let mut length = libc::socklen_t::try_from(size_of_val(&groups)).unwrap_or(0);
    // SAFETY: the kernel writes at most `length` octets, which is the size of `groups`, whose elements are plain integers,
    // and the descriptor is open for as long as it is borrowed.
    let done = unsafe {
        libc::getsockopt(
            socket.as_fd().as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_PEERGROUPS,
            groups.as_mut_ptr().cast(),
            &raw mut length,
        )
    };
    let told = usize::try_from(length).unwrap_or(0) / size_of::<libc::gid_t>();
    done == 0 && groups.iter().take(told).any(|member| *member == group)
}
