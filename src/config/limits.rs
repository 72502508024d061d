//! How many users a login by code alone is made for.

use std::fmt;

use super::settings::LoginSettings;

/// With the code alone every user's code opens the door, so each further user makes guessing
/// easier.
pub const MOST_USERS_WITHOUT_NAMES: usize = 20;

/// More users than a login by code alone is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooManyUsers {
    users: usize,
}

impl fmt::Display for TooManyUsers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} users and a login by code alone: any user's code opens the door, so guessing gets easier with each of \
             them, and {MOST_USERS_WITHOUT_NAMES} are the most; set login.ask_username = true, or login.accept_odds = \
             true if you accept that",
            self.users
        )
    }
}

impl std::error::Error for TooManyUsers {}

/// Refuses a code-only login for more than [`MOST_USERS_WITHOUT_NAMES`] users, unless the operator
/// accepts the odds. `users` are all users there are, or would be.
pub fn check_user_count(login: &LoginSettings, users: usize) -> Result<(), TooManyUsers> {
    if login.ask_username || login.accept_odds || users <= MOST_USERS_WITHOUT_NAMES {
        Ok(())
    } else {
        Err(TooManyUsers { users })
    }
}
