//! `clock …`: the gate's idea of time.

use clap::Subcommand;

use super::backend::Backend;
use super::console::Console;
use super::exit::Failure;
use super::program::Program;
use crate::app::messages::answers::clock::ClockReset;
use crate::app::messages::command::Command;

/// `clock …`
#[derive(Debug, Subcommand)]
pub enum ClockVerb {
    /// Accept the current time after the clock was wrong: ends all sessions and forgets time steps
    /// that lie in the future
    Reset,
}

impl<B: Backend> Program<'_, B> {
    /// `clock …`
    pub(super) fn clock(&self, verb: &ClockVerb, console: &mut Console<'_>) -> Result<(), Failure> {
        match verb {
            ClockVerb::Reset => self.order::<ClockReset>(Command::ClockReset, console),
        }
    }
}
