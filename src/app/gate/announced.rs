//! What is kept of a head until the body of its form or command is there: it is judged once.

use std::net::IpAddr;

use crate::app::gate::state::{Gate, address};
use crate::app::messages::login::{Browser, Presented, Sender};
use crate::app::proxy_diagnostics::shared_address::ChainStart;
use crate::auth::device;
use crate::auth::return_to::{ReturnTo, Visitor};
use crate::clock::Timestamp;
use crate::http::cookie;
use crate::original::request::OriginalRequest;
use crate::original::scheme::Scheme;
use crate::server::{Credentials, Request};

/// The cookie that says who has logged in on this device before.
pub(super) const DEVICE_COOKIE: &str = "auth_device";

/// Whose body is on its way.
pub enum Announced {
    /// A code of the login page.
    Login(Box<FormHead>),
    /// One of the set-up page's forms.
    Setup(Box<SetupHead>),
    /// The answer to whether a session is to end.
    Logout(Box<FormHead>),
    /// A command, by the process that gives it.
    Command(Option<Credentials>),
}

/// What the head of a form tells.
pub struct FormHead {
    /// The other end of the connection.
    pub peer: Option<IpAddr>,
    /// What stands before the client in the proxy's chain.
    pub chain: ChainStart,
    /// Who sends it.
    pub sender: Sender,
    /// The origin of its page; empty where the host is unknown.
    origin: Vec<u8>,
    host: String,
    is_http: bool,
}

/// What the head of a form of the set-up page tells.
pub struct SetupHead {
    /// As of any form.
    pub form: FormHead,
    /// The cookies of the one who holds the enrolment, as sent.
    pub holders: Vec<Vec<u8>>,
    /// Where one goes afterwards under whose name no session would stay.
    pub home: Option<String>,
}

impl FormHead {
    /// The host and scheme that the visitor's browser shows.
    pub fn visitor(&self) -> Visitor<'_> {
        Visitor { host: &self.host, is_http: self.is_http }
    }
}

impl Gate {
    /// Keeps what the head of a form tells.
    pub(super) fn form_head(
        &self,
        request: &Request<'_>,
        visit: &OriginalRequest<'_>,
        now: Timestamp,
    ) -> FormHead {
        let headers = &request.head.headers;
        let mut devices = cookie::values(headers, DEVICE_COOKIE);
        let agent = headers.all("User-Agent").next().unwrap_or_default();
        let sender = Sender {
            client: visit.client,
            origin: self.origin_of(visit, headers),
            device: devices.find_map(|value| device::read(value, &self.device_key, now)),
            id: self.marked_browser(request.head),
            previous: self
                .presented_session(request.head, now)
                .map(|(session, token)| Presented { id: session.id, token: token.to_owned() }),
            user_agent: agent.to_vec(),
        };
        let Visitor { host, is_http } = visitor(visit);
        FormHead {
            peer: address(request),
            chain: ChainStart::of(visit, headers, &self.config.proxy),
            sender,
            origin: origin_of(visit),
            host: host.to_owned(),
            is_http,
        }
    }

    /// The same with where the visitor wants to go.
    pub(super) fn browser(&self, head: FormHead, next: &ReturnTo<'_>) -> Browser {
        let client = head.sender.client;
        Browser {
            sender: head.sender,
            next: next.as_str().to_owned(),
            next_origin: next.origin().map(str::to_owned),
            trip: self.rounds.borrow().trip(client, &head.origin, next.as_str()),
            key: self.keyring.current_id(),
        }
    }
}

/// The origin that a page is shown under; empty where the host is unknown.
pub(super) fn origin_of(visit: &OriginalRequest<'_>) -> Vec<u8> {
    let mut origin = Vec::new();
    visit.write_origin(&mut |part| origin.extend_from_slice(part));
    origin
}

/// The host and scheme that the visitor's browser shows.
pub(super) fn visitor<'v>(visit: &OriginalRequest<'v>) -> Visitor<'v> {
    Visitor {
        host: visit.host.map_or("", |host| host.name()),
        is_http: visit.scheme == Scheme::Http,
    }
}
