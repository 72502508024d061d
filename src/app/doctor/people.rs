//! Can somebody log in, and how hard is it to guess a code?

use std::time::Duration;

use crate::app::doctor::facts::UserFacts;
use crate::app::doctor::finding::{Subject, written};
use crate::app::messages::answers::doctor::Finding;
use crate::auth::guess_budget;
use crate::config::Config;
use crate::config::advice::Advice;
use crate::config::limits::check_user_count;
use crate::config::raw::Raw;

const USERS: Subject = Subject("users");

/// What the odds are told for.
const YEAR: Duration = Duration::from_secs(365 * 86_400);
/// Above this chance a year, in millionths, the operator is warned: one in twenty.
const TOO_LIKELY: u64 = 50_000;

pub(super) fn findings(people: &UserFacts, config: &Config) -> Vec<Finding> {
    let enabled = people.enabled.iter().sum::<usize>();
    if people.all == 0 {
        return vec![
            USERS.warning(
                "there are no users: nobody can log in",
                "portcullis user add NAME --admin",
            ),
        ];
    }
    if enabled == 0 {
        let found = format!("all users are disabled ({}): nobody can log in", people.all);
        return vec![USERS.warning(found, "portcullis user enable NAME")];
    }
    let mut findings = vec![USERS.ok(format!("{} of {} users may log in", enabled, people.all))];
    if people.admins == 0 {
        let remedy = "portcullis user add NAME --admin".to_owned();
        findings.push(USERS.note("no user who may log in is an administrator", Some(remedy)));
    }
    if !people.short_seeds.is_empty() {
        let names: Vec<_> = people.short_seeds.iter().take(5).map(String::as_str).collect();
        let found = format!(
            "secrets of less than 160 bits, by {}: {}",
            people.short_seeds.len(),
            names.join(", ")
        );
        findings.push(USERS.warning(found, "portcullis user rotate NAME"));
    }
    if let Err(too_many) = check_user_count(&config.login, people.all) {
        findings.push(USERS.error(too_many.to_string(), written(ask_names(config), "")));
    }
    findings.push(odds(people, config));
    findings
}

/// The chance that strangers guess a code in a year, in millionths: at most so many.
///
/// Each guess is held against `2 * skew + 1` codes, of every user where no name is asked; the
/// bucket of all strangers bounds the guesses, whatever the number of addresses. With names a guess
/// concerns one user alone.
fn millionths(people: &UserFacts, config: &Config) -> u64 {
    let steps = 2 * u64::from(config.login.skew) + 1;
    let [six, eight] = people.enabled.map(|number| u64::try_from(number).unwrap_or(u64::MAX));
    // Codes of eight digits are a hundred times as many.
    let weight = match config.login.ask_username {
        false => six.saturating_mul(100).saturating_add(eight),
        true if six > 0 => 100,
        true => 1,
    };
    weight.saturating_mul(steps).saturating_mul(guess_budget::most_within(YEAR)) / 100
}

fn odds(people: &UserFacts, config: &Config) -> Finding {
    let millionths = millionths(people, config);
    // Hundredths of a percent, rounded.
    let hundredths = millionths.saturating_add(50) / 100;
    let chance = match millionths {
        1_000_000.. => "certain".to_owned(),
        _ => format!("{}.{:02} %", hundredths / 100, hundredths % 100),
    };
    let asked = if config.login.ask_username { "a name and its code" } else { "a code alone" };
    let tries = guess_budget::most_within(YEAR);
    let found = format!(
        "guessing by strangers, who have {tries} tries a year all together: the chance that one of them gets in \
         within a year is at most {chance} ({asked}, {} time steps each)",
        2 * u64::from(config.login.skew) + 1
    );
    let harder = match config.login.ask_username {
        true => Advice::checked(config, "login.skew", Raw::Number(0)),
        false => ask_names(config),
    };
    let remedy = written(harder, "");
    if millionths > TOO_LIKELY { USERS.warning(found, remedy) } else { USERS.ok(found) }
}

/// To hold each guess against one user's codes.
fn ask_names(config: &Config) -> Option<Advice> {
    Advice::checked(config, "login.ask_username", Raw::Flag(true))
}
