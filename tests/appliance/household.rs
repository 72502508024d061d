//! The house around a card: its settings, a site behind the gate, a time server, and somebody who
//! visits.

use std::net::SocketAddr;
use std::time::Duration;

use super::card::Card;
use super::machine::EmulatedMachine;
use super::tunnel;
use crate::support::http::{Answer, Ask};
use crate::support::setup::{SetupBrowser, inputs};
use crate::support::site::Site;
use crate::support::wait::{self, PATIENCE};

pub const GATE: &str = "auth.home.test";
pub const PHOTOS: &str = "photos.home.test";

/// The user of all tests that need only one.
pub const SOMEBODY: &str = "owner";

pub struct House {
    pub site: Site,
}

impl House {
    pub fn new() -> Self {
        Self { site: Site::start("photos") }
    }

    /// What somebody writes into `appliance.toml`. The machine reaches this host as 10.0.2.2.
    pub fn settings(&self) -> String {
        let port = self.site.address.port();
        format!(
            "[gate]\nhost = \"{GATE}\"\ndomain = \"home.test\"\n\
             [[site]]\nhost = \"{PHOTOS}\"\nupstream = \"http://10.0.2.2:{port}\"\n\
             [[site]]\nhost = \"films.home.test\"\nupstream = \"http://10.0.2.2:{port}\"\n\
             [time]\nntp = [\"10.0.2.2\"]\n"
        )
    }
}

/// The ways into a machine, as a browser has them.
#[derive(Clone, Copy)]
pub struct Doors {
    gate: SocketAddr,
    photos: SocketAddr,
}

impl Doors {
    pub fn of(machine: &EmulatedMachine) -> Self {
        Self { gate: tunnel::to(machine.https, GATE), photos: tunnel::to(machine.https, PHOTOS) }
    }

    /// Somebody with a browser at the set-up page.
    pub fn at_setup(&self) -> SetupBrowser {
        SetupBrowser::with(self.gate, &[("Host", GATE)])
    }

    pub fn ask_gate(&self, ask: &Ask) -> std::io::Result<Answer> {
        ask.clone().set("Host", GATE).try_send(self.gate)
    }

    /// A page of the site behind the gate.
    pub fn ask_site(&self, token: Option<&str>) -> std::io::Result<Answer> {
        let ask = Ask::get("/album").set("Host", PHOTOS).by_page_load();
        token.iter().fold(ask, |ask, token| ask.cookie("auth_token", token)).try_send(self.photos)
    }

    /// Whether the session opens the site. Asks until there is an answer to that.
    pub fn is_open_to(&self, token: &str) -> bool {
        wait::until_now_and_then("an answer of the site or the gate", PATIENCE, || {
            match self.ask_site(Some(token)).ok()?.status {
                200 => Some(true),
                302 | 303 | 401 => Some(false),
                _ => None,
            }
        })
    }

    /// Ends the session by the form of the logout page; says whether that was answered.
    pub fn log_out(&self, token: &str) -> bool {
        let Ok(page) =
            self.ask_gate(&Ask::get("/logout").by_page_load().cookie("auth_token", token))
        else {
            return false;
        };
        let fields = inputs(&page);
        let of_form = fields.iter().filter(|(name, _)| name == "token" || name == "next");
        let fields: Vec<_> = of_form.map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let ended = self.ask_gate(&Ask::form("/logout", &fields).cookie("auth_token", token));
        ended.is_ok_and(|answer| answer.status < 400)
    }

    pub fn login(&self, code: &str) -> std::io::Result<Answer> {
        self.ask_gate(&Ask::form(
            "/login",
            &[("otp", code), ("next", &format!("https://{PHOTOS}/album"))],
        ))
    }
}

/// Waits for the login page, whatever it says.
pub fn wait_for_page(machine: &mut EmulatedMachine, doors: Doors, limit: Duration) {
    wait::until_now_and_then("the login page", limit, || {
        assert!(
            machine.running.is_running(),
            "the machine has stopped: {}",
            machine.running.text()
        );
        let answer = doors.ask_gate(&Ask::get("/login").by_page_load()).ok();
        answer.filter(|answer| matches!(answer.status, 200 | 503))
    });
}

/// Waits until a time server has answered, the certificates are real, and the page is there again.
pub fn wait_until_settled(machine: &mut EmulatedMachine, doors: Doors, limit: Duration) {
    let settled = "Finished appliance-settled.service";
    machine.running.wait_for(settled, limit, |text| text.contains(settled).then_some(()));
    wait_for_page(machine, doors, limit);
}

/// The set-up code in the status file on the boot partition.
pub fn setup_code(card: &Card) -> Option<String> {
    let text = card.text("portcullis-status.txt")?;
    Some(text.split_once("Type the set-up code:")?.1.split_whitespace().next()?.to_owned())
}
