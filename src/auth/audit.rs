//! The lines of the audit log, and the chain that holds them together.
//!
//! ```text
//! hash     SHA-256 over hash of the entry before (32) | each text: length (4, big endian), UTF-8
//! texts    number, time, action, result, actor, subject, client, why, as `audit show --json` has
//!          them; none is empty
//! start    the entry before the first one has number 0 and a hash of zeros
//! gap      a `log-begun` that reports lost entries has the number behind the last of them; its
//!          hash goes on from the entry before them
//! ```
//!
//! The hash has no key, so whoever has noted one can check a list of entries against it with
//! nothing but SHA-256. It shows that a log was tampered with only to somebody who knows a later
//! hash from elsewhere: whoever can write the store under its key can write the whole chain anew.

use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::auth::event::{Action, Event};
use crate::auth::user_name::UserName;
use crate::clock::Timestamp;

/// Times before 2020 come from a clock that had not been set.
const FIRST_CREDIBLE: Timestamp = Timestamp::from_unix(1_577_836_800);

/// SHA-256 over an entry and all before it.
pub type Hash = [u8; 32];

/// A place in the chain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// Number of the entry; 0 before the first one.
    pub number: u64,
    /// Its hash.
    pub hash: Hash,
}

/// One line of the log, in its place. Where a text is unknown or there is none it is empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// Counted from 1, without a gap but where entries were lost with the database.
    pub number: u64,
    /// What the clock said.
    pub time: Timestamp,
    /// An [`crate::auth::event::Action`].
    pub action: String,
    /// `ok` or `refused`.
    pub result: String,
    /// An [`crate::auth::event::Actor`].
    pub actor: String,
    /// To whom or what.
    pub subject: String,
    /// From which address.
    pub client: Option<IpAddr>,
    /// The reason, where there is one to give.
    pub why: String,
    /// Over this entry and the one before it.
    pub hash: Hash,
}

impl AuditEntry {
    /// The entry for `event`, right behind `before`.
    pub fn after(before: Mark, event: &Event, time: Timestamp) -> Self {
        let mut entry = Self {
            number: before.number.saturating_add(1),
            time,
            action: event.action.as_str().to_owned(),
            result: if event.refused { "refused" } else { "ok" }.to_owned(),
            actor: event.actor.to_string(),
            subject: event.subject.clone(),
            client: event.client,
            why: event.why.clone(),
            hash: Hash::default(),
        };
        entry.hash = entry.hash_after(&before.hash);
        entry
    }

    /// What its hash must be behind an entry with this one.
    pub fn hash_after(&self, before: &Hash) -> Hash {
        let client = self.client.map(|client| client.to_string()).unwrap_or_default();
        let (number, time) = (self.number.to_string(), self.time.to_string());
        let texts = [
            &number,
            &time,
            &self.action,
            &self.result,
            &self.actor,
            &self.subject,
            &client,
            &self.why,
        ];
        let mut sum = Sha256::new().chain_update(before);
        for text in texts {
            sum.update(u32::try_from(text.len()).unwrap_or(u32::MAX).to_be_bytes());
            sum.update(text);
        }
        sum.finalize().into()
    }

    /// Its place.
    pub const fn mark(&self) -> Mark {
        Mark { number: self.number, hash: self.hash }
    }

    /// Whether a user did it, or it was done to that user.
    pub fn concerns(&self, user: &UserName) -> bool {
        self.subject == user.as_str() || self.actor.strip_prefix("user ") == Some(user.as_str())
    }
}

/// Entries that are known to be missing, by their numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Missing {
    /// The first of them; `None`: the first of all that was not pruned, whichever that was.
    pub first: Option<u64>,
    /// The last of them; `None`: nobody knows how many there were.
    pub last: Option<u64>,
}

impl fmt::Display for Missing {
    /// As the subject of the entry that reports it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.first, self.last) {
            (Some(first), Some(last)) => write!(f, "{first} to {last}"),
            (Some(first), None) => write!(f, "from {first}"),
            (None, Some(last)) => write!(f, "up to {last}"),
            (None, None) => f.write_str("all"),
        }
    }
}

impl Missing {
    fn parse(text: &str) -> Option<Self> {
        let (first, last) = match (text.strip_prefix("from "), text.strip_prefix("up to ")) {
            (Some(first), _) => (Some(first), None),
            (_, Some(last)) => (None, Some(last)),
            _ => text.split_once(" to ").map(|(first, last)| (Some(first), Some(last)))?,
        };
        let digits = |text: &str| {
            text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
        };
        let number = |text: Option<&str>| text.map_or(Some(None), |text| digits(text).map(Some));
        Some(Self { first: number(first)?, last: number(last)? })
    }
}

impl AuditEntry {
    /// The entries before this one that are missing, if it says so: it was written when a database
    /// had been lost.
    pub fn missing(&self) -> Vec<Missing> {
        if self.action != Action::LogBegun.as_str() {
            return Vec::new();
        }
        match self.subject.as_str() {
            // A release that did not say so wrote it; the first entry of all has none before it.
            "" if self.number > 1 => vec![Missing { first: Some(self.number), last: None }],
            subject => subject.split(", ").filter_map(Missing::parse).collect(),
        }
    }
}

/// How many of the oldest `entries` are older than `before`. Those whose clock was not set yet are
/// as old as what follows them.
pub fn outdated(entries: &[AuditEntry], before: Timestamp) -> usize {
    let mut old = 0;
    for (count, entry) in (1..).zip(entries) {
        if entry.time >= before {
            break;
        }
        if entry.time >= FIRST_CREDIBLE {
            old = count;
        }
    }
    old
}

/// The earliest and the latest credible time of `entries`; of none the end and the beginning of
/// time.
pub fn span(entries: &[AuditEntry]) -> (Timestamp, Timestamp) {
    let times = || entries.iter().map(|entry| entry.time).filter(|time| *time >= FIRST_CREDIBLE);
    let never = Timestamp::from_unix(u64::MAX);
    (times().min().unwrap_or(never), times().max().unwrap_or(never))
}

/// Where the chain is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Break {
    /// These were removed.
    Removed {
        /// The first of them.
        first: u64,
        /// The last of them.
        last: u64,
    },
    /// This one does not follow on the one before it.
    Changed(u64),
    /// This one stands behind a later one.
    Reordered(u64),
    /// These are missing at the end.
    CutOff {
        /// The first of them.
        first: u64,
        /// The last of them.
        last: u64,
    },
    /// This one lies behind what the store knows as the last.
    Beyond(u64),
}

impl Break {
    /// The number of the first entry that is not as it was written.
    pub const fn number(self) -> u64 {
        match self {
            Self::Removed { first, .. } | Self::CutOff { first, .. } => first,
            Self::Changed(number) | Self::Reordered(number) | Self::Beyond(number) => number,
        }
    }
}

impl fmt::Display for Break {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Removed { first, last } if first == last => {
                write!(f, "entry {first} was removed")
            }
            Self::Removed { first, last } => write!(f, "entries {first} to {last} were removed"),
            Self::Changed(number) => write!(f, "entry {number} was changed"),
            Self::Reordered(number) => write!(f, "entry {number} stands behind a later one"),
            Self::CutOff { first, last } if first == last => {
                write!(f, "entry {first} was cut off at the end")
            }
            Self::CutOff { first, last } => {
                write!(f, "entries {first} to {last} were cut off at the end")
            }
            Self::Beyond(number) => write!(f, "entry {number} was added behind the end"),
        }
    }
}

/// Goes along the chain.
#[derive(Clone, Copy, Debug)]
pub struct Walk {
    at: Mark,
}

impl Walk {
    /// Begins behind what was pruned.
    pub const fn behind(anchor: Mark) -> Self {
        Self { at: anchor }
    }

    /// Where it has come to.
    pub const fn at(&self) -> Mark {
        self.at
    }

    /// Takes the next entry.
    ///
    /// # Errors
    /// It does not follow.
    pub fn step(&mut self, entry: &AuditEntry) -> Result<(), Break> {
        let due = self.at.number.saturating_add(1);
        let is_known_gap = |missing: &Missing| {
            missing.first.is_none_or(|first| first == due)
                && missing.last.is_none_or(|last| last.saturating_add(1) == entry.number)
        };
        if entry.number > due && !entry.missing().iter().any(is_known_gap) {
            return Err(Break::Removed { first: due, last: entry.number.saturating_sub(1) });
        }
        if entry.number < due {
            return Err(Break::Reordered(entry.number));
        }
        if entry.hash != entry.hash_after(&self.at.hash) {
            return Err(Break::Changed(entry.number));
        }
        self.at = entry.mark();
        Ok(())
    }

    /// Whether this is the end of the chain whose head is `head`.
    ///
    /// # Errors
    /// It is not.
    pub fn end(&self, head: Mark) -> Result<(), Break> {
        let Mark { number, .. } = self.at;
        if number < head.number {
            return Err(Break::CutOff { first: number.saturating_add(1), last: head.number });
        }
        if number > head.number {
            return Err(Break::Beyond(head.number.saturating_add(1)));
        }
        if self.at == head { Ok(()) } else { Err(Break::Changed(number)) }
    }
}

/// A hash as people and scripts write it: 64 hexadecimal digits.
pub fn hex(hash: &Hash) -> String {
    use fmt::Write as _;
    hash.iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Reads what [`hex`] wrote; letters of any case.
pub fn from_hex(text: &str) -> Option<Hash> {
    let digits = text
        .bytes()
        .map(|digit| char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok()));
    let digits: Vec<u8> = digits.collect::<Option<_>>()?;
    if digits.len() != 64 {
        return None;
    }
    let mut hash = Hash::default();
    for (byte, pair) in hash.iter_mut().zip(digits.chunks_exact(2)) {
        let [high, low] = pair else { return None };
        *byte = high << 4 | low;
    }
    Some(hash)
}

#[cfg(test)]
#[path = "audit_tests.rs"]
mod tests;
