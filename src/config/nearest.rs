//! "Did you mean": the known word that a mistyped one comes closest to.

/// The candidate that `word` is most likely meant to be; `None` where nothing is near.
///
/// Near is at most one wrong, missing, added or swapped letter in three.
pub fn nearest<'c>(word: &str, candidates: impl Iterator<Item = &'c str>) -> Option<&'c str> {
    let limit = (word.chars().take(LONGEST_NAME).count() / 3).max(1);
    candidates
        .map(|candidate| (distance(word, candidate), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Edits between two words, a swap of neighbours being one (optimal string alignment), letter case
/// apart.
fn distance(from: &str, to: &str) -> usize {
    let from: Vec<char> = from.chars().take(LONGEST).flat_map(char::to_lowercase).collect();
    let to: Vec<char> = to.chars().take(LONGEST).flat_map(char::to_lowercase).collect();
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=to.len()).collect();
    for (row, letter) in from.iter().enumerate() {
        let mut line = vec![row + 1];
        for (column, other) in to.iter().enumerate() {
            let at =
                |line: &[usize], column: usize| line.get(column).copied().unwrap_or(usize::MAX - 1);
            let replaced = at(&above, column) + usize::from(letter != other);
            let mut best = replaced.min(at(&above, column + 1) + 1).min(at(&line, column) + 1);
            let swapped = row > 0
                && column > 0
                && from.get(row - 1) == Some(other)
                && to.get(column - 1) == Some(letter);
            if swapped {
                best = best.min(at(&before, column - 1) + 1);
            }
            line.push(best);
        }
        before = std::mem::replace(&mut above, line);
    }
    above.last().copied().unwrap_or(0)
}

/// Letters of a word that are looked at: a long one costs no more than this.
const LONGEST: usize = 80;

/// As long as a name of ours gets.
const LONGEST_NAME: usize = 30;

#[cfg(test)]
mod tests {
    use super::*;

    const WORDS: [&str; 4] = ["session.lifetime", "session.cookie_name", "listen", "public_url"];

    #[test]
    fn a_slip_of_the_finger_finds_the_word() {
        for (typed, meant) in [
            ("listne", "listen"),
            ("Listen", "listen"),
            ("public-url", "public_url"),
            ("publicurl", "public_url"),
            ("session.lifetme", "session.lifetime"),
            ("session.cookiename", "session.cookie_name"),
        ] {
            assert_eq!(nearest(typed, WORDS.into_iter()), Some(meant), "{typed}");
        }
    }

    #[test]
    fn a_foreign_word_finds_nothing() {
        for typed in ["", "x", "colour", "database.host", &"a".repeat(100_000)] {
            assert_eq!(nearest(typed, WORDS.into_iter()), None, "{typed:.20}");
        }
    }

    #[test]
    fn a_swap_of_neighbours_is_one_edit() {
        assert_eq!(distance("listen", "litsen"), 1);
        assert_eq!(distance("listen", "lisen"), 1);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("abc", ""), 3);
    }
}
