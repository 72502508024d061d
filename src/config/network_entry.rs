//! The name of a network in a rule or a pass, and what was probably meant by one that is unknown.

use ipnet::IpNet;

use super::named_networks::NamedNetworks;
use super::nearest::nearest;
use super::values::{Read, quoted};
use crate::original::trusted_range;

/// What the name stands for; else the name that was meant, or where to define one.
///
/// # Errors
/// The way out, in words.
pub fn typed_network(entry: &str, networks: &NamedNetworks) -> Read<Vec<IpNet>> {
    if let Some(network) = networks.get(entry) {
        return Ok(network.clone());
    }
    let written = quoted(entry);
    if trusted_range::network(entry).is_ok() {
        return Err(format!(
            "{written} is no name: write home = [{written}] below [networks], and \"home\" here"
        ));
    }
    let hint = match nearest(entry, networks.keys().map(String::as_str)) {
        Some(known) => format!("did you mean {}?", quoted(known)),
        None => "define it below [networks]".to_owned(),
    };
    Err(format!("there is no network {written}: {hint}"))
}
