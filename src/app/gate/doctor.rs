//! What the gate has in memory for `doctor`.

use std::sync::Arc;

use crate::app::gate::state::Gate;
use crate::app::messages::job::Job;
use crate::app::messages::running::Running;

/// What the gate has in memory, for the worker, which knows the rest and may wait for files.
pub fn job(gate: &mut Gate) -> Job {
    let (proxies, last_uses) = (gate.proxies.get_mut().clone(), gate.take_last_uses());
    Job::Doctor(Box::new(Running { proxies, settings: Arc::clone(&gate.settings), last_uses }))
}
