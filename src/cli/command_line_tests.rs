//! Command lines from the words to exit code and output, with a backend that only notes what it is
//! asked.

use std::cell::RefCell;
use std::io::Write;
use std::path::Path;

use serde_json::{Value, json};

use super::super::backend::{ExplainRequest, Offline, SettingsSources};
use super::super::credentials::welcome;
use super::super::places::Places;
use super::super::qr::Ink;
use super::*;
use crate::app::explain::Explanation;
use crate::app::messages::answers::doctor::DoctorReport;
use crate::app::messages::command::Command;
use crate::app::messages::command_answer::CommandAnswer;
use crate::app::messages::example_answers::{read, recorded};
use crate::config::scratch::{self, ScratchPath};
use crate::config::{Config, ConfigFile, Sources};

/// Gives the answer to a command as it is written.
type Answering = Box<dyn Fn(&Command) -> String>;

/// Writes down what it is asked, and gives the answers that it was told to give.
struct Played {
    answer: Result<Answering, Failure>,
    asked: RefCell<Vec<String>>,
}

impl Played {
    fn that_answers(answer: Value) -> Self {
        Self { answer: Ok(Box::new(move |_| answer.to_string())), asked: RefCell::default() }
    }

    fn as_recorded() -> Self {
        Self {
            answer: Ok(Box::new(|command| recorded(command).to_owned())),
            asked: RefCell::default(),
        }
    }

    /// Every text of every answer would move the cursor if it could.
    fn as_hostile_as_can_be() -> Self {
        Self { answer: Ok(Box::new(hostile)), asked: RefCell::default() }
    }

    fn that_fails(failure: Failure) -> Self {
        Self { answer: Err(failure), asked: RefCell::default() }
    }

    fn answer(&self, command: &Command) -> Result<CommandAnswer, Failure> {
        let answer = self.answer.as_ref().map_err(Clone::clone)?;
        read(command, &answer(command)).map_err(|error| Failure::new(exit::UNAVAILABLE, error))
    }
}

impl Backend for Played {
    fn serve(&self, start: DaemonStart) -> Result<(), Failure> {
        let listen: Vec<String> =
            start.loaded.config.listen.iter().map(ToString::to_string).collect();
        self.asked.borrow_mut().push(format!(
            "serve {} {}",
            listen.join(" "),
            start.places.state_dir.display()
        ));
        Ok(())
    }

    fn init(&self, _: Offline, state_dir: &Path, again: bool) -> Result<String, Failure> {
        self.asked.borrow_mut().push(format!("init {} {again}", state_dir.display()));
        Ok("made".to_owned())
    }

    fn offline(&self, _: Offline, _: &Path, command: Command) -> Result<CommandAnswer, Failure> {
        self.asked.borrow_mut().push(serde_json::to_string(&command).expect("JSON"));
        self.answer(&command)
    }

    fn doctor(&self, _: &SettingsSources, places: &Places) -> Result<DoctorReport, Failure> {
        self.asked.borrow_mut().push(format!("doctor {}", places.state_dir.display()));
        Ok(DoctorReport::of(self.answer(&Command::Doctor)?)?)
    }

    fn explain(&self, _: &Config, request: &ExplainRequest) -> Explanation {
        self.asked.borrow_mut().push(format!("{request:?}"));
        Explanation {
            trusted: true,
            client_ip: "203.0.113.7".parse().expect("an address"),
            scheme: "https",
            host: Some(HOSTILE.to_owned()),
            port: None,
            uri: "/".to_owned(),
            method: "GET".to_owned(),
            problems: Vec::new(),
        }
    }
}

struct Ran {
    code: u8,
    out: String,
    err: String,
    /// Made only where the command line makes one.
    state: ScratchPath,
}

/// Runs one line of words, split at spaces, with a configuration and a state directory of its own.
fn ran(
    line: &str,
    file: &str,
    variables: &[(&str, &str)],
    terminal: Option<Ink>,
    backend: &Played,
) -> Ran {
    let config = scratch::file("p.toml", file.as_bytes(), 0o600);
    let state = scratch::path("state");
    let mut words: Vec<OsString> =
        line.split(' ').filter(|word| !word.is_empty()).map(OsString::from).collect();
    if !words.is_empty() {
        words.splice(
            0..0,
            ["--config".into(), (&config).into(), "--state-dir".into(), (&state).into()],
        );
    }
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut console = Console::new(&mut out, &mut err, terminal);
    let code = run_with(words, Environment::of(variables.iter().copied()), backend, &mut console);
    let text = |bytes| String::from_utf8(bytes).expect("text");
    Ran { code, out: text(out), err: text(err), state }
}

fn simply(line: &str, backend: &Played) -> Ran {
    ran(line, "", &[], None, backend)
}

fn credentials() -> Value {
    json!({
        "name": "alice", "secret": "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", "recovery_codes": [],
        "otpauth_url": "otpauth://totp/Portcullis:alice?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Portcullis",
    })
}

#[test]
fn the_bare_name_prints_help() {
    let ran = simply("", &Played::that_answers(Value::Null));
    assert_eq!(ran.code, 0);
    assert!(ran.out.contains("portcullis user add alice"), "{}", ran.out);
}

#[test]
fn wrong_words_end_with_64_and_the_way_out() {
    let backend = Played::that_answers(Value::Null);
    for line in [
        "usr list",
        "user",
        "user add",
        "--bogus",
        "-generate x user list",
        "proxy explain --peer x",
    ] {
        let ran = simply(line, &backend);
        assert_eq!((ran.code, ran.out.as_str()), (64, ""), "{line}");
        assert!(!ran.err.is_empty(), "{line}");
    }
    assert!(simply("usr list", &backend).err.contains("user"));
    assert!(backend.asked.borrow().is_empty());
}

#[test]
fn a_verb_without_a_daemon_goes_to_the_store() {
    let backend = Played::that_answers(json!([]));
    let ran = simply("user list", &backend);
    assert_eq!(
        (ran.code, ran.out.as_str()),
        (0, "There are no users: add one with `portcullis user add NAME`.\n")
    );
    assert_eq!(*backend.asked.borrow(), [r#"{"verb":"user-list"}"#]);
    assert!(ran.state.is_dir(), "the state directory is made");
}

#[test]
fn doctor_ends_with_a_code_by_the_worst_finding_and_shows_no_escape_sequence() {
    for (worst, code) in [("ok", 0), ("note", 0), ("warning", 1), ("error", 2)] {
        let finding = json!({"check": "wiring", "severity": worst, "found": "a\u{1b}[2J", "remedy": "one\ntwo"});
        let backend = Played::that_answers(json!({"findings": [finding], "worst": worst}));
        let ran = simply("doctor", &backend);
        assert_eq!((ran.code, ran.err.as_str()), (code, ""), "{worst}");
        let lines: Vec<_> = ran.out.lines().collect();
        assert_eq!(lines.first(), Some(&"wiring"));
        assert_eq!(lines[1].split_whitespace().collect::<Vec<_>>(), [worst, "a\\u{1b}[2J"]);
        assert_eq!((lines[2].trim(), lines[3].trim()), ("remedy     one", "two"));
        assert!(!ran.state.exists(), "it makes no state directory");
        let scripts = simply("doctor --json", &backend);
        assert_eq!((scripts.code, scripts.out.lines().count()), (code, 1));
    }
    let backend = Played::that_fails(Failure::new(69, "held"));
    assert_eq!(simply("doctor", &backend).code, 69);
}

#[test]
fn every_verb_becomes_its_command() {
    for (line, command) in [
        ("user show a", r#"{"verb":"user-show","name":"a"}"#),
        ("user disable a", r#"{"verb":"user-disable","name":"a"}"#),
        ("user enable a", r#"{"verb":"user-enable","name":"a"}"#),
        ("user remove a", r#"{"verb":"user-remove","name":"a"}"#),
        ("user rotate a", r#"{"verb":"user-rotate","name":"a"}"#),
        ("user export a", r#"{"verb":"user-export","name":"a"}"#),
        (
            "user add a --admin --group g --group h --name N --email e@x --algorithm sha256 --digits 8",
            r#"{"verb":"user-add","name":"a","admin":true,"groups":["g","h"],"display_name":"N","email":"e@x","algorithm":"sha256","digits":8}"#,
        ),
        ("session list", r#"{"verb":"session-list"}"#),
        (
            "session revoke x y",
            r#"{"verb":"session-revoke","ids":["x","y"],"user":null,"all":false}"#,
        ),
        ("session revoke --user a", r#"{"verb":"session-revoke","ids":[],"user":"a","all":false}"#),
        ("session revoke --all", r#"{"verb":"session-revoke","ids":[],"user":null,"all":true}"#),
        (
            "pass create a --user b --host c --host d --path /e --network f --for 2h",
            r#"{"verb":"pass-create","name":"a","user":"b","hosts":["c","d"],"paths":["/e"],"networks":["f"],"lifetime":7200}"#,
        ),
        (
            "pass create a --user b --host c",
            r#"{"verb":"pass-create","name":"a","user":"b","hosts":["c"],"paths":[],"networks":[],"lifetime":null}"#,
        ),
        ("pass list", r#"{"verb":"pass-list"}"#),
        ("pass revoke x y", r#"{"verb":"pass-revoke","ids":["x","y"],"user":null,"all":false}"#),
        ("pass revoke --user a", r#"{"verb":"pass-revoke","ids":[],"user":"a","all":false}"#),
        ("pass revoke --all", r#"{"verb":"pass-revoke","ids":[],"user":null,"all":true}"#),
        ("limit list", r#"{"verb":"limit-list"}"#),
        ("limit clear 1.2.3.4", r#"{"verb":"limit-clear","what":"1.2.3.4","all":false}"#),
        ("limit clear --all", r#"{"verb":"limit-clear","what":"","all":true}"#),
        ("clock reset", r#"{"verb":"clock-reset"}"#),
        ("-generate", r#"{"verb":"generate","name":null}"#),
        ("--generate bob", r#"{"verb":"generate","name":"bob"}"#),
    ] {
        let backend = Played::as_recorded();
        assert_eq!(simply(line, &backend).code, 0, "{line}");
        assert_eq!(*backend.asked.borrow(), [command], "{line}");
    }
}

#[test]
fn scripts_get_the_answer_as_it_is() {
    let backend = Played::that_answers(credentials());
    let ran = ran("user add alice --json", "", &[], Some(Ink::Plain), &backend);
    assert_eq!(serde_json::from_str::<Value>(&ran.out).expect("JSON"), credentials());
    assert_eq!(ran.out.lines().count(), 1);
}

#[test]
fn the_picture_is_for_terminals_only() {
    let backend = Played::that_answers(credentials());
    let script = simply("user add alice", &backend);
    assert!(script.out.contains("otpauth://totp/Portcullis:alice?secret="));
    assert!(!script.out.contains('█') && !script.out.contains('\u{1b}'));
    let person = ran("user add alice", "", &[], Some(Ink::Plain), &backend);
    assert!(person.out.contains("otpauth://totp/") && person.out.contains('█'));
    let url = format!("otpauth://totp/Portcullis:{}?secret=A", "a".repeat(300));
    let long = Played::that_answers(
        json!({"name": "a", "secret": "A", "otpauth_url": url, "recovery_codes": []}),
    );
    let person = ran("user add alice", "", &[], Some(Ink::Plain), &long);
    assert!(
        person.out.contains(&url) && person.out.contains("too long for a picture"),
        "{}",
        person.out
    );
}

/// The recorded pass with other members.
fn pass_with(members: &[(&str, Value)]) -> Played {
    let create = "pass-create";
    let command =
        json!({"verb": create, "name": "", "user": "", "hosts": [], "paths": [], "networks": []});
    let command = serde_json::from_value(command).expect("a command");
    let mut answer: Value = serde_json::from_str(recorded(&command)).expect("JSON");
    for (name, value) in members {
        answer[name] = value.clone();
    }
    Played::that_answers(answer)
}

#[test]
fn a_new_pass_is_shown_with_the_ways_in_which_it_is_taken() {
    let token = "pcp_mfrggzdfmztwq2lknnwg23tpobyxe43u6se4gz";
    let line = "pass create x --user anna --host photos.example.com";
    let one = simply(line, &pass_with(&[("networks", json!([]))]));
    assert_eq!((one.code, one.err.as_str()), (0, ""));
    assert_eq!(
        one.out,
        format!(
            "id:       bcdfghjk\nname:     photo backup\nuser:     anna\nhosts:    photos.example.com\n\
             paths:    /api/**\nnetworks: all\nexpires:  2027-02-20T14:35:59Z\ntoken:    {token}\n\
             The token is shown only once. A program sends it with each request, as one of:\n  \
             Authorization: Bearer {token}\n  \
             the password of HTTP Basic authentication, with any user name\n  \
             X-Portcullis-Pass: {token}\n"
        )
    );
    let hosts = json!(["*.example.com"]);
    let warnings = json!(["beware\u{1b}[2J"]);
    let members =
        [("hosts", hosts), ("taken_in_authorization", json!(false)), ("warnings", warnings)];
    let several = simply(line, &pass_with(&members));
    assert!(several.out.contains(&format!("as:\n  X-Portcullis-Pass: {token}\n")));
    assert!(!several.out.contains("Bearer") && !several.out.contains("Basic"), "{}", several.out);
    assert_eq!(several.err, "portcullis: warning: beware\\u{1b}[2J\n");
    let json = simply(&format!("{line} --json"), &pass_with(&[]));
    assert_eq!(serde_json::from_str::<Value>(&json.out).expect("JSON")["token"], token);
    assert_eq!(json.err, "");
}

#[test]
fn a_list_of_passes_tells_where_each_is_good_and_when_it_was_used() {
    let pass = json!({
        "id": "bcdfghjk", "name": "photo backup", "user": "anna", "hosts": ["a.example", "*.b.example"],
        "paths": [], "networks": ["home"], "created": "2026-11-22T14:35:59Z",
        "expires": "2027-02-20T14:35:59Z", "last_used": null,
    });
    let ran = simply("pass list", &Played::that_answers(json!([pass])));
    let row = ran.out.lines().nth(1).expect("a row");
    let cells: Vec<_> = row.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect();
    let times = ["2026-11-22T14:35:59Z", "2027-02-20T14:35:59Z", "-"];
    let places = ["bcdfghjk", "photo backup", "anna", "a.example, *.b.example", "all", "home"];
    assert_eq!(cells, [&places[..], &times[..]].concat());
    assert!(ran.out.starts_with("ID ") && !ran.out.contains("pcp_"), "{}", ran.out);
    let none = simply("pass list", &Played::that_answers(json!([])));
    assert!(none.out.contains("portcullis pass create NAME"), "{}", none.out);
}

#[test]
fn a_refusal_keeps_its_code() {
    let backend = Played::that_fails(Failure::new(67, "there is no user \"x\""));
    let ran = simply("user show x", &backend);
    assert_eq!((ran.code, ran.err.as_str()), (67, "portcullis: there is no user \"x\"\n"));
}

#[test]
fn a_bad_configuration_stops_every_verb_that_reads_it() {
    let file = "\n[proxy]\ntrust = [\"loopback\", \"0.0.0.0/0\"]\n";
    for line in [
        "serve",
        "config check",
        "config show",
        "proxy print caddy",
        "proxy explain --peer ::1",
        "policy test https://a",
        "user list",
        "healthcheck",
    ] {
        let backend = Played::that_answers(json!([]));
        let ran = ran(line, file, &[], None, &backend);
        assert_eq!(ran.code, 78, "{line}");
        assert!(
            ran.err.contains("p.toml:3: proxy.trust") && ran.err.contains("0.0.0.0/0"),
            "{line}: {}",
            ran.err
        );
        assert!(backend.asked.borrow().is_empty(), "{line}");
    }
}

#[test]
fn serve_takes_its_addresses_from_the_command_line() {
    let backend = Played::that_answers(Value::Null);
    let ran = simply("serve --listen 127.0.0.1:1 --listen unix:/a", &backend);
    assert_eq!(
        *backend.asked.borrow(),
        [format!("serve 127.0.0.1:1 unix:/a {}", ran.state.display())]
    );
    assert_eq!(simply("serve --listen bogus", &backend).code, 78);
}

#[test]
fn init_says_what_it_did() {
    let backend = Played::that_answers(Value::Null);
    let ran = simply("init --again", &backend);
    assert_eq!((ran.code, ran.out.as_str()), (0, "made\n"));
    assert_eq!(*backend.asked.borrow(), [format!("init {} true", ran.state.display())]);
}

#[test]
fn config_show_tells_where_each_value_came_from() {
    let backend = Played::that_answers(Value::Null);
    let variables = [("PORTCULLIS_LIMITS_ATTEMPTS", "9")];
    let shown = ran("config show", "[session]\nlifetime = \"1h\"\n", &variables, None, &backend);
    let line = |start: &str| {
        shown.out.lines().find(|line| line.starts_with(start)).unwrap_or_default().to_owned()
    };
    assert!(line("lifetime = \"1h\"").ends_with("p.toml:2"), "{}", shown.out);
    assert!(line("attempts = 9").ends_with("# PORTCULLIS_LIMITS_ATTEMPTS"), "{}", shown.out);
    assert!(line("window = \"15m\"").ends_with("# default"));
    let again = ran("config check", &shown.out, &[], None, &backend);
    assert_eq!(again.code, 0, "what is shown can be used as a file: {}", again.err);
    let rows: Value =
        serde_json::from_str(&ran("config show --json", "", &variables, None, &backend).out)
            .expect("JSON");
    let expected =
        json!({"key": "limits.attempts", "value": "9", "source": "PORTCULLIS_LIMITS_ATTEMPTS"});
    assert!(rows.as_array().is_some_and(|rows| rows.contains(&expected)), "{rows}");
}

const TABLES: &str = "[networks]
home = [\"192.168.1.0/24\", \"fd00::/8\"]
[[rule]]
name = \"photo \\\"shares\\\" \u{202e}\"
hosts = [\"photos.example.com\", \"*.example.org:8443\"]
paths = [\"/share/**\", \"/my files/ü\"]
methods = [\"GET\", \"HEAD\"]
networks = [\"home\", \"loopback\"]
access = \"open\"
preflight = true
[log]
level = \"warn\"
[[rule]]
access = \"session\"
users = [\"anna\"]
groups = [\"family\"]
";

#[test]
fn config_show_prints_tables_that_can_be_read_again() {
    let backend = Played::that_answers(Value::Null);
    let show = |file: &str| ran("config show", file, &[], None, &backend).out;
    let shown = show(TABLES);
    for start in [
        "[networks]  # ",
        "# loopback = [\"127.0.0.0/8\", \"::1/128\"]",
        "home = [\"192.168.1.0/24\", \"fd00::/8\"]",
        "[[rule]]  # ",
        "name = \"rule 2\"",
        "access = \"session\"",
    ] {
        assert!(shown.lines().any(|line| line.starts_with(start)), "{start}: {shown}");
    }
    assert!(shown.contains("p.toml:3\nname = "), "a rule says where it begins: {shown}");
    let load = |text: &str| {
        let file = Some(ConfigFile { path: "p.toml".into(), text: text.to_owned() });
        let loaded = Config::load(&Sources { file, ..Sources::default() });
        loaded.unwrap_or_else(|error| panic!("{text}{error}"))
    };
    let (first, again) = (load(TABLES), load(&shown));
    assert_eq!(first.changed(&again), [""; 0], "{shown}");
    assert_eq!(first.config.networks, again.config.networks);
    assert_eq!(again.config.rules.as_slice().len(), 2);
    let plain = |text: &str| -> Vec<String> {
        text.lines()
            .map(|line| line.split("  # ").next().unwrap_or(line).trim().to_owned())
            .collect()
    };
    assert_eq!(plain(&show(&shown)), plain(&shown), "and shows the same");
}

#[test]
fn config_show_gives_scripts_each_value_of_a_table() {
    let backend = Played::that_answers(Value::Null);
    let shown = ran("config show --json", TABLES, &[], None, &backend);
    let rows: Value = serde_json::from_str(&shown.out).expect("JSON");
    let row = |key: &str| {
        let rows = rows.as_array().into_iter().flatten();
        let row = rows.clone().find(|row| row["key"] == key).unwrap_or_else(|| panic!("{key}"));
        let source = row["source"].as_str().unwrap_or_default();
        let line = source.rsplit_once(':').map_or(source, |(_, line)| line).to_owned();
        (row["value"].as_str().unwrap_or_default().to_owned(), line)
    };
    let pair = |value: &str, line: &str| (value.to_owned(), line.to_owned());
    assert_eq!(row("networks.home"), pair("[\"192.168.1.0/24\", \"fd00::/8\"]", "2"));
    assert_eq!(row("networks.loopback"), pair("[\"127.0.0.0/8\", \"::1/128\"]", "default"));
    assert_eq!(row("rule[1].access"), pair("\"open\"", "9"));
    assert_eq!(row("rule[2].access"), pair("\"session\"", "14"));
    assert_eq!(row("rule[2].name"), pair("\"rule 2\"", "default"));
    assert_eq!(row("rule[2].preflight"), pair("false", "default"));
    assert_eq!(row("log.level"), pair("\"warn\"", "12"));
}

#[test]
fn config_check_warns_of_rules() {
    let backend = Played::that_answers(Value::Null);
    let checked = ran("config check", "[[rule]]\naccess = \"open\"\n", &[], None, &backend);
    assert_eq!(checked.code, 0);
    let warning = "portcullis: warning: rule 1 (line 1) opens every site to everybody; name the hosts, paths or networks \
                   that it is for\n";
    assert_eq!(checked.err, warning);
    let refused = ran("config check", "[[rule]]\naccess = \"opne\"\n", &[], None, &backend);
    assert_eq!(refused.code, 78, "{}", refused.err);
    assert!(refused.err.contains("p.toml:2: rule 1: access: "), "{}", refused.err);
}

#[test]
fn what_config_check_advises_can_be_pasted_into_the_file() {
    let backend = Played::that_answers(Value::Null);
    let file = "public_url = \"https://auth.mylab.duckdns.org\"\n";
    let first = ran("config check", file, &[], None, &backend);
    assert_eq!(first.code, 0);
    let excerpt: String = first
        .err
        .lines()
        .filter_map(|line| line.strip_prefix("    "))
        .map(|line| format!("{line}\n"))
        .collect();
    assert_eq!(excerpt, "[session]\ncookie_domain = \"mylab.duckdns.org\"\n", "{}", first.err);
    let again = ran("config check", &format!("{file}{excerpt}"), &[], None, &backend);
    assert_eq!((again.code, again.err.as_str()), (0, ""));
    let suffix = ran(
        "config check",
        &format!("{file}[session]\ncookie_domain = \"duckdns.org\"\n"),
        &[],
        None,
        &backend,
    );
    assert_eq!(suffix.code, 78);
    assert!(
        suffix.err.contains("p.toml:3: session.cookie_domain: \"duckdns.org\" is a public suffix"),
        "{}",
        suffix.err
    );
}

#[test]
fn config_check_looks_at_the_secret_that_is_given() {
    let backend = Played::that_answers(Value::Null);
    let ran = ran("config check", "", &[("JWT_SECRET", "short")], None, &backend);
    assert_eq!(ran.code, 78);
    assert!(ran.err.contains("openssl rand -base64 48"));
}

#[test]
fn config_check_counts_the_users_where_there_is_a_store() {
    let user: Value = serde_json::from_str(recorded(&Command::UserList)).expect("JSON");
    let users = vec![user[0].clone(); 21];
    let backend = Played::that_answers(users.into());
    assert_eq!(simply("config check", &backend).code, 0, "no store, no users");
    let state = scratch::directory();
    std::fs::write(state.join("db"), "").expect("writable");
    let line = format!("config check --state-dir {}", state.display());
    let with = |words: String| {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let mut console = Console::new(&mut out, &mut err, None);
        let words = words.split(' ').map(OsString::from).collect::<Vec<_>>();
        (
            run_with(words, Environment::default(), &backend, &mut console),
            String::from_utf8(err).expect("text"),
        )
    };
    let (code, err) = with(line);
    assert_eq!(code, 78);
    assert!(err.contains("login.accept_odds"), "{err}");
}

#[test]
fn proxy_verbs_need_neither_store_nor_secret() {
    let backend = Played::as_recorded();
    let printed = simply("proxy print caddy", &backend);
    assert_eq!(printed.code, 0);
    assert!(printed.out.contains("forward_auth"));
    assert!(!printed.state.exists());
    let script = simply("proxy print haproxy --lua", &backend);
    assert!(script.code == 0 && script.out.starts_with("-- portcullis.lua: "), "{}", script.out);
    let refused = simply("proxy print caddy --lua", &backend);
    assert_eq!((refused.code, refused.out.as_str()), (64, ""));
    assert!(refused.err.contains("leave out --lua"), "{}", refused.err);
    let explained = simply(
        "proxy explain --peer ::ffff:127.0.0.1 --header X-Forwarded-Proto:https --path /verify/caddy",
        &backend,
    );
    let expected = "client ip: 203.0.113.7\nhost:      a";
    assert!(explained.out.starts_with(expected), "{}", explained.out);
    assert!(explained.out.ends_with("problems:\nscheme:    https\ntrusted:   yes\nuri:       /\n"));
    simply("proxy explain --peer ::1 --method POST --path /verify/envoy/a?b", &backend);
    let asked = backend.asked.borrow();
    assert!(asked[1].contains("\"POST\", path: \"/verify/envoy/a?b\""), "{asked:?}");
    assert!(
        asked[0].contains("127.0.0.1") && asked[0].contains("(\"X-Forwarded-Proto\", \"https\")"),
        "{asked:?}"
    );
}

#[test]
fn explain_refuses_what_is_no_request() {
    let backend = Played::that_answers(Value::Null);
    for line in [
        "proxy explain --peer localhost",
        "proxy explain --peer ::1 --header novalue",
        "proxy explain --peer ::1 --header :x",
        "proxy explain --peer ::1 --header a\u{1}b:x",
        "proxy explain --peer ::1 --path verify",
        "proxy explain --peer ::1 --method G(T",
    ] {
        assert_eq!(simply(line, &backend).code, 64, "{line}");
    }
}

#[test]
fn policy_test_needs_neither_store_nor_secret() {
    let backend = Played::as_recorded();
    let url = "https://photos.example.com/a%2Fb";
    let told = simply(&format!("policy test {url} http://b --method POST"), &backend);
    let expected = [
        "POST https://photos.example.com/a%2Fb\n  needs a login\n  no rule is for it\n",
        "POST http://b\n  needs a login\n  no rule is for it\n",
    ];
    assert_eq!((told.code, told.out), (0, expected.concat()));
    assert!(backend.asked.borrow().is_empty() && !told.state.exists());
    let json = simply(&format!("policy test {url} --json"), &backend);
    let expected = json!([{
        "url": url, "method": "GET", "decision": "session", "rule": null, "line": null,
        "readings": [
            {"path": "/a%2Fb", "decision": "session"}, {"path": "/a/b", "decision": "session"},
        ],
    }]);
    assert_eq!(serde_json::from_str::<Value>(&json.out).expect("JSON"), expected);
}

#[test]
fn policy_test_tells_the_gates_own_pages() {
    let backend = Played::as_recorded();
    let told = simply("policy test https://a/login https://a/x", &backend);
    assert_eq!(told.out.matches("the gate's own page").count(), 1, "{}", told.out);
}

#[test]
fn policy_test_asks_for_the_user_that_is_named() {
    let backend = Played::as_recorded();
    let told = simply("policy test https://a.example/ --user anna", &backend);
    assert_eq!(*backend.asked.borrow(), [r#"{"verb":"user-show","name":"anna"}"#]);
    assert!(told.out.contains("needs a login; open to anna"), "{}", told.out);
    let nobody = Played::that_fails(Failure::new(67, "there is no user \"x\""));
    assert_eq!(simply("policy test https://a.example/ --user x", &nobody).code, 67);
}

#[test]
fn policy_test_refuses_what_is_no_request() {
    let backend = Played::that_answers(Value::Null);
    for line in [
        "policy test",
        "policy test /share",
        "policy test photos.example.com/share",
        "policy test https://",
        "policy test https://a https://ben@a/",
        "policy test https://a --from home",
        "policy test https://a --method G(T",
        "policy test /share --user ben",
    ] {
        let refused = simply(line, &backend);
        assert_eq!((refused.code, refused.out.as_str()), (64, ""), "{line}: {}", refused.err);
    }
    assert!(backend.asked.borrow().is_empty());
}

/// A log of one line of each kind in a file of its own.
fn log_file() -> ScratchPath {
    let line = |request: &str| format!("::1 - - [t] \"{request} HTTP/1.1\" 200 2\n");
    let text = [line("GET /a?b"), line("POST /a"), "noise\u{1b}[2J\n".to_owned()].concat();
    scratch::file("access.log", text.as_bytes(), 0o600)
}

#[test]
fn policy_replay_needs_neither_store_nor_secret() {
    let backend = Played::as_recorded();
    let log = log_file();
    let line = format!("policy replay {} --host a.example", log.display());
    let told = simply(&line, &backend);
    let expected = "\
RULE       LINE  OPEN  LOGIN  FORBIDDEN  DENIED
(no rule)  -     0     2      0          0

For example, needs a login:
  GET https://a.example/a  by no rule
  POST https://a.example/a  by no rule

Requests: 2. Lines without a request: 1, the first of them line 3.
";
    assert_eq!((told.code, told.out.as_str()), (0, expected), "{}", told.err);
    assert!(backend.asked.borrow().is_empty() && !told.state.exists());
    let json = simply(&format!("{line} --json --user anna"), &backend);
    let answer: Value = serde_json::from_str(&json.out).expect("JSON");
    assert_eq!((&answer["requests"], &answer["first_unreadable"]), (&json!(2), &json!(3)));
    assert_eq!(*backend.asked.borrow(), [r#"{"verb":"user-show","name":"anna"}"#]);
}

#[test]
fn policy_replay_refuses_what_is_no_log() {
    let backend = Played::that_answers(Value::Null);
    let file = log_file();
    let log = file.display();
    for (line, code) in [
        ("policy replay".to_owned(), 64),
        (format!("policy replay {log}"), 64),
        (format!("policy replay {log} --host https://a"), 64),
        ("policy replay /nonexistent/log --user ben".to_owned(), 66),
        ("policy replay / --host a".to_owned(), 66),
    ] {
        let refused = simply(&line, &backend);
        assert_eq!((refused.code, refused.out.as_str()), (code, ""), "{line}: {}", refused.err);
    }
    assert!(backend.asked.borrow().is_empty());
}

#[test]
fn version_is_said_both_ways() {
    let backend = Played::that_answers(Value::Null);
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(simply("version", &backend).out, format!("portcullis {version}\n"));
    assert_eq!(simply("--version", &backend).out, format!("portcullis {version}\n"));
    assert_eq!(simply("version --json", &backend).out, format!("{{\"version\":\"{version}\"}}\n"));
}

#[test]
fn a_first_start_shows_a_secret_on_a_terminal_only() {
    let welcomed = |terminal| {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let mut asked = Vec::new();
        let mut console = Console::new(&mut out, &mut err, terminal);
        let execute = |command| {
            let answer = read(&command, &credentials().to_string()).expect("read");
            asked.push(command);
            Ok(answer)
        };
        welcome(&mut console, execute).expect("welcomed");
        (String::from_utf8(out).expect("text"), asked)
    };
    let (out, asked) = welcomed(Some(Ink::Plain));
    assert!(out.contains("otpauth://") && out.contains('█'));
    assert!(
        matches!(asked.as_slice(), [Command::UserAdd { name, admin: true, .. }] if name == "owner")
    );
    assert_eq!(welcomed(None), (String::new(), Vec::new()));
}

const HOSTILE: &str = "a\u{1b}[2J\u{1b}]0;x\u{7}\r\u{7f}\u{9b}31m\u{202e}b\u{200b}\u{feff}";

/// The recorded answer with this in the place of each text that may be any.
fn hostile(command: &Command) -> String {
    let mut answer: Value = serde_json::from_str(recorded(command)).expect("JSON");
    let texts = |answer: &Value| -> Vec<String> {
        let (mut found, mut left) = (Vec::new(), vec![(String::new(), answer)]);
        while let Some((path, value)) = left.pop() {
            match value {
                Value::String(_) => found.push(path),
                Value::Array(items) => left.extend(
                    items.iter().enumerate().map(|(at, item)| (format!("{path}/{at}"), item)),
                ),
                Value::Object(members) => left
                    .extend(members.iter().map(|(name, value)| (format!("{path}/{name}"), value))),
                _ => {}
            }
        }
        found
    };
    for path in texts(&answer) {
        let mut worse = answer.clone();
        *worse.pointer_mut(&path).expect("a text") = HOSTILE.into();
        // Addresses and the words of an enumeration are refused.
        if read(command, &worse.to_string()).is_ok() {
            answer = worse;
        }
    }
    answer.to_string()
}

fn harmless(text: &str) -> bool {
    let moves = |letter: char| letter.is_control() && letter != '\n' && letter != '\t';
    !text.chars().any(|letter| moves(letter) || HOSTILE.contains(letter) && !letter.is_ascii())
}

#[test]
fn every_way_out_of_the_console_takes_what_moves_the_cursor() {
    type WayOut = fn(&mut Console<'_>);
    let ways: [(&str, WayOut); 7] = [
        ("say", |console| console.say(HOSTILE).expect("written")),
        ("say_all", |console| console.say_all(HOSTILE).expect("written")),
        ("say_json", |console| console.say_json(&json!({ HOSTILE: HOSTILE })).expect("written")),
        ("remark", |console| console.remark(HOSTILE)),
        ("excerpt", |console| console.excerpt(HOSTILE)),
        ("usage asked for", |console| console.explain_usage(HOSTILE, true)),
        ("usage", |console| console.explain_usage(HOSTILE, false)),
    ];
    for (name, way) in ways {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        way(&mut Console::new(&mut out, &mut err, None));
        let text = String::from_utf8([out, err].concat()).expect("text");
        assert!(text.contains("[2J") && harmless(&text), "{name}: {text:?}");
    }
}

#[test]
fn nothing_that_came_from_elsewhere_moves_the_cursor_whatever_the_verb() {
    for line in [
        "user add x",
        "user list",
        "user show x",
        "user remove x",
        "user rotate x",
        "user export x",
        "session list",
        "session revoke --all",
        "pass create x --user x --host x",
        "pass list",
        "pass revoke --all",
        "limit list",
        "limit clear --all",
        "clock reset",
        "audit show",
        "audit verify",
        "doctor",
        "proxy explain --peer ::1",
        "policy test https://a/\u{1b}[2J\u{9b}\u{202e}",
        "policy test https://a\u{1b}[2J",
        "policy test https://a --user x",
        "policy replay /dev/null --user x",
        "init",
        "-generate",
        "-generate x",
        "config check",
        "config show",
        "version",
        "proxy print caddy",
        "proxy print nginx",
        "proxy print traefik",
        "proxy print haproxy",
        "proxy print haproxy --lua",
        "usr\u{1b}[2J",
        "user show \u{9b}",
        "serve",
    ] {
        for refused in [None, Some(Failure::new(65, format!("{HOSTILE}\n{HOSTILE}")))] {
            for json in ["", " --json"] {
                let backend = match &refused {
                    None => Played::as_hostile_as_can_be(),
                    Some(failure) => Played::that_fails(failure.clone()),
                };
                let file = "[login]\ntitle = \"a\u{202e}b\"\n";
                let ran = ran(&format!("{line}{json}"), file, &[], None, &backend);
                assert!(
                    harmless(&ran.out) && harmless(&ran.err),
                    "{line}{json}: {:?} {:?}",
                    ran.out,
                    ran.err
                );
                if !json.is_empty() && ran.code == 0 && !line.starts_with("proxy print") {
                    assert!(
                        ran.out.is_empty()
                            || ran.out.starts_with(['{', '[', '"'])
                            || line == "config check",
                        "{line}"
                    );
                }
            }
        }
    }
    let shown = ran(
        "config show",
        "[login]\ntitle = \"a\u{202e}b\"\n",
        &[],
        None,
        &Played::that_answers(Value::Null),
    );
    assert!(shown.out.contains("title = \"a\\u202Eb\""), "{}", shown.out);
    let again = ran("config show", &shown.out, &[], None, &Played::that_answers(Value::Null));
    assert!(
        again.out.contains("title = \"a\\u202Eb\""),
        "what is shown can be used as a file: {}",
        again.out
    );
    let users: Value = serde_json::from_str(&hostile(&Command::UserList)).expect("JSON");
    let json = ran("user list --json", "", &[], None, &Played::as_hostile_as_can_be());
    let read: Value = serde_json::from_str(&json.out).expect("JSON");
    assert_eq!(read, users, "scripts read what was said");
    assert_eq!(users[0]["name"], HOSTILE);
}

#[test]
fn a_reader_that_went_away_is_no_drama() {
    struct Gone;
    impl Write for Gone {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Err(std::io::ErrorKind::BrokenPipe.into())
        }
    }
    let mut err = Vec::new();
    let mut gone = Gone;
    let mut console = Console::new(&mut gone, &mut err, None);
    let backend = Played::that_answers(Value::Null);
    assert_eq!(run_with(["version".into()], Environment::default(), &backend, &mut console), 74);
    assert!(err.is_empty());
}
