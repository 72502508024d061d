//! The settings of the gate, typed: whoever holds a [`Config`] holds one that passed every check.
//!
//! [`keys`] lists every key with its default, [`tables`] the tables of the file with theirs.
//! [`toml_file`] reads the file, [`sources`] decides which source wins and [`platforms`] what is
//! none. [`values`] and [`names`] turn one text into one type of [`settings`]; [`network_reader`]
//! and [`rule_reader`] turn tables into theirs. [`public_suffix`] knows what browsers keep no
//! cookie for, [`contradictions`] are what several keys together must not say, [`warnings()`] what
//! they had better not, [`advice`] is what people had better write instead. [`limits`] bounds what
//! a login by code alone is for. [`secrets`] finds the session secret, [`setup_code`] the code of
//! the first enrolment. All of it stops at the first start of the daemon: a setting that cannot be
//! read is refused (exit code 78), never replaced by a default.
//!
//! Left out: realms, which this version refuses instead of ignoring.

pub mod advice;
mod assemble;
mod cloudflare;
mod contradictions;
mod effective_tables;
pub mod environment;
mod file_problems;
mod host_entry;
pub mod keys;
pub mod limits;
mod line_starts;
mod loaded;
mod named_networks;
mod names;
pub mod nearest;
mod network_entry;
mod network_reader;
mod path_entry;
mod platforms;
mod public_suffix;
mod public_url;
pub mod raw;
mod repeated_key;
mod rule_name;
mod rule_reader;
mod rule_warnings;
pub mod secrets;
mod setting_warnings;
mod settings;
mod settings_reader;
pub mod setup_code;
pub mod sources;
mod table_reader;
pub mod tables;
pub mod toml_file;
mod unknown_key;
mod values;
mod warning;
mod warnings;

pub use self::assemble::ConfigError;
pub use self::cloudflare::cloudflare_ranges;
pub use self::effective_tables::{EffectiveTable, EffectiveValue};
pub use self::environment::Environment;
pub use self::host_entry::typed_host;
pub use self::loaded::{EffectiveSetting, Loaded};
pub use self::named_networks::{NamedNetworks, built_in_networks};
pub use self::names::is_host_name;
pub use self::network_entry::typed_network;
pub use self::path_entry::typed_path;
pub use self::public_suffix::is_public_suffix;
pub use self::public_url::PublicUrl;
pub use self::rule_name::rule_place;
pub use self::settings::{
    AuditSettings, ClockSettings, Config, CookiePrefix, IdentityHeader, IdentitySettings,
    LimitSettings, LogFormat, LogSettings, LoginSettings, MetricsSettings, ProxySettings,
    RequireSync, ServerSettings, SessionSettings,
};
pub use self::sources::{ConfigFile, ConfigProblem, SettingSource, Sources};
pub use self::values::{is_title, typed_duration};
pub use self::warning::{Remedy, Warning};
pub use self::warnings::warnings;
pub use crate::http::cookie::SameSite;
pub use crate::original::client_address::ClientIpHeader;
pub use crate::original::scheme::Scheme;
pub use crate::original::trust::Trust;
pub use crate::server::{LONGEST_SOCKET_PATH, ListenAddress};

#[cfg(test)]
pub(crate) mod scratch;
