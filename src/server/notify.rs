//! Messages to systemd (sd_notify(3)), written by hand: one datagram a message, to a socket in the
//! file system or in the abstract name space. Without `NOTIFY_SOCKET` everything here does nothing;
//! a failed send is not worth an error.

use core::fmt::Write as _;
use core::time::Duration;
use std::env;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};

/// The way to the service manager.
pub(super) struct Notifier {
    socket: Option<(UnixDatagram, SocketAddr)>,
    watchdog: Option<Duration>,
    /// When the next sign of life is due.
    next_alive: Option<Duration>,
}

impl Notifier {
    /// Reads `NOTIFY_SOCKET`, `WATCHDOG_USEC` and `WATCHDOG_PID`.
    pub fn from_environment() -> Self {
        let read = |name: &str| env::var(name).ok();
        let watchdog = watchdog(
            read("WATCHDOG_USEC").as_deref(),
            read("WATCHDOG_PID").as_deref(),
            std::process::id(),
        );
        Self::to(read("NOTIFY_SOCKET").as_deref(), watchdog)
    }

    fn to(name: Option<&str>, watchdog: Option<Duration>) -> Self {
        let address = name.and_then(|name| match name.strip_prefix('@') {
            Some(name) => SocketAddr::from_abstract_name(name).ok(),
            None => name.starts_with('/').then(|| SocketAddr::from_pathname(name).ok()).flatten(),
        });
        let socket = address.and_then(|address| {
            let socket = UnixDatagram::unbound().ok()?;
            socket.set_nonblocking(true).ok()?;
            Some((socket, address))
        });
        Self { watchdog: watchdog.filter(|_| socket.is_some()), socket, next_alive: None }
    }

    /// When the next sign of life is due, if systemd waits for any.
    pub fn next_alive(&self) -> Option<Duration> {
        self.next_alive
    }

    /// Plans the next sign of life: twice as often as systemd expects to hear from us.
    pub fn plan_alive(&mut self, now: Duration) {
        self.next_alive = self.watchdog.map(|longest| now.saturating_add(longest / 2));
    }

    /// Gives the sign of life that is due.
    pub fn keep_alive(&mut self, now: Duration) {
        if self.next_alive.is_some_and(|next| now >= next) {
            self.alive();
            self.plan_alive(now);
        }
    }

    pub fn ready(&self, status: &str) {
        let mut text = String::from("READY=1\nSTATUS=");
        text.push_str(status);
        self.send(&text);
    }

    /// A reload begins (`Type=notify-reload`); [`Notifier::ready`] ends it.
    pub fn reloading(&self, monotonic: Duration) {
        let mut text = String::from("RELOADING=1\nMONOTONIC_USEC=");
        // Writing to a String cannot fail.
        let _ = write!(text, "{}", monotonic.as_micros());
        self.send(&text);
    }

    pub fn stopping(&self) {
        self.send("STOPPING=1\nSTATUS=Finishing the answers in flight");
    }

    fn alive(&self) {
        self.send("WATCHDOG=1");
    }

    fn send(&self, text: &str) {
        if let Some((socket, address)) = &self.socket {
            let _ = socket.send_to_addr(text.as_bytes(), address);
        }
    }
}

/// The longest silence that systemd bears; a `WATCHDOG_PID` of another process means that it
/// watches that one.
fn watchdog(micros: Option<&str>, pid: Option<&str>, own: u32) -> Option<Duration> {
    if pid.is_some_and(|pid| pid.parse() != Ok(own)) {
        return None;
    }
    let micros = micros?.parse().ok()?;
    (micros > 0).then(|| Duration::from_micros(micros))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(name: &str, socket: &UnixDatagram) {
        let notifier = Notifier::to(Some(name), None);
        notifier.ready("Serving");
        notifier.alive();
        let mut buffer = [0; 100];
        let length = socket.recv(&mut buffer).expect("a message");
        assert_eq!(&buffer[..length], b"READY=1\nSTATUS=Serving");
        let length = socket.recv(&mut buffer).expect("a message");
        assert_eq!(&buffer[..length], b"WATCHDOG=1");
    }

    #[test]
    fn systemd_is_told_over_an_abstract_socket() {
        let name = format!("portcullis-notify-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(&name).expect("a name");
        heard(&format!("@{name}"), &UnixDatagram::bind_addr(&address).expect("bound"));
    }

    #[test]
    fn systemd_is_told_over_a_socket_in_the_file_system() {
        let path = env::temp_dir().join(format!("portcullis-notify-{}", std::process::id()));
        let socket = UnixDatagram::bind(&path).expect("bound");
        heard(path.to_str().expect("UTF-8"), &socket);
        std::fs::remove_file(path).expect("removed");
    }

    #[test]
    fn without_a_manager_nothing_is_said() {
        for name in [None, Some(""), Some("relative"), Some("/nowhere/at/all")] {
            Notifier::to(name, None).ready("Serving");
        }
    }

    #[test]
    fn the_watchdog_is_fed_only_if_it_watches_us() {
        let seconds = |text| watchdog(Some(text), None, 7).map(|longest| longest.as_secs());
        assert_eq!((seconds("30000000"), seconds("0"), seconds("x")), (Some(30), None, None));
        assert_eq!(watchdog(Some("1"), Some("8"), 7), None);
        assert_eq!(watchdog(None, None, 7), None);
    }
}
