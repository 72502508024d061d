//! Each condition, true and not, on a store that it decides for.

use std::path::PathBuf;
use std::time::Duration;

use super::*;
use crate::auth::access_pass::pass_id::PassId;
use crate::auth::access_pass::record::AccessPass;
use crate::auth::keyring::KeyId;
use crate::auth::session::Session;
use crate::auth::testing::{Counting, name, pass_for, session, user};
use crate::auth::totp::TimeStep;
use crate::entropy::{Entropy as _, System};
use crate::ledger::local::open_store::Opened;
use crate::ledger::local::store_key::StoreKey;

const NOW: Timestamp = Timestamp::from_unix(1_800_000_000);

/// A store in a folder of its own, which goes with it.
struct Fixture {
    store: Store,
    anna: User,
    session: Session,
    gate_record: GateRecord,
    folder: PathBuf,
}

impl Fixture {
    /// With Anna, whose steps up to 7 are spent, and her session.
    fn new() -> Self {
        let number = u64::from_ne_bytes(System.bytes());
        let folder = std::env::temp_dir().join(format!("portcullis-conditions-{number:016x}"));
        let key = StoreKey::new(vec![7; 32]).expect("32 bytes");
        let opened = Store::open(&folder, &key, NOW, System).expect("it opens");
        let (mut store, Opened { contents, .. }) = opened;
        let mut anna = user("anna");
        anna.spend(TimeStep::new(7));
        let session = session("anna", NOW, KeyId::new(1), &mut Counting(1));
        let changes = [Change::PutUser(anna.clone()), Change::PutSession(session.clone())];
        store.commit(&changes, NOW).expect("written");
        Self { store, anna, session, gate_record: contents.gate_record, folder }
    }

    fn commit(&mut self, changes: &[Change]) {
        self.store.commit(changes, NOW).expect("written");
    }

    fn user(&self, name: &UserName) -> Option<User> {
        RecordView::user(&self.store, name)
    }

    fn passes(&self) -> Vec<AccessPass> {
        self.store.cache.contents(&self.store.vault).expect("whole").passes
    }

    /// Whether Ben is added under this condition; it must be all or nothing.
    fn adds(&mut self, condition: Condition) -> bool {
        let before = self.store.commits();
        let done = self.store.commit_if(&[Change::PutUser(user("ben"))], &[condition], NOW);
        let done = done.expect("the disk takes it") == Commit::Committed;
        assert_eq!(done, self.store.commits() > before);
        assert_eq!(done, self.user(&name("ben")).is_some());
        self.commit(&[Change::RemoveUser(name("ben"))]);
        done
    }
}

impl Drop for Fixture {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

#[test]
fn a_step_is_unspent_as_long_as_neither_it_nor_a_later_one_was_used() {
    let mut f = Fixture::new();
    let anna = f.anna.clone();
    let step = |step| Condition::StepUnspent { user: name("anna"), step: TimeStep::new(step) };
    assert!(!f.adds(step(6)) && !f.adds(step(7)));
    assert!(f.adds(step(8)));
    let nobody = Condition::StepUnspent { user: name("carl"), step: TimeStep::new(8) };
    assert!(!f.adds(nobody));
    f.commit(&[Change::SpendStep(anna.name, TimeStep::new(8))]);
    assert!(!f.adds(step(8)));
}

#[test]
fn a_user_must_be_who_was_read() {
    let mut f = Fixture::new();
    let mut anna = f.anna.clone();
    let enabled = |user: &User| Condition::UserEnabled {
        name: user.name.clone(),
        generation: user.generation,
    };
    let unchanged = |user: &User| Condition::UserUnchanged(Box::new(user.clone()));
    assert!(f.adds(enabled(&anna)) && f.adds(unchanged(&anna)));
    assert!(!f.adds(enabled(&user("carl"))));
    assert!(!f.adds(unchanged(&user("carl"))));
    assert!(!f.adds(Condition::UserAbsent(name("anna"))));
    assert!(f.adds(Condition::UserAbsent(name("carl"))));
    let before = anna.clone();
    anna.enabled = false;
    f.commit(&[Change::PutUser(anna.clone())]);
    assert!(!f.adds(enabled(&anna)), "disabled");
    (anna.enabled, anna.generation) = (true, anna.generation.wrapping_add(1));
    f.commit(&[Change::PutUser(anna)]);
    assert!(!f.adds(enabled(&before)), "another seed");
    assert!(!f.adds(unchanged(&before)));
}

#[test]
fn a_session_must_live() {
    let mut f = Fixture::new();
    let session = f.session.clone();
    assert!(f.adds(Condition::SessionLiving(session.id)));
    f.commit(&[Change::EndSession(session.id)]);
    assert!(!f.adds(Condition::SessionLiving(session.id)));
}

#[test]
fn the_gates_own_record_must_be_the_one_that_was_read() {
    let mut f = Fixture::new();
    let gate_record = f.gate_record.clone();
    let unchanged = Condition::GateRecordUnchanged(Box::new(gate_record.clone()));
    assert!(f.adds(unchanged.clone()));
    assert!(f.adds(Condition::NoUserYet));
    let used = GateRecord { ever_had_user: true, ..gate_record };
    f.commit(&[Change::PutGateRecord(used)]);
    assert!(!f.adds(unchanged) && !f.adds(Condition::NoUserYet));
}

#[test]
fn one_condition_that_is_not_true_is_enough() {
    let mut f = Fixture::new();
    let session = f.session.clone();
    let conditions = [
        Condition::SessionLiving(session.id),
        Condition::UserAbsent(name("anna")),
        Condition::NoUserYet,
    ];
    let done = f.store.commit_if(&[Change::EndSession(session.id)], &conditions, NOW);
    assert_eq!(done, Ok(Commit::Conflict));
    assert!(f.store.has_session(&session.id));
}

#[test]
fn a_step_is_spent_of_the_user_as_the_same_commit_leaves_him() {
    let mut f = Fixture::new();
    let anna = f.anna.clone();
    let mut renamed = anna.clone();
    renamed.display_name = "Anna A.".to_owned();
    let spend = |step| Change::SpendStep(anna.name.clone(), TimeStep::new(step));
    f.commit(&[Change::PutUser(renamed.clone()), spend(9)]);
    renamed.spend(TimeStep::new(9));
    assert!(f.user(&anna.name) == Some(renamed.clone()));
    f.commit(&[spend(8)]);
    assert!(f.user(&anna.name) == Some(renamed), "it never goes back");
    f.commit(&[Change::RemoveUser(anna.name.clone()), spend(10)]);
    assert!(f.user(&anna.name).is_none(), "nobody comes back");
}

#[test]
fn a_session_that_has_ended_is_not_revived_by_its_use() {
    let mut f = Fixture::new();
    let session = f.session.clone();
    let later = NOW.plus(Duration::from_secs(60));
    f.commit(&[Change::UseSession(session.id, later)]);
    f.commit(&[Change::UseSession(session.id, NOW)]);
    let kept = f.store.cache.contents(&f.store.vault).expect("whole").sessions;
    assert_eq!(kept, [Session { last_seen: later, ..session.clone() }]);
    let changes = [Change::EndSession(session.id), Change::UseSession(session.id, later)];
    f.commit(&changes);
    assert!(!f.store.has_session(&session.id));
}

#[test]
fn the_use_of_a_pass_is_noted_and_revives_none() {
    let mut f = Fixture::new();
    let (_, pass) = pass_for("anna", &["photos.example.com"]);
    let later = NOW.plus(Duration::from_secs(60));
    let use_at = |at| Change::UsePass(pass.id, at);
    f.commit(&[Change::PutPass(pass.clone()), use_at(later)]);
    f.commit(&[use_at(NOW)]);
    assert_eq!(f.passes(), [AccessPass { last_used: Some(later), ..pass.clone() }]);
    f.commit(&[Change::RemovePass(pass.id), use_at(later)]);
    assert_eq!(f.passes(), []);
    f.commit(&[use_at(later)]);
    assert_eq!(f.passes(), []);
}

#[test]
fn the_passes_of_a_user_go_in_the_commit_that_removes_them() {
    let mut f = Fixture::new();
    let of = |user| pass_for(user, &["photos.example.com"]).1;
    let passes = [of("anna"), of("ben"), of("anna"), of("annabel")];
    let kept = |f: &Fixture| {
        let mut ids: Vec<PassId> = f.passes().iter().map(|pass| pass.id).collect();
        ids.sort_unstable();
        ids
    };
    let mut others = [passes[1].id, passes[3].id];
    others.sort_unstable();
    let [first, rest @ ..] = &passes;
    f.commit(&rest.iter().cloned().map(Change::PutPass).collect::<Vec<_>>());
    // Also one that the same commit has made or used.
    f.commit(&[
        Change::PutPass(first.clone()),
        Change::UsePass(passes[2].id, NOW),
        Change::RemoveUser(name("anna")),
    ]);
    assert_eq!(kept(&f), others);
    // Or has given to somebody else.
    let given = AccessPass { user: name("carl"), ..passes[1].clone() };
    f.commit(&[Change::PutPass(given), Change::RemoveUser(name("ben"))]);
    assert_eq!(kept(&f), others);
    f.commit(&[Change::RemoveUser(name("carl"))]);
    assert_eq!(kept(&f), [passes[3].id]);
}
