//! A value as it is written, and how one is refused. What reads the values of a section is in a
//! file of that section's name.

/// A value as the file has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    Text(String),
    List(Vec<String>),
    Flag(bool),
}

/// The typed value, or a sentence that says what is expected.
pub type Read<T> = Result<T, String>;

/// A text; `expected` says which one.
pub(super) fn text<'v>(value: &'v Value, expected: &str) -> Read<&'v str> {
    match value {
        Value::Text(text) => Ok(text),
        Value::List(_) => Err(format!("expects {expected}, not a list")),
        Value::Flag(flag) => Err(format!("expects {expected}, not {flag}")),
    }
}

/// A refused value for a message: in quotes, on one line, not too long.
pub(super) fn shown(text: &str) -> String {
    let mut shown: String = text.chars().take(60).flat_map(char::escape_debug).collect();
    if text.chars().nth(60).is_some() {
        shown.push('…');
    }
    format!("\"{shown}\"")
}

/// `verify_tls`
pub fn flag(value: &Value) -> Read<bool> {
    match value {
        Value::Flag(flag) => Ok(*flag),
        _ => Err("expects true or false, without quotes".to_owned()),
    }
}
