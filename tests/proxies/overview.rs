//! docs/proxies.md: its table is written from what visitors meet behind each proxy, on the printed
//! configuration.
//!
//! A row is a kind of request, a column a proxy: one that joins [`ALL`] has its column at once.
//! What is shown are statuses, whose word they are, and what reaches the site; no times.

use std::path::Path;

use portcullis::proxies::all::endpoint;

use crate::support::http::{Answer, Ask, Connection};
use crate::support::site::values;
use crate::support::test_stack::{ALL, ProxyKind, TestStack};

/// A visitor before a proxy, who has a session, the pass of a program, or neither.
struct Visitor<'s> {
    stack: &'s TestStack,
    session: Option<&'s str>,
    pass: &'s str,
}

/// A kind of request: what the page calls it, and what comes of it.
type Row = (&'static str, fn(&Visitor<'_>) -> String);

/// By who has no session.
const OF_STRANGERS: [Row; 13] = [
    ("page load", |visitor| visitor.told(&visitor.page("/x?a=1"))),
    ("posted form", |visitor| {
        visitor.told(&Ask::form("/x", &[("n", "1")]).header("Host", visitor.host()).by_page_load())
    }),
    ("`fetch()`", |visitor| visitor.told(&visitor.bare("/x").header("Sec-Fetch-Mode", "cors"))),
    ("HEAD", |visitor| visitor.told(&visitor.of_method("HEAD"))),
    ("an unknown method", |visitor| visitor.told(&visitor.of_method("FOO"))),
    ("CORS preflight", |visitor| {
        visitor.told(&visitor.of_method("OPTIONS").header("Access-Control-Request-Method", "PUT"))
    }),
    ("WebSocket", |visitor| visitor.told(&visitor.websocket())),
    ("WebSocket without a key", |visitor| {
        visitor.told(&visitor.websocket().without("Sec-WebSocket-Key"))
    }),
    ("HTTP/1.0", |visitor| {
        let line = format!("GET /x HTTP/1.0\r\nHost: {}\r\n\r\n", visitor.host());
        visitor.told_of_bytes(line.as_bytes())
    }),
    ("octets above ASCII in the query", |visitor| {
        let line = format!("GET /x?\u{e4} HTTP/1.1\r\nHost: {}\r\n\r\n", visitor.host());
        visitor.told_of_bytes(line.as_bytes())
    }),
    ("a whole address with another host", |visitor| {
        visitor.told(&visitor.page(&format!("http://{}/x", visitor.stack.host("other"))))
    }),
    ("two `Host` lines", |visitor| {
        visitor.told(&visitor.page("/x").header("Host", visitor.stack.host("other")))
    }),
    ("a name that is no site's", |visitor| {
        visitor.told(&visitor.page("/x").set("Host", "unknown.example.test"))
    }),
];

/// By who has a session.
const OF_USERS: [Row; 13] = [
    ("page load", |visitor| visitor.told(&visitor.page("/x"))),
    ("WebSocket", |visitor| visitor.told(&visitor.websocket())),
    ("a body in chunks", |visitor| {
        let ask = visitor.of_method("POST").header("Transfer-Encoding", "chunked");
        visitor.told(&ask.body(b"3\r\nabc\r\n0\r\n\r\n"))
    }),
    ("two `Cookie` lines", |visitor| visitor.told(&visitor.page("/x").header("Cookie", "other=1"))),
    ("forged `Remote-User`", |visitor| visitor.forged("Remote-User")),
    ("forged `Remote_User`", |visitor| visitor.forged("Remote_User")),
    ("forged `Remote~User`", |visitor| visitor.forged("Remote~User")),
    ("`Connection: Remote-User`", |visitor| {
        visitor.told(&visitor.page("/x").header("Connection", "close, Remote-User"))
    }),
    ("`X-HTTP-Method-Override`", |visitor| visitor.forged("X-HTTP-Method-Override")),
    ("`X-Forwarded-For`", |visitor| visitor.forged("X-Forwarded-For")),
    ("a head of 6 kB", |visitor| visitor.told(&visitor.large(6_000))),
    ("a head of 20 kB", |visitor| visitor.told(&visitor.large(20_000))),
    ("`//a/../b/%2e%2e/x`", |visitor| visitor.path("//a/../b/%2e%2e/x")),
];

/// By a program that has a pass for the site.
const OF_PROGRAMS: [Row; 3] = [
    ("a pass in `X-Portcullis-Pass`", |visitor| {
        visitor.told_of_pass(visitor.page("/x").header("X-Portcullis-Pass", visitor.pass))
    }),
    ("a pass in `Authorization: Bearer`", |visitor| {
        let bearer = format!("Bearer {}", visitor.pass);
        visitor.told_of_pass(visitor.page("/x").header("Authorization", bearer))
    }),
    ("a pass for another site", |visitor| {
        let ask = visitor.page("/x").set("Host", visitor.stack.host("other"));
        visitor.told_of_pass(ask.header("X-Portcullis-Pass", visitor.pass))
    }),
];

const GATE_DOWN: &str = "the gate is down";

impl Visitor<'_> {
    fn host(&self) -> String {
        self.stack.host("app")
    }

    fn signed_in(&self, ask: Ask) -> Ask {
        match self.session {
            Some(session) => ask.cookie("auth_token", session),
            None => ask,
        }
    }

    fn page(&self, target: &str) -> Ask {
        self.signed_in(self.stack.page_load(target))
    }

    fn bare(&self, target: &str) -> Ask {
        self.signed_in(Ask::get(target).header("Host", self.host()))
    }

    fn of_method(&self, method: &str) -> Ask {
        self.signed_in(Ask::new(method, "/x").header("Host", self.host()))
    }

    fn websocket(&self) -> Ask {
        let ask = self.bare("/ws").header("Connection", "Upgrade").header("Upgrade", "websocket");
        let ask = ask.header("Sec-WebSocket-Version", "13");
        ask.header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
    }

    fn large(&self, octets: usize) -> Ask {
        self.page("/x").header("X-Large", "x".repeat(octets))
    }

    fn told(&self, ask: &Ask) -> String {
        ask.try_send(self.stack.http()).map_or_else(|_| "no answer".to_owned(), |a| self.words(&a))
    }

    fn told_of_bytes(&self, bytes: &[u8]) -> String {
        let mut connection = Connection::open(self.stack.http());
        connection.send(bytes);
        connection.try_answer(false).map_or_else(|_| "no answer".to_owned(), |a| self.words(&a))
    }

    /// Whether the site sees the pass.
    fn told_of_pass(&self, ask: Ask) -> String {
        let answer = ask.send(self.stack.http());
        let seen = answer.status == 200 && answer.text().contains(self.pass);
        format!("{}{}", self.words(&answer), if seen { ", the site sees the pass" } else { "" })
    }

    /// Whether a value that the visitor made up reaches the site, or is why he is refused.
    fn forged(&self, name: &str) -> String {
        let answer = self.page("/x").header(name, "mallory").send(self.stack.http());
        let seen = answer.status == 200 && answer.text().contains("mallory");
        format!("{}{}", self.words(&answer), if seen { ", the site sees it" } else { "" })
    }

    /// The path that the gate is asked about, and the one that reaches the site.
    fn path(&self, target: &str) -> String {
        let stranger = Visitor { session: None, ..*self };
        let next = stranger.page(target).send(self.stack.http()).next().unwrap_or_default();
        let asked = next.split_once(&self.host()).map_or(next.as_str(), |(_, path)| path);
        let served = self.page(target).send(self.stack.http()).json()["target"].clone();
        let served = served.as_str().unwrap_or_default();
        let both = if asked == served { "both" } else { "the gate" };
        let site = if asked == served { String::new() } else { format!(", the site `{served}`") };
        format!("{both} `{asked}`{site}")
    }

    /// The status, and whose word it is.
    fn words(&self, answer: &Answer) -> String {
        let login = self.stack.url("auth", "/login");
        let is_login = answer.header("location").is_some_and(|place| place.starts_with(&login));
        let is_gates = answer.header("cache-control") == Some("no-store");
        let status = answer.status;
        if is_login {
            return format!("{status} to the login");
        }
        if is_gates && answer.text().contains("login_required") {
            return format!("{status} with JSON");
        }
        if status == 200 && answer.body.is_empty() {
            return "200 by the proxy, empty".to_owned();
        }
        if status == 200 {
            let request = serde_json::from_slice(&answer.body).unwrap_or_default();
            let user = values(&request, "remote-user").concat();
            return if user.is_empty() { "200".to_owned() } else { format!("200 as {user}") };
        }
        let proxy = if is_gates || status == 101 { "" } else { " by the proxy" };
        format!("{status}{proxy}")
    }
}

/// The cells of a proxy's column.
fn column(kind: ProxyKind) -> Vec<String> {
    let mut stack = TestStack::behind(kind, "");
    let session = stack.gate.log_in(&stack.gate.place.add_user("owner"));
    let words = ["pass", "create", "backup", "--user", "owner", "--host", "app.example.test"];
    let made = stack.gate.place.json(&words);
    let pass = made["token"].as_str().expect("a token");
    let ask = |session, rows: &[Row]| -> Vec<_> {
        let visitor = Visitor { stack: &stack, session, pass };
        rows.iter().map(|(_, row)| row(&visitor)).collect()
    };
    let mut cells = ask(None, &OF_STRANGERS);
    assert_eq!(stack.app.seen().len(), 0, "{kind:?}: {:?}", stack.app.seen());
    cells.extend(ask(Some(&session), &OF_USERS));
    cells.extend(ask(None, &OF_PROGRAMS));
    stack.gate.kill();
    let visitor = Visitor { stack: &stack, session: Some(&session), pass };
    let answer = visitor.page("/x").send(stack.http());
    // Whoever answers, the gate does not.
    cells.push(format!("{} by the proxy", answer.status));
    cells
}

/// The table as it was found.
fn found() -> String {
    // nginx as printed stands for both.
    let kinds: Vec<_> = ALL.into_iter().filter(|kind| *kind != ProxyKind::NginxHttp10).collect();
    let columns: Vec<_> = std::thread::scope(|threads| {
        let running: Vec<_> = kinds.iter().map(|kind| threads.spawn(|| column(*kind))).collect();
        running.into_iter().map(|thread| thread.join().expect("a column")).collect()
    });
    let headings = kinds.iter().map(|kind| {
        let endpoint = endpoint(kind.asks_at().as_bytes()).expect("its address");
        endpoint.proxy.expect("its own").program.to_owned()
    });
    let strangers = OF_STRANGERS.iter().map(|(name, _)| ("a stranger", *name));
    let users = OF_USERS.iter().map(|(name, _)| ("a user", *name));
    let programs = OF_PROGRAMS.iter().map(|(name, _)| ("a program", *name));
    let rows = strangers.chain(users).chain(programs).chain([("a user", GATE_DOWN)]);
    let line = |who: &str, what: &str, cells: Vec<String>| {
        format!("| {who} | {what} | {} |\n", cells.join(" | "))
    };
    let mut text = line("who", "request", headings.collect());
    text += &format!("|---|---{}|\n", "|---".repeat(kinds.len()));
    for (at, (who, what)) in rows.enumerate() {
        text += &line(who, what, columns.iter().map(|cells| cells[at].clone()).collect());
    }
    text
}

const MARKS: [&str; 2] = ["<!-- found: proxies -->\n", "<!-- end -->"];

#[test]
fn the_page_about_proxies_shows_what_visitors_meet_behind_each() {
    let project = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(project.join("docs/proxies.md")).expect("the page");
    let (before, rest) = page.split_once(MARKS[0]).expect("where the table begins");
    let (shown, after) = rest.split_once(MARKS[1]).expect("where the table ends");
    let found = found();
    let new = format!("{before}{}\n{found}\n{}{after}", MARKS[0], MARKS[1]);
    std::fs::write(project.join("target/proxies.md"), new).expect("target can be written");
    let way_out = "if that is right, copy target/proxies.md to docs/proxies.md";
    assert_eq!(shown.trim(), found.trim(), "docs/proxies.md shows something else: {way_out}");
}
