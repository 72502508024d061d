//! What becomes of the settings at each start: the files of the services, below `/run`, where
//! nothing outlives a restart. Nothing to keep in step, nothing to move to a new form.
//!
//! Each file is made by itself: one that cannot be written is reported, and the others are there
//! all the same.

pub mod caddyfile;
pub mod gate;
mod network;
mod time;
pub mod waiting;
mod wifi;

use std::io;
use std::path::Path;

use portcullis::entropy::System;

use crate::accepted::{self, Accepted};
use crate::durable::{self, Readers};
use crate::places::Places;
use crate::report::Report;
use crate::settings::{self, Settings};
use crate::{requests, setup_code, status};

/// Does everything that stands before the network. `name_host`: gives the machine its name too.
/// Gives back what failed.
pub fn run(places: &Places, name_host: bool) -> Vec<String> {
    let mut failures = Failures(Vec::new());
    failures.note("the folders", folders(places));
    let accepted = accepted::take(places);
    render(places, &accepted, &mut failures);
    if name_host {
        failures.note(
            "the host name",
            nix::unistd::sethostname(&accepted.settings.hostname).map_err(Into::into),
        );
    }
    let results = requests::serve(places);
    failures.note("the set-up code", setup_code::hand_over(places, &mut System));
    let report = Report {
        origin: accepted.origin,
        problems: settings::summary(&accepted.problems),
        results,
        failures: failures.0.clone(),
    };
    failures.note("the report", report.save(places));
    failures.note("the status file", status::publish(places));
    failures.0
}

/// What went wrong, each in a sentence.
struct Failures(Vec<String>);

impl Failures {
    fn note<T>(&mut self, what: &str, result: io::Result<T>) -> Option<T> {
        result.map_err(|error| self.0.push(format!("{what}: {error}"))).ok()
    }
}

fn folders(places: &Places) -> io::Result<()> {
    durable::make_folder(&places.run_dir(), Readers::All)?;
    durable::make_folder(&places.state, Readers::Owner)
}

fn render(places: &Places, accepted: &Accepted, failures: &mut Failures) {
    let settings = &accepted.settings;
    let in_force =
        durable::replace(&places.settings_in_force(), accepted.text.as_bytes(), Readers::Owner);
    failures.note("the settings in force", in_force);
    for (path, text) in
        network::files(places, settings).into_iter().chain([time::servers(places, settings)])
    {
        failures.note(&path.display().to_string(), public(&path, &text));
    }
    failures.note("the Wi-Fi", wifi::write(places, settings));
    failures.note("the time zone", time::link_zone(places, settings));
    failures.note("the gate's settings", public(&places.gate_settings(), &gate::text(settings)));
    let written = write_caddyfile(places, settings, caddyfile::certificates(places));
    failures.note("the Caddyfile", written);
}

/// Writes the Caddyfile, and before it the certificate that it names.
///
/// # Errors
/// A file cannot be written, or no certificate can be made.
pub fn write_caddyfile(
    places: &Places,
    settings: &Settings,
    home: caddyfile::Home,
) -> io::Result<()> {
    if home == caddyfile::Home::Waiting {
        waiting::make(places, &caddyfile::names_certified_at_home(settings))?;
    }
    let config = gate::config(settings).map_err(io::Error::other)?;
    public(&places.caddyfile(), &caddyfile::text(places, settings, &config, home))
}

fn public(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        durable::make_folder(folder, Readers::All)?;
    }
    durable::replace(path, text.as_bytes(), Readers::All).map(|_| ())
}

/// The first line of every file that is made here.
const MADE: &str = "# Made from appliance.toml at each start: what is changed here is lost.\n";

#[cfg(test)]
#[path = "render_tests.rs"]
mod tests;
