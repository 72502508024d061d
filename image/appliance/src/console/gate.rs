//! Asks the running gate how far its set-up is.

use std::os::unix::net::UnixStream;
use std::process::Command;
use std::time::Duration;

use portcullis::app::messages::answers::setup::SetupStatus;

use crate::places::Places;
use crate::program;

/// `None` while the gate does not answer. The program opens the store itself where no gate runs,
/// and would then be in the way of one that starts: so it is called only if one listens.
pub fn ask(places: &Places) -> Option<SetupStatus> {
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
