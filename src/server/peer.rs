//! Who is at the other end of a connection, as the kernel reports it, and which listener the
//! connection came through.

use std::net::IpAddr;

/// Which kind of listener a connection came through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListenerRole {
    /// Visitors, by way of the proxy.
    Public,
    /// The operator's command line.
    Control,
    /// The operator's Prometheus.
    Metrics,
}

/// Who is at the other end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    /// The peer's own address: the proxy's, not the visitor's.
    pub address: PeerAddress,
    /// The listener's role.
    pub role: ListenerRole,
    /// The peer's process, for Unix sockets.
    pub credentials: Option<Credentials>,
}

/// Where a connection comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeerAddress {
    /// Address and port; `::ffff:a.b.c.d` is already `a.b.c.d`.
    Ip(IpAddr, u16),
    /// A Unix socket.
    Unix,
}

/// What the kernel says about the process that connected to a Unix socket (`SO_PEERCRED`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// Effective user at connect time.
    pub uid: u32,
    /// Effective group at connect time.
    pub gid: u32,
    /// Process, seen from our own namespace.
    pub pid: i32,
    /// Whether it is a member of the group that owns the control socket; always `false` on other
    /// sockets.
    pub operator: bool,
}
