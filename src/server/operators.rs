//! Who may give orders over the control socket, judged by the kernel's word on the connecting process.

use std::ffi::CString;
use std::path::Path;

use nix::unistd::{Gid, Uid, User, geteuid, getgrouplist};

use super::Credentials;

/// The administrator (user 0), the daemon's own user, and the members of the control socket's group.
#[derive(Clone, Copy, Debug)]
pub struct Operators {
    user: Uid,
    group: Option<Gid>,
}

impl Operators {
    /// Those of the socket at `path`. Where its group cannot be read, only the two users remain.
    pub fn of_socket(path: &Path) -> Self {
        use std::os::unix::fs::MetadataExt as _;
        let group = std::fs::metadata(path).ok().map(|found| Gid::from_raw(found.gid()));
        Self { user: geteuid(), group }
    }

    /// Whether this process may give orders. Nobody may whose credentials the kernel does not tell.
    pub fn admit(&self, peer: Option<Credentials>) -> bool {
        self.are_owners(peer)
            || peer
                .is_some_and(|peer| self.group.is_some_and(|group| is_member(Uid::from_raw(peer.uid), peer.gid, group)))
    }

    /// Whether this process is the administrator's or the daemon's own user's, who could do the same on the files.
    pub fn are_owners(&self, peer: Option<Credentials>) -> bool {
        peer.map(|peer| Uid::from_raw(peer.uid)).is_some_and(|user| user.is_root() || user == self.user)
    }
}

/// The kernel tells only the effective group; the further ones stand in the group database.
fn is_member(user: Uid, effective: u32, group: Gid) -> bool {
    if effective == group.as_raw() {
        return true;
    }
    let Ok(Some(entry)) = User::from_uid(user) else { return false };
    let Ok(name) = CString::new(entry.name) else { return false };
    getgrouplist(&name, entry.gid).is_ok_and(|groups| groups.contains(&group))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(uid: u32, gid: u32) -> Option<Credentials> {
        Some(Credentials { uid, gid, pid: 1 })
    }

    #[test]
    fn only_root_the_own_user_and_the_group_give_orders() {
        let operators = Operators { user: Uid::from_raw(990), group: Some(Gid::from_raw(991)) };
        assert!(operators.admit(process(0, 0)));
        assert!(operators.admit(process(990, 990)));
        assert!(operators.admit(process(64_000, 991)));
        assert!(!operators.admit(process(64_000, 64_000)));
        assert!(!operators.admit(None));
        assert!(operators.are_owners(process(0, 0)) && operators.are_owners(process(990, 990)));
        assert!(!operators.are_owners(process(64_000, 991)) && !operators.are_owners(None));
    }
}
