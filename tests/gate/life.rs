//! Starting, stopping, being killed, a second one beside it, a disk that is full.

use crate::support::small_disk::SmallDisk;
use std::fs::Permissions;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::UnixDatagram;
use std::path::Path;

use nix::sys::signal::Signal;
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

use crate::support::codes::current_step;
use crate::support::daemon::{Daemon, ONE_DOMAIN, Place};
use crate::support::http::{Ask, Connection};
use crate::support::scratch::Scratch;
use crate::support::wait::{self, PATIENCE};

#[test]
fn sessions_survive_sigterm_and_kill_9() {
    let mut gate = Daemon::with(ONE_DOMAIN);
    let owner = gate.place.add_user("owner");
    let (kept, ended) = (gate.log_in(&owner), gate.log_in(&owner));
    let device = |gate: &Daemon| gate.place.json(&["session", "list"]).as_array().map(Vec::len);
    assert_eq!(device(&gate), Some(2));
    gate.kill();
    gate.start_again();
    assert!(gate.is_open_to(&kept) && gate.is_open_to(&ended));

    gate.place.json(&["session", "revoke", "--user", "owner"]);
    gate.kill();
    gate.start_again();
    assert!(!gate.is_open_to(&kept) && !gate.is_open_to(&ended), "a revocation survives too");

    let token = gate.log_in(&gate.place.add_user("guest"));
    gate.stop();
    gate.start_again();
    assert!(gate.is_open_to(&token));
}

#[test]
fn sigterm_lets_the_answers_in_flight_finish() {
    let mut gate = Daemon::with(ONE_DOMAIN);
    let owner = gate.place.add_user("owner");
    let mut idle: Vec<_> = (0..100).map(|_| Connection::open(gate.address)).collect();
    for connection in &mut idle {
        connection.send(&Ask::get("/health").bytes());
        assert_eq!(connection.answer().status, 200);
    }
    let bytes = gate.login_form(&owner.fresh_code(), "192.168.1.1").bytes();
    let mut connection = Connection::open(gate.address);
    connection.send(&bytes);
    gate.running.signal(Signal::SIGTERM);
    // Taken or not, the answer is whole; it is no answer at all only where the request was not read
    // any more.
    if let Ok(answer) = connection.try_answer(false) {
        assert!(matches!(answer.status, 302 | 503), "{answer:?}");
    }
    let status = gate.running.ended(PATIENCE);
    assert!(status.success(), "{status}");
    gate.start_again();
}

#[test]
fn a_second_daemon_on_one_store_refuses_and_leaves_the_first_alone() {
    let gate = Daemon::with(ONE_DOMAIN);
    let token = gate.log_in(&gate.place.add_user("owner"));
    let mut second = crate::support::process::Running::start(
        "a second portcullis",
        &mut gate.place.command(&["serve", "--listen", "127.0.0.1:0"]),
    );
    let status = second.ended(PATIENCE);
    assert!(!status.success());
    wait::until("its reason", PATIENCE, || second.text().contains("another").then_some(()));
    assert!(gate.is_open_to(&token));
    assert_eq!(
        gate.place.json(&["user", "list"]).as_array().map(Vec::len),
        Some(1),
        "its control socket is still there"
    );
}

#[test]
fn the_state_belongs_to_its_owner_alone() {
    let gate = Daemon::with(ONE_DOMAIN);
    gate.place.add_user("owner");
    let state = gate.place.state();
    assert_eq!(std::fs::metadata(&state).expect("it is there").mode() & 0o777, 0o700);
    let mut open = vec![state];
    while let Some(dir) = open.pop() {
        for entry in std::fs::read_dir(dir).expect("ours").flatten() {
            let data = entry.metadata().expect("ours");
            if data.is_dir() {
                open.push(entry.path());
            } else if !data.file_type().is_socket() {
                assert_eq!(data.mode() & 0o077, 0, "{} is open to others", entry.path().display());
            }
        }
    }
}

#[test]
fn a_store_that_lost_its_data_is_not_zero_users() {
    let mut gate = Daemon::with(ONE_DOMAIN);
    gate.place.add_user("owner");
    gate.stop();
    let state = gate.place.state();
    // All but the keys: what is left says that there was a user once.
    for entry in std::fs::read_dir(&state).expect("ours").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with("store.") || name.contains("secret") {
            continue;
        }
        if entry.path().is_dir() {
            std::fs::remove_dir_all(entry.path()).expect("ours");
        } else {
            std::fs::remove_file(entry.path()).expect("ours");
        }
    }
    let said = gate.place.refused_start();
    assert!(said.contains("restore"), "{said}");
}

#[test]
fn a_database_cut_short_is_set_aside_and_users_come_back_from_the_snapshot() {
    let mut gate = Daemon::with(ONE_DOMAIN);
    let owner = gate.place.add_user("owner");
    let token = gate.log_in(&owner);
    gate.stop();
    cut_database(&gate.place.state());
    gate.start_again();
    assert!(!gate.is_open_to(&token), "sessions are gone");
    assert_eq!(gate.place.json(&["user", "list"])[0]["name"], "owner", "users are not");
    let code = owner.code_at(current_step());
    assert_eq!(
        gate.post_code(&code, "203.0.113.7").status,
        429,
        "strangers from the internet have no guess left"
    );
    gate.place.json(&["limit", "clear", "strangers"]);
    for from in ["203.0.113.7", "192.168.1.1"] {
        assert_eq!(gate.post_code(&code, from).status, 401, "codes up to now are spent");
    }
}

/// Cuts the file of the one database there is.
fn cut_database(state: &Path) {
    let file = std::fs::OpenOptions::new()
        .write(true)
        .open(state.join("db/db"))
        .expect("one database file");
    file.set_len(100).expect("ours");
}

#[test]
fn sighup_takes_what_can_change_and_says_what_cannot() {
    let mut gate = Daemon::with(ONE_DOMAIN);
    let owner = gate.place.add_user("owner");
    gate.place.configure(&format!("{ONE_DOMAIN}[limits]\nattempts = 2\n"));
    gate.running.signal(Signal::SIGHUP);
    gate.running.wait_for("the end of the reload", PATIENCE, |text| {
        text.contains("settings reloaded").then_some(())
    });
    let code = owner.wrong_code();
    assert_eq!(
        [0; 3].map(|_| gate.post_code(&code, "192.168.1.1").status),
        [401, 401, 429],
        "the new limit"
    );
    let elsewhere =
        format!("listen = [\"127.0.0.1:1\"]\n{ONE_DOMAIN}[login]\ntitle = \"Our house\"\n");
    std::fs::write(gate.place.config_file(), elsewhere).expect("ours");
    gate.running.signal(Signal::SIGHUP);
    gate.running.wait_for("what needs a restart", PATIENCE, |text| {
        text.lines().any(|line| line.contains("listen") && line.contains("restart")).then_some(())
    });
    let titled = |gate: &Daemon| Ask::get("/login").send(gate.address).text().contains("Our house");
    wait::until("the new title, on the old address", PATIENCE, || titled(&gate).then_some(()));
    assert_eq!(
        gate.post_code(&code, "192.168.1.1").status,
        401,
        "what the limit of before refuses is refused no more"
    );

    gate.place.configure("lissten = []");
    gate.running.signal(Signal::SIGHUP);
    gate.running.wait_for("what is wrong", PATIENCE, |text| text.contains("lissten").then_some(()));
    assert!(titled(&gate), "it goes on with what it had");
}

#[test]
fn a_reload_with_a_wrong_rule_changes_nothing_and_names_its_line() {
    let with = |title: &str, access: &str| {
        format!(
            "{ONE_DOMAIN}[login]\ntitle = \"{title}\"\n[[rule]]\nname = \"shares\"\npaths = [\"/share/**\"]\n\
             access = \"{access}\"\n"
        )
    };
    let mut gate = Daemon::with(&with("Our house", "open"));
    let titled =
        |gate: &Daemon, title: &str| Ask::get("/login").send(gate.address).text().contains(title);
    let wrong = with("Their house", "opne");
    gate.place.configure(&wrong);
    gate.running.signal(Signal::SIGHUP);
    let written = std::fs::read_to_string(gate.place.config_file()).expect("ours");
    let line = written.lines().position(|line| line.contains("opne")).expect("a line") + 1;
    let named = format!(":{line}: rule ");
    let told = gate.running.wait_for("what is wrong", PATIENCE, |text| {
        text.lines().find(|line| line.contains("settings not reloaded")).map(str::to_owned)
    });
    assert!(told.contains(&named) && told.contains("opne"), "{named}: {told}");
    assert!(titled(&gate, "Our house"), "nothing of the new file is in force");

    gate.place.configure(&with("Their house", "session"));
    gate.running.signal(Signal::SIGHUP);
    wait::until("the right rule", PATIENCE, || titled(&gate, "Their house").then_some(()));

    gate.stop();
    gate.place.configure(&wrong);
    let start = gate.place.run(&["serve"]);
    assert_eq!(start.status, 78, "{start:?}");
    let check = gate.place.run(&["config", "check"]);
    assert!(check.status == 78 && check.err.contains("did you mean \"open\"?"), "{check:?}");
}

/// The settings come from a pipe here: whoever reads them waits until somebody writes.
#[test]
fn a_reload_keeps_nobody_waiting_and_ends_for_systemd_when_the_new_settings_are_in_force() {
    let scratch = Scratch::new("notify");
    let path = scratch.path().join("notify");
    let manager = UnixDatagram::bind(&path).expect("a free name");
    manager.set_read_timeout(Some(PATIENCE)).expect("not zero");
    let told = || {
        let mut text = [0; 256];
        let length = manager.recv(&mut text).expect("a word from the gate");
        String::from_utf8_lossy(&text[..length]).into_owned()
    };
    let place =
        Place::new(ONE_DOMAIN).with_environment("NOTIFY_SOCKET", &path.display().to_string());
    let gate = place.start();
    assert!(told().starts_with("READY=1"));

    let settings = gate.place.config_file();
    std::fs::remove_file(&settings).expect("ours");
    mkfifo(&settings, Mode::S_IRUSR | Mode::S_IWUSR).expect("a pipe");
    gate.running.signal(Signal::SIGHUP);
    assert!(told().starts_with("RELOADING=1"));
    assert_eq!(Ask::get("/verify").send(gate.address).status, 302, "answered meanwhile");
    manager.set_nonblocking(true).expect("ours");
    assert!(manager.recv(&mut [0; 8]).is_err(), "it is not over");
    manager.set_nonblocking(false).expect("ours");
    std::fs::write(&settings, format!("{ONE_DOMAIN}[login]\ntitle = \"Our house\"\n"))
        .expect("a reader");
    assert!(told().starts_with("READY=1"));
    assert!(Ask::get("/login").send(gate.address).text().contains("Our house"), "in force by then");
}

#[test]
fn on_a_full_disk_nobody_logs_in_people_inside_stay_and_it_recovers() {
    let dir = Scratch::new("full");
    let Some(disk) = SmallDisk::mount(dir.path(), "2m") else {
        eprintln!("skipped: only root can mount a small disk");
        return;
    };
    let gate = Place::new(ONE_DOMAIN).with_state(&dir.path().join("gate")).start();
    let owner = gate.place.add_user("owner");
    let token = gate.log_in(&owner);
    let filler = disk.path().join("filler");
    fill(&filler);
    // What is already allocated may take a few writes more; a refusal comes before long, and it is
    // 503.
    let mut n = 0;
    let refused = wait::until("a refusal", PATIENCE * 2, || {
        n += 1;
        let answer =
            gate.post_code(&owner.wrong_code(), &format!("192.168.{}.{}", n / 250, n % 250));
        fill(&filler);
        assert!(matches!(answer.status, 401 | 503), "{answer:?}");
        (answer.status == 503).then_some(answer)
    });
    assert_eq!(refused.all("set-cookie").count(), 0);
    assert_eq!(gate.post_code(&owner.fresh_code(), "10.0.0.1").status, 503, "no write, no login");
    assert!(gate.is_open_to(&token), "people inside stay inside");
    assert_eq!(Ask::get("/ready").send(gate.address).status, 503);
    std::fs::remove_file(&filler).expect("ours");
    wait::until("its recovery", PATIENCE, || {
        // The next step's: nobody has had it, and a refusal for the disk's sake does not spend it.
        (gate.post_code(&owner.code_at(current_step() + 1), "10.0.0.1").status == 302).then_some(())
    });
}

/// Writes until nothing more fits.
fn fill(path: &Path) {
    use std::io::Write;
    let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path).expect("ours");
    for size in [65_536, 4096, 512, 1] {
        while file.write_all(&vec![0; size]).is_ok() {}
    }
}

#[test]
fn a_secret_file_that_others_can_read_is_refused() {
    let place = Place::new(ONE_DOMAIN);
    let file = place.state().with_file_name("secret");
    std::fs::write(&file, "0123456789012345678901234567890123456789").expect("ours");
    std::fs::set_permissions(&file, Permissions::from_mode(0o644)).expect("ours");
    let place = place.with_environment("JWT_SECRET_FILE", &file.display().to_string());
    let said = place.refused_start();
    assert!(said.contains("secret"), "{said}");
}

#[test]
fn an_address_that_systemd_has_opened_is_not_opened_again() {
    let socket = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = socket.local_addr().expect("bound");
    let place = Place::new(ONE_DOMAIN);
    // As systemd starts it, with the socket as the first descriptor after the standard ones.
    let mut gate = std::process::Command::new("sh")
        .args([
            "-c",
            "LISTEN_PID=$$ LISTEN_FDS=1 exec \"$0\" \"$@\" 3<&0 </dev/null",
            env!("CARGO_BIN_EXE_portcullis"),
        ])
        .args(["serve", "--listen", &address.to_string(), "--state-dir"])
        .arg(place.state())
        .arg("--config")
        .arg(place.config_file())
        .stdin(std::os::fd::OwnedFd::from(socket))
        .stderr(std::process::Stdio::null())
        .spawn()
        .expect("sh runs");
    // The port is open already; the answer comes as soon as the gate serves.
    let answer = Ask::get("/health").send(address);
    let ended = gate.try_wait().expect("ours");
    gate.kill().and_then(|()| gate.wait()).expect("ours");
    assert_eq!((answer.status, ended), (200, None));
}

#[test]
fn an_address_that_is_taken_is_named_once_with_the_way_out() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("bound").to_string();
    let done = Place::new(ONE_DOMAIN).run(&["serve", "--listen", &address]);
    assert_eq!(done.status, 71, "{done:?}");
    assert_eq!(done.err.matches("cannot listen on").count(), 1, "{}", done.err);
    assert!(done.err.contains(&address) && done.err.contains("another program"), "{}", done.err);
}

#[test]
fn only_a_trusted_proxy_may_hold_more_than_a_quarter_of_the_connections() {
    let places = "[server]\nmax_connections = 40\n";
    for (trust, kept) in [("", 20), ("[proxy]\ntrust = false\n", 10)] {
        let gate = Daemon::with(&format!("{ONE_DOMAIN}{places}{trust}"));
        let alive = |connection: &mut Connection| {
            let asked = connection.try_send(&Ask::get("/health").bytes());
            asked
                .and_then(|()| connection.try_answer(false))
                .is_ok_and(|answer| answer.status == 200)
        };
        let mut connections: Vec<_> = (0..20)
            .map(|_| {
                let mut connection = Connection::open(gate.address);
                assert!(alive(&mut connection), "a newcomer finds a place");
                connection
            })
            .collect();
        assert_eq!(
            connections.iter_mut().filter_map(|one| alive(one).then_some(())).count(),
            kept,
            "{trust}"
        );
    }
}
