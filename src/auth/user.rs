//! Who may come in: the record of a user.
//!
//! Every text of a [`User`] may become a response header: none holds a control character, neither
//! after creation nor after reading it back.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, de};

use crate::auth::authenticator::Authenticator;
use crate::auth::time_step::TimeStep;
use crate::clock::Timestamp;
use crate::entropy::Entropy;

pub use crate::auth::user_name::{NameError, UserName};

/// One user, as stored. `Debug` leaves the seed out.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// The login name, unique.
    pub name: UserName,
    /// A disabled user's codes open nothing.
    pub enabled: bool,
    /// May use the admin pages.
    pub admin: bool,
    /// The full name, shown and sent as `Remote-Name`; may be empty.
    #[serde(deserialize_with = "display_name")]
    pub display_name: String,
    /// The mail address, sent as `Remote-Email`; may be empty.
    #[serde(deserialize_with = "email")]
    pub email: String,
    /// Sent as `Remote-Groups`, separated by commas.
    #[serde(deserialize_with = "groups")]
    pub groups: Vec<String>,
    /// When the user was added.
    pub created: Timestamp,
    /// What the codes are made with.
    pub authenticator: Authenticator,
    /// The latest step whose code was used: it and all before it are worth nothing any more.
    pub spent: Option<TimeStep>,
    /// Device cookies are bound to it; see [`User::end_devices`].
    pub generation: u32,
}

impl User {
    /// The longest full name, in bytes.
    pub const MAX_DISPLAY_NAME: usize = 256;
    /// The longest mail address, in bytes (RFC 5321 section 4.5.3.1.3 less the brackets).
    pub const MAX_EMAIL: usize = 254;
    /// The longest group, in bytes.
    pub const MAX_GROUP: usize = 64;
    /// How many groups a user can be in: all of them fit into one header line.
    pub const MAX_GROUPS: usize = 64;

    /// An enabled user without rights, groups and profile. The generation starts at a random
    /// number, so that the device cookies of a removed user are worth nothing to a later one of the
    /// same name.
    pub fn new(
        name: UserName,
        authenticator: Authenticator,
        now: Timestamp,
        entropy: &mut impl Entropy,
    ) -> Self {
        Self {
            name,
            enabled: true,
            admin: false,
            display_name: String::new(),
            email: String::new(),
            groups: Vec::new(),
            created: now,
            authenticator,
            spent: None,
            generation: u32::from_ne_bytes(entropy.bytes()),
        }
    }

    /// The same user with these texts, or the first of them that cannot be taken.
    pub fn with_profile(
        mut self,
        display_name: String,
        email: String,
        groups: Vec<String>,
    ) -> Result<Self, ProfileError> {
        check_display_name(&display_name)?;
        check_email(&email)?;
        check_groups(&groups)?;
        (self.display_name, self.email, self.groups) = (display_name, email, groups);
        Ok(self)
    }

    /// Whether the code of `step` was used, or one after it.
    pub fn has_spent(&self, step: TimeStep) -> bool {
        self.spent.is_some_and(|spent| step <= spent)
    }

    /// Marks `step` and all before it as used. Never goes back.
    pub fn spend(&mut self, step: TimeStep) {
        self.spent = self.spent.max(Some(step));
    }

    /// Marks every step as used, those to come as well: codes were used elsewhere, and nobody knows
    /// what time it is.
    pub fn spend_all(&mut self) {
        self.spent = Some(TimeStep::LAST);
    }

    /// Whether every step is marked as used until the time is known.
    pub fn awaits_time(&self) -> bool {
        self.spent == Some(TimeStep::LAST)
    }

    /// Ends [`User::spend_all`], now that the time is known: steps behind `step` count again.
    pub fn spend_up_to(&mut self, step: TimeStep) {
        if self.awaits_time() {
            self.spent = Some(step);
        } else {
            self.spend(step);
        }
    }

    /// Makes all device cookies of this user worthless: at disable, rotate and
    /// `session revoke --all`.
    pub fn end_devices(&mut self) {
        self.generation = self.generation.wrapping_add(1);
    }
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User")
            .field("name", &self.name)
            .field("enabled", &self.enabled)
            .finish_non_exhaustive()
    }
}

/// Why a text cannot stand in a user's record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProfileError {
    /// The full name is too long, starts or ends with a space, or holds a control or direction
    /// character.
    DisplayName,
    /// The mail address is not one address in ASCII.
    Email,
    /// A group is empty, too long, or holds a comma or control character; or there are too many.
    Groups,
}

impl fmt::Display for ProfileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DisplayName => write!(
                f,
                "the full name cannot be used: at most {} bytes, no control characters, no space around it",
                User::MAX_DISPLAY_NAME
            ),
            Self::Email => write!(
                f,
                "the mail address cannot be used: one address like anna@example.com in ASCII, at most {} bytes",
                User::MAX_EMAIL
            ),
            Self::Groups => write!(
                f,
                "the groups cannot be used: at most {} of at most {} bytes each, without comma and control characters",
                User::MAX_GROUPS,
                User::MAX_GROUP
            ),
        }
    }
}

impl std::error::Error for ProfileError {}

/// Whether a full name can stand in a header and on a page.
pub fn check_display_name(name: &str) -> Result<(), ProfileError> {
    let fits = name.len() <= User::MAX_DISPLAY_NAME && is_plain(name);
    if fits { Ok(()) } else { Err(ProfileError::DisplayName) }
}

/// Whether this is one mail address, or nothing. Of an address with two `@` applications read
/// different domains (GHSA-c5c4-8r6x-56w3).
pub fn check_email(email: &str) -> Result<(), ProfileError> {
    let plain = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"(),:;<>[\\]".contains(&byte))
    };
    let fits = match email.split_once('@') {
        None => email.is_empty(),
        Some((local, domain)) => {
            email.len() <= User::MAX_EMAIL && plain(local) && plain(domain) && !domain.contains('@')
        }
    };
    if fits { Ok(()) } else { Err(ProfileError::Email) }
}

/// Whether these groups can be joined by commas in one header.
pub fn check_groups(groups: &[String]) -> Result<(), ProfileError> {
    let fits = |group: &String| {
        !group.is_empty()
            && group.len() <= User::MAX_GROUP
            && !group.contains(',')
            && is_plain(group)
    };
    if groups.len() <= User::MAX_GROUPS && groups.iter().all(fits) {
        Ok(())
    } else {
        Err(ProfileError::Groups)
    }
}

/// No control characters, no line or paragraph separators, nothing that turns the direction of what
/// follows, and no space around it, which HTTP would drop from a header.
fn is_plain(text: &str) -> bool {
    text.trim() == text
        && !text.chars().any(|c| {
            c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        })
}

fn display_name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let name = String::deserialize(deserializer)?;
    check_display_name(&name).map_err(de::Error::custom)?;
    Ok(name)
}

fn email<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let email = String::deserialize(deserializer)?;
    check_email(&email).map_err(de::Error::custom)?;
    Ok(email)
}

fn groups<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let groups = Vec::deserialize(deserializer)?;
    check_groups(&groups).map_err(de::Error::custom)?;
    Ok(groups)
}

#[cfg(test)]
#[path = "user_tests.rs"]
mod tests;
