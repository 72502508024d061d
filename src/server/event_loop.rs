//! The loop: waits for events and deadlines, and decides who gets a place.
//!
//! Guarantees: without connections nothing wakes it (a service manager's watchdog excepted); a full
//! table makes room by closing whose leaving costs least (see [`super::connection_table`]); when
//! descriptors run out, accepting pauses instead of spinning.
//!
//! Deadlines are by the system's monotonic clock, not by one that was handed in: the kernel's waits
//! know no other. Tests shorten them by [`ServeOptions`].

use core::time::Duration;
use std::io;
use std::os::fd::OwnedFd;

use super::app::App;
use super::connection::{Connection, EvictionClass};
use super::connection_io::{ConnectionIo, Fate};
use super::connection_table::ConnectionTable;
use super::descriptors::{connections_possible, is_shortage, spare};
use super::listen::Listener;
use super::listeners::Listeners;
use super::notify::Notifier;
use super::peer::Peer;
use super::peer_network::PeerNetwork;
use super::poll::{Interest, Poll, Token};
use super::serve_error::ServeError;
use super::serve_options::ServeOptions;
use super::shutdown::{FIRST_REQUEST_GRACE, LAST_ROUNDS, Shutdown};
use super::signals::{SignalAction, Signals};
use super::slots::Ticket;
use super::worker::Worker;
use crate::clock;
use log::{info, warn};

/// Connections accepted in one go, so that those at hand are not kept waiting.
const ACCEPTED_AT_ONCE: u32 = 64;
/// How soon accepting is tried again when descriptors ran out and no connection of ours has ended.
const ACCEPT_RETRY: Duration = Duration::from_secs(1);

pub struct EventLoop<A: App> {
    poll: Poll,
    listeners: Listeners,
    connections: ConnectionTable<A::Announced>,
    io: ConnectionIo<A>,
    signals: Option<Signals>,
    notifier: Notifier,
    /// Lets one connection in when descriptors have run out.
    spare: Option<OwnedFd>,
    /// Monotonic time at which the last turn began: a turn asks for it once.
    now: Duration,
    shutdown: Shutdown,
    due: Vec<Ticket>,
}

impl<A: App> EventLoop<A> {
    pub fn new(
        app: A,
        listeners: Vec<Listener>,
        worker: Worker<A::Job, A::Outcome>,
        options: ServeOptions,
    ) -> Result<Self, ServeError> {
        let limit = connections_possible(options.max_connections)?;
        let poll = Poll::new().map_err(ServeError::system("epoll_create1"))?;
        let watch = ServeError::system("epoll_ctl");
        let signals = options.take_signals.then(Signals::open).transpose();
        let signals = signals.map_err(ServeError::system("signalfd"))?;
        if let Some(signals) = &signals {
            poll.watch(signals, Token::Signals, Interest::Read).map_err(&watch)?;
        }
        if let Some(stop) = &options.stop {
            poll.watch(&*stop.0, Token::Stop, Interest::Read).map_err(&watch)?;
        }
        poll.watch(&worker, Token::Worker, Interest::Read).map_err(&watch)?;
        let listeners = Listeners::watched(listeners, &poll).map_err(&watch)?;
        Ok(Self {
            poll,
            listeners,
            connections: ConnectionTable::new(limit),
            io: ConnectionIo::new(app, worker, options),
            signals,
            notifier: Notifier::from_environment(),
            spare: spare(),
            now: clock::monotonic(),
            shutdown: Shutdown::default(),
            due: Vec::new(),
        })
    }

    pub fn run(mut self) -> Result<(), ServeError> {
        self.notifier.ready("Serving");
        self.notifier.plan_alive(self.now);
        while !self.is_over() {
            self.turn(self.patience())?;
            if self.shutdown.was_asked_for() {
                self.begin_drain()?;
            }
        }
        let left = self.shutdown.left(clock::monotonic());
        self.connections = ConnectionTable::new(0);
        if !self.io.http.worker.finish(left) {
            warn!("the worker did not finish in time");
        }
        Ok(())
    }

    /// One wait, and what follows from it.
    fn turn(&mut self, patience: Option<Duration>) -> Result<usize, ServeError> {
        let count = self.poll.wait(patience).map_err(ServeError::system("epoll_wait"))?;
        let now = clock::monotonic();
        self.now = now;
        for index in 0..count {
            let Some((token, gone)) = self.poll.event(index) else { break };
            match token {
                Token::Connection(ticket) => self.handle_event(ticket, gone, now),
                Token::Listener(_) => {}
                Token::Worker => self.take_outcomes(now)?,
                Token::Signals => self.handle_signals(now),
                Token::Stop => self.shutdown.ask(),
            }
        }
        // Newcomers last: who has sent a request by now no longer counts as waiting, and keeps its
        // place.
        for index in 0..count {
            if let Some((Token::Listener(place), _)) = self.poll.event(index) {
                self.accept(place, now);
            }
        }
        self.keep_time(now);
        Ok(count)
    }

    /// How long nothing needs doing by itself, as of the last turn's beginning; `None`: for ever.
    fn patience(&self) -> Option<Duration> {
        let (expiry, alive) = (self.connections.next_expiry(), self.notifier.next_alive());
        let end = self.shutdown.deadline();
        let next = [expiry, alive, self.listeners.retry(), end].into_iter().flatten().min()?;
        Some(next.saturating_sub(self.now))
    }

    fn is_over(&self) -> bool {
        let end = self.shutdown.deadline();
        end.is_some_and(|end| self.connections.is_empty() || clock::monotonic() >= end)
    }

    /// A connection's event.
    fn handle_event(&mut self, ticket: Ticket, gone: bool, now: Duration) {
        let Some(connection) = self.connections.get_mut(ticket) else { return };
        let fate = match connection.registered {
            Interest::Read => self.io.readable(ticket, connection, now),
            Interest::Write => self.io.writable(ticket, connection, now),
            Interest::Nothing if gone => Fate::Ends,
            Interest::Nothing => Fate::Stays,
        };
        self.settle(ticket, fate);
    }

    /// Brings the epoll set, the next deadline and the budget in line with a connection after an
    /// event.
    fn settle(&mut self, ticket: Ticket, fate: Fate) {
        let Some(connection) = self.connections.get_mut(ticket) else { return };
        let interest = connection.interest();
        if fate == Fate::Stays && interest != connection.registered {
            if self.poll.change(&*connection, Token::Connection(ticket), interest).is_err() {
                return self.close(ticket);
            }
            connection.registered = interest;
        }
        if fate == Fate::Ends {
            return self.close(ticket);
        }
        let gives_way = connection.eviction_class() != EvictionClass::Busy;
        self.connections.note(ticket);
        while self.connections.buffered() > self.io.http.options.buffer_budget {
            let Some(first) = self.connections.first_to_evict_for_memory() else { break };
            self.close(first);
        }
        if gives_way && self.shutdown.deadline().is_none() {
            self.listeners.resume(&self.poll);
        }
    }

    fn close(&mut self, ticket: Ticket) {
        let Some(connection) = self.connections.remove(ticket) else { return };
        drop(connection);
        self.take_census();
        if self.spare.is_none() {
            self.spare = spare();
        }
        self.listeners.resume(&self.poll);
    }

    /// A listener has connections waiting.
    fn accept(&mut self, place: u32, now: Duration) {
        for _ in 0..ACCEPTED_AT_ONCE {
            if self.listeners.is_paused() {
                return;
            }
            if self.connections.is_full() && self.connections.first_to_evict(None).is_none() {
                return self.listeners.pause(&self.poll, None);
            }
            let Some(listener) = self.listeners.get(place) else { return };
            match listener.accept() {
                Ok((stream, peer)) => self.admit(stream, peer, now),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) if is_shortage(&error) => {
                    if self.spare.take().is_none() && !self.make_room() {
                        warn!("no descriptors left, accepting pauses: {error}");
                        return self
                            .listeners
                            .pause(&self.poll, Some(now.saturating_add(ACCEPT_RETRY)));
                    }
                }
                // The client left before it was accepted (accept(2) passes on pending network
                // errors).
                Err(_) => {}
            }
        }
    }

    fn admit(&mut self, stream: OwnedFd, peer: Peer, now: Duration) {
        let may_fill = self.io.http.app.may_fill(&peer);
        let network = if may_fill { None } else { PeerNetwork::of(&peer) };
        if let Some(network) = network.filter(|network| self.connections.has_its_share(*network)) {
            match self.connections.first_to_evict(Some(network)) {
                Some(first) => self.close(first),
                None => return,
            }
        }
        if self.connections.is_full() && !self.make_room() {
            return;
        }
        let deadline = now.saturating_add(self.io.http.options.head_timeout);
        let Some(ticket) =
            self.connections.insert(Connection::new(stream, peer, network, now, deadline))
        else {
            return;
        };
        let Some(connection) = self.connections.get_mut(ticket) else { return };
        if self.poll.watch(&*connection, Token::Connection(ticket), Interest::Read).is_err() {
            return self.close(ticket);
        }
        self.take_census();
    }

    fn take_census(&mut self) {
        self.io.http.app.on_census(self.connections.len(), self.connections.limit());
    }

    /// Closes whose leaving costs least. `false`: all are busy.
    fn make_room(&mut self) -> bool {
        let Some(first) = self.connections.first_to_evict(None) else { return false };
        self.close(first);
        true
    }

    fn take_outcomes(&mut self, now: Duration) -> Result<(), ServeError> {
        self.io.http.worker.clear_wakeup();
        while let Some((reply_to, outcome)) =
            self.io.http.worker.outcome().map_err(|_| ServeError::WorkerGone)?
        {
            let reply_to = reply_to.and_then(|ticket| {
                self.connections.get_mut(ticket).map(|connection| (ticket, connection))
            });
            let ticket = reply_to.as_ref().map(|(ticket, _)| *ticket);
            let reloaded = A::ends_reload(&outcome);
            let fate = self.io.outcome(outcome, reply_to, now);
            if reloaded {
                self.notifier.ready("Serving");
            }
            if let Some(ticket) = ticket {
                self.settle(ticket, fate);
            }
            self.io.http.submit_background_job(false);
        }
        Ok(())
    }

    fn handle_signals(&mut self, now: Duration) {
        while let Some(asked) = self.signals.as_ref().and_then(Signals::next) {
            match asked {
                SignalAction::Stop => self.shutdown.ask(),
                SignalAction::Reload => self.reload(now),
            }
        }
    }

    /// Files are read by the worker; the outcome says when it is over.
    fn reload(&mut self, now: Duration) {
        self.notifier.reloading(now);
        if !self.io.http.submit_reload() {
            self.notifier.ready("Serving");
        }
    }

    /// Deadlines that have passed, the watchdog, a pause that is over.
    fn keep_time(&mut self, now: Duration) {
        let mut due = core::mem::take(&mut self.due);
        self.connections.add_expired(now, &mut due);
        for ticket in due.drain(..) {
            if let Some(connection) = self.connections.get_mut(ticket) {
                let fate = self.io.expired(connection, now);
                self.settle(ticket, fate);
            }
        }
        self.due = due;
        self.connections.look_ahead(now);
        self.notifier.keep_alive(now);
        if self.listeners.retry().is_some_and(|retry| now >= retry) {
            self.listeners.resume(&self.poll);
        }
    }

    /// Stops listening, answers what has arrived, and closes who asks for nothing more; who has not
    /// asked yet gets a moment for it. Who waits on a socket that outlives us is left to the next
    /// process. Asked again, ends at once.
    fn begin_drain(&mut self) -> Result<(), ServeError> {
        let now = clock::monotonic();
        if !self.shutdown.begin(now, self.io.http.options.drain_timeout) {
            return Ok(());
        }
        info!("stopping");
        self.notifier.stopping();
        self.io.http.draining = true;
        self.io.http.submit_background_job(true);
        if let Some(stop) = &self.io.http.options.stop {
            // Its counter stays up, and would wake the loop for ever.
            let _ = self.poll.forget(&*stop.0);
        }
        for place in self.listeners.that_end_with_us() {
            self.accept(place, now);
        }
        self.listeners.end(&self.poll);
        // What has arrived is answered before its connection counts as idle.
        for _ in 0..LAST_ROUNDS {
            if self.turn(Some(Duration::ZERO))? == 0 {
                break;
            }
        }
        for ticket in self.connections.idle() {
            match self.connections.get_mut(ticket) {
                Some(newcomer) if !newcomer.answered => {
                    newcomer.deadline =
                        newcomer.deadline.min(now.saturating_add(FIRST_REQUEST_GRACE));
                    self.connections.note(ticket);
                }
                _ => self.close(ticket),
            }
        }
        Ok(())
    }
}
