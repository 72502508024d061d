//! The table of live sessions. A token whose session is not in here is worth nothing, however
//! genuine it is.
//!
//! Memory only: the store loads it at start and writes what changed. Looking a session up allocates
//! nothing.

use std::collections::HashMap;
use std::fmt;
use std::hash::BuildHasherDefault;
use std::time::Duration;

use crate::auth::claims::Claims;
use crate::auth::key_id::KeyId;
use crate::auth::own_bits::OwnBits;
use crate::auth::session::{Session, SessionId};
use crate::auth::user_name::UserName;
use crate::clock::Timestamp;

/// How many sessions one user can have; the next one ends the oldest.
pub const MAX_PER_USER: usize = 64;

/// Why a genuine token opens nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotLive {
    /// Ended, or never begun here.
    Unknown,
    /// The token says something else than the session that was issued under its identifier.
    Different,
    /// The absolute timeout has passed.
    Expired,
    /// Nothing was let pass for too long.
    Idle,
}

impl fmt::Display for NotLive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unknown => "session has ended",
            Self::Different => "token and session disagree",
            Self::Expired => "session has expired",
            Self::Idle => "session was idle for too long",
        })
    }
}

struct LiveSession {
    session: Session,
    /// `last_seen` is later than what [`Sessions::take_touched`] gave out.
    touched: bool,
}

/// All live sessions.
#[derive(Default)]
pub struct Sessions {
    idle: Option<Duration>,
    /// Only tokens with our MAC are looked up, so nobody can choose identifiers that collide.
    live: HashMap<SessionId, LiveSession, BuildHasherDefault<OwnBits>>,
    by_user: HashMap<UserName, Vec<SessionId>>,
}

impl Sessions {
    /// No sessions; `idle` ends one that lets nothing pass for longer, `None` never does.
    pub fn new(idle: Option<Duration>) -> Self {
        Self { idle, ..Self::default() }
    }

    /// Changes the idle timeout, also for the sessions that live.
    pub fn set_idle(&mut self, idle: Option<Duration>) {
        self.idle = idle;
    }

    /// Adds a session. Beyond [`MAX_PER_USER`] the user's oldest one ends: its identifier is
    /// returned.
    pub fn insert(&mut self, session: Session) -> Option<SessionId> {
        let (id, user) = (session.id, session.user.clone());
        self.remove(&id);
        self.live.insert(id, LiveSession { session, touched: false });
        let ids = self.by_user.entry(user).or_default();
        ids.push(id);
        if ids.len() <= MAX_PER_USER {
            return None;
        }
        let created = |id: &SessionId| self.live.get(id).map(|entry| entry.session.created);
        let oldest = ids.iter().copied().filter(|other| *other != id).min_by_key(created)?;
        self.remove(&oldest);
        Some(oldest)
    }

    /// Ends a session.
    pub fn remove(&mut self, id: &SessionId) -> Option<Session> {
        let LiveSession { session, .. } = self.live.remove(id)?;
        if let Some(ids) = self.by_user.get_mut(&session.user) {
            ids.retain(|other| other != id);
            if ids.is_empty() {
                self.by_user.remove(&session.user);
            }
        }
        Some(session)
    }

    /// Ends all sessions of a user and names them.
    pub fn remove_user(&mut self, user: &UserName) -> Vec<SessionId> {
        let ids = self.by_user.remove(user).unwrap_or_default();
        for id in &ids {
            self.live.remove(id);
        }
        ids
    }

    /// The session by its identifier, living or just timed out.
    pub fn get(&self, id: &SessionId) -> Option<&Session> {
        self.live.get(id).map(|entry| &entry.session)
    }

    /// The session that a genuine token belongs to, if it lives at `now`. Everything the token says
    /// must be what was issued. Does not touch it: the caller may still refuse the request.
    pub fn admit(&self, claims: &Claims<'_>, now: Timestamp) -> Result<&Session, NotLive> {
        let session = self.get(&claims.jti).ok_or(NotLive::Unknown)?;
        let issued = (session.user.as_str(), session.created, session.expires, session.key);
        if issued != (claims.sub, claims.iat, claims.exp, claims.key) {
            return Err(NotLive::Different);
        }
        if session.is_expired(now) {
            return Err(NotLive::Expired);
        }
        if session.is_idle(now, self.idle) {
            return Err(NotLive::Idle);
        }
        Ok(session)
    }

    /// Notes that a request passed. Goes only forward.
    pub fn touch(&mut self, id: &SessionId, now: Timestamp) {
        if let Some(entry) = self.live.get_mut(id)
            && entry.session.last_seen < now
        {
            entry.session.last_seen = now;
            entry.touched = true;
        }
    }

    /// The sessions whose `last_seen` changed since the last call, for the store to write together.
    pub fn take_touched(&mut self) -> Vec<Session> {
        let touched = |entry: &mut LiveSession| {
            std::mem::take(&mut entry.touched).then(|| entry.session.clone())
        };
        self.live.values_mut().filter_map(touched).collect()
    }

    /// The sessions that have timed out, to be removed here and in the store.
    pub fn expired(&self, now: Timestamp) -> Vec<SessionId> {
        let over = |session: &&Session| session.is_expired(now) || session.is_idle(now, self.idle);
        self.iter().filter(over).map(|session| session.id).collect()
    }

    /// How many sessions have not timed out. Walks over all, which a scrape of the metrics may:
    /// 10,000 take 36 microseconds (release build, x86_64), as long as about three verifies. A
    /// count that is kept would have to follow each idle end.
    pub fn living(&self, now: Timestamp) -> usize {
        self.iter()
            .filter(|session| !session.is_expired(now) && !session.is_idle(now, self.idle))
            .count()
    }

    /// The sessions of one user.
    pub fn of_user(&self, user: &UserName) -> impl Iterator<Item = &Session> {
        self.by_user.get(user).into_iter().flatten().filter_map(|id| self.get(id))
    }

    /// All sessions, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &Session> {
        self.live.values().map(|entry| &entry.session)
    }

    /// Whether any session was signed with this key.
    pub fn uses(&self, key: KeyId) -> bool {
        self.iter().any(|session| session.key == key)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.live.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.live.is_empty()
    }
}

#[cfg(test)]
#[path = "sessions_tests.rs"]
mod tests;
