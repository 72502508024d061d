//! Whose code this is (TOTP, RFC 6238): asked of all users, or of one by name.
//!
//! Guarantees: every enabled user is asked, to the last one, wherever the match is, and a name that
//! nobody has costs as much as a wrong code. Nothing here remembers a code: the caller keeps the
//! spent step.

use crate::auth::user::User;
use crate::clock::Timestamp;

pub use crate::auth::authenticator::{Algorithm, Authenticator, CodeLength, MAX_SKEW};
pub use crate::auth::code::Code;
pub use crate::auth::seed::Seed;
pub use crate::auth::time_step::{STEP, TimeStep};

/// One user whose code it was.
#[derive(Clone, Copy, Debug)]
pub struct Match<'u> {
    /// The user.
    pub user: &'u User,
    /// The step to spend: the latest one with these digits.
    pub step: TimeStep,
    /// The code was used before: a failure.
    pub spent: bool,
}

/// Whose code it was.
#[derive(Clone, Debug)]
#[must_use]
pub enum CodeOwner<'u> {
    /// Nobody's: a failure.
    Nobody,
    /// One user's. Lets that user in unless it is spent; the step must be stored before the answer
    /// goes out.
    One(Match<'u>),
    /// Several users': a failure, and the step is to be spent for each of them.
    Several(Vec<Match<'u>>),
}

/// Asks every enabled user's seed, to the last one, wherever the match is.
pub fn who<'u>(
    users: impl IntoIterator<Item = &'u User>,
    code: &Code,
    now: Timestamp,
    skew: u8,
) -> CodeOwner<'u> {
    // Room beforehand, so that a match costs no allocation that a miss does not.
    let mut matches = Vec::with_capacity(4);
    for user in users.into_iter().filter(|user| user.enabled) {
        if let Some(found) = ask(user, code, now, skew) {
            matches.push(found);
        }
    }
    match matches.as_slice() {
        [] => CodeOwner::Nobody,
        [one] => CodeOwner::One(*one),
        _ => CodeOwner::Several(matches),
    }
}

/// Asks one user by name. An unknown or disabled one costs as much as a wrong code: the same number
/// of HMACs over a seed that nobody has.
pub fn whether<'u>(user: Option<&'u User>, code: &Code, now: Timestamp, skew: u8) -> CodeOwner<'u> {
    match user {
        Some(user) => match ask(user, code, now, skew) {
            Some(found) if user.enabled => CodeOwner::One(found),
            _ => CodeOwner::Nobody,
        },
        None => {
            let _ =
                std::hint::black_box(Authenticator::of_nobody().matching_steps(code, now, skew));
            CodeOwner::Nobody
        }
    }
}

fn ask<'u>(user: &'u User, code: &Code, now: Timestamp, skew: u8) -> Option<Match<'u>> {
    let (first, latest) = user.authenticator.matching_steps(code, now, skew)?;
    // Digits that were spent at their first step stay spent at a later step that happens to have
    // the same.
    Some(Match { user, step: latest, spent: user.has_spent(first) })
}

#[cfg(test)]
#[path = "totp_tests.rs"]
mod tests;
