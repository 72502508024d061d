//! What the command line asks the daemon for: `POST /command` on the control socket, one JSON
//! object each way.

use crate::app::messages::command::{Command, CommandRefused, MOST_AT_ONCE};

use crate::auth::event::Actor;
use crate::http::request::Method;
use crate::http::response::{Out, Status};
use crate::server::{Credentials, Next, Request};

use crate::app::gate::announced::Announced;
use crate::app::gate::doctor;
use crate::app::gate::health;
use crate::app::gate::state::{BODY_LIMIT, Gate};
use crate::app::messages::job::Job;

/// The longest command: the users of a backup in base64.
const COMMAND_LIMIT: usize = MOST_AT_ONCE / 3 * 4 + BODY_LIMIT;

impl Gate {
    /// The control socket takes one thing: a command, from those who may.
    pub(super) fn control(&self, request: &Request<'_>, out: &mut Out) -> Next<Job, Announced> {
        if !self.control_access.permits(request.peer.credentials) {
            let message = "only root, the gate's own user and the members of the control socket's group may do this";
            health::command_answer(
                Err(CommandRefused { code: 77, message: message.to_owned() }),
                out,
            );
            return Next::Answered;
        }
        match (request.head.method, request.head.path) {
            (Method::Post, b"/command") => {
                let announced = Announced::Command(request.peer.credentials);
                Next::ReadBody { limit: COMMAND_LIMIT, announced }
            }
            (Method::Get, b"/health") => {
                health::alive(out);
                Next::Answered
            }
            _ => {
                out.start(Status::NOT_FOUND);
                out.header("Cache-Control", b"no-store");
                out.finish_empty();
                Next::Answered
            }
        }
    }

    /// A command has arrived.
    pub(super) fn ordered(
        &mut self,
        credentials: Option<Credentials>,
        body: &[u8],
        out: &mut Out,
    ) -> Next<Job> {
        let refused = match serde_json::from_slice::<Command>(body) {
            Ok(command) if command.needs_owner() && !self.control_access.is_owner(credentials) => {
                let message =
                    "only root and the gate's own user may do this; run it with sudo".to_owned();
                CommandRefused { code: 77, message }
            }
            Ok(Command::Doctor) => return Next::Work(doctor::job(self)),
            Ok(command) => {
                let user = credentials.map_or(u32::MAX, |peer| peer.uid);
                let (by, last_uses) = (Actor::Operator(user), self.take_last_uses());
                return Next::Work(Job::Command { command: Box::new(command), by, last_uses });
            }
            Err(error) => CommandRefused::unknown(&error),
        };
        health::command_answer(Err(refused), out);
        Next::Answered
    }
}
