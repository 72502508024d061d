//! The code that opens the set-up page: made here, because a person without a screen reads it from
//! the card, and the card is read in another machine, between two starts. It stays the same until
//! somebody has enrolled.

use std::fmt;
use std::io;

use portcullis::entropy::Entropy;

use crate::durable::{self, Readers};
use crate::places::Places;

/// 80 random bits as 16 characters of base32 (RFC 4648).
#[derive(Clone, PartialEq, Eq)]
pub struct SetupCode(String);

const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

impl SetupCode {
    fn new(entropy: &mut impl Entropy) -> Self {
        let bits = entropy
            .bytes::<10>()
            .into_iter()
            .fold(0_u128, |bits, byte| bits << 8 | u128::from(byte));
        let letter =
            |at: u32| ALPHABET.get(usize::try_from(bits >> (75 - 5 * at) & 31).unwrap_or_default());
        Self((0..16).filter_map(letter).map(|byte| char::from(*byte)).collect())
    }

    fn read(text: &str) -> Option<Self> {
        let plain: String =
            text.chars().filter(|sign| !sign.is_whitespace() && *sign != '-').collect();
        let good = plain.len() == 16 && plain.bytes().all(|byte| ALPHABET.contains(&byte));
        good.then_some(Self(plain))
    }
}

impl fmt::Display for SetupCode {
    /// `ABCD-EFGH-IJKL-MNOP`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, letter) in self.0.chars().enumerate() {
            if at > 0 && at % 4 == 0 {
                f.write_str("-")?;
            }
            write!(f, "{letter}")?;
        }
        Ok(())
    }
}

/// The code that counts; `None` once somebody has enrolled.
///
/// # Errors
/// The folder of the appliance's state cannot be read.
pub fn present(places: &Places) -> io::Result<Option<SetupCode>> {
    if places.enrolled().exists() {
        return Ok(None);
    }
    let text = durable::read_at_most(&places.setup_code(), 1000)?.unwrap_or_default();
    Ok(SetupCode::read(&String::from_utf8_lossy(&text)))
}

/// Gives the gate its code, a new one where there is none; takes it back once somebody has
/// enrolled.
///
/// # Errors
/// A file cannot be written.
pub fn hand_over(places: &Places, entropy: &mut impl Entropy) -> io::Result<()> {
    if places.enrolled().exists() {
        return close(places);
    }
    let code = match present(places)? {
        Some(code) => code,
        None => {
            let code = SetupCode::new(entropy);
            durable::replace(&places.setup_code(), format!("{code}\n").as_bytes(), Readers::Owner)?;
            code
        }
    };
    let credential = places.credential();
    if let Some(folder) = credential.parent() {
        durable::make_folder(folder, Readers::Owner)?;
    }
    durable::replace(&credential, format!("{code}\n").as_bytes(), Readers::Owner)?;
    Ok(())
}

/// Somebody has enrolled: the code is worth nothing from now on, and no new one is made.
///
/// # Errors
/// A file cannot be written or removed.
pub fn close(places: &Places) -> io::Result<()> {
    durable::replace(&places.enrolled(), b"", Readers::Owner)?;
    durable::remove(&places.setup_code())?;
    durable::remove(&places.credential())
}

/// The next start makes a new code.
///
/// # Errors
/// A file cannot be removed.
pub fn reopen(places: &Places) -> io::Result<()> {
    durable::remove(&places.setup_code())?;
    durable::remove(&places.enrolled())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use portcullis::entropy::System;

    use super::*;
    use crate::testing::Appliance;

    struct Fixed(u8);

    impl Entropy for Fixed {
        fn fill(&mut self, bytes: &mut [u8]) {
            for byte in bytes {
                *byte = self.0;
                self.0 = self.0.wrapping_add(1);
            }
        }
    }

    fn appliance() -> Appliance {
        let appliance = Appliance::new();
        fs::create_dir_all(&appliance.places.state).unwrap();
        appliance
    }

    #[test]
    fn a_code_is_base32_of_ten_bytes_in_groups_of_four() {
        // printf '\0\1\2\3\4\5\6\7\10\11' | base32
        assert_eq!(SetupCode::new(&mut Fixed(0)).to_string(), "AAAQ-EAYE-AUDA-OCAJ");
        assert_eq!(SetupCode::new(&mut Fixed(246)).to_string(), "6337-R6P2-7P6P-37X7");
    }

    #[test]
    fn the_code_survives_a_restart_and_only_root_reads_it() {
        let appliance = appliance();
        let places = &appliance.places;
        hand_over(places, &mut System).unwrap();
        let first = fs::read_to_string(places.credential()).unwrap();
        hand_over(places, &mut System).unwrap();
        assert_eq!(fs::read_to_string(places.credential()).unwrap(), first);
        assert_eq!(first.trim().len(), 19);
        for path in [places.credential(), places.setup_code()] {
            assert_eq!(
                fs::metadata(&path).unwrap().permissions().mode() & 0o777,
                0o600,
                "{}",
                path.display()
            );
        }
    }

    #[test]
    fn after_the_enrolment_there_is_no_code_until_it_is_reopened() {
        let appliance = appliance();
        let places = &appliance.places;
        hand_over(places, &mut System).unwrap();
        let first = present(places).unwrap().unwrap();
        close(places).unwrap();
        hand_over(places, &mut System).unwrap();
        assert!(
            present(places).unwrap().is_none()
                && !places.credential().exists()
                && places.enrolled().exists()
        );
        reopen(places).unwrap();
        hand_over(places, &mut System).unwrap();
        assert!(present(places).unwrap().is_some_and(|code| code != first));
    }

    #[test]
    fn a_damaged_code_is_replaced() {
        let appliance = appliance();
        fs::write(appliance.places.setup_code(), "ABCD-EFG").unwrap();
        hand_over(&appliance.places, &mut System).unwrap();
        assert!(present(&appliance.places).unwrap().is_some());
    }
}
