//! `config check` and `config show`.

use clap::Subcommand;
use serde_json::{Value, json};

use super::console::Console;
use super::exit::{CONFIG, Failure};
use crate::config::{Environment, Loaded, limits, secrets};
use crate::telemetry::escape;

/// `config …`
#[derive(Debug, Subcommand)]
pub enum ConfigVerb {
    /// Check all settings; exit code 78 if one of them cannot be used
    #[command(after_help = "Example:
  portcullis config check --config ./portcullis.toml")]
    Check,
    /// Print every setting and where it comes from
    #[command(after_help = "Examples:
  portcullis config show
  PORTCULLIS_LISTEN=0.0.0.0:3000 portcullis config show --json")]
    Show,
}

/// Looks at the session secret where one is given from outside.
///
/// # Errors
/// It cannot be used.
pub fn check_secret(environment: &Environment) -> Result<(), Failure> {
    secrets::explicit(environment)?;
    Ok(())
}

/// Says whether the settings can be used, with warnings of what will surprise. `users`: how many
/// there are, where that is known.
///
/// # Errors
/// There are too many users for a login by code alone.
pub fn check(
    loaded: &Loaded,
    users: Option<usize>,
    console: &mut Console<'_>,
) -> Result<(), Failure> {
    let config = &loaded.config;
    if let Some(users) = users {
        limits::check_user_count(&config.login, users)
            .map_err(|error| Failure::new(CONFIG, error))?;
    }
    for warning in limits::warnings(config) {
        console.remark(format_args!("warning: {}; write", warning.found));
        console.excerpt(&warning.remedy.where_it_counts(loaded));
    }
    Ok(console.say("The configuration is good.")?)
}

/// Every setting and where it came from; for people as a file that could be used, for scripts as an
/// array of `{"key","value","source"}`.
///
/// # Errors
/// Standard output does not take it.
pub fn show(loaded: &Loaded, json: bool, console: &mut Console<'_>) -> Result<(), Failure> {
    if json {
        let row = |setting: &crate::config::EffectiveSetting| json!({"key": setting.key, "value": setting.value, "source": setting.source.to_string()});
        return Ok(console.say_json(&loaded.settings.iter().map(row).collect::<Value>())?);
    }
    let mut section = "";
    let name = |key: &'static str| key.split_once('.').unwrap_or(("", key));
    let settings: Vec<(&str, String, String)> = loaded
        .settings
        .iter()
        .map(|setting| {
            let (section, key) = name(setting.key);
            (
                section,
                format!("{key} = {}", escape::toml(&setting.value)),
                setting.source.to_string(),
            )
        })
        .collect();
    let width = settings
        .iter()
        .map(|(_, setting, _)| setting.chars().count())
        .filter(|width| *width <= 60)
        .max();
    let width = width.unwrap_or(0);
    for (below, setting, source) in settings {
        if below != section {
            section = below;
            console.say(format_args!("\n[{section}]"))?;
        }
        console.say(format_args!("{setting:<width$}  # {source}"))?;
    }
    Ok(())
}
