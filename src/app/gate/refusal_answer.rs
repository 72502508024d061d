//! How a code that lets nobody in is answered: status, waiting time and words.

use std::time::Duration;

use crate::auth::guess_budget::{NetworkZone, coarse, is_of_shared_space};
use crate::auth::setup::Void;
use crate::http::response::{Out, Status};

use crate::app::gate::state::Gate;
use crate::app::messages::enrolment::{Lack, Refusal};
use crate::app::messages::login::{Browser, LoginDenial};
use crate::app::pages::texts;

/// What a refusal comes to on the wire.
pub struct RefusalAnswer {
    status: Status,
    /// When to try again.
    wait: Option<Duration>,
    /// For the visitor.
    pub text: String,
}

impl RefusalAnswer {
    fn new(status: Status, text: &str) -> Self {
        Self { status, wait: None, text: text.to_owned() }
    }

    /// Too many tries: 429.
    fn limited(wait: Duration, text: String) -> Self {
        Self { status: Status::TOO_MANY_REQUESTS, wait: Some(wait), text }
    }

    /// 503 for so many seconds.
    fn unavailable(seconds: u64, text: &str) -> Self {
        let wait = Some(Duration::from_secs(seconds));
        Self { status: Status::SERVICE_UNAVAILABLE, wait, text: text.to_owned() }
    }

    /// Starts the answer.
    pub fn start(&self, out: &mut Out) {
        out.start(self.status);
        if let Some(wait) = self.wait {
            out.header("Retry-After", wait.as_secs().max(1).to_string().as_bytes());
        }
    }
}

impl Gate {
    /// To a login.
    pub(super) fn login_refusal(&self, denial: &LoginDenial, browser: &Browser) -> RefusalAnswer {
        let t = self.pages.texts;
        match denial {
            LoginDenial::WrongCode => RefusalAnswer::new(Status::UNAUTHORIZED, t.wrong_code),
            LoginDenial::Address(wait) => {
                RefusalAnswer::limited(wait.0, with_wait(t.limited_address, wait.0))
            }
            LoginDenial::Strangers(wait) => {
                let text = match browser.sender.origin {
                    NetworkZone::Local => t.limited_strangers_home,
                    NetworkZone::Internet if is_of_shared_space(browser.sender.client) => {
                        t.limited_strangers_vpn
                    }
                    NetworkZone::Internet => t.limited_strangers,
                };
                RefusalAnswer::limited(coarse(*wait), text.to_owned())
            }
            LoginDenial::Account(wait) => {
                let wait = coarse(*wait);
                RefusalAnswer::limited(wait, with_wait(t.limited_account, wait))
            }
            LoginDenial::Clock(_) => self.clock_is_wrong(),
            LoginDenial::Store(_) => self.store_is_down(),
        }
    }

    /// To one of the set-up page's forms.
    pub(super) fn setup_refusal(&self, refusal: &Refusal, browser: &Browser) -> RefusalAnswer {
        let t = self.pages.texts;
        let (status, text) = match refusal {
            Refusal::Malformed(Lack::SetupCode) => (Status::UNAUTHORIZED, t.malformed_setup_code),
            Refusal::Malformed(Lack::Code) => (Status::UNAUTHORIZED, t.malformed_code),
            Refusal::Malformed(Lack::Name) => (Status::UNAUTHORIZED, t.malformed_name),
            Refusal::Held(left) => {
                let text = with_wait(t.setup_held, *left);
                return RefusalAnswer { status: Status::CONFLICT, wait: Some(*left), text };
            }
            Refusal::NotHolder => (Status::FORBIDDEN, t.setup_hold_over),
            Refusal::Void(Void::Late) => (Status::FORBIDDEN, t.setup_code_late),
            Refusal::Void(Void::Guessed) => (Status::FORBIDDEN, t.setup_code_guessed),
            Refusal::Denied(denial) => return self.setup_denial(denial, browser),
        };
        RefusalAnswer::new(status, text)
    }

    fn setup_denial(&self, denial: &LoginDenial, browser: &Browser) -> RefusalAnswer {
        let t = self.pages.texts;
        match denial {
            LoginDenial::WrongCode => RefusalAnswer::new(Status::UNAUTHORIZED, t.setup_wrong),
            LoginDenial::Address(wait) | LoginDenial::Account(wait) => {
                RefusalAnswer::limited(wait.0, with_wait(t.setup_limited_address, wait.0))
            }
            LoginDenial::Strangers(wait) => {
                let text = match browser.sender.origin {
                    NetworkZone::Local => t.setup_limited_strangers_home,
                    NetworkZone::Internet => t.setup_limited_strangers,
                };
                RefusalAnswer::limited(coarse(*wait), text.to_owned())
            }
            LoginDenial::Clock(_) => self.clock_is_wrong(),
            LoginDenial::Store(_) => self.store_is_down(),
        }
    }

    fn clock_is_wrong(&self) -> RefusalAnswer {
        RefusalAnswer::unavailable(10, self.pages.texts.clock_wrong)
    }

    /// To whatever the store, or a key, does not let happen.
    pub(super) fn store_is_down(&self) -> RefusalAnswer {
        RefusalAnswer::unavailable(60, self.pages.texts.store_down)
    }
}

fn with_wait(text: &str, wait: Duration) -> String {
    text.replace("{wait}", &texts::wait(wait.as_secs()))
}
