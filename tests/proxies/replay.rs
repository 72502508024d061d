//! `policy replay` on the access logs of real proxies: it counts what was asked for, by rule, and
//! once the rules are in force that is what becomes of it.

use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::support::curl::Curl;
use crate::support::daemon::{Done, bare_command};
use crate::support::http::Ask;
use crate::support::nginx::with_locations;
use crate::support::scratch::Scratch;
use crate::support::test_stack::{ProxyKind, TestStack, with_public_url};
use crate::support::wait::{self, PATIENCE};

/// Rules that are not in force: the gate of the test knows none.
const RULES: &str = r#"
[networks]
second = ["127.0.0.2/32"]

[[rule]]
name = "admin"
paths = ["/admin/**"]
access = "deny"

[[rule]]
name = "hooks"
paths = ["/hook/*"]
methods = ["POST"]
access = "open"

[[rule]]
name = "from elsewhere"
paths = ["/elsewhere"]
networks = ["second"]
access = "open"

[[rule]]
name = "shares"
hosts = ["app.example.test"]
paths = ["/share/**"]
access = "open"
"#;

/// Which rule decides, and what.
type Expected = (Option<&'static str>, &'static str);

const NONE: Expected = (None, "session");
const DENIED: Expected = (Some("admin"), "deny");
const SHARED: Expected = (Some("shares"), "open");
const NOT_PLAIN: Expected = (Some("shares"), "session");

/// What is asked for: method, target, what becomes of it, and what becomes of it behind Traefik
/// where that asks about another path than was sent: it cleans and encodes paths.
const REQUESTS: [(&str, &str, Expected, Option<Expected>); 15] = [
    ("GET", "/", NONE, None),
    ("GET", "/share/a", SHARED, None),
    ("HEAD", "/share/a", SHARED, None),
    ("GET", "/share/a?x=/admin/y&z=\"q\\\"", SHARED, None),
    ("GET", "/share/%C3%A4", SHARED, None),
    ("GET", "/share/\u{e4}", NOT_PLAIN, Some(SHARED)),
    ("GET", "/share/a\"b\\c", NOT_PLAIN, None),
    ("GET", "/share/a;b=c", NOT_PLAIN, None),
    ("GET", "//share//a", NONE, Some(SHARED)),
    ("GET", "/Share/a", NONE, None),
    ("GET", "/share/..%2fadmin/x", DENIED, None),
    ("GET", "/share/../admin/x", DENIED, None),
    ("POST", "/hook/1", (Some("hooks"), "open"), None),
    ("GET", "/hook/1", NONE, None),
    ("GET", "/elsewhere", NONE, None),
];

/// All of them that come into the log as they are: Envoy answers octets above ASCII by itself, and
/// writes a quote as it came.
fn requests(kind: ProxyKind) -> impl Iterator<Item = (&'static str, &'static str, Expected)> {
    let is_logged = move |target: &str| {
        kind != ProxyKind::Envoy || (target.is_ascii() && !target.contains("=\""))
    };
    REQUESTS.into_iter().filter(move |(_, target, ..)| is_logged(target)).map(
        move |(method, target, expected, behind_traefik)| {
            let other = behind_traefik.filter(|_| kind == ProxyKind::Traefik);
            (method, target, other.unwrap_or(expected))
        },
    )
}

/// One more comes from 127.0.0.2.
const FROM_ELSEWHERE: Expected = (Some("from elsewhere"), "open");

/// The proxy, writing its access log to that file.
fn logging(kind: ProxyKind, log: &Path) -> TestStack {
    let log = log.display();
    TestStack::behind_changed(kind, "", |text| match kind {
        ProxyKind::Caddy => {
            let lines = format!("log {{\n\t\toutput file {log}\n\t}}\n\timport portcullis\n");
            text.replace("import portcullis\n", &lines)
        }
        ProxyKind::Nginx | ProxyKind::NginxHttp10 => {
            with_locations(&text, &format!("access_log {log};"))
        }
        ProxyKind::Traefik => {
            let line = format!("#   accessLog: {{filePath: {log}, format: json}}\n");
            text.replacen("#   providers:\n", &format!("{line}#   providers:\n"), 1)
        }
        ProxyKind::Haproxy => panic!("no log of HAProxy is read"),
        ProxyKind::Envoy => {
            let lines = recipe_of_envoy().replace("/var/log/envoy/access.log", &log.to_string());
            text.replace("          stat_prefix: sites\n", &lines)
        }
    })
}

/// What docs/envoy.md has the reader write below a line of the printed file.
fn recipe_of_envoy() -> String {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/envoy.md");
    let page = std::fs::read_to_string(page).expect("the page");
    let (_, section) = page.split_once("## Access log\n").expect("the section");
    let (_, lines) = section.split_once("```yaml\n").expect("the lines");
    lines.split_once("```").expect("their end").0.to_owned()
}

/// Asks for everything, and gives back the statuses of the answers.
fn ask_for_everything(stack: &TestStack, kind: ProxyKind) -> Vec<u16> {
    let host = stack.host("app");
    let ask = |(method, target): (&str, &str)| {
        let ask = Ask::new(method, target).header("Host", &host).by_page_load();
        let ask = if method == "POST" { ask.body(b"x=y") } else { ask };
        ask.send(stack.http()).status
    };
    let elsewhere = || {
        Curl::from(stack.ports, "127.0.0.2").load(&format!("http://{host}/elsewhere"), &[]).status
    };
    let mut statuses: Vec<_> =
        requests(kind).map(|(method, target, _)| ask((method, target))).collect();
    statuses.push(elsewhere());
    statuses
}

/// What should become of everything that is asked for.
fn expected(kind: ProxyKind) -> Vec<Expected> {
    requests(kind).map(|(_, _, expected)| expected).chain([FROM_ELSEWHERE]).collect()
}

/// How a page load is answered by whom nobody knows.
fn status_of((_, decision): &Expected) -> u16 {
    match *decision {
        "open" => 200,
        "deny" => 403,
        _ => 302,
    }
}

/// The lines of the log that are about the site, once all are there. The other ones are those by
/// which the test has waited for the proxy.
fn lines_of(log: &Path, count: usize) -> String {
    wait::until("that every request is in the log", PATIENCE, || {
        let text = std::fs::read_to_string(log).ok()?;
        let lines: Vec<_> = text.lines().filter(|line| !line.contains("ready.example")).collect();
        (lines.len() == count && text.ends_with('\n')).then(|| lines.join("\n"))
    })
}

/// The log on standard input, with the rules that are to be put in force.
fn replay(rules: &Path, log: &str, options: &[&str]) -> Done {
    let mut command = bare_command(&["policy", "replay", "-"]);
    command.args(options).arg("--config").arg(rules);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut running = command.spawn().expect("the built program runs");
    let mut stdin = running.stdin.take().expect("a pipe");
    // It may end before it has read all.
    let _ = stdin.write_all(log.as_bytes());
    drop(stdin);
    Done::from(running.wait_with_output().expect("it ends"))
}

/// For each rule how many requests were decided in which way.
fn tallies(expected: &[Expected]) -> Value {
    let rules = ["admin", "hooks", "from elsewhere", "shares"].map(Some).into_iter().chain([None]);
    let tally = |rule: Option<&str>| {
        let count = |decision: &str| {
            expected.iter().filter(|(by, what)| *by == rule && *what == decision).count()
        };
        let [open, session, deny] = ["open", "session", "deny"].map(count);
        json!({"rule": rule, "open": open, "session": session, "forbidden": 0, "deny": deny})
    };
    rules.map(tally).collect()
}

/// The same of an answer.
fn counted(replay: &Value) -> Value {
    let of_rule = |rule: &Value| {
        let mut rule = rule.clone();
        let members = rule.as_object_mut().expect("an object");
        members.retain(|name, _| name != "examples" && name != "line");
        rule
    };
    replay["rules"].as_array().expect("a list").iter().map(of_rule).collect()
}

fn counts_what_was_asked_for_behind(kind: ProxyKind) {
    let dir = Scratch::new("replay");
    let rules = dir.write("rules.toml", RULES);
    let log = dir.path().join("access.log");
    let mut stack = logging(kind, &log);
    let expected = expected(kind);
    let without_rules = ask_for_everything(&stack, kind);
    assert!(without_rules.iter().all(|status| [302, 303].contains(status)), "{without_rules:?}");
    let lines = lines_of(&log, expected.len());
    let site = format!("app.example.test:{}", stack.ports.http);
    let options: &[&str] = match kind {
        ProxyKind::Nginx | ProxyKind::NginxHttp10 => &["--json", "--host", &site],
        ProxyKind::Caddy | ProxyKind::Traefik | ProxyKind::Haproxy | ProxyKind::Envoy => {
            &["--json"]
        }
    };
    let done = replay(&rules, &format!("{lines}\nnoise\n"), options);
    assert_eq!(done.status, 0, "{kind:?}: {done:?}");
    let answer: Value = serde_json::from_str(&done.out).expect("JSON");
    assert_eq!(counted(&answer), tallies(&expected), "{kind:?}: {answer:#}\n{lines}");
    assert_eq!(answer["requests"], expected.len(), "{kind:?}");
    assert_eq!(answer["unreadable"], 1, "{kind:?}");
    assert_eq!(answer["first_unreadable"], expected.len() + 1, "{kind:?}");
    let example = &answer["rules"][1]["examples"][0];
    let url = example["url"].as_str().expect("an address");
    let (_, place) = url.split_once("://").expect("a scheme");
    assert_eq!(place, format!("{site}/hook/1"), "{kind:?}: {answer:#}");

    let people = replay(&rules, &lines, options.get(1..).expect("options"));
    assert!(people.out.contains("\"shares\"") && people.out.contains("/share/a"), "{people:?}");
    let asked = stack.gate.running.text();
    assert!(!asked.contains("/hook/1"), "the gate logs nothing of it: {asked}");

    put_in_force(&mut stack);
    let wanted: Vec<_> = expected.iter().map(status_of).collect();
    assert_eq!(
        ask_for_everything(&stack, kind),
        wanted,
        "{kind:?}: it becomes of it what was told"
    );
}

fn put_in_force(stack: &mut TestStack) {
    stack.gate.place.configure(&with_public_url(stack.ports.https, RULES));
    stack.gate.running.signal(Signal::SIGHUP);
    wait::until("that the rules are in force", PATIENCE, || {
        (stack.page_load("/admin/x").send(stack.http()).status == 403).then_some(())
    });
}

#[test]
fn a_log_of_caddy_is_counted_by_rule() {
    counts_what_was_asked_for_behind(ProxyKind::Caddy);
}

#[test]
fn a_log_of_nginx_is_counted_by_rule() {
    counts_what_was_asked_for_behind(ProxyKind::Nginx);
}

#[test]
fn a_log_of_traefik_is_counted_by_rule() {
    counts_what_was_asked_for_behind(ProxyKind::Traefik);
}

#[test]
fn a_log_of_envoy_is_counted_by_rule() {
    counts_what_was_asked_for_behind(ProxyKind::Envoy);
}

#[test]
fn a_log_without_hosts_is_refused_with_the_option() {
    let dir = Scratch::new("replay");
    let rules = dir.write("rules.toml", RULES);
    let line = "192.0.2.1 - - [30/Nov/2026:14:23:29 +0000] \"GET / HTTP/1.1\" 200 2";
    let done = replay(&rules, line, &[]);
    assert_eq!((done.status, done.out.as_str()), (64, ""), "{done:?}");
    assert!(done.err.contains("--host"), "{done:?}");
}
