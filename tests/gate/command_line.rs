//! The verbs and the JSON that scripts rely on, with the daemon running and without it.

use serde_json::{Value, json};

use crate::support::codes::Person;
use crate::support::daemon::{Daemon, Done, ONE_DOMAIN, Place, bare_command};

/// sysexits.h
const USAGE: i32 = 64;
const CONFIG: i32 = 78;

fn keys(value: &Value) -> Vec<&str> {
    let mut keys: Vec<_> =
        value.as_object().into_iter().flatten().map(|(key, _)| key.as_str()).collect();
    keys.sort_unstable();
    keys
}

/// Everything a script may do with users, in both ways.
fn the_life_of_a_user(place: &Place) {
    let added = place.json(&[
        "user",
        "add",
        "Anna",
        "--admin",
        "--group",
        "family",
        "--name",
        "Anna A",
        "--email",
        "a@example.test",
    ]);
    assert_eq!(keys(&added), ["name", "otpauth_url", "recovery_codes", "secret"]);
    assert_eq!(
        (&added["name"], &added["recovery_codes"]),
        (&json!("anna"), &json!([])),
        "lower-cased"
    );
    let secret = added["secret"].as_str().expect("a secret");
    assert_eq!(secret.len(), 32, "160 bits in base32: {secret}");
    let url = added["otpauth_url"].as_str().expect("a URL");
    assert!(url.starts_with("otpauth://totp/Portcullis:anna?") && url.contains(secret), "{url}");

    let list = place.json(&["user", "list"]);
    let anna = list
        .as_array()
        .into_iter()
        .flatten()
        .find(|user| user["name"] == "anna")
        .expect("is listed");
    assert_eq!(keys(anna), ["admin", "created", "enabled", "name", "sessions"]);
    assert_eq!(
        (&anna["enabled"], &anna["admin"], &anna["sessions"]),
        (&json!(true), &json!(true), &json!(0))
    );
    assert!(!list.to_string().contains(secret), "a secret is shown once");
    assert!(!place.json(&["user", "show", "anna"]).to_string().contains(secret));

    let again = place.run(&["user", "add", "anna", "--json"]);
    assert_ne!(again.status, 0, "{again:?}");
    assert!(again.out.is_empty() && !again.err.is_empty(), "{again:?}");
    for bad in ["", "a@b", "a@b@c", "../x", "-x", "\u{e4}nna", "a b", "a\n", &"x".repeat(65)] {
        let done = place.run(&["user", "add", "--json", "--", bad]);
        assert_ne!(done.status, 0, "{bad:?}: {done:?}");
    }
    place.json(&["user", "disable", "anna"]);
    assert_eq!(place.json(&["user", "list"])[0]["enabled"], json!(false));
    place.json(&["user", "enable", "anna"]);
    let rotated = Person::from_answer(&place.json(&["user", "rotate", "anna"]));
    assert_ne!(rotated.secret, secret);
    assert!(place.run(&["user", "export", "anna"]).out.contains(&rotated.secret));
    place.json(&["user", "remove", "anna"]);
    assert_eq!(place.json(&["user", "list"]), json!([]));
    assert_ne!(place.run(&["user", "show", "anna"]).status, 0);
    assert_eq!(place.json(&["session", "list"]), json!([]));
    assert_eq!(place.json(&["limit", "list"]), json!([]));
}

#[test]
fn users_are_managed_without_the_daemon() {
    the_life_of_a_user(&Place::new(ONE_DOMAIN));
}

#[test]
fn users_are_managed_through_the_running_daemon() {
    the_life_of_a_user(&Daemon::with(ONE_DOMAIN).place);
}

#[test]
fn a_user_added_without_the_daemon_logs_in_once_it_runs() {
    let place = Place::new(ONE_DOMAIN);
    let owner = place.add_user("owner");
    let gate = place.start();
    assert!(gate.is_open_to(&gate.log_in(&owner)));
}

#[test]
fn sessions_and_limits_are_listed_in_the_promised_shape() {
    let mut gate = Daemon::with(ONE_DOMAIN);
    let owner = gate.place.add_user("owner");
    gate.login_form(&owner.fresh_code(), "203.0.113.7")
        .header("User-Agent", "Browser/1.0")
        .send(gate.address);
    gate.post_code(&owner.wrong_code(), "203.0.113.8");
    for running in [true, false] {
        let sessions = gate.place.json(&["session", "list"]);
        assert_eq!(
            keys(&sessions[0]),
            ["client_ip", "created", "expires", "id", "last_seen", "user", "user_agent"]
        );
        assert_eq!(
            (&sessions[0]["user"], &sessions[0]["client_ip"], &sessions[0]["user_agent"]),
            (&json!("owner"), &json!("203.0.113.7"), &json!("Browser/1.0"))
        );
        let limits = gate.place.json(&["limit", "list"]);
        let address = limits
            .as_array()
            .into_iter()
            .flatten()
            .find(|entry| entry["kind"] == "address")
            .expect("an entry");
        assert_eq!(keys(address), ["failures", "key", "kind", "until"]);
        assert_eq!((&address["key"], &address["failures"]), (&json!("203.0.113.8"), &json!(1)));
        let kinds: Vec<_> =
            limits.as_array().into_iter().flatten().map(|entry| entry["kind"].clone()).collect();
        assert!(kinds.contains(&json!("strangers")), "{limits}");
        if running {
            gate.stop();
        }
    }
}

#[test]
fn generate_makes_the_next_free_user() {
    let place = Place::new(ONE_DOMAIN);
    for (words, name) in [
        (&["-generate"][..], "user"),
        (&["--generate"][..], "user2"),
        (&["-generate", "cook"][..], "cook"),
    ] {
        let done = place.run(words);
        assert_eq!(done.status, 0, "{words:?}: {done:?}");
        assert!(
            done.out.contains(&format!("otpauth://totp/Portcullis:{name}?")),
            "{words:?}: {}",
            done.out
        );
    }
    assert_eq!(place.json(&["user", "list"]).as_array().map(Vec::len), Some(3));
}

#[test]
fn explain_says_what_would_be_believed() {
    let place = Place::new(ONE_DOMAIN);
    let words = [
        "proxy",
        "explain",
        "--peer",
        "127.0.0.1",
        "--header",
        "X-Forwarded-For: 198.51.100.3, 203.0.113.7",
        "--header",
        "X-Forwarded-Proto: https",
        "--header",
        "X-Forwarded-Host: app.example.test:8443",
        "--header",
        "X-Forwarded-Uri: /a?b=c",
        "--header",
        "X-Forwarded-Method: POST",
    ];
    let told = place.json(&words);
    assert_eq!(
        keys(&told),
        ["client_ip", "host", "method", "port", "problems", "scheme", "trusted", "uri"]
    );
    assert_eq!(
        told,
        json!({ "trusted": true, "client_ip": "203.0.113.7", "scheme": "https", "host": "app.example.test:8443",
            "port": 8443, "uri": "/a?b=c", "method": "POST", "problems": [] })
    );
    let told = place.json(&[
        "proxy",
        "explain",
        "--peer",
        "192.0.2.9",
        "--header",
        "X-Forwarded-For: 203.0.113.7",
    ]);
    assert_eq!((&told["trusted"], &told["client_ip"]), (&json!(false), &json!("192.0.2.9")));
    assert_ne!(told["problems"], json!([]), "{told}");
}

#[test]
fn a_broken_configuration_is_refused_with_78_and_the_way_out() {
    for (settings, named) in [
        ("lissten = []", "listen"),
        ("[proxy]\ntrust = \"0.0.0.0/0\"", "proxy.trust"),
        ("[proxy]\ntrust = [\"loopback\", \"10.0.0.0/33\"]", "10.0.0.0/33"),
        ("[session]\ncookie_domain = \"com\"", "cookie_domain"),
        (
            "public_url = \"https://auth.example.test\"\n[session]\ncookie_domain = \"other.test\"",
            "cookie_domain",
        ),
        ("public_url = \"https://auth.example.test\"\n[session]\nsecure = false", "secure"),
        ("[session]\nlifetime = \"1 day\"", "lifetime"),
        ("[login]\nskew = 3", "skew"),
        ("public_url = \"ftp://x\"", "public_url"),
        ("path_prefix = \"no-slash\"", "path_prefix"),
        ("not toml at all", "portcullis.toml"),
    ] {
        let place = Place::new(settings);
        for words in [&["config", "check"][..], &["user", "list"]] {
            let done = place.run(words);
            assert_eq!(done.status, CONFIG, "{words:?} with {settings:?}: {done:?}");
            assert!(
                done.err.contains(named),
                "{words:?} with {settings:?} names {named}: {}",
                done.err
            );
        }
        let said = place.refused_start();
        assert!(said.contains(named), "{settings:?} names {named}: {said}");
    }
    let nowhere = Done::from(
        bare_command(&["config", "check", "--config", "/nonexistent/x.toml"])
            .output()
            .expect("runs"),
    );
    assert_eq!(nowhere.status, CONFIG, "{nowhere:?}");
    let good = Place::new(ONE_DOMAIN).run(&["config", "check"]);
    assert_eq!(good.status, 0, "{good:?}");
}

#[test]
fn config_show_tells_where_each_value_came_from() {
    let place = Place::new(ONE_DOMAIN).with_environment("PORTCULLIS_SESSION_LIFETIME", "2h");
    let shown = place.run(&["config", "show"]);
    assert_eq!(shown.status, 0, "{shown:?}");
    let line = |key: &str| {
        shown
            .out
            .lines()
            .find(|line| line.contains(key))
            .unwrap_or_else(|| panic!("{key} in {}", shown.out))
            .to_owned()
    };
    assert!(
        line("lifetime").contains("2h") && line("lifetime").contains("PORTCULLIS_SESSION_LIFETIME"),
        "{}",
        line("lifetime")
    );
    assert!(line("cookie_domain").contains("portcullis.toml"), "{}", line("cookie_domain"));
    assert!(line("title").contains("default"), "{}", line("title"));
}

#[test]
fn a_weak_or_doubled_secret_is_refused() {
    for (variables, named) in [
        (&[("JWT_SECRET", "short")][..], "JWT_SECRET"),
        (
            &[
                ("JWT_SECRET", "0123456789012345678901234567890123456789"),
                ("JWT_SECRET_FILE", "/etc/hostname"),
            ],
            "JWT_SECRET_FILE",
        ),
        (&[("JWT_SECRET_FILE", "/nonexistent")], "JWT_SECRET_FILE"),
    ] {
        let mut place = Place::new(ONE_DOMAIN);
        for (name, value) in variables {
            place = place.with_environment(name, value);
        }
        let said = place.refused_start();
        assert!(said.contains(named), "{variables:?}: {said}");
        assert!(!said.contains("0123456789"), "a secret is never shown: {said}");
        assert_eq!(place.run(&["user", "list"]).status, 0, "only serve and key need it");
    }
}

#[test]
fn every_verb_has_help_and_unknown_words_are_a_usage_error() {
    for words in [
        &["--help"][..],
        &["serve", "--help"],
        &["user", "add", "--help"],
        &["proxy", "print", "--help"],
        &["limit", "clear", "--help"],
    ] {
        let done = Done::from(bare_command(words).output().expect("runs"));
        assert_eq!(done.status, 0, "{words:?}: {done:?}");
        assert!(done.out.contains("Usage"), "{words:?}: {}", done.out);
    }
    for words in
        [&["serv"][..], &["user", "ad"], &["--nonsense"], &["user", "add"], &["session", "revoke"]]
    {
        let done = Done::from(bare_command(words).output().expect("runs"));
        assert_eq!(done.status, USAGE, "{words:?}: {done:?}");
        assert!(!done.err.is_empty() && done.out.is_empty(), "{words:?}: {done:?}");
    }
    let version = Done::from(bare_command(&["version"]).output().expect("runs"));
    assert!(version.out.contains(env!("CARGO_PKG_VERSION")), "{version:?}");
}

#[test]
fn healthcheck_says_by_its_exit_code_whether_the_gate_serves() {
    let mut gate = Daemon::with(ONE_DOMAIN);
    assert_eq!(gate.place.run(&["healthcheck"]).status, 0);
    gate.stop();
    assert_ne!(gate.place.run(&["healthcheck"]).status, 0);
}

#[test]
fn the_twenty_first_user_without_names_needs_a_decision() {
    let place = Place::new(ONE_DOMAIN);
    for n in 0..20 {
        place.add_user(&format!("user{n}"));
    }
    let refused = place.run(&["user", "add", "one-more"]);
    assert_ne!(refused.status, 0, "{refused:?}");
    assert!(
        refused.err.contains("login.accept_odds") && refused.err.contains("login.ask_username"),
        "{}",
        refused.err
    );
}

#[test]
fn a_store_that_another_process_holds_ends_a_verb_with_69() {
    let gate = Daemon::with(ONE_DOMAIN);
    let elsewhere = gate.place.state().with_file_name("nobody.sock");
    let done = gate.place.run(&["user", "list", "--control", &elsewhere.display().to_string()]);
    assert_eq!(done.status, 69, "{done:?}");
    assert!(done.err.contains("--control"), "{done:?}");
}

#[test]
fn a_first_start_without_users_and_terminal_names_the_way_in_and_shows_no_seed() {
    let gate = Daemon::with(ONE_DOMAIN);
    let text = gate.running.text();
    assert!(text.contains("user add"), "{text}");
    assert!(!text.contains("otpauth://") && !text.contains("secret="), "{text}");
    assert_eq!(gate.place.json(&["user", "list"]), json!([]));
}

#[test]
fn all_addresses_of_both_families_are_listened_on_side_by_side() {
    let place = Place::new(ONE_DOMAIN);
    let free = std::net::TcpListener::bind("127.0.0.1:0")
        .and_then(|port| port.local_addr())
        .expect("a port")
        .port();
    let [v4, v6] = [format!("0.0.0.0:{free}"), format!("[::]:{free}")];
    let words = ["serve", "--listen", &v6, "--listen", &v4];
    let mut running =
        crate::support::process::Running::start("portcullis", &mut place.command(&words));
    running.wait_for(
        "its address",
        crate::support::wait::PATIENCE,
        crate::support::daemon::listening_address,
    );
    for loopback in ["127.0.0.1", "::1"] {
        let address = std::net::SocketAddr::new(loopback.parse().expect("an address"), free);
        assert_eq!(
            crate::support::http::Ask::get("/health").send(address).status,
            200,
            "{loopback}"
        );
    }
    let both = Place::new(ONE_DOMAIN).run(&[
        "serve",
        "--listen",
        &v4,
        "--listen",
        &format!("127.0.0.1:{free}"),
    ]);
    assert_eq!(both.status, 78, "{both:?}");
    assert!(
        both.err.contains("cannot be had both") && !both.err.contains("another program"),
        "{}",
        both.err
    );
}

#[test]
fn listen_may_be_given_on_the_command_line_and_more_than_once() {
    let place = Place::new(ONE_DOMAIN);
    let socket = place.state().with_file_name("gate.sock");
    let unix = format!("unix:{}", socket.display());
    let words = ["serve", "--listen", "127.0.0.1:0", "--listen", &unix];
    let mut running =
        crate::support::process::Running::start("portcullis", &mut place.command(&words));
    let address = running.wait_for(
        "its address",
        crate::support::wait::PATIENCE,
        crate::support::daemon::listening_address,
    );
    assert_eq!(crate::support::http::Ask::get("/health").send(address).status, 200);
    crate::support::wait::until("the socket", crate::support::wait::PATIENCE, || {
        std::os::unix::net::UnixStream::connect(&socket).ok()
    });
}
