//! The tables of the file: those whose keys people choose, and those that may stand there more than
//! once. The one list that the file, `config show`, "did you mean" and the documentation are
//! checked against, as [`keys`](super::keys) is for single settings.
//!
//! Tables come from the file alone: no variable, option or credential sets what is in them.

use super::keys::ValueKind;

/// A table of the file.
#[derive(Debug, PartialEq, Eq)]
pub struct SettingTable {
    /// `rule`
    pub name: &'static str,
    /// What may stand in it.
    pub keys: TableKeys,
}

/// What may stand in a table.
#[derive(Debug, PartialEq, Eq)]
pub enum TableKeys {
    /// `[networks]`, once: names that people choose, each with a value of this kind. `name` in
    /// here stands for the chosen one.
    Chosen(TableKey),
    /// `[[rule]]`, as often as wanted: these keys.
    Fixed(&'static [TableKey]),
}

/// One key of a table.
#[derive(Debug, PartialEq, Eq)]
pub struct TableKey {
    /// Without its table: `hosts`.
    pub name: &'static str,
    /// How its value is written.
    pub kind: ValueKind,
    /// What counts where it is left out.
    pub default: TableDefault,
    /// A value that is taken, as it would stand in the file.
    pub example: &'static str,
    /// What it is for, in the words of the documentation.
    pub help: &'static str,
}

/// What counts where a key is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableDefault {
    /// Nothing: it must stand there.
    Required,
    /// This value, as it would stand in the file.
    Value(&'static str),
    /// The place of the table among its like, from 1: `"rule 3"`.
    Place,
}

impl SettingTable {
    /// Its line in the file: `[networks]`, `[[rule]]`.
    pub fn header(&self) -> String {
        match self.keys {
            TableKeys::Chosen(_) => format!("[{}]", self.name),
            TableKeys::Fixed(_) => format!("[[{}]]", self.name),
        }
    }

    /// What is known of a key; `None` for one that may not stand there.
    pub fn key(&self, name: &str) -> Option<&TableKey> {
        match &self.keys {
            TableKeys::Chosen(key) => Some(key),
            TableKeys::Fixed(keys) => keys.iter().find(|key| key.name == name),
        }
    }

    /// The keys that always have the same names.
    pub fn fixed_keys(&self) -> &'static [TableKey] {
        match &self.keys {
            TableKeys::Chosen(_) => &[],
            TableKeys::Fixed(keys) => keys,
        }
    }
}

/// The table of that name.
pub fn find(name: &str) -> Option<&'static SettingTable> {
    TABLES.iter().find(|table| table.name == name)
}

/// All tables, in the order of the file.
pub static TABLES: [SettingTable; 2] = [
    SettingTable { name: "networks", keys: TableKeys::Chosen(NETWORK) },
    SettingTable { name: "rule", keys: TableKeys::Fixed(&RULE) },
];

const NETWORK: TableKey = TableKey {
    name: "NAME",
    kind: ValueKind::List,
    default: TableDefault::Value("[]"),
    example: r#"["192.168.1.0/24", "fd00::/8"]"#,
    help: "a network that rules can name: addresses, ranges and IPv4 netmasks. The name begins with a letter and has \
           only `a-z`, digits, `_` and `-`",
};

const RULE: [TableKey; 9] = [
    TableKey {
        name: "name",
        kind: ValueKind::Text,
        default: TableDefault::Place,
        example: r#""photo shares""#,
        help: "what messages call the rule, up to 64 letters; no two rules have the same name",
    },
    list(
        "hosts",
        r#"["photos.example.com"]"#,
        "the hosts that the rule is for, without scheme and path; `*.example.com` stands for every host below \
         `example.com`. With a port: only that port",
    ),
    list(
        "paths",
        r#"["/share/**", "/s/*"]"#,
        "the paths: `*` stands for any characters between two slashes, `**` for any number of whole segments, so \
         `/share/**` includes `/share`. The query never counts",
    ),
    list("methods", r#"["GET", "HEAD"]"#, "the methods, in capital letters"),
    list(
        "networks",
        r#"["home"]"#,
        "where the visitor is: names from `[networks]`, or `loopback`, `linklocal`, `uniquelocal`",
    ),
    TableKey {
        name: "access",
        kind: ValueKind::Text,
        default: TableDefault::Required,
        example: r#""open""#,
        help: "`\"open\"`: everybody may pass; `\"session\"`: who is logged in may pass; `\"deny\"`: nobody may",
    },
    list(
        "users",
        r#"["anna"]"#,
        "with `access = \"session\"`: only these users; anybody else who is logged in is refused (403)",
    ),
    list(
        "groups",
        r#"["family"]"#,
        "with `access = \"session\"`: only users in one of these groups",
    ),
    TableKey {
        name: "preflight",
        kind: ValueKind::Flag,
        default: TableDefault::Value("false"),
        example: "true",
        help: "`true`: browsers' CORS preflight requests pass without a session. Not with `access = \"deny\"`",
    },
];

/// A list that stands for everything where it is empty.
const fn list(name: &'static str, example: &'static str, help: &'static str) -> TableKey {
    TableKey { name, kind: ValueKind::List, default: TableDefault::Value("[]"), example, help }
}
