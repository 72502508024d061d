//! `init` while the daemon runs: how the first enrolment stands, for the console of the machine. It
//! shows the seed that the set-up page will show, so the daemon tells it to root and its own user
//! alone.

use std::io;

use super::console::Console;
use super::qr;
use crate::app::messages::answers::setup::SetupStatus;
use crate::telemetry::escape;

/// Shows it; the picture on a terminal only.
///
/// # Errors
/// Standard output does not take it.
pub fn show(console: &mut Console<'_>, status: &SetupStatus) -> io::Result<()> {
    if !status.open {
        return console.say(
            "The gate has been set up: it has had a user. `portcullis user add NAME` adds another one. To \
             start over, stop the gate and run `portcullis init --again`, which sets the store aside.",
        );
    }
    let address = status
        .address
        .as_deref()
        .unwrap_or("/setup on a host that leads to this gate (public_url is not set)");
    console.say(format_args!("set-up page: {}", escape::line(address)))?;
    match (&status.code, &status.expires) {
        (Some(code), _) => {
            console.say(format_args!("set-up code: {}", escape::line(code.expose())))?
        }
        (None, Some(_)) => console.say(
            "set-up code: the one you gave, or the one in the log; \
             `portcullis init --new-code` makes a new one",
        )?,
        (None, None) => console.say(
            "set-up code: no longer valid; `portcullis init --new-code` or a restart makes a new one",
        )?,
    }
    if let Some(expires) = &status.expires {
        let tries = status.tries_left;
        console.say(format_args!(
            "valid until: {} ({tries} wrong tries left)",
            escape::line(expires)
        ))?;
    }
    let (Some(ink), Some(url)) = (console.ink(), &status.otpauth_url) else { return Ok(()) };
    if let Some(picture) = qr::draw(url.expose(), ink) {
        console.say("Open the page, enter the code, and scan the picture there or this one:")?;
        console.draw(&picture)?;
    }
    Ok(())
}
