//! How many lines of one kind are written: visitors cause them, and an SD card hates writes.

use crate::clock::Timestamp;

/// Lines of one kind that are written in one minute.
const A_MINUTE: u32 = 10;
/// Kinds that are distinguished; those beyond are not written. There are fewer in the program.
const KINDS: usize = 32;

/// Counts the lines of each kind. Allocates nothing.
#[derive(Default)]
pub struct Throttle {
    kinds: heapless::Vec<LineKind, KINDS>,
}

struct LineKind {
    name: &'static str,
    minute: u64,
    written: u32,
    left_out: u32,
}

impl Throttle {
    /// Whether one more line of the kind `name` is written at `now`: if so, how many were left out
    /// since the last one.
    pub fn admit(&mut self, name: &'static str, now: Timestamp) -> Option<u32> {
        let minute = now.unix() / 60;
        let Some(kind) = self.kinds.iter_mut().find(|kind| kind.name == name) else {
            let first = LineKind { name, minute, written: 1, left_out: 0 };
            return self.kinds.push(first).ok().map(|()| 0);
        };
        if kind.minute != minute {
            (kind.minute, kind.written) = (minute, 0);
        }
        if kind.written >= A_MINUTE {
            kind.left_out = kind.left_out.saturating_add(1);
            return None;
        }
        kind.written += 1;
        Some(std::mem::take(&mut kind.left_out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_flood_ten_lines_a_minute_are_written_and_the_rest_is_counted() {
        let mut throttle = Throttle::default();
        let (minute, next) = (Timestamp::from_unix(600), Timestamp::from_unix(660));
        let written = (0..1_000).filter(|_| throttle.admit("wiring", minute).is_some()).count();
        assert_eq!(written, 10);
        assert_eq!(throttle.admit("clock", minute), Some(0), "another kind is not concerned");
        assert_eq!(throttle.admit("wiring", next), Some(990));
        assert_eq!(throttle.admit("wiring", next), Some(0));
    }
}
