//! A whole gate in the test's own process: the loop's side, the worker's and a store in a folder of
//! its own. No socket, no thread and no wait: what is a job for the worker is done at once.
//!
//! Time stands still until it is moved. Leaves out what the server does: framing, deadlines, the
//! queue.

#[allow(dead_code, reason = "the system tests use the rest of it")]
#[path = "../../tests/support/ask.rs"]
mod ask;
#[allow(dead_code, reason = "the system tests use the rest of it")]
#[path = "../../tests/support/authenticator.rs"]
mod authenticator;

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use nix::unistd::{getegid, geteuid};
use serde_json::Value;

pub use self::ask::{Answer, Ask};
pub use self::authenticator::{Person, STEP, wrong_code_near};
use crate::app::messages::command::Command;
use crate::app::messages::job::{Job, Outcome};
use crate::app::worker::state::WorkerState;
use crate::app::{Gate, Opening};
use crate::auth::keyring::Keyring;
use crate::auth::setup_code::SetupCode;
use crate::auth::testing::Counting;
use crate::auth::trusted_time::BUILT;
use crate::clock::testing::TestClock;
use crate::clock::{Clock as _, Timestamp};
use crate::config::scratch::{self, ScratchPath};
use crate::config::{Config, ConfigFile, Sources};
use crate::entropy::System;
use crate::http::request::parse_head;
use crate::http::response::{Out, Persistence};
use crate::ledger::{Store, load_or_create_key};
use crate::secret::Secret;
use crate::server::{
    App as _, ControlAccess, Credentials, ListenerRole, Next, Peer, PeerAddress, Request,
};

/// A login host of its own, one cookie for the whole domain, and no time server that the clock
/// must have heard of. More keys of `[session]` may follow.
pub const ONE_DOMAIN: &str = r#"
public_url = "https://auth.example.test"
clock.require_sync = false
[session]
cookie_domain = "example.test"
"#;

/// A clock that nobody has set since the power came back.
pub const UNSET: Timestamp = Timestamp::from_unix(60);

/// A time that no true clock shows.
pub fn before_the_build() -> Timestamp {
    assert!(BUILT.unix() > 0, "this build has no date: set SOURCE_DATE_EPOCH");
    BUILT.minus(Duration::from_secs(3_600))
}

/// The proxy's connection.
const PROXY: Peer = Peer {
    address: PeerAddress::Ip(IpAddr::V4(Ipv4Addr::LOCALHOST), 50_000),
    role: ListenerRole::Public,
    credentials: None,
};

/// The gate, and the clock that it lives by.
pub struct WholeGate {
    /// Five seconds into a time step at first; nobody has confirmed it.
    pub clock: TestClock,
    config: Arc<Config>,
    setup_code: Option<SetupCode>,
    starts: u64,
    sides: Option<(Gate, WorkerState)>,
    /// Dropped last: the store is closed before its directory goes.
    folder: ScratchPath,
}

impl WholeGate {
    /// A gate that runs by these settings, in TOML.
    pub fn with(settings: &str) -> Self {
        Self::new(settings, None)
    }

    /// The same, and this code opens the enrolment of the first user.
    pub fn with_setup_code(settings: &str, code: &str) -> Self {
        Self::new(settings, SetupCode::parse(code))
    }

    fn new(settings: &str, setup_code: Option<SetupCode>) -> Self {
        let file = ConfigFile { path: "portcullis.toml".into(), text: settings.to_owned() };
        let loaded = Config::load(&Sources { file: Some(file), ..Sources::default() });
        let config = loaded.unwrap_or_else(|error| panic!("{error}")).config;
        let later = BUILT.unix().max(1_800_000_000) + 30 * 86_400;
        let mut gate = Self {
            clock: TestClock::at(Timestamp::from_unix(later / STEP * STEP + 5)),
            config: Arc::new(config),
            setup_code,
            starts: 0,
            sides: None,
            folder: scratch::directory(),
        };
        gate.start();
        gate
    }

    /// The folder that its store is in.
    pub fn state(&self) -> &Path {
        &self.folder
    }

    /// Ends where it is, and takes no leave.
    pub fn end(&mut self) {
        self.sides = None;
    }

    /// Starts again on what the disk has, as the daemon does.
    pub fn start(&mut self) {
        self.sides = None;
        self.starts += 1;
        // Other numbers at each start, or ids would come again.
        let entropy = |side: u64| Box::new(Counting(self.starts << 8 | side));
        let key = load_or_create_key(&self.folder, None, &mut System).expect("a key");
        let (store, opened) = Store::open(&self.folder, &key, self.clock.now(), System)
            .unwrap_or_else(|error| panic!("{error}"));
        let recovered = opened.recovered.is_some();
        let clock = Arc::new(self.clock.clone());
        let mut worker = WorkerState::new(
            Arc::clone(&self.config),
            store,
            opened,
            Arc::<TestClock>::clone(&clock),
            entropy(1),
        );
        if recovered {
            worker.doubt_steps(self.clock.now()).expect("written");
        }
        let steady = worker.read_clock().steady;
        if let Some(code) = self.setup_code.as_ref().filter(|_| worker.has_no_users()) {
            worker.open_setup(code, steady);
        }
        let mut gate = Gate::new(Opening {
            clock,
            entropy: entropy(2),
            config: Arc::clone(&self.config),
            settings: Arc::new(|| Err("nobody asks".to_owned())),
            keyring: Keyring::new(&Secret::new(vec![7; 48]), None).expect("long enough"),
            form_key: worker.form_key(),
            device_key: worker.device_key(),
            control_access: ControlAccess::of_this_process(),
            known: worker.everything(),
        });
        keep_house(&mut gate, &mut worker);
        self.sides = Some((gate, worker));
    }

    /// Lets time pass, on both clocks, and the worker keep house afterwards.
    pub fn pass(&mut self, seconds: u64) {
        self.clock.pass(Duration::from_secs(seconds));
        if let Some((gate, worker)) = &mut self.sides {
            keep_house(gate, worker);
        }
    }

    /// The time step that its clock is in.
    pub fn step(&self) -> u64 {
        self.clock.now().unix() / STEP
    }

    /// The answer to the proxy that sends this.
    pub fn send(&mut self, ask: &Ask) -> Answer {
        self.answer(&PROXY, ask)
    }

    /// What becomes of an order over the control socket.
    pub fn order(&mut self, command: &Command) -> Value {
        let body = serde_json::to_vec(command).expect("JSON");
        let user = Credentials {
            uid: geteuid().as_raw(),
            gid: getegid().as_raw(),
            pid: 1,
            operator: false,
        };
        let peer = Peer {
            address: PeerAddress::Unix,
            role: ListenerRole::Control,
            credentials: Some(user),
        };
        let answer = self.answer(&peer, &Ask::new("POST", "/command").body(&body));
        assert_eq!(answer.status, 200, "{command:?}: {answer:?}");
        answer.json()
    }

    fn answer(&mut self, peer: &Peer, ask: &Ask) -> Answer {
        let (gate, worker) = self.sides.as_mut().expect("it runs");
        let bytes = ask.bytes();
        let (head, length, _) = parse_head(&bytes).expect("a good head").expect("a whole head");
        let mut out = Out::new();
        let job = match gate.on_head(&Request { head: &head, peer }, &mut out) {
            Next::Answered => None,
            Next::Work(job) => Some(job),
            Next::ReadBody { announced, .. } => {
                out.reset();
                match gate.on_body(announced, &bytes[length..], &mut out) {
                    Next::Answered => None,
                    Next::Work(job) => Some(job),
                    Next::ReadBody { announced, .. } => match announced {},
                }
            }
        };
        if let Some(job) = job {
            out.reset();
            work(gate, worker, job, &mut out);
        }
        let mut sent = Vec::new();
        out.render(&mut sent, false, Persistence::Keep);
        let end = sent.windows(4).position(|four| four == b"\r\n\r\n").expect("a head");
        let body = sent[end + 4..].to_vec();
        Answer { body, ..Answer::of_head(&sent[..end]) }
    }
}

/// Has the worker do a job, and the loop what follows.
fn work(gate: &mut Gate, worker: &mut WorkerState, job: Job, out: &mut Out) {
    gate.on_outcome(worker.handle(job), out);
    run_errand(gate, worker);
}

fn keep_house(gate: &mut Gate, worker: &mut WorkerState) {
    if let Some(outcome) = worker.housekeeping() {
        gate.on_outcome(outcome, &mut Out::new());
    }
    run_errand(gate, worker);
}

/// The server asks for one after each outcome.
fn run_errand(gate: &mut Gate, worker: &mut WorkerState) {
    if let Some(job) = gate.background_job(false) {
        let outcome: Outcome = worker.handle(job);
        gate.on_outcome(outcome, &mut Out::new());
    }
}

/// What tests of several pages do.
impl WholeGate {
    /// Adds somebody with an authenticator app.
    pub fn add_user(&mut self, name: &str) -> Person {
        let command = Command::Generate { name: Some(name.to_owned()) };
        Person::from_answer(&self.order(&command))
    }

    /// A code that is good now and was not handed out before. Time passes when three were.
    pub fn fresh_code(&mut self, person: &Person) -> String {
        loop {
            if let Some(code) = person.unspent_code(self.clock.now().unix()) {
                return code;
            }
            self.pass(STEP);
        }
    }

    /// The code that the person's app shows now.
    pub fn code(&self, person: &Person) -> String {
        person.code_at(self.step())
    }

    /// Well formed, and good for no step near now.
    pub fn wrong_code(&self, person: &Person) -> String {
        wrong_code_near(&[person], self.step())
    }

    /// Posts the login form with that code from the address `from`.
    pub fn post_code(&mut self, code: &str, from: &str) -> Answer {
        self.send(&login_form(code, from))
    }

    /// Logs in and returns the session cookie's value.
    pub fn log_in(&mut self, person: &Person) -> String {
        let code = self.fresh_code(person);
        let answer = self.post_code(&code, "198.51.100.1");
        assert_eq!(answer.status, 302, "{answer:?}");
        answer.cookie("auth_token").expect("a login sets the session cookie")
    }

    /// Whether this session cookie opens a site, asked as Caddy would.
    pub fn is_open_to(&mut self, token: &str) -> bool {
        let ask = Ask::verify("/verify/caddy", "https://app.example.test/")
            .by_page_load()
            .cookie("auth_token", token);
        match self.send(&ask).status {
            204 => true,
            302 => false,
            other => panic!("a page load is answered by {other}"),
        }
    }

    /// The limits that `limit list` shows.
    pub fn limits(&mut self) -> Vec<Value> {
        self.order(&Command::LimitList).as_array().cloned().expect("a list")
    }
}

/// The request of [`WholeGate::post_code`], to be changed before it is sent.
pub fn login_form(code: &str, from: &str) -> Ask {
    Ask::form("/login", &[("otp", code), ("next", "/")])
        .header("X-Forwarded-For", from)
        .header("X-Forwarded-Proto", "https")
        .header("X-Forwarded-Host", "auth.example.test")
}
