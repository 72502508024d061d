//! Can the clock be believed?

use crate::app::doctor::facts::ClockFacts;
use crate::app::doctor::finding::{Subject, count};
use crate::app::messages::answers::doctor::Finding;
use crate::auth::trusted_time::ClockFault;

const CLOCK: Subject = Subject("clock");

/// The command that starts the usual time client of a machine with systemd.
const SET: &str = "timedatectl set-ntp true";

pub(super) fn findings(clock: &ClockFacts) -> Vec<Finding> {
    vec![judged(clock), synchronised(clock)].into_iter().flatten().chain(ahead(clock)).collect()
}

fn judged(clock: &ClockFacts) -> Option<Finding> {
    let ClockFacts { now, built, floor, .. } = clock;
    Some(match clock.fault {
        None => CLOCK.ok(format!("it is {now}; the program was built {built}")),
        Some(ClockFault::BeforeBuild) => CLOCK.error(
            format!("it is {now}, before this program was built ({built}): nobody can log in"),
            SET,
        ),
        Some(ClockFault::BehindFloor) => {
            let floor = floor.unwrap_or(*built);
            let found = format!("it is {now}, but {floor} was reached already: nobody can log in");
            let remedy = format!(
                "{SET}\nportcullis clock reset  # only if {now} is right and {floor} was wrong"
            );
            CLOCK.error(found, remedy)
        }
        Some(ClockFault::NotSynchronised) => {
            let found = "the clock has not been synchronised since boot, and clock.require_sync asks for it: codes are \
                         refused until it is";
            CLOCK.error(found, format!("{SET}\ntimedatectl timesync-status"))
        }
    })
}

fn synchronised(clock: &ClockFacts) -> Option<Finding> {
    let rule = if clock.sync_required {
        "codes wait for it at each boot"
    } else {
        "codes do not wait for it"
    };
    match clock.synchronised {
        Some(true) => {
            Some(CLOCK.ok(format!("the kernel says that a time server keeps it right; {rule}")))
        }
        // Said already.
        _ if clock.fault == Some(ClockFault::NotSynchronised) => None,
        Some(false) => {
            let found = format!(
                "the kernel says that no time server keeps it right; {rule}. A clock that is off by a minute refuses every code"
            );
            // A machine whose host or clock chip keeps it right says the same.
            Some(if clock.sync_required {
                CLOCK.warning(found, SET)
            } else {
                CLOCK.note(found, Some(SET.to_owned()))
            })
        }
        None => Some(CLOCK.note(
            format!("whether a time server keeps it right cannot be seen from here; {rule}"),
            None,
        )),
    }
}

fn ahead(clock: &ClockFacts) -> Option<Finding> {
    let (_, furthest) = clock.ahead.iter().max_by_key(|(_, until)| *until)?;
    let mut names: Vec<_> = clock.ahead.iter().map(|(name, _)| name.as_str()).take(5).collect();
    if clock.ahead.len() > names.len() {
        names.push("…");
    }
    let found = format!(
        "{} used a code of a time that is still to come ({}): no code of theirs is taken before {furthest}",
        count(u64::try_from(clock.ahead.len()).unwrap_or(u64::MAX), "user"),
        names.join(", ")
    );
    Some(CLOCK.error(found, "portcullis clock reset  # the clock is right now; ends all sessions"))
}
