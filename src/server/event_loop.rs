//! The loop: waits for events and deadlines, and decides who gets a place.
//!
//! Guarantees: without connections nothing wakes it (a service manager's watchdog excepted); a full
//! table makes room by closing whose leaving costs least (see [`super::crowd`]); when descriptors
//! run out, accepting pauses instead of spinning.

use core::time::Duration;
use std::io;
use std::os::fd::OwnedFd;

use super::app::App;
use super::connection::{Connection, Standing};
use super::crowd::Crowd;
use super::descriptors::{connections_possible, is_shortage, spare};
use super::exchange::{Exchange, Fate};
use super::listen::Listener;
use super::listeners::Listeners;
use super::notify::Notifier;
use super::origin::Origin;
use super::peer::Peer;
use super::poll::{Interest, Poll, Token};
use super::serve_error::ServeError;
use super::settings::Settings;
use super::signals::{Asked, Signals};
use super::slots::Ticket;
use super::worker::Worker;
use crate::clock;
use log::{info, warn};

/// Connections accepted in one go, so that those at hand are not kept waiting.
const ACCEPTED_AT_ONCE: u32 = 64;
/// How soon accepting is tried again when descriptors ran out and no connection of ours has ended.
const ACCEPT_RETRY: Duration = Duration::from_secs(1);
/// Rounds in which requests that had arrived before the end are still picked up.
const LAST_ROUNDS: u32 = 16;
/// How long the end waits for the first request of a connection that was taken: its client has just
/// begun to speak.
const LAST_WORD: Duration = Duration::from_millis(500);

pub struct EventLoop<A: App> {
    poll: Poll,
    listeners: Listeners,
    crowd: Crowd<A::Announced>,
    exchange: Exchange<A>,
    signals: Option<Signals>,
    notifier: Notifier,
    /// Lets one connection in when descriptors have run out.
    spare: Option<OwnedFd>,
    /// Monotonic time at which the last turn began: a turn asks for it once.
    now: Duration,
    /// How often the end has been asked for and not yet heeded.
    stops: u32,
    /// Set once the end has begun: when it is over at the latest.
    end: Option<Duration>,
    due: Vec<Ticket>,
}

impl<A: App> EventLoop<A> {
    pub fn new(
        app: A,
        listeners: Vec<Listener>,
        worker: Worker<A::Job, A::Outcome>,
        settings: Settings,
    ) -> Result<Self, ServeError> {
        let limit = connections_possible(settings.max_connections)?;
        let poll = Poll::new().map_err(ServeError::system("epoll_create1"))?;
        let watch = ServeError::system("epoll_ctl");
        let signals = match settings.take_signals {
            true => Some(Signals::open().map_err(ServeError::system("signalfd"))?),
            false => None,
        };
        if let Some(signals) = &signals {
            poll.watch(signals, Token::Signals, Interest::Read).map_err(&watch)?;
        }
        if let Some(stop) = &settings.stop {
            poll.watch(&*stop.0, Token::Stop, Interest::Read).map_err(&watch)?;
        }
        poll.watch(&worker, Token::Worker, Interest::Read).map_err(&watch)?;
        let listeners = Listeners::watched(listeners, &poll).map_err(&watch)?;
        Ok(Self {
            poll,
            listeners,
            crowd: Crowd::new(limit),
            exchange: Exchange::new(app, worker, settings),
            signals,
            notifier: Notifier::from_environment(),
            spare: spare(),
            now: clock::monotonic(),
            stops: 0,
            end: None,
            due: Vec::new(),
        })
    }

    pub fn run(mut self) -> Result<(), ServeError> {
        self.notifier.ready("Serving");
        self.notifier.plan_alive(self.now);
        while !self.is_over() {
            self.turn(self.patience())?;
            if self.stops > 0 {
                self.begin_end()?;
            }
        }
        let left = self.end.unwrap_or_default().saturating_sub(clock::monotonic());
        self.crowd = Crowd::new(0);
        if !self.exchange.dialogue.worker.finish(left) {
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
                Token::Connection(ticket) => self.attend(ticket, gone, now),
                Token::Listener(_) => {}
                Token::Worker => self.take_outcomes(now)?,
                Token::Signals => self.heed_signals(now),
                Token::Stop => self.stops = self.stops.saturating_add(1),
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
        let (expiry, alive) = (self.crowd.next_expiry(), self.notifier.next_alive());
        let next = [expiry, alive, self.listeners.retry(), self.end].into_iter().flatten().min()?;
        Some(next.saturating_sub(self.now))
    }

    fn is_over(&self) -> bool {
        self.end.is_some_and(|end| self.crowd.is_empty() || clock::monotonic() >= end)
    }

    /// A connection's event.
    fn attend(&mut self, ticket: Ticket, gone: bool, now: Duration) {
        let Some(connection) = self.crowd.get_mut(ticket) else { return };
        let fate = match connection.registered {
            Interest::Read => self.exchange.readable(ticket, connection, now),
            Interest::Write => self.exchange.writable(ticket, connection, now),
            Interest::Nothing if gone => Fate::Ends,
            Interest::Nothing => Fate::Stays,
        };
        self.settle(ticket, fate);
    }

    /// Brings the epoll set, the next deadline and the budget in line with a connection after an
    /// event.
    fn settle(&mut self, ticket: Ticket, fate: Fate) {
        let Some(connection) = self.crowd.get_mut(ticket) else { return };
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
        let gives_way = connection.standing() != Standing::Busy;
        self.crowd.note(ticket);
        while self.crowd.buffered() > self.exchange.dialogue.settings.buffer_budget {
            let Some(first) = self.crowd.first_to_free_memory() else { break };
            self.close(first);
        }
        if gives_way && self.end.is_none() {
            self.listeners.resume(&self.poll);
        }
    }

    fn close(&mut self, ticket: Ticket) {
        let Some(connection) = self.crowd.remove(ticket) else { return };
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
            if self.crowd.is_full() && self.crowd.first_to_give_way(None).is_none() {
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
        let may_fill = self.exchange.dialogue.app.may_fill(&peer);
        let origin = if may_fill { None } else { Origin::of(&peer) };
        if let Some(origin) = origin.filter(|origin| self.crowd.has_its_share(*origin)) {
            match self.crowd.first_to_give_way(Some(origin)) {
                Some(first) => self.close(first),
                None => return,
            }
        }
        if self.crowd.is_full() && !self.make_room() {
            return;
        }
        let deadline = now.saturating_add(self.exchange.dialogue.settings.head_timeout);
        let Some(ticket) = self.crowd.insert(Connection::new(stream, peer, origin, now, deadline))
        else {
            return;
        };
        let Some(connection) = self.crowd.get_mut(ticket) else { return };
        if self.poll.watch(&*connection, Token::Connection(ticket), Interest::Read).is_err() {
            return self.close(ticket);
        }
        self.take_census();
    }

    fn take_census(&mut self) {
        self.exchange.dialogue.app.on_census(self.crowd.len(), self.crowd.limit());
    }

    /// Closes whose leaving costs least. `false`: all are busy.
    fn make_room(&mut self) -> bool {
        let Some(first) = self.crowd.first_to_give_way(None) else { return false };
        self.close(first);
        true
    }

    fn take_outcomes(&mut self, now: Duration) -> Result<(), ServeError> {
        self.exchange.dialogue.worker.hear();
        while let Some((asker, outcome)) =
            self.exchange.dialogue.worker.outcome().map_err(|_| ServeError::WorkerGone)?
        {
            let asker = asker.and_then(|ticket| {
                self.crowd.get_mut(ticket).map(|connection| (ticket, connection))
            });
            let ticket = asker.as_ref().map(|(ticket, _)| *ticket);
            let reloaded = A::ends_reload(&outcome);
            let fate = self.exchange.outcome(outcome, asker, now);
            if reloaded {
                self.notifier.ready("Serving");
            }
            if let Some(ticket) = ticket {
                self.settle(ticket, fate);
            }
            self.run_errand(false);
        }
        Ok(())
    }

    fn run_errand(&mut self, ending: bool) {
        let dialogue = &mut self.exchange.dialogue;
        if let Some(job) = dialogue.app.errand(ending)
            && dialogue.worker.submit(None, job, true).is_err()
        {
            warn!("the worker is too busy for an errand");
        }
    }

    fn heed_signals(&mut self, now: Duration) {
        while let Some(asked) = self.signals.as_ref().and_then(Signals::next) {
            match asked {
                Asked::Stop => self.stops = self.stops.saturating_add(1),
                Asked::Reload => self.reload(now),
            }
        }
    }

    /// Files are read by the worker; the outcome says when it is over.
    fn reload(&mut self, now: Duration) {
        self.notifier.reloading(now);
        let dialogue = &mut self.exchange.dialogue;
        let submitted = dialogue.app.on_reload().map(|job| dialogue.worker.submit(None, job, true));
        if let Some(Ok(())) = submitted {
            return;
        }
        if submitted.is_some() {
            warn!("the worker is too busy to reload, the old settings stay; send SIGHUP again");
        }
        self.notifier.ready("Serving");
    }

    /// Deadlines that have passed, the watchdog, a pause that is over.
    fn keep_time(&mut self, now: Duration) {
        let mut due = core::mem::take(&mut self.due);
        self.crowd.add_expired(now, &mut due);
        for ticket in due.drain(..) {
            if let Some(connection) = self.crowd.get_mut(ticket) {
                let fate = self.exchange.expired(connection, now);
                self.settle(ticket, fate);
            }
        }
        self.due = due;
        self.crowd.look_ahead(now);
        self.notifier.keep_alive(now);
        if self.listeners.retry().is_some_and(|retry| now >= retry) {
            self.listeners.resume(&self.poll);
        }
    }

    /// Stops listening, answers what has arrived, and closes who asks for nothing more; who has not
    /// asked yet gets a moment for it. Who waits on a socket that outlives us is left to the next
    /// process. Asked again, ends at once.
    fn begin_end(&mut self) -> Result<(), ServeError> {
        let now = clock::monotonic();
        self.stops = 0;
        if self.end.is_some() {
            self.end = Some(now);
            return Ok(());
        }
        info!("stopping");
        self.notifier.stopping();
        self.end = Some(now.saturating_add(self.exchange.dialogue.settings.drain_timeout));
        self.exchange.dialogue.draining = true;
        self.run_errand(true);
        if let Some(stop) = &self.exchange.dialogue.settings.stop {
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
        for ticket in self.crowd.idle() {
            match self.crowd.get_mut(ticket) {
                Some(newcomer) if !newcomer.answered => {
                    newcomer.deadline = newcomer.deadline.min(now.saturating_add(LAST_WORD));
                    self.crowd.note(ticket);
                }
                _ => self.close(ticket),
            }
        }
        Ok(())
    }
}
