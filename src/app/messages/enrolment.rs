//! What a visitor of the set-up page asks for, and what he is shown.

use std::time::Duration;

use crate::app::messages::login::{Browser, LoginDenial};
use crate::auth::session::Session;
use crate::auth::setup::Void;
use crate::auth::setup_code::SetupCode;
use crate::auth::totp::Code;
use crate::auth::user::UserName;

/// The name that the first user is offered.
pub const FIRST_NAME: &str = "owner";

/// What a visitor of `/setup` asks for.
pub struct Enrolment {
    /// How far he is.
    pub step: EnrolmentStep,
    /// Who asks.
    pub browser: Browser,
    /// The cookies of the one who holds the enrolment, as sent; the first that is his counts.
    pub holders: Vec<Vec<u8>>,
    /// Where he goes afterwards instead of where he wanted: under the name by which he came no
    /// session would stay.
    pub home: Option<String>,
    /// The name as it was typed, for the form and the label in the app.
    pub typed: String,
}

/// How far a visitor of `/setup` is.
pub enum EnrolmentStep {
    /// Looks at the page.
    Look,
    /// Sent a form that lacks something.
    Malformed(Lack),
    /// Enters the set-up code.
    Begin(SetupCode),
    /// Chose a name and typed the code that the app shows.
    Finish(UserName, Code),
}

/// What he is shown.
#[must_use]
pub enum EnrolmentAnswer {
    /// There was a user.
    Closed,
    /// The form for the set-up code, and what keeps him from going on.
    Code(Option<Refusal>),
    /// The seed and the form for the app's code, and what was wrong with the last one.
    Seed(SeedOffer, Option<Refusal>),
    /// He holds the enrolment from now on: the value of the cookie; none where he has it.
    Begun(Option<String>),
    /// The user is made and signed in: the session, and the value of the device cookie.
    Enrolled(Session, String),
}

/// What goes into the app.
pub struct SeedOffer {
    /// The cookie's value of the one who holds the enrolment.
    pub holder: Vec<u8>,
    /// In base32.
    pub secret: String,
    /// `otpauth://…`
    pub otpauth_url: String,
    /// For how long it is his.
    pub left: Duration,
}

/// What a form lacks.
#[derive(Clone, Copy, Debug)]
pub enum Lack {
    /// A set-up code.
    SetupCode,
    /// A code of the app.
    Code,
    /// A name.
    Name,
}

/// Why a visitor does not go on.
#[derive(Debug)]
pub enum Refusal {
    /// The form lacks something.
    Malformed(Lack),
    /// Another browser holds the enrolment, for so long.
    Held(Duration),
    /// He does not hold it, or no more.
    NotHolder,
    /// No set-up code is good any more.
    Void(Void),
    /// As at a login.
    Denied(LoginDenial),
}
