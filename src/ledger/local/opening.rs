//! Opening: the database if it is sound, else the snapshot, else a refusal. Never zero users by
//! accident.

use crate::auth::audit::Missing;
use crate::auth::event::{Action, Actor, Event};
use crate::clock::Timestamp;
use crate::ledger::change::{Change, Contents, Settings};
use crate::ledger::local::attempt::{self, Attempt};
use crate::ledger::local::engine::{Engine, OpenError};
use crate::ledger::local::error::StoreError;
use crate::ledger::local::evidence::{Distrust, Evidence};
use crate::ledger::local::frozen;
use crate::ledger::local::identity::{self, Identity};
use crate::ledger::local::migrate;
use crate::ledger::local::place::{DATABASE, Place, WITNESS};
use crate::ledger::local::rewrite::{rewrite, tidy};
use crate::ledger::local::schema::SCHEMA;
use crate::ledger::local::seal::Vault;
use crate::ledger::local::shelf::{Edits, Shelf};
use crate::ledger::local::snapshot;
use crate::ledger::local::sound::Sound;
use crate::ledger::local::trail::Trail;
use crate::ledger::local::unsound::{Unsound, refuse};
use crate::ledger::local::witness::{Said, Witness};

/// An open store's parts.
pub(super) struct Ready {
    pub(super) engine: Engine,
    pub(super) witness: Witness,
    pub(super) shelf: Shelf,
    pub(super) trail: Trail,
    pub(super) contents: Contents,
    pub(super) snapshot_taken: Timestamp,
    /// What the operator is told, if the snapshot had to stand in.
    pub(super) recovered: Option<String>,
}

enum Found {
    Sound(Engine, Box<Sound>),
    Nothing,
    Damaged(Distrust),
}

/// Opens, recovers, or makes a new store. The lock is held.
pub(super) fn open(place: &Place, vault: &mut Vault, now: Timestamp) -> Result<Ready, StoreError> {
    let identity = identity::read(place)?;
    if let Identity::Says { schema, fingerprint } = identity {
        migrate::admit((schema, fingerprint), vault).map_err(refuse)?;
    }
    tidy(place)?;
    let evidence = Evidence::gather(place, vault).map_err(refuse)?;
    let lost = match database(place, vault, &evidence)? {
        Found::Sound(engine, sound) => {
            let Sound { mut shelf, contents, trail } = *sound;
            let (engine, trail) = match trail {
                Some(trail) => (engine, trail),
                None => {
                    let mut edits = Edits::new();
                    let trail = Trail::default().begin(
                        &log_begun("an older release kept none"),
                        now,
                        vault,
                        &mut edits,
                    )?;
                    let manifest = shelf.manifest_after(&edits, true, vault);
                    shelf.apply(edits, manifest);
                    (rewrite(place, vault, &shelf, Some(engine))?, trail)
                }
            };
            let snapshot_taken = refresh_snapshot(place, vault, &shelf, evidence.snapshot, now)?;
            if !place.has(WITNESS) {
                Witness::create(place, vault, said(&shelf, &trail))?;
            }
            if !matches!(identity, Identity::Says { schema: SCHEMA, .. }) {
                identity::write(place, vault.fingerprint())?;
            }
            let witness = Witness::open(place)?;
            return Ok(Ready {
                engine,
                witness,
                shelf,
                trail,
                contents,
                snapshot_taken,
                recovered: None,
            });
        }
        Found::Nothing => None,
        Found::Damaged(distrust) => Some(distrust),
    };
    let (lost, due) = lost.map_or((None, 0), |Distrust { why, due }| (Some(why), due));
    let Some(snapshot) = snapshot::stored(place, vault).map_err(|unsound| match unsound {
        Unsound::Damaged(why) => StoreError::Damaged(format!("{}; {why}", told(lost.as_deref()))),
        other => refuse(other),
    })?
    else {
        return match (lost, place.holds_a_store()) {
            (None, false) => {
                let nothing = Origin::nothing(vault);
                create(place, vault, now, nothing)
            }
            (None, true) => Err(StoreError::Empty(place.dir().to_path_buf())),
            (Some(why), _) => Err(StoreError::Damaged(format!("{why}; there is no snapshot"))),
        };
    };
    evidence
        .may_stand_in(snapshot.sequence, due)
        .map_err(|why| StoreError::Damaged(format!("{}; {why}", told(lost.as_deref()))))?;
    let vouched = evidence.vouches_for_snapshot(snapshot.sequence);
    let (sequence, taken) = (snapshot.sequence, snapshot.taken);
    let contents = snapshot.restore(vault, now, vouched).map_err(StoreError::Damaged)?;
    if !vouched && contents.users.is_empty() && !contents.settings.ever_had_user {
        // It may be the one of the first day.
        return Err(StoreError::Empty(place.dir().to_path_buf()));
    }
    let report = report(place, lost, taken, vouched, now)?;
    // Never behind what was acknowledged, or the next start would take the new database for an old
    // one.
    let said = evidence.said.unwrap_or_default();
    let sequence = said.commit.max(sequence);
    let (trail, missing) = Trail::salvaged(place, vault, said.entry, vouched);
    let begun = log_begun("the snapshot stands in for a lost database").about(listed(&missing));
    create(place, vault, now, Origin { contents, sequence, trail, begun, recovered: Some(report) })
}

/// The entries that are missing, as the subject of the line that tells of them.
fn listed(missing: &[Missing]) -> String {
    match missing {
        [] => "none".to_owned(),
        some => some.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
    }
}

/// What is wrong with the database, in words.
fn told(lost: Option<&str>) -> &str {
    lost.unwrap_or("the database is gone")
}

/// What the witness says of an open store.
fn said(shelf: &Shelf, trail: &Trail) -> Said {
    let manifest = shelf.manifest();
    Said { commit: manifest.sequence, snapshot: manifest.snapshot, entry: trail.head.number }
}

/// Reads and checks the database.
fn database(place: &Place, vault: &mut Vault, evidence: &Evidence) -> Result<Found, StoreError> {
    if !place.has(DATABASE) {
        return Ok(Found::Nothing);
    }
    let Some(attempt) = Attempt::begin(place) else {
        let why = "opening the database ended the program several times".to_owned();
        return Ok(Found::Damaged(Distrust { why, due: 0 }));
    };
    let found = read_database(place, vault, evidence);
    attempt.end();
    found
}

fn read_database(
    place: &Place,
    vault: &mut Vault,
    evidence: &Evidence,
) -> Result<Found, StoreError> {
    let engine = match Engine::open(place, &place.path(DATABASE)) {
        Ok(engine) => engine,
        Err(error) => return unopened(error, place, vault),
    };
    let Distrust { why, due } = match engine.records() {
        Err(error) => return unopened(error, place, vault),
        Ok(raw) => match Shelf::load(raw, vault) {
            Err(Unsound::Damaged(why)) => Distrust { why, due: 0 },
            Err(other) => return Err(refuse(other)),
            Ok(shelf) => match Sound::of(place, shelf, vault, evidence) {
                Ok(sound) => return Ok(Found::Sound(engine, Box::new(sound))),
                Err(distrust) => distrust,
            },
        },
    };
    Ok(Found::Damaged(Distrust { why: format!("the database is not whole: {why}"), due }))
}

/// A database that does not open is damaged, unless the machine is to blame.
fn unopened(error: OpenError, place: &Place, vault: &mut Vault) -> Result<Found, StoreError> {
    let why = match error {
        // A disk that cannot even be read from is damage: the snapshot may well be readable.
        OpenError::System(error @ StoreError::Failing(_))
            if frozen::read(place, vault).is_err() =>
        {
            error.to_string()
        }
        OpenError::System(error) => return Err(error),
        OpenError::Damaged(why) => why,
    };
    Ok(Found::Damaged(Distrust { why: format!("the database does not open: {why}"), due: 0 }))
}

/// Writes the snapshot again if it is missing, damaged or older than the last change that it
/// follows: the plug was pulled between the two. Gives when it was taken.
fn refresh_snapshot(
    place: &Place,
    vault: &mut Vault,
    shelf: &Shelf,
    found: Option<(u64, Timestamp)>,
    now: Timestamp,
) -> Result<Timestamp, StoreError> {
    let due = shelf.manifest().snapshot;
    match found {
        Some((sequence, taken)) if sequence == due => Ok(taken),
        _ => snapshot::stage(place, vault, shelf, &Default::default(), due, now)?
            .publish(place)
            .map(|()| now),
    }
}

/// What a store is made from.
struct Origin {
    contents: Contents,
    /// Commits are counted from here on.
    sequence: u64,
    trail: Trail,
    begun: Event,
    recovered: Option<String>,
}

impl Origin {
    fn nothing(vault: &mut Vault) -> Self {
        let settings = Settings::with_device_key(vault.random());
        let contents =
            Contents { users: Vec::new(), sessions: Vec::new(), counters: Vec::new(), settings };
        Self {
            contents,
            sequence: 0,
            trail: Trail::default(),
            begun: log_begun("a new store"),
            recovered: None,
        }
    }
}

/// Makes a store: an empty one, or of what a snapshot gave.
fn create(
    place: &Place,
    vault: &mut Vault,
    now: Timestamp,
    from: Origin,
) -> Result<Ready, StoreError> {
    let Origin { contents, sequence, trail, begun, recovered } = from;
    let mut changes = vec![Change::PutSettings(contents.settings.clone())];
    changes.extend(contents.users.iter().cloned().map(Change::PutUser));
    changes.extend(
        contents.counters.iter().cloned().map(|(key, counter)| Change::PutCounter(key, counter)),
    );
    let mut shelf = Shelf::after(sequence);
    let mut edits = Shelf::edits(&changes, vault)?;
    let trail = trail.begin(&begun, now, vault, &mut edits)?;
    let manifest = shelf.manifest_after(&edits, true, vault);
    shelf.apply(edits, manifest);
    let engine = rewrite(place, vault, &shelf, None)?;
    let snapshot_taken = refresh_snapshot(place, vault, &shelf, None, now)?;
    Witness::create(place, vault, said(&shelf, &trail))?;
    let witness = Witness::open(place)?;
    // Last: from here on a missing database is a loss.
    identity::write(place, vault.fingerprint())?;
    attempt::forget(place);
    Ok(Ready { engine, witness, shelf, trail, contents, snapshot_taken, recovered })
}

fn log_begun(why: &str) -> Event {
    Event::new(Action::LogBegun, Actor::Gate).because(why)
}

/// Sets a damaged database aside and says what happened. It is renamed only now, when the snapshot
/// is known to be good.
fn report(
    place: &Place,
    lost: Option<String>,
    taken: Timestamp,
    vouched: bool,
    now: Timestamp,
) -> Result<String, StoreError> {
    let what = match lost {
        None => "the database is gone".to_owned(),
        Some(why) => {
            let name = free_name(place, &format!("db.damaged-{}", now.unix()));
            place.rename(DATABASE, &name)?;
            format!("{why}. It was set aside as {}", place.path(&name).display())
        }
    };
    let latest = match vouched {
        true => "",
        false => {
            " Nothing shows that it is the latest: look whether users are back that were removed or disabled."
        }
    };
    Ok(format!(
        "{what}. Users and settings come from the snapshot of {} (Unix time); everybody has to sign in again.{latest} Because nobody knows which guesses came in between, browsers from the internet that never signed in have none left, home and known devices a few: `portcullis limit clear --all` gives all back",
        taken.unix()
    ))
}

/// The name, with a number behind it if it is taken.
pub(super) fn free_name(place: &Place, name: &str) -> String {
    let numbered = (1_u32..)
        .map(|number| if number == 1 { name.to_owned() } else { format!("{name}-{number}") });
    numbered.into_iter().find(|name| !place.has(name)).unwrap_or_else(|| name.to_owned())
}
