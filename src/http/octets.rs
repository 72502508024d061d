//! Sets of octets, for texts that may hold some and no others: a look into a table for each.

/// A set of octets.
pub(crate) struct Octets([bool; 256]);

impl Octets {
    /// Letters, digits and these.
    #[allow(
        clippy::indexing_slicing,
        clippy::as_conversions,
        reason = "made by the compiler, which checks the places"
    )]
    pub(crate) const fn letters_digits_and(others: &[u8]) -> Self {
        let mut holds = [false; 256];
        let mut octet = 0;
        while octet < 128 {
            holds[octet] = (octet as u8).is_ascii_alphanumeric();
            octet += 1;
        }
        let mut place = 0;
        while place < others.len() {
            holds[others[place] as usize] = true;
            place += 1;
        }
        Self(holds)
    }

    /// Is it one of them?
    #[allow(
        clippy::indexing_slicing,
        clippy::as_conversions,
        reason = "an octet is always less than 256"
    )]
    pub(crate) const fn has(&self, octet: u8) -> bool {
        let Self(holds) = self;
        holds[octet as usize]
    }

    /// How many of them stand at the front.
    pub(crate) fn count_in_front(&self, text: &[u8]) -> usize {
        text.iter().position(|octet| !self.has(*octet)).unwrap_or(text.len())
    }
}
