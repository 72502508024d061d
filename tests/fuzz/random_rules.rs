//! Random rules and random spellings of paths, held against the property of the target `rules`:
//! without the engine's sense for coverage, but by everybody who runs the tests.

use super::targets::rules::hold;
use crate::support::dice::Dice;

/// What paths are put together from: names that the rules know, and what servers undo.
const PIECES: [&str; 40] = [
    "a",
    "b",
    "A",
    "admin",
    "ADMIN",
    "public",
    "s",
    "x.jpg",
    "f%C3%BCr",
    "f%c3%9cR",
    "a%20b",
    "/",
    "/",
    "/",
    "/",
    "//",
    "/./",
    "/../",
    "/..",
    "..",
    ".",
    "%2f",
    "%2F",
    "%5c",
    "\\",
    ";",
    ";x=1",
    "?",
    "#",
    "%3f",
    "%23",
    "%00",
    "%61",
    "%2561",
    "%25",
    "%2e",
    "%c0%af",
    "%c1%a1",
    "%e0%80%ae",
    "\u{fc}",
];

#[test]
fn random_rules_say_of_random_paths_what_a_slow_reference_says() {
    let mut dice = Dice::new(11);
    let octet = |dice: &mut Dice| u8::try_from(dice.below(256)).expect("an octet");
    for _ in 0..2_500 {
        let mut input: Vec<u8> = (0..64).map(|_| octet(&mut dice)).collect();
        // Most paths are short: the longer one is, the more ways of reading it there are.
        for _ in 0..dice.below(2) + dice.below(5) + dice.below(4) {
            let piece = usize::try_from(dice.below(PIECES.len() as u64)).expect("a piece");
            input.extend_from_slice(PIECES[piece].as_bytes());
        }
        hold(&input);
    }
}
