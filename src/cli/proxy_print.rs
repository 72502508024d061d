//! `proxy print`: a complete configuration of the proxy in front, from the settings that are in
//! force.

use super::console::Console;
use super::exit::{Failure, USAGE};
use crate::app::identity;
use crate::app::router::PAGES;
use crate::config::Config;
use crate::proxies::deployment::Deployment;
use crate::proxies::reverse_proxy::PrintedConfiguration;

/// Prints the proxy's whole configuration; with `lua` the script that it loads instead.
///
/// # Errors
/// The configuration loads no script; standard output does not take the text.
pub fn print(
    configuration: &PrintedConfiguration,
    lua: bool,
    config: &Config,
    console: &mut Console<'_>,
) -> Result<(), Failure> {
    let text = if lua { script(configuration, config) } else { Some(text(configuration, config)) };
    let text = text.ok_or_else(|| {
        Failure::new(USAGE, "this proxy's configuration loads no Lua script: leave out --lua")
    })?;
    Ok(console.say_all(&text)?)
}

/// The text of the configuration. Needs neither store nor secret.
pub fn text(configuration: &PrintedConfiguration, config: &Config) -> String {
    (configuration.print)(&deployment(config))
}

/// The text of the script that the configuration loads, if it loads one. Needs neither store nor
/// secret.
pub fn script(configuration: &PrintedConfiguration, config: &Config) -> Option<String> {
    configuration.script.map(|print| print(&deployment(config)))
}

/// What a configuration is made from.
pub fn deployment(config: &Config) -> Deployment<'_> {
    Deployment::new(config, identity::header_names(config), &PAGES)
}

#[cfg(test)]
#[path = "proxy_print_tests.rs"]
mod tests;
