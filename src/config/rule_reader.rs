//! `[[rule]]`: who may go where.
//!
//! Guarantees that a rule is taken whole or refused: no entry is left out, since a rule without it
//! would open or close something else.

use std::collections::BTreeMap;

use super::file_problems::FileProblems;
use super::host_entry;
use super::named_networks::NamedNetworks;
use super::nearest::nearest;
use super::network_entry::typed_network;
use super::path_entry::typed_path;
use super::rule_name::{default_name, label};
use super::table_reader::TableReader;
use super::toml_file::FileTable;
use super::values::{Read, is_title, quoted};
use crate::auth::policy::rule::{Access, Audience, Rule};
use crate::auth::policy::rules::Rules;
use crate::auth::user::{User, UserName, check_groups};
use crate::http::response::is_token;

/// All rules of the file, in its order. `networks` are those that a rule may name.
pub(super) fn rules(
    tables: &[FileTable],
    networks: &NamedNetworks,
    problems: &mut FileProblems<'_>,
) -> Rules {
    let mut rules: Vec<Rule> = Vec::new();
    let mut lines: BTreeMap<String, usize> = BTreeMap::new();
    let tables = tables.iter().filter(|table| table.table.name == "rule");
    for (table, place) in tables.zip(1..) {
        let rule = rule(table, place, networks, problems);
        if let Some(line) = lines.get(&rule.name) {
            let mut reader = TableReader::new(table, label(&rule.name), problems);
            let message =
                format!("the rule on line {line} has that name already: choose another one");
            reader.refuse(reader.line_of("name"), "name", &message);
        } else {
            lines.insert(rule.name.clone(), rule.line);
        }
        rules.push(rule);
    }
    Rules::new(rules)
}

fn rule(
    table: &FileTable,
    place: usize,
    networks: &NamedNetworks,
    problems: &mut FileProblems<'_>,
) -> Rule {
    let name = TableReader::new(table, default_name(place), problems).text("name", name);
    let name = name.unwrap_or_else(|| default_name(place));
    let mut reader = TableReader::new(table, label(&name), problems);
    let hosts = reader.entries("hosts", host_entry::read);
    let paths = reader.entries("paths", typed_path);
    let methods = reader.entries("methods", method);
    let named = reader.entries("networks", |entry| typed_network(entry, networks));
    let access = access(&mut reader);
    let preflight = reader.flag("preflight").unwrap_or_default();
    if preflight && access == Some(Access::Deny) {
        let why = "no preflight passes where access is \"deny\": leave it out";
        reader.refuse(reader.line_of("preflight"), "preflight", why);
    }
    Rule {
        name,
        line: table.line,
        hosts,
        paths,
        methods,
        networks: if named.is_empty() { None } else { Some(named.concat()) },
        // Without a word for it the rule is refused.
        access: access.unwrap_or(Access::Deny),
        preflight,
    }
}

fn name(entry: &str) -> Read<String> {
    if is_title(entry) {
        Ok(entry.to_owned())
    } else {
        Err("expects 1 to 64 letters without line ends".to_owned())
    }
}

/// A token (RFC 9110 section 9.1) in capital letters: methods differ by letter case, and those of
/// browsers and programs have none other.
fn method(entry: &str) -> Read<String> {
    let upper = entry.to_ascii_uppercase();
    let written = quoted(entry);
    if entry == "*" {
        return Err(format!("{written} is no method: leave `methods` out, which means all"));
    }
    if !is_token(entry.as_bytes()) {
        return Err(format!("{written} is no method: write one such as GET"));
    }
    if upper != entry {
        return Err(format!("{written} is not in capital letters: write {upper}"));
    }
    Ok(upper)
}

/// What the rule says; `None` where that was refused.
fn access(reader: &mut TableReader<'_, '_>) -> Option<Access> {
    let users = reader.entries("users", user);
    let groups = reader.entries("groups", group);
    if !reader.has("access") {
        let message = format!("is missing: write {ACCESS_WORDS}");
        reader.refuse(reader.line_of("access"), "access", &message);
    }
    let access = reader.text("access", access_word)?;
    if matches!(access, Access::Session(_)) {
        return Some(Access::Session(Audience { users, groups }));
    }
    for (key, is_empty) in [("users", users.is_empty()), ("groups", groups.is_empty())] {
        if !is_empty {
            let why = if access == Access::Open {
                "an open place asks nobody who he is: write access = \"session\", or leave this out"
            } else {
                "nobody passes where access is \"deny\": write access = \"session\", or leave this out"
            };
            reader.refuse(reader.line_of(key), key, why);
        }
    }
    Some(access)
}

const ACCESS_WORDS: &str = "access = \"open\", access = \"session\" or access = \"deny\"";

fn access_word(entry: &str) -> Read<Access> {
    match entry.to_ascii_lowercase().as_str() {
        "open" => Ok(Access::Open),
        "session" => Ok(Access::Session(Audience::default())),
        "deny" => Ok(Access::Deny),
        word => {
            let meant = nearest(word, ["open", "session", "deny"].into_iter()).or(match word {
                // Authelia's words.
                "bypass" => Some("open"),
                "one_factor" | "two_factor" => Some("session"),
                _ => None,
            });
            Err(match meant {
                Some(meant) => format!("{} is unknown: did you mean \"{meant}\"?", quoted(entry)),
                None => format!("{} is unknown: write {ACCESS_WORDS}", quoted(entry)),
            })
        }
    }
}

fn user(entry: &str) -> Read<UserName> {
    UserName::parse(entry).map_err(|_| {
        format!(
            "{} is no user name: 1 to {} of a-z, 0-9, dot, underscore and dash, a letter or digit first",
            quoted(entry),
            UserName::MAX_BYTES
        )
    })
}

fn group(entry: &str) -> Read<String> {
    let group = entry.to_owned();
    if check_groups(std::slice::from_ref(&group)).is_ok() {
        return Ok(group);
    }
    let parts: Vec<_> = entry.split(',').map(|part| quoted(part.trim())).collect();
    Err(if parts.len() > 1 {
        format!("{} is more than one group: write {}", quoted(entry), parts.join(", "))
    } else {
        format!(
            "{} is no group: 1 to {} bytes without control characters, and no blanks around them",
            quoted(entry),
            User::MAX_GROUP
        )
    })
}

#[cfg(test)]
#[path = "rule_reader_tests.rs"]
mod tests;
