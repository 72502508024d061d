//! What the verify path reads of the gate.

use std::cell::RefCell;

use crate::auth::access_pass::passes::AccessPasses;
use crate::auth::keyring::Keyring;
use crate::auth::policy::path_readings::PathReadings;
use crate::auth::sessions::Sessions;
use crate::auth::token::Scratch;
use crate::clock::Timestamp;
use crate::config::Config;
use crate::telemetry::throttle::Throttle;

use crate::app::identity::KnownUsers;
use crate::app::rounds::Rounds;

/// What the verify path reads of the gate.
#[derive(Clone, Copy)]
pub struct View<'g> {
    /// The settings.
    pub config: &'g Config,
    /// The session cookie's name, prefix included.
    pub cookie_name: &'g str,
    /// All live sessions.
    pub sessions: &'g Sessions,
    /// All living passes.
    pub passes: &'g AccessPasses,
    /// The enabled users.
    pub users: &'g KnownUsers,
    /// The keys that sessions are signed with.
    pub keyring: &'g Keyring,
    /// The latest time that was certainly reached.
    pub floor: Timestamp,
    /// Room for one token, and the memory of those that were proven.
    pub scratch: &'g RefCell<Scratch>,
    /// Which complaints are written.
    pub complaints: &'g RefCell<Throttle>,
    /// Who was led to where he wanted to go.
    pub rounds: &'g RefCell<Rounds>,
    /// Room for what servers may take a path for.
    pub readings: &'g RefCell<PathReadings>,
}
