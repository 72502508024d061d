//! Who may give orders over the control socket, judged by what the kernel says of the connecting
//! process (`SO_PEERCRED`).

use nix::unistd::{Uid, geteuid};

use super::peer::Credentials;

/// The administrator (user 0), the daemon's own user, and the members of the control socket's
/// group.
#[derive(Clone, Copy, Debug)]
pub struct ControlAccess {
    user: Uid,
}

impl ControlAccess {
    /// The rule of this daemon.
    pub fn of_this_process() -> Self {
        Self { user: geteuid() }
    }

    /// Whether this process may give orders. Nobody may whose credentials the kernel does not give.
    pub fn permits(&self, peer: Option<Credentials>) -> bool {
        self.is_owner(peer) || peer.is_some_and(|peer| peer.operator)
    }

    /// Whether this process is the administrator's or the daemon's own user's, who could do the
    /// same on the files.
    pub fn is_owner(&self, peer: Option<Credentials>) -> bool {
        peer.map(|peer| Uid::from_raw(peer.uid))
            .is_some_and(|user| user.is_root() || user == self.user)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(uid: u32, operator: bool) -> Option<Credentials> {
        Some(Credentials { uid, gid: uid, pid: 1, operator })
    }

    #[test]
    fn only_root_the_own_user_and_the_group_give_orders() {
        let access = ControlAccess { user: Uid::from_raw(990) };
        assert!(access.permits(process(0, false)));
        assert!(access.permits(process(990, false)));
        assert!(access.permits(process(64_000, true)));
        assert!(!access.permits(process(64_000, false)));
        assert!(!access.permits(None));
        assert!(access.is_owner(process(0, false)) && access.is_owner(process(990, false)));
        assert!(!access.is_owner(process(64_000, true)) && !access.is_owner(None));
    }
}
