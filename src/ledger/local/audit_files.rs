//! The files of the audit log: entries that have left the database, so that it stays small and
//! opens quickly.
//!
//! ```text
//! audit/000000000257    named by the number of its first entry
//! "PCAUDT" | schema (4, little endian) | sealed (mark of the entry before, entries)
//! associated data: as of a record; its key is the header and the first number (8, little endian)
//! ```
//!
//! A file is written once, as a whole, before the database lets go of the entries, and never
//! changed. It is looked at only when somebody asks for the log: one that is missing or damaged
//! keeps nobody out.

use std::fs;
use std::io;

use serde::{Deserialize, Serialize};

use crate::auth::audit::{AuditEntry, Mark, Walk, span};
use crate::clock::Timestamp;
use crate::ledger::local::codec;
use crate::ledger::local::error::StoreError;
use crate::ledger::local::schema::SCHEMA;
use crate::ledger::local::seal::Vault;
use crate::ledger::local::state_dir::{AUDIT, StateDir, sync_dir};

const MAGIC: &[u8] = b"PCAUDT";

/// Bytes that an entry takes at most, roughly.
const ROOM: usize = 512;

/// What the index knows of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct AuditFile {
    /// Number of its first entry, and its name.
    pub(super) first: u64,
    /// Its last entry.
    pub(super) end: Mark,
    /// The earliest credible time in it.
    pub(super) from: Timestamp,
    /// The latest one.
    pub(super) until: Timestamp,
}

#[derive(Serialize, Deserialize)]
struct AuditFileBody {
    before: Mark,
    entries: Vec<AuditEntry>,
}

impl AuditFile {
    fn of(entries: &[AuditEntry]) -> Option<Self> {
        let (from, until) = span(entries);
        Some(Self { first: entries.first()?.number, end: entries.last()?.mark(), from, until })
    }
}

/// Writes these entries, which come right behind `before`, into a file of their own.
pub(super) fn write(
    state_dir: &StateDir,
    vault: &mut Vault,
    before: Mark,
    entries: Vec<AuditEntry>,
) -> Result<AuditFile, StoreError> {
    let failed = || StoreError::Io("a part of the audit log cannot be encoded".to_owned());
    let written = AuditFile::of(&entries).ok_or_else(failed)?;
    let header = header(SCHEMA);
    let room = entries.len().saturating_mul(ROOM);
    let plain = codec::encode_into(&AuditFileBody { before, entries }, room).ok_or_else(failed)?;
    let sealed = vault.seal(&context(&header, written.first), &plain).ok_or_else(failed)?;
    if !state_dir.has(AUDIT) {
        state_dir.make_folder(AUDIT)?;
    }
    state_dir.write(&name(written.first), &[header, sealed].concat())?;
    let folder = state_dir.path(AUDIT);
    sync_dir(&folder).map_err(|error| StoreError::io("syncing", &folder, &error))?;
    Ok(written)
}

/// The entries of the file that begins with this number, or why they cannot be read.
pub(super) fn read(
    state_dir: &StateDir,
    vault: &Vault,
    first: u64,
) -> Result<Vec<AuditEntry>, String> {
    body(state_dir, vault, first).map(|body| body.entries)
}

fn body(state_dir: &StateDir, vault: &Vault, first: u64) -> Result<AuditFileBody, String> {
    let path = state_dir.path(&name(first));
    let file = state_dir.read(&name(first)).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => format!("{} is missing", path.display()),
        _ => format!("{} cannot be read: {error}", path.display()),
    })?;
    let damaged = || format!("{} is damaged", path.display());
    let (header, sealed) = file.split_at_checked(MAGIC.len() + 4).ok_or_else(damaged)?;
    let schema = header
        .strip_prefix(MAGIC)
        .and_then(|schema| schema.try_into().ok())
        .map(u32::from_le_bytes);
    let schema = schema.filter(|schema| (1..=SCHEMA).contains(schema)).ok_or_else(damaged)?;
    let plain = vault.unseal_as(schema, &context(header, first), sealed).ok_or_else(damaged)?;
    codec::decode(&plain).ok_or_else(damaged)
}

/// The files that form one whole chain up to the last of them, with the mark before it: what is
/// left where the database was lost. And whether older ones are left out, because one between them
/// is missing or damaged.
pub(super) fn salvage(state_dir: &StateDir, vault: &Vault) -> (Mark, Vec<AuditFile>, bool) {
    let mut firsts = names(state_dir);
    firsts.sort_unstable();
    let (mut anchor, mut kept) = (Mark::default(), Vec::<AuditFile>::new());
    for first in firsts.into_iter().rev() {
        let Ok(AuditFileBody { before, entries }) = body(state_dir, vault, first) else {
            // The newest may be the one that the disk has spoiled; older ones are still worth
            // having.
            if kept.is_empty() {
                continue;
            }
            break;
        };
        let mut walk = Walk::behind(before);
        let whole = entries.iter().all(|entry| walk.step(entry).is_ok());
        let joins = kept.is_empty() || walk.at() == anchor;
        match AuditFile::of(&entries) {
            Some(file) if whole && joins => kept.push(file),
            _ => break,
        }
        anchor = before;
    }
    kept.reverse();
    let left_out = kept
        .first()
        .is_some_and(|oldest| names(state_dir).into_iter().any(|first| first < oldest.first));
    (anchor, kept, left_out)
}

/// The last entry in the newest file that can be read.
pub(super) fn last_entry(state_dir: &StateDir, vault: &Vault) -> Option<u64> {
    let mut firsts = names(state_dir);
    firsts.sort_unstable();
    firsts
        .into_iter()
        .rev()
        .find_map(|first| read(state_dir, vault, first).ok()?.last().map(|entry| entry.number))
}

/// The file with the newest entries.
pub(super) fn newest(state_dir: &StateDir) -> Option<String> {
    names(state_dir).into_iter().max().map(name)
}

/// Removes the files that begin with an entry up to this one. What cannot be removed now is removed
/// the next time.
pub(super) fn remove_up_to(state_dir: &StateDir, number: u64) {
    for first in names(state_dir).into_iter().filter(|first| *first <= number) {
        let _ = fs::remove_file(state_dir.path(&name(first)));
    }
    let _ = sync_dir(&state_dir.path(AUDIT));
}

/// The length of a file in bytes; 0 if it is not there.
pub(super) fn length(state_dir: &StateDir, first: u64) -> usize {
    fs::metadata(state_dir.path(&name(first)))
        .map_or(0, |meta| usize::try_from(meta.len()).unwrap_or(usize::MAX))
}

fn names(state_dir: &StateDir) -> Vec<u64> {
    let entries = fs::read_dir(state_dir.path(AUDIT)).into_iter().flatten().flatten();
    let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    numbers.collect()
}

fn name(first: u64) -> String {
    format!("{AUDIT}/{first:012}")
}

fn header(schema: u32) -> Vec<u8> {
    [MAGIC, &schema.to_le_bytes()].concat()
}

fn context(header: &[u8], first: u64) -> Vec<u8> {
    [header, &first.to_le_bytes()].concat()
}
