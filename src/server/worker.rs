//! The one thread that may wait: it owns what is slow (the store, above all) and does jobs in the
//! order given.
//!
//! Guarantees: at most [`QUEUE`] jobs wait, and [`KEPT`] more of those that have a place kept for
//! them; the next one is refused at once; outcomes come back in order, with an eventfd that wakes
//! the loop; ending the worker finishes the jobs that were taken. Ticks come by the system's
//! monotonic clock, by which the thread waits for them.

use core::time::Duration;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender, TryRecvError, TrySendError};
use std::thread::{self, JoinHandle};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::eventfd::{EfdFlags, EventFd};

use super::signals;
use super::slots::Ticket;
use crate::clock;

/// Jobs that may wait.
pub const QUEUE: usize = 64;
/// Places behind them for jobs that not everybody can give.
pub const KEPT: usize = 16;

/// The connection that waits for an outcome; `None` for housekeeping.
type ReplyTo = Option<Ticket>;

/// The loop's end of the worker.
pub struct Worker<J, O> {
    jobs: Option<SyncSender<(ReplyTo, J)>>,
    waiting: Arc<AtomicUsize>,
    outcomes: Receiver<(ReplyTo, O)>,
    wakeup: Arc<EventFd>,
    thread: Option<JoinHandle<()>>,
}

/// Why a job was not taken.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum WorkerError {
    Full,
    Gone,
}

/// Wakes the loop when the thread ends, whatever the reason, so that it notices.
struct WakeOnEnd(Arc<EventFd>);

impl Drop for WakeOnEnd {
    fn drop(&mut self) {
        let _ = self.0.write(1);
    }
}

impl<J: Send + 'static, O: Send + 'static> Worker<J, O> {
    /// Starts the thread. `handle` does a job on `state`; `tick` is called at once, then every
    /// `every`, between jobs.
    pub fn spawn<S: Send + 'static>(
        state: S,
        every: Duration,
        handle: impl FnMut(&mut S, J) -> O + Send + 'static,
        tick: impl FnMut(&mut S) -> Option<O> + Send + 'static,
    ) -> io::Result<Self> {
        let (jobs, queue) = mpsc::sync_channel(QUEUE + KEPT);
        let waiting = Arc::new(AtomicUsize::new(0));
        let taken = Arc::clone(&waiting);
        let (answers, outcomes) = mpsc::channel();
        let wakeup = Arc::new(EventFd::from_flags(EfdFlags::EFD_NONBLOCK | EfdFlags::EFD_CLOEXEC)?);
        let wake = WakeOnEnd(Arc::clone(&wakeup));
        let thread = thread::Builder::new().name("worker".to_owned()).spawn(move || {
            // Signals are for the loop. Where that fails they end the daemon, as they were meant
            // to.
            let _ = signals::hold();
            let post = |answer: (ReplyTo, O)| {
                let heard = answers.send(answer).is_ok();
                // A counter that is full wakes the loop already.
                let _ = wake.0.write(1);
                heard
            };
            work(state, every, (&queue, &taken), handle, tick, post);
        })?;
        Ok(Self { jobs: Some(jobs), waiting, outcomes, wakeup, thread: Some(thread) })
    }

    /// Hands a job over without waiting. `kept`: it may take one of the places behind those for
    /// everybody.
    pub(super) fn submit(&self, reply_to: ReplyTo, job: J, kept: bool) -> Result<(), WorkerError> {
        let Some(jobs) = &self.jobs else { return Err(WorkerError::Gone) };
        if !kept && self.waiting.load(Ordering::Relaxed) >= QUEUE {
            return Err(WorkerError::Full);
        }
        // Counted before the other thread can take it; the loop alone adds.
        self.waiting.fetch_add(1, Ordering::Relaxed);
        let sent = jobs.try_send((reply_to, job)).map_err(|error| match error {
            TrySendError::Full(_) => WorkerError::Full,
            TrySendError::Disconnected(_) => WorkerError::Gone,
        });
        if sent.is_err() {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
        }
        sent
    }

    /// Resets the eventfd. To be called before the outcomes are taken, so that none is left without
    /// a wake-up.
    pub(super) fn clear_wakeup(&self) {
        // Nothing to read means that there was none.
        let _ = self.wakeup.read();
    }

    /// The next outcome; `Err` once the thread has ended.
    pub(super) fn outcome(&self) -> Result<Option<(ReplyTo, O)>, WorkerError> {
        match self.outcomes.try_recv() {
            Ok(outcome) => Ok(Some(outcome)),
            Err(TryRecvError::Empty) => Ok(None),
            Err(TryRecvError::Disconnected) => Err(WorkerError::Gone),
        }
    }

    /// Takes no more jobs and waits until the thread has finished those it has, for at most
    /// `longest`. Says whether it has ended.
    pub(super) fn finish(mut self, longest: Duration) -> bool {
        self.jobs = None;
        let end = clock::monotonic().saturating_add(longest);
        while !self.thread.as_ref().is_none_or(JoinHandle::is_finished) {
            let left = end.saturating_sub(clock::monotonic());
            if left.is_zero() {
                return false;
            }
            self.clear_wakeup();
            // The last wake-up comes just before the thread is finished: look again soon.
            let slice = PollTimeout::try_from(left.min(Duration::from_millis(20)))
                .unwrap_or(PollTimeout::ZERO);
            if !matches!(
                poll(&mut [PollFd::new(self.wakeup.as_fd(), PollFlags::POLLIN)], slice),
                Ok(_) | Err(Errno::EINTR)
            ) {
                return false;
            }
        }
        self.thread.take().is_none_or(|thread| thread.join().is_ok())
    }
}

impl<J, O> AsFd for Worker<J, O> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.wakeup.as_fd()
    }
}

/// The thread's life: jobs as they come, a tick when it is due, until nobody can ask any more.
fn work<S, J, O>(
    mut state: S,
    every: Duration,
    (queue, waiting): (&Receiver<(ReplyTo, J)>, &AtomicUsize),
    mut handle: impl FnMut(&mut S, J) -> O,
    mut tick: impl FnMut(&mut S) -> Option<O>,
    post: impl Fn((ReplyTo, O)) -> bool,
) {
    let mut next_tick = clock::monotonic();
    loop {
        let outcome = match queue.recv_timeout(next_tick.saturating_sub(clock::monotonic())) {
            Ok((reply_to, job)) => {
                waiting.fetch_sub(1, Ordering::Relaxed);
                Some((reply_to, handle(&mut state, job)))
            }
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => return,
        };
        if outcome.is_some_and(|outcome| !post(outcome)) {
            return;
        }
        if clock::monotonic() >= next_tick {
            next_tick = clock::monotonic().saturating_add(every);
            if tick(&mut state).is_some_and(|outcome| !post((None, outcome))) {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(3_600);

    /// Waits for the wake-up and takes what is there.
    fn next<J: Send + 'static, O: Send + 'static>(worker: &Worker<J, O>) -> (ReplyTo, O) {
        for _ in 0..100 {
            if let Ok(Some(outcome)) = worker.outcome() {
                return outcome;
            }
            let mut wakeup = [PollFd::new(worker.as_fd(), PollFlags::POLLIN)];
            poll(&mut wakeup, PollTimeout::from(5_000_u16)).expect("poll");
            worker.clear_wakeup();
        }
        panic!("no outcome");
    }

    #[test]
    fn jobs_are_done_in_order_on_one_state() {
        let worker =
            Worker::spawn(0, LONG, |sum: &mut u32, job: u32| (*sum += job, *sum).1, |_| None)
                .expect("started");
        let ticket = Ticket { slot: 1, generation: 2 };
        for job in [1, 10, 100] {
            worker.submit(Some(ticket), job, false).expect("taken");
        }
        assert_eq!([next(&worker), next(&worker), next(&worker)].map(|(_, sum)| sum), [1, 11, 111]);
        assert!(worker.finish(LONG));
    }

    #[test]
    fn a_full_queue_refuses_at_once_and_loses_nothing_it_took() {
        let (release, gate) = mpsc::channel::<()>();
        let worker =
            Worker::spawn(gate, LONG, |gate, job: u32| (gate.recv().is_ok(), job).1, |_| None)
                .expect("started");
        let taken = (0..1_000)
            .take_while(|job| worker.submit(None, *job, false) != Err(WorkerError::Full))
            .count();
        assert!((QUEUE..=QUEUE + 1).contains(&taken), "{taken}");
        let first = u32::try_from(taken).expect("a small number");
        let kept = (first..)
            .take_while(|job| worker.submit(None, *job, true) != Err(WorkerError::Full))
            .count();
        assert!((KEPT..=KEPT + 1).contains(&kept), "{kept}");
        let taken = taken + kept;
        for _ in 0..taken {
            release.send(()).expect("listening");
        }
        for job in (0..).take(taken) {
            assert_eq!(next(&worker), (None, job));
        }
        assert!(worker.finish(LONG));
    }

    #[test]
    fn ticks_come_by_themselves() {
        let worker = Worker::spawn(
            0,
            Duration::from_millis(1),
            |_, job: u32| job,
            |count| {
                *count += 1;
                Some(*count)
            },
        );
        let worker = worker.expect("started");
        assert_eq!([next(&worker), next(&worker)], [(None, 1), (None, 2)]);
    }

    #[test]
    fn a_job_that_hangs_does_not_hold_up_the_end() {
        let (_keep, gate) = mpsc::channel::<()>();
        let worker =
            Worker::spawn(gate, LONG, |gate, job: u32| (gate.recv().is_ok(), job).1, |_| None)
                .expect("started");
        worker.submit(None, 1, false).expect("taken");
        assert!(!worker.finish(Duration::from_millis(50)));
    }
}
