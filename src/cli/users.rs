//! `user …` and `-generate`: users and their authenticator apps.

use clap::Subcommand;

use super::backend::Backend;
use super::console::Console;
use super::credentials;
use super::exit::Failure;
use super::output::{Table, yes_or_no};
use super::program::Program;
use crate::app::messages::answers::users::{UserCredentials, UserDetails, UserLine, UserRemoved};
use crate::app::messages::command::Command;

/// `user …`
#[derive(Debug, Subcommand)]
pub enum UserVerb {
    /// Add a user and show the new secret
    #[command(after_help = "Examples:
  portcullis user add alice
  portcullis user add bob --group family --name 'Bob Example' --email bob@example.com --json")]
    Add {
        /// Lower-case letters, digits, dots, underscores and hyphens; at most 64
        name: String,
        /// Allow the administration pages
        #[arg(long)]
        admin: bool,
        /// Group for the Remote-Groups header; may be repeated
        #[arg(long, value_name = "GROUP")]
        group: Vec<String>,
        /// Full name for the Remote-Name header
        #[arg(
            long = "name",
            id = "display_name",
            value_name = "TEXT",
            default_value = "",
            hide_default_value = true
        )]
        display_name: String,
        /// Mail address for the Remote-Email header
        #[arg(long, value_name = "ADDRESS", default_value = "", hide_default_value = true)]
        email: String,
        /// sha1 (the only one that all apps know), sha256 or sha512
        #[arg(long, value_name = "ALGORITHM")]
        algorithm: Option<String>,
        /// Length of a code: 6 or 8 digits
        #[arg(long, value_name = "COUNT")]
        digits: Option<u8>,
    },
    /// List all users
    List,
    /// Show one user, without the secret
    Show {
        /// The user's name
        name: String,
    },
    /// End a user's sessions and refuse further codes
    Disable {
        /// The user's name
        name: String,
    },
    /// Accept a disabled user's codes again
    Enable {
        /// The user's name
        name: String,
    },
    /// Remove a user for good
    Remove {
        /// The user's name
        name: String,
    },
    /// Give a user a new secret; the old one stops working and all sessions end
    Rotate {
        /// The user's name
        name: String,
    },
    /// Print a user's secret and otpauth:// URL again
    Export {
        /// The user's name
        name: String,
    },
}

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
