//! Open-loop load: requests at a fixed rate, each timed from the moment it was due.
//!
//! A request that has to wait because the ones before are late counts its waiting (no coordinated
//! omission). The client polls without sleeping, on a core of its own, so that its own wake-ups are
//! in no figure.

use std::collections::VecDeque;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::SocketAddr;
use std::time::Duration;

use portcullis::clock;

use crate::Fallible;
use crate::http::{Connection, whole};
use crate::load::Question;

struct Lane {
    connection: Connection,
    /// When the request under way was due.
    due: Option<Duration>,
    answer: Vec<u8>,
}

/// Asks `rate` times a second for `seconds` over `connections`; gives each answer's time in
/// microseconds, sorted.
pub fn steady(
    address: SocketAddr,
    question: &Question,
    rate: u32,
    seconds: u32,
    connections: usize,
) -> Fallible<Vec<f64>> {
    let bytes = question.bytes();
    let mut lanes = Vec::new();
    for _ in 0..connections {
        let mut connection = Connection::open(address)?;
        connection.ask(&bytes)?;
        connection.stream.set_nonblocking(true)?;
        lanes.push(Lane { connection, due: None, answer: Vec::new() });
    }
    let total = rate * seconds;
    let (step, begun) =
        (Duration::from_secs(1) / rate, clock::monotonic() + Duration::from_millis(1));
    let mut waiting: VecDeque<Duration> = VecDeque::new();
    let (mut planned, mut times) = (0, Vec::new());
    while times.len() < usize::try_from(total)? {
        let now = clock::monotonic();
        while planned < total && begun + step * planned <= now {
            waiting.push_back(begun + step * planned);
            planned += 1;
        }
        for lane in &mut lanes {
            if lane.due.is_none()
                && let Some(due) = waiting.pop_front()
            {
                lane.connection.stream.write_all(&bytes)?;
                lane.due = Some(due);
            }
            if let Some(due) = lane.due
                && lane.answered()?
            {
                times.push((clock::monotonic() - due).as_secs_f64() * 1e6);
                lane.due = None;
            }
        }
        if now > begun + Duration::from_secs(u64::from(seconds) + 30) {
            return Err("answers stay away".into());
        }
    }
    times.sort_by(f64::total_cmp);
    Ok(times)
}

impl Lane {
    /// Looks for the answer without waiting.
    fn answered(&mut self) -> Fallible<bool> {
        let mut piece = [0; 8_192];
        match self.connection.stream.read(&mut piece) {
            Ok(0) => return Err("the connection ended".into()),
            Ok(length) => self.answer.extend_from_slice(&piece[..length]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
            Err(error) => return Err(error.into()),
        }
        if whole(&self.answer).is_none() {
            return Ok(false);
        }
        if !self.answer.starts_with(b"HTTP/1.1 20") {
            return Err(format!("refused: {}", String::from_utf8_lossy(&self.answer)).into());
        }
        self.answer.clear();
        Ok(true)
    }
}
