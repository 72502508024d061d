//! Which sockets the gate listens on.

use std::fs::DirBuilder;
use std::io::ErrorKind;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;

use super::OS;
use crate::cli::exit::{self, Failure};
use crate::config::Config;
use crate::server::{self, ListenAddress, Listener, Role};

/// All sockets: the configured ones, those that systemd hands over, the one for metrics, and the control socket.
pub(super) fn listeners(config: &Config, control: &Path) -> Result<Vec<Listener>, Failure> {
    let inherited = server::inherited();
    let mut listeners =
        inherited.map_err(|error| Failure::new(OS, format!("systemd's sockets cannot be taken over: {error}")))?;
    // What systemd opened already is not opened again: its socket unit and `listen` usually name the same address.
    let inherited: Vec<ListenAddress> = listeners.iter().map(|listener| listener.address().clone()).collect();
    for address in config.listen.iter().filter(|address| !inherited.contains(address)) {
        listeners.push(server::bind(address, Role::Public, 0o660).map_err(|error| Failure::new(OS, error))?);
    }
    if listeners.is_empty() {
        return Err(Failure::new(
            exit::CONFIG,
            "listen is empty and systemd hands over no socket; set listen, or use portcullis.socket",
        ));
    }
    if let Some(address) = config.metrics.listen {
        let bound = server::bind(&ListenAddress::Tcp(address), Role::Metrics, 0o660);
        listeners.push(bound.map_err(|error| Failure::new(OS, format!("metrics.listen: {error}")))?);
    }
    let address = ListenAddress::Unix(control.to_owned());
    if inherited.contains(&address) {
        return Ok(listeners);
    }
    make_folder_of(control)?;
    let control = server::bind(&address, Role::Control, 0o660);
    listeners.push(control.map_err(|error| Failure::new(OS, format!("the control socket: {error}")))?);
    Ok(listeners)
}

/// Makes the folder of the control socket where systemd has not done it; who runs the gate by hand has nothing to prepare.
fn make_folder_of(control: &Path) -> Result<(), Failure> {
    let Some(folder) = control.parent() else { return Ok(()) };
    match DirBuilder::new().mode(0o750).create(folder) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            Err(Failure::new(OS, format!("cannot make {} for the control socket: {error}", folder.display())))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::config::scratch;

    #[test]
    fn the_folder_of_the_control_socket_is_made_once_and_never_its_parents() {
        let state = scratch::directory();
        let control = state.join("run/control.sock");
        for _ in 0..2 {
            assert!(make_folder_of(&control).is_ok());
        }
        let made = state.join("run").metadata().expect("made");
        assert_eq!(made.permissions().mode() & 0o027, 0, "nobody else may look in, the group may not write");
        assert_eq!(make_folder_of(&state.join("no/such/control.sock")).map_err(|failure| failure.code), Err(OS));
    }
}
