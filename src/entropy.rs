//! Random bytes from the operating system. The only file that asks for them.
//!
//! Whoever needs some is handed an [`Entropy`]; [`System`] is named where the process is put
//! together, and by tests.

/// A source of unpredictable bytes; tests pass a counting one.
pub trait Entropy {
    /// Fills `bytes` completely.
    fn fill(&mut self, bytes: &mut [u8]);

    /// `N` random bytes.
    fn bytes<const N: usize>(&mut self) -> [u8; N]
    where
        Self: Sized,
    {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }
}

impl Entropy for Box<dyn Entropy + Send> {
    fn fill(&mut self, bytes: &mut [u8]) {
        (**self).fill(bytes);
    }
}

/// The kernel's generator (`getrandom(2)`).
pub struct System;

impl Entropy for System {
    /// Ends the process if the kernel has no randomness to give: no seed or session may be made
    /// without it.
    fn fill(&mut self, bytes: &mut [u8]) {
        if let Err(error) = getrandom::fill(bytes) {
            log::error!("no random bytes from the system: {error}");
            std::process::abort();
        }
    }
}
