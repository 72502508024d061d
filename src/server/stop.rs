//! The end of a running server, asked for by another thread of its process.

use std::sync::Arc;

use nix::errno::Errno;
use nix::sys::eventfd::{EfdFlags, EventFd};

/// Asks a running [`super::serve`] to drain and return, as SIGTERM does.
#[derive(Clone)]
pub struct Stop(pub(super) Arc<EventFd>);

impl Stop {
    /// A handle to put into [`super::ServeOptions::stop`].
    pub fn new() -> Result<Self, Errno> {
        let flags = EfdFlags::EFD_NONBLOCK | EfdFlags::EFD_CLOEXEC;
        Ok(Self(Arc::new(EventFd::from_flags(flags)?)))
    }

    /// Asks. Returns at once; `serve` returns after the drain.
    pub fn stop(&self) {
        // A counter that is full has been asked already.
        let _ = self.0.write(1);
    }
}
