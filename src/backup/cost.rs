//! What the way from a passphrase to its key costs: what ours pay, and what a file may ask for.

/// What stretching a passphrase costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cost {
    pub(super) memory_kib: u32,
    pub(super) passes: u8,
    pub(super) lanes: u8,
}

impl Cost {
    /// The second recommendation of RFC 9106 section 4, with one lane for its four: a board of 512
    /// MB has to bear it beside everything else, and nothing here computes lanes side by side.
    pub(super) const USUAL: Self = Self { memory_kib: 64 * 1024, passes: 3, lanes: 1 };

    /// The most that a file may ask for: a later release may double what this one takes. On a small
    /// board it is half a minute, on no machine is it a flood.
    const MOST: Self = Self { memory_kib: 128 * 1024, passes: 8, lanes: 4 };

    /// Whether a file may ask for it.
    pub(super) fn is_bearable(self) -> bool {
        let Self { memory_kib, passes, lanes } = Self::MOST;
        (1..=lanes).contains(&self.lanes)
            && (1..=passes).contains(&self.passes)
            && (8 * u32::from(self.lanes)..=memory_kib).contains(&self.memory_kib)
    }
}
