//! Level-triggered epoll with typed tokens (epoll(7)).

use core::time::Duration;
use std::os::fd::AsFd;

use nix::errno::Errno;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};

use super::slots::Ticket;

/// Events taken from the kernel at once.
const BATCH: usize = 64;

/// What a descriptor in the set stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token {
    Connection(Ticket),
    /// The listener's place in the list.
    Listener(u32),
    Signals,
    Worker,
    Stop,
}

impl Token {
    /// Kind in the highest octet, slot in three, generation in four.
    fn encode(self) -> u64 {
        let (kind, slot, generation): (u64, u32, u32) = match self {
            Self::Connection(ticket) => (0, ticket.slot, ticket.generation),
            Self::Listener(place) => (1, place, 0),
            Self::Signals => (2, 0, 0),
            Self::Worker => (3, 0, 0),
            Self::Stop => (4, 0, 0),
        };
        kind << 56 | (u64::from(slot) & 0x00ff_ffff) << 32 | u64::from(generation)
    }

    fn decode(data: u64) -> Self {
        let low = |number: u64| u32::try_from(number & 0xffff_ffff).unwrap_or(0);
        let slot = low(data >> 32) & 0x00ff_ffff;
        match data >> 56 {
            0 => Self::Connection(Ticket { slot, generation: low(data) }),
            1 => Self::Listener(slot),
            2 => Self::Signals,
            3 => Self::Worker,
            _ => Self::Stop,
        }
    }
}

/// What to be woken for. Errors and hang-ups always wake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interest {
    Nothing,
    Read,
    Write,
}

impl Interest {
    fn flags(self) -> EpollFlags {
        match self {
            Self::Nothing => EpollFlags::empty(),
            Self::Read => EpollFlags::EPOLLIN,
            Self::Write => EpollFlags::EPOLLOUT,
        }
    }
}

/// The set of descriptors that is waited on.
pub struct Poll {
    epoll: Epoll,
    events: Vec<EpollEvent>,
}

impl Poll {
    pub fn new() -> Result<Self, Errno> {
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        Ok(Self { epoll, events: vec![EpollEvent::empty(); BATCH] })
    }

    pub fn watch(
        &self,
        descriptor: impl AsFd,
        token: Token,
        interest: Interest,
    ) -> Result<(), Errno> {
        self.epoll.add(descriptor, EpollEvent::new(interest.flags(), token.encode()))
    }

    pub fn change(
        &self,
        descriptor: impl AsFd,
        token: Token,
        interest: Interest,
    ) -> Result<(), Errno> {
        self.epoll.modify(descriptor, &mut EpollEvent::new(interest.flags(), token.encode()))
    }

    pub fn forget(&self, descriptor: impl AsFd) -> Result<(), Errno> {
        self.epoll.delete(descriptor)
    }

    /// Waits for at most `timeout` (for ever without one), rounded up to whole milliseconds.
    /// Returns how many events there are; [`Poll::event`] has them.
    pub fn wait(&mut self, timeout: Option<Duration>) -> Result<usize, Errno> {
        let timeout = match timeout {
            None => EpollTimeout::NONE,
            Some(timeout) => {
                let millis = timeout.as_nanos().div_ceil(1_000_000);
                EpollTimeout::try_from(millis).unwrap_or(EpollTimeout::MAX)
            }
        };
        match self.epoll.wait(&mut self.events, timeout) {
            Err(Errno::EINTR) => Ok(0),
            result => result,
        }
    }

    /// The token of event `index`, and whether the descriptor hung up or failed.
    pub fn event(&self, index: usize) -> Option<(Token, bool)> {
        let event = self.events.get(index)?;
        let gone = event.events().intersects(EpollFlags::EPOLLHUP | EpollFlags::EPOLLERR);
        Some((Token::decode(event.data()), gone))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_survive_the_kernel() {
        let ticket = Ticket { slot: 0x00ff_fffe, generation: u32::MAX };
        for token in [
            Token::Connection(ticket),
            Token::Listener(3),
            Token::Signals,
            Token::Worker,
            Token::Stop,
        ] {
            assert_eq!(Token::decode(token.encode()), token);
        }
    }
}
