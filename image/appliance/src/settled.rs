//! The clock has settled: a time server has answered. From now on certificates begin on a good
//! date, and Caddy may make its authority. The unit that calls this starts Caddy anew afterwards.

use std::io;

use portcullis::clock;

use crate::card_status::{CardStatus, in_force};
use crate::durable::{self, Readers};
use crate::places::Places;
use crate::render::{self, caddyfile::Home};
use crate::status;

/// Writes the final Caddyfile, and down that the clock was set. Does the same again when it is
/// called again. Gives back why the status file could not be written, if it could not: Caddy has
/// its certificates to make all the same, and who watches the console has the status there.
///
/// # Errors
/// A file of the card's private part or of this start cannot be written.
pub fn settle(places: &Places) -> io::Result<Option<String>> {
    durable::make_folder(&places.run_dir(), Readers::All)?;
    durable::make_folder(&places.state, Readers::Owner)?;
    render::write_caddyfile(places, &in_force(places), Home::Authority)?;
    durable::remove(&places.waiting_key())?;
    durable::remove(&places.waiting_certificate())?;
    durable::replace(&places.time_set(), format!("{}\n", clock::now()).as_bytes(), Readers::Owner)?;
    let published = status::publish_as(
        places,
        &CardStatus { clock_is_set: true, ..CardStatus::gather(places) },
    );
    Ok(published.err().map(|error| format!("the status file: {error}")))
}
