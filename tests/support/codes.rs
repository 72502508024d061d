//! Codes of the visitor's authenticator app, by the clock that the test runs under.

use portcullis::clock;

pub use super::authenticator::{Person, STEP, wrong_code_near};
use super::wait;

impl Person {
    /// A code that is good now and was not handed out before. Waits for the next step when three
    /// were.
    pub fn fresh_code(&self) -> String {
        wait::until("an unspent time step", wait::PATIENCE * 2, || {
            self.unspent_code(clock::now().unix())
        })
    }

    /// Well formed, and good for no step near now.
    pub fn wrong_code(&self) -> String {
        wrong_code_for(&[self])
    }
}

/// A well-formed code that none of these people's apps shows near now.
pub fn wrong_code_for(people: &[&Person]) -> String {
    wrong_code_near(people, current_step())
}

/// The step that the clock is in.
pub fn current_step() -> u64 {
    clock::now().unix() / STEP
}
