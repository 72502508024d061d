//! Whose budget of guesses a visitor draws on.

use crate::app::gate::state::Gate;
use crate::app::home::origin;
use crate::auth::guess_budget::NetworkZone;
use crate::http::request::Headers;
use crate::original::client_address::Belief;
use crate::original::problem::ForwardingProblem;
use crate::original::reader;
use crate::original::request::{Arrival, OriginalRequest};

impl Gate {
    /// Whose budget this visitor draws on where no device of ours is known.
    pub(super) fn origin_of(
        &self,
        visit: &OriginalRequest<'_>,
        headers: &Headers<'_>,
    ) -> NetworkZone {
        // Whoever forwards, trusted or not, stands between us and the visitor; what he says may end
        // in the middle.
        let is_told = match visit.arrival {
            Arrival::Untrusted => false,
            _ if !visit.trusted => true,
            _ => reader::forwards_client(headers, &Belief::of(&self.config.proxy)),
        };
        let is_cut = visit
            .problems()
            .iter()
            .any(|problem| matches!(problem, ForwardingProblem::NotAnAddress(_)));
        if !is_told || is_cut {
            return NetworkZone::Internet;
        }
        origin(visit.client, &self.config.limits.local, &self.home_prefixes)
    }
}
