//! What the command line asks the daemon for: `POST /command` on the control socket, one JSON
//! object each way.

use crate::app::messages::command::{CommandRefused, MOST_AT_ONCE};

use crate::http::request::Method;
use crate::http::response::{Out, Status};
use crate::server::{Next, Request};

use crate::app::gate::health;
use crate::app::gate::state::{BODY_LIMIT, Gate};
use crate::app::messages::job::Job;

/// The longest command: the users of a backup in base64.
const COMMAND_LIMIT: usize = MOST_AT_ONCE / 3 * 4 + BODY_LIMIT;

impl Gate {
    /// The control socket takes one thing: a command, from those who may.
    pub(super) fn control(&self, request: &Request<'_>, out: &mut Out) -> Next<Job> {
        if !self.operators.admit(request.peer.credentials) {
            let message = "only root, the gate's own user and the members of the control socket's group may do this";
            health::command_answer(
                Err(CommandRefused { code: 77, message: message.to_owned() }),
                out,
            );
            return Next::Answered;
        }
        match (request.head.method, request.head.path) {
            (Method::Post, b"/command") => Next::ReadBody { limit: COMMAND_LIMIT },
            (Method::Get, b"/health") => health::alive(out),
            _ => {
                out.start(Status::NOT_FOUND);
                out.header("Cache-Control", b"no-store");
                out.finish_empty();
                Next::Answered
            }
        }
    }
}
