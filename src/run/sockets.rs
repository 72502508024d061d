//! Which sockets the gate listens on.

use std::fs::DirBuilder;
use std::io::ErrorKind;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;

use crate::cli::exit::{self, Failure};
use crate::config::Config;
use crate::server::{self, ListenAddress, Listener, ListenerRole};

/// All sockets: the configured ones, those that systemd hands over, the one for metrics, and the
/// control socket.
pub(super) fn listeners(config: &Config, control: &Path) -> Result<Vec<Listener>, Failure> {
    let inherited = server::inherited();
    let mut listeners = inherited.map_err(|error| {
        Failure::new(exit::SYSTEM, format!("systemd's sockets cannot be taken over: {error}"))
    })?;
    // What systemd opened already is not opened again: its socket unit and `listen` usually name
    // the same address, or the unit a wider one.
    let wanted: Vec<ListenAddress> = config
        .listen
        .iter()
        .filter(|address| !listeners.iter().any(|held| held.covers(address)))
        .cloned()
        .collect();
    let others: Vec<ListenAddress> =
        listeners.iter().map(Listener::address).chain(&wanted).cloned().collect();
    for address in &wanted {
        let bound = server::bind_beside(address, ListenerRole::Public, 0o660, &others);
        listeners.push(bound.map_err(|error| refused("listen", address, &error, &listeners))?);
    }
    if listeners.is_empty() {
        return Err(Failure::new(
            exit::CONFIG,
            "listen is empty and systemd hands over no socket; set listen, or use portcullis.socket",
        ));
    }
    if let Some(address) = config.metrics.listen {
        let address = ListenAddress::Tcp(address);
        let bound = server::bind(&address, ListenerRole::Metrics, 0o660);
        listeners
            .push(bound.map_err(|error| refused("metrics.listen", &address, &error, &listeners))?);
    }
    let address = ListenAddress::Unix(control.to_owned());
    if listeners.iter().any(|held| held.outlives_us() && held.covers(&address)) {
        return Ok(listeners);
    }
    make_folder_of(control)?;
    let bound = server::bind(&address, ListenerRole::Control, 0o660);
    listeners
        .push(bound.map_err(|error| refused("the control socket", &address, &error, &listeners))?);
    Ok(listeners)
}

/// Names the gate's own listener, where that is in the way.
fn refused(
    what: &str,
    address: &ListenAddress,
    error: &server::BindError,
    held: &[Listener],
) -> Failure {
    match held.iter().find(|held| held.is_in_the_way_of(address)) {
        Some(own) => {
            let from = match own.role() {
                _ if own.outlives_us() => "systemd's socket",
                ListenerRole::Metrics => "metrics.listen",
                ListenerRole::Public | ListenerRole::Control => "listen",
            };
            let way = "name another address, or one of the two alone";
            Failure::new(
                exit::CONFIG,
                format!(
                    "{what}: {address} and {} of {from} cannot be had both: {way}",
                    own.address()
                ),
            )
        }
        None => Failure::new(exit::SYSTEM, format!("{what}: {error}")),
    }
}

/// Makes the folder of the control socket where systemd has not done it; who runs the gate by hand
/// has nothing to prepare.
fn make_folder_of(control: &Path) -> Result<(), Failure> {
    let Some(folder) = control.parent() else { return Ok(()) };
    match DirBuilder::new().mode(0o750).create(folder) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(Failure::new(
            exit::SYSTEM,
            format!("cannot make {} for the control socket: {error}", folder.display()),
        )),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::config::scratch;

    fn configured(listen: &[String]) -> Config {
        let listen = listen.iter().map(|entry| entry.parse().expect("good")).collect();
        Config { listen, ..Config::default() }
    }

    #[test]
    fn an_own_entry_that_is_in_the_way_is_named_and_no_other_program() {
        let state = scratch::directory();
        let control = state.join("control.sock");
        let told =
            |listen: &[String]| listeners(&configured(listen), &control).err().expect("refused");
        let own = format!("unix:{}", control.display());
        let both = told(std::slice::from_ref(&own));
        assert_eq!(both.code, exit::CONFIG);
        assert!(
            both.message.starts_with("the control socket: ") && both.message.contains("of listen"),
            "{both}"
        );
        std::os::unix::fs::symlink(&state, state.join("link")).expect("linked");
        let linked = told(&[
            format!("unix:{}", state.join("a").display()),
            format!("unix:{}/a", state.join("link").display()),
        ]);
        assert!(linked.message.contains("cannot be had both"), "{linked}");
        let taken = std::net::TcpListener::bind("127.0.0.1:0")
            .expect("a port")
            .local_addr()
            .expect("bound");
        let _held = std::net::TcpListener::bind(taken).expect("free again");
        let other = told(&[taken.to_string()]);
        assert_eq!(other.code, exit::SYSTEM);
        assert!(other.message.contains("another program"), "{other}");
    }

    #[test]
    fn the_folder_of_the_control_socket_is_made_once_and_never_its_parents() {
        let state = scratch::directory();
        let control = state.join("run/control.sock");
        for _ in 0..2 {
            assert!(make_folder_of(&control).is_ok());
        }
        let made = state.join("run").metadata().expect("made");
        assert_eq!(
            made.permissions().mode() & 0o027,
            0,
            "nobody else may look in, the group may not write"
        );
        assert_eq!(
            make_folder_of(&state.join("no/such/control.sock")).map_err(|failure| failure.code),
            Err(exit::SYSTEM)
        );
    }
}
