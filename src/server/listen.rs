//! Listening sockets: TCP over IPv4 and IPv6, and Unix sockets.
//!
//! Guarantees: a backlog as long as the kernel allows (a short one loses connections of a busy
//! proxy on a Unix socket); a Unix socket has its mode before the first connection; a stale one is
//! replaced only when nobody listens on it, and removed at the end only if it is still ours.

use core::fmt;
use std::fs::{self, Permissions};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::sys::socket::{
    self, AddressFamily, Backlog, SockFlag, SockType, SockaddrLike, SockaddrStorage, UnixAddr,
    setsockopt, sockopt,
};

use super::listen_address::ListenAddress;
use super::peer::{Credentials, ListenerRole, Peer, PeerAddress};
use crate::sys;

/// A socket that cannot be opened.
#[derive(Debug)]
pub struct BindError {
    address: ListenAddress,
    error: io::Error,
}

impl BindError {
    /// The system's error.
    pub fn io_error(&self) -> &io::Error {
        &self.error
    }
}

impl fmt::Display for BindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot listen on {}: {}", self.address, self.error)?;
        f.write_str(match self.error.kind() {
            io::ErrorKind::AddrInUse => "; another program, or another portcullis, listens there",
            io::ErrorKind::AddrNotAvailable => "; this machine does not have that address",
            io::ErrorKind::PermissionDenied => {
                "; choose a port from 1024 up, or a folder that this user may write to"
            }
            io::ErrorKind::NotFound => "; the folder of the socket does not exist",
            _ => "",
        })
    }
}

impl std::error::Error for BindError {}

enum Socket {
    Tcp(TcpListener),
    Unix(UnixListener),
}

/// A socket that takes connections.
pub struct Listener {
    socket: Socket,
    role: ListenerRole,
    address: ListenAddress,
    /// systemd keeps it open when this process ends.
    inherited: bool,
    /// The group of a Unix socket's file, whose members may connect.
    group: Option<u32>,
    _file: Option<SocketFile>,
}

/// Opens a listener. `mode` is the Unix socket's file mode, 0o660 as a rule.
pub fn bind(address: &ListenAddress, role: ListenerRole, mode: u32) -> Result<Listener, BindError> {
    bind_beside(address, role, mode, &[])
}

/// The same for one of several: `[::]:3000` leaves IPv4 to `0.0.0.0:3000` or another address of
/// IPv4 among `others`.
pub fn bind_beside(
    address: &ListenAddress,
    role: ListenerRole,
    mode: u32,
    others: &[ListenAddress],
) -> Result<Listener, BindError> {
    let v6_only = others.iter().any(|other| address.shares_port_with(other));
    let failed = |error| BindError { address: address.clone(), error };
    let (socket, file) = match address {
        ListenAddress::Tcp(tcp) => {
            (Socket::Tcp(bind_tcp(*tcp, v6_only).map_err(|errno| failed(errno.into()))?), None)
        }
        ListenAddress::Unix(path) => {
            let (socket, file) = bind_unix(path, mode).map_err(failed)?;
            (Socket::Unix(socket), Some(file))
        }
    };
    let mut listener = Listener {
        socket,
        role,
        address: address.clone(),
        inherited: false,
        group: group_of(address),
        _file: file,
    };
    if let Socket::Tcp(socket) = &listener.socket {
        listener.address = ListenAddress::Tcp(socket.local_addr().map_err(failed)?);
    }
    Ok(listener)
}

/// As long as the kernel allows (`net.core.somaxconn`, 4,096 by default).
const BACKLOG: Backlog = Backlog::MAXALLOWABLE;

fn bind_tcp(address: SocketAddr, v6_only: bool) -> Result<TcpListener, Errno> {
    let family = if address.is_ipv4() { AddressFamily::Inet } else { AddressFamily::Inet6 };
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    let socket = socket::socket(family, SockType::Stream, flags, None)?;
    setsockopt(&socket, sockopt::ReuseAddr, &true)?;
    // Accepted sockets inherit it; an answer is one write, which must not wait for the client's
    // acknowledgement.
    setsockopt(&socket, sockopt::TcpNoDelay, &true)?;
    // Otherwise as the system has it (`net.ipv6.bindv6only`).
    if v6_only && address.is_ipv6() {
        setsockopt(&socket, sockopt::Ipv6V6Only, &true)?;
    }
    socket::bind(socket.as_raw_fd(), &SockaddrStorage::from(address))?;
    socket::listen(&socket, BACKLOG)?;
    Ok(TcpListener::from(socket))
}

fn bind_unix(path: &Path, mode: u32) -> io::Result<(UnixListener, SocketFile)> {
    remove_stale(path)?;
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    let socket = socket::socket(AddressFamily::Unix, SockType::Stream, flags, None)?;
    socket::bind(socket.as_raw_fd(), &UnixAddr::new(path)?)?;
    // Nobody can connect between bind and listen, so nobody gets past the mode.
    fs::set_permissions(path, Permissions::from_mode(mode))?;
    let file = SocketFile::at(path)?;
    socket::listen(&socket, BACKLOG)?;
    Ok((UnixListener::from(socket), file))
}

/// Removes a socket that a killed daemon left behind. Anything else at the path is left alone, and
/// bind says so.
fn remove_stale(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.file_type().is_socket() => match UnixStream::connect(path) {
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => fs::remove_file(path),
            Ok(_) => Err(io::ErrorKind::AddrInUse.into()),
            // A full backlog, or one that we may not connect to: somebody may listen.
            Err(_) => Err(io::ErrorKind::AddrInUse.into()),
        },
        _ => Ok(()),
    }
}

/// The file of a Unix socket, removed when the listener goes, unless another one has taken its
/// place.
struct SocketFile {
    path: PathBuf,
    identity: (u64, u64),
}

impl SocketFile {
    fn at(path: &Path) -> io::Result<Self> {
        Ok(Self { path: path.to_owned(), identity: identity(path)? })
    }
}

/// The group that owns a Unix socket's file.
fn group_of(address: &ListenAddress) -> Option<u32> {
    let ListenAddress::Unix(path) = address else { return None };
    fs::symlink_metadata(path).ok().map(|found| found.gid())
}

/// Device and inode.
fn identity(path: &Path) -> io::Result<(u64, u64)> {
    let found = fs::symlink_metadata(path)?;
    Ok((found.dev(), found.ino()))
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if identity(&self.path).is_ok_and(|now| now == self.identity) {
            // Left behind, it would be replaced at the next start.
            let _ = fs::remove_file(&self.path);
        }
    }
}

impl Listener {
    /// A socket that somebody else has bound and that already listens.
    pub(super) fn adopt(socket: OwnedFd, role: ListenerRole) -> io::Result<Self> {
        if !socket::getsockopt(&socket, sockopt::AcceptConn)? {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "the socket does not listen"));
        }
        let name: SockaddrStorage = socket::getsockname(socket.as_raw_fd())?;
        let (socket, address) = match name.family() {
            Some(AddressFamily::Unix) => {
                let path = name
                    .as_unix_addr()
                    .and_then(UnixAddr::path)
                    .unwrap_or(Path::new(""))
                    .to_owned();
                let socket = UnixListener::from(socket);
                socket.set_nonblocking(true)?;
                (Socket::Unix(socket), ListenAddress::Unix(path))
            }
            Some(AddressFamily::Inet | AddressFamily::Inet6) => {
                setsockopt(&socket, sockopt::TcpNoDelay, &true)?;
                let socket = TcpListener::from(socket);
                socket.set_nonblocking(true)?;
                let address = socket.local_addr()?;
                (Socket::Tcp(socket), ListenAddress::Tcp(address))
            }
            _ => {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidInput,
                    "neither a TCP nor a Unix socket",
                ));
            }
        };
        let group = group_of(&address);
        Ok(Self { socket, role, address, inherited: true, group, _file: None })
    }

    /// Whether connections to this address come here already.
    pub fn covers(&self, address: &ListenAddress) -> bool {
        let (own, wanted) = match (&self.address, address) {
            (ListenAddress::Tcp(own), ListenAddress::Tcp(wanted)) => (own, wanted),
            _ => return self.is_in_the_way_of(address),
        };
        own.port() == wanted.port()
            && (own.ip().is_unspecified() || own == wanted)
            && self.is_in_the_way_of(address)
    }

    /// Whether the system refuses to listen there because of this one.
    pub fn is_in_the_way_of(&self, address: &ListenAddress) -> bool {
        match (&self.address, address) {
            // The same file by another path, too.
            (ListenAddress::Unix(own), ListenAddress::Unix(path)) => {
                own == path
                    || identity(own).is_ok_and(|own| identity(path).is_ok_and(|found| own == found))
            }
            (own, address) => {
                own.collides_with(address)
                    || (own.shares_port_with(address) && self.takes_ipv4_too())
            }
        }
    }

    fn takes_ipv4_too(&self) -> bool {
        let is_v6 = matches!(self.address, ListenAddress::Tcp(address) if address.is_ipv6());
        is_v6 && !socket::getsockopt(self, sockopt::Ipv6V6Only).unwrap_or(false)
    }

    /// Where it listens; with port 0 asked for, the port that the system chose.
    pub fn address(&self) -> &ListenAddress {
        &self.address
    }

    /// Whom it is for.
    pub fn role(&self) -> ListenerRole {
        self.role
    }

    /// Whether it goes on listening when this process has ended, for the next one.
    pub fn outlives_us(&self) -> bool {
        self.inherited
    }

    /// The next waiting connection. `WouldBlock` when there is none.
    pub(super) fn accept(&self) -> io::Result<(OwnedFd, Peer)> {
        let (stream, address, credentials) = match &self.socket {
            Socket::Tcp(listener) => {
                let (stream, from) = listener.accept()?;
                (
                    OwnedFd::from(stream),
                    PeerAddress::Ip(from.ip().to_canonical(), from.port()),
                    None,
                )
            }
            Socket::Unix(listener) => {
                let (stream, _) = listener.accept()?;
                let credentials = socket::getsockopt(&stream, sockopt::PeerCredentials)?;
                let (uid, gid, pid) = (credentials.uid(), credentials.gid(), credentials.pid());
                let member = |group: u32| gid == group || sys::peer_is_member(&stream, group);
                let operator = self.role == ListenerRole::Control && self.group.is_some_and(member);
                let credentials = Credentials { uid, gid, pid, operator };
                (OwnedFd::from(stream), PeerAddress::Unix, Some(credentials))
            }
        };
        Ok((stream, Peer { address, role: self.role, credentials }))
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match &self.socket {
            Socket::Tcp(listener) => listener.as_fd(),
            Socket::Unix(listener) => listener.as_fd(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_of_ipv6_and_all_of_ipv4_are_bound_side_by_side_in_either_order() {
        for first in ["0.0.0.0:0", "[::]:0"] {
            let Ok(one) = bind(&first.parse().expect("good"), ListenerRole::Public, 0) else {
                return;
            };
            let ListenAddress::Tcp(bound) = one.address().clone() else { panic!("TCP") };
            drop(one);
            let [v4, v6]: [ListenAddress; 2] = ["0.0.0.0", "[::]"]
                .map(|ip| format!("{ip}:{}", bound.port()).parse().expect("good"));
            let all = [v4.clone(), v6.clone()];
            let order = if first.starts_with('[') { [&v6, &v4] } else { [&v4, &v6] };
            let both = order.map(|address| {
                bind_beside(address, ListenerRole::Public, 0, &all).expect("side by side")
            });
            for (listener, local) in both.iter().zip(order.map(|address| address == &v4)) {
                let to = if local { "127.0.0.1" } else { "::1" };
                let _client = std::net::TcpStream::connect((to, bound.port())).expect("connected");
                assert!(listener.accept().is_ok(), "{to}");
            }
            assert!(both[0].is_in_the_way_of(order[0]) && !both[0].is_in_the_way_of(order[1]));
        }
    }

    #[test]
    fn a_listener_knows_what_it_takes_already() {
        let Ok(all) = bind(&"[::]:0".parse().expect("good"), ListenerRole::Public, 0) else {
            return;
        };
        let ListenAddress::Tcp(bound) = all.address().clone() else { panic!("TCP") };
        let at =
            |ip: &str| format!("{ip}:{}", bound.port()).parse::<ListenAddress>().expect("good");
        for ip in ["127.0.0.1", "0.0.0.0", "[::1]", "[::]"] {
            assert!(all.covers(&at(ip)), "{ip}");
        }
        let near =
            bind(&"127.0.0.1:0".parse().expect("good"), ListenerRole::Public, 0).expect("bound");
        let ListenAddress::Tcp(bound) = near.address().clone() else { panic!("TCP") };
        let wide = format!("0.0.0.0:{}", bound.port()).parse::<ListenAddress>().expect("good");
        assert!(near.is_in_the_way_of(&wide) && !near.covers(&wide));
        let path = folder("link").join("gate.sock");
        let socket =
            bind(&ListenAddress::Unix(path.clone()), ListenerRole::Public, 0o660).expect("bound");
        let folder = folder("link").with_extension("other");
        let _ = fs::remove_file(&folder);
        std::os::unix::fs::symlink(path.parent().expect("a folder"), &folder).expect("linked");
        assert!(socket.covers(&ListenAddress::Unix(folder.join("gate.sock"))));
        assert!(!socket.covers(&ListenAddress::Unix(folder.join("other.sock"))));
        fs::remove_file(folder).expect("removed");
        drop(socket);
        fs::remove_dir(path.parent().expect("a folder")).expect("empty");
    }

    fn folder(name: &str) -> PathBuf {
        let folder =
            std::env::temp_dir().join(format!("portcullis-listen-{}-{name}", std::process::id()));
        fs::create_dir_all(&folder).expect("temporary folder");
        folder
    }

    #[test]
    fn a_unix_socket_has_its_mode_and_goes_with_the_listener() {
        let path = folder("mode").join("gate.sock");
        let listener =
            bind(&ListenAddress::Unix(path.clone()), ListenerRole::Control, 0o660).expect("bound");
        assert_eq!(fs::metadata(&path).expect("there").mode() & 0o7777, 0o660);
        let _client = UnixStream::connect(&path).expect("connected");
        let (_, peer) = listener.accept().expect("accepted");
        let credentials = peer.credentials.expect("known");
        assert_eq!(credentials.uid, nix::unistd::geteuid().as_raw());
        assert_eq!(u32::try_from(credentials.pid), Ok(std::process::id()));
        assert!(credentials.operator, "the socket's group is this process's own");
        drop(listener);
        assert!(!path.exists());
        fs::remove_dir(path.parent().expect("a folder")).expect("empty");
    }

    #[test]
    fn a_stale_socket_is_replaced_and_a_living_one_is_not() {
        let path = folder("stale").join("gate.sock");
        let address = ListenAddress::Unix(path.clone());
        drop(UnixListener::bind(&path).expect("bound"));
        assert!(path.exists(), "std leaves the file behind");
        let living = bind(&address, ListenerRole::Public, 0o660).expect("replaced");
        let second = bind(&address, ListenerRole::Public, 0o660).err().expect("refused");
        assert_eq!(second.io_error().kind(), io::ErrorKind::AddrInUse);
        drop(living);
        fs::write(&path, "a file of somebody").expect("written");
        assert!(bind(&address, ListenerRole::Public, 0o660).is_err());
        assert_eq!(fs::read_to_string(&path).expect("still there"), "a file of somebody");
        fs::remove_file(&path).expect("removed");
        fs::remove_dir(path.parent().expect("a folder")).expect("empty");
    }

    #[test]
    fn a_mapped_ipv4_peer_is_an_ipv4_peer() {
        let address = ListenAddress::Tcp("[::]:0".parse().expect("good"));
        let Ok(listener) = bind(&address, ListenerRole::Public, 0) else { return };
        let ListenAddress::Tcp(bound) = listener.address().clone() else { panic!("TCP") };
        let Ok(_client) = std::net::TcpStream::connect(("127.0.0.1", bound.port())) else { return };
        let (_, peer) = listener.accept().expect("accepted");
        assert!(matches!(peer.address, PeerAddress::Ip(ip, _) if ip.is_ipv4()), "{peer:?}");
    }
}
