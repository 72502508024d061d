//! From the files of a store to the worker over it, for whoever needs one: the daemon, a verb
//! without a daemon, `doctor`.
//!
//! Guarantees: where the store had to be recovered, all codes count as used until the time is
//! known.

use std::path::Path;
use std::sync::Arc;

use crate::app::worker::state::WorkerState;
use crate::cli::exit::{self, Failure};
use crate::clock::{SystemClock, Timestamp};
use crate::config::Config;
use crate::entropy::System;
use crate::ledger::{Ledger, Store, StoreError, StoreKey};

/// The worker, and what was wrong with the store if it had to be recovered.
pub(super) fn worker_over(
    config: Arc<Config>,
    key: &StoreKey,
    state_dir: &Path,
    now: Timestamp,
) -> Result<(WorkerState, Option<String>), StoreError> {
    let (store, opened) = Store::open(state_dir, key, now, System)?;
    let recovered = opened.recovered.clone();
    // One gate: it decides for itself.
    let ledger = Ledger::Local(store);
    let clock = Arc::new(SystemClock);
    let mut worker = WorkerState::new(config, ledger, opened, clock, Box::new(System));
    if recovered.is_some() {
        worker.doubt_steps(now)?;
    }
    Ok((worker, recovered))
}

/// A store that does not open, in the words of the command line.
pub(super) fn stored(error: StoreError) -> Failure {
    let code = if matches!(error, StoreError::Locked(_)) { exit::UNAVAILABLE } else { exit::IO };
    Failure::new(code, error)
}
