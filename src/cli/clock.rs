//! `clock …`: the gate's idea of time.

use super::backend::Backend;
use super::console::Console;
use super::exit::Failure;
use super::program::Program;
use super::verbs::ClockVerb;
use crate::app::messages::answers::clock::ClockReset;
use crate::app::messages::command::Command;

impl<B: Backend> Program<'_, B> {
    /// `clock …`
    pub(super) fn clock(&self, verb: &ClockVerb, console: &mut Console<'_>) -> Result<(), Failure> {
        match verb {
            ClockVerb::Reset => self.order::<ClockReset>(Command::ClockReset, console),
        }
    }
}
