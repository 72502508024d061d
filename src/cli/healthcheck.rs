//! `healthcheck`: does the gate serve? For containers and scripts; asks as any client would.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use super::exchange::exchange;
use super::exit::{CONFIG, Failure, UNAVAILABLE};
use crate::config::{Config, ListenAddress};

const PATIENCE: Duration = Duration::from_secs(5);

/// Asks `/health` at the given address, or at the first one of the configuration.
///
/// # Errors
/// There is no address, nobody answers there, or the answer is not 200.
pub fn check(config: &Config, address: Option<ListenAddress>) -> Result<(), Failure> {
    let address = address.or_else(|| config.listen.first().cloned()).ok_or_else(|| {
        Failure::new(CONFIG, "listen is empty: name the address to ask with --listen")
    })?;
    let path = format!("{}/health", config.path_prefix);
    let down = |error: io::Error| {
        Failure::new(UNAVAILABLE, format!("the gate on {address} does not answer: {error}"))
    };
    let status = match &address {
        ListenAddress::Tcp(bound) => {
            let peer = reachable(*bound);
            let stream = TcpStream::connect_timeout(&peer, PATIENCE).map_err(down)?;
            stream
                .set_read_timeout(Some(PATIENCE))
                .and_then(|()| stream.set_write_timeout(Some(PATIENCE)))
                .map_err(down)?;
            ask(stream, &path, &peer.to_string())
        }
        ListenAddress::Unix(socket) => {
            let stream = UnixStream::connect(socket).map_err(down)?;
            stream
                .set_read_timeout(Some(PATIENCE))
                .and_then(|()| stream.set_write_timeout(Some(PATIENCE)))
                .map_err(down)?;
            ask(stream, &path, "localhost")
        }
    };
    match status.map_err(down)? {
        200 => Ok(()),
        status => Err(Failure::new(
            UNAVAILABLE,
            format!("the gate on {address} answers {status} to {path}"),
        )),
    }
}

fn ask(mut stream: impl Read + Write, path: &str, host: &str) -> io::Result<u16> {
    exchange(&mut stream, "GET", path, host, None).map(|answer| answer.status)
}

/// Who listens on all addresses is asked on the loopback one.
fn reachable(bound: SocketAddr) -> SocketAddr {
    let address = match bound.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Ipv6Addr::LOCALHOST.into(),
        other => other,
    };
    SocketAddr::new(address, bound.port())
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::os::unix::net::UnixListener;

    use super::*;
    use crate::config::scratch;

    const FINE: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

    fn answer(mut stream: impl Read + Write, with: &[u8]) -> String {
        let mut bytes = [0; 1024];
        let length = stream.read(&mut bytes).expect("a request");
        stream.write_all(with).expect("written");
        String::from_utf8_lossy(&bytes[..length]).into_owned()
    }

    #[test]
    fn a_gate_that_answers_is_healthy_and_asked_below_its_prefix() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("bound");
        let port = listener.local_addr().expect("bound").port();
        let gate = std::thread::spawn(move || answer(listener.accept().expect("a client").0, FINE));
        let everywhere = ListenAddress::Tcp(SocketAddr::from(([0, 0, 0, 0], port)));
        let config = Config {
            listen: vec![everywhere],
            path_prefix: "/auth".to_owned(),
            ..Config::default()
        };
        assert_eq!(check(&config, None), Ok(()));
        assert!(
            gate.join()
                .expect("asked")
                .starts_with(&format!("GET /auth/health HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"))
        );
    }

    #[test]
    fn a_unix_socket_is_asked_too() {
        let path = scratch::path("gate.sock");
        let listener = UnixListener::bind(&path).expect("bound");
        let gate = std::thread::spawn(move || {
            answer(listener.accept().expect("a client").0, b"HTTP/1.1 503 X\r\n\r\n")
        });
        let failure = check(&Config::default(), Some(ListenAddress::Unix(path.to_path_buf())))
            .expect_err("not healthy");
        assert_eq!(failure.code, UNAVAILABLE);
        assert!(failure.message.contains("503"), "{failure}");
        gate.join().expect("asked");
    }

    #[test]
    fn nobody_there_and_nowhere_to_ask_are_failures() {
        let free = TcpListener::bind("127.0.0.1:0")
            .and_then(|listener| listener.local_addr())
            .expect("a free port");
        assert_eq!(
            check(&Config::default(), Some(ListenAddress::Tcp(free)))
                .map_err(|failure| failure.code),
            Err(UNAVAILABLE)
        );
        let config = Config { listen: Vec::new(), ..Config::default() };
        assert_eq!(check(&config, None).map_err(|failure| failure.code), Err(CONFIG));
    }
}
