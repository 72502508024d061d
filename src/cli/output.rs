//! Answers for people: tables and lists instead of JSON. Whatever a visitor may have chosen is
//! escaped.

use serde_json::Value;

use crate::telemetry::escape;

/// A table with one row for each object of the array; `columns` are the members to show and their
/// headings.
pub fn table(rows: &Value, columns: &[(&str, &str)], empty: &str) -> String {
    let rows = rows.as_array().map(Vec::as_slice).unwrap_or_default();
    if rows.is_empty() {
        return format!("{empty}\n");
    }
    let headings = columns.iter().map(|(_, heading)| (*heading).to_owned()).collect();
    let cells =
        rows.iter().map(|row| columns.iter().map(|(member, _)| cell(row.get(*member))).collect());
    let lines: Vec<Vec<String>> = std::iter::once(headings).chain(cells).collect();
    let width = |column: usize| {
        lines.iter().filter_map(|line| line.get(column)).map(|cell| cell.chars().count()).max()
    };
    let widths: Vec<usize> = (0..columns.len()).map(|column| width(column).unwrap_or(0)).collect();
    let mut text = String::new();
    for line in &lines {
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

/// `member: value`, one a line, in the order of the members.
pub fn members(object: &Value) -> String {
    let Some(object) = object.as_object() else { return format!("{}\n", cell(Some(object))) };
    let name = |member: &str| member.replace('_', " ");
    let width = object.keys().map(|member| name(member).chars().count()).max().unwrap_or(0) + 1;
    let mut text = String::new();
    for (member, value) in object {
        let line = format!("{:<width$} {}", format!("{}:", name(member)), cell(Some(value)));
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// A value as one harmless word or phrase.
fn cell(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => "-".to_owned(),
        Some(Value::Bool(true)) => "yes".to_owned(),
        Some(Value::Bool(false)) => "no".to_owned(),
        Some(Value::String(text)) => escape::line(text).to_string(),
        Some(Value::Array(items)) => {
            items.iter().map(|item| cell(Some(item))).collect::<Vec<_>>().join(", ")
        }
        Some(other) => escape::line(&other.to_string()).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn columns_line_up() {
        let rows = json!([{"name": "al", "admin": true, "sessions": 3}, {"name": "elisabeth", "admin": false, "until": null}]);
        let columns = [("name", "NAME"), ("admin", "ADMIN"), ("sessions", "SESSIONS")];
        let expected = "NAME       ADMIN  SESSIONS\nal         yes    3\nelisabeth  no     -\n";
        assert_eq!(table(&rows, &columns, "no users"), expected);
        assert_eq!(table(&json!([]), &columns, "no users"), "no users\n");
    }

    #[test]
    fn what_a_browser_called_itself_cannot_move_the_cursor() {
        let rows = json!([{"user_agent": "a\u{1b}[2J\nb\u{202e}"}]);
        let text = table(&rows, &[("user_agent", "BROWSER")], "");
        assert_eq!(text, "BROWSER\na\\u{1b}[2J\\nb\\u{202e}\n");
        assert!(members(&rows[0]).contains("\\u{1b}"));
    }

    #[test]
    fn members_stand_one_a_line() {
        let text = members(&json!({"client_ip": "::1", "groups": ["a", "b"], "problems": []}));
        assert_eq!(text, "client ip: ::1\ngroups:    a, b\nproblems:\n");
    }
}
