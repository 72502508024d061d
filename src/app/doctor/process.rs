//! Does the gate run, as whom, and within which limits?

use crate::app::doctor::facts::{Facts, Process};
use crate::app::doctor::finding::Subject;
use crate::app::messages::answers::doctor::Finding;

const GATE: Subject = Subject("gate");

/// Descriptors that the gate needs beside those of connections.
const OTHERS: u64 = 64;

pub(super) fn findings(facts: &Facts) -> Vec<Finding> {
    let version = env!("CARGO_PKG_VERSION");
    let Some(since) = facts.running_since else {
        let found = format!(
            "no gate runs here; version {version} looked at the files and the store itself. Nothing is known of proxies"
        );
        return vec![GATE.note(found, Some("systemctl start portcullis".to_owned()))];
    };
    let mut findings = vec![GATE.ok(format!("version {version} has been running since {since}"))];
    if let Some(process) = &facts.process {
        findings.extend(process.board.as_ref().map(|board| GATE.ok(format!("on a {board}"))));
        findings.extend(root(process));
        findings.extend(hardening(process));
        findings.extend(
            facts
                .config
                .as_ref()
                .ok()
                .and_then(|config| descriptors(process, config.server.max_connections)),
        );
    }
    findings
}

fn root(process: &Process) -> Option<Finding> {
    let found = "the gate runs as root but needs no root privileges: a flaw in it would put the whole machine at risk";
    let remedy = "systemctl enable --now portcullis.socket portcullis.service  # a user of its own";
    (process.user == 0 && process.capable != Some(false)).then(|| GATE.warning(found, remedy))
}

fn hardening(process: &Process) -> Option<Finding> {
    if !process.by_systemd {
        return None;
    }
    let missing: Vec<_> = [
        (process.no_new_privileges == Some(false), "NoNewPrivileges=yes"),
        (process.filtered == Some(false), "SystemCallFilter=@system-service"),
        (process.capable == Some(true), "CapabilityBoundingSet="),
    ]
    .into_iter()
    .filter_map(|(missing, line)| missing.then_some(line))
    .collect();
    if missing.is_empty() {
        return Some(
            GATE.ok("systemd runs it without rights: no new privileges, no capabilities, filtered system calls"),
        );
    }
    let remedy = format!("systemctl edit portcullis\n[Service]\n{}", missing.join("\n"));
    Some(GATE.note("systemd runs it with more rights than the gate's own unit gives", Some(remedy)))
}

fn descriptors(process: &Process, connections: usize) -> Option<Finding> {
    let needed = u64::try_from(connections).unwrap_or(u64::MAX).saturating_add(OTHERS);
    (process.descriptors < needed).then(|| {
        let found = format!(
            "the limit of {} open files is too low for {connections} connections (server.max_connections)",
            process.descriptors
        );
        GATE.warning(found, format!("systemctl edit portcullis\n[Service]\nLimitNOFILE={}", needed.next_power_of_two()))
    })
}
