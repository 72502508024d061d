//! The settings of the gate, typed: whoever holds a [`Config`] holds one that passed every check.
//!
//! [`keys`] lists every key with its default, [`raw`] reads the TOML file, [`sources`] decides
//! which source wins and [`platforms`] what is none. [`values`] and [`names`] turn one text into
//! one type of [`settings`], [`public_suffix`] knows what browsers keep no cookie for,
//! [`contradictions`] are what several keys together must not say, [`limits`] what they had better
//! not, [`advice`] is what people had better write instead. [`secrets`] finds the session secret,
//! [`setup_code`] the code of the first enrolment. All of it stops at the first start of the
//! daemon: a setting that cannot be read is refused (exit code 78), never replaced by a default.
//!
//! Left out: rules and realms, which this version refuses instead of ignoring.

pub mod advice;
mod assemble;
mod cloudflare;
mod contradictions;
pub mod environment;
pub mod keys;
pub mod limits;
mod loaded;
mod names;
pub mod nearest;
mod platforms;
mod public_suffix;
mod public_url;
pub mod raw;
pub mod secrets;
mod settings;
mod settings_reader;
pub mod setup_code;
pub mod sources;
mod values;

pub use self::assemble::ConfigError;
pub use self::cloudflare::cloudflare_ranges;
pub use self::environment::Environment;
pub use self::loaded::{EffectiveSetting, Loaded};
pub use self::names::is_host_name;
pub use self::public_suffix::is_public_suffix;
pub use self::public_url::PublicUrl;
pub use self::settings::{
    AuditSettings, ClockSettings, Config, CookiePrefix, IdentityHeader, IdentitySettings,
    LimitSettings, LogFormat, LogSettings, LoginSettings, MetricsSettings, ProxySettings,
    RequireSync, ServerSettings, SessionSettings,
};
pub use self::sources::{ConfigFile, ConfigProblem, SettingSource, Sources};
pub use self::values::{is_title, typed_duration};
pub use crate::http::cookie::SameSite;
pub use crate::original::client_address::ClientIpHeader;
pub use crate::original::scheme::Scheme;
pub use crate::original::trust::Trust;
pub use crate::server::{LONGEST_SOCKET_PATH, ListenAddress};

#[cfg(test)]
pub(crate) mod scratch;
