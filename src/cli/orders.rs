//! Verbs that work on users, sessions, limits and the clock: the command that each becomes, and how
//! its answer looks.

use std::io;

use serde_json::Value;

use super::console::Console;
use super::verbs::{ClockVerb, LimitVerb, SessionVerb, UserVerb};
use super::{credentials, output};
use crate::app::messages::command::Command;

/// How an answer is shown to people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Secret, URL and picture.
    Credentials,
    /// A table of users.
    Users,
    /// A table of sessions.
    Sessions,
    /// A table of counters.
    Limits,
    /// One `member: value` a line.
    Members,
}

impl Shape {
    /// Writes the answer: as one line of JSON, or for people.
    ///
    /// # Errors
    /// Standard output does not take it.
    pub fn show(self, console: &mut Console<'_>, answer: &Value, json: bool) -> io::Result<()> {
        if json {
            return console.say_json(answer);
        }
        let text = match self {
            Self::Credentials => return credentials::show(console, answer),
            Self::Users => output::table(
                answer,
                &USERS,
                "There are no users: add one with `portcullis user add NAME`.",
            ),
            Self::Sessions => output::table(answer, &SESSIONS, "Nobody is logged in."),
            Self::Limits => output::table(answer, &LIMITS, "No failures are counted."),
            Self::Members => output::members(answer),
        };
        console.say_all(&text)
    }
}

const USERS: [(&str, &str); 5] = [
    ("name", "NAME"),
    ("enabled", "ENABLED"),
    ("admin", "ADMIN"),
    ("created", "CREATED"),
    ("sessions", "SESSIONS"),
];

const SESSIONS: [(&str, &str); 7] = [
    ("id", "ID"),
    ("user", "USER"),
    ("created", "CREATED"),
    ("expires", "EXPIRES"),
    ("last_seen", "LAST SEEN"),
    ("client_ip", "ADDRESS"),
    ("user_agent", "BROWSER"),
];

const LIMITS: [(&str, &str); 4] =
    [("kind", "KIND"), ("key", "KEY"), ("failures", "FAILURES"), ("until", "UNTIL")];

/// `-generate [NAME]`; an empty name is none.
pub fn generate(name: String) -> (Command, Shape) {
    (Command::Generate { name: Some(name).filter(|name| !name.is_empty()) }, Shape::Credentials)
}

/// `user …`
pub fn user(verb: UserVerb) -> (Command, Shape) {
    match verb {
        UserVerb::Add { name, admin, group: groups, display_name, email, algorithm, digits } => {
            let command =
                Command::UserAdd { name, admin, groups, display_name, email, algorithm, digits };
            (command, Shape::Credentials)
        }
        UserVerb::List => (Command::UserList, Shape::Users),
        UserVerb::Show { name } => (Command::UserShow { name }, Shape::Members),
        UserVerb::Disable { name } => (Command::UserDisable { name }, Shape::Members),
        UserVerb::Enable { name } => (Command::UserEnable { name }, Shape::Members),
        UserVerb::Remove { name } => (Command::UserRemove { name }, Shape::Members),
        UserVerb::Rotate { name } => (Command::UserRotate { name }, Shape::Credentials),
        UserVerb::Export { name } => (Command::UserExport { name }, Shape::Credentials),
    }
}

/// `session …`
pub fn session(verb: SessionVerb) -> (Command, Shape) {
    match verb {
        SessionVerb::List => (Command::SessionList, Shape::Sessions),
        SessionVerb::Revoke(revoke) => (
            Command::SessionRevoke { ids: revoke.ids, user: revoke.user, all: revoke.all },
            Shape::Members,
        ),
    }
}

/// `limit …`
pub fn limit(verb: LimitVerb) -> (Command, Shape) {
    match verb {
        LimitVerb::List => (Command::LimitList, Shape::Limits),
        LimitVerb::Clear(clear) => (
            Command::LimitClear { what: clear.what.unwrap_or_default(), all: clear.all },
            Shape::Members,
        ),
    }
}

/// `clock …`
pub fn clock(verb: &ClockVerb) -> (Command, Shape) {
    match verb {
        ClockVerb::Reset => (Command::ClockReset, Shape::Members),
    }
}
