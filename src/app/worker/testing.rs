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

/// The default settings and a new store.
pub struct StandaloneWorker {
    state: WorkerState,
    /// Dropped last: the store is closed before its directory goes.
    _directory: ScratchPath,
}

impl StandaloneWorker {
    pub fn new(clock: TestClock) -> Self {
        let (directory, now) = (scratch::directory(), clock.now());
        let key = load_or_create_key(&directory, None, &mut System).expect("a key");
        let (store, opened) = Store::open(&directory, &key, now, System).expect("the store opens");
        let (config, clock) = (Config::default().into(), Arc::new(clock));
        let state = WorkerState::new(config, store, opened, clock, Box::new(System));
        Self { state, _directory: directory }
    }
}

impl Deref for StandaloneWorker {
    type Target = WorkerState;

    fn deref(&self) -> &WorkerState {
        &self.state
    }
}

impl DerefMut for StandaloneWorker {
    fn deref_mut(&mut self) -> &mut WorkerState {
        &mut self.state
    }
}
