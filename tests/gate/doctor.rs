//! `doctor`: each fault is provoked for real, found by the running gate or on its files, and comes
//! with its remedy.

use std::fs::{self, OpenOptions, Permissions};
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::SystemTime;

use crate::support::clock::before_the_build;
use crate::support::codes::Person;
use crate::support::daemon::{Daemon, Done, ONE_DOMAIN, Place, environment_of};
use crate::support::doctor::Report;
use crate::support::http::Ask;
use crate::support::process::Running;
use crate::support::wait;

const UNAVAILABLE: i32 = 69;

/// A gate on a port of its own with these settings beside the usual ones, started twice, so that
/// its settings name that port; with an administrator.
fn settled(settings: &str) -> (Daemon, Person) {
    let mut gate =
        Place::new(&format!("{settings}\n{ONE_DOMAIN}\n[clock]\nrequire_sync = false\n")).start();
    gate.stop();
    let owner = Person::from_answer(&gate.place.json(&["user", "add", "owner", "--admin"]));
    gate.start_again();
    (gate, owner)
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).expect("the test's own file");
}

/// A question of Caddy's about a page, as it should be.
fn question() -> Ask {
    Ask::verify("/verify/caddy", "https://app.example.test/").by_page_load()
}

#[test]
fn a_healthy_gate_has_nothing_to_mend_running_or_not() {
    let (mut gate, owner) = settled("");
    assert_eq!(question().send(gate.address).status, 302);
    gate.log_in(&owner);
    let report = Report::of(&gate.place);
    assert!(report.complaints().is_empty(), "{report:#?}");
    for said in [
        "has been running since",
        "/verify/caddy asked once",
        "at most 0.47 %",
        "snapshot of",
        "jwt.secret has 64",
    ] {
        assert_eq!(report.saying(said).severity, "ok", "{said}");
    }
    gate.stop();
    let report = Report::of(&gate.place);
    assert!(report.complaints().is_empty(), "{report:#?}");
    assert_eq!(report.saying("no gate runs here").severity, "note");
    assert_eq!(report.saying("snapshot of").severity, "ok");
}

#[test]
fn people_read_subjects_findings_and_lines_to_copy() {
    let (gate, _) = settled("");
    set_mode(&gate.place.state(), 0o755);
    let done = gate.place.run(&["doctor"]);
    assert_eq!((done.status, done.err.as_str()), (2, ""), "{done:?}");
    let lines: Vec<_> = done.out.lines().collect();
    assert_eq!(lines.first(), Some(&"gate"));
    let at = lines.iter().position(|line| line.starts_with("  error ")).expect("an error");
    assert_eq!(
        lines[at + 1].trim_start_matches("  remedy").trim(),
        format!("chmod 0700 {}", gate.place.state().display())
    );
    assert!(lines.last().is_some_and(|line| line.starts_with("To fix: errors 1")), "{}", done.out);
}

#[test]
fn files_that_others_may_read_are_found_and_the_remedy_mends_them() {
    let (mut gate, _) = settled("");
    let state = gate.place.state();
    for running in [true, false] {
        for (path, mode, found) in [
            (state.clone(), 0o711, "may read the state directory"),
            (state.join("jwt.secret"), 0o660, "may write the session secret"),
            (state.join("snapshot"), 0o644, "may read the store"),
            (gate.place.config_file(), 0o666, "may write the settings"),
        ] {
            let before = fs::metadata(&path).expect("it is there").permissions();
            set_mode(&path, mode);
            let report = Report::of(&gate.place);
            let severity = if path.ends_with("snapshot") { "warning" } else { "error" };
            let remedy = &report.only(severity, found).remedy;
            let fixed = Command::new("sh").args(["-c", remedy]).status().expect("sh runs");
            assert!(fixed.success(), "{remedy}");
            assert!(Report::of(&gate.place).complaints().is_empty(), "{remedy} did not fix it");
            fs::set_permissions(&path, before).expect("the test's own file");
        }
        if running {
            gate.stop();
        }
    }
    // With this one the store does not open.
    set_mode(&state.join("store.key"), 0o644);
    let report = Report::of(&gate.place);
    assert_eq!(report.worst, "error");
    assert!(report.saying("may read the store's key").remedy.starts_with("chmod go= "));
    assert!(report.saying("can be read by others").remedy.contains("mode 0600"));
}

#[test]
fn a_weak_secret_is_found_and_not_shown() {
    let weak = "abababababababababababababababababab";
    let place = Place::new(&format!("{ONE_DOMAIN}[clock]\nrequire_sync = false\n"))
        .with_environment("JWT_SECRET", weak);
    let mut gate = place.start();
    gate.stop();
    gate.place.json(&["user", "add", "owner", "--admin"]);
    gate.start_again();
    for running in [true, false] {
        let report = Report::of(&gate.place);
        assert!(
            report.only("error", "repeats the same 2 bytes").remedy.starts_with("openssl rand")
        );
        assert_eq!(report.saying("stands in the environment").severity, "note");
        assert!(!format!("{report:?}").contains("abab"), "{report:?}");
        if running {
            gate.stop();
        }
    }
}

#[test]
fn settings_that_surprise_changed_or_broke_are_told() {
    let (mut gate, _) = settled("redirect_hosts = [\"elsewhere.test\"]");
    assert_eq!(
        Report::of(&gate.place).only("warning", "elsewhere.test").remedy,
        "redirect_hosts = []"
    );
    let check = gate.place.run(&["config", "check"]);
    assert!(
        check.err.contains("elsewhere.test") && check.status == 0,
        "the same warning: {check:?}"
    );

    let changed = format!("{ONE_DOMAIN}lifetime = \"1h\"\n[clock]\nrequire_sync = false\n");
    gate.place.configure(&changed);
    let report = Report::of(&gate.place);
    assert!(report.saying("still in use").remedy.starts_with("systemctl restart"));
    gate.running.signal(nix::sys::signal::Signal::SIGHUP);
    let reloaded = || Report::of(&gate.place).complaints().is_empty().then_some(());
    wait::until("the new settings", wait::PATIENCE, reloaded);

    gate.place.configure("lissten = []");
    let report = Report::of(&gate.place);
    assert!(
        report.only("error", "the next start will fail").found.contains("lissten"),
        "{report:#?}"
    );
    gate.stop();
    let report = Report::of(&gate.place);
    assert!(report.saying("lissten").remedy.contains("config check"), "{report:#?}");
    assert_eq!(report.status, 2);
}

/// A pipe stands for a disk that hangs: whoever reads the settings waits until somebody writes
/// them.
#[test]
fn a_disk_that_hangs_under_the_settings_keeps_no_question_waiting() {
    let (gate, _) = settled("");
    let (file, aside) =
        (gate.place.config_file(), gate.place.config_file().with_extension("aside"));
    fs::rename(&file, &aside).expect("the test's own file");
    nix::unistd::mkfifo(&file, nix::sys::stat::Mode::from_bits_truncate(0o600)).expect("a pipe");
    let mut command = gate.place.command(&["doctor", "--json"]);
    let asking = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it runs");
    let writer =
        || OpenOptions::new().write(true).custom_flags(nix::libc::O_NONBLOCK).open(&file).ok();
    let mut writer = wait::until("somebody who reads the settings", wait::PATIENCE, writer);
    assert_eq!(question().send(gate.address).status, 302);
    writer.write_all(&fs::read(&aside).expect("the settings")).expect("a reader");
    drop(writer);
    let report = Report::read(&Done::from(asking.wait_with_output().expect("its end")));
    assert!(report.complaints().is_empty(), "{report:#?}");
}

#[test]
fn a_gate_without_users_or_without_a_store_says_what_to_do_first() {
    let place = Place::new(&format!("{ONE_DOMAIN}[clock]\nrequire_sync = false\n"));
    let report = Report::of(&place);
    assert!(report.complaints().is_empty(), "{report:#?}");
    assert_eq!(report.saying("there is no store yet").remedy, "portcullis init");
    assert!(!place.state().exists(), "it makes nothing");
    place.run(&["init"]);
    assert!(Report::of(&place).only("warning", "no users").remedy.contains("user add"));
    place.add_user("anna");
    assert_eq!(Report::of(&place).saying("is an administrator").severity, "note");
    place.json(&["user", "disable", "anna"]);
    assert!(Report::of(&place).only("warning", "are disabled").remedy.contains("user enable"));
}

#[test]
fn the_odds_of_guessing_grow_with_users_and_skew() {
    let (mut gate, _) = settled("");
    for name in 0..10 {
        gate.place.add_user(&format!("user{name}"));
    }
    assert_eq!(
        Report::of(&gate.place).only("warning", "at most 5.15 %").remedy,
        "[login]\nask_username = true"
    );
    gate.stop();
    gate.place.configure(&format!(
        "{ONE_DOMAIN}[login]\nask_username = true\nskew = 2\n[clock]\nrequire_sync = false\n"
    ));
    assert_eq!(Report::of(&gate.place).saying("at most 0.78 %").severity, "ok");
}

#[test]
fn what_a_proxy_left_out_is_told_with_its_line_and_marked_once_it_is_mended() {
    let (gate, owner) = settled("");
    assert_eq!(Report::of(&gate.place).saying("no proxy has asked").severity, "note");
    assert_eq!(question().without("X-Forwarded-Uri").send(gate.address).status, 400);
    let report = Report::of(&gate.place);
    let missing = report.only("error", "/verify/caddy: X-Forwarded-Uri is missing (once");
    assert_eq!(missing.remedy, "header_up X-Forwarded-Uri {http.request.orig_uri}");
    question().send(gate.address);
    Report::of(&gate.place).only("warning", "questions since then were right");

    let nginx = Ask::verify_nginx("/verify/nginx", "https://app.example.test/")
        .header("X-Original-URL", "https://b.example.test/");
    assert_eq!(nginx.send(gate.address).status, 403);
    let doubled = Report::of(&gate.place);
    let doubled = doubled.saying("X-Original-URL came more than once");
    assert_eq!(
        doubled.remedy,
        "proxy_set_header X-Original-URL $scheme://$host:$server_port$request_uri;"
    );

    let own = Ask::verify("/verify/traefik", "https://auth.example.test/")
        .header("X-Forwarded-Server", "edge-7");
    own.send(gate.address);
    Ask::verify("/verify/traefik", "https://app.example.test/")
        .header("X-Forwarded-Server", "edge-7")
        .send(gate.address);
    let report = Report::of(&gate.place);
    assert_eq!(report.saying("is the login host").remedy, "middlewares = []");
    assert!(report.saying("calls itself").found.contains("never trusted"));

    let token = gate.log_in(&owner);
    assert_eq!(
        question()
            .header("Remote_Email", "x@y")
            .cookie("auth_token", &token)
            .send(gate.address)
            .status,
        400
    );
    let report = Report::of(&gate.place);
    assert!(
        report.saying("brought Remote-Email itself").remedy.contains("-Remote*"),
        "{report:#?}"
    );
}

#[test]
fn a_proxy_that_is_not_trusted_is_told_with_the_line_that_trusts_it() {
    let (gate, _) = settled("proxy.trust = \"192.0.2.0/24\"");
    assert_eq!(question().send(gate.address).status, 401);
    let report = Report::of(&gate.place);
    let stranger = report.only("error", "127.0.0.1 sends forwarding headers but is not trusted");
    assert!(
        stranger.remedy.starts_with("[proxy]\ntrust = [\"192.0.2.0/24\", \"127.0.0.1\"]"),
        "{stranger:?}"
    );
}

#[test]
fn visitors_who_share_one_counter_are_told() {
    let (gate, owner) = settled("");
    let guess = |chain: Option<&str>| {
        let form = gate.login_form(&owner.wrong_code(), "203.0.113.7").without("X-Forwarded-For");
        chain
            .map_or(form.clone(), |chain| form.header("X-Forwarded-For", chain))
            .send(gate.address)
            .status
    };
    assert_eq!(guess(None), 401);
    let report = Report::of(&gate.place);
    assert!(
        report
            .only("warning", "X-Forwarded-For is missing")
            .remedy
            .contains("header_up X-Forwarded-For {client_ip}")
    );
    for last in 1..=4 {
        assert_eq!(guess(Some(&format!("203.0.113.{last}, 198.51.100.9"))), 401);
    }
    assert_eq!(guess(Some("203.0.113.5, 104.16.1.2")), 401);
    let report = Report::of(&gate.place);
    let crowd = report.saying("failures of many visitors count for 198.51.100.9");
    assert!(
        crowd.severity == "warning" && crowd.remedy.contains("[\"loopback\", \"198.51.100.9\"]"),
        "{crowd:?}"
    );
    assert!(
        report
            .saying("104.16.1.2, which belongs to Cloudflare")
            .remedy
            .contains("client_ip_header = \"CF-Connecting-IP\"")
    );
    assert_eq!(report.saying("is one of Cloudflare's").severity, "warning");
}

#[test]
fn bucket_and_addresses_that_wait_are_told() {
    let (gate, owner) = settled("");
    gate.post_code(&owner.wrong_code(), "100.64.7.7");
    let report = Report::of(&gate.place);
    let vpn = report.saying("100.64.7.7 counts as the internet");
    assert!(
        vpn.severity == "note" && vpn.remedy.contains("local = [\"100.64.0.0/10\"]"),
        "{vpn:?}"
    );
    gate.place.json(&["limit", "clear", "--all"]);
    for address in 0..20 {
        for _ in 0..5 {
            gate.post_code(&owner.wrong_code(), &format!("203.0.113.{address}"));
        }
    }
    let report = Report::of(&gate.place);
    let strangers = report.only("warning", "strangers from the internet");
    assert!(
        strangers.found.contains("used up") && strangers.remedy.contains("limit clear strangers"),
        "{strangers:?}"
    );
    let told = ["used up their wrong codes since ", "203.0.113.0/24 (100)"];
    assert!(told.iter().all(|said| strangers.found.contains(said)), "{strangers:?}");
    assert_eq!(report.saying("addresses that wait after wrong codes: 20").severity, "note");
    gate.place.json(&["limit", "clear", "--all"]);
    assert!(Report::of(&gate.place).complaints().is_empty());
}

#[test]
fn a_clock_that_was_set_back_and_codes_of_the_future_are_told() {
    let settings = format!("{ONE_DOMAIN}[clock]\nrequire_sync = false\n");
    let mut gate = Place::new(&settings).with_movable_clock().start();
    let owner = Person::from_answer(&gate.place.json(&["user", "add", "owner", "--admin"]));
    gate.stop();
    gate.start_again();
    gate.place.shift_clock(2 * 86_400);
    assert_eq!(gate.post_code(&owner.code_at(gate.place.step()), "192.168.1.1").status, 302);
    gate.place.shift_clock(0);
    let told = "1 user used a code of a time that is still to come (owner)";
    let report = Report::of(&gate.place);
    assert!(report.only("error", told).remedy.starts_with("portcullis clock reset"));
    gate.place.json(&["clock", "reset"]);
    assert!(Report::of(&gate.place).complaints().is_empty());
    gate.place.set_clock(before_the_build());
    for running in [true, false] {
        let report = Report::of(&gate.place);
        assert!(report.saying("nobody can log in").remedy.contains("timedatectl"), "{report:#?}");
        assert_eq!(report.worst, "error");
        if running {
            gate.stop();
        }
    }
}

#[test]
fn damage_beneath_a_running_gate_is_found_before_the_next_start() {
    let (mut gate, _) = settled("");
    let state = gate.place.state();
    for (file, found) in [
        ("snapshot", "snapshot would not stand in: it is missing"),
        ("store.seq", "nothing vouches for the last commit"),
        ("db/db", "the database cannot be read again"),
    ] {
        let (path, aside) = (state.join(file), state.join("aside"));
        fs::rename(&path, &aside).expect("the test's own file");
        let report = Report::of(&gate.place);
        report.only("error", found);
        fs::rename(&aside, &path).expect("the test's own file");
        assert!(Report::of(&gate.place).complaints().is_empty(), "{file}");
    }
    let mut snapshot = fs::read(state.join("snapshot")).expect("readable");
    if let Some(byte) = snapshot.last_mut() {
        *byte ^= 1;
    }
    fs::write(state.join("snapshot"), snapshot).expect("writable");
    Report::of(&gate.place).only("error", "the snapshot is damaged");
    gate.place.add_user("anna");
    assert!(Report::of(&gate.place).complaints().is_empty(), "a change of a user writes it anew");

    gate.stop();
    fs::remove_file(state.join("store.key")).expect("the test's own file");
    let report = Report::of(&gate.place);
    assert!(report.only("error", "its key").remedy.contains("put it back"), "{report:#?}");
    for lost in ["db", "snapshot"] {
        let lost = state.join(lost);
        let _ = fs::remove_dir_all(&lost).or_else(|_| fs::remove_file(&lost));
    }
    fs::write(state.join("store.key"), [7; 32]).expect("the test's own file");
    set_mode(&state.join("store.key"), 0o600);
    assert_eq!(Report::of(&gate.place).worst, "error", "of another key, and gone");
}

/// Each file and folder with its mode, its time and what it holds.
fn everything_in(dir: &Path) -> Vec<(PathBuf, u32, SystemTime, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).expect("a folder").flatten() {
        let (path, about) = (entry.path(), entry.metadata().expect("it is there"));
        let bytes = if about.is_file() { fs::read(&path).expect("readable") } else { Vec::new() };
        if about.is_dir() {
            found.extend(everything_in(&path));
        }
        found.push((path, about.permissions().mode(), about.modified().expect("a time"), bytes));
    }
    found.sort();
    found
}

#[test]
fn without_a_gate_a_start_is_tried_and_the_store_stays_as_it_is() {
    let (mut gate, _) = settled("");
    gate.stop();
    let state = gate.place.state();
    let before = everything_in(&state);
    assert!(Report::of(&gate.place).complaints().is_empty());
    assert_eq!(everything_in(&state), before);

    fs::remove_file(state.join("store.lock")).expect("the test's own file");
    fs::write(state.join("db/db"), b"no database").expect("the test's own file");
    let before = everything_in(&state);
    for _ in 0..3 {
        let report = Report::of(&gate.place);
        let lost = report.saying("the next start takes the snapshot");
        assert!(
            lost.severity == "error"
                && lost.found.contains(&format!("{}/db.damaged-", state.display())),
            "{lost:?}"
        );
        assert!(report.saying("may log in").found.contains("1 of 1"));
    }
    assert_eq!(everything_in(&state), before);
    gate.start_again();
    assert!(
        Report::of(&gate.place)
            .saying("the snapshot stands in for it")
            .remedy
            .contains("limit clear")
    );
}

#[test]
fn a_gate_whose_socket_is_elsewhere_is_no_finding_but_a_failure_to_look() {
    let (gate, _) = settled("");
    let done = gate.place.run(&["doctor", "--control", "/nonexistent/control.sock"]);
    assert_eq!(done.status, UNAVAILABLE, "{done:?}");
    assert!(done.out.is_empty() && done.err.contains("--control"), "{done:?}");
}

/// Skipped where no user name space may be made: there a small disk is mounted without root.
#[test]
fn a_disk_in_memory_that_is_nearly_full_is_told() {
    let place = Place::new(&format!("{ONE_DOMAIN}[clock]\nrequire_sync = false\n"));
    fs::create_dir(place.state()).expect("the test's own folder");
    let inner = place.command(&["doctor", "--json"]);
    let mut outer = Command::new("unshare");
    outer.args(["--user", "--map-root-user", "--mount", "sh", "-c"]);
    outer
        .arg("mount -t tmpfs -o size=3m,mode=0700 none \"$0\" || exit 99; exec \"$@\"")
        .arg(place.state());
    outer.arg(inner.get_program()).args(inner.get_args()).env_clear().envs(environment_of(&inner));
    let done = Done::from(outer.output().expect("unshare runs"));
    if done.out.is_empty() {
        println!("skipped: no user name space here: {}", done.err);
        return;
    }
    let report = Report::read(&done);
    assert_eq!(report.saying("lies in memory").severity, "warning");
    assert_eq!(report.saying("3.1 MB free of 3.1 MB").severity, "error");
}

#[test]
fn too_few_descriptors_for_the_connections_are_told() {
    let (mut gate, _) = settled("");
    gate.stop();
    let inner = gate.place.command(&["serve"]);
    let mut limited = Command::new("sh");
    limited
        .args(["-c", "ulimit -n 300; exec \"$@\"", "sh"])
        .arg(inner.get_program())
        .args(inner.get_args())
        .env_clear()
        .envs(environment_of(&inner));
    gate.running = Running::start("portcullis", &mut limited);
    let health = || {
        Ask::get("/health")
            .try_send(gate.address)
            .is_ok_and(|answer| answer.status == 200)
            .then_some(())
    };
    wait::until("its first answer", wait::PATIENCE, health);
    let report = Report::of(&gate.place);
    assert!(report.only("warning", "300 open files").remedy.ends_with("LimitNOFILE=2048"));
}

#[test]
fn what_the_head_of_a_form_shows_is_counted_once() {
    let (gate, owner) = settled("");
    let form = Ask::form("/login", &[("otp", &owner.wrong_code())])
        .header("X-Forwarded-For", "203.0.113.9, unknown")
        .header("X-Forwarded-Proto", "https")
        .header("X-Forwarded-Host", "auth.example.test");
    assert_eq!(form.send(gate.address).status, 401);
    let finding = Report::of(&gate.place);
    let finding = finding.saying("X-Forwarded-For holds something that is no address");
    assert!(finding.found.contains("(once, "), "{finding:?}");
}

#[test]
fn a_proxy_that_says_http_while_the_cookie_needs_https_is_found() {
    let (gate, _) = settled("");
    let ask = |url: &str| Ask::verify("/verify/caddy", url).by_page_load().send(gate.address);
    for harmless in ["https://app.example.test/", "http://localhost:8080/", "http://127.0.0.1/"] {
        ask(harmless);
    }
    assert!(
        Report::of(&gate.place).findings.iter().all(|finding| !finding.found.contains("says http"))
    );
    assert_eq!(ask("http://app.example.test/").status, 302);
    let report = Report::of(&gate.place);
    let finding = report.saying("the proxy says http");
    assert_eq!(finding.severity, "warning");
    // With an https `public_url` the settings refuse `secure = false`, so it is not advised.
    assert!(
        finding.remedy.contains("X-Forwarded-Proto: https") && !finding.remedy.contains("secure")
    );
}
