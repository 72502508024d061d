//! What a server serves for a spelling, asked with exactly these bytes.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};

use super::spellings::Spelling;
use crate::support::wait::PATIENCE;

/// The private page, as every server here has it. No path spells it, so no page of an error that
/// shows the path can look like it.
pub const PRIVATE_PAGE: &str = "served as private";

/// The same for what lies below `/public`.
pub const PUBLIC_PAGE: &str = "served as public";

/// What came of a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Served {
    Private,
    Public,
    /// An error, another page, or a redirect, whose target would be asked for anew.
    Neither,
}

/// Who asks, and for which site.
pub struct Visitor {
    pub host: String,
    /// The cookie of a session at the gate.
    pub session: Option<String>,
}

impl Visitor {
    /// A stranger to the gate, if there is one.
    pub fn of(host: &str) -> Self {
        Self { host: host.to_owned(), session: None }
    }

    /// Asks for one spelling of a path, on a connection of its own.
    pub fn ask(&self, server: SocketAddr, target: &[u8]) -> Served {
        let answer = self.exchange(server, target);
        let has = |page: &str| answer.windows(page.len()).any(|part| part == page.as_bytes());
        let is_success = answer.starts_with(b"HTTP/1.1 2") || answer.starts_with(b"HTTP/1.0 2");
        match (is_success, has(PRIVATE_PAGE), has(PUBLIC_PAGE)) {
            (_, true, _) => Served::Private,
            (true, false, true) => Served::Public,
            _ => Served::Neither,
        }
    }

    /// What the server serves for each of them, in their order. It must still serve what is public
    /// then.
    pub fn ask_all(&self, server: SocketAddr, spellings: &[Spelling]) -> Vec<Served> {
        let served = spellings.iter().map(|spelling| self.ask(server, &spelling.target)).collect();
        assert_eq!(self.ask(server, b"/public/x"), Served::Public, "{server} broke down");
        served
    }

    /// All that the server says. It may end the connection before it has heard all, but it must be
    /// there, and end it.
    fn exchange(&self, server: SocketAddr, target: &[u8]) -> Vec<u8> {
        let Self { host, session } = self;
        let mut head = format!(" HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n");
        if let Some(token) = session {
            head += &format!("Cookie: auth_token={token}\r\n");
        }
        let shown = target.escape_ascii();
        let mut stream = TcpStream::connect_timeout(&server, PATIENCE)
            .unwrap_or_else(|error| panic!("no connection to {server} for {shown}: {error}"));
        stream.set_read_timeout(Some(PATIENCE)).expect("a limit above zero");
        stream.set_write_timeout(Some(PATIENCE)).expect("a limit above zero");
        let mut answer = Vec::new();
        let asked = stream.write_all(&[b"GET ", target, head.as_bytes(), b"\r\n"].concat());
        match asked.and_then(|()| stream.read_to_end(&mut answer)) {
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                panic!("{server} leaves {shown} without an end: {answer:?}")
            }
            // What was said before a reset counts.
            _ => answer,
        }
    }
}
