//! Programs started by a test: what they say is collected, and they end with the test.

use std::io::Read;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use portcullis::clock;

use super::wait;

/// A program that runs until it is dropped.
pub struct Running {
    name: String,
    child: Child,
    said: Arc<Said>,
    readers: Vec<JoinHandle<()>>,
}

#[derive(Default)]
struct Said {
    text: Mutex<String>,
    more: Condvar,
}

impl Said {
    fn lock(&self) -> MutexGuard<'_, String> {
        self.text.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Running {
    /// Starts it without input; both its outputs go into one text.
    pub fn start(name: &str, command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| {
                panic!("{name} does not start ({error}); tests/run installs what is missing")
            });
        let said = Arc::new(Said::default());
        let readers = vec![
            collect(child.stdout.take().expect("piped"), &said),
            collect(child.stderr.take().expect("piped"), &said),
        ];
        Self { name: name.to_owned(), child, said, readers }
    }

    /// All that it has said so far.
    pub fn text(&self) -> String {
        self.said.lock().clone()
    }

    /// Waits until `find` sees something in what it said; panics when it ends without, or after
    /// `limit`.
    pub fn wait_for<T>(
        &mut self,
        what: &str,
        limit: Duration,
        find: impl Fn(&str) -> Option<T>,
    ) -> T {
        let start = clock::monotonic();
        loop {
            // Its last words may come after its end.
            let ended = !self.is_running() && self.readers.iter().all(JoinHandle::is_finished);
            let text = self.said.lock();
            if let Some(found) = find(&text) {
                return found;
            }
            let passed = clock::monotonic() - start;
            assert!(!ended && passed < limit, "{} never said {what}; it said:\n{text}", self.name);
            let (text, _) = self
                .said
                .more
                .wait_timeout(text, Duration::from_millis(100))
                .unwrap_or_else(PoisonError::into_inner);
            drop(text);
        }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn signal(&self, signal: Signal) {
        kill(self.pid(), signal).expect("our own child can be signalled");
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.child.id()).expect("a process id"))
    }

    /// Waits for its end and its last words; panics after `limit`.
    pub fn ended(&mut self, limit: Duration) -> ExitStatus {
        let Self { name, child, readers, .. } = self;
        let status = wait::until(&format!("the end of {name}"), limit, || {
            child.try_wait().expect("our own child")
        });
        let heard = || readers.iter().all(JoinHandle::is_finished).then_some(());
        wait::until(&format!("the last words of {name}"), limit, heard);
        status
    }

    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("our own child").is_none()
    }

    /// SIGKILL, and waits until it is gone.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        // A libfaketime that was killed leaves these behind, perhaps locked: the next process of
        // this number would wait for ever.
        for left in ["faketime_shm_", "sem.faketime_sem_"] {
            let _ = std::fs::remove_file(format!("/dev/shm/{left}{}", self.child.id()));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            let text = self.text();
            let tail: Vec<_> = text.lines().rev().take(60).collect();
            eprintln!("-- {} said last:", self.name);
            tail.iter().rev().for_each(|line| eprintln!("   {line}"));
        }
    }
}

fn collect(mut from: impl Read + Send + 'static, into: &Arc<Said>) -> JoinHandle<()> {
    let said = Arc::clone(into);
    std::thread::spawn(move || {
        let mut piece = [0; 4096];
        while let Ok(length @ 1..) = from.read(&mut piece) {
            said.lock().push_str(&String::from_utf8_lossy(piece.get(..length).unwrap_or_default()));
            said.more.notify_all();
        }
        said.more.notify_all();
    })
}
