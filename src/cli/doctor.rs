//! `doctor`: shows what was found, subject by subject, and ends with a code by the worst of it.

use super::console::Console;
use super::exit::Failure;
use crate::app::messages::answers::doctor::{DoctorReport, Severity};
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
pub fn show(console: &mut Console<'_>, report: &DoctorReport, json: bool) -> Result<(), Failure> {
    if json {
        console.say_json(report)?
    } else {
        in_words(console, report)?
    }
    match report.worst {
        Severity::Error => Err(Failure::new(ERROR, "")),
        Severity::Warning => Err(Failure::new(WARNING, "")),
        Severity::Note | Severity::Ok => Ok(()),
    }
}

fn in_words(console: &mut Console<'_>, report: &DoctorReport) -> std::io::Result<()> {
    let mut subject = "";
    for finding in &report.findings {
        if finding.check != subject {
            subject = &finding.check;
            console.say(escape::line(subject))?;
        }
        console.say(format_args!("  {:<8} {}", finding.severity, escape::line(&finding.found)))?;
        for (index, line) in finding.remedy.iter().flat_map(|remedy| remedy.lines()).enumerate() {
            let label = if index == 0 { "remedy" } else { "" };
            console.say(format_args!("  {label:<8}   {}", escape::line(line)))?;
        }
    }
    let number = |severity: Severity| {
        report.findings.iter().filter(|finding| finding.severity == severity).count()
    };
    let (errors, warnings) = (number(Severity::Error), number(Severity::Warning));
    match (errors, warnings) {
        (0, 0) => console.say("Nothing to fix."),
        _ => console.say(format_args!("To fix: errors {errors}, warnings {warnings}.")),
    }
}
