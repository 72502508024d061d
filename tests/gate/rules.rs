//! Rules from the settings' file, as a proxy and a visitor see them: what each form answers, a
//! reload, and where a rule's name is shown.

use std::sync::atomic::{AtomicBool, Ordering};

use nix::sys::signal::Signal;

use crate::support::daemon::{Daemon, ONE_DOMAIN, Place};
use crate::support::http::Ask;
use crate::support::scrape::{Scrape, WITH_METRICS};
use crate::support::wait::{self, PATIENCE};

const RULES: &str = r#"
[networks]
home = ["192.168.1.0/24"]

[[rule]]
name = "a \"quoted\" share"
hosts = ["app.example.test"]
paths = ["/share/**"]
access = "open"

[[rule]]
name = "closed"
paths = ["/admin/**"]
access = "deny"

[[rule]]
name = "for the family"
paths = ["/family/**"]
access = "session"
groups = ["family"]

[[rule]]
name = "at home"
paths = ["/tv/**"]
networks = ["home"]
access = "open"
"#;

fn with_rules(rules: &str) -> String {
    format!("{ONE_DOMAIN}{WITH_METRICS}{rules}")
}

fn ask(path: &str) -> Ask {
    Ask::verify("/verify/caddy", &format!("https://app.example.test{path}")).by_page_load()
}

#[test]
fn every_form_answers_by_the_rules() {
    let gate = Daemon::with(&with_rules(RULES));
    let owner = gate.log_in(&gate.place.add_user("owner"));
    for (path, stranger, user) in [
        ("/share/a", [204, 204], [204, 204]),
        ("/share", [204, 204], [204, 204]),
        ("/share/%2e%2e/x", [302, 401], [204, 204]),
        ("/admin", [403, 403], [403, 403]),
        ("/share/..%2fadmin", [403, 403], [403, 403]),
        ("/family/x", [302, 401], [403, 403]),
        ("/tv/x", [302, 401], [204, 204]),
        ("/x", [302, 401], [204, 204]),
    ] {
        let url = format!("https://app.example.test{path}");
        for form in ["/verify", "/verify/caddy", "/verify/traefik", "/verify/haproxy"] {
            let ask = Ask::verify(form, &url).by_page_load();
            assert_eq!(ask.send(gate.address).status, stranger[0], "{form} {path}");
            let ask = ask.cookie("auth_token", &owner);
            assert_eq!(ask.send(gate.address).status, user[0], "{form} {path} with a session");
        }
        let ask = Ask::verify_nginx("/verify/nginx", &url).by_page_load();
        assert_eq!(ask.send(gate.address).status, stranger[1], "nginx {path}");
        let ask = ask.cookie("auth_token", &owner);
        assert_eq!(ask.send(gate.address).status, user[1], "nginx {path} with a session");
        let asked = gate.place.json(&["policy", "test", &url])[0]["decision"].clone();
        let decision = match stranger[0] {
            204 => "open",
            403 => "deny",
            _ => "session",
        };
        assert_eq!(asked, decision, "policy test {path}");
    }
    let at_home = ask("/tv/x").set("X-Forwarded-For", "192.168.1.7");
    assert_eq!(at_home.send(gate.address).status, 204);
    assert_eq!(at_home.without("X-Forwarded-For").send(gate.address).status, 302);
    let direct = Ask::get("/verify").cookie("auth_token", &owner).send(gate.address);
    assert_eq!(direct.status, 400, "nobody says which place is meant: {direct:?}");
    assert!(direct.text().contains("X-Forwarded-Host"), "{direct:?}");
}

#[test]
fn metrics_and_log_tell_the_rule() {
    let mut gate = Daemon::with(&with_rules(RULES));
    let metrics = Scrape::address(&gate);
    for (path, times) in [("/share/a", 3), ("/admin", 2), ("/family/x", 1), ("/x", 1)] {
        for _ in 0..times {
            let _ = ask(path).send(gate.address);
        }
    }
    let scrape = Scrape::of(metrics);
    let rule = |name: &str, verdict: &str| {
        scrape.value(&format!("portcullis_rule_total{{rule=\"{name}\",verdict=\"{verdict}\"}}"))
    };
    assert_eq!(rule("a \\\"quoted\\\" share", "open"), 3.0);
    assert_eq!(rule("closed", "deny"), 2.0);
    assert_eq!((rule("for the family", "session"), rule("for the family", "open")), (1.0, 0.0));
    let results = scrape.by_label("portcullis_verify_total", "result");
    let counted = ["open", "denied", "no_cookie", "pass"].map(|result| results[result]);
    assert_eq!(counted, [3.0, 2.0, 2.0, 0.0]);
    gate.running.wait_for("the refusal in the log", PATIENCE, |text| {
        let line = text.lines().find(|line| line.contains("reason=denied"))?;
        assert!(line.contains("rule=closed") || line.contains("rule=\"closed\""), "{line}");
        Some(())
    });
}

/// Before the reload one page is open and the other closed, after it the other way round: a
/// request that saw half of each would need a session.
#[test]
fn a_reload_puts_all_rules_in_force_at_once_and_one_mistake_leaves_the_old_ones() {
    let rules = |open: &str, closed: &str| {
        let rule = |path: &str, access: &str| {
            format!("[[rule]]\npaths = [\"{path}\"]\naccess = \"{access}\"\n")
        };
        with_rules(&format!("{}{}", rule(closed, "deny"), rule(open, "open")))
    };
    let mut gate = Daemon::with(&rules("/one", "/two"));
    let address = gate.address;
    let status = |path: &str| ask(path).send(address).status;
    assert_eq!((status("/one"), status("/two")), (204, 403));

    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let asker = scope.spawn(|| {
            let mut asked = 0_u32;
            while !over.load(Ordering::Relaxed) {
                for path in ["/one", "/two"] {
                    let status = status(path);
                    assert!(status == 204 || status == 403, "{path}: {status}");
                    asked += 1;
                }
            }
            asked
        });
        for turn in 0..20 {
            let (open, closed) = if turn % 2 == 0 { ("/two", "/one") } else { ("/one", "/two") };
            gate.place.configure(&rules(open, closed));
            gate.running.signal(Signal::SIGHUP);
            wait::until("the other rules", PATIENCE, || (status(open) == 204).then_some(()));
        }
        over.store(true, Ordering::Relaxed);
        assert!(asker.join().expect("every answer is by one list of rules") > 20);
    });

    gate.place.configure(&with_rules("[[rule]]\npaths = [\"two\"]\naccess = \"open\"\n"));
    gate.running.signal(Signal::SIGHUP);
    gate.running.wait_for("what is wrong", PATIENCE, |text| {
        text.lines().find(|line| line.contains("not reloaded") && line.contains("paths"))?;
        Some(())
    });
    assert_eq!((status("/one"), status("/two")), (204, 403), "the old rules stay");
}

#[test]
fn a_mistake_in_a_rule_is_refused_by_every_verb_with_its_line() {
    // Behind the line of `listen`, which the place writes itself.
    let settings = format!("{}\n[[rule]]\nacess = \"open\"\n", ONE_DOMAIN.trim());
    let line = 1 + settings.lines().count();
    let place = Place::new(&settings);
    for verb in [
        &["config", "check"][..],
        &["config", "show"],
        &["policy", "test", "https://a.example/"],
        &["proxy", "print", "caddy"],
        &["proxy", "explain", "--peer", "127.0.0.1"],
        &["user", "list"],
        &["serve"],
    ] {
        let done = place.run(verb);
        assert_eq!(done.status, 78, "{verb:?}: {done:?}");
        let said = done.err.contains(&format!(":{line}:")) && done.err.contains("`access`");
        assert!(said, "{verb:?}: {done:?}");
    }
}
