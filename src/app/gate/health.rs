//! `/health`, `/ready`, and the answers of the control socket: short texts for programs.

use crate::http::response::{Out, Status};

use crate::app::messages::command::CommandRefused;
use crate::app::messages::command_answer::CommandAnswer;
use crate::app::messages::job::Check;

/// 200 while the process serves.
pub fn alive(out: &mut Out) {
    out.start(Status::OK);
    out.header("Cache-Control", b"no-store");
    out.body("text/plain; charset=utf-8", b"ok\n");
}

/// 200 or 503 with one line a check: `name: ok (detail)` or `name: failed (detail)`.
pub fn ready(checks: &[Check], out: &mut Out) {
    let well = checks.iter().all(|check| check.well);
    out.start(if well { Status::OK } else { Status::SERVICE_UNAVAILABLE });
    out.header("Cache-Control", b"no-store");
    if !well {
        out.header("Retry-After", b"10");
    }
    let lines: String = checks
        .iter()
        .map(|Check { name, well, detail }| {
            format!("{name}: {} ({detail})\n", if *well { "ok" } else { "failed" })
        })
        .collect();
    out.body("text/plain; charset=utf-8", lines.as_bytes());
}

/// 200 with the command's answer, or 422 with the exit code and the message that the command line
/// prints.
pub fn command_answer(result: Result<CommandAnswer, CommandRefused>, out: &mut Out) {
    let (status, json) = match result {
        Ok(answer) => (Status::OK, serde_json::to_vec(&answer)),
        Err(refused) => (Status(422), serde_json::to_vec(&refused)),
    };
    out.start(status);
    out.header("Cache-Control", b"no-store");
    out.body("application/json", &json.unwrap_or_default());
}
