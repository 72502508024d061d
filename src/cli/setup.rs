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
            "The gate is set up: there was a user. `portcullis user add NAME` adds another; with the gate stopped, \
             `portcullis init --again` sets the store aside and starts over.",
        );
    }
    let address = status
        .address
        .as_deref()
        .unwrap_or("/setup on a host that leads to this gate (public_url is not set)");
    console.say(format_args!("set-up page: {}", escape::line(address)))?;
    match (&status.code, &status.expires) {
        (Some(code), _) => console.say(format_args!("set-up code: {}", escape::line(code.expose())))?,
        (None, Some(_)) => console.say(
            "set-up code: the one that was given, or that the log names; `portcullis init --new-code` makes another",
        )?,
        (None, None) => console
            .say("set-up code: none is good any more; `portcullis init --new-code` makes one, and so does a restart")?,
    }
    if let Some(expires) = &status.expires {
        let tries = status.tries_left;
        console.say(format_args!(
            "good until:  {} ({tries} wrong tries left)",
            escape::line(expires)
        ))?;
    }
    let (Some(ink), Some(url)) = (console.ink(), &status.otpauth_url) else { return Ok(()) };
    if let Some(picture) = qr::draw(url.expose(), ink) {
        console.say("Open the page, enter the code, and scan this there or here:")?;
        console.draw(&picture)?;
    }
    Ok(())
}
