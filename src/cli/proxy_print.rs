//! `proxy print`: a complete configuration of the proxy in front, from the settings that are in
//! force.

use super::console::Console;
use super::exit::Failure;
use crate::app::identity;
use crate::app::router::PAGES;
use crate::config::Config;
use crate::proxies::deployment::Deployment;
use crate::proxies::reverse_proxy::PrintedConfiguration;

/// Prints the proxy's whole configuration.
///
/// # Errors
/// Standard output does not take it.
pub fn print(
    configuration: &PrintedConfiguration,
    config: &Config,
    console: &mut Console<'_>,
) -> Result<(), Failure> {
    Ok(console.say_all(&text(configuration, config))?)
}

/// The text of the configuration. Needs neither store nor secret.
pub fn text(configuration: &PrintedConfiguration, config: &Config) -> String {
    (configuration.print)(&deployment(config))
}

/// What a configuration is made from.
pub fn deployment(config: &Config) -> Deployment<'_> {
    Deployment::new(config, identity::header_names(config), &PAGES)
}

#[cfg(test)]
#[path = "proxy_print_tests.rs"]
mod tests;
