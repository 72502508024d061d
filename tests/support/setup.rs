//! The first enrolment as a browser goes through it, in plain requests.

use std::net::SocketAddr;

use super::codes::Person;
use super::daemon::Daemon;
use super::http::{Answer, Ask};

/// The set-up code that the log of the running daemon names last.
pub fn code_of(gate: &Daemon) -> String {
    let text = gate.running.text();
    let (_, rest) =
        text.rsplit_once("the set-up code ").unwrap_or_else(|| panic!("no code in {text}"));
    rest.get(..19).unwrap_or_else(|| panic!("no code in {text}")).to_owned()
}

/// Name and value of each input of a page.
pub fn inputs(page: &Answer) -> Vec<(String, String)> {
    page.inputs()
}

/// A browser at the set-up page.
pub struct SetupBrowser {
    to: SocketAddr,
    headers: Vec<(String, String)>,
    /// The cookie of the one who holds the enrolment.
    pub cookie: Option<String>,
}

impl SetupBrowser {
    /// One who comes from that address, through the proxy.
    pub fn from(gate: &Daemon, address: &str) -> Self {
        let headers = [
            ("X-Forwarded-For", address),
            ("X-Forwarded-Proto", "https"),
            ("X-Forwarded-Host", "auth.example.test"),
        ];
        Self::with(gate.address, &headers)
    }

    /// One whose requests carry these headers.
    pub fn with(to: SocketAddr, headers: &[(&str, &str)]) -> Self {
        let headers =
            headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Self { to, headers, cookie: None }
    }

    /// `ask` with what this browser sends always.
    pub fn dressed(&self, ask: Ask) -> Ask {
        let ask = self.headers.iter().fold(ask, |ask, (name, value)| ask.header(name, value));
        match &self.cookie {
            Some(cookie) => ask.cookie("portcullis_setup", cookie),
            None => ask,
        }
    }

    pub fn open_page(&self) -> Answer {
        self.dressed(Ask::get("/setup")).send(self.to)
    }

    /// The form on the page that this browser sees now, filled in.
    pub fn filled(&self, values: &[(&str, &str)]) -> Ask {
        self.dressed(Ask::filled_form("/setup", inputs(&self.open_page()), values))
    }

    /// Enters the set-up code, and keeps the cookie if one comes.
    pub fn enter(&mut self, code: &str) -> Answer {
        let answer = self.filled(&[("setup_code", code)]).send(self.to);
        self.cookie = answer.cookie("portcullis_setup").or(self.cookie.take());
        answer
    }

    /// The secret on the page, in an app.
    pub fn scan(&self) -> Person {
        let page = self.open_page();
        let text = page.text();
        let found = text
            .split_once("otpauth://totp/Portcullis:")
            .and_then(|(_, rest)| rest.split_once("?secret="));
        let (name, rest) = found.unwrap_or_else(|| panic!("no secret: {page:?}"));
        let secret = rest.split('&').next().unwrap_or_default();
        Person::from_answer(&serde_json::json!({ "name": name, "secret": secret }))
    }

    pub fn finish(&self, name: &str, code: &str) -> Answer {
        self.filled(&[("username", name), ("otp", code)]).send(self.to)
    }
}
