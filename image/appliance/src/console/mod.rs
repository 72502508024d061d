//! The first console (tty1): how things stand, drawn anew whenever it changes; while nobody has
//! enrolled also the picture that an authenticator app scans. Notices the first enrolment, and then
//! closes what stood open for it.
//!
//! Only a virtual terminal shows any of it: a serial line may be recorded, and the picture is a
//! secret.

mod frame;
mod gate;

use std::io::{self, Write};
use std::time::Duration;

use nix::poll::{PollTimeout, poll};
use portcullis::clock;

use crate::card_status::CardStatus;
use crate::places::Places;
use crate::{setup_code, status};

/// How often things are looked at.
const EVERY: u16 = 2_000;
/// The kernel may write over the screen, so it is drawn anew after this.
const REDRAW: Duration = Duration::from_secs(30);
/// Wear of the card: an address that comes and goes is not written down each time.
const BETWEEN_STATUSES: Duration = Duration::from_secs(60);

/// UTF-8, no cursor, an empty screen.
const CLEAR: &str = "\u{1b}%G\u{1b}[?25l\u{1b}[0m\u{1b}[H\u{1b}[2J";

/// Watches and draws until the terminal is gone.
///
/// # Errors
/// Standard output is no virtual terminal, or cannot be written.
pub fn run(places: &Places, allow_any: bool, out: &mut impl Write) -> io::Result<()> {
    if !allow_any && !is_virtual_terminal() {
        return Err(io::Error::other(
            "standard output is no virtual terminal (/dev/tty1): the set-up code and its picture are shown on a screen \
             only",
        ));
    }
    let mut watch = Watch::default();
    loop {
        watch.refresh(places, clock::monotonic(), out)?;
        // There is nothing to listen to: addresses, clock and gate are asked.
        poll(&mut [], PollTimeout::from(EVERY))?;
    }
}

fn is_virtual_terminal() -> bool {
    let path = std::fs::read_link("/proc/self/fd/1").unwrap_or_default();
    let number = path.to_str().and_then(|path| path.strip_prefix("/dev/tty"));
    number.is_some_and(|number| {
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// What was shown and written last.
#[derive(Default)]
struct Watch {
    shown: Option<(String, Duration)>,
    written: Option<(String, Duration)>,
}

impl Watch {
    /// Looks once, at the time `now` since some beginning.
    fn refresh(&mut self, places: &Places, now: Duration, out: &mut impl Write) -> io::Result<()> {
        let mut status = CardStatus::gather(places);
        let mut setup = None;
        let mut urgent = false;
        if !places.enrolled().exists() {
            setup = gate::ask(places);
            if setup.as_ref().is_some_and(|setup| !setup.open) {
                match setup_code::close(places) {
                    Ok(()) => (status.code, setup, urgent) = (None, None, true),
                    Err(error) => status.report.failures.push(format!("the set-up code: {error}")),
                }
            }
        }
        self.write(places, &status, now, urgent);
        let frame = frame::draw(&status, setup.as_ref(), frame::SCREEN);
        let fresh =
            |(text, at): &(String, Duration)| *text == frame && now.saturating_sub(*at) < REDRAW;
        if !self.shown.as_ref().is_some_and(fresh) {
            write!(out, "{CLEAR}{frame}")?;
            out.flush()?;
            self.shown = Some((frame, now));
        }
        Ok(())
    }

    /// Writes the status file. Where that fails it is tried again, but not at every refresh.
    fn write(&mut self, places: &Places, status: &CardStatus, now: Duration, urgent: bool) {
        let text = format!("{}{}", status::text(status), status.authority.is_some());
        let due = match &self.written {
            None => true,
            Some((old, at)) => {
                *old != text && (urgent || now.saturating_sub(*at) >= BETWEEN_STATUSES)
            }
        };
        if due {
            let published = status::publish_as(places, status)
                .map_or_else(|error| error.to_string(), |()| text);
            self.written = Some((published, now));
        }
    }
}

#[cfg(test)]
mod tests;
