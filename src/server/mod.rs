//! The part that waits: sockets, deadlines, signals and the worker thread, all on one
//! level-triggered epoll loop.
//!
//! Guarantees: a request answered at its head costs one read, one write and no allocation; a
//! connection owns a buffer only while a request is incomplete; every wait has an absolute
//! deadline; who does not read or does not ask gives way to what is new when the table is full; the
//! loop never waits for the [`App`]'s slow work, which has a bounded queue and its own thread.
//! Leaves out: TLS and HTTP/2, which the proxy in front speaks.
//!
//! Read on in [`event_loop`], then [`exchange`] (what happens on one connection) and [`dialogue`]
//! (what is said on it).

mod app;
mod connection;
mod crowd;
mod descriptors;
mod dialogue;
mod event_loop;
mod exchange;
mod inherit;
mod listen;
mod listen_address;
mod listeners;
mod notify;
mod operators;
mod origin;
mod peer;
mod poll;
mod serve_error;
mod serving;
mod settings;
pub mod signals;
mod slots;
mod stop;
mod worker;

pub use app::{App, Next, Request};
pub use inherit::inherited;
pub use listen::{BindError, Listener, bind, bind_beside};
pub use listen_address::{BadListenAddress, LONGEST_SOCKET_PATH, ListenAddress};
pub use operators::Operators;
pub use peer::{Credentials, Peer, PeerAddress, Role};
pub use serve_error::ServeError;
pub use serving::serve;
pub use settings::Settings;
pub use stop::Stop;
pub use worker::Worker;
