//! Why the server cannot start or go on, in words for who starts it.

use core::fmt;

use nix::errno::Errno;

/// Why the server cannot start or go on.
#[derive(Debug)]
pub enum ServeError {
    /// The kernel refuses what the loop is built on.
    System {
        /// Which call.
        call: &'static str,
        /// Its error.
        errno: Errno,
    },
    /// The worker thread ended by itself.
    WorkerGone,
    /// The descriptor limit leaves no room for connections.
    TooFewDescriptors {
        /// `RLIMIT_NOFILE`.
        limit: u64,
    },
}

impl ServeError {
    /// A refusal of that call.
    pub(super) fn system(call: &'static str) -> impl Fn(Errno) -> Self {
        move |errno| Self::System { call, errno }
    }
}

impl fmt::Display for ServeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System { call, errno } => {
                write!(f, "the kernel refused {call}: {}", errno.desc())
            }
            Self::WorkerGone => {
                f.write_str("the worker thread ended; see the lines before this one for the cause")
            }
            Self::TooFewDescriptors { limit } => {
                write!(
                    f,
                    "the descriptor limit of {limit} is too low; raise it (LimitNOFILE=, ulimit -n) to at least 128"
                )
            }
        }
    }
}

impl std::error::Error for ServeError {}
