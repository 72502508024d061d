//! `doctor`: shows what was found, subject by subject, and ends with a code by the worst of it.

use serde_json::Value;

use super::console::Console;
use super::exit::Failure;
use crate::telemetry::escape;

/// Something works, but not as it should.
const WARNING: u8 = 1;
/// Something does not work, or is not safe.
const ERROR: u8 = 2;

/// Shows the findings: as one line of JSON, or for people.
///
/// # Errors
/// Something worse than a note was found: a failure of few words, since all was said already. Or
/// standard output does not take it.
pub fn show(console: &mut Console<'_>, report: &Value, json: bool) -> Result<(), Failure> {
    if json {
        console.say_json(report)?
    } else {
        in_words(console, report)?
    }
    match text(report, "worst") {
        "error" => Err(Failure::new(ERROR, "")),
        "warning" => Err(Failure::new(WARNING, "")),
        _ => Ok(()),
    }
}

fn text<'v>(object: &'v Value, member: &str) -> &'v str {
    object.get(member).and_then(Value::as_str).unwrap_or_default()
}

fn in_words(console: &mut Console<'_>, report: &Value) -> std::io::Result<()> {
    let findings =
        report.get("findings").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let mut subject = "";
    for finding in findings {
        if text(finding, "check") != subject {
            subject = text(finding, "check");
            console.say(escape::line(subject))?;
        }
        console.say(format_args!(
            "  {:<8} {}",
            text(finding, "severity"),
            escape::line(text(finding, "found"))
        ))?;
        for (index, line) in text(finding, "remedy").lines().enumerate() {
            let label = if index == 0 { "remedy" } else { "" };
            console.say(format_args!("  {label:<8}   {}", escape::line(line)))?;
        }
    }
    let number = |severity: &str| {
        findings.iter().filter(|finding| text(finding, "severity") == severity).count()
    };
    let (errors, warnings) = (number("error"), number("warning"));
    match (errors, warnings) {
        (0, 0) => console.say("Nothing has to be mended."),
        _ => console.say(format_args!("To be mended: errors {errors}, warnings {warnings}.")),
    }
}
