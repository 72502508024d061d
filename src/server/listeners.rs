//! All listeners of the loop, and whether they are listened to: accepting pauses where there is no
//! room.

use core::time::Duration;
use nix::errno::Errno;

use super::listen::Listener;
use super::poll::{Interest, Poll, Token};

pub struct Listeners {
    all: Vec<Listener>,
    /// Accepting pauses; with a time, it is tried again then.
    paused: Option<Option<Duration>>,
}

impl Listeners {
    /// Watches each of them under its number.
    pub fn watched(all: Vec<Listener>, poll: &Poll) -> Result<Self, Errno> {
        let listeners = Self { all, paused: None };
        for (place, listener) in listeners.numbered() {
            poll.watch(listener, Token::Listener(place), Interest::Read)?;
        }
        Ok(listeners)
    }

    fn numbered(&self) -> impl Iterator<Item = (u32, &Listener)> {
        (0..).zip(&self.all)
    }

    pub fn get(&self, place: u32) -> Option<&Listener> {
        usize::try_from(place).ok().and_then(|place| self.all.get(place))
    }

    pub fn is_paused(&self) -> bool {
        self.paused.is_some()
    }

    /// When accepting is tried again, if there is a time for it.
    pub fn retry(&self) -> Option<Duration> {
        self.paused.flatten()
    }

    pub fn pause(&mut self, poll: &Poll, retry: Option<Duration>) {
        for listener in &self.all {
            // One that cannot be taken out only costs wake-ups.
            let _ = poll.forget(listener);
        }
        self.paused = Some(retry);
    }

    pub fn resume(&mut self, poll: &Poll) {
        if self.paused.take().is_none() {
            return;
        }
        for (place, listener) in self.numbered() {
            let _ = poll.watch(listener, Token::Listener(place), Interest::Read);
        }
    }

    /// The numbers of those whose callers nobody answers after us.
    pub fn that_end_with_us(&self) -> Vec<u32> {
        self.numbered()
            .filter(|(_, listener)| !listener.outlives_us())
            .map(|(place, _)| place)
            .collect()
    }

    /// Closes all of them.
    pub fn end(&mut self, poll: &Poll) {
        self.pause(poll, None);
        self.all.clear();
    }
}
