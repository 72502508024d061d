//! The living session of a request: genuine by its token, and not ended.
//!
//! Guarantees: bad cookies are skipped, because another site under the same domain can set any;
//! where good ones name different users none counts. Touches no disk, allocates nothing.

use crate::auth::session::Session;
use crate::auth::token::{self, Scratch};
use crate::auth::trusted_time;
use crate::clock::Timestamp;
use crate::http::cookie;
use crate::http::request::Head;

use crate::app::denial::VerifyDenial;
use crate::app::identity::KnownUser;
use crate::app::view::View;

/// A living session, and what proves it.
#[derive(Clone, Copy)]
pub struct LivingSession<'g, 'h> {
    /// The session.
    pub session: &'g Session,
    /// Its user.
    pub user: &'g KnownUser,
    /// The value of its cookie.
    pub token: &'h [u8],
}

/// The living session of this request, if it has exactly one user's.
pub fn living_session<'g, 'h>(
    view: &View<'g>,
    head: &Head<'h>,
    now: Timestamp,
) -> Option<LivingSession<'g, 'h>> {
    genuine_session(view, head, now).ok()
}

/// Looks through the cookies of the session's name. Bad ones are skipped: another site under the
/// same domain can set any.
pub fn genuine_session<'g, 'h>(
    view: &View<'g>,
    head: &Head<'h>,
    now: Timestamp,
) -> Result<LivingSession<'g, 'h>, VerifyDenial> {
    trusted_time::judge(now, view.floor).map_err(VerifyDenial::Clock)?;
    let mut scratch = view.scratch.borrow_mut();
    let mut found: Result<LivingSession<'_, '_>, VerifyDenial> = Err(VerifyDenial::NoCookie);
    for token in cookie::values(&head.headers, view.cookie_name) {
        match (found, admit(view, token, now, &mut scratch)) {
            (Ok(one), Ok(other)) if one.session.user != other.session.user => {
                return Err(VerifyDenial::SessionsDisagree);
            }
            (Err(_), next) => found = next,
            (Ok(_), _) => {}
        }
    }
    found
}

fn admit<'g, 'h>(
    view: &View<'g>,
    token: &'h [u8],
    now: Timestamp,
    scratch: &mut Scratch,
) -> Result<LivingSession<'g, 'h>, VerifyDenial> {
    let claims =
        token::verify(token, view.keyring, now, scratch).map_err(VerifyDenial::BadToken)?;
    let session = view.sessions.admit(&claims, now).map_err(VerifyDenial::NotLive)?;
    let user = view.users.find(&session.user).ok_or(VerifyDenial::UnknownUser)?;
    Ok(LivingSession { session, user, token })
}
