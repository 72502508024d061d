//! How much the server holds at once and how long it waits, with defaults that suit a homelab.

use core::time::Duration;

use super::stop::Stop;

/// Limits and deadlines of the server. Deadlines are absolute: they count from the start of what
/// they name, not from the last byte.
#[derive(Clone)]
pub struct ServeOptions {
    /// Connections at once; lowered to what the descriptor limit allows.
    pub max_connections: usize,
    /// From accept, on a kept connection from the first byte, to the end of the head.
    pub head_timeout: Duration,
    /// From the end of the head to the end of the body.
    pub body_timeout: Duration,
    /// From an answer to the next request; longer than Caddy's 120 s, so that the proxy is the one
    /// to close.
    pub idle_timeout: Duration,
    /// From the first write that the client did not take to the end of the answer.
    pub write_timeout: Duration,
    /// From the end of a request to the worker's outcome.
    pub work_timeout: Duration,
    /// How long the rest of a refused request is read and dropped, so that the client can read the
    /// answer.
    pub linger_timeout: Duration,
    /// From SIGTERM to the end.
    pub drain_timeout: Duration,
    /// Octets that incomplete requests and unread answers may take, all connections together.
    pub buffer_budget: usize,
    /// Ends [`super::serve`] from another thread.
    pub stop: Option<Stop>,
    /// Whether SIGTERM, SIGINT and SIGHUP are taken; not so in tests, which share a process.
    pub take_signals: bool,
}

impl Default for ServeOptions {
    fn default() -> Self {
        Self {
            max_connections: 1_024,
            head_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(15),
            idle_timeout: Duration::from_secs(150),
            write_timeout: Duration::from_secs(15),
            work_timeout: Duration::from_secs(30),
            linger_timeout: Duration::from_secs(5),
            drain_timeout: Duration::from_secs(4),
            buffer_budget: 16 * 1024 * 1024,
            stop: None,
            take_signals: true,
        }
    }
}
