//! The server in a process of its own, for what a process has one of: limits, signals, inherited
//! sockets.
//!
//! The child is this test program again, told to run one ignored test that serves until its
//! standard input ends.

use std::io::{BufRead, BufReader, Lines, Read};
use std::net::{SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::process::{ChildStdout, Command, ExitStatus, Stdio};

use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use portcullis::server::inherited;

use super::client::{Client, get, is_healthy};
use super::gate::{Gate, HOUR};
use crate::support::wait::{self, PATIENCE};

pub struct Child {
    pub address: SocketAddr,
    process: std::process::Child,
    _output: Lines<BufReader<ChildStdout>>,
}

impl Child {
    /// Starts the server that the ignored test `name` of this module describes.
    pub fn start(name: &str) -> Self {
        // The test program has threads before it has a server; `env` blocks the signals for all of
        // them.
        let mut env = Command::new("env");
        env.args(["--block-signal=HUP", "--block-signal=INT", "--block-signal=TERM"]);
        env.arg(std::env::current_exe().expect("a path"));
        Self::spawn(env, name, Stdio::piped())
    }

    fn spawn(mut command: Command, name: &str, input: Stdio) -> Self {
        let test = format!("wire::process::{name}");
        command
            .args(["--exact", &test, "--ignored", "--nocapture"])
            .stdin(input)
            .stdout(Stdio::piped());
        let mut process = command.spawn().expect("a child");
        let mut output = BufReader::new(process.stdout.take().expect("a pipe")).lines();
        let address = output
            .find_map(|line| line.expect("a line").split_once("listens on ")?.1.parse().ok())
            .expect("the child's address");
        Self { address, process, _output: output }
    }

    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.process.id().try_into().expect("a pid")), signal).expect("sent");
    }

    /// Asks the child to end and waits for it.
    pub fn end(mut self) -> ExitStatus {
        drop(self.process.stdin.take());
        wait::until("the child's end", PATIENCE, || self.process.try_wait().expect("our own child"))
    }
}

/// Serves until standard input ends or a signal comes.
fn serve_as_child(gate: Gate) {
    println!("\nlistens on {}", gate.address);
    let stop = gate.stopper();
    std::thread::spawn(move || {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        stop.stop();
    });
    gate.wait().expect("a good end");
}

#[test]
#[ignore = "is a server for another test"]
fn server_with_256_descriptors() {
    setrlimit(Resource::RLIMIT_NOFILE, 256, 256).expect("a lower limit");
    serve_as_child(Gate::start());
}

#[test]
#[ignore = "is a server for another test"]
fn server_with_signals() {
    portcullis::server::signals::hold().expect("held");
    // What ends it is the signal, and no deadline.
    serve_as_child(Gate::with(|settings| {
        (settings.take_signals, settings.drain_timeout) = (true, HOUR)
    }));
}

#[test]
#[ignore = "is a server for another test"]
fn server_with_an_inherited_socket() {
    let listener = inherited().expect("good sockets").pop().expect("one socket");
    assert!(inherited().expect("none left").is_empty());
    let gate = Gate::on(listener, |_| {});
    println!("\nlistens on {}", gate.address);
    gate.wait().expect("a good end");
}

#[test]
fn sigterm_and_sigint_end_the_server_after_the_answers_in_flight_and_sighup_does_not() {
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let server = Child::start("server_with_signals");
        let mut kept = Client::to(server.address);
        assert_eq!(kept.say(get("/health")).answer().expect("an answer").status, 200);
        let mut reading = Client::to(server.address);
        reading.say(get("/big"));
        server.signal(Signal::SIGHUP);
        is_healthy(server.address);
        server.signal(signal);
        assert!(kept.has_ended());
        assert_eq!(reading.answer().expect("an answer in flight").body.len(), super::gate::BIG);
        assert!(server.end().success(), "{signal}");
    }
}

/// The moment is half a second. A busy machine may let the newcomer miss it, and then another one
/// tries.
#[test]
fn who_was_taken_before_the_end_may_still_ask_for_a_moment() {
    wait::until("a newcomer in time", PATIENCE, || newcomer_at_the_end().then_some(()));
}

/// Whether one who was taken before the end, and asked after it had begun, was answered.
fn newcomer_at_the_end() -> bool {
    let server = Child::start("server_with_signals");
    let mut kept = Client::to(server.address);
    let (mut newcomer, mut silent) = (Client::to(server.address), Client::to(server.address));
    // Answered after the newcomers were taken: they came first.
    assert_eq!(kept.say(get("/health")).answer().expect("an answer").status, 200);
    server.signal(Signal::SIGTERM);
    assert!(kept.has_ended(), "who has had an answer has nothing to wait for");
    let answer = newcomer.say(get("/health")).answer();
    assert!(newcomer.has_ended() && silent.has_ended());
    assert!(server.end().success());
    answer.is_some_and(|answer| answer.status == 200)
}

#[test]
fn a_socket_from_systemd_is_served() {
    let socket = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = socket.local_addr().expect("an address");
    // The shell stands in for systemd: it moves the socket to descriptor 3 and becomes the server.
    let mut shell = Command::new("sh");
    let script =
        "LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=gate exec \"$0\" \"$@\" 3<&0 </dev/null";
    shell.args(["-c", script]).arg(std::env::current_exe().expect("a path"));
    let mut server =
        Child::spawn(shell, "server_with_an_inherited_socket", Stdio::from(OwnedFd::from(socket)));
    assert_eq!(server.address, address);
    is_healthy(address);
    server.process.kill().expect("killed");
    server.process.wait().expect("an end");
}
