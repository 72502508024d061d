//! Secret, URL and QR code of a user, as they are shown this once: after `user add`, `user rotate`,
//! `user export`, `-generate`, and at a first start on a terminal.

use std::io;

use super::console::Console;
use super::exit::Failure;
use super::qr;
use crate::app::messages::answers::users::UserCredentials;
use crate::app::messages::command::Command;
use crate::app::messages::command_answer::{Answer, CommandAnswer};
use crate::telemetry::escape;

/// Shows them: the picture on a terminal only, since anything else may be a log.
///
/// # Errors
/// Standard output does not take it.
pub fn show(console: &mut Console<'_>, credentials: &UserCredentials) -> io::Result<()> {
    let UserCredentials { name, otpauth_url, recovery_codes, secret } = credentials;
    console.say(format_args!("user:        {}", escape::line(name)))?;
    console.say(format_args!("secret:      {}", escape::line(secret.expose())))?;
    console.say(format_args!("otpauth URL: {}", escape::line(otpauth_url.expose())))?;
    for code in recovery_codes {
        console.say(format_args!("recovery:    {}", escape::line(code.expose())))?;
    }
    let Some(ink) = console.ink() else { return Ok(()) };
    match qr::draw(otpauth_url.expose(), ink) {
        // The picture comes last: what follows it would push its upper edge off a small screen.
        Some(picture) => {
            console.say("Scan this with an authenticator app, or type the secret into it:")?;
            console.draw(&picture)
        }
        None => console
            .say("The URL is too long for a picture on this screen: type the secret into the app."),
    }
}

/// The first start without users: on a terminal `owner` is made, an administrator, and shown there;
/// elsewhere nothing happens. `execute` carries out the command on the store that the daemon holds.
///
/// # Errors
/// The store takes no user, or the terminal is gone; the daemon can go on all the same.
pub fn welcome(
    console: &mut Console<'_>,
    execute: impl FnOnce(Command) -> Result<CommandAnswer, Failure>,
) -> Result<(), Failure> {
    if console.ink().is_none() {
        return Ok(());
    }
    let owner = Command::UserAdd {
        name: "owner".to_owned(),
        admin: true,
        groups: Vec::new(),
        display_name: String::new(),
        email: String::new(),
        algorithm: None,
        digits: None,
    };
    let credentials = UserCredentials::of(execute(owner)?)?;
    console.say("There are no users yet, so here is the first one. This is shown only once.")?;
    Ok(show(console, &credentials)?)
}
