//! Who may give orders over the control socket, judged by the kernel's word on the connecting
//! process.

use nix::unistd::{Uid, geteuid};

use super::peer::Credentials;

/// The administrator (user 0), the daemon's own user, and the members of the control socket's
/// group.
#[derive(Clone, Copy, Debug)]
pub struct Operators {
    user: Uid,
}

impl Operators {
    /// Those of this daemon.
    pub fn of_this_process() -> Self {
        Self { user: geteuid() }
    }

    /// Whether this process may give orders. Nobody may whose credentials the kernel does not tell.
    pub fn admit(&self, peer: Option<Credentials>) -> bool {
        self.are_owners(peer) || peer.is_some_and(|peer| peer.operator)
    }

    /// Whether this process is the administrator's or the daemon's own user's, who could do the
    /// same on the files.
    pub fn are_owners(&self, peer: Option<Credentials>) -> bool {
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
        let operators = Operators { user: Uid::from_raw(990) };
        assert!(operators.admit(process(0, false)));
        assert!(operators.admit(process(990, false)));
        assert!(operators.admit(process(64_000, true)));
        assert!(!operators.admit(process(64_000, false)));
        assert!(!operators.admit(None));
        assert!(
            operators.are_owners(process(0, false)) && operators.are_owners(process(990, false))
        );
        assert!(!operators.are_owners(process(64_000, true)) && !operators.are_owners(None));
    }
}
