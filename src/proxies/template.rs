//! Texts with `<name>` where a value belongs, line by line.

/// Puts values in the places of `<name>`.
pub(super) fn fill(template: &str, values: &[(&str, &str)]) -> String {
    values
        .iter()
        .fold(template.to_owned(), |text, (name, value)| text.replace(&format!("<{name}>"), value))
}

/// One line a value, each behind `before` and before `after`.
pub(super) fn lines<T: AsRef<str>>(
    values: impl IntoIterator<Item = T>,
    before: &str,
    after: &str,
) -> String {
    values.into_iter().map(|value| format!("{before}{}{after}\n", value.as_ref())).collect()
}

/// Adds `indent` before each line that is not empty.
pub(super) fn indented(text: &str, indent: &str) -> String {
    text.lines()
        .map(|line| if line.is_empty() { "\n".to_owned() } else { format!("{indent}{line}\n") })
        .collect()
}
