//! What to say of a key or a section that stands on an earlier line too.

use super::tables::{self, TableKeys};

/// `text` up to `line`, counted from 1, where TOML finds the repetition.
pub(super) fn repeated(text: &str, line: usize) -> String {
    let name = |line: &str| line.split(['=', '#']).next().unwrap_or_default().trim().to_owned();
    let lines: Vec<String> = text.lines().take(line).map(name).collect();
    let Some((here, before)) = lines.split_last() else { return "stands there twice".to_owned() };
    let last = |wanted: &dyn Fn(&str) -> bool| {
        before.iter().rposition(|name| wanted(name)).map(|at| at + 1)
    };
    if let Some(message) = other_form(here) {
        return message;
    }
    if let Some(section) =
        here.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).map(str::trim)
    {
        let dotted = format!("{section}.");
        return match (last(&|name| name == here), last(&|name| name.starts_with(&dotted))) {
            (Some(line), _) => {
                format!(
                    "{here} stands on line {line} already: put what is below this one below that one"
                )
            }
            (None, Some(line)) => format!(
                "line {line} belongs to {here} too: put it below this line, there without `{dotted}` before its name"
            ),
            (None, None) => format!("`{section}` stands there twice"),
        };
    }
    match last(&|name| name == here) {
        Some(line) => format!("`{here}` stands on line {line} already: keep one of the two"),
        None => format!("`{here}` stands there twice: keep one of the two"),
    }
}

/// A table in the wrong brackets, which TOML takes for a repetition where the right ones stand
/// above; or in the right ones, where the wrong ones do.
fn other_form(here: &str) -> Option<String> {
    let name = here.trim_matches(['[', ']']).trim();
    let table = tables::find(name).filter(|_| here.starts_with('['))?;
    let is_single = !here.starts_with("[[");
    match table.keys {
        TableKeys::Fixed(_) if is_single => {
            Some(format!("each {name} has its own line: write {} for {here}", table.header()))
        }
        TableKeys::Fixed(_) => Some(format!(
            "`{name}` stands above in another form: write {} there too",
            table.header()
        )),
        TableKeys::Chosen(_) if is_single => None,
        TableKeys::Chosen(_) => {
            let header = table.header();
            Some(format!("{header} stands there once: write it for {here}, and all names below it"))
        }
    }
}
