//! Asks the running gate how far its set-up is.

use std::os::unix::net::UnixStream;
use std::process::Command;
use std::time::Duration;

use serde::Deserialize;

use crate::places::Places;
use crate::program;

/// The answer of `portcullis init --json`.
#[derive(Clone, Debug, Deserialize)]
pub struct Setup {
    /// No user has ever existed.
    pub open: bool,
    /// Wrong tries that the code still bears; 0 once it is good no more.
    #[serde(default)]
    pub tries_left: u32,
    /// What the set-up page will show, while the code is good or somebody is at it.
    #[serde(default)]
    pub otpauth_url: Option<String>,
}

/// `None` while the gate does not answer. The program opens the store itself where no gate runs,
/// and would then be in the way of one that starts: so it is called only if one listens.
pub fn ask(places: &Places) -> Option<Setup> {
    UnixStream::connect(places.control()).ok()?;
    let mut command = Command::new(&places.portcullis);
    command.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    command.args(["init", "--json", "--state-dir"]).arg(&places.gate_state);
    command.arg("--config").arg(places.gate_settings()).arg("--control").arg(places.control());
    let ended = program::run(&mut command, Duration::from_secs(10)).ok()?;
    if !ended.well {
        return None;
    }
    serde_json::from_str(&ended.out).ok()
}
