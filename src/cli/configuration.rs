//! `config check` and `config show`.

use clap::Subcommand;
use serde_json::{Value, json};

use super::console::Console;
use super::exit::{CONFIG, Failure};
use crate::config::{Environment, Loaded, Remedy, SettingSource, limits, secrets, warnings};
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
    for warning in warnings(config) {
        match &warning.remedy {
            Remedy::Setting(advice) => {
                console.remark(format_args!("warning: {}; write", warning.found));
                console.excerpt(&advice.where_it_counts(loaded));
            }
            Remedy::Words(words) => {
                console.remark(format_args!("warning: {}; {words}", warning.found));
            }
        }
    }
    Ok(console.say("The configuration is good.")?)
}

/// Every setting and where it came from; for people as a file that could be used, for scripts as an
/// array of `{"key","value","source"}`. What stands in a table has a key such as `networks.home` or
/// `rule[2].access`, counted from 1.
///
/// # Errors
/// Standard output does not take it.
pub fn show(loaded: &Loaded, json: bool, console: &mut Console<'_>) -> Result<(), Failure> {
    if json {
        let row = |key: &str, value: &str, source: &SettingSource| json!({"key": key, "value": value, "source": source.to_string()});
        let settings =
            loaded.settings.iter().map(|setting| row(setting.key, &setting.value, &setting.source));
        let values = loaded.tables.iter().flat_map(|table| {
            table.values.iter().map(|value| row(&table.key_of(value), &value.value, &value.source))
        });
        return Ok(console.say_json(&settings.chain(values).collect::<Value>())?);
    }
    let blocks: Vec<_> = sections(loaded).into_iter().chain(tables(loaded)).collect();
    let lines = blocks.iter().flat_map(|block| &block.lines);
    let widths = lines.map(|line| line.setting.chars().count());
    let width = widths.filter(|width| *width <= 60).max().unwrap_or(0);
    for ShownSection { header, lines } in &blocks {
        if let Some(header) = header {
            console.say(format_args!("\n{header}"))?;
        }
        for ShownLine { setting, source } in lines {
            console.say(format_args!("{setting:<width$}  # {source}"))?;
        }
    }
    Ok(())
}

/// Lines below one header.
struct ShownSection {
    /// `None` at the top of the file.
    header: Option<String>,
    lines: Vec<ShownLine>,
}

/// A line of the file, and who set it.
struct ShownLine {
    setting: String,
    source: String,
}

impl ShownLine {
    fn of(name: &str, value: &str, source: &SettingSource) -> Self {
        let setting = format!("{name} = {}", escape::toml(value));
        Self { setting, source: source.to_string() }
    }
}

fn sections(loaded: &Loaded) -> Vec<ShownSection> {
    let mut blocks: Vec<ShownSection> = Vec::new();
    for setting in &loaded.settings {
        let (header, name) = match setting.key.split_once('.') {
            Some((section, name)) => (Some(format!("[{section}]")), name),
            None => (None, setting.key),
        };
        let line = ShownLine::of(name, &setting.value, &setting.source);
        match blocks.last_mut().filter(|block| block.header == header) {
            Some(block) => block.lines.push(line),
            None => blocks.push(ShownSection { header, lines: vec![line] }),
        }
    }
    blocks
}

/// What is built in cannot be written into the file: it is shown as a comment.
fn tables(loaded: &Loaded) -> impl Iterator<Item = ShownSection> {
    loaded.tables.iter().map(|table| {
        let lines = table.values.iter().map(|value| {
            let line = ShownLine::of(&value.name, &value.value, &value.source);
            if table.is_built_in(value) {
                ShownLine { setting: format!("# {}", line.setting), source: "built in".to_owned() }
            } else {
                line
            }
        });
        let header = match &table.source {
            SettingSource::Default => table.table.header(),
            source => format!("{}  # {source}", table.table.header()),
        };
        ShownSection { header: Some(header), lines: lines.collect() }
    })
}
