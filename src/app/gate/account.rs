//! `/`: who am I, and the way out.

use crate::clock::Timestamp;
use crate::http::request::Head;
use crate::http::response::{Out, Status};

use crate::app::gate::state::Gate;
use crate::app::pages::texts;

impl Gate {
    /// The account page; strangers are sent to the login page.
    pub(super) fn account(&self, head: &Head<'_>, now: Timestamp, out: &mut Out) {
        match self.session_of(head, now) {
            Some(session) => {
                out.start(Status::OK);
                let left = session.expires.since(now).as_secs();
                self.pages.account(out, session.user.as_str(), &texts::wait(left));
            }
            None => {
                out.start(Status::FOUND);
                out.finish_redirect(format!("{}/login", self.config.path_prefix).as_bytes());
            }
        }
    }
}
