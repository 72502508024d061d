//! The way in: one call that serves until the end.

use super::app::App;
use super::event_loop::EventLoop;
use super::listen::Listener;
use super::serve_error::ServeError;
use super::serve_options::ServeOptions;
use super::worker::Worker;

/// Serves `listeners` until SIGTERM, SIGINT or [`ServeOptions::stop`], then finishes what is in
/// flight and returns.
///
/// Call [`super::signals::hold`] before the first thread of the process is started, else a signal
/// may reach a thread that dies of it.
pub fn serve<A: App>(
    app: A,
    listeners: Vec<Listener>,
    worker: Worker<A::Job, A::Outcome>,
    options: ServeOptions,
) -> Result<(), ServeError> {
    EventLoop::new(app, listeners, worker, options)?.run()
}
