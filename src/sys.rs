//! System calls that have no safe wrapper in `nix`: the only file where `unsafe` is allowed.
#![allow(unsafe_code, reason = "each block says why it is sound")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::ffi::CStr;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::ptr;

use nix::libc;

/// Takes over a descriptor that systemd handed to this process (`sd_listen_fds(3)`).
///
/// Call it at most once for each number, and only for numbers that `LISTEN_FDS` names.
pub fn adopt_descriptor(number: RawFd) -> OwnedFd {
    // SAFETY: `LISTEN_PID` says that the descriptors from 3 on were opened for this process and
    // belong to nobody else in it; the caller adopts each number once, at start, before any other
    // descriptor is made.
    unsafe { OwnedFd::from_raw_fd(number) }
}

/// Makes the descriptor `number` of this process stand for the file that is open as `instead`
/// (`dup3(2)`), and says whether it does. Whoever owns `number` goes on owning it, and reads and
/// writes that other file from now on.
pub fn redirect_descriptor(number: RawFd, instead: &impl AsFd) -> bool {
    // SAFETY: no memory is touched, and no descriptor changes hands: `number` stays open and stays
    // its owner's.
    unsafe { libc::dup3(instead.as_fd().as_raw_fd(), number, libc::O_CLOEXEC) == number }
}

unsafe extern "C" {
    /// The variables that the process was started with (environ(7)).
    static environ: *const *mut libc::c_char;
}

/// Overwrites the variable `name` with zeros where the kernel put it at the start of the process,
/// which is what `/proc/PID/environ` shows for as long as the process lives, and what a program
/// that it starts would be given.
///
/// Call it while there is one thread. Whoever needs the value has read it before.
pub fn wipe_variable(name: &str) {
    // SAFETY: `environ` is null or a list that ends with a null pointer; its entries are strings
    // that end with NUL, in memory that belongs to the process and may be written to. There is no
    // other thread that could read or change them, and nothing borrows from them: the standard
    // library hands out copies. An entry without `=` is skipped by it.
    unsafe {
        let mut entry = environ;
        while !entry.is_null() && !(*entry).is_null() {
            let text = CStr::from_ptr(*entry).to_bytes();
            let length = text.len();
            if text.strip_prefix(name.as_bytes()).is_some_and(|rest| rest.starts_with(b"=")) {
                for at in 0..length {
                    (*entry).add(at).write_volatile(0);
                }
            }
            entry = entry.add(1);
        }
    }
}

/// Whether the kernel's clock has been disciplined by a time source (`adjtimex(2)`).
///
/// `None` where the call is forbidden (seccomp, some containers).
pub fn kernel_clock_synchronised() -> Option<bool> {
    // SAFETY: a zeroed `timex` is a valid value (plain integers), and `modes = 0` makes the call
    // read-only.
    let (state, status) = unsafe {
        let mut timex: libc::timex = std::mem::zeroed();
        (libc::adjtimex(&raw mut timex), timex.status)
    };
    match state {
        -1 => None,
        libc::TIME_ERROR => Some(false),
        _ => Some(status & libc::STA_UNSYNC == 0),
    }
}

/// Whether the process at the other end of a Unix socket was a member of `group` when it connected
/// (`SO_PEERGROUPS`, Linux 4.13). The kernel knows more than the group database: it also tells what
/// a container or a user name space sees.
///
/// `false` where the kernel does not tell, or tells of more than 1,024 groups.
pub fn peer_is_member(socket: &impl AsFd, group: u32) -> bool {
    let mut groups: [libc::gid_t; 1024] = [0; 1024];
    let mut length = libc::socklen_t::try_from(size_of_val(&groups)).unwrap_or(0);
    // SAFETY: the kernel writes at most `length` octets, which is the size of `groups`, whose
    // elements are plain integers, and the descriptor is open for as long as it is borrowed.
    let done = unsafe {
        libc::getsockopt(
            socket.as_fd().as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_PEERGROUPS,
            groups.as_mut_ptr().cast(),
            &raw mut length,
        )
    };
    let told = usize::try_from(length).unwrap_or(0) / size_of::<libc::gid_t>();
    done == 0 && groups.iter().take(told).any(|member| *member == group)
}

/// An allocator that takes large blocks straight from the kernel, which gives a page only when it
/// is touched; small ones from the C library.
///
/// A C library's `calloc` may write zeros into fresh memory, as that of the static binaries does:
/// the store's statistics, zeroed and never used, would cost 21 MiB of a small board's memory. And
/// a large block that is given back is the kernel's again, at once.
pub struct LargeFromKernel;

/// From this size on, in bytes, a block is large.
const LARGE: usize = 128 * 1024;

/// No more is promised by mmap(2), on any of our targets.
const PAGE: usize = 4096;

fn is_large(layout: Layout) -> bool {
    layout.size() >= LARGE && layout.align() <= PAGE
}

/// A fresh mapping of zeros; null where the kernel has none to give.
fn map(size: usize) -> *mut u8 {
    let (protection, flags) =
        (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
    // SAFETY: a fresh mapping, at an address of the kernel's choice, touches nothing that is there.
    let block = unsafe { libc::mmap(ptr::null_mut(), size, protection, flags, -1, 0) };
    if block == libc::MAP_FAILED { ptr::null_mut() } else { block.cast() }
}

/// Gives back a whole mapping of [`map`], which nobody uses any more.
fn unmap(block: *mut u8, size: usize) {
    // SAFETY: only `dealloc` calls this, once for each mapping, with the size it was made with. It
    // cannot fail for a whole mapping.
    unsafe { libc::munmap(block.cast(), size) };
}

// SAFETY: large blocks are anonymous mappings of their own, at least as long as asked for, aligned
// to a page and zeroed by the kernel; every other call goes to the system's allocator, which keeps
// the contract. Which of the two a block came from is seen by its layout, which the caller gives
// back unchanged.
//
// Not inlined: every drop of every vector would carry it, 100 KB in all.
unsafe impl GlobalAlloc for LargeFromKernel {
    #[inline(never)]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if is_large(layout) {
            return map(layout.size());
        }
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    #[inline(never)]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if is_large(layout) {
            return map(layout.size());
        }
        // SAFETY: as the caller promises.
        unsafe { System.alloc_zeroed(layout) }
    }

    #[inline(never)]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if is_large(layout) {
            return unmap(block, layout.size());
        }
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(block, layout) }
    }

    #[inline(never)]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let Ok(wanted) = Layout::from_size_align(size, layout.align()) else {
            return ptr::null_mut();
        };
        if !is_large(layout) && !is_large(wanted) {
            // SAFETY: as the caller promises.
            return unsafe { System.realloc(block, layout, size) };
        }
        // SAFETY: as the caller promises.
        unsafe { self.moved(block, layout, wanted) }
    }
}

impl LargeFromKernel {
    /// The block's new place, where the old or the new one is large.
    ///
    /// # Safety
    /// As for [`GlobalAlloc::realloc`].
    unsafe fn moved(&self, block: *mut u8, layout: Layout, wanted: Layout) -> *mut u8 {
        // SAFETY: as the caller promises; the two blocks are different ones.
        unsafe {
            let moved = self.alloc(wanted);
            if !moved.is_null() {
                ptr::copy_nonoverlapping(block, moved, layout.size().min(wanted.size()));
                self.dealloc(block, layout);
            }
            moved
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Grows, shrinks and frees a block across the border, and looks at every octet.
    #[test]
    fn what_a_block_holds_survives_its_moves_between_kernel_and_library() {
        let sizes = [1, LARGE - 1, LARGE, LARGE + 1, 3 * LARGE, LARGE, LARGE - 1, 64, 2 * LARGE];
        let layout = |size| Layout::from_size_align(size, 8).expect("a layout");
        let mut size = 32;
        // SAFETY: each block is used within its size and given back once, with the layout it has.
        unsafe {
            let mut block = LargeFromKernel.alloc_zeroed(layout(size));
            for wanted in sizes {
                for at in 0..size {
                    block.add(at).write((at % 251).try_into().expect("an octet"));
                }
                block = LargeFromKernel.realloc(block, layout(size), wanted);
                assert!(!block.is_null());
                assert!(
                    (0..size.min(wanted)).all(|at| usize::from(block.add(at).read()) == at % 251),
                    "{size} {wanted}"
                );
                size = wanted;
            }
            LargeFromKernel.dealloc(block, layout(size));
            let block = LargeFromKernel.alloc_zeroed(layout(2 * LARGE));
            assert!((0..2 * LARGE).all(|at| block.add(at).read() == 0));
            LargeFromKernel.dealloc(block, layout(2 * LARGE));
        }
    }

    #[test]
    fn every_alignment_is_kept_on_both_sides_of_the_border() {
        for size in [1, LARGE - 1, LARGE, LARGE + 1] {
            for align in (0..=14).map(|power| 1_usize << power) {
                let layout = Layout::from_size_align(size, align).expect("a layout");
                let grown = Layout::from_size_align(2 * LARGE, align).expect("a layout");
                // SAFETY: the block is used within its size and given back once, with the layout it
                // has.
                unsafe {
                    let block = LargeFromKernel.alloc_zeroed(layout);
                    assert!(
                        !block.is_null() && block.addr().is_multiple_of(align),
                        "{size} {align}"
                    );
                    assert_eq!(
                        (block.read(), block.add(size - 1).read()),
                        (0, 0),
                        "{size} {align}"
                    );
                    block.add(size - 1).write(7);
                    let block = LargeFromKernel.realloc(block, layout, grown.size());
                    assert!(block.addr().is_multiple_of(align), "{size} {align}");
                    assert_eq!(block.add(size - 1).read(), 7, "{size} {align}");
                    block.add(grown.size() - 1).write(7);
                    LargeFromKernel.dealloc(block, grown);
                }
            }
        }
    }

    #[test]
    fn what_the_kernel_cannot_give_is_refused_and_nothing_is_lost() {
        let layout = Layout::from_size_align(LARGE, 8).expect("a layout");
        let too_much = Layout::from_size_align(1 << 60, 8).expect("a layout");
        // SAFETY: the block is used within its size and given back once, with the layout it has.
        unsafe {
            assert!(LargeFromKernel.alloc(too_much).is_null());
            let block = LargeFromKernel.alloc(layout);
            block.write(7);
            assert!(LargeFromKernel.realloc(block, layout, too_much.size()).is_null());
            assert_eq!(block.read(), 7, "a failed realloc leaves the block");
            LargeFromKernel.dealloc(block, layout);
        }
    }

    #[test]
    fn blocks_of_many_threads_never_share_an_octet() {
        std::thread::scope(|scope| {
            for mark in 1..=8_u8 {
                scope.spawn(move || {
                    let sizes = [64, LARGE - 1, LARGE, 3 * LARGE];
                    for round in 0..24 {
                        let from = Layout::from_size_align(sizes[round % 4], 16).expect("a layout");
                        let to = sizes[(round / 4 + 1) % 4];
                        // SAFETY: the block is used within its size and given back once, with the
                        // layout it has.
                        unsafe {
                            let block = LargeFromKernel.alloc(from);
                            block.write_bytes(mark, from.size());
                            let block = LargeFromKernel.realloc(block, from, to);
                            let kept = std::slice::from_raw_parts(block, from.size().min(to));
                            assert!(kept.iter().all(|octet| *octet == mark));
                            LargeFromKernel
                                .dealloc(block, Layout::from_size_align(to, 16).expect("a layout"));
                        }
                    }
                });
            }
        });
    }
}
