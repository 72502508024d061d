//! Who may not guess for a while, as the worker says it and the gate remembers it.

use crate::auth::guess_budget::BudgetKey;
use crate::auth::limiter::Network;

/// Who may not guess for a while.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Limited {
    /// All clients of this network.
    Network(Network),
    /// All who have no device cookie of ours and draw on this budget.
    Budget(BudgetKey),
}
