//! A time server that begins to answer when the test says so (RFC 4330): the machine's network
//! leads it to the loopback address of the host.

use std::io::ErrorKind;
use std::net::UdpSocket;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use portcullis::clock;

use crate::support::wait;

/// Seconds from 1900, where NTP begins, to 1970.
const ERA: u64 = 2_208_988_800;

/// How long another run may go on with its machine: the longest of these tests.
const OTHERS: Duration = Duration::from_secs(20 * 60);

/// There is one such port, so one test at a time.
static ALONE: Mutex<()> = Mutex::new(());

pub struct TimeServer {
    answers: Arc<AtomicBool>,
    ends: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
    /// Given back after the port.
    _alone: MutexGuard<'static, ()>,
}

impl TimeServer {
    /// One that is silent.
    pub fn silent() -> Self {
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        // Another run of these tests gives it back when its machine is done.
        let socket = wait::until(
            "UDP port 123 of 127.0.0.1, held by another run's time server",
            OTHERS,
            || match UdpSocket::bind("127.0.0.1:123") {
                Err(error) if error.kind() == ErrorKind::AddrInUse => None,
                bound => Some(bound.expect("root may bind it")),
            },
        );
        socket.set_read_timeout(Some(Duration::from_millis(200))).expect("a limit above zero");
        let (answers, ends) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let (may, stop) = (Arc::clone(&answers), Arc::clone(&ends));
        let thread = std::thread::spawn(move || {
            let mut question = [0; 128];
            while !stop.load(Ordering::Relaxed) {
                if let Ok((48.., from)) = socket.recv_from(&mut question)
                    && may.load(Ordering::Relaxed)
                {
                    let _ = socket.send_to(&answer(&question), from);
                }
            }
        });
        Self { answers, ends, thread: Some(thread), _alone: alone }
    }

    /// One that answers from the start.
    pub fn ready() -> Self {
        let server = Self::silent();
        server.answer();
        server
    }

    pub fn answer(&self) {
        self.answers.store(true, Ordering::Relaxed);
    }
}

impl Drop for TimeServer {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn answer(question: &[u8]) -> [u8; 48] {
    let mut answer = [0; 48];
    // No leap second, the version that was asked, a server; stratum 1; as exact as a whole second.
    answer[0] = (question[0] & 0b0011_1000) | 4;
    answer[1] = 1;
    answer[2] = question[2];
    answer[12..16].copy_from_slice(b"TEST");
    // The format counts up to 2036 and then from zero again.
    let [.., a, b, c, d] = (clock::now().unix() + ERA).to_be_bytes();
    let seconds = [a, b, c, d];
    answer[16..20].copy_from_slice(&seconds);
    answer[24..32].copy_from_slice(&question[40..48]);
    answer[32..36].copy_from_slice(&seconds);
    answer[40..44].copy_from_slice(&seconds);
    answer
}
