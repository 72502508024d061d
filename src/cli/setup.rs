//! `init` while the daemon runs: how the first enrolment stands, for the console of the machine. It
//! shows the seed that the set-up page will show, so the daemon tells it to root and its own user
//! alone.

use std::io;

use serde_json::Value;

use super::console::Console;
use super::qr;
use crate::telemetry::escape;

/// Shows what `{"open","address","code","expires","tries_left","otpauth_url"}` holds; the picture
/// on a terminal only.
///
/// # Errors
/// Standard output does not take it.
pub fn show(console: &mut Console<'_>, state: &Value) -> io::Result<()> {
    let text = |member: &str| state.get(member).and_then(Value::as_str);
    if state.get("open").and_then(Value::as_bool) != Some(true) {
        return console.say(
            "The gate is set up: there was a user. `portcullis user add NAME` adds another; with the gate stopped, \
             `portcullis init --again` sets the store aside and starts over.",
        );
    }
    let address = text("address")
        .unwrap_or("/setup on a host that leads to this gate (public_url is not set)");
    console.say(format_args!("set-up page: {}", escape::line(address)))?;
    match (text("code"), text("expires")) {
        (Some(code), _) => console.say(format_args!("set-up code: {}", escape::line(code)))?,
        (None, Some(_)) => console.say(
            "set-up code: the one that was given, or that the log names; `portcullis init --new-code` makes another",
        )?,
        (None, None) => console
            .say("set-up code: none is good any more; `portcullis init --new-code` makes one, and so does a restart")?,
    }
    if let Some(expires) = text("expires") {
        let tries = state.get("tries_left").and_then(Value::as_u64).unwrap_or_default();
        console.say(format_args!(
            "good until:  {} ({tries} wrong tries left)",
            escape::line(expires)
        ))?;
    }
    let (Some(ink), Some(url)) = (console.ink(), text("otpauth_url")) else { return Ok(()) };
    if let Some(picture) = qr::draw(url, ink) {
        console.say("Open the page, enter the code, and scan this there or here:")?;
        console.draw(&picture)?;
    }
    Ok(())
}
