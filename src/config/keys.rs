//! Every key that can be set: name, kind, default and what it is for. The one list that the file,
//! the environment, `config show`, "did you mean" and the documentation are checked against.

/// How a value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueKind {
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
pub struct SettingKey {
    /// With its section: `session.lifetime`.
    pub name: &'static str,
    /// How its value is written.
    pub kind: ValueKind,
    /// As it would stand in the file.
    pub default: &'static str,
}

impl SettingKey {
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
pub fn find(name: &str) -> Option<&'static SettingKey> {
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

const fn key(name: &'static str, kind: ValueKind, default: &'static str) -> SettingKey {
    SettingKey { name, kind, default }
}

/// All keys, in the order of the file.
pub static KEYS: [SettingKey; 32] = [
    key("listen", ValueKind::List, r#"["127.0.0.1:3000"]"#),
    key("public_url", ValueKind::Text, r#""""#),
    key("path_prefix", ValueKind::Text, r#""""#),
    key("redirect_hosts", ValueKind::List, "[]"),
    key("server.max_connections", ValueKind::Number, "1024"),
    key("session.lifetime", ValueKind::Duration, r#""24h""#),
    key("session.idle", ValueKind::Duration, r#""""#),
    key("session.cookie_name", ValueKind::Text, r#""auth_token""#),
    key("session.cookie_domain", ValueKind::Text, r#""""#),
    key("session.cookie_prefix", ValueKind::Text, r#""""#),
    key("session.secure", ValueKind::Flag, "true"),
    key("session.same_site", ValueKind::Text, r#""lax""#),
    key("session.proxy_cache", ValueKind::Duration, r#""""#),
    key("login.ask_username", ValueKind::Flag, "false"),
    key("login.accept_odds", ValueKind::Flag, "false"),
    key("login.title", ValueKind::Text, r#""Portcullis""#),
    key("login.skew", ValueKind::Number, "1"),
    key("limits.attempts", ValueKind::Number, "5"),
    key("limits.window", ValueKind::Duration, r#""15m""#),
    key("limits.local", ValueKind::List, "[]"),
    key("proxy.trust", ValueKind::Trust, r#""loopback""#),
    key("proxy.client_ip_header", ValueKind::Text, r#""X-Forwarded-For""#),
    key("proxy.cloudflare_ranges", ValueKind::List, "[]"),
    key("proxy.required", ValueKind::Flag, "false"),
    key("identity.headers", ValueKind::List, "[]"),
    key("identity.resolver_headers", ValueKind::Flag, "false"),
    key("metrics.listen", ValueKind::Text, r#""""#),
    key("audit.keep", ValueKind::Duration, r#""90d""#),
    key("clock.require_sync", ValueKind::FlagOrText, r#""auto""#),
    key("log.format", ValueKind::Text, r#""text""#),
    key("log.level", ValueKind::Text, r#""info""#),
    key("log.time", ValueKind::Flag, "false"),
];
