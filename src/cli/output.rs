//! Answers for people: tables and lists instead of JSON. Whatever a visitor may have chosen is
//! escaped.

use serde::Serialize;
use serde_json::Value;

use crate::telemetry::escape;

/// A heading, and what stands below it in the line of one `T`.
pub type Column<T> = (&'static str, fn(&T) -> String);

/// How a list is shown: a line for each `T`.
pub struct Table<T: 'static> {
    /// From left to right.
    pub columns: &'static [Column<T>],
    /// What is said instead where the list is empty.
    pub empty: &'static str,
}

impl<T> Table<T> {
    /// The table of these, with headings, each line with its end.
    pub fn text(&self, rows: &[T]) -> String {
        if rows.is_empty() {
            return format!("{}\n", self.empty);
        }
        let headings = self.columns.iter().map(|(heading, _)| (*heading).to_owned()).collect();
        let cells = |row: &T| {
            let cells = self.columns.iter().map(|(_, cell)| escape::line(&cell(row)).to_string());
            cells.collect()
        };
        lined_up(&std::iter::once(headings).chain(rows.iter().map(cells)).collect::<Vec<_>>())
    }
}

/// The cells of each line below those of the line before.
fn lined_up(lines: &[Vec<String>]) -> String {
    let columns = lines.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        lines.iter().filter_map(|line| line.get(column)).map(|cell| cell.chars().count()).max()
    };
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    let mut text = String::new();
    for line in lines {
        let padded: Vec<String> = line
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:<width$}", width = *width))
            .collect();
        text.push_str(padded.join("  ").trim_end());
        text.push('\n');
    }
    text
}

/// A cell that answers a question.
pub fn yes_or_no(yes: bool) -> String {
    if yes { "yes" } else { "no" }.to_owned()
}

/// A cell whose value may be unknown.
pub fn or_dash<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}

/// An answer with its members in the order of the alphabet.
pub fn sorted(answer: &impl Serialize) -> Value {
    // Through its JSON, which each answer can be written as anyway: another serialiser for each
    // would make the program larger.
    let json = serde_json::to_vec(answer);
    json.and_then(|json| serde_json::from_slice(&json)).unwrap_or_default()
}

/// `member: value`, one a line, in the order of the alphabet.
pub fn members(answer: &Value) -> String {
    let Value::Object(members) = answer else { return format!("{}\n", cell(answer)) };
    let name = |member: &str| member.replace('_', " ");
    let width = members.keys().map(|member| name(member).chars().count()).max().unwrap_or(0) + 1;
    let mut text = String::new();
    for (member, value) in members {
        let line = format!("{:<width$} {}", format!("{}:", name(member)), cell(value));
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// A value as one harmless word or phrase.
fn cell(value: &Value) -> String {
    match value {
        Value::Null => or_dash(None::<&str>),
        Value::Bool(yes) => yes_or_no(*yes),
        Value::String(text) => escape::line(text).to_string(),
        Value::Array(items) => items.iter().map(cell).collect::<Vec<_>>().join(", "),
        other => escape::line(&other.to_string()).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    struct Guest(&'static str, bool, Option<u8>);

    const GUESTS: Table<Guest> = Table {
        columns: &[
            ("NAME", |guest| guest.0.to_owned()),
            ("ADMIN", |guest| yes_or_no(guest.1)),
            ("SESSIONS", |guest| or_dash(guest.2)),
        ],
        empty: "no users",
    };

    #[test]
    fn columns_line_up() {
        let rows = [Guest("al", true, Some(3)), Guest("elisabeth", false, None)];
        let expected = "NAME       ADMIN  SESSIONS\nal         yes    3\nelisabeth  no     -\n";
        assert_eq!(GUESTS.text(&rows), expected);
        assert_eq!(GUESTS.text(&[]), "no users\n");
    }

    #[test]
    fn what_a_browser_called_itself_cannot_move_the_cursor() {
        let name = "a\u{1b}[2J\nb\u{202e}";
        let text = GUESTS.text(&[Guest(name, true, None)]);
        assert!(text.contains("\na\\u{1b}[2J\\nb\\u{202e}  yes"), "{text}");
        assert!(members(&json!({ "user_agent": name })).contains("\\u{1b}"));
    }

    #[test]
    fn members_stand_one_a_line() {
        let text = members(&json!({"client_ip": "::1", "groups": ["a", "b"], "problems": []}));
        assert_eq!(text, "client ip: ::1\ngroups:    a, b\nproblems:\n");
    }
}
