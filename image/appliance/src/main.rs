//! `portcullis-appliance`: what is true only of the SD card. Turns `appliance.toml` on its boot
//! partition into the settings of the services, and tells the person who holds the card how things
//! stand. The gate knows nothing of it.
//!
//! Read in this order: [`settings`] says what the file may hold, [`accepted`] which settings count,
//! [`render`] what becomes of them at each start, [`requests`] what the holder of the card may ask
//! for, [`status`] and [`console`] what the holder reads.

// Whatever lies on the card, the appliance starts: nothing from there may reach a panic. Tests may
// panic.
#![cfg_attr(
    not(test),
    deny(
        clippy::as_conversions,
        clippy::expect_used,
        clippy::get_unwrap,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::print_stderr,
        clippy::print_stdout,
        clippy::string_slice,
        clippy::unreachable,
        clippy::unwrap_used
    )
)]

mod accepted;
mod arguments;
mod card;
mod card_status;
mod console;
mod durable;
mod places;
mod program;
mod render;
mod report;
mod requests;
mod settings;
// Here, so that the fuzz target can take the settings without it.
#[cfg(test)]
#[path = "settings/settings_tests.rs"]
mod settings_tests;
mod settled;
mod setup_code;
mod status;
#[cfg(test)]
mod testing;
mod wifi_password;

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(arguments::run(std::env::args_os()))
}
