//! `portcullis-appliance`: what is true only of the SD card. Turns `appliance.toml` on its boot partition into the
//! settings of the services, and tells the person who holds the card how things stand. The gate knows nothing of it.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(arguments::run(std::env::args_os()))
}

mod arguments;
