//! The daemon's control socket, from the command line's side.
//!
//! `POST /command` with a [`Command`] as JSON. Status 200: the body is the answer, in the form of
//! [`crate::app::messages::answers`]. Any other: the body is a [`CommandRefused`], or some other
//! text of a daemon that did not come that far.
//!
//! The daemon may be older or newer than this program. Members that this program does not know are
//! passed over; where one is missing, it says what to do.

use std::fmt;
use std::io::{self, ErrorKind};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use super::exchange::exchange;
use super::exit::{Failure, NO_PERMISSION, UNAVAILABLE};
use crate::app::messages::command::{Command, CommandRefused};

/// A slow card may take its time to write.
const PATIENCE: Duration = Duration::from_secs(30);

/// What asking the daemon led to.
#[derive(Debug)]
pub enum DaemonReply {
    /// It answered.
    Answered(DaemonAnswer),
    /// Nobody listens there: the store may be opened.
    NotRunning,
}

/// What the daemon answered. Wiped on drop; `Debug` does not show it.
pub struct DaemonAnswer {
    json: Zeroizing<Vec<u8>>,
    control: PathBuf,
}

impl DaemonAnswer {
    /// The answer, whose form the command determines.
    ///
    /// # Errors
    /// It has another form: the daemon is of another version.
    pub fn read<A: DeserializeOwned>(&self) -> Result<A, Failure> {
        let answer: serde_json::Result<serde_json::Value> = serde_json::from_slice(&self.json);
        answer.and_then(serde_json::from_value).map_err(|error| self.unreadable(&error))
    }

    fn unreadable(&self, error: &serde_json::Error) -> Failure {
        if !error.is_data() {
            return no_answer(&self.control, error);
        }
        let message = format!(
            "the daemon behind {} answers in a form that this program, version {}, does not know ({error}): the two are of \
             different versions. It has carried the command out. After an update restart the daemon (`systemctl restart portcullis`); else run the program \
             that the daemon was started from",
            self.control.display(),
            env!("CARGO_PKG_VERSION"),
        );
        Failure::new(UNAVAILABLE, message)
    }
}

impl fmt::Debug for DaemonAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DaemonAnswer(…)")
    }
}

/// Asks the daemon behind the control socket.
///
/// # Errors
/// The daemon refuses, does not answer, or this user may not ask it.
pub fn ask(control: &Path, command: &Command) -> Result<DaemonReply, Failure> {
    let mut stream = match UnixStream::connect(control) {
        Ok(stream) => stream,
        Err(error) => return not_connected(control, &error),
    };
    let silent = |error: io::Error| no_answer(control, &error);
    stream.set_read_timeout(Some(PATIENCE)).map_err(silent)?;
    stream.set_write_timeout(Some(PATIENCE)).map_err(silent)?;
    let order = serde_json::to_vec(command).map_err(|error| silent(error.into()))?;
    let answer =
        exchange(&mut stream, "POST", "/command", "portcullis", Some(&order)).map_err(silent)?;
    if answer.status == 200 {
        let (json, control) = (Zeroizing::new(answer.body), control.to_owned());
        return Ok(DaemonReply::Answered(DaemonAnswer { json, control }));
    }
    match serde_json::from_slice::<CommandRefused>(&answer.body) {
        Ok(refused) => Err(refused.into()),
        Err(_) if answer.status == 403 => Err(forbidden(control)),
        Err(_) => Err(silent(io::Error::other(format!("status {}", answer.status)))),
    }
}

fn no_answer(control: &Path, error: &dyn fmt::Display) -> Failure {
    let message = format!("the daemon behind {} does not answer: {error}", control.display());
    Failure::new(UNAVAILABLE, message)
}

fn not_connected(control: &Path, error: &io::Error) -> Result<DaemonReply, Failure> {
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::ConnectionRefused | ErrorKind::NotADirectory => {
            Ok(DaemonReply::NotRunning)
        }
        ErrorKind::PermissionDenied => Err(forbidden(control)),
        _ => Err(Failure::new(
            UNAVAILABLE,
            format!("the control socket {}: {error}", control.display()),
        )),
    }
}

fn forbidden(control: &Path) -> Failure {
    let way = "run this as root, as the daemon's user, or as a member of the socket's group";
    Failure::new(
        NO_PERMISSION,
        format!("the daemon behind {} accepts no commands from you: {way}", control.display()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::messages::answers::users::UserLine;
    use crate::config::scratch::{self, ScratchPath};
    use std::io::{Read, Write};
    use std::os::unix::net::UnixListener;

    /// A daemon that gives one answer; tells what it was asked.
    fn daemon(answer: &'static str) -> (ScratchPath, std::thread::JoinHandle<String>) {
        let path = scratch::path("control.sock");
        let listener = UnixListener::bind(&path).expect("bound");
        let asked = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a client");
            let mut bytes = [0; 4096];
            let length = stream.read(&mut bytes).expect("a request");
            stream.write_all(answer.as_bytes()).expect("written");
            String::from_utf8_lossy(&bytes[..length]).into_owned()
        });
        (path, asked)
    }

    #[test]
    fn an_answer_is_handed_on_as_it_is() {
        let (path, asked) =
            daemon("HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n[{\"name\":\"a\"}]");
        // One byte short of the body: the answer is cut, and that is an error.
        let Ok(DaemonReply::Answered(cut)) = ask(&path, &Command::UserList) else {
            panic!("no answer")
        };
        let cut = cut.read::<serde_json::Value>().expect_err("cut");
        assert!(cut.code == UNAVAILABLE && cut.message.contains("does not answer"), "{cut}");
        assert!(asked.join().expect("asked").ends_with("\r\n\r\n{\"verb\":\"user-list\"}"));
        let (path, _) = daemon("HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\n[{\"name\":\"a\"}]");
        let Ok(DaemonReply::Answered(answer)) = ask(&path, &Command::UserList) else {
            panic!("no answer")
        };
        let value: serde_json::Value = answer.read().expect("JSON");
        assert_eq!(value, serde_json::json!([{"name": "a"}]));
        assert_eq!(format!("{answer:?}"), "DaemonAnswer(…)", "may hold seeds");
    }

    #[test]
    fn an_answer_of_another_version_is_told_with_the_way_out() {
        for body in [
            r#"[{"name":"anna"}]"#,
            r#"{"users":[]}"#,
            r#"[{"admin":"root","created":"","enabled":true,"name":"anna","sessions":0}]"#,
        ] {
            let answer =
                DaemonAnswer { json: body.as_bytes().to_vec().into(), control: "/c".into() };
            let failure = answer.read::<Vec<UserLine>>().expect_err(body);
            assert_eq!(failure.code, UNAVAILABLE);
            for word in ["behind /c", "systemctl restart portcullis", env!("CARGO_PKG_VERSION")] {
                assert!(failure.message.contains(word), "{failure}");
            }
        }
        let newer =
            r#"[{"admin":true,"created":"","enabled":true,"name":"anna","passes":3,"sessions":0}]"#;
        let answer = DaemonAnswer { json: newer.as_bytes().to_vec().into(), control: "/c".into() };
        assert_eq!(answer.read::<Vec<UserLine>>().expect("read").len(), 1);
    }

    #[test]
    fn a_refusal_keeps_its_code_and_words() {
        let (path, _) = daemon("HTTP/1.1 422 X\r\n\r\n{\"code\":65,\"message\":\"no such user\"}");
        let failure = ask(&path, &Command::UserList).expect_err("refused");
        assert_eq!(failure, Failure::new(65, "no such user"));
        let (path, _) = daemon("HTTP/1.1 403 X\r\n\r\n");
        assert_eq!(ask(&path, &Command::UserList).expect_err("refused").code, NO_PERMISSION);
        let (path, _) = daemon("HTTP/1.1 503 X\r\n\r\nbusy");
        assert_eq!(ask(&path, &Command::UserList).expect_err("refused").code, UNAVAILABLE);
    }

    #[test]
    fn no_socket_and_a_stale_one_mean_that_no_daemon_runs() {
        let directory = scratch::directory();
        assert!(matches!(
            ask(&directory.join("none"), &Command::UserList),
            Ok(DaemonReply::NotRunning)
        ));
        let stale = directory.join("stale");
        drop(UnixListener::bind(&stale).expect("bound"));
        assert!(matches!(ask(&stale, &Command::UserList), Ok(DaemonReply::NotRunning)));
    }

    #[test]
    fn a_path_that_is_too_long_for_a_socket_is_named() {
        let path = PathBuf::from(format!("/{}", "a".repeat(200)));
        assert_eq!(ask(&path, &Command::UserList).expect_err("too long").code, UNAVAILABLE);
    }
}
