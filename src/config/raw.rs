//! A value as it is written, before the rules of its key were applied.

use toml::de::DeValue;

/// One of the four kinds that settings have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Raw {
    /// A string.
    Text(String),
    /// A whole number.
    Number(i64),
    /// `true` or `false`.
    Flag(bool),
    /// An array of strings.
    List(Vec<String>),
}

impl Raw {
    /// A value of TOML; what no key takes is refused in words.
    pub(super) fn of(value: &DeValue<'_>) -> Result<Self, String> {
        match value {
            DeValue::String(text) => Ok(Self::Text(text.to_string())),
            DeValue::Boolean(flag) => Ok(Self::Flag(*flag)),
            DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
                .map(Self::Number)
                .map_err(|_| format!("{} is too large", number.as_str())),
            DeValue::Array(items) => items
                .iter()
                .map(|item| match item.get_ref() {
                    DeValue::String(text) => Ok(text.to_string()),
                    other => Err(format!(
                        "a list holds strings in quotes, not {}",
                        article(other.type_str())
                    )),
                })
                .collect::<Result<_, _>>()
                .map(Self::List),
            other => Err(format!("{} cannot stand here", article(other.type_str()))),
        }
    }
}

/// `[[name]]`, or a list of tables written in one line.
pub(super) fn is_array_of_tables(value: &DeValue<'_>) -> bool {
    value.as_array().is_some_and(|items| {
        !items.is_empty() && items.iter().all(|item| item.get_ref().is_table())
    })
}

fn article(kind: &str) -> String {
    if kind.starts_with(['a', 'i', 'o']) { format!("an {kind}") } else { format!("a {kind}") }
}
