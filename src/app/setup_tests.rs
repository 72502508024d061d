//! The set-up page while time passes, or is not known.

use crate::app::messages::command::Command;
use crate::app::testing::{Answer, Ask, ONE_DOMAIN, Person, UNSET, WholeGate, before_the_build};
use crate::clock::Clock as _;

const GIVEN: &str = "ABCD-EFGH-IJKL-MNOP";

/// A browser at the set-up page.
struct Visitor {
    from: &'static str,
    /// The cookie of the one who holds the enrolment.
    cookie: Option<String>,
}

impl Visitor {
    fn from(from: &'static str) -> Self {
        Self { from, cookie: None }
    }

    /// `ask` with what this browser sends always.
    fn dressed(&self, ask: Ask) -> Ask {
        let ask = ask
            .header("X-Forwarded-For", self.from)
            .header("X-Forwarded-Proto", "https")
            .header("X-Forwarded-Host", "auth.example.test");
        match &self.cookie {
            Some(cookie) => ask.cookie("portcullis_setup", cookie),
            None => ask,
        }
    }

    fn look(&self, gate: &mut WholeGate) -> Answer {
        gate.send(&self.dressed(Ask::get("/setup")))
    }

    /// The form on the page that this browser sees now, filled in.
    fn filled(&self, gate: &mut WholeGate, values: &[(&str, &str)]) -> Ask {
        self.dressed(Ask::filled_form("/setup", self.look(gate).inputs(), values))
    }

    /// Enters the set-up code, and keeps the cookie if one comes.
    fn enter(&mut self, gate: &mut WholeGate) -> Answer {
        let ask = self.filled(gate, &[("setup_code", GIVEN)]);
        let answer = gate.send(&ask);
        self.cookie = answer.cookie("portcullis_setup").or(self.cookie.take());
        answer
    }

    /// The secret on the page, in an app.
    fn scan(&self, gate: &mut WholeGate) -> Person {
        let page = self.look(gate);
        let text = page.text();
        let found = text
            .split_once("otpauth://totp/Portcullis:")
            .and_then(|(_, rest)| rest.split_once("?secret="));
        let (name, rest) = found.unwrap_or_else(|| panic!("no secret: {page:?}"));
        let secret = rest.split('&').next().unwrap_or_default();
        Person::from_answer(&serde_json::json!({ "name": name, "secret": secret }))
    }

    fn finish(&self, gate: &mut WholeGate, name: &str, code: &str) -> Answer {
        let ask = self.filled(gate, &[("username", name), ("otp", code)]);
        gate.send(&ask)
    }
}

/// Somebody at home who holds the enrolment.
fn holder(gate: &mut WholeGate) -> Visitor {
    let mut visitor = Visitor::from("192.168.1.20");
    let answer = visitor.enter(gate);
    assert_eq!(answer.status, 303, "{answer:?}");
    visitor
}

fn is_code_form(answer: &Answer) -> bool {
    answer.inputs().iter().any(|(name, _)| name == "setup_code")
}

fn is_seed_form(answer: &Answer) -> bool {
    answer.inputs().iter().any(|(name, _)| name == "otp")
}

#[test]
fn while_the_clock_is_wrong_the_page_says_so_and_takes_no_code() {
    let mut gate = WholeGate::with_setup_code(ONE_DOMAIN, GIVEN);
    let right = gate.clock.now();
    gate.clock.set(UNSET);
    let mut visitor = Visitor::from("192.168.1.20");
    let told = |answer: &Answer| {
        answer.text().replace("&#39;", "'").contains("The server's clock is not set yet")
    };
    let page = visitor.look(&mut gate);
    assert!(page.status == 200 && told(&page) && is_code_form(&page), "{page:?}");
    let refused = visitor.enter(&mut gate);
    assert!(
        refused.status == 503 && told(&refused) && refused.header("retry-after").is_some(),
        "{refused:?}"
    );
    gate.clock.set(right);
    assert_eq!(visitor.enter(&mut gate).status, 303, "it is taken again");
    let person = visitor.scan(&mut gate);
    let code = gate.fresh_code(&person);
    gate.clock.set(before_the_build());
    let refused = visitor.finish(&mut gate, "owner", &code);
    assert!(refused.status == 503 && told(&refused) && is_seed_form(&refused), "{refused:?}");
    gate.clock.set(right);
    assert_eq!(visitor.finish(&mut gate, "owner", &code).status, 302);
}

#[test]
fn the_code_ends_after_thirty_minutes_and_the_hold_after_ten() {
    let mut gate = WholeGate::with_setup_code(ONE_DOMAIN, GIVEN);
    let visitor = holder(&mut gate);
    let secret = visitor.scan(&mut gate).secret;
    gate.pass(599);
    assert!(is_seed_form(&visitor.look(&mut gate)));
    gate.pass(1);
    assert!(is_code_form(&visitor.look(&mut gate)), "the hold has ended");
    let mut next = Visitor::from("192.168.1.21");
    assert_eq!(next.enter(&mut gate).status, 303);
    assert_ne!(next.scan(&mut gate).secret, secret, "the next one gets another seed");
    gate.pass(1_199);
    assert!(is_code_form(&Visitor::from("192.168.1.22").look(&mut gate)));
    gate.pass(1);
    let late = Visitor::from("192.168.1.22").look(&mut gate);
    assert!(!is_code_form(&late) && late.text().contains("run out"), "{}", late.text());
}

#[test]
fn another_browser_with_the_right_code_is_told_to_wait() {
    let mut gate = WholeGate::with_setup_code(ONE_DOMAIN, GIVEN);
    let first = holder(&mut gate);
    gate.pass(7);
    let mut second = Visitor::from("192.168.1.21");
    let held = second.enter(&mut gate);
    assert_eq!((held.status, held.all("set-cookie").count()), (409, 0), "{held:?}");
    // Ten minutes from the first one's entry on.
    assert_eq!(held.header("retry-after"), Some("593"));
    assert!(
        held.text().contains("Another browser is setting this gate up") && is_code_form(&held),
        "{}",
        held.text()
    );
    assert!(second.look(&mut gate).text().contains("Another browser"), "who looks is told, too");
    let person = first.scan(&mut gate);
    assert!(!held.text().contains(&person.secret));
    let state = gate.order(&Command::Setup { new_code: false });
    assert_eq!(state["tries_left"], 10, "the right code is no wrong try");

    // The second form is worth nothing without the first one's cookie.
    let code = gate.fresh_code(&person);
    let ask = first.filled(&mut gate, &[("otp", &code)]).without("Cookie");
    let stolen = gate.send(&ask);
    assert_eq!(stolen.status, 403, "{stolen:?}");
    assert_eq!(gate.send(&ask.cookie("portcullis_setup", "x")).status, 403);
    assert_eq!(gate.order(&Command::UserList).as_array().map(Vec::len), Some(0));
    let done = first.finish(&mut gate, "owner", &code);
    assert_eq!(done.status, 302, "no try without the cookie has spent it");
}
