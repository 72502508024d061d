//! The gate's own settings, `portcullis.toml`.

use portcullis::config::{Config, ConfigError, ConfigFile, Sources};

use super::MADE;
use crate::settings::Settings;

/// The file. Browsers, not a list of ours, decide where a session counts, so there are no hosts to
/// return to beside those of the cookie: every site is at or below them.
pub fn text(settings: &Settings) -> String {
    let gate = &settings.gate;
    let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
    let mut text = format!("{MADE}public_url = {}\n", quoted(&format!("https://{}", gate.host)));
    if let Some(domain) = &gate.domain {
        text += &format!("\n[session]\ncookie_domain = {}\n", quoted(domain));
    }
    text += &format!("\n[login]\ntitle = {}\n", quoted(&gate.title));
    text += "\n[proxy]\ntrust = \"loopback\"\n";
    text
}

/// What the gate makes of it.
///
/// # Errors
/// The gate would refuse to start with it.
pub fn config(settings: &Settings) -> Result<Config, ConfigError> {
    let file = ConfigFile { path: "portcullis.toml".into(), text: text(settings) };
    Config::load(&Sources { file: Some(file), ..Sources::default() }).map(|loaded| loaded.config)
}
