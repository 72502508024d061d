//! A ledger in memory that several gates of one process share, as others will share a server: for
//! tests of what holds between two gates.
//!
//! Guarantees what a shared ledger must: conditions are checked and changes made as one step, and
//! each gate hears once of each record that another one has changed, in its present form. Each gate
//! keeps what was decided in a store of its own as well. Left out: what happens when one of the two
//! is not there.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::auth::access_pass::pass_id::PassId;
use crate::auth::access_pass::record::AccessPass;
use crate::auth::session::{Session, SessionId};
use crate::auth::user::{User, UserName};
use crate::clock::Timestamp;
use crate::ledger::change::{Change, Counter, CounterKey, GateRecord};
use crate::ledger::condition::{Commit, Condition, RecordView};
use crate::ledger::local::{Store, StoreError};

/// One gate's end of the shared ledger.
pub struct MemoryLedger {
    /// Which of the gates this is.
    gate: usize,
    shared: Arc<Mutex<Shared>>,
    /// So much of the journal is known here.
    seen: usize,
    own: Store,
}

/// What all gates share.
struct Shared {
    users: BTreeMap<UserName, User>,
    sessions: BTreeMap<SessionId, Session>,
    passes: BTreeMap<PassId, AccessPass>,
    counters: BTreeMap<CounterKey, Counter>,
    gate_record: GateRecord,
    /// Who changed which record, in order.
    journal: Vec<(usize, RecordName)>,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum RecordName {
    User(UserName),
    Session(SessionId),
    Pass(PassId),
    Counter(CounterKey),
    GateRecord,
}

impl RecordName {
    /// The record that a change is about; each gate's log is its own.
    fn of(change: &Change) -> Option<Self> {
        Some(match change {
            Change::PutUser(user) => Self::User(user.name.clone()),
            Change::SpendStep(name, _) | Change::RemoveUser(name) => Self::User(name.clone()),
            Change::PutSession(session) => Self::Session(session.id),
            Change::UseSession(id, _) | Change::EndSession(id) => Self::Session(*id),
            Change::PutPass(pass) => Self::Pass(pass.id),
            Change::UsePass(id, _) | Change::RemovePass(id) => Self::Pass(*id),
            Change::PutCounter(key, _) | Change::RemoveCounter(key) => Self::Counter(key.clone()),
            Change::PutGateRecord(_) => Self::GateRecord,
            Change::Audit(_) => return None,
        })
    }
}

/// The shared records as one gate knows them.
struct SeenBy<'s> {
    shared: &'s Shared,
    gate: usize,
    seen: usize,
}

impl MemoryLedger {
    /// One end for each of these stores, all of them new; `gate_record` is what they share.
    pub fn over(stores: Vec<Store>, gate_record: &GateRecord) -> Vec<Self> {
        let shared = Arc::new(Mutex::new(Shared {
            users: BTreeMap::new(),
            sessions: BTreeMap::new(),
            passes: BTreeMap::new(),
            counters: BTreeMap::new(),
            gate_record: gate_record.clone(),
            journal: Vec::new(),
        }));
        let end = |(gate, own)| Self { gate, shared: Arc::clone(&shared), seen: 0, own };
        stores.into_iter().enumerate().map(end).collect()
    }

    /// [`crate::ledger::Ledger::commit`]
    pub(super) fn commit(
        &mut self,
        changes: &[Change],
        conditions: &[Condition],
        now: Timestamp,
    ) -> Result<Commit, StoreError> {
        self.own.writable()?;
        {
            let mut shared = locked(&self.shared);
            let records = SeenBy { shared: &shared, gate: self.gate, seen: self.seen };
            if !conditions.iter().all(|condition| condition.holds(&records)) {
                return Ok(Commit::Conflict);
            }
            for change in changes {
                shared.make(change, self.gate);
            }
        }
        self.own.commit(changes, now).map(|()| Commit::Committed)
    }

    /// [`crate::ledger::Ledger::poll`]
    pub(super) fn poll(&mut self, now: Timestamp) -> Vec<Change> {
        let changes: Vec<_> = {
            let shared = locked(&self.shared);
            let new = shared.journal.iter().skip(self.seen);
            let names: BTreeSet<_> =
                new.filter(|(gate, _)| *gate != self.gate).map(|(_, name)| name).collect();
            self.seen = shared.journal.len();
            names.into_iter().map(|name| shared.present(name)).collect()
        };
        if let Err(error) = self.own.commit(&changes, now) {
            log::error!("what other gates did is not on the disk error=\"{error}\"");
        }
        changes
    }

    pub(super) const fn own(&self) -> &Store {
        &self.own
    }

    pub(super) const fn own_mut(&mut self) -> &mut Store {
        &mut self.own
    }
}

fn locked(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    fn make(&mut self, change: &Change, gate: usize) {
        match change.clone() {
            Change::PutUser(user) => drop(self.users.insert(user.name.clone(), user)),
            Change::SpendStep(name, step) => {
                self.users.entry(name).and_modify(|user| user.spend(step));
            }
            Change::RemoveUser(name) => self.remove_user(&name, gate),
            Change::PutSession(session) => drop(self.sessions.insert(session.id, session)),
            Change::UseSession(id, at) => {
                let used = |session: &mut Session| session.last_seen = session.last_seen.max(at);
                self.sessions.entry(id).and_modify(used);
            }
            Change::EndSession(id) => drop(self.sessions.remove(&id)),
            Change::PutPass(pass) => drop(self.passes.insert(pass.id, pass)),
            Change::UsePass(id, at) => {
                let used = |pass: &mut AccessPass| pass.last_used = pass.last_used.max(Some(at));
                self.passes.entry(id).and_modify(used);
            }
            Change::RemovePass(id) => drop(self.passes.remove(&id)),
            Change::PutCounter(key, counter) => drop(self.counters.insert(key, counter)),
            Change::RemoveCounter(key) => drop(self.counters.remove(&key)),
            Change::PutGateRecord(record) => self.gate_record = record,
            Change::Audit(_) => {}
        }
        self.journal.extend(RecordName::of(change).map(|name| (gate, name)));
    }

    fn remove_user(&mut self, name: &UserName, gate: usize) {
        self.users.remove(name);
        let ended = self.passes.values().filter(|pass| pass.user == *name);
        self.journal.extend(ended.map(|pass| (gate, RecordName::Pass(pass.id))));
        self.passes.retain(|_, pass| pass.user != *name);
    }

    /// The record as it is now, as a change.
    fn present(&self, name: &RecordName) -> Change {
        match name {
            RecordName::User(name) => match self.users.get(name) {
                Some(user) => Change::PutUser(user.clone()),
                None => Change::RemoveUser(name.clone()),
            },
            RecordName::Session(id) => match self.sessions.get(id) {
                Some(session) => Change::PutSession(session.clone()),
                None => Change::EndSession(*id),
            },
            RecordName::Pass(id) => match self.passes.get(id) {
                Some(pass) => Change::PutPass(pass.clone()),
                None => Change::RemovePass(*id),
            },
            RecordName::Counter(key) => match self.counters.get(key) {
                Some(counter) => Change::PutCounter(key.clone(), counter.clone()),
                None => Change::RemoveCounter(key.clone()),
            },
            RecordName::GateRecord => Change::PutGateRecord(self.gate_record.clone()),
        }
    }
}

impl RecordView for SeenBy<'_> {
    fn user(&self, name: &UserName) -> Option<User> {
        self.shared.users.get(name).cloned()
    }

    fn has_session(&self, id: &SessionId) -> bool {
        self.shared.sessions.contains_key(id)
    }

    fn gate_record(&self) -> Option<GateRecord> {
        Some(self.shared.gate_record.clone())
    }

    fn has_moved(&self, counter: &CounterKey) -> bool {
        let name = RecordName::Counter(counter.clone());
        let mut new = self.shared.journal.iter().skip(self.seen);
        new.any(|(gate, changed)| *gate != self.gate && *changed == name)
    }
}
