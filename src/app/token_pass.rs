//! Whether a program's pass counts for this request.
//!
//! Guarantees: beside a living session a pass never lets anybody in; it is good only behind a
//! trusted proxy, which says which place is meant, and only while the clock can be trusted. Touches
//! no disk, allocates nothing, whatever comes.

use crate::auth::access_pass::passes::PassFault;
use crate::auth::access_pass::record::AccessPass;
use crate::clock::Timestamp;
use crate::http::request::Head;
use crate::original::purpose::ForwardingFamily;
use crate::original::request::{Arrival, OriginalRequest};

use crate::app::denial::VerifyDenial;
use crate::app::identity::KnownUser;
use crate::app::living_session::LivingSession;
use crate::app::place;
use crate::app::presented_pass::{PresentedPass, presented};
use crate::app::view::View;

/// What the pass of a request comes to.
#[derive(Clone, Copy)]
pub enum TokenPass<'g> {
    /// There is none, or it makes no difference.
    None,
    /// It is good here.
    Good {
        /// The pass.
        pass: &'g AccessPass,
        /// Its user.
        user: &'g KnownUser,
    },
    /// It is not.
    Bad(PassFault),
    /// It is that of another user than the session beside it.
    OfAnother,
}

impl<'g> TokenPass<'g> {
    /// Whose it is, if it is good here.
    pub fn user(&self) -> Option<&'g KnownUser> {
        if let Self::Good { user, .. } = self { Some(user) } else { None }
    }
}

/// The pass of this request, beside what its cookies came to.
#[inline(never)] // Most requests bring no pass.
pub fn of_request<'g>(
    view: &View<'g>,
    head: &Head<'_>,
    original: &OriginalRequest<'_>,
    family: ForwardingFamily,
    session: &Result<LivingSession<'g, '_>, VerifyDenial>,
    now: Timestamp,
) -> TokenPass<'g> {
    match session {
        // Neither counts where nobody knows the time, or who is meant.
        Err(VerifyDenial::Clock(_) | VerifyDenial::SessionsDisagree) => TokenPass::None,
        Ok(living) => match presented(&head.headers) {
            Some(Ok(token)) => beside(view, living, &token, now),
            _ => TokenPass::None,
        },
        Err(_) => match presented(&head.headers) {
            None => TokenPass::None,
            Some(Err(fault)) => TokenPass::Bad(fault),
            Some(Ok(token)) => {
                alone(view, head, original, family, &token, now).unwrap_or_else(TokenPass::Bad)
            }
        },
    }
}

/// A session wins, unless a living pass says that somebody else is here.
fn beside<'g>(
    view: &View<'g>,
    living: &LivingSession<'g, '_>,
    token: &PresentedPass,
    now: Timestamp,
) -> TokenPass<'g> {
    match view.passes.find(&token.digest, now) {
        Ok(pass) if pass.user != living.session.user => TokenPass::OfAnother,
        _ => TokenPass::None,
    }
}

fn alone<'g>(
    view: &View<'g>,
    head: &Head<'_>,
    original: &OriginalRequest<'_>,
    family: ForwardingFamily,
    token: &PresentedPass,
    now: Timestamp,
) -> Result<TokenPass<'g>, PassFault> {
    if original.arrival != Arrival::Proxied {
        return Err(PassFault::NoPlace);
    }
    let place = place::place(view.config, head, original, family, true);
    let mut readings = view.readings.borrow_mut();
    let pass = view.passes.admit(&token.digest, token.carrier, &place, now, &mut readings)?;
    let user = view.users.find(&pass.user).ok_or(PassFault::UserGone)?;
    Ok(TokenPass::Good { pass, user })
}
