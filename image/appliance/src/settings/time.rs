//! `[time]`: the time zone, and who is asked what time it is.

use std::fs;
use std::net::IpAddr;
use std::path::Path;

use portcullis::config::is_host_name;
use portcullis::config::nearest::nearest;

use super::value::{Read, Value, shown, text};

/// `time.zone`: a file below the folder of time zones, by a path that cannot leave it.
pub fn zone(value: &Value, zoneinfo: &Path) -> Read<String> {
    let written = text(value, "a zone such as \"Europe/Berlin\"")?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_+-".contains(&byte);
    let part = |part: &str| !part.is_empty() && part.bytes().all(plain);
    let good = written.len() <= 64 && written.split('/').all(part);
    if good && (written == "UTC" || zoneinfo.join(written).is_file()) {
        return Ok(written.to_owned());
    }
    let all = zones(zoneinfo);
    let hint = nearest(written, all.iter().map(String::as_str)).map_or_else(
        || "write it as \"Europe/Berlin\"".to_owned(),
        |near| format!("did you mean \"{near}\"?"),
    );
    Err(format!("{} is no time zone: {hint}", shown(written)))
}

/// The names of all zones, two folders deep.
fn zones(zoneinfo: &Path) -> Vec<String> {
    let mut names = Vec::new();
    let mut folders = vec![(zoneinfo.to_owned(), String::new(), 0)];
    while let Some((folder, before, depth)) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            // The folders "posix" and "right" hold the same names again.
            let ours = name.starts_with(|first: char| first.is_ascii_uppercase());
            match entry.path() {
                path if path.is_dir() && ours && depth < 2 => {
                    folders.push((path, format!("{before}{name}/"), depth + 1))
                }
                path if path.is_file() && ours => names.push(format!("{before}{name}")),
                _ => {}
            }
        }
    }
    names.sort();
    names
}

/// `time.ntp`: names or addresses.
pub fn time_servers(value: &Value) -> Read<Vec<String>> {
    let Value::List(written) = value else {
        return Err("expects a list such as [\"192.168.1.1\"]".to_owned());
    };
    if written.len() > 8 {
        return Err("expects at most 8 servers".to_owned());
    }
    written
        .iter()
        .map(|server| {
            let name = server.to_ascii_lowercase();
            let good = is_host_name(&name) || name.parse::<IpAddr>().is_ok();
            if good {
                Ok(name)
            } else {
                Err(format!("{} is neither a name nor an address", shown(server)))
            }
        })
        .collect()
}
