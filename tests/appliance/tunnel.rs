//! HTTPS for the tests' own plain client: a port on loopback whose every connection goes on through
//! TLS, by openssl.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Stdio};

/// Connections to it arrive at the machine as TLS ones to `name`. Certificates are not checked
/// here.
pub fn to(machine: SocketAddr, name: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("a bound socket");
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || carry(&stream, machine, name));
        }
    });
    address
}

fn carry(stream: &TcpStream, machine: SocketAddr, name: &str) {
    let mut client = Command::new("openssl")
        .args(["s_client", "-quiet", "-verify_quiet", "-servername", name])
        .args(["-connect", &machine.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("openssl");
    let (mut to, from) =
        (client.stdin.take().expect("a pipe"), client.stdout.take().expect("a pipe"));
    let back =
        stream.try_clone().map(|back| std::thread::spawn(move || copy(from, &back, Some(&back))));
    copy(stream, &mut to, None);
    let _ = client.kill();
    let _ = client.wait();
    if let Ok(back) = back {
        let _ = back.join();
    }
}

/// Passes on what comes, as it comes; `ends` is closed for both sides afterwards.
fn copy(mut from: impl Read, mut to: impl Write, ends: Option<&TcpStream>) {
    let mut piece = [0; 16384];
    while let Ok(length @ 1..) = from.read(&mut piece) {
        if to.write_all(piece.get(..length).unwrap_or_default()).and_then(|()| to.flush()).is_err()
        {
            break;
        }
    }
    if let Some(stream) = ends {
        let _ = stream.shutdown(Shutdown::Both);
    }
}

/// What the machine's certificate for `name` says, as openssl prints it.
pub fn certificate(machine: SocketAddr, name: &str) -> Option<String> {
    let shown = Command::new("openssl")
        .args(["s_client", "-servername", name, "-connect", &machine.to_string()])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    let mut reader = Command::new("openssl")
        .args(["x509", "-noout", "-issuer", "-dates"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    reader.stdin.take()?.write_all(&shown.stdout).ok()?;
    let output = reader.wait_with_output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}
