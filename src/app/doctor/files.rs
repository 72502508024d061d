//! Who else may read or write what the gate lives by?

use crate::app::doctor::facts::{Facts, File, FileRole};
use crate::app::doctor::finding::{Subject, word};
use crate::app::messages::answers::doctor::Finding;
use crate::config::secrets::way_out_of_container;

const FILES: Subject = Subject("files");

pub(super) fn findings(facts: &Facts) -> Vec<Finding> {
    let owner = facts.owner;
    let mut findings: Vec<_> =
        facts.files.iter().flat_map(|file| [mode(file), owned(file, owner)]).flatten().collect();
    findings
        .extend(facts.files.iter().filter(|file| file.role == FileRole::Control).map(operators));
    if findings.iter().all(|finding| finding.remedy.is_none()) && !facts.files.is_empty() {
        findings.insert(
            0,
            FILES.ok("state, keys and settings belong to the right user, and nobody else may read or change them"),
        );
    }
    findings
}

/// Permission bits that must not be set, and the mode to set instead.
fn forbidden(role: FileRole) -> (u32, &'static str) {
    match role {
        FileRole::State => (0o077, "0700"),
        FileRole::StoreKey | FileRole::Store => (0o077, "go="),
        FileRole::SessionSecret => (0o037, "0600"),
        // Others may read the settings: there is no secret in them.
        FileRole::Config => (0o022, "go-w"),
        FileRole::Control => (0o007, "0660"),
    }
}

fn mode(file: &File) -> Option<Finding> {
    let (bits, right) = forbidden(file.role);
    let wrong = file.mode & bits;
    if wrong == 0 || file.mode & 0o170_000 == 0o120_000 {
        return None;
    }
    let path = file.path.display();
    let who = if wrong & 0o007 != 0 { "every user of this machine" } else { "its group" };
    let may = if wrong & 0o022 != 0 { "write" } else { "read" };
    let what = match file.role {
        FileRole::State => "the state directory",
        FileRole::StoreKey => "the store's key, which opens all authenticator secrets",
        FileRole::SessionSecret => "the session secret, which makes sessions",
        FileRole::Store => "the store",
        FileRole::Config => "the settings, which say whom the gate believes",
        FileRole::Control => "the control socket",
    };
    let found = format!("{path}: {who} may {may} {what} (mode {:04o})", file.mode & 0o7777);
    let remedy = match way_out_of_container(&file.path) {
        Some(way) if file.role == FileRole::SessionSecret => way,
        _ => format!("chmod {right} {}", word(&file.path)),
    };
    // The database lies within a folder that is private itself.
    Some(if file.role == FileRole::Store {
        FILES.warning(found, remedy)
    } else {
        FILES.error(found, remedy)
    })
}

fn owned(file: &File, owner: Option<u32>) -> Option<Finding> {
    let right = match file.role {
        FileRole::Config | FileRole::SessionSecret => file.user == 0 || Some(file.user) == owner,
        _ => owner.is_none_or(|owner| file.user == owner),
    };
    if right {
        return None;
    }
    let found = format!("{} belongs to user {}, not to the gate's", file.path.display(), file.user);
    let remedy = match (file.role, owner) {
        (FileRole::Config, _) | (_, None) => format!("chown root: {}", word(&file.path)),
        (_, Some(owner)) => format!("chown {owner}: {}", word(&file.path)),
    };
    Some(FILES.warning(found, remedy))
}

fn operators(file: &File) -> Finding {
    let group = file.group_name.clone().unwrap_or_else(|| file.group.to_string());
    if file.mode & 0o020 == 0 {
        return FILES.ok(format!(
            "orders are taken from root and the gate's own user, at {}",
            file.path.display()
        ));
    }
    FILES.ok(format!(
        "orders are taken from root, the gate's own user and the group {group}, at {}",
        file.path.display()
    ))
}
