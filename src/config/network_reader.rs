//! `[networks]`: names for ranges of addresses.

use super::file_problems::FileProblems;
use super::named_networks::{NamedNetworks, built_in_networks};
use super::table_reader::TableReader;
use super::toml_file::FileTable;
use super::values::{Read, quoted};
use crate::original::trusted_range::{self, TrustFault};
use ipnet::IpNet;

/// All networks that rules can name, those built in included. One whose entries were refused is
/// known nevertheless, so that nobody is told that it is missing.
pub(super) fn networks(tables: &[FileTable], problems: &mut FileProblems<'_>) -> NamedNetworks {
    let built_in = built_in_networks();
    let mut networks = built_in.clone();
    for table in tables.iter().filter(|table| table.table.name == "networks") {
        let mut reader = TableReader::new(table, "networks".to_owned(), problems);
        let names: Vec<_> = table.values.iter().map(|value| value.name.as_str()).collect();
        for name in &names {
            let is_name = |entry: &str| built_in.contains_key(entry) || names.contains(&entry);
            let read = reader.entries(name, |entry| network(entry, is_name(entry)));
            if built_in.contains_key(*name) {
                let message = "is built in and stays what it is: choose another name";
                reader.refuse(reader.line_of(name), name, message);
                continue;
            }
            if let Err(message) = check_name(name) {
                reader.refuse(reader.line_of(name), name, &message);
            }
            networks.insert((*name).to_owned(), read);
        }
    }
    networks
}

fn check_name(name: &str) -> Read<()> {
    let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let good = |name: &str| {
        name.starts_with(|first: char| first.is_ascii_lowercase())
            && name.bytes().all(|byte| letter(byte) || b"_-".contains(&byte))
    };
    if good(name) {
        return Ok(());
    }
    let lower: String = name.to_ascii_lowercase().replace(['.', ' '], "-");
    let better = if good(&lower) { lower } else { "home".to_owned() };
    Err(format!(
        "{} is no name for a network: a letter comes first, then a-z, digits, _ and -, such as {better}",
        quoted(name)
    ))
}

/// `is_name`: whether another network is called that.
fn network(entry: &str, is_name: bool) -> Read<IpNet> {
    if is_name {
        return Err(format!(
            "{} is a network itself: a rule can name both, networks hold addresses and ranges only",
            quoted(entry)
        ));
    }
    trusted_range::network(entry.trim()).map_err(|fault| {
        let why = match fault {
            TrustFault::NoAddress => {
                "is no range of addresses: write 192.168.1.0/24, fd00::/8 or a single address"
            }
            TrustFault::BadPrefix => {
                "has no prefix length or netmask that fits, such as 10.0.0.0/8 or 10.0.0.0/255.0.0.0"
            }
            TrustFault::Everything => {
                "holds every address: leave `networks` out of a rule that is for everybody"
            }
        };
        format!("{} {why}", quoted(entry))
    })
}

#[cfg(test)]
#[path = "network_reader_tests.rs"]
mod tests;
