//! Every key that can be set: name, kind, default and what it is for. The one list that the file,
//! the environment, `config show`, "did you mean" and the documentation are checked against.

/// How a value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A string.
    Text,
    /// A string such as `"15m"`: a whole number and s, m, h or d.
    Duration,
    /// A whole number.
    Number,
    /// `true` or `false`.
    Flag,
    /// An array of strings; comma separated in the environment.
    List,
    /// `proxy.trust`: a flag, a number, a string or an array.
    Trust,
    /// `true`, `false` or a string.
    FlagOrText,
}

/// One key.
#[derive(Debug, PartialEq, Eq)]
pub struct Key {
    /// With its section: `session.lifetime`.
    pub name: &'static str,
    /// How its value is written.
    pub kind: Kind,
    /// As it would stand in the file.
    pub default: &'static str,
}

impl Key {
    /// The environment variable that sets it: `PORTCULLIS_SESSION_LIFETIME`.
    pub fn variable(&self) -> String {
        format!("{VARIABLE_PREFIX}{}", self.name.replace('.', "_").to_ascii_uppercase())
    }

    /// The systemd credential that sets it: `session_lifetime`.
    pub fn credential(&self) -> String {
        self.name.replace('.', "_")
    }
}

/// What the environment variables of ours start with.
pub const VARIABLE_PREFIX: &str = "PORTCULLIS_";

/// Names the file with the set-up code.
pub const SETUP_CODE_FILE: &str = "PORTCULLIS_SETUP_CODE_FILE";

/// Variables that start the same way and are no keys: where the state, the file and the set-up code
/// are.
pub const OTHER_VARIABLES: [&str; 3] =
    ["PORTCULLIS_STATE_DIR", "PORTCULLIS_CONFIG", SETUP_CODE_FILE];

/// The key of that name.
pub fn find(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}

/// The names of the tables, in the order of the file.
pub fn sections() -> impl Iterator<Item = &'static str> {
    let mut last = "";
    KEYS.iter().filter_map(|key| key.name.split_once('.')).map(|(section, _)| section).filter(
        move |section| {
            let new = *section != last;
            last = section;
            new
        },
    )
}

const fn key(name: &'static str, kind: Kind, default: &'static str) -> Key {
    Key { name, kind, default }
}

/// All keys, in the order of the file.
pub static KEYS: [Key; 32] = [
    key("listen", Kind::List, r#"["127.0.0.1:3000"]"#),
    key("public_url", Kind::Text, r#""""#),
    key("path_prefix", Kind::Text, r#""""#),
    key("redirect_hosts", Kind::List, "[]"),
    key("server.max_connections", Kind::Number, "1024"),
    key("session.lifetime", Kind::Duration, r#""24h""#),
    key("session.idle", Kind::Duration, r#""""#),
    key("session.cookie_name", Kind::Text, r#""auth_token""#),
    key("session.cookie_domain", Kind::Text, r#""""#),
    key("session.cookie_prefix", Kind::Text, r#""""#),
    key("session.secure", Kind::Flag, "true"),
    key("session.same_site", Kind::Text, r#""lax""#),
    key("session.proxy_cache", Kind::Duration, r#""""#),
    key("login.ask_username", Kind::Flag, "false"),
    key("login.accept_odds", Kind::Flag, "false"),
    key("login.title", Kind::Text, r#""Portcullis""#),
    key("login.skew", Kind::Number, "1"),
    key("limits.attempts", Kind::Number, "5"),
    key("limits.window", Kind::Duration, r#""15m""#),
    key("limits.local", Kind::List, "[]"),
    key("proxy.trust", Kind::Trust, r#""loopback""#),
    key("proxy.client_ip_header", Kind::Text, r#""X-Forwarded-For""#),
    key("proxy.cloudflare_ranges", Kind::List, "[]"),
    key("proxy.required", Kind::Flag, "false"),
    key("identity.headers", Kind::List, "[]"),
    key("identity.resolver_headers", Kind::Flag, "false"),
    key("metrics.listen", Kind::Text, r#""""#),
    key("audit.keep", Kind::Duration, r#""90d""#),
    key("clock.require_sync", Kind::FlagOrText, r#""auto""#),
    key("log.format", Kind::Text, r#""text""#),
    key("log.level", Kind::Text, r#""info""#),
    key("log.time", Kind::Flag, "false"),
];
