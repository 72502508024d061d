//! The TOML file as a list of known keys with their lines (TOML 1.1).
//!
//! Guarantees that every entry of the result is one of [`keys::KEYS`] and that nothing in the file
//! was passed over: what is unknown, or belongs to a later version, is a problem with its line.

use toml::de::{DeTable, DeValue};

use super::keys::{self, SettingKey};
use super::nearest::nearest;

/// A value before its key's own rules were applied.
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

/// A key of the file.
#[derive(Debug)]
pub struct FileEntry {
    /// Which one.
    pub key: &'static SettingKey,
    /// What it is set to.
    pub value: Raw,
    /// Counted from 1.
    pub line: usize,
}

/// Something in the file that cannot be taken.
#[derive(Debug, PartialEq, Eq)]
pub struct FileProblem {
    /// Counted from 1.
    pub line: usize,
    /// What is wrong and the way out.
    pub message: String,
}

/// Reads the whole file, or says everything that is wrong with it.
pub fn parse(text: &str) -> Result<Vec<FileEntry>, Vec<FileProblem>> {
    let line_of =
        |offset: usize| text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1;
    let table = DeTable::parse(text).map_err(|error| {
        let line = line_of(error.span().map_or(0, |span| span.start));
        let message = match error.message().trim() {
            "duplicate key" => repeated(text, line),
            other => other.replace('\n', ", "),
        };
        vec![FileProblem { line, message }]
    })?;
    let mut file = FileReader { line_of, entries: Vec::new(), problems: Vec::new() };
    for (name, value) in table.get_ref() {
        file.top(name.get_ref(), name.span().start, value.get_ref());
    }
    if file.problems.is_empty() {
        Ok(file.entries)
    } else {
        file.problems.sort_by_key(|problem| problem.line);
        Err(file.problems)
    }
}

struct FileReader<L> {
    line_of: L,
    entries: Vec<FileEntry>,
    problems: Vec<FileProblem>,
}

impl<L: Fn(usize) -> usize> FileReader<L> {
    fn top(&mut self, name: &str, at: usize, value: &DeValue<'_>) {
        if let Some(key) = keys::find(name).filter(|key| !key.name.contains('.')) {
            self.entry(key, at, value);
        } else if keys::sections().any(|section| section == name) {
            match value {
                DeValue::Table(table) => {
                    for (inner, value) in table {
                        self.inside(name, inner.get_ref(), inner.span().start, value.get_ref());
                    }
                }
                _ => self.problem(
                    at,
                    format!("`{name}` is a section: write [{name}] on a line of its own"),
                ),
            }
        } else {
            self.problem(at, unknown_at_top(name, matches!(value, DeValue::Table(_))));
        }
    }

    fn inside(&mut self, section: &str, name: &str, at: usize, value: &DeValue<'_>) {
        let full = format!("{section}.{name}");
        match (keys::find(&full), value) {
            (Some(key), _) => self.entry(key, at, value),
            (None, DeValue::Table(table)) if keys::sections().any(|section| section == name) => {
                for key in table.keys() {
                    self.problem(key.span().start, named_in_full(section, name, key.get_ref()));
                }
            }
            (None, _) => self.problem(at, unknown_inside(&full, name)),
        }
    }

    fn entry(&mut self, key: &'static SettingKey, at: usize, value: &DeValue<'_>) {
        let line = (self.line_of)(at);
        match raw(value) {
            Ok(value) => self.entries.push(FileEntry { key, value, line }),
            Err(message) => self
                .problems
                .push(FileProblem { line, message: format!("{}: {message}", key.name) }),
        }
    }

    fn problem(&mut self, at: usize, message: String) {
        let line = (self.line_of)(at);
        self.problems.push(FileProblem { line, message });
    }
}

fn raw(value: &DeValue<'_>) -> Result<Raw, String> {
    match value {
        DeValue::String(text) => Ok(Raw::Text(text.to_string())),
        DeValue::Boolean(flag) => Ok(Raw::Flag(*flag)),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map(Raw::Number)
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
            .map(Raw::List),
        other => Err(format!("{} cannot stand here", article(other.type_str()))),
    }
}

fn article(kind: &str) -> String {
    if kind.starts_with(['a', 'i', 'o']) { format!("an {kind}") } else { format!("a {kind}") }
}

fn unknown_at_top(name: &str, is_table: bool) -> String {
    if name == "rule" || name == "realm" {
        return format!(
            "{name}s are not supported by this version, and a gate that ignores them would be open or shut where you \
             do not expect it: remove every [[{name}]]"
        );
    }
    if is_table {
        let hint = nearest(name, keys::sections()).map_or_else(
            || format!("the sections are {}", keys::sections().collect::<Vec<_>>().join(", ")),
            |section| format!("did you mean [{section}]?"),
        );
        return format!("unknown section [{name}]: {hint}");
    }
    unknown_inside(name, name)
}

/// `[section]` stands somewhere above a line that names section and key.
fn named_in_full(section: &str, named: &str, key: &str) -> String {
    let full = format!("{named}.{key}");
    let what = if section == named {
        format!("below [{section}] the section is not named again: write `{key}` for `{full}`")
    } else {
        format!("below [{section}] `{full}` cannot stand: write `{key}` below [{named}]")
    };
    if keys::find(&full).is_some() { what } else { unknown_inside(&full, key) }
}

/// A key or a section that stands on an earlier line too.
fn repeated(text: &str, line: usize) -> String {
    let name = |line: &str| line.split(['=', '#']).next().unwrap_or_default().trim().to_owned();
    let lines: Vec<String> = text.lines().take(line).map(name).collect();
    let Some((here, before)) = lines.split_last() else { return "stands there twice".to_owned() };
    let last = |wanted: &dyn Fn(&str) -> bool| {
        before.iter().rposition(|name| wanted(name)).map(|at| at + 1)
    };
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

/// `full` is the key as it was understood, `name` its last part as it was written.
fn unknown_inside(full: &str, name: &str) -> String {
    let elsewhere =
        keys::KEYS.iter().map(|key| key.name).find(|known| known.rsplit('.').next() == Some(name));
    match elsewhere {
        Some(known) => match known.split_once('.') {
            Some((section, _)) => {
                format!("unknown key `{full}`: `{name}` belongs below [{section}]")
            }
            None => {
                format!(
                    "unknown key `{full}`: `{name}` belongs at the top of the file, before the first [section]"
                )
            }
        },
        None => match nearest_key(full) {
            Some(known) => format!("unknown key `{full}`: did you mean `{known}`?"),
            None => format!("unknown key `{full}`: `portcullis config show` lists all keys"),
        },
    }
}

/// The nearest whole name, or the nearest last part of one.
fn nearest_key(full: &str) -> Option<&'static str> {
    let name = full.rsplit('.').next().unwrap_or(full);
    nearest(full, keys::KEYS.iter().map(|key| key.name)).or_else(|| {
        let last = |key: &'static SettingKey| key.name.rsplit('.').next().unwrap_or(key.name);
        let near = nearest(name, keys::KEYS.iter().map(last))?;
        keys::KEYS.iter().find(|key| last(key) == near).map(|key| key.name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn only_problem(text: &str) -> FileProblem {
        let mut problems = parse(text).expect_err("the file is refused");
        assert_eq!(problems.len(), 1, "{problems:?}");
        problems.remove(0)
    }

    #[test]
    fn every_kind_of_value_is_read_with_its_line() {
        let text = "listen = [\"127.0.0.1:1\",\n  \"unix:/a\"]\n\n[session]\nlifetime = \"1h\"\nsecure = false\n[login]\nskew = 2\n";
        let entries = parse(text).expect("good file");
        let seen: Vec<_> =
            entries.iter().map(|entry| (entry.key.name, entry.line, entry.value.clone())).collect();
        assert!(seen.contains(&(
            "listen",
            1,
            Raw::List(vec!["127.0.0.1:1".into(), "unix:/a".into()])
        )));
        assert!(seen.contains(&("session.lifetime", 5, Raw::Text("1h".into()))));
        assert!(seen.contains(&("session.secure", 6, Raw::Flag(false))));
        assert!(seen.contains(&("login.skew", 8, Raw::Number(2))));
    }

    #[test]
    fn dotted_keys_are_the_same_keys() {
        let entries = parse("session.lifetime = \"1h\"").expect("good file");
        assert_eq!(entries.first().map(|entry| entry.key.name), Some("session.lifetime"));
    }

    #[test]
    fn an_unknown_key_names_the_nearest_and_its_line() {
        let problem = only_problem("[session]\n\nlifetme = \"1h\"\n");
        assert_eq!(problem.line, 3);
        assert_eq!(
            problem.message,
            "unknown key `session.lifetme`: did you mean `session.lifetime`?"
        );
    }

    #[test]
    fn a_key_in_the_wrong_section_is_told_where_it_belongs() {
        assert!(
            only_problem("[login]\ncookie_name = \"a\"")
                .message
                .contains("belongs below [session]")
        );
        assert!(only_problem("cookie_name = \"a\"").message.contains("belongs below [session]"));
        assert!(only_problem("[login]\npublic_url = \"a\"").message.contains("top of the file"));
    }

    #[test]
    fn a_line_pasted_where_it_cannot_stand_is_told_its_place() {
        for (text, line, message) in [
            (
                "[session]\nsession.cookie_domain = \"a.example\"",
                2,
                "below [session] the section is not named again: write `cookie_domain` for `session.cookie_domain`",
            ),
            (
                "[log]\nsession.idle = \"\"",
                2,
                "below [log] `session.idle` cannot stand: write `idle` below [session]",
            ),
            (
                "[log]\nsession.idl = \"\"",
                2,
                "unknown key `session.idl`: did you mean `session.idle`?",
            ),
            (
                "session.secure = true\n[session]\nidle = \"\"",
                2,
                "line 1 belongs to [session] too: put it below this line, there without `session.` before its name",
            ),
            (
                "[session]\nsecure = true\n[log]\n[session]\nidle = \"\"",
                4,
                "[session] stands on line 1 already: put what is below this one below that one",
            ),
            (
                "[session]\nidle = \"\"\nidle = \"1h\"",
                3,
                "`idle` stands on line 2 already: keep one of the two",
            ),
            (
                "login.skew = 1\nlogin.skew = 2",
                2,
                "`login.skew` stands on line 1 already: keep one of the two",
            ),
            (
                "listen = []\nlisten = []  # again",
                2,
                "`listen` stands on line 1 already: keep one of the two",
            ),
        ] {
            assert_eq!(
                only_problem(text),
                FileProblem { line, message: message.to_owned() },
                "{text}"
            );
        }
    }

    #[test]
    fn an_unknown_section_names_the_nearest() {
        assert_eq!(
            only_problem("\n[sesion]\nx = 1").message,
            "unknown section [sesion]: did you mean [session]?"
        );
        assert!(
            only_problem("[database]\nx = 1").message.contains("the sections are server, session,")
        );
    }

    #[test]
    fn rules_and_realms_are_refused_and_never_ignored() {
        for text in
            ["[[rule]]\nhost = \"a\"\naccess = \"deny\"", "[[realm]]\nname = \"a\"", "rule = []"]
        {
            assert!(only_problem(text).message.contains("not supported by this version"), "{text}");
        }
    }

    #[test]
    fn a_file_that_is_no_toml_names_the_line() {
        assert_eq!(only_problem("listen = []\n\nsession = {\n").line, 3);
        assert_eq!(only_problem("a = 1\na = 2").line, 2);
    }

    #[test]
    fn values_that_no_key_takes_are_refused() {
        for text in [
            "listen = [1]",
            "listen = 1979-05-27",
            "login.skew = 1.5",
            "listen = 99999999999999999999",
            "session = 1",
        ] {
            assert_eq!(only_problem(text).line, 1, "{text}");
        }
    }

    #[test]
    fn all_problems_are_told_at_once_in_the_order_of_the_file() {
        let problems =
            parse("zzz = 1\n[session]\nbogus = 1\n[log]\nbogus = 1").expect_err("refused");
        assert_eq!(problems.iter().map(|problem| problem.line).collect::<Vec<_>>(), [1, 3, 5]);
    }
}
