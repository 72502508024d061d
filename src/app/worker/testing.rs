//! A worker's state on a store of its own, which goes with it.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use crate::app::worker::state::WorkerState;
use crate::clock::Clock as _;
use crate::clock::testing::TestClock;
use crate::config::Config;
use crate::config::scratch::{self, ScratchPath};
use crate::entropy::System;
use crate::ledger::{Store, load_or_create_key};

/// A worker over a store in a folder of its own.
pub struct StandaloneWorker {
    /// `None` only while it is restarted.
    state: Option<WorkerState>,
    clock: TestClock,
    config: Arc<Config>,
    /// Dropped last: the store is closed before its directory goes.
    directory: ScratchPath,
}

impl StandaloneWorker {
    /// The default settings and a new store.
    pub fn new(clock: TestClock) -> Self {
        Self::with(clock, Config::default())
    }

    /// These settings and a new store.
    pub fn with(clock: TestClock, config: Config) -> Self {
        let (config, directory) = (Arc::new(config), scratch::directory());
        let mut worker = Self { state: None, clock, config, directory };
        worker.restart();
        worker
    }

    /// Forgets what is in memory, and reads what is in the store.
    pub fn restart(&mut self) {
        self.state = None;
        let now = self.clock.now();
        let key = load_or_create_key(&self.directory, None, &mut System).expect("a key");
        let (store, opened) =
            Store::open(&self.directory, &key, now, System).expect("the store opens");
        let (config, clock) = (Arc::clone(&self.config), Arc::new(self.clock.clone()));
        self.state = Some(WorkerState::new(config, store, opened, clock, Box::new(System)));
    }
}

impl Deref for StandaloneWorker {
    type Target = WorkerState;

    fn deref(&self) -> &WorkerState {
        self.state.as_ref().expect("open")
    }
}

impl DerefMut for StandaloneWorker {
    fn deref_mut(&mut self) -> &mut WorkerState {
        self.state.as_mut().expect("open")
    }
}
