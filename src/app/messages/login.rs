//! What a login brings, and what comes of it: said by the loop to the worker, and back.

use std::net::IpAddr;
use std::time::Duration;

use crate::auth::device::Device;
use crate::auth::guess_budget::NetworkZone;
use crate::auth::keyring::KeyId;
use crate::auth::limiter::RetryAfter;
use crate::auth::repetition::BrowserId;
use crate::auth::session::{Session, SessionId};
use crate::auth::totp::Code;
use crate::auth::trusted_time::ClockFault;
use crate::auth::user::UserName;
use crate::ledger::StoreError;

use crate::app::rounds::Trip;

/// A login as it was posted, well-formed.
pub struct LoginAttempt {
    /// The code.
    pub code: Code,
    /// The name, where the form asks for one.
    pub name: Option<UserName>,
    /// Who posted it.
    pub browser: Browser,
}

/// Who sends a form, and what its answer needs.
pub struct Browser {
    /// Who sends it.
    pub sender: Sender,
    /// Where the visitor goes afterwards, checked.
    pub next: String,
    /// Origin of `next` where it is another than the login page's.
    pub next_origin: Option<String>,
    /// The way to `next`, unless it is `/`.
    pub trip: Option<Trip>,
    /// The key that a new session is signed with.
    pub key: KeyId,
}

/// Who sends a form, as far as its head tells.
pub struct Sender {
    /// Who asks, as `proxy.trust` sees it.
    pub client: IpAddr,
    /// Whose budget he draws on where no device of ours is known.
    pub origin: NetworkZone,
    /// The device that his cookie proves, of several the first that is ours. Whether it still
    /// counts, the worker knows.
    pub device: Option<Device>,
    /// Which browser it is, if it has seen the login page.
    pub id: Option<BrowserId>,
    /// The living session that the browser already had; it ends with a new login.
    pub previous: Option<Presented>,
    /// For the list of sessions.
    pub user_agent: Vec<u8>,
}

/// A living session, as the browser showed it.
pub struct Presented {
    /// Which.
    pub id: SessionId,
    /// The cookie's value.
    pub token: String,
}

/// The decision.
#[must_use]
pub enum Admission {
    /// Let in: the session, and the value of the device cookie.
    Admitted {
        /// On the disk already.
        session: Session,
        /// For `Set-Cookie`.
        device: String,
    },
    /// Let in once more by the same submission: the answer is that of the first.
    Repeated {
        /// Begun by the first.
        session: Session,
        /// For `Set-Cookie`.
        device: String,
    },
    /// In already: the code is a used one of the user whose living session came with it, which goes
    /// on for so long.
    In(Duration),
    /// Kept out.
    Refused(LoginDenial),
}

/// Why a visitor is kept out.
#[derive(Debug)]
pub enum LoginDenial {
    /// The code lets nobody in; wrong, spent and ambiguous ones look alike.
    WrongCode,
    /// Too many failures from this address.
    Address(RetryAfter),
    /// The bucket of all strangers is empty.
    Strangers(RetryAfter),
    /// The account's, or this device's, bucket is empty.
    Account(RetryAfter),
    /// The time is not known.
    Clock(ClockFault),
    /// No write, no login.
    Store(StoreError),
}

impl LoginDenial {
    /// Whether it was decided before the code was looked at, so that nothing counts how often.
    pub fn is_costless(&self) -> bool {
        matches!(self, Self::Address(_) | Self::Strangers(_) | Self::Account(_) | Self::Clock(_))
    }
}

impl std::fmt::Display for LoginDenial {
    /// One word for the log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::WrongCode => f.write_str("wrong_code"),
            Self::Address(_) => f.write_str("limited_address"),
            Self::Strangers(_) => f.write_str("limited_strangers"),
            Self::Account(_) => f.write_str("limited_account"),
            Self::Clock(fault) => write!(f, "clock reason=\"{fault}\""),
            Self::Store(error) => write!(f, "store reason=\"{error}\""),
        }
    }
}

#[cfg(test)]
impl Browser {
    /// One that nobody knows, from `client`.
    pub(crate) fn of(client: &str) -> Self {
        let client = client.parse().expect("an address");
        let sender = Sender {
            client,
            origin: NetworkZone::of(client),
            device: None,
            id: None,
            previous: None,
            user_agent: b"test".to_vec(),
        };
        let next = "/".to_owned();
        Self { sender, next, next_origin: None, trip: None, key: KeyId::new(1) }
    }
}
