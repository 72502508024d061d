//! Passes from their making to their end, on a worker's state with a real store.

use serde_json::{Value, json};

use super::*;
use crate::app::messages::command::Command;
use crate::app::messages::effect::Effect;
use crate::app::messages::job::{Job, Outcome};
use crate::app::messages::last_uses::LastUses;
use crate::app::worker::administer::execute;
use crate::app::worker::testing::StandaloneWorker;
use crate::auth::access_pass::pass_token::PassDigest;
use crate::auth::testing::pass_for;
use crate::clock::testing::TestClock;
use crate::config::{ConfigFile, Sources};

const DAY: Duration = Duration::from_secs(86_400);
const HOUR: Duration = Duration::from_secs(3_600);

const SETTINGS: &str = r#"
public_url = "https://auth.example.com"
[session]
cookie_domain = "example.com"
[networks]
home = ["192.168.1.0/24"]
"#;

/// A worker with the users anna and ben, and its clock.
fn worker() -> (StandaloneWorker, TestClock) {
    let file = ConfigFile { path: "p.toml".into(), text: SETTINGS.to_owned() };
    let config = Config::load(&Sources { file: Some(file), ..Sources::default() });
    let config = config.unwrap_or_else(|error| panic!("{error}")).config;
    let clock = TestClock::confirmed(crate::clock::now());
    let mut worker = StandaloneWorker::with(clock.clone(), config);
    for name in ["anna", "ben"] {
        order(&mut worker, Command::Generate { name: Some(name.to_owned()) }).expect("added");
    }
    (worker, clock)
}

fn order(worker: &mut WorkerState, command: Command) -> Result<Value, CommandRefused> {
    done(worker, command).map(|(answer, _)| answer)
}

fn done(
    worker: &mut WorkerState,
    command: Command,
) -> Result<(Value, Vec<Effect>), CommandRefused> {
    let now = worker.read_clock();
    let (answer, effects) = execute(worker, command, &Actor::Operator(7), now)?;
    Ok((serde_json::to_value(answer).expect("JSON"), effects))
}

/// A pass on the host of the photos.
fn pass(name: &str, user: &str) -> Command {
    wanted(name, user, &["photos.example.com"], &[], &[], None)
}

fn wanted(
    name: &str,
    user: &str,
    hosts: &[&str],
    paths: &[&str],
    networks: &[&str],
    lifetime: Option<u64>,
) -> Command {
    Command::PassCreate {
        name: name.to_owned(),
        user: user.to_owned(),
        hosts: texts(hosts),
        paths: texts(paths),
        networks: texts(networks),
        lifetime,
    }
}

fn id_of(answer: &Value) -> PassId {
    PassId::parse(answer["id"].as_str().expect("text")).expect("an id")
}

fn listed(worker: &mut WorkerState) -> Vec<Value> {
    let list = order(worker, Command::PassList).expect("listed");
    list.as_array().expect("a list").clone()
}

fn names(worker: &mut WorkerState) -> Vec<String> {
    let name = |line: &Value| line["name"].as_str().expect("text").to_owned();
    listed(worker).iter().map(name).collect()
}

fn revoke(ids: &[&str], user: Option<&str>, all: bool) -> Command {
    Command::PassRevoke { ids: texts(ids), user: user.map(ToOwned::to_owned), all }
}

#[test]
fn a_pass_is_made_as_it_was_asked_for_and_its_token_stays_nowhere() {
    let (mut worker, clock) = worker();
    let hosts = ["Photos.Example.COM.", "*.media.example.com:8443", "photos.example.com"];
    let command = wanted("photo backup", "anna", &hosts, &["/api/**"], &["home"], Some(3_600));
    let (made, effects) = done(&mut worker, command).expect("made");
    let token = made["token"].as_str().expect("a token");
    assert!(token.starts_with("pcp_"));
    let now = worker.read_clock().wall;
    assert_eq!(
        made,
        json!({
            "id": made["id"], "token": token, "name": "photo backup", "user": "anna",
            "hosts": ["photos.example.com", "*.media.example.com:8443"], "paths": ["/api/**"],
            "networks": ["home"], "created": now.to_string(),
            "expires": now.plus(HOUR).to_string(), "taken_in_authorization": false, "warnings": [],
        })
    );
    let [Effect::PassMade(pass)] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!(Some(pass.digest), PassDigest::of(token.as_bytes()));
    assert_eq!(pass.id, id_of(&made));
    clock.pass(Duration::from_secs(1));
    for restarted in [false, true] {
        let mut line = made.as_object().expect("an object").clone();
        for member in ["token", "taken_in_authorization", "warnings"] {
            line.remove(member);
        }
        line.insert("last_used".to_owned(), Value::Null);
        assert_eq!(listed(&mut worker), [Value::Object(line)], "restarted: {restarted}");
        worker.restart();
    }
    let shown = order(&mut worker, Command::UserShow { name: "anna".to_owned() }).expect("shown");
    assert_eq!(shown["passes"], 1);
}

#[test]
fn a_pass_for_one_host_is_taken_in_authorization_and_lasts_90_days() {
    let (mut worker, _) = worker();
    let made = order(&mut worker, pass("photos", "anna")).expect("made");
    assert_eq!(made["taken_in_authorization"], true);
    let now = worker.read_clock().wall;
    assert_eq!(made["expires"], now.plus(90 * DAY).to_string());
}

#[test]
fn a_pass_for_the_gates_own_host_is_made_with_a_warning() {
    let (mut worker, _) = worker();
    let hosts = ["photos.example.com", "auth.example.com"];
    let made = order(&mut worker, wanted("a", "anna", &hosts, &[], &[], None)).expect("made");
    let [warning] = &made["warnings"].as_array().expect("a list")[..] else { panic!("{made}") };
    assert!(warning.as_str().is_some_and(|text| text.contains("auth.example.com is the gate's")));
    let below = wanted("b", "anna", &["*.example.com"], &[], &[], None);
    assert_eq!(order(&mut worker, below).expect("made")["warnings"], json!([]));
}

#[test]
fn what_cannot_be_made_is_refused_with_the_way_out() {
    let (mut worker, _) = worker();
    let host = &["photos.example.com"][..];
    order(&mut worker, Command::UserDisable { name: "ben".to_owned() }).expect("disabled");
    let taken = order(&mut worker, pass("photos", "anna")).expect("made");
    let taken = taken["id"].as_str().expect("text");
    let long = "x".repeat(65);
    let many = vec!["0123456789.example.com"; 47];
    let longer_than_ten_years = Some(3_650 * 86_400 + 1);
    for (command, code, words) in [
        (pass("a", "carl"), 67, "there is no user \"carl\"; `portcullis user list`"),
        (
            pass("a", "ben"),
            65,
            "user ben is disabled, so a pass would open nothing: `portcullis user",
        ),
        (pass("", "anna"), 65, "1 to 64 bytes"),
        (pass(&long, "anna"), 65, "1 to 64 bytes"),
        (pass("a\nb", "anna"), 65, "without control characters"),
        (pass(" a", "anna"), 65, "blanks"),
        (pass("photos", "anna"), 65, taken),
        (wanted("a", "anna", &[], &[], &[], None), 65, "a pass needs a host: name one with --host"),
        (wanted("a", "anna", &["*"], &[], &[], None), 65, "a pass names each one"),
        (wanted("a", "anna", &["https://a.example/x"], &[], &[], None), 65, "the path with --path"),
        (wanted("a", "anna", &many, &[], &[], None), 65, "1024 octets together at most, not 1034"),
        (wanted("a", "anna", host, &["share"], &[], None), 65, "write \"/share\""),
        (wanted("a", "anna", host, &[], &["hmoe"], None), 65, "did you mean \"home\"?"),
        (wanted("a", "anna", host, &[], &["10.0.0.0/8"], None), 65, "below [networks]"),
        (wanted("a", "anna", host, &[], &[], Some(0)), 65, "more than nothing"),
        (wanted("a", "anna", host, &[], &[], longer_than_ten_years), 65, "3650 days at most"),
        (wanted("a", "anna", host, &[], &[], Some(u64::MAX)), 65, "3650 days at most"),
        (revoke(&[], None, false), 64, "--all"),
        (revoke(&[], Some("carl"), false), 67, "user list"),
    ] {
        let refused = order(&mut worker, command.clone()).expect_err("refused");
        assert_eq!(refused.code, code, "{command:?}: {refused}");
        assert!(refused.message.contains(words), "{command:?}: {refused}");
    }
    assert_eq!(names(&mut worker), ["photos"]);
}

#[test]
fn a_name_is_taken_for_its_user_alone_and_while_its_pass_lives() {
    let (mut worker, clock) = worker();
    let short = || wanted("photos", "anna", &["photos.example.com"], &[], &[], Some(60));
    order(&mut worker, short()).expect("made");
    order(&mut worker, pass("photos", "ben")).expect("ben has none of that name");
    clock.pass(Duration::from_secs(61));
    order(&mut worker, short()).expect("the old one is over");
    assert_eq!(names(&mut worker), ["photos", "photos"], "one that is over is not shown");
}

#[test]
fn a_clock_that_is_certainly_wrong_makes_no_pass() {
    let (mut worker, clock) = worker();
    clock.set(Timestamp::from_unix(60));
    clock.set_synchronised(Some(false));
    let refused = order(&mut worker, pass("photos", "anna")).expect_err("in 1970");
    assert_eq!(refused.code, 75);
    assert!(refused.message.contains("set the clock"), "{refused}");
}

#[test]
fn ten_thousand_passes_are_the_most() {
    let (mut worker, _) = worker();
    while worker.passes.len() < MAX_PASSES {
        let (_, pass) = pass_for("anna", &["photos.example.com"]);
        worker.passes.insert(pass.id, pass);
    }
    let refused = order(&mut worker, pass("one more", "anna")).expect_err("full");
    assert!(refused.message.contains("10000 passes are the most; end one first"), "{refused}");
    worker.passes.pop_first();
    order(&mut worker, pass("one more", "anna")).expect("there is room");
}

#[test]
fn passes_end_by_id_by_user_or_all_together() {
    let (mut worker, _) = worker();
    let ids: Vec<_> = ["one", "two", "three"]
        .map(|name| order(&mut worker, pass(name, "anna")).expect("made"))
        .iter()
        .map(|made| made["id"].as_str().expect("text").to_owned())
        .collect();
    order(&mut worker, pass("four", "ben")).expect("made");
    let unknown = order(&mut worker, revoke(&[&ids[0], "zzzzzzzz"], None, false));
    let unknown = unknown.expect_err("one of them is unknown");
    assert_eq!(unknown.code, 65);
    assert!(unknown.message.contains("\"zzzzzzzz\"; `portcullis pass list`"), "{unknown}");
    assert_eq!(names(&mut worker).len(), 4, "nothing ended");
    let again = ids[0].to_uppercase();
    let (ended, effects) =
        done(&mut worker, revoke(&[&ids[0], &again], None, false)).expect("ended");
    assert_eq!(ended, json!({ "revoked": 1 }));
    assert!(matches!(&effects[..], [Effect::PassEnded(id)] if id.as_str() == ids[0]));
    assert_eq!(order(&mut worker, revoke(&[], Some("anna"), false)), Ok(json!({ "revoked": 2 })));
    assert_eq!(order(&mut worker, revoke(&[], None, true)), Ok(json!({ "revoked": 1 })));
    assert_eq!(listed(&mut worker), [] as [Value; 0]);
    worker.restart();
    assert_eq!(listed(&mut worker), [] as [Value; 0]);
}

#[test]
fn the_audit_log_tells_who_made_and_who_ended_which_pass() {
    let (mut worker, _) = worker();
    let made = order(&mut worker, pass("photo backup", "anna")).expect("made");
    let id = made["id"].as_str().expect("text");
    order(&mut worker, revoke(&[id], None, false)).expect("ended");
    order(&mut worker, revoke(&[], None, true)).expect("there are none");
    order(&mut worker, pass("of a user who goes", "ben")).expect("made");
    order(&mut worker, Command::UserRemove { name: "ben".to_owned() }).expect("removed");
    let show = Command::AuditShow { since: None, user: None, limit: 5, before: None };
    let shown = order(&mut worker, show).expect("shown");
    let line = |row: &Value| {
        ["action", "subject", "why"].map(|member| row[member].as_str().unwrap_or("-").to_owned())
    };
    let lines: Vec<_> = shown["entries"].as_array().expect("lines").iter().map(line).collect();
    assert_eq!(lines[0], ["pass-made", "anna", &format!("{id}: photo backup")]);
    assert_eq!(lines[1], ["pass-revoked", "anna", &format!("passes: 1 ({id})")]);
    assert_eq!(lines[2], ["pass-revoked", "all", "passes: 0"]);
    assert_eq!(lines[3][..2], ["pass-made", "ben"]);
    assert_eq!(lines[4], ["user-removed", "ben", "passes: 1"]);
    assert!(!shown.to_string().contains("pcp_"), "{shown}");
}

#[test]
fn a_pass_ends_with_its_user_and_with_nothing_less() {
    let (mut worker, _) = worker();
    let anna = || "anna".to_owned();
    let made = order(&mut worker, pass("photos", "anna")).expect("made");
    order(&mut worker, pass("photos", "ben")).expect("made");
    for keeps in [
        Command::UserRotate { name: anna() },
        Command::UserDisable { name: anna() },
        Command::UserEnable { name: anna() },
        Command::SessionRevoke { ids: Vec::new(), user: None, all: true },
        Command::ClockReset,
    ] {
        order(&mut worker, keeps.clone()).expect("done");
        assert_eq!(names(&mut worker), ["photos", "photos"], "{keeps:?}");
    }
    let commits = worker.ledger.commits();
    let (_, effects) = done(&mut worker, Command::UserRemove { name: anna() }).expect("removed");
    assert_eq!(worker.ledger.commits(), commits + 1, "both or none");
    let ended = |effect: &Effect| matches!(effect, Effect::PassEnded(id) if *id == id_of(&made));
    assert!(effects.iter().any(ended), "{effects:?}");
    order(&mut worker, Command::Generate { name: Some(anna()) }).expect("another anna");
    assert_eq!(listed(&mut worker).len(), 1);
    worker.restart();
    assert_eq!(listed(&mut worker)[0]["user"], "ben");
}

fn seen(id: PassId, at: Timestamp, ending: bool) -> Job {
    Job::Seen { last_uses: LastUses { passes: vec![(id, at)], ..LastUses::default() }, ending }
}

#[test]
fn the_last_use_is_shown_at_once_and_written_with_all_others() {
    let (mut worker, _) = worker();
    let [one, two] =
        ["one", "two"].map(|name| id_of(&order(&mut worker, pass(name, "anna")).expect("made")));
    let now = worker.read_clock().wall;
    let commits = worker.ledger.commits();
    let asked = Job::Command {
        command: Box::new(Command::PassList),
        by: Actor::Gate,
        last_uses: LastUses { passes: vec![(one, now), (two, now)], ..LastUses::default() },
    };
    let Outcome::Command(Ok(CommandAnswer::Passes(lines)), _) = worker.handle(asked) else {
        panic!("no list")
    };
    assert!(lines.iter().all(|line| line.last_used == Some(now.to_string())), "{lines:?}");
    assert_eq!(worker.ledger.commits(), commits, "nothing is written for a list");
    worker.handle(seen(two, now.minus(HOUR), false));
    assert_eq!(worker.ledger.commits(), commits + 1, "both together");
    worker.handle(seen(two, now.minus(HOUR), false));
    assert_eq!(worker.ledger.commits(), commits + 1, "an older use is no news");
    worker.restart();
    for line in listed(&mut worker) {
        assert_eq!(line["last_used"], now.to_string());
    }
}

#[test]
fn the_last_use_of_an_ended_pass_revives_nothing_and_the_end_of_the_gate_writes_it() {
    let (mut worker, _) = worker();
    let [gone, stays] =
        ["gone", "stays"].map(|name| id_of(&order(&mut worker, pass(name, "anna")).expect("made")));
    order(&mut worker, revoke(&[gone.as_str()], None, false)).expect("ended");
    let now = worker.read_clock().wall;
    worker.handle(seen(gone, now, false));
    worker.handle(seen(stays, now, true));
    worker.restart();
    let [line] = &listed(&mut worker)[..] else { panic!("one pass") };
    assert_eq!((&line["name"], &line["last_used"]), (&json!("stays"), &json!(now.to_string())));
}

#[test]
fn housekeeping_removes_what_is_certainly_over() {
    let (mut worker, clock) = worker();
    let host = &["photos.example.com"][..];
    order(&mut worker, wanted("hour", "anna", host, &[], &[], Some(3_600))).expect("made");
    order(&mut worker, wanted("day", "anna", host, &[], &[], Some(86_400))).expect("made");
    clock.set_synchronised(Some(false));
    let now = worker.read_clock().wall;
    clock.set(now.plus(2 * DAY));
    worker.housekeeping();
    assert_eq!(worker.passes.len(), 2, "nobody has confirmed that two days have passed");
    clock.set(now);
    clock.pass(2 * HOUR);
    worker.housekeeping();
    let left: Vec<_> = worker.passes.values().map(|pass| pass.name.as_str()).collect();
    assert_eq!(left, ["day"]);
    worker.restart();
    assert_eq!(worker.passes.len(), 1);
}
