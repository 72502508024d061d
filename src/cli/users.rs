//! `user …` and `-generate`: users and their authenticator apps.

use super::backend::Backend;
use super::console::Console;
use super::credentials;
use super::exit::Failure;
use super::output::{Table, yes_or_no};
use super::program::Program;
use super::verbs::UserVerb;
use crate::app::messages::answers::users::{UserCredentials, UserDetails, UserLine, UserRemoved};
use crate::app::messages::command::Command;

const USERS: Table<UserLine> = Table {
    columns: &[
        ("NAME", |user| user.name.clone()),
        ("ENABLED", |user| yes_or_no(user.enabled)),
        ("ADMIN", |user| yes_or_no(user.admin)),
        ("CREATED", |user| user.created.clone()),
        ("SESSIONS", |user| user.sessions.to_string()),
    ],
    empty: "There are no users: add one with `portcullis user add NAME`.",
};

impl<B: Backend> Program<'_, B> {
    /// `user …`
    pub(super) fn user(&self, verb: UserVerb, console: &mut Console<'_>) -> Result<(), Failure> {
        match verb {
            UserVerb::Add {
                name,
                admin,
                group: groups,
                display_name,
                email,
                algorithm,
                digits,
            } => self.show_credentials(
                Command::UserAdd { name, admin, groups, display_name, email, algorithm, digits },
                console,
            ),
            UserVerb::List => self.list(Command::UserList, &USERS, console),
            UserVerb::Show { name } => {
                self.order::<UserDetails>(Command::UserShow { name }, console)
            }
            UserVerb::Disable { name } => {
                self.order::<UserLine>(Command::UserDisable { name }, console)
            }
            UserVerb::Enable { name } => {
                self.order::<UserLine>(Command::UserEnable { name }, console)
            }
            UserVerb::Remove { name } => {
                self.order::<UserRemoved>(Command::UserRemove { name }, console)
            }
            UserVerb::Rotate { name } => {
                self.show_credentials(Command::UserRotate { name }, console)
            }
            UserVerb::Export { name } => {
                self.show_credentials(Command::UserExport { name }, console)
            }
        }
    }

    /// `-generate [NAME]`; an empty name is none.
    pub(super) fn generate(&self, name: String, console: &mut Console<'_>) -> Result<(), Failure> {
        let name = Some(name).filter(|name| !name.is_empty());
        self.show_credentials(Command::Generate { name }, console)
    }

    fn show_credentials(&self, command: Command, console: &mut Console<'_>) -> Result<(), Failure> {
        let answer: UserCredentials = self.answer(command)?;
        if self.global.json {
            return Ok(console.say_json(&answer)?);
        }
        Ok(credentials::show(console, &answer)?)
    }
}
