//! The part that waits: sockets, deadlines, signals and the worker thread, all on one
//! level-triggered epoll loop.
//!
//! Guarantees: a request answered at its head costs one read, one write and no allocation; a
//! connection owns a buffer only while a request is incomplete; every wait has an absolute
//! deadline; who does not read or does not ask gives way to what is new when the table is full; the
//! loop never waits for the [`App`]'s slow work, which has a bounded queue and its own thread.
//! Leaves out: TLS and HTTP/2, which the proxy in front speaks.
//!
//! Read on in [`event_loop`], then [`connection_io`] (bytes in and out of one connection) and
//! [`http1`] (requests in those bytes, and the answers to them).

mod app;
mod connection;
mod connection_io;
mod connection_table;
mod control_access;
mod descriptors;
mod event_loop;
mod http1;
mod inherit;
mod listen;
mod listen_address;
mod listeners;
mod notify;
mod peer;
mod peer_network;
mod poll;
mod serve_error;
mod serve_options;
mod serving;
mod shutdown;
pub mod signals;
mod slots;
mod stop;
mod worker;

pub use app::{App, Next, Request};
pub use control_access::ControlAccess;
pub use inherit::inherited;
pub use listen::{BindError, Listener, bind, bind_beside};
pub use listen_address::{BadListenAddress, LONGEST_SOCKET_PATH, ListenAddress};
pub use peer::{Credentials, ListenerRole, Peer, PeerAddress};
pub use serve_error::ServeError;
pub use serve_options::ServeOptions;
pub use serving::serve;
pub use stop::Stop;
pub use worker::Worker;
