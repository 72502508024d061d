//! A verify allocates nothing: neither a pass nor a refusal, from the bytes of the head to the
//! bytes of the answer.
#![allow(
    unsafe_code,
    reason = "`GlobalAlloc` is an unsafe trait; this allocator only counts and hands on"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use portcullis::app::Gate;
use portcullis::app::Opening;
use portcullis::app::messages::effect::{Effect, Person};
use portcullis::auth::device::DeviceKey;
use portcullis::auth::keyring::Keyring;
use portcullis::auth::policy::host_pattern::HostPattern;
use portcullis::auth::policy::path_pattern::PathPattern;
use portcullis::auth::policy::rule::{Access, Audience, Rule};
use portcullis::auth::policy::rules::Rules;
use portcullis::auth::policy::scope::PlaceScope;
use portcullis::auth::session::Session;
use portcullis::auth::user::UserName;
use portcullis::clock::{self, SystemClock};
use portcullis::config::Config;
use portcullis::entropy;
use portcullis::http::request::parse_head;
use portcullis::http::response::{Out, Persistence};
use portcullis::secret::Secret;
use portcullis::server::{App, ControlAccess, ListenerRole, Next, Peer, PeerAddress, Request};

#[path = "../support/many_passes.rs"]
mod many_passes;
#[allow(dead_code, reason = "the other counts ask as nginx, too")]
#[path = "../support/page_load.rs"]
mod page_load;

struct Counting;

thread_local! {
    /// Of this thread: the test's harness has one of its own, which allocates when it gets round to
    /// it.
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

fn count() {
    ALLOCATIONS.set(ALLOCATIONS.get() + 1);
}

// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller's promises are the callee's conditions.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: as above.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn gate() -> (Gate, String) {
    gate_with(Rules::default())
}

fn gate_with(rules: Rules) -> (Gate, String) {
    gate_of(Config { public_url: None, rules, ..Config::default() }, Vec::new())
}

fn gate_of(config: Config, passes: Vec<Effect>) -> (Gate, String) {
    let keyring = Keyring::new(&Secret::new(vec![7; 48]), None).expect("the key is long enough");
    let name = UserName::parse("anna").expect("a name");
    let session = Session::begin(
        name.clone(),
        clock::now(),
        Duration::from_secs(3_600),
        IpAddr::V4(Ipv4Addr::LOCALHOST),
        b"test",
        keyring.current_id(),
        &mut entropy::System,
    );
    let token = keyring.sign(&session).expect("its own key signs");
    let person = Person {
        name,
        display_name: "Anna".to_owned(),
        email: "anna@example.com".to_owned(),
        groups: vec!["family".to_owned(), "admins".to_owned()],
        digits: 6,
    };
    let known = [Effect::PersonChanged(person), Effect::SessionBegun(session)];
    let known = known.into_iter().chain(passes).collect();
    let gate = Gate::new(Opening {
        clock: Arc::new(SystemClock),
        entropy: Box::new(entropy::System),
        config: Arc::new(config),
        settings: Arc::new(|| Err("nobody asks".to_owned())),
        keyring,
        form_key: Secret::new(vec![9; 32]),
        device_key: DeviceKey::new(&Secret::new(vec![3; 32])),
        control_access: ControlAccess::of_this_process(),
        known,
    });
    (gate, token)
}

/// A question about a page load, with the session's cookie.
fn page_load(token: &str) -> String {
    page_load::head("/verify/caddy", &page_load::cookies(token), page_load::BY_CADDY)
}

fn allocations_of_a_thousand(gate: &mut Gate, head: &str, status: u16) -> usize {
    let peer = Peer {
        address: PeerAddress::Ip(IpAddr::V4(Ipv4Addr::LOCALHOST), 50_000),
        role: ListenerRole::Public,
        credentials: None,
    };
    let (mut out, mut sink) = (Out::new(), Vec::with_capacity(32 * 1024));
    let mut ask = |sink: &mut Vec<u8>| {
        let (head, ..) = parse_head(head.as_bytes()).expect("a good head").expect("a whole head");
        assert_eq!(head.headers.len(), 22);
        out.reset();
        let next = gate.on_head(&Request { head: &head, peer: &peer }, &mut out);
        assert!(matches!(next, Next::Answered));
        assert_eq!(out.status(), status);
        sink.clear();
        out.render(sink, false, Persistence::Keep);
    };
    ask(&mut sink);
    let before = ALLOCATIONS.get();
    for _ in 0..1_000 {
        ask(&mut sink);
    }
    ALLOCATIONS.get() - before
}

#[test]
fn neither_does_where_metrics_are_counted() {
    let (gate, token) = gate();
    let mut gate = gate.with_metrics(Arc::default());
    assert_eq!(allocations_of_a_thousand(&mut gate, &page_load(&token), 204), 0, "a pass");
    assert_eq!(allocations_of_a_thousand(&mut gate, &page_load("x"), 302), 0, "a refusal");
}

#[test]
fn neither_a_pass_nor_a_refusal_allocates() {
    let (mut gate, token) = gate();
    assert_eq!(allocations_of_a_thousand(&mut gate, &page_load(&token), 204), 0, "a pass");
    let other = format!("{}x", &token[..token.len() - 1]);
    assert_eq!(allocations_of_a_thousand(&mut gate, &page_load(&other), 302), 0, "a forged token");
    let unclear = page_load(&token).replace("X-Forwarded-Uri: /photos", "X-Forwarded-Uri: photos");
    assert_eq!(
        allocations_of_a_thousand(&mut gate, &unclear, 400),
        0,
        "a problem that was noted before"
    );
}

#[test]
fn neither_does_a_question_with_the_target_behind_its_address() {
    let (mut gate, token) = gate();
    let ask = |token: &str, target: &str| {
        let head =
            page_load::head("/verify/envoy", &page_load::cookies(token), page_load::BY_ENVOY);
        head.replacen("/verify/envoy", &format!("/verify/envoy{target}"), 1)
            .replace("Host: 127.0.0.1:3000", "Host: app.example.test")
    };
    for target in ["/photos/2024?page=3&sort=date", "", "?x"] {
        let mut count =
            |token: &str, status| allocations_of_a_thousand(&mut gate, &ask(token, target), status);
        assert_eq!(count(&token, 200), 0, "a pass of {target:?}");
        assert_eq!(count("x", 302), 0, "a refusal of {target:?}");
    }
    let unclear = ask(&token, "/").replace("X-Forwarded-Proto: https", "X-Forwarded-Proto: a, b");
    assert_eq!(allocations_of_a_thousand(&mut gate, &unclear, 400), 0, "a known problem");
}

fn rule(host: &str, paths: &[&str], access: Access) -> Rule {
    let paths = paths.iter().map(|path| PathPattern::parse(path).expect("a pattern"));
    Rule {
        name: String::new(),
        line: 1,
        hosts: vec![HostPattern::parse(host).expect("a host")],
        paths: paths.collect(),
        methods: Vec::new(),
        networks: None,
        access,
        preflight: false,
    }
}

/// A thousand rules for a thousand hosts, and some for the site that is asked for.
fn rules() -> Rules {
    let session = || Access::Session(Audience::default());
    let host = |number| format!("site-{number}.example.test");
    let others = (0..1_000).map(|number| rule(&host(number), &["/a/**"], session()));
    let guests = Audience { groups: vec!["guests".to_owned()], ..Audience::default() };
    let own = [
        rule("app.example.test", &["/secret/**"], Access::Deny),
        rule("app.example.test", &["/guests/**"], Access::Session(guests)),
        rule("*.example.test", &["/share/**", "/s/*"], Access::Open),
    ];
    Rules::new(others.chain(own).collect())
}

#[test]
fn nothing_that_rules_say_allocates() {
    let (mut gate, token) = gate_with(rules());
    let unreadable = format!("/share/{}", "%25252525;/..%2f%5c%23%3f//".repeat(20));
    for (path, logged_in, status) in [
        ("/photos/2024?page=3", true, 204),
        ("/photos/2024?page=3", false, 302),
        ("/share/x", true, 204),
        ("/share/x", false, 204),
        ("/Share/F%C3%9CR%20alle", false, 302),
        ("/share/f%C3%BCr%20alle", false, 204),
        ("/guests/x", true, 403),
        ("/secret/x", true, 403),
        ("/secret/x", false, 403),
        ("/share/..%2fsecret", false, 403),
        ("/share/x;y", false, 302),
        ("/share/x;y", true, 204),
        (&unreadable, false, 403),
    ] {
        let head = page_load(if logged_in { &token } else { "x" });
        let head = head.replace("/photos/2024?page=3&sort=date", path);
        assert_eq!(allocations_of_a_thousand(&mut gate, &head, status), 0, "{path} {logged_in}");
    }
}

/// A thousand passes, and the token of the last one.
fn passes(host: &str, path: &str) -> (Vec<Effect>, String) {
    let scope = PlaceScope {
        hosts: vec![HostPattern::parse(host).expect("a host")],
        paths: vec![PathPattern::parse(path).expect("a pattern")],
        networks: vec!["home".to_owned()],
    };
    let (passes, token) = many_passes::many(1_000, "anna", &scope);
    (passes.into_iter().map(Effect::PassMade).collect(), token)
}

#[test]
fn no_pass_of_a_program_allocates() {
    for rules in [Rules::default(), rules()] {
        let networks =
            BTreeMap::from([("home".to_owned(), vec!["203.0.113.0/24".parse().expect("a range")])]);
        let config = Config { public_url: None, rules, networks, ..Config::default() };
        let (made, pass) = passes("app.example.test", "/photos/**");
        let (mut gate, token) = gate_of(config, made);
        let by_pass = |line: &str, path: &str| {
            // In the place of a line, so that there are still 22.
            let head = page_load("x").replace("Priority: u=0, i", line);
            head.replace("/photos/2024?page=3&sort=date", path)
        };
        let basic = STANDARD.encode(format!("anna:{pass}"));
        for (line, path, status) in [
            (format!("Authorization: Bearer {pass}"), "/photos/x", 204),
            (format!("Authorization: Basic {basic}"), "/photos/a%20b", 204),
            (format!("X-Portcullis-Pass: {pass}"), "/photos", 204),
            (format!("X-Portcullis-Pass: {pass}x"), "/photos", 401),
            (format!("X-Portcullis-Pass: {pass}"), "/other", 401),
            (format!("X-Portcullis-Pass: {pass}"), "/photos/..%2fother", 401),
            ("Authorization: Bearer x".to_owned(), "/photos", 302),
        ] {
            let head = by_pass(&line, path);
            let count = allocations_of_a_thousand(&mut gate, &head, status);
            assert_eq!(count, 0, "{line} {path}");
        }
        let beside =
            page_load(&token).replace("Priority: u=0, i", &format!("Authorization: Bearer {pass}"));
        assert_eq!(allocations_of_a_thousand(&mut gate, &beside, 204), 0, "beside a session");
    }
}
