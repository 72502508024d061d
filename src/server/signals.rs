//! Signals as events (signalfd(2)): SIGTERM and SIGINT end the daemon, SIGHUP reloads.

use std::os::fd::{AsFd, BorrowedFd};

use nix::errno::Errno;
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SignalAction {
    Stop,
    Reload,
}

/// Keeps SIGTERM, SIGINT and SIGHUP back until [`super::serve`] reads them. To be called before the
/// first thread is started, since threads inherit it and a signal may go to any of them.
pub fn hold() -> Result<(), Errno> {
    ours().thread_block()
}

fn ours() -> SigSet {
    SigSet::from_iter([Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP])
}

/// The descriptor that becomes readable when a signal is there.
pub(super) struct Signals(SignalFd);

impl Signals {
    pub fn open() -> Result<Self, Errno> {
        hold()?;
        SignalFd::with_flags(&ours(), SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC).map(Self)
    }

    /// The next signal; `None` when there is none (any more).
    pub fn next(&self) -> Option<SignalAction> {
        let signal = self.0.read_signal().ok().flatten()?;
        let number = i32::try_from(signal.ssi_signo).ok()?;
        Some(if Signal::try_from(number) == Ok(Signal::SIGHUP) {
            SignalAction::Reload
        } else {
            SignalAction::Stop
        })
    }
}

impl AsFd for Signals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
